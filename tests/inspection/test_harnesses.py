"""Wire harnesses from pictures to verdicts: sizes and strips under one limit, in words."""

import csv
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from kenpin.assurance import repeat
from kenpin.cli import load_commands
from kenpin.drawn import draw_harness
from kenpin.errors import BundleError, DatasetError, ExportError, ExtraError, RecipeError
from kenpin.exports import export
from kenpin.inspection import Inspector
from kenpin.learning import add, learn
from kenpin.part import Bundle
from kenpin.recipe import Recipe
from kenpin.report import repeat_page, triple
from kenpin.scale import Here, judge_archive
from kenpin.sources import write_png
from kenpin.text import speaking
from kenpin.types import Outcome, Picture, ReasonCode

BOARD = (133, 168, 143)


def drawn(seed, kind="good", **how):
    return draw_harness(seed, kind, **{"board": "green", "branches": 3, "design": 4} | how)


LINES = drawn(0).lines
ENDS = {name: tuple(int(v) for v in LINES[name][-1]) for name in "ABC"}
ENDS["trunk"] = tuple(int(v) for v in LINES["trunk"][0])
RECIPE = Recipe(kind="harness", false_reject=0.05, scale={"pixels": 1280, "mm": 420}, ends=ENDS)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("harness") / "harness.kenpin"
    good = [drawn(seed).pixels for seed in range(24)]
    learn(good, RECIPE, search=False).save(path)
    return path


@pytest.fixture(scope="module")
def inspector(file):
    return Inspector.open(file)


def codes(verdict):
    return {note.code for note in verdict.notes}


def test_good_ones_are_ok_however_they_lie(inspector):
    verdicts = [inspector.inspect(drawn(seed).pixels) for seed in range(500, 520)]
    assert sum(one.outcome is Outcome.OK for one in verdicts) >= 17
    for verdict in verdicts:
        assert len(verdict.sizes) == len(inspector.usual_sizes)
        if verdict.outcome is Outcome.OK:
            assert not verdict.regions and not codes(verdict)


@pytest.mark.parametrize("kind", [
    "branch_missing", "branch_added", "branch_moved", "tape_missing", "connector_missing",
    "connector_wrong", "crushed", "foreign",
])  # fmt: skip
def test_gross_defects_are_found_and_told(inspector, kind):
    for seed in range(600, 604):
        picture = drawn(seed, kind)
        verdict = inspector.inspect(picture.pixels)
        assert verdict.outcome is not Outcome.OK, (kind, seed)
        if verdict.outcome is not Outcome.UNUSABLE:
            assert verdict.regions and codes(verdict)
            assert verdict.score > verdict.limit and verdict.p_value < 0.1


def test_a_missing_and_an_additional_branch_have_their_words(inspector):
    found = [codes(inspector.inspect(drawn(seed, "branch_missing").pixels)) for seed in range(8)]
    assert any("finding_missing" in one for one in found)
    found = [inspector.inspect(drawn(seed, "branch_added").pixels) for seed in range(6)]
    followed = [codes(one) for one in found if one.outcome is not Outcome.UNUSABLE]
    assert len(followed) >= 4 and all("finding_extra" in one for one in followed)


def test_a_length_is_told_in_millimetres_with_what_good_ones_have(inspector):
    told = 0
    for seed in range(620, 630):
        good, short = drawn(seed), drawn(seed, "too_short", amount=0.15)
        name = next(n for n in "ABC" if good.lengths[n] != short.lengths[n])
        verdict = inspector.inspect(short.pixels)
        assert verdict.outcome is Outcome.NG
        by = good.lengths[name] - short.lengths[name]
        for note in verdict.notes:
            own = note.code.endswith("_short") and str(note.values["line"]) == f"branch {name}"
            if own and note.values["by"] == pytest.approx(by, abs=3):
                assert note.values["unit"] == "mm"
                told += 1
                with speaking("ja"):
                    assert "短い" in str(note)
    assert told >= 8


