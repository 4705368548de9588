"""What a notebook shows, and what may be given from one."""

import pickle
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import kenpin
from conftest import SIZE, good_pictures, write_test_set
from kenpin.drawn.terminals import draw_terminals
from kenpin.recipe import PcaSettings
from kenpin.sources.picture import write_png
from kenpin.text import speak

NG = draw_terminals(900, "missing", size=SIZE).pixels


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def pictures_in(html):
    return [attrs["src"] for tag, attrs in Tags(html).seen if tag == "img"]


@pytest.fixture(scope="module")
def inspector():
    recipe = kenpin.Recipe(model="pca", pca=PcaSettings(components=8))
    return kenpin.Inspector(kenpin.learn(good_pictures(30), recipe))


def test_a_verdict_shows_itself_in_one_line_and_in_three_pictures(inspector):
    verdict = inspector.inspect(NG)
    assert "\n" not in repr(verdict)
    assert repr(verdict).startswith("<Verdict NG") and f"{verdict.score:.4g}" in repr(verdict)
    html = verdict._repr_html_()
    (picture,) = pictures_in(html)
    assert picture.startswith("data:image/png;base64,")
    assert "NG" in html and "http" not in html


def test_the_picture_of_a_verdict_is_that_of_its_file(inspector, tmp_path):
    write_png(tmp_path / "<b>.png", NG)
    from_file = inspector.inspect(tmp_path / "<b>.png")._repr_html_()
    assert "&lt;b&gt;.png" in from_file and "<b>.png" not in from_file
    verdict = inspector.inspect(tmp_path / "<b>.png")
    (tmp_path / "<b>.png").write_bytes(b"something else by now")
    assert len(pictures_in(verdict._repr_html_())) == 1
    (tmp_path / "<b>.png").unlink()
    assert len(pictures_in(verdict._repr_html_())) == 1
    assert len(pictures_in(inspector.inspect(NG)._repr_html_())) == 1


def test_a_colour_part_is_shown_too():
    colour = [np.stack([p, p // 2, p // 3], -1) for p in good_pictures(20)]
    recipe = kenpin.Recipe(model="pca", pca=PcaSettings(components=4))
    inspector = kenpin.Inspector(kenpin.learn(colour, recipe))
    assert pictures_in(inspector.inspect(colour[0])._repr_html_())


def test_a_part_and_an_evaluation_show_themselves(inspector, tmp_path):
    bundle = inspector.bundle
    assert repr(bundle) == (
        f"<Bundle unsaved: pca learned from 30 good pictures, limit {bundle.calibration.limit:.4g}>"
    )
    assert len(pictures_in(bundle._repr_html_())) == len(bundle.previews)
    write_test_set(tmp_path / "set", "missing", good=4, ng=4, first=810)
    found = kenpin.evaluate(inspector, tmp_path / "set")
    assert "\n" not in repr(found) and "8 pictures" in repr(found)
    assert f"escapes {found.escape.errors} of 4" in repr(found)
    html = found._repr_html_()
    assert "escape: 0" in html and f"{found.auroc:.4f}" in html


def test_what_is_shown_is_in_the_language_spoken(inspector):
    verdict = inspector.inspect(NG)
    try:
        speak("ja")
        assert "スコア" in verdict._repr_html_() and "良品画像" in inspector.bundle._repr_html_()
        assert repr(verdict).isascii()
    finally:
        speak(None)


class Tensor:
    """Something that is no array, but makes one."""

    def __init__(self, pixels):
        self.pixels = pixels

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.pixels, dtype)


def test_the_same_picture_gets_the_same_verdict_however_it_is_given(inspector, tmp_path):
    write_png(tmp_path / "p.png", NG)
    given = [NG, tmp_path / "p.png", str(tmp_path / "p.png"), Tensor(NG), Image.fromarray(NG),
             Image.open(tmp_path / "p.png"), kenpin.read_picture(NG)]  # fmt: skip
    verdicts = [inspector.inspect(one) for one in given]
    assert {(v.outcome, v.score, v.regions) for v in verdicts} == {
        (verdicts[0].outcome, verdicts[0].score, verdicts[0].regions)
    }


def test_pictures_of_pil_are_learned_from_and_their_colour_is_red_first():
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    np.testing.assert_array_equal(kenpin.read_picture(Image.fromarray(red)).pixels, red)
    recipe = kenpin.Recipe(model="pca", pca=PcaSettings(components=4))
    bundle = kenpin.learn([Image.fromarray(p) for p in good_pictures(12)], recipe)
    assert len(bundle.provenance.pictures) == 12


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda i: i.inspect(3), "int"),
        (lambda i: i.inspect(None), "NoneType"),
        (lambda i: i.inspect({"a": 1}), "dict"),
        (lambda i: kenpin.Inspector("part.kenpin"), "str"),
        (lambda i: kenpin.Inspector.open(7), "int"),
        (lambda i: kenpin.evaluate("part.kenpin", "set"), "str"),
        (lambda i: kenpin.evaluate(i.bundle, "set"), "Bundle"),
        (lambda i: kenpin.learn(7), "int"),
        (lambda i: kenpin.learn([1, 2]), "int"),
        (lambda i: kenpin.learn("good", {"model": "pca"}), "dict"),
        (lambda i: list(i.inspect_many("one.png")), "one.png"),
        (lambda i: kenpin.write_report("out", i, 3), "int"),
        (lambda i: kenpin.write_report("out", "part.kenpin"), "str"),
    ],
)
def test_a_wrong_type_is_refused_with_a_sentence_that_says_which(inspector, call, sentence):
    with pytest.raises(kenpin.KenpinError) as refused:
        call(inspector)
    text = str(refused.value)
    assert sentence in text and "\n" not in text and len(text) > 20


def test_an_inspector_can_be_sent_to_another_process(inspector):
    again = pickle.loads(pickle.dumps(inspector))
    assert again.inspect(NG) == inspector.inspect(NG)
    with_review = kenpin.Inspector(inspector.bundle, review=0.3)
    again = pickle.loads(pickle.dumps(with_review))
    assert again.calibration.review_limit == with_review.calibration.review_limit
    assert again.calibration.review_limit < again.calibration.limit
    assert pickle.loads(pickle.dumps(inspector.bundle)).to_bytes() == inspector.bundle.to_bytes()


def test_kenpin_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "kenpin", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"kenpin {kenpin.__version__}"
    done = subprocess.run(
        [sys.executable, "-m", "kenpin", "learn", "--help", "--lang", "ja"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "使い方: python -m kenpin learn" in done.stdout
