"""The default model: a spot that features do not see, one map, one limit, everywhere the same."""

import json

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import connectors, refused, run
from kenpin.drawn.terminals import draw_terminals
from kenpin.evaluation.evaluation import aupro
from kenpin.models.both import Both
from kenpin.prepare import resize

SIZE = (96, 128)


@pytest.fixture(scope="module")
def judges():
    good = connectors(60)
    return {
        name: kenpin.Inspector(kenpin.learn(good, kenpin.Recipe(model=name), search=False))
        for name in ("both", "feature")
    }


def faint(kind, count=20):
    return [draw_terminals(7_000 + n, kind, size=SIZE) for n in range(count)]


def test_it_is_the_default():
    assert kenpin.Recipe().settled() == kenpin.Recipe(model="both").settled()
    assert kenpin.Recipe().settled().difference == "eyes"


@pytest.mark.parametrize("kind", ["black_spot", "stain"])
def test_what_features_alone_let_pass_is_found(judges, kind):
    escaped = {
        name: sum(judge.inspect(one.pixels).outcome is kenpin.Outcome.OK for one in faint(kind))
        for name, judge in judges.items()
    }
    assert escaped["both"] < escaped["feature"] <= 20


def test_no_more_good_parts_are_rejected_than_promised(judges):
    fresh = connectors(100, first=5_000)
    rejected = sum(judges["both"].inspect(one).outcome is not kenpin.Outcome.OK for one in fresh)
    assert rejected <= 6  # promised: one in 61; more than 6 of 100 has a chance of 0.2 %


def test_the_place_and_the_picture_have_one_limit(judges):
    judge = judges["both"]
    assert judge.calibration.level == judge.calibration.limit
    for one in faint("black_spot"):
        verdict = judge.inspect(one.pixels)
        assert bool(verdict.regions) == (verdict.outcome is not kenpin.Outcome.OK)
        assert verdict.evidence.difference.max() == pytest.approx(verdict.score, rel=1e-5)


def test_a_region_says_which_eye_saw_it(judges):
    def by(kind, name="both"):
        found = [judges[name].inspect(one.pixels) for one in faint(kind)]
        return [one.regions[0].seen_by for one in found if one.regions]

    assert "shape" in by("black_spot") + by("stain")
    assert "texture" in by("missing")
    assert set(by("missing", "feature")) == {None}


def test_the_map_shows_the_place_better_than_what_is_judged(judges):
    drawn = [one for kind in ("foreign_matter", "scratch") for one in faint(kind)]
    seen = [judges["both"].inspect(one.pixels).evidence for one in drawn]
    size = seen[0].places.shape[1:]
    masks = [resize(one.mask.astype(np.float32), size) > 0 for one in drawn]
    judged = aupro([one.difference[0] for one in seen], masks)
    assert aupro([one.places[0] for one in seen], masks) > judged + 0.03
    for one in seen:
        assert one.places.max() == one.difference.max()


def test_people_see_what_the_pixels_eye_rebuilds(judges):
    model, picture = judges["both"].bundle.model, connectors(1, first=900)[0]
    assert isinstance(model, Both)
    evidence = judges["both"].inspect(picture).evidence
    assert evidence.reconstruction.shape == evidence.prepared.shape
    assert not evidence.for_people and evidence.coarse
    assert np.abs(evidence.reconstruction - evidence.prepared).mean() < 0.05
    verdict = judges["both"].inspect(picture)
    assert verdict.l2 < 0.01 and verdict.l1 < 0.1  # grey levels of the small picture


def test_the_command_and_python_say_the_same(judges, tmp_path):
    judges["both"].bundle.save(tmp_path / "a.kenpin")
    folder = write_pictures(tmp_path / "new", [one.pixels for one in faint("stain", 4)])
    lines = run("inspect", tmp_path / "a.kenpin", folder, "--json").stdout.splitlines()
    found = {line["picture"]: line for line in map(json.loads, lines) if "picture" in line}
    for path in sorted(folder.iterdir()):
        verdict = judges["both"].inspect(path)
        told = next(line for name, line in found.items() if name.endswith(path.name))
        assert told["verdict"] == verdict.outcome.value
        assert told["score"] == pytest.approx(verdict.score, rel=1e-6)


def test_its_difference_belongs_to_it_alone(tmp_path):
    folder = write_pictures(tmp_path / "good", good_pictures(12))
    for given in (("--difference", "l1"), ("--model", "pca", "--difference", "eyes")):
        refused(run("learn", folder, "-o", tmp_path / "a.kenpin", *given), "'eyes'", "leave")
    assert not (tmp_path / "a.kenpin").exists()