@pytest.mark.parametrize(("kind", "code", "least"), [
    ("tape_missing", "finding_band_missing", 6), ("tape_moved", "finding_band_at", 6),
    ("clip_missing", "finding_band_", 6), ("connector_turned", "finding_turned", 5),
    ("wires_swapped", "finding_order", 5),
])  # fmt: skip
def test_tapes_clips_connectors_and_wires_have_their_words(inspector, kind, code, least):
    verdicts = [inspector.inspect(drawn(seed, kind).pixels) for seed in range(630, 638)]
    told = [any(one.startswith(code) for one in codes(verdict)) for verdict in verdicts]
    assert sum(told) >= least, [codes(verdict) for verdict in verdicts]


def test_what_another_finding_explains_is_not_told(inspector):
    """A tape is measured from the end of its branch, which a wrong length moves."""
    for seed in range(620, 630):
        verdict = inspector.inspect(drawn(seed, "too_long", amount=0.15).pixels)
        long = [n.values["line"] for n in verdict.notes if n.code == "finding_length_long"]
        moved = [n.values["line"] for n in verdict.notes if n.code == "finding_band_at"]
        assert long and not set(map(str, moved)) & set(map(str, long))


def test_without_a_scale_sizes_are_pixels(inspector):
    plain = inspector.bundle.recipe.but(scale=None)
    bundle = Bundle(**vars(inspector.bundle) | {"recipe": plain})
    picture = drawn(640).pixels
    own, in_mm = Inspector(bundle).inspect(picture), inspector.inspect(picture)
    for pixels, mm in zip(own.sizes, in_mm.sizes, strict=True):
        if mm.unit:
            assert (pixels.unit, mm.unit) == ("px", "mm")
            assert mm.value == pytest.approx(pixels.value * 420 / 1280)
            assert mm.low <= mm.high


def test_the_connector_of_another_branch_is_a_wrong_part(inspector):
    outcomes = [inspector.inspect(drawn(n, "connector_wrong").pixels) for n in range(650, 660)]
    assert any(verdict.outcome is Outcome.WRONG_PART for verdict in outcomes)
    for verdict in outcomes:
        assert verdict.outcome in (Outcome.NG, Outcome.WRONG_PART)
        wrong = "finding_other_end" in codes(verdict)
        assert (verdict.outcome is Outcome.WRONG_PART) == wrong


def test_what_cannot_be_followed_is_unusable_never_ok(inspector):
    board = np.full((960, 1280, 3), BOARD, np.uint8)
    cases = [(board, ReasonCode.NO_HARNESS),
             (np.ascontiguousarray(drawn(670).pixels[:, 600:]), ReasonCode.CUT_OFF)]  # fmt: skip
    for pixels, reason in cases:
        verdict = inspector.inspect(pixels)
        assert verdict.outcome is Outcome.UNUSABLE and verdict.reason.code is reason
        assert verdict.regions == () and str(verdict.reason)


def test_another_harness_is_never_ok(inspector):
    for seed in range(680, 686):
        other = drawn(seed, branches=5, design=1).pixels
        assert inspector.inspect(other).outcome is not Outcome.OK


def test_the_verdict_is_data(inspector):
    verdict = inspector.inspect(drawn(690, "branch_added").pixels)
    told = json.loads(json.dumps(verdict.to_dict()))
    assert {one["kind"] for one in told["sizes"]} >= {
        "at",
        "length",
        "thick",
        "extra",
        "turned",
        "band_at",
    }
    (extra,) = [one for one in told["sizes"] if one["kind"] == "extra"]
    assert extra["value"] == 1 and extra["outcome"] == "NG" and extra["high"] == 0


