"""What many linear autoencoders leave of pictures, from the products of the pictures alone."""

import numpy as np
import pytest

import kenpin
from conftest import good_pictures
from kenpin.drawn import draw_terminals
from kenpin.judge import compare
from kenpin.learning import cross_fit
from kenpin.models import (
    Together,
    encoder_for,
    learn_model,
    left_over,
    packing_of,
    settle_model,
)
from kenpin.models.pca import learn, not_spanned
from kenpin.recipe import PcaSettings


def by_learning(pictures, learned, seen, components):
    """By a model that is learned."""
    model = learn(pictures[learned], PcaSettings(components=components), 0, lambda *_: None)
    return pictures[seen] - model.reconstruct(pictures[seen])


@pytest.fixture(scope="module")
def pictures():
    stacked = np.stack(good_pictures(60)).astype(np.float32) / 255
    return stacked.reshape(*stacked.shape[:3], -1)


@pytest.mark.parametrize("components", [1, 5, 20, 200])
def test_products_leave_what_a_learned_model_leaves(pictures, components):
    rng = np.random.default_rng(components)
    together = Together(pictures)
    for _ in range(3):
        order = rng.permutation(60)
        learned, seen = np.isin(np.arange(60), order[:45]), np.isin(np.arange(60), order[45:57])
        expected = by_learning(pictures, learned, seen, components)
        found = together.residuals(learned, seen, components)
        assert found.shape == expected.shape and found.dtype == np.float32
        error = np.sqrt(np.square(found - expected).mean() / np.square(expected).mean())
        assert error < 1e-3


def test_more_pictures_than_pixels_leave_what_a_learned_model_leaves():
    rng = np.random.default_rng(0)
    pictures = rng.random((60, 5, 4, 1), np.float32) @ np.ones((1, 1), np.float32)
    expected = by_learning(pictures, np.arange(60) < 50, np.arange(60) >= 50, 7)
    found = not_spanned(pictures[:50], pictures[50:], 7)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    small = [(255 * rng.random((16, 16))).astype(np.uint8) for _ in range(300)]
    recipe = kenpin.Recipe(model="pca", size=(16, 16), false_reject=0.05)
    assert kenpin.learn(small, recipe, search=False).calibration.limit > 0


def test_pictures_that_do_not_vary_leave_what_is_new():
    pictures = np.zeros((12, 8, 8, 1), np.float32)
    pictures[10:, 2, 3] = 0.5
    learned = np.arange(12) < 10
    found = Together(pictures).residuals(learned, ~learned, 4)
    np.testing.assert_allclose(found, pictures[10:], atol=1e-6)


@pytest.mark.parametrize("model", ["pca", "feature", "both", "two sizes"])
@pytest.mark.parametrize("shift", [False, True])
def test_what_is_left_over_needs_no_model(model, shift):
    """But for the rounding of the components that a file keeps."""
    if shift and model == "pca":
        pytest.skip("it does not learn shifted pictures")
    own = {"two_sizes": True} if model == "two sizes" else {}
    recipe = kenpin.Recipe(model="both" if own else model, feature=own)
    recipe = recipe.settled().but(size=(64, 96))
    pictures = np.stack([draw_terminals(n, size=(64, 96)).pixels for n in range(40)])
    given = pictures.reshape(40, 64, 96, -1).astype(np.float32) / 255
    if model != "pca":
        given = encoder_for(recipe).encode(given)
    recipe = settle_model(given, recipe, 30)
    moved = None
    if shift:
        pixels = 0 if model == "feature" else packing_of(recipe).in_square
        moved = np.roll(given[:30, ..., : given.shape[-1] - pixels], 1, axis=2)
    learned = learn_model(given[:30], recipe, lambda *_: None, None, moved)
    expected, _ = compare(learned, given[30:])
    found = left_over(given[:30], recipe, given[30:], moved)
    error = np.sqrt(np.square(found - expected).mean() / np.square(expected).mean())
    assert found.shape == expected.shape and error < 2e-3


def test_the_limit_is_that_of_models_learned_one_by_one(monkeypatch):
    good = good_pictures(40)
    recipe = kenpin.Recipe(model="pca", false_reject=0.05)
    by_products = kenpin.learn(good, recipe, search=False).calibration.limit

    class Learning(Together):
        def __init__(self, pictures):
            self.pictures = pictures

        def residuals(self, learned, seen, components):
            return by_learning(self.pictures, learned, seen, components)

    monkeypatch.setattr(cross_fit, "Together", Learning)
    monkeypatch.setattr(cross_fit, "left_over", lambda *_: None)
    one_by_one = kenpin.learn(good, recipe, search=False).calibration.limit
    assert by_products == pytest.approx(one_by_one, rel=1e-4)
