"""Simulated defects, and what is chosen by them."""

import itertools

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import run
from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.drawn.marks import spot_at
from kenpin.errors import ExtraError, RecipeError
from kenpin.learning.choose import choose
from kenpin.learning.read import read_good_pictures
from kenpin.prepare.preparation import Preparation
from kenpin.sources.picture import read_picture

GREY = Preparation((48, 64), "grey").prepare(read_picture(good_pictures(1)[0])).windows[0]


@pytest.mark.parametrize("kind", SIMULATED)
def test_a_simulated_defect_is_local_in_range_and_the_same_with_the_seed(kind):
    before = GREY.copy()
    for seed in range(20):
        changed, mask = simulate(GREY, kind, np.random.default_rng(seed))
        assert changed.dtype == np.float32 and changed.shape == GREY.shape
        assert changed.min() >= 0 and changed.max() <= 1
        assert 3 <= mask.sum() < 0.7 * mask.size
        outside = np.abs(changed - GREY).max(axis=2)[~mask]
        assert outside.max(initial=0) <= 0.02 + 1e-6
        again, _ = simulate(GREY, kind, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed, again)
    np.testing.assert_array_equal(GREY, before)


def test_a_spot_has_its_size_and_contrast():
    blank = np.full((40, 40, 1), 0.5, np.float32)
    spotted = spot_at(blank, -0.2, 5.0, (20.0, 15.0))
    assert (0.5 - spotted).sum() / 0.2 == pytest.approx(np.pi * 25, rel=0.05)
    assert spotted[15, 20, 0] == pytest.approx(0.3) and spotted[15, 27, 0] == 0.5


def test_a_blank_picture_takes_what_can_be_seen_on_it_and_the_rest_is_empty():
    blank = np.full((32, 32, 1), 0.5, np.float32)
    rng = np.random.default_rng(0)
    assert not simulate(blank, "swapped_patch", rng)[1].any()
    assert simulate(blank, "spot", rng)[1].any()
    with pytest.raises(ValueError, match="kind must be one of"):
        simulate(blank, "magic", rng)


def test_auto_chooses_the_best_of_its_table_and_keeps_the_table(tmp_path):
    recipe = kenpin.Recipe(model="pca", difference="auto", score="auto", size=(24, 32))
    bundle = kenpin.learn(good_pictures(30), recipe)
    aurocs = [row["auroc"] for row in bundle.choice]
    assert aurocs == sorted(aurocs, reverse=True) and len(aurocs) > 20
    best = bundle.choice[0]
    assert (bundle.recipe.difference, bundle.recipe.score) == (best["difference"], best["score"])
    assert bundle.recipe.smoothing == best["smoothing"]
    assert {row["difference"] for row in bundle.choice} == {"units", "l1", "l2", "ssim"}
    bundle.save(tmp_path / "a.kenpin")
    loaded = kenpin.Inspector.open(tmp_path / "a.kenpin")
    assert loaded.bundle.choice == bundle.choice
    kenpin.write_report(tmp_path, loaded)
    assert "How model and score were chosen" in (tmp_path / "report.html").read_text("utf-8")


def test_the_budget_is_spent_on_the_usual_way_of_every_model_first(monkeypatch):
    """A clock that goes on by a second with every question."""
    ticks = itertools.count()
    monkeypatch.setattr("kenpin.learning.choose.perf_counter", lambda: float(next(ticks)))
    recipe = kenpin.Recipe(model="auto", budget=60, size=(24, 32)).settled()
    _, rows = choose(read_good_pictures(good_pictures(30), None, recipe, quiet), recipe, quiet)
    tried = [row["model"] for row in rows if "auroc" in row]
    late = [row["model"] for row in rows if "auroc" not in row]
    assert "rt" in tried and "pca" in tried and late and set(late).isdisjoint(tried)
    assert next(ticks) < 60 + 2 * len(rows)  # past the end each model asks at most twice


def test_what_is_not_installed_is_not_named_as_not_finished(monkeypatch):
    def check(name):
        if name in ("dense-ae", "ae", "vae", "cvae"):
            raise ExtraError("extra_torch", model=name)

    monkeypatch.setattr("kenpin.learning.choose.check_installed", check)
    recipe = kenpin.Recipe(model="auto", budget=0.01, size=(24, 32)).settled()
    _, rows = choose(read_good_pictures(good_pictures(20), None, recipe, quiet), recipe, quiet)
    assert {row["model"] for row in rows} == {"rt", "pca", "mt", "both", "feature"}


def quiet(*_):
    pass


def test_a_model_is_chosen_within_the_budget(tmp_path):
    folder = write_pictures(tmp_path / "good", good_pictures(30))
    out = tmp_path / "a.kenpin"
    done = run("learn", folder, "--model", "auto", "--budget", "0.5s", "--size", "24x32", "-o", out)
    assert done.exit_code == 0 and len(done.stdout.splitlines()) <= 6
    assert "not finished within the budget" in run("show", out).stdout
    bundle = kenpin.Bundle.load(out)
    assert (
        bundle.recipe.model in ("both", "feature", "pca", "mt", "rt")
        and bundle.recipe.model == bundle.choice[0]["model"]
    )


@pytest.mark.parametrize("difference", ["units", "l1", "l2", "ssim"])
@pytest.mark.parametrize("score", ["max", "mean", "top"])
def test_every_difference_and_score_learns_judges_and_survives_saving(difference, score, tmp_path):
    settings = {"difference": difference, "score": score, "size": (24, 32)}
    recipe = kenpin.Recipe(model="pca", false_reject=0.1, **settings)
    bundle = kenpin.learn(good_pictures(30), recipe)
    bundle.save(tmp_path / "a.kenpin")
    before, after = kenpin.Inspector(bundle), kenpin.Inspector.open(tmp_path / "a.kenpin")
    broken = good_pictures(1, first=900)[0].copy()
    broken[10:34, 20:44] = 255 - broken[10:34, 20:44]
    verdict = before.inspect(broken)
    assert verdict.outcome is kenpin.Outcome.NG and verdict.regions
    assert after.inspect(broken) == verdict
    good = [before.inspect(p) for p in good_pictures(20, first=950)]
    assert sum(v.outcome != "OK" for v in good) <= 7
    assert all(not v.regions for v in good if v.outcome is kenpin.Outcome.OK)


def test_auto_keeps_to_the_difference_that_was_asked_for():
    with pytest.raises(RecipeError, match="'eyes'"):
        kenpin.Recipe(model="auto", difference="eyes").settled()
    recipe = kenpin.Recipe(model="auto", difference="l1", budget=0.01, size=(24, 32)).settled()
    _, rows = choose(read_good_pictures(good_pictures(20), None, recipe, quiet), recipe, quiet)
    assert "both" not in {row["model"] for row in rows}
