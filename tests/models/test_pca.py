"""What many linear autoencoders leave of pictures, from the products of the pictures alone."""

import numpy as np
import pytest

import kenpin
from conftest import good_pictures
from kenpin.learning import cross_fit
from kenpin.models import Together
from kenpin.models.pca import learn
from kenpin.recipe import PcaSettings


def left_over(pictures, learned, seen, components):
    """By a model that is learned."""
    model = learn(pictures[learned], PcaSettings(components=components), 0, lambda *_: None)
    return pictures[seen] - model.reconstruct(pictures[seen])


@pytest.fixture(scope="module")
def pictures():
    return np.stack(good_pictures(60)).astype(np.float32) / 255


@pytest.mark.parametrize("components", [1, 5, 20, 200])
def test_products_leave_what_a_learned_model_leaves(pictures, components):
    rng = np.random.default_rng(components)
    together = Together(pictures)
    for _ in range(3):
        order = rng.permutation(60)
        learned, seen = np.isin(np.arange(60), order[:45]), np.isin(np.arange(60), order[45:57])
        expected = left_over(pictures, learned, seen, components)
        found = together.residuals(learned, seen, components)
        assert found.shape == expected.shape and found.dtype == np.float32
        error = np.sqrt(np.square(found - expected).mean() / np.square(expected).mean())
        assert error < 1e-3


def test_pictures_that_do_not_vary_leave_what_is_new():
    pictures = np.zeros((12, 8, 8, 1), np.float32)
    pictures[10:, 2, 3] = 0.5
    learned = np.arange(12) < 10
    found = Together(pictures).residuals(learned, ~learned, 4)
    np.testing.assert_allclose(found, pictures[10:], atol=1e-6)


def test_the_limit_is_that_of_models_learned_one_by_one(monkeypatch):
    good = good_pictures(40)
    recipe = kenpin.Recipe(model="pca", false_reject=0.05)
    by_products = kenpin.learn(good, recipe, search=False).calibration.limit

    class Learning(Together):
        def __init__(self, pictures):
            self.pictures = pictures

        def residuals(self, learned, seen, components):
            return left_over(self.pictures, learned, seen, components)

    monkeypatch.setattr(cross_fit, "Together", Learning)
    one_by_one = kenpin.learn(good, recipe, search=False).calibration.limit
    assert by_products == pytest.approx(one_by_one, rel=1e-4)
