"""How many good pictures are enough."""

import json
import pickle
import zipfile

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import refused, run
from kenpin.assurance.picture_plan import Plan, plan
from kenpin.assurance.trials import SeenSpots, Trial, _Surface, readable, tried
from kenpin.errors import DatasetError, RecipeError, StudyError
from kenpin.report.plan import plan_page
from kenpin.statistics.learning_curve import expected_at
from kenpin.types import Picture

RECIPE = kenpin.Recipe(model="pca", false_reject=0.05)


@pytest.fixture(scope="module")
def made():
    return plan(good_pictures(80), RECIPE, repeats=2)


def test_each_number_is_learned_as_often_as_told_and_tried_on_others(made):
    assert list(made.trials) == [10, 20, 50, 60]
    assert {len(trials) for trials in made.trials.values()} == {2}
    assert made.tests == 20 and made.pictures == 80
    for count, trials in made.trials.items():
        rank = int(np.ceil((count + 1) * 0.95))
        promised = 1 - min(count, rank) / (count + 1)
        assert [trial.promised for trial in trials] == pytest.approx([promised] * 2)
        assert all(0 <= trial.passed <= 1 and 0 < trial.auroc <= 1 for trial in trials)


def test_more_pictures_let_fewer_simulated_defects_pass(made):
    passed = {count: np.mean([t.passed for t in own]) for count, own in made.trials.items()}
    aurocs = {count: np.mean([t.auroc for t in own]) for count, own in made.trials.items()}
    assert passed[10] > passed[60] and aurocs[60] > aurocs[10]


def test_a_trial_is_what_learn_and_inspect_do(made):
    """The last part of the first repeat, learned again by hand, promises and limits alike."""
    pictures = good_pictures(80)
    order = np.random.default_rng(RECIPE.seed).permutation(80)
    own = kenpin.Inspector(kenpin.learn([pictures[i] for i in order[20:]], RECIPE))
    rejected = np.mean([own.inspect(pictures[i]).outcome != "OK" for i in order[:20]])
    assert made.trials[60][0].rejected == rejected
    assert made.trials[60][0].promised == own.calibration.promised_false_reject


def test_other_settings_change_neither_the_trials_nor_the_spots():
    given = good_pictures(40), RECIPE, [10, 20], 5, 0.1, lambda *_: None
    alone = tried(*given)
    beside = tried(*given, [RECIPE.but(light="level"), RECIPE.but(score="mean")])
    assert (beside.trials, beside.spots) == (alone.trials, alone.spots)
    assert len(beside.others) == 2 and alone.others == ()


def test_what_is_not_there_is_marked_as_extrapolated(made):
    assert made.beyond == (128, 200)
    rows = plan_page(made).sections[1].rows
    assert [row[0] for row in rows[-2:]] == ["128, extrapolated", "200, extrapolated"]
    assert "extrapolated, not measured" in str(made.more[0])
    last = np.mean([trial.height for trial in made.trials[60]])
    assert 0 <= made.expected["height"][1] <= made.expected["height"][0] <= last
    assert str(made.promise) == "80 good pictures can promise the 5 % you asked for."
    asked = plan(good_pictures(20), kenpin.Recipe(model="rt"), repeats=1)
    assert str(asked.promise) == (
        "20 good pictures can promise 4.8 % at best; the 1 % you asked for takes 99."
    )


class LastFirst:
    """Workers that are given pickled work, as those elsewhere, and are ready in another order."""

    def map(self, work, shared, items):
        for item in reversed(items):
            yield work(pickle.loads(pickle.dumps(shared)), item)