def test_saved_and_opened_it_judges_the_same(inspector, file):
    again = Inspector(Bundle.from_bytes(file.read_bytes()))
    picture = drawn(700, "tape_missing").pixels
    one, other = inspector.inspect(picture), again.inspect(picture)
    assert (one.score, one.sizes, one.regions) == (other.score, other.sizes, other.regions)
    assert inspector.bundle.to_bytes() == file.read_bytes()


def test_people_see_lines_and_strips(inspector):
    picture = Picture(drawn(710, "crushed").pixels, "x.png")
    verdict = inspector.inspect(picture)
    assert set(verdict.evidence.lines) == {"trunk", "A", "B", "C"}
    shown = triple(picture, verdict)
    (sheet,) = verdict.evidence.prepared
    assert shown.shape[0] > 480 and sheet.shape[:2] == inspector.bundle.preparation.harness.size


@pytest.mark.parametrize("settings", [
    {"crop": (0, 0, 99, 99)}, {"align": "rotation"}, {"light": "level"},
    {"windows": {"a": (0, 0, 50, 50)}}, {"feature": {"smallest_defect": 12}},
])  # fmt: skip
def test_what_means_places_of_a_picture_does_not_go_with_it(settings):
    with pytest.raises(RecipeError, match="never lies twice"):
        learn([drawn(1).pixels] * 12, Recipe(kind="harness", **settings))


def test_other_settings_that_do_not_go_with_it(inspector, tmp_path):
    good = [drawn(seed).pixels for seed in range(2)]
    with pytest.raises(RecipeError, match="labels"):
        learn(good, RECIPE, labels=["a", "b"])
    with pytest.raises(RecipeError, match="'ae'"):
        learn(good, recipe_of("ae"))
    with pytest.raises(RecipeError, match="kind"):
        learn(good, Recipe(scale={"pixels": 10, "mm": 1}))
    with pytest.raises(BundleError, match="learn it anew"):
        add(inspector.bundle, good)
    with pytest.raises(ExportError, match="no graph"):
        export(inspector.bundle, tmp_path / "x")


def recipe_of(model):
    return Recipe(kind="harness", model=model)


def test_pictures_without_a_harness_are_refused_in_one_sentence():
    board = [np.full((480, 640, 3), (*BOARD[:2], n), np.uint8) for n in range(100, 112)]
    with pytest.raises(DatasetError, match="even board"):
        learn(board, RECIPE)


def test_good_pictures_that_cannot_be_followed_are_left_out_with_the_reason():
    good = [drawn(seed).pixels for seed in range(12)]
    cut = np.ascontiguousarray(drawn(20).pixels[:, 600:])
    bundle = learn([*good, cut], RECIPE.but(false_reject=0.1, model="pca"), search=False)
    ((_, reason),) = bundle.provenance.left_out
    assert reason.code == "reason_cut_off" and len(bundle.provenance.pictures) == 12


def test_good_ones_of_another_design_are_left_out_and_said():
    good = [drawn(seed).pixels for seed in range(12)]
    others = [drawn(seed, branches=5, design=1).pixels for seed in range(2)]
    others.append(drawn(900, "branch_added").pixels)
    bundle = learn([*good, *others], RECIPE.but(false_reject=0.1, model="pca"), search=False)
    assert len(bundle.provenance.pictures) == 12
    reasons = {reason.code for _, reason in bundle.provenance.left_out}
    assert reasons <= {"harness_unlike", "reason_another_harness", "reason_cannot_follow"}


def test_what_good_ones_measure_is_shown(file):
    done = CliRunner().invoke(load_commands(), ["show", str(file)])
    assert done.exit_code == 0
    good = drawn(0).lengths
    for name in "AB":
        told = re.search(rf"branch {name} .*?is (\d+)\s+to\s+(\d+)\s+mm\s+long", done.output, re.S)
        assert int(told[1]) - 40 < good[name] < int(told[2]), done.output


