"""Telling kenpin where to look: crops, windows, what is ignored, and where the part lies."""

import json

import cv2
import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import refused, run
from kenpin.drawn.terminals import TERMINAL_DEFECTS, draw_terminals
from kenpin.errors import DatasetError, RecipeError
from kenpin.prepare.geometry import resize
from kenpin.prepare.windows import propose_windows
from kenpin.report.pictures import triple
from kenpin.sources.contents import Labelled
from kenpin.sources.picture import write_png
from kenpin.types import Picture

SIZE = (96, 128)
PINS = {f"pin {n + 1}": (13 + 17 * n, 20, 17, 60) for n in range(6)}


def connectors(count, first=0):
    return good_pictures(count, first, SIZE)


def spoiled(pixels, x, y, side=8):
    changed = pixels.copy()
    changed[y : y + side, x : x + side] = 255 - changed[y : y + side, x : x + side]
    return changed


def moved(pixels, seed):
    """Up to a tenth of the width aside and 15 degrees turned, as a part on a belt lies."""
    rng = np.random.default_rng([seed, 5])
    height, width = pixels.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), rng.uniform(-15, 15), 1)
    turn[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
    where = (width, height)
    return cv2.warpAffine(pixels, turn, where, borderMode=cv2.BORDER_REPLICATE), turn


@pytest.fixture(scope="module")
def pins():
    """A connector whose six terminals are judged each on its own."""
    return kenpin.Inspector(kenpin.learn(connectors(40), kenpin.Recipe(windows=PINS)))


# --- windows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("pin", range(6))
def test_the_worst_window_rules_and_each_region_says_which(pins, pin):
    x, y, _, _ = PINS[f"pin {pin + 1}"]
    verdict = pins.inspect(spoiled(connectors(1, 900)[0], x + 5, y + 20))
    assert verdict.outcome is kenpin.Outcome.NG
    outcomes = {window.name: window.outcome for window in verdict.windows}
    assert list(outcomes) == list(PINS)
    assert outcomes[f"pin {pin + 1}"] is kenpin.Outcome.NG
    assert verdict.score == max(window.score for window in verdict.windows)
    worst = verdict.regions[0]
    assert worst.window == f"pin {pin + 1}"
    assert worst.x < x + 13 and worst.x + worst.width > x + 5  # it overlaps what was spoiled
    assert worst.y < y + 28 and worst.y + worst.height > y + 20


def test_good_ones_are_ok_in_every_window_and_outside_nothing_is_seen(pins):
    picture = connectors(1, 901)[0]
    verdict = pins.inspect(picture)
    assert verdict.outcome is kenpin.Outcome.OK and verdict.regions == ()
    assert {window.outcome for window in verdict.windows} == {kenpin.Outcome.OK}
    assert pins.inspect(spoiled(picture, 2, 84)).outcome is kenpin.Outcome.OK


def test_the_limit_is_one_for_all_windows_and_keeps_one_promise(pins):
    calibration = pins.calibration
    assert calibration.count == 40 and len(pins.calibrations) == 1
    assert calibration.promised_false_reject == pytest.approx(1 / 41)


def test_a_part_with_windows_survives_saving_and_the_report(pins, tmp_path):
    pins.bundle.save(tmp_path / "a.kenpin")
    again = kenpin.Inspector.open(tmp_path / "a.kenpin")
    picture = spoiled(connectors(1, 902)[0], 40, 50)
    assert again.inspect(picture) == pins.inspect(picture)
    assert again.bundle.to_bytes() == pins.bundle.to_bytes()
    items = [Labelled(p, "good") for p in connectors(3, 910)] + [Labelled(picture, "spoiled")]
    evaluation = kenpin.evaluate(again, items)
    assert evaluation.auroc == 1.0
    kenpin.write_report(tmp_path, again, evaluation)
    drawn = triple(Picture(picture, "p"), again.inspect(picture))
    assert drawn.shape[2] == 3
    line = again.inspect(picture).to_dict()
    assert line["regions"][0]["window"] in PINS and len(line["windows"]) == 6
    json.dumps(line)


@pytest.mark.parametrize("model", ["mt", "rt"])
def test_windows_with_other_models_and_scores(model):
    recipe = kenpin.Recipe(model=model, windows=dict(list(PINS.items())[:2]), score="mean")
    inspector = kenpin.Inspector(kenpin.learn(connectors(20), recipe))
    verdict = inspector.inspect(spoiled(connectors(1, 903)[0], 14, 30, 14))
    assert verdict.outcome is kenpin.Outcome.NG and verdict.regions[0].window == "pin 1"


def test_windows_and_labels_together(tmp_path):
    six = [draw_terminals(n, size=SIZE).pixels for n in range(20)]
    four = [draw_terminals(n, size=SIZE, terminals=4).pixels for n in range(20)]
    recipe = kenpin.Recipe(windows={"left": (0, 0, 64, 96), "right": (64, 0, 64, 96)})
    bundle = kenpin.learn(six + four, recipe, labels=["six"] * 20 + ["four"] * 20)
    bundle.save(tmp_path / "a.kenpin")
    inspector = kenpin.Inspector.open(tmp_path / "a.kenpin")
    fresh = draw_terminals(900, size=SIZE).pixels
    assert inspector.inspect(fresh, "six").outcome is kenpin.Outcome.OK
    wrong = inspector.inspect(fresh, "four")
    assert wrong.outcome is kenpin.Outcome.WRONG_PART and wrong.label == "six"
    assert {region.window for region in wrong.regions} <= {"left", "right"}


def test_ng_pictures_with_windows():
    recipe = kenpin.Recipe(windows=dict(list(PINS.items())[:3]))
    ng = [spoiled(p, 15 + 17 * (n % 3), 40) for n, p in enumerate(connectors(12, 700))]
    inspector = kenpin.Inspector(kenpin.learn(connectors(30), recipe, ng=ng))
    assert inspector.bundle.ng["pictures"] == 12
    assert inspector.inspect(ng[0]).outcome is kenpin.Outcome.NG


# --- crop and ignore ---------------------------------------------------------------------------


def test_outside_the_crop_nothing_is_seen_and_inside_places_are_right():
    crop = (20, 16, 80, 64)
    inspector = kenpin.Inspector(kenpin.learn(connectors(30), kenpin.Recipe(crop=crop)))
    picture = connectors(1, 900)[0]
    assert inspector.inspect(spoiled(picture, 110, 84)).outcome is kenpin.Outcome.OK
    worst = inspector.inspect(spoiled(picture, 60, 40)).regions[0]
    assert worst.x <= 64 <= worst.x + worst.width and worst.y <= 44 <= worst.y + worst.height
    assert inspector.bundle.preparation.size == (96, 128)


@pytest.mark.parametrize("model", ["both", "feature", "pca"])
@pytest.mark.parametrize("how", ["rectangle", "mask"])
def test_no_region_lies_where_nothing_counts(tmp_path, how, model):
    white = np.zeros(SIZE, np.uint8)
    white[30:60, 40:70] = 255
    write_png(tmp_path / "マスク.png", white)
    ignored = {"ignore": [(40, 30, 30, 30)]}
    if how == "mask":
        ignored = {"ignore_mask": str(tmp_path / "マスク.png")}
    bundle = kenpin.learn(connectors(30), kenpin.Recipe(model=model, **ignored))
    bundle.save(tmp_path / "a.kenpin")
    inspector = kenpin.Inspector.open(tmp_path / "a.kenpin")
    assert bundle.recipe.ignore_mask in (None, "マスク.png")  # nothing of the user's folders
    picture = connectors(1, 900)[0]
    plain = inspector.inspect(picture)
    hidden = inspector.inspect(spoiled(picture, 45, 35, 20))
    assert hidden.outcome is kenpin.Outcome.OK and hidden.score == pytest.approx(plain.score)
    verdict = inspector.inspect(spoiled(spoiled(picture, 45, 35, 20), 74, 50, 20))
    assert verdict.outcome is kenpin.Outcome.NG
    height, width = verdict.evidence.difference[0].shape
    inside = resize(white, (height, width)) == 255
    # Interpolated between places, of which each has so many pixels.
    inside = cv2.erode(inside.astype(np.uint8), np.ones((9, 9))) > 0 if model != "pca" else inside
    assert (verdict.evidence.difference[0][inside] == 0).all()


def test_where_nothing_counts_not_even_the_light_does():
    """A lamp or a label in an ignored place changes nothing, and makes no picture unusable."""
    recipe = kenpin.Recipe(ignore=[(0, 0, 60, 96)], light="level")
    inspector = kenpin.Inspector(kenpin.learn(connectors(30), recipe))
    picture = connectors(1, 900)[0]
    other = picture.copy()
    other[:, :58] = 255
    plain, lit = inspector.inspect(picture), inspector.inspect(other)
    assert lit.reason is None and lit.outcome is kenpin.Outcome.OK
    assert lit.score == pytest.approx(plain.score, rel=0.05)


@pytest.mark.parametrize(
    "settings",
    [
        {"ignore": [(0, 0, 128, 96)]},
        {"windows": PINS, "ignore": [PINS["pin 2"]]},
        {"ignore": [(500, 500, 10, 10)]},
    ],
)
def test_nothing_left_to_judge_is_refused(settings):
    with pytest.raises(RecipeError, match=r"Nothing is left to judge|reaches beyond"):
        kenpin.learn(connectors(12), kenpin.Recipe(**settings))


def test_a_compression_without_a_size_is_done_and_kept(tmp_path):
    bundle = kenpin.learn(connectors(12), kenpin.Recipe(model="pca", compression={"steps": 2}))
    assert bundle.preparation.shape == (27, 36, 2)
    bundle.save(tmp_path / "a.kenpin")
    picture = connectors(1, 900)[0]
    again = kenpin.Inspector.open(tmp_path / "a.kenpin")
    assert again.inspect(picture) == kenpin.Inspector(bundle).inspect(picture)


def test_an_unusable_picture_has_no_window_that_is_ok(pins):
    verdict = pins.inspect(np.full(SIZE, 128, np.uint8))
    assert verdict.outcome is kenpin.Outcome.UNUSABLE
    assert {window.outcome for window in verdict.windows} == {kenpin.Outcome.UNUSABLE}


def test_places_that_are_not_possible_are_one_sentence(tmp_path):
    for recipe, words in (
        ({"crop": (0, 0, 400, 20)}, "'crop' .* reaches beyond"),
        ({"windows": {"a": (120, 0, 20, 20)}}, r"'windows.a' \[120, 0, 20, 20\] reaches beyond"),
        ({"crop": (0, 0, 50, 50), "windows": {"a": (40, 0, 20, 20)}}, "reaches beyond"),
        ({"ignore_mask": str(tmp_path / "no.png")}, "'ignore_mask'.* does not exist"),
    ):
        with pytest.raises(RecipeError, match=words):
            kenpin.learn(connectors(12), kenpin.Recipe(**recipe))
    write_png(tmp_path / "small.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(RecipeError, match="a mask must fit its picture"):
        kenpin.learn(connectors(12), kenpin.Recipe(ignore_mask=str(tmp_path / "small.png")))
    for setting in (
        {"crop": (0, 0, 2, 2)},
        {"windows": {"": (0, 0, 9, 9)}},
        {"crop": (-1, 0, 9, 9)},
    ):
        with pytest.raises(RecipeError):
            kenpin.Recipe(**setting)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"ignore": [10, 10, 50, 50]}, r"'ignore.0' .* a list of rectangles, such as \[\[x"),
        ({"crop": (10, 10, 100)}, r"'crop.3' .* must be \[x, y, width, height\]"),
        ({"windows": [(1, 2, 30, 40)]}, r"each window must be NAME = \[x, y, width, height\]"),
        ({"windows": {"a": (1, 2, 3, 40)}}, "at least 4 pixels wide and high"),
    ],
)
def test_a_place_written_wrongly_is_told_how_to_write_it(setting, words):
    with pytest.raises(RecipeError, match=words):
        kenpin.Recipe(**setting)


