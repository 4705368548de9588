"""A run in Japanese: no English is left in the terminal, the help, the pages and the errors."""

import re
from html.parser import HTMLParser

import pytest
import typer
from typer.testing import CliRunner

from conftest import SIZE, good_pictures, write_pictures, write_test_set
from kenpin.cli import load_commands
from kenpin.drawn.terminals import draw_terminals
from kenpin.sources import write_png

# Names and signs that are the same in both languages: verdicts, measures, products, file formats.
NAMES = set(re.findall(r"\w+", """
    OK NG UNUSABLE WRONG PART REVIEW AUROC AUPRO MSE SVM EWMA CUSUM GRR ndc kappa SHA ceil sqrt
    CSV JSON TOML PNG HTML idx zip ONNX Excel SQLite MNIST MVTec Noto Sans CJK NotoSansCJK Regular
    kenpin Python numpy opencv python headless onnxruntime pillow Runtime Keras timm OpenVINO
    Clopper Pearson Vovk Cohen Cortes Fleiss Page Roberts Ville Ledoit Wolf Bergmann IPAexGothic
    ipaexg ttc ttf otf"""))  # fmt: skip
SETTINGS = set(re.findall(r"[A-Za-z]+", """
    kind part harness
    model size color crop windows ignore mask align light difference score smoothing false reject
    review held out folds split share budget seed compression steps feature components backbone
    smallest defect both eyes pca mt rt dense ae vae cvae none kfold limit rank tail top max mean
    units ssim level
    shading shapes terminals translation rotation scale learn show drawn preview variation weights
    previews safetensors inspect master add grey rgb auto"""))  # fmt: skip


def english_in(text, *given):
    """The English words of a text, without options, file names, and what the user gave."""
    for one in given:
        text = text.replace(str(one), "")
    text = re.sub(r"--[a-z-]+|-[a-zA-Z]\b", " ", text)
    text = re.sub(r"[\w./-]*\.(png|jpg|csv|xlsx|kenpin|html|toml|sqlite|md|bak)\b", " ", text)
    text = re.sub(r"\b[A-Z]{2,}(\|[A-Z]+)*\b", lambda m: m[0] if m[0] in NAMES else " ", text)
    text = re.sub(r"\b[a-f]*[0-9][0-9a-f]*\b", " ", text)
    words = re.findall(r"[A-Za-z]{3,}", text)
    return sorted({word for word in words if word not in NAMES | SETTINGS})


class Visible(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.parts, self.hidden = [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.hidden += tag == "style"
        self.parts += [value for name, value in attrs if name in ("alt", "title") and value]

    def handle_endtag(self, tag):
        self.hidden -= tag == "style"

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("場所")
    write_pictures(place / "良品", good_pictures(30))
    write_pictures(place / "新規", good_pictures(24, first=800))
    write_png(place / "新規" / "欠け.png", draw_terminals(900, "missing", size=SIZE).pixels)
    write_test_set(place / "評価", "missing", good=4, ng=4, first=810)
    (place / "評価" / "test" / "missing").rename(place / "評価" / "test" / "欠け")
    for piece in range(6):
        write_pictures(place / "撮影" / f"{piece}", good_pictures(2, first=850 + 2 * piece))
    for n, pixels in enumerate(good_pictures(2, first=870)):
        (place / "見本" / "合").mkdir(parents=True, exist_ok=True)
        write_png(place / "見本" / "合" / f"良{n}.png", pixels)
    missing = [draw_terminals(700 + n, "missing", size=SIZE).pixels for n in range(6)]
    write_pictures(place / "見本" / "否", missing)
    for name, terminals in (("甲", 4), ("乙", 6)):
        drawn = [draw_terminals(n, size=SIZE, terminals=terminals).pixels for n in range(12)]
        write_pictures(place / "品番" / name, drawn)
    return place


RUNS = """
check 良品
check 良品 --explain
learn 良品 --model pca -o a.kenpin
learn 良品 --model pca --review 0.3 -o r.kenpin
learn 品番 --labels folders --model pca -o l.kenpin
learn 良品 --ng 見本/否 --model pca -o n.kenpin
learn --add 新規 a.kenpin -o b.kenpin
show a.kenpin
show r.kenpin
show l.kenpin
show a.kenpin --report 頁
inspect a.kenpin 新規
inspect a.kenpin 新規 --only ng --explain --pictures 絵 --csv 表.csv --record 記録 --who 佐藤
inspect r.kenpin 新規 --explain
inspect l.kenpin 新規 --expect 甲 --explain
evaluate a.kenpin 評価 --explain --report 頁 --force --costs 1,50
evaluate r.kenpin 評価 --explain
repeat a.kenpin 撮影 --explain --report 頁
master add a.kenpin --ok 見本/合 --ng 見本/否
master check a.kenpin --explain
drift a.kenpin --record 記録 --explain --report 頁
history --record 記録
report day --record 記録 --output 日報
record keep --record 記録 --days 400
review sets --record 記録
window 良品/000.png
bench a.kenpin 新規
draw a.kenpin -n 4
plan 良品 --repeats 1 --model pca --explain --report 頁
""".strip().splitlines()


@pytest.fixture(scope="module")
def runs(place):
    """What each command says, in the order in which they build upon each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        return {
            run: CliRunner().invoke(load_commands(), [*run.split(), "--lang", "ja"]) for run in RUNS
        }


@pytest.mark.parametrize("run", RUNS)
def test_the_terminal_speaks_japanese(run, runs):
    result = runs[run]
    assert result.exit_code in (0, 1), result.output
    assert english_in(result.output) == []


def test_the_pages_speak_japanese(runs, place):
    pages = sorted((place / "頁").glob("*.html"))
    assert len(pages) == 4
    for page in pages:
        html = page.read_text("utf-8")
        assert '<html lang="ja">' in html
        assert english_in(" ".join(Visible(html).parts)) == [], page.name


def commands(command, path=()):
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


@pytest.mark.parametrize("path", [*commands(typer.main.get_command(load_commands()))], ids=" ".join)
def test_the_help_speaks_japanese(path):
    said = (
        CliRunner()
        .invoke(load_commands(), [*path, "--help", "--lang", "ja"], prog_name="kenpin")
        .output
    )
    assert said.startswith("使い方: kenpin") and "この説明を表示して終わる" in said
    for word in ("Usage", "Options:", "Arguments:", "Commands:", "default:", "required", "Show"):
        assert word not in said  # what the library says itself; what kenpin says is in its tables


@pytest.mark.parametrize("wrong", [
    "learn 無い -o a.kenpin", "learn 良品", "inspect 無い.kenpin 新規", "inspect a.kenpin 無い",
    "learn 良品 --model なし -o x.kenpin", "learn 良品 --false-reject 二 -o x.kenpin", "無い",
    "learn 良品 --false-reject 2 -o x.kenpin", "inspect", "evaluate a.kenpin 良品 --costs 1",
    "inspect a.kenpin 新規 --なし", "inspect 表.csv 新規",
    "learn 良品 --recipe 無い.toml -o x.kenpin", "master check b.kenpin", "repeat a.kenpin 新規",
    "drift a.kenpin --since 昨日",
])  # fmt: skip
def test_errors_are_one_japanese_sentence(wrong, runs, place, monkeypatch):
    monkeypatch.chdir(place)
    result = CliRunner().invoke(load_commands(), [*wrong.split(), "--lang", "ja"])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1 and re.search(r"[ぁ-ん]", result.stderr), result.stderr
    assert english_in(result.stderr, "OUT", "PART", "COMMAND") == []
