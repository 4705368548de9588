"""What is wrong with a harness, at the pages: in words, with what was measured beside good ones."""

import re

import pytest

from kenpin.drawn import draw_harness
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.recipe import Recipe
from kenpin.record import Keep, Record
from kenpin.sources import write_png
from kenpin.station.screen import _words
from kenpin.types import Picture

pytest_plugins = ["browsers"]


def drawn(seed, kind="good"):
    return draw_harness(seed, kind, board="green", branches=3, design=4).pixels


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("harness") / "harness.kenpin"
    recipe = Recipe(kind="harness", false_reject=0.05, model="feature")
    learn([drawn(seed) for seed in range(24)], recipe, search=False).save(path)
    return path


@pytest.fixture(scope="module")
def verdict(file):
    return Inspector.open(file).inspect(Picture(drawn(901, "branch_missing"), "b.png"))


def test_the_live_page_is_told_in_both_languages(verdict):
    told = _words(verdict)
    assert told["en"][0] == "branch B is missing" and "がない" in told["ja"][0]
    assert len(told["en"]) == len(told["ja"]) <= 3
    assert _words(None) == {"en": [], "ja": []}


def test_a_parts_page_says_what_is_wrong_and_shows_what_was_measured(
    file, verdict, plant, visitors, tmp_path
):
    path = tmp_path / "b.png"
    write_png(path, drawn(901, "branch_missing"))
    with Record(plant[0], "harness line", keep=Keep("all")) as record:
        identity = record.write(verdict, record.release(file, "harness").id, source=path)
    browser = visitors("reviewer")
    for page in ("part", "review"):
        assert "branch B is missing" in browser.get(f"/{page}/{identity}").text
    table = browser.get(f"/part/{identity}").text
    rows = dict(
        re.findall(r"<tr[^>]*><td>([A-C.a-z_0-9]+)</td><td class=\"n\">([^<]*)</td>", table)
    )
    usual = Inspector.open(file).usual_sizes
    assert list(rows) == [one.name for one in usual]
    assert rows["B.length"] == "–" and float(rows["B.missing"]) == 1
    assert float(rows["C.length"]) == pytest.approx(verdict.measured["C.length"], rel=1e-3)
    assert "{&#39;" not in table and "{'" not in table  # no raw dictionary