def test_the_mask_is_looked_for_beside_the_recipe(tmp_path):
    write_png(tmp_path / "m.png", np.zeros(SIZE, np.uint8))
    (tmp_path / "r.toml").write_text('ignore_mask = "m.png"\ncrop = [0, 0, 64, 64]\n')
    recipe = kenpin.Recipe.read(tmp_path / "r.toml")
    assert recipe.ignore_mask == str(tmp_path / "m.png") and recipe.crop == (0, 0, 64, 64)
    again = recipe.but(windows=PINS)
    (tmp_path / "s.toml").write_text(again.to_toml())
    assert kenpin.Recipe.read(tmp_path / "s.toml") == again


# --- alignment and light -----------------------------------------------------------------------


def test_moved_parts_are_judged_as_if_they_lay_still(tmp_path):
    good = [moved(p, n)[0] for n, p in enumerate(connectors(60))]
    tested = [(draw_terminals(900 + n, size=SIZE).pixels, "good") for n in range(20)]
    tested += [
        (draw_terminals(950 + n, TERMINAL_DEFECTS[n % 3], size=SIZE).pixels, "ng")
        for n in range(20)
    ]
    items = [Labelled(moved(p, 5_000 + n)[0], kind) for n, (p, kind) in enumerate(tested)]
    bundle = kenpin.learn(good, kenpin.Recipe(align="rotation"))
    bundle.save(tmp_path / "a.kenpin")
    aligned = kenpin.evaluate(kenpin.Inspector.open(tmp_path / "a.kenpin"), items)
    plain = kenpin.evaluate(kenpin.Inspector(kenpin.learn(good)), items)
    assert aligned.auroc > 0.97 and plain.auroc < 0.9
    assert all(verdict.fit > 0.8 for verdict in aligned.verdicts)


