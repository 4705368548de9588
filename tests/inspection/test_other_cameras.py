"""What changes between learning and judging is told for what it is."""

import cv2
import numpy as np
import pytest

from conftest import good_pictures
from helpers import connectors, struck
from kenpin.exports import export
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.part import Bundle
from kenpin.recipe import Recipe
from kenpin.types import Outcome, ReasonCode

SIZE = 192, 256


def resized(pixels, scale):
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def inspector():
    return Inspector(learn(connectors(24, size=SIZE)))


def test_a_coarser_picture_is_not_called_out_of_focus(inspector):
    for pixels in connectors(3, first=400, size=SIZE):
        small = inspector.inspect(resized(pixels, 1 / 8))
        assert small.outcome is not Outcome.OK
        if small.reason is not None:
            assert small.reason.code is ReasonCode.RESOLUTION
            assert (small.reason.value, small.reason.limit) == (24, 192)
        blurred = inspector.inspect(cv2.GaussianBlur(pixels, (0, 0), 6))
        assert blurred.reason.code is ReasonCode.BLURRED


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p[:, ::-1], "note_laid_mirrored"),
        (lambda p: p[::-1, ::-1], "note_laid_half"),
        (lambda p: p[::-1], "note_laid_upside_down"),
        (lambda p: np.rot90(p, 3), "note_laid_left"),
        (lambda p: np.rot90(p, 1), "note_laid_right"),
    ],
)
def test_a_picture_that_lies_otherwise_says_how(change, told):
    good = [lopsided(one) for one in connectors(24, size=SIZE)]
    judge = Inspector(learn(good, Recipe(model="pca")))
    for pixels in connectors(3, first=400, size=SIZE):
        verdict = judge.inspect(np.ascontiguousarray(change(lopsided(pixels))))
        assert verdict.outcome is not Outcome.OK
        assert told in [note.code for note in verdict.notes]
        plain = judge.inspect(struck(lopsided(pixels)))
        assert not any(note.code.startswith("note_laid") for note in plain.notes)
        assert judge.inspect(lopsided(pixels)).notes == ()


def lopsided(pixels):
    """No two ways up look alike."""
    changed = pixels.copy()
    changed[:60, :90] = 255 - changed[:60, :90] // 4
    return changed


def tinted(rgb, red, blue, light=1.0):
    changed = rgb.astype(np.float32) * np.array([red, 1.0, blue], np.float32) * light
    return np.clip(changed + 0.5, 0, 255).astype(np.uint8)


def in_colour(pixels):
    return np.stack([pixels * 0.8, pixels * 0.7, pixels * 0.6], axis=2).astype(np.uint8)


@pytest.mark.parametrize("model", ["both", "feature", "pca"])
def test_with_light_level_other_light_rejects_no_more(model):
    """A tenth darker or brighter, and bluer or redder by a tenth."""
    good = [in_colour(one) for one in good_pictures(40)]
    judge = Inspector(learn(good, Recipe(model=model, light="level")))
    fresh = [in_colour(one) for one in good_pictures(40, first=700)]
    usual = sum(judge.inspect(one).outcome is not Outcome.OK for one in fresh)
    for red, blue, light in ((1, 1, 0.9), (1, 1, 1.1), (1.08, 0.93, 1), (0.93, 1.08, 1)):
        changed = [tinted(one, red, blue, light) for one in fresh]
        rejected = sum(judge.inspect(one).outcome is not Outcome.OK for one in changed)
        assert rejected <= usual + 2, (red, blue, light)
    bare = Inspector(learn(good, Recipe(model=model)))
    blue = [tinted(one, 0.85, 1.15) for one in fresh]
    assert sum(bare.inspect(one).outcome is not Outcome.OK for one in blue) > 20


def test_a_part_of_another_colour_stays_ng_and_the_graph_agrees(tmp_path):
    pytest.importorskip("onnx")
    good = [in_colour(one) for one in good_pictures(40)]
    part = learn(good, Recipe(model="pca", light="level"))
    part = Bundle.from_bytes(part.to_bytes())
    assert part.preparation.light.tinted
    green = tinted(in_colour(good_pictures(1, first=700)[0]), 0.5, 0.5)
    assert Inspector(part).inspect(green).outcome is not Outcome.OK
    pictures = [tinted(in_colour(one), 1.1, 0.9) for one in good_pictures(6, first=700)]
    assert export(part, tmp_path / "m", [*pictures, green]).farthest < 1e-4


def test_learn_proposes_to_even_out_light_that_varies():
    rng = np.random.default_rng(0)
    lit = [np.clip(one * rng.uniform(0.7, 1.2), 0, 255).astype(np.uint8)
           for one in good_pictures(30)]  # fmt: skip

    def told(recipe):
        return [one.code for one in learn(lit, recipe).provenance.remarks]

    assert "light_varies" in told(Recipe(model="pca"))
    assert "light_varies" not in told(Recipe(model="pca", light="level"))
    steady = learn(good_pictures(30), Recipe(model="pca")).provenance.remarks
    assert "light_varies" not in [one.code for one in steady]


def test_a_part_that_looks_the_same_mirrored_is_not_called_mirrored():
    """Of nearly symmetrical parts noise would decide."""
    half = [one[:, :128] for one in connectors(24, size=SIZE)]
    judge = Inspector(learn([np.hstack([one, one[:, ::-1]]) for one in half], Recipe(model="pca")))
    for one in connectors(4, first=400, size=SIZE):
        both = np.hstack([one[:, :128], one[:, :128][:, ::-1]])
        verdict = judge.inspect(struck(both))
        assert verdict.outcome is not Outcome.OK
        assert not any(note.code == "note_laid_mirrored" for note in verdict.notes)