def test_whoever_does_the_repeats_the_plan_is_the_same(made, tmp_path):
    elsewhere = plan(good_pictures(80), RECIPE, repeats=2, workers=LastFirst())
    assert elsewhere.to_dict() == made.to_dict()
    folder = write_pictures(tmp_path / "good", good_pictures(80))
    with zipfile.ZipFile(tmp_path / "good.zip", "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    zipped = plan([tmp_path / "good.zip"], RECIPE, repeats=2, workers=LastFirst())
    assert zipped.to_dict() == made.to_dict()


def test_the_same_seed_gives_the_same_plan(made):
    again = plan(good_pictures(80), RECIPE, repeats=2)
    assert again.to_dict() == made.to_dict()


def test_the_smallest_spot_is_one_whose_larger_ones_are_all_caught():
    spots = SeenSpots((1.0, 2.0, 4.0, 8.0), (9, 3, 9, 10), 10)
    assert spots.smallest == 2
    assert SeenSpots((1.0, 2.0), (10, 8), 10).smallest is None


def test_the_sentence_names_the_spot_that_was_seen(made):
    place = made.spots.smallest
    assert place is not None and made.spots.tried == 40
    assert f"{made.spots.caught[place]} of 40" in str(made.spot)
    assert made.spots.caught[place] >= 36


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_a_falling_power_is_continued_and_a_flat_curve_is_not(power):
    counts, beyond = [20, 50, 100], [200, 400]
    falling = [0.1 + 3 * n**-power for n in counts]
    assert expected_at(counts, falling, beyond) == pytest.approx(
        [0.1 + 3 * n**-power for n in beyond]
    )
    assert expected_at(counts, [0.2, 0.3, 0.4], beyond) == pytest.approx([0.4, 0.4])
    assert expected_at([10], [0.4], beyond) == pytest.approx([0.4, 0.4])
    steep = expected_at(counts, [0.9, 0.5, 0.01], beyond)  # a floor below 0: in proportion
    assert steep == pytest.approx([0.01 * (100 / n) ** 0.5 for n in beyond])
    assert expected_at([10, 20], [0.4, 0.3], beyond) == pytest.approx([0.3, 0.3])


def test_where_more_pictures_do_not_help_light_and_place_are_tried():
    rng = np.random.default_rng(0)
    pictures = [
        np.clip(pixels * rng.uniform(0.5, 1.3), 0, 255).astype(np.uint8)
        for pixels in good_pictures(80)
    ]
    found = plan(pictures, RECIPE, repeats=1)
    assert set(found.changes) == {"light = 'level'", "align = 'translation'"}
    last = found.trials[60][0]
    assert found.changes["light = 'level'"].passed < last.passed
    assert found.changes["light = 'level'"].count == 60
    assert set(plan(pictures, RECIPE.but(light="level"), repeats=1).changes) == {
        "align = 'translation'"
    }


def a_plan(passed, then, changes, height=1.0):
    trial = Trial(50, 0.02, 0.0, passed, 0.9, 1.0)
    return Plan(
        {10: (trial,), 20: (trial,), 50: (trial,)}, 60, 10, 0.05, 1.0, 0.05, (), (96, 150),
        {"passed": (then, then), "height": (height, height)}, SeenSpots((1.0,), (10,), 10),
        {name: Trial(50, 0.02, 0.0, value, 0.9, 1.0) for name, value in changes.items()},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("passed", "then", "changes", "saying"),
    [
        (
            0.3,
            0.2,
            {},
            "With 36 more pictures (96 in all) the limit tightens by about 0 %, and about",
        ),
        (0.3, 0.2, {"light = 'level'": 0.1}, "Look at alignment and light: learned with light"),
        (0.3, 0.3, {"light = 'level'": 0.1}, "learned with light = 'level', 10 % of them pass"),
        (0.3, 0.3, {"light = 'level'": 0.3}, "do not help either (at best 30 % pass instead"),
        (0.3, 0.3, {}, "Look at focus"),
        (0.05, 0.05, {}, "Few simulated defects pass"),
    ],
)
def test_the_sentence_on_more_pictures_follows_from_the_figures(passed, then, changes, saying):
    assert saying in " ".join(map(str, a_plan(passed, then, changes).more))


def test_defects_keep_out_of_what_is_ignored_and_inside_the_crop():
    recipe = RECIPE.but(crop=(8, 8, 40, 32), ignore=((8, 8, 20, 32),))
    part = kenpin.Inspector(kenpin.learn(good_pictures(20), recipe))
    surface, pixels = _Surface.of(part, recipe), good_pictures(1, first=900)[0]
    rng = np.random.default_rng(0)
    for kind in ("spot", "scratch", "missing_patch"):
        changed = surface.with_defect(pixels, kind, rng) != pixels
        rows, columns = np.nonzero(changed)
        assert columns.min() >= 28 and columns.max() < 48
        assert rows.min() >= 8 and rows.max() < 40
    wide = (pixels.astype(np.uint16) << 4).astype(np.uint16)
    spotted = surface.with_spot(wide, 0.1, rng)
    assert spotted.dtype == np.uint16 and spotted.max() <= wide.max()
    assert (spotted != wide).any()


def test_unreadable_and_repeated_pictures_do_not_count(tmp_path):
    folder = write_pictures(tmp_path / "good", good_pictures(4))
    (folder / "copy.png").write_bytes((folder / "000.png").read_bytes())
    (folder / "empty.png").write_bytes(b"")
    found, left_out = readable(sorted(folder.iterdir()), lambda *_: None)
    assert len(found) == 4
    assert (
        len(left_out) == 2
        and "same pixels as" in str(left_out[0])
        and "is empty" in str(left_out[1])
    )
    assert len(readable([Picture(good_pictures(1)[0], "a")] * 3, lambda *_: None)[0]) == 1
    write_pictures(folder, good_pictures(16, first=50))
    told = plan(folder, kenpin.Recipe(model="rt"), repeats=1)
    assert "unreadable or repeated: 1" in plan_page(told).sections[0].sentences[-1]


def test_split_holds_out_a_part_only():
    """With 40 % held out 60 pictures promise what 24 scores can."""
    recipe = kenpin.Recipe(model="rt", held_out="split", false_reject=0.05)
    found = plan(good_pictures(60), recipe, repeats=1)
    for count, (trial,) in found.trials.items():
        assert found.promised(count) == pytest.approx(trial.promised), count
    assert str(found.promise) == "60 good pictures can promise the 5 % you asked for."
    narrow = plan(good_pictures(60), recipe.but(false_reject=0.02), repeats=1)
    assert str(narrow.promise) == (
        "60 good pictures can promise 4 % at best; the 2 % you asked for takes 123."
    )


def test_review_plays_no_part_and_few_numbers_tell_nothing_of_more():
    plain, review = (
        plan(good_pictures(30), kenpin.Recipe(model="rt", review=share), repeats=1)
        for share in (None, 0.4)
    )
    assert plain.to_dict() == review.to_dict()
    assert str(plain.more[0]).startswith("From 30 good pictures nothing can be told")


def test_the_command_line_writes_a_page(tmp_path):
    folder = write_pictures(tmp_path / "良品", good_pictures(24))
    done = run("plan", folder, "--model", "rt", "--repeats", "1", "--report", tmp_path / "p")
    assert done.exit_code == 0
    assert "extrapolated" in done.stdout and "simulated spot" in done.stdout
    page = (tmp_path / "p" / "plan.html").read_text("utf-8")
    assert "data:image/png" in page and "How each number was obtained" in page
    told = run("plan", folder, "--model", "rt", "--repeats", "1", "--json")
    assert [trial["count"] for trial in json.loads(told.stdout)["trials"]] == [10, 18]


def test_too_few_pictures_and_impossible_wishes_are_one_sentence(tmp_path):
    few = write_pictures(tmp_path / "few", good_pictures(14))
    refused(run("plan", few), "14 usable good pictures are too few to plan with: it takes 15")
    with pytest.raises(RecipeError, match="A plan needs a limit"):
        plan(good_pictures(20), kenpin.Recipe(held_out="none"))
    with pytest.raises(StudyError, match="1 to 20 repeats"):
        plan(good_pictures(20), RECIPE, repeats=0)
    with pytest.raises(DatasetError, match="does not exist"):
        plan(tmp_path / "nothing", RECIPE)