def test_regions_of_an_aligned_part_lie_in_the_picture_as_it_was_given():
    good = [moved(p, n)[0] for n, p in enumerate(connectors(40))]
    inspector = kenpin.Inspector(kenpin.learn(good, kenpin.Recipe(model="pca", align="rotation")))
    for n in range(5):
        still = spoiled(connectors(1, 900 + n)[0], 60, 44, 10)
        picture, turn = moved(still, 800 + n)
        x, y = turn @ [64.5, 48.5, 1]
        worst = inspector.inspect(picture).regions[0]
        assert worst.x <= x <= worst.x + worst.width and worst.y <= y <= worst.y + worst.height


def test_windows_follow_the_part():
    """Places are those of the first good picture, wherever the others lie."""
    still = connectors(40)
    good = [still[0], *(moved(p, n)[0] for n, p in enumerate(still[1:]))]
    recipe = kenpin.Recipe(align="rotation", windows=PINS)
    inspector = kenpin.Inspector(kenpin.learn(good, recipe))
    x, y, _, _ = PINS["pin 3"]
    picture, _ = moved(spoiled(connectors(1, 905)[0], x + 4, y + 20, 10), 77)
    verdict = inspector.inspect(picture)
    assert verdict.outcome is kenpin.Outcome.NG and verdict.regions[0].window == "pin 3"


