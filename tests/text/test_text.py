"""Every sentence exists in both languages, fits where it is said, and is said somewhere."""

import ast
import json
import re
from pathlib import Path
from string import Formatter

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import kenpin
from kenpin.cli import load_commands
from kenpin.text import LANGUAGES, Notice, exists, language, say, speak
from kenpin.text.numbers import one_in, percent

SOURCE = Path(__file__).parents[2] / "src" / "kenpin"
TABLES = sorted((SOURCE / "text").glob("*.json"))
ROWS = [(path.stem, code, pair) for path in TABLES
        for code, pair in json.loads(path.read_text("utf-8")).items()]  # fmt: skip
SENTENCES = {code: pair for _, code, pair in ROWS}
SAYING = ("say", "say_in", "say_drawn", "Notice", "words")
# Without a word to translate: names, symbols and figures only.
SAME = re.compile(
    r"(\{[^}]*\}|[\W\d_]|AUROC|MSE|OK|EWMA|CUSUM|GRR|ndc|EV|PV|p|MB|REVIEW|κ|shapes|terminals|mnist)*"
)
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def gaps(sentence):
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def calls():
    """(file, line, code or its beginning, values or None where some are not written there)."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            kenpins = name in SAYING or (
                name.endswith("Error") and hasattr(kenpin, name) and isinstance(node.func, ast.Name)
            )
            if not kenpins:
                continue
            code = node.args[1 if name == "say_in" else 0]
            values = {keyword.arg for keyword in node.keywords}
            yield path, node.lineno, code, None if None in values else values


def literals(code):
    """The codes that an expression may be, each with whether it is whole."""
    if isinstance(code, ast.Constant) and isinstance(code.value, str):
        yield code.value, True
    elif isinstance(code, ast.JoinedStr):
        first = code.values[0]
        yield (first.value if isinstance(first, ast.Constant) else ""), False
    elif isinstance(code, ast.IfExp):
        yield from literals(code.body)
        yield from literals(code.orelse)
    elif isinstance(code, ast.BinOp):
        for said, _ in literals(code.left):
            yield said, False


def test_every_code_that_is_said_has_its_sentence_and_the_gaps_fit():
    checked = 0
    for path, line, code, values in calls():
        for said, whole in literals(code):
            where = f"{path.name}:{line}"
            if not whole:
                assert any(known.startswith(said) for known in SENTENCES), (where, said)
                continue
            assert said in SENTENCES, (where, said)
            if values is not None:
                assert gaps(SENTENCES[said][0]) <= values, (where, said)
            checked += 1
    assert checked > 300


def test_every_template_says_sentences_that_exist():
    for path in SOURCE.rglob("*.j2"):
        text = path.read_text("utf-8")
        for code, rest in re.findall(r"say\('(\w+)'((?:[^()]|\([^()]*\))*)\)", text):
            known = [own for own in SENTENCES if own == code or "~" in rest[:4]]
            assert known, (path.name, code)
            if "~" not in rest[:4]:
                assert gaps(SENTENCES[code][0]) == set(re.findall(r"(\w+)=", rest)), (path, code)


def test_no_sentence_is_left_that_nobody_says():
    code = "\n".join(path.read_text("utf-8") for path in SOURCE.rglob("*") if path.is_file()
                     and path.suffix in (".py", ".j2"))  # fmt: skip
    begun = {said for _, _, node, _ in calls() for said, whole in literals(node) if not whole}
    begun |= {"help_", "defect_", "how_", "gallery_", "speed_", "setting_"}
    for said in SENTENCES:
        assert f'"{said}"' in code or f"'{said}'" in code or said.startswith(tuple(begun)), said


@pytest.mark.parametrize(("table", "code", "pair"), ROWS, ids=lambda value: str(value)[:40])
def test_each_sentence_has_the_same_gaps_in_both_languages(table, code, pair):
    english, japanese = pair
    assert gaps(english) == gaps(japanese)
    assert english.isprintable() and not JAPANESE.search(english.replace("検品", "")
        .replace("過検出", "").replace("見逃し", "").replace("限度見本", ""))  # fmt: skip
    assert JAPANESE.search(japanese) or SAME.fullmatch(japanese), japanese


def test_no_code_has_two_sentences():
    assert len(SENTENCES) == len(ROWS)


def test_every_command_and_every_option_is_explained():
    def walk(command, name):
        assert exists(f"help_{name or 'kenpin'}"), name
        for option in command.params:
            own = f"help_{name}_{option.name}"
            assert exists(own) or exists(f"help_option_{option.name}"), own
        for inner, child in getattr(command, "commands", {}).items():
            walk(child, f"{name}_{inner}".strip("_"))

    walk(typer.main.get_command(load_commands()), "")


def test_the_language_is_told_or_that_of_the_environment(monkeypatch):
    for name in ("KENPIN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert language() in LANGUAGES
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    assert language() == "ja"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert language() == "en"
    monkeypatch.setenv("KENPIN_LANG", "ja")
    assert language() == "ja"
    try:
        speak("en")
        assert language() == "en"
    finally:
        speak(None)
    with pytest.raises(ValueError, match="fr"):
        speak("fr")


def test_numbers_in_sentences():
    shares = (0.05, 0.0123, 0.001, 1)
    assert [percent(share) for share in shares] == ["5 %", "1.2 %", "0.1 %", "100 %"]
    assert one_in(1 / 101) == "101"
    said = say("promise_review", promised=1 / 101)
    assert said == "At most 1 good part in 101 (0.99 %) is not OK at once, but REVIEW or NG."


def test_a_notice_is_data_and_a_sentence():
    inner = Notice("duplicate", other="a.png")
    outer = Notice("left_out_duplicate", count=2, name="b.png", reason=inner)
    kept = outer.to_dict()
    assert kept["reason"] == {"code": "duplicate", "other": "a.png"}
    assert Notice.of(json.loads(json.dumps(kept))) == outer and hash(Notice.of(kept)) == hash(outer)
    assert str(outer) == "2 repeat another picture, the first is b.png: same pixels as a.png."
    try:
        speak("ja")
        assert str(outer) == "2 枚は別の画像と同じです (最初: b.png、a.png と同じ画素)。"
    finally:
        speak(None)


def test_a_notice_can_be_kept_and_read_again_whatever_is_in_it():
    inner = Notice("reason_dark")
    notice = Notice("added", count=np.int64(3), old=[inner, 2], share=np.float32(0.5))
    kept = json.loads(json.dumps(notice.to_dict()))
    assert kept == {"code": "added", "count": 3, "old": [{"code": "reason_dark"}, 2], "share": 0.5}
    assert Notice.of(kept) == notice and Notice.of(kept).values["old"][0] == inner


def test_a_command_leaves_the_language_as_it_was():
    before = speak("ja")
    try:
        CliRunner().invoke(load_commands(), ["--help", "--lang", "en"])
        assert language() == "ja"
    finally:
        speak(before)
