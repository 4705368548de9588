"""The MT and RT methods on plain arrays."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.utils.estimator_checks import parametrize_with_checks

from kenpin.models.mt import UnitSpace, ledoit_wolf
from kenpin.models.rt import RtSpace
from kenpin.models.scikit_learn import MahalanobisTaguchi, RecognitionTaguchi
from kenpin.statistics.recognition_taguchi import local_numbers, rt_numbers

RNG = np.random.default_rng(0)


@parametrize_with_checks([MahalanobisTaguchi(), RecognitionTaguchi()])
def test_they_are_estimators_as_scikit_learn_wants_them(estimator, check):
    check(estimator)


def test_mt_by_hand():
    """Four pieces, two items.

    items 1, 3, 1, 3 and 2, 6, 4, 4: means 2 and 4, standard deviations (over n) 1 and sqrt 2.
    z = (-1, -sqrt 2), (1, sqrt 2), (-1, 0), (1, 0); correlation (2 sqrt 2) / 4 = sqrt(1/2).
    R^-1 = 1 / (1 - 1/2) [[1, -sqrt(1/2)], [-sqrt(1/2), 1]].
    The piece (2, 4 + sqrt 2) has z = (0, 1): distance = 2 / 2 = 1.
    The piece (4, 4) has z = (2, 0): distance = 4 * 2 / 2 = 4.
    The piece (3, 4) has z = (1, 0): distance = 1. The piece (3, 2) has z = (1, -sqrt 2):
    2 (1 + 2 + 2 sqrt(1/2) sqrt 2) / 2 = 5.
    """
    good = np.array([[1.0, 2.0], [3.0, 6.0], [1.0, 4.0], [3.0, 4.0]])
    pieces = np.array([[2.0, 4 + np.sqrt(2)], [4.0, 4.0], [3.0, 4.0], [3.0, 2.0]])
    model = MahalanobisTaguchi(shrinkage=0.0).fit(good)
    np.testing.assert_allclose(model.distance(pieces), [1, 4, 1, 5], rtol=0, atol=1e-9)
    assert model.distance(good).mean() == pytest.approx(1, abs=1e-9)


def test_rt_by_hand():
    """Three pieces, two items; mean (1, 2), r = 1 + 4 = 5, k - 1 = 1.

    (2, 2): L = 6, Y1 = 1.2, S_T = 8, S_beta = 36/5, V_e = 0.8. (0, 2): L = 4, Y1 = 0.8, S_T = 4,
    S_beta = 16/5, V_e = 0.8. (1, 2): L = 5, Y1 = 1, S_T = 5, V_e = 0.
    """
    good = np.array([[2.0, 2.0], [0.0, 2.0], [1.0, 2.0]])
    numbers = rt_numbers(good, good.mean(axis=0))
    root = np.sqrt(0.8)
    np.testing.assert_allclose(numbers, [[1.2, root], [0.8, root], [1, 0]], rtol=0, atol=1e-9)
    # Centre (1, 2 root / 3); variances 0.08/3 and (2/9) 0.8, covariance 0: distance is half the sum
    # of squared deviations in these. (1, 2) itself: 0 + (4/9) 0.8 / ((2/9) 0.8) = 2, half of it 1.
    distances = RecognitionTaguchi().fit(good).distance(good)
    np.testing.assert_allclose(distances, [1, 1, 1], rtol=0, atol=1e-9)
    other = RtSpace.of(good).distance(np.array([[3.0, 1.0]]))  # L = 5, Y1 = 1, V_e = 10 - 5 = 5
    assert other[0] == pytest.approx((np.sqrt(5) - 2 * root / 3) ** 2 / (8 / 45) / 2 * 1, abs=1e-9)


def test_with_enough_pieces_it_is_the_mahalanobis_distance():
    good = RNG.normal(size=(300, 6)) @ RNG.normal(size=(6, 6)) + 5
    fresh = RNG.normal(size=(20, 6)) + 5
    inverse = np.linalg.inv(np.cov(good.T, bias=True))
    deviation = fresh - good.mean(axis=0)
    expected = np.einsum("ni,ij,nj->n", deviation, inverse, deviation) / 6
    np.testing.assert_allclose(MahalanobisTaguchi().fit(good).distance(fresh), expected, rtol=1e-8)


def test_with_few_pieces_it_shrinks_as_ledoit_and_wolf_say():
    for shape in ((20, 50), (60, 30)):
        items = RNG.normal(size=shape) @ RNG.normal(size=(shape[1], shape[1]))
        z = (items - items.mean(axis=0)) / items.std(axis=0)
        expected = ledoit_wolf_shrinkage(z, assume_centered=True)
        assert ledoit_wolf(z) == pytest.approx(expected, abs=1e-9)
        space = UnitSpace.of(items)
        assert space.shrinkage == pytest.approx(expected, abs=1e-9)
        R = (1 - expected) * (z.T @ z) / len(z) + expected * np.eye(shape[1])
        fresh = RNG.normal(size=(5, shape[1]))
        z = (fresh - space.mean) / space.spread
        expected = np.einsum("ni,ij,nj->n", z, np.linalg.inv(R), z) / shape[1]
        np.testing.assert_allclose(space.distance(fresh), expected, rtol=1e-8)


@pytest.mark.parametrize("estimator", [MahalanobisTaguchi, RecognitionTaguchi])
def test_the_limit_keeps_what_was_stated(estimator):
    rejected = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        model = estimator(false_reject=0.1).fit(rng.normal(5, 1, (99, 12)))
        rejected.append((model.predict(rng.normal(5, 1, (300, 12))) == -1).mean())
        assert (model.predict(rng.normal(9, 1, (50, 12))) == -1).mean() > 0.9
    assert 0.05 < np.mean(rejected) < 0.13


def test_local_numbers_are_the_numbers_of_the_window():
    mean, picture = RNG.uniform(0.2, 0.8, (2, 15, 17, 1)).astype(np.float32)
    numbers = local_numbers(picture, mean, (5, 3))
    inside = np.s_[4:9, 7:10]
    expected = rt_numbers(picture[inside].reshape(1, -1), mean[inside].ravel())[0]
    np.testing.assert_allclose(numbers[6, 8], expected, rtol=1e-4)


def test_a_rate_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="false_reject must be in"):
        MahalanobisTaguchi(false_reject=0).fit(np.ones((5, 2)))