@pytest.mark.parametrize(("light", "tilt"), [("level", 0.0), ("shading", 0.5)])
def test_other_light_is_taken_out(light, tilt):
    def lit(pixels, seed):
        rng = np.random.default_rng(seed)
        gain = rng.uniform(0.6, 1.2) * (1 + tilt * rng.uniform(-1, 1) * np.linspace(-0.5, 0.5, 128))
        return np.clip(pixels * gain, 0, 255).astype(np.uint8)

    good = [lit(p, n) for n, p in enumerate(connectors(40))]
    items = [Labelled(lit(p, 100 + n), "good") for n, p in enumerate(connectors(10, 900))]
    items += [
        Labelled(lit(spoiled(p, 50, 40, 5), 200 + n), "ng")
        for n, p in enumerate(connectors(10, 920))
    ]
    scores = {
        kind: kenpin.evaluate(
            kenpin.Inspector(kenpin.learn(good, kenpin.Recipe(model="pca", light=kind))), items
        ).auroc
        for kind in ("none", light)
    }
    assert scores[light] > 0.95 and scores[light] >= scores["none"]


# --- proposals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terminals", "size"), [(3, (192, 256)), (6, (192, 256)), (10, (384, 512))]
)
def test_a_window_is_proposed_for_each_terminal(terminals, size):
    for seed in range(5):
        picture = draw_terminals(seed, terminals=terminals, size=size).pixels
        grid = propose_windows(Picture(picture, "p"))
        assert len(grid.windows) == terminals and grid.alike > 0.6
        pitch = 0.8 * size[1] / terminals
        for n, (x, _, width, _) in enumerate(grid.windows.values()):
            middle = 0.1 * size[1] + pitch * (n + 0.5)
            assert abs(x + width / 2 - middle) < 0.35 * pitch  # each holds its terminal
            assert abs(width - pitch) < 0.1 * pitch