def test_at_the_command_line(file, tmp_path):
    for seed, kind in ((800, "good"), (801, "branch_added")):
        write_png(tmp_path / f"{kind}.png", drawn(seed, kind).pixels)
    table = tmp_path / "table.csv"
    done = CliRunner().invoke(load_commands(), [
        "inspect", str(file), str(tmp_path / "good.png"), str(tmp_path / "branch_added.png"),
        "--csv", str(table),
    ])  # fmt: skip
    assert done.exit_code == 1, done.output
    assert "ends that good ones do not have: 1" in done.output
    with table.open(encoding="utf-8-sig") as content:
        rows = list(csv.DictReader(content))
    assert float(rows[0]["C.length"]) > 100 and float(rows[1][".extra"]) == 1
    assert rows[0]["verdict"] == "OK" and "finding_extra" in rows[1]["notes"]


def test_repeatability_tells_of_each_measure_how_repeatable_it_is(inspector, tmp_path):
    rng = np.random.default_rng(3)
    for piece in range(6):
        pixels = drawn(900 + piece).pixels
        laid = (pixels, np.rot90(pixels, 2), np.roll(pixels, (9, -13), (0, 1)))
        for shot, lies in enumerate(laid):
            path = tmp_path / str(piece) / f"{shot}.png"
            path.parent.mkdir(exist_ok=True)
            noisy = lies + rng.normal(0, 2, lies.shape)
            write_png(path, np.clip(noisy + 0.5, 0, 255).astype(np.uint8))
    found = repeat(inspector, tmp_path)
    gauges = {one.name: one for one in found.gauges}
    assert {"C.length", "A.at", "A.band_at.1", "trunk.turned"} <= set(gauges)
    assert ".extra" not in gauges  # it never varies
    whole = gauges["C.length"]
    assert whole.unit == "mm" and whole.low < whole.high
    within, between = (v**0.5 for v in (whole.components.within, whole.components.between))
    assert within < 0.4 < between  # millimetres
    told = json.loads(json.dumps(found.to_dict()))["sizes"]
    assert {one["name"] for one in told} == set(gauges)
    with speaking("ja"):
        (table,) = [one for one in repeat_page(found).sections if one.heading == "ハーネスの測定値"]
    assert len(table.rows) == len(gauges)


@pytest.mark.parametrize("kind", ["connector_missing", "branch_missing"])
def test_an_end_without_its_connector_is_no_other_part(inspector, kind):
    """Bare wires are nearer to one connector than to another, and like none."""
    for seed in range(900, 908):
        verdict = inspector.inspect(drawn(seed, kind).pixels)
        assert verdict.outcome is Outcome.NG, seed
        assert not {"finding_other_end", "finding_turned"} & codes(verdict)
        assert {"finding_tip", "finding_missing"} & codes(verdict)


def test_what_is_not_there_is_not_ok(inspector):
    verdicts = [inspector.inspect(drawn(seed, "branch_missing").pixels) for seed in range(8)]
    missing = [verdict for verdict in verdicts if "finding_missing" in codes(verdict)]
    assert missing
    for verdict in missing:
        gone = [one for one in verdict.sizes if one.value is None]
        assert gone and {one.outcome for one in gone} == {Outcome.UNUSABLE}


def test_workers_without_the_extra_say_so_and_the_run_goes_on_with_it(file, tmp_path, monkeypatch):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for seed in range(3):
        write_png(pictures / f"{seed}.png", drawn(810 + seed).pixels)
    (tmp_path / "site").mkdir()
    lacking = tmp_path / "site" / "sitecustomize.py"  # is run when a worker's Python starts
    lacking.write_text("import sys\nsys.modules['skimage'] = None\n")
    given = file, str(pictures), str(tmp_path / "out"), Here(2)
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", str(lacking.parent))
        with pytest.raises(ExtraError, match=r"kenpin\[harness\]"):
            judge_archive(*given, block=2)
    assert not list((tmp_path / "out").rglob("0*.parquet"))
    assert judge_archive(*given, block=2).done == 3