def test_the_command_writes_the_recipe_and_shows_it(tmp_path):
    picture = write_pictures(tmp_path / "良品", connectors(30)) / "000.png"
    (tmp_path / "r.toml").write_text("false_reject = 0.05\n")
    options = ("--recipe", tmp_path / "r.toml", "--overlay", tmp_path / "w.png")
    done = run("window", picture, *options)
    assert done.exit_code == 0 and "Windows: 6" in done.stdout
    recipe = kenpin.Recipe.read(tmp_path / "r.toml")
    assert recipe.false_reject == 0.05 and len(recipe.windows) == 6
    assert kenpin.read_picture(tmp_path / "w.png").size == SIZE
    part = tmp_path / "a.kenpin"
    assert (
        run("learn", tmp_path / "良品", "-o", part, "--recipe", tmp_path / "r.toml").exit_code == 0
    )
    assert run("inspect", part, tmp_path / "良品").exit_code == 0
    grid = ("--columns", 2, "--rows", 3, "--within", "10,10,60,60")
    assert run("window", picture, *options, *grid).exit_code == 0
    windows = kenpin.Recipe.read(tmp_path / "r.toml").windows
    (tmp_path / "m.toml").write_text('ignore_mask = "mask.png"\n')
    mask = ("--recipe", tmp_path / "m.toml", *options[2:])
    assert run("window", picture, *mask).exit_code == 0
    assert 'ignore_mask = "mask.png"' in (tmp_path / "m.toml").read_text()  # as it was written
    assert list(windows) == ["1-1", "1-2", "2-1", "2-2", "3-1", "3-2"]
    assert windows["3-2"] == (40, 50, 30, 20)


def test_what_cannot_be_proposed_is_one_sentence(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    with pytest.raises(DatasetError, match=r"Nothing in .* repeats"):
        propose_windows(Picture(noise, "p"))
    write_png(tmp_path / "n.png", noise)
    out = ("--recipe", tmp_path / "r.toml", "--overlay", tmp_path / "w.png")
    refused(run("window", tmp_path / "n.png", *out), "Nothing in")
    refused(run("window", tmp_path / "n.png", *out, "--within", "1,2,3"), "X,Y,WIDTH,HEIGHT")
    refused(run("window", tmp_path / "n.png", *out, "--within", "1,2,300,9"), "reaches beyond")
    refused(run("window", tmp_path / "n.png", *out, "--columns", "60"), "ask for fewer")
    refused(run("window", tmp_path / "no.png", *out), "does not exist")
    assert not (tmp_path / "r.toml").exists() and not (tmp_path / "w.png").exists()
