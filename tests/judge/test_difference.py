import numpy as np
import pytest
from skimage.metrics import structural_similarity as peer_similarity

from kenpin.judge.difference import (
    Measure,
    absolute_difference,
    squared_difference,
    structural_similarity,
)
from kenpin.judge.regions import regions, regions_to_show
from kenpin.judge.scoring import score
from kenpin.judge.variation import SCALES, learn_variation, powers_of

RNG = np.random.default_rng(0)


def noise(count, sigma, shape=(32, 48, 1)):
    return (RNG.normal(0, 1, (count, *shape)) * sigma).astype(np.float32)


def unseen_scores(residuals, folds):
    """The variation, and the score of each residual with the variation of the other folds."""
    variation, without = learn_variation(residuals, folds)
    scores = [score(without[f].difference(r)) for f, r in zip(folds, residuals, strict=True)]
    return variation, np.array(scores)


def folds_of(count, number=5):
    return np.arange(count) % number


def test_the_finest_scale_is_in_standard_deviations_wherever_the_variation_differs():
    sigma = np.where(np.arange(48) < 24, 0.02, 0.10)[None, :, None]
    variation, _ = learn_variation(noise(200, sigma), folds_of(200))
    left = noise(1, sigma)[0]
    difference = variation.difference(left)
    # The map takes the largest of five scales, so its typical value is near but above 1, and the
    # same on both sides although the right side varies five times as much.
    assert 0.8 < np.median(difference[:, :20]) < 2.5
    assert np.median(difference[:, 28:]) == pytest.approx(np.median(difference[:, :20]), rel=0.25)
    assert variation.weights[0] == 1


def test_a_difference_scales_with_the_residual_and_is_never_negative():
    variation, _ = learn_variation(noise(50, 0.05), folds_of(50))
    residual = noise(1, 0.05)[0]
    once, twice = variation.difference(residual), variation.difference(-2 * residual)
    assert once.shape == (32, 48) and once.dtype == np.float32 and once.min() >= 0
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-5)


@pytest.mark.parametrize("radius", [1, 6])
def test_a_defect_of_any_size_stands_out_at_its_place(radius):
    variation, scores = unseen_scores(noise(100, 0.05), folds_of(100))
    residual = noise(1, 0.05)[0]
    y, x = 20, 30
    rows, columns = np.mgrid[:32, :48]
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    residual[inside] += 0.25 if radius == 1 else 0.05
    difference = variation.difference(residual)
    assert score(difference) > scores.max()
    peak = np.unravel_index(difference.argmax(), difference.shape)
    assert np.hypot(peak[0] - y, peak[1] - x) <= radius + 2


def test_places_that_never_vary_are_floored():
    residuals = noise(60, 0.05)
    residuals[:, :, :24] = 0
    variation, _ = learn_variation(residuals, folds_of(60))
    assert all(np.isfinite(spread).all() and spread.min() >= 1e-3 for spread in variation.spreads)
    nothing, _ = learn_variation(np.zeros((20, 16, 16, 1), np.float32), folds_of(20))
    assert np.isfinite(nothing.difference(np.zeros((16, 16, 1), np.float32))).all()


def test_a_pictures_own_residual_does_not_excuse_it():
    """With its own fold in the variation an odd picture would look less odd than it is."""
    residuals = noise(40, 0.05)
    folds = folds_of(40)
    calm = unseen_scores(residuals, folds)[1]
    residuals[0, 10:14, 10:14] += 3.0
    variation, scores = unseen_scores(residuals, folds)
    others, _ = learn_variation(residuals[folds != 0], folds_of(32, 4))
    honest = score(others.difference(residuals[0]))
    excused = score(variation.difference(residuals[0]))
    assert scores[0] == pytest.approx(honest, rel=0.15)
    assert scores[0] > 1.5 * excused
    assert scores[0] > 10 * calm.max()


def test_unseen_scores_are_like_the_scores_of_new_pictures():
    variation, scores = unseen_scores(noise(300, 0.05), folds_of(300))
    fresh = [score(variation.difference(residual)) for residual in noise(300, 0.05)]
    assert np.median(scores) == pytest.approx(np.median(fresh), rel=0.03)
    assert np.quantile(scores, 0.95) == pytest.approx(np.quantile(fresh, 0.95), rel=0.06)


def test_plain_differences_are_means():
    residual = np.array([[[0.5], [-0.5]], [[0.0], [0.1]]], np.float32)
    assert absolute_difference(residual) == pytest.approx(1.1 / 4)
    assert squared_difference(residual) == pytest.approx(0.51 / 4)


def test_scales_run_from_a_pixel_of_128_to_an_eighth():
    assert SCALES[0] == 1 / 128 and SCALES[-1] == 1 / 8


def test_there_is_a_region_exactly_when_the_score_is_above_the_limit():
    difference = np.zeros((20, 30), np.float32)
    difference[3:6, 4:9] = 5.0
    difference[4, 5] = 7.0
    difference[15, 20] = 6.0
    assert regions(difference, 7.0) == ()
    found = regions(difference, 4.0)
    assert [(r.x, r.y, r.width, r.height, r.peak) for r in found] == [
        (4, 3, 5, 3, 7.0),
        (20, 15, 1, 1, 6.0),
    ]
    limit = np.nextafter(np.float32(7), np.float32(0))
    assert len(regions(difference, float(limit))) == 1


def test_structural_similarity_is_that_of_scikit_image():
    one, other = RNG.uniform(0, 1, (2, 24, 30, 1)).astype(np.float32)
    _, expected = peer_similarity(
        one[..., 0].astype(np.float64), other[..., 0].astype(np.float64), data_range=1.0,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True,
    )  # fmt: skip
    np.testing.assert_allclose(structural_similarity(one, other), expected, atol=1e-6)
    colour = RNG.uniform(0, 1, (2, 24, 30, 3)).astype(np.float32)
    each = [structural_similarity(*colour[..., [channel]]) for channel in range(3)]
    np.testing.assert_allclose(structural_similarity(*colour), np.mean(each, axis=0), atol=1e-6)


def test_plain_measures_by_hand():
    prepared, residual = np.zeros((5, 5, 2), np.float32), np.zeros((5, 5, 2), np.float32)
    residual[2, 2] = (0.6, -0.2)
    assert Measure("l1", 0.0).map(prepared, residual)[2, 2] == pytest.approx(0.4)
    assert Measure("l2", 0.0).map(prepared, residual)[2, 2] == pytest.approx(0.2)
    smooth = Measure("l1", 0.2).map(prepared, residual)
    assert smooth.max() < 0.4 and smooth.sum() == pytest.approx(0.4, rel=0.02)
    assert Measure("ssim", 0.0).map(prepared, residual * 0).max() == pytest.approx(0, abs=1e-7)
    with pytest.raises(ValueError, match="need the variation"):
        Measure("units", 0.0).map(prepared, residual)


def test_scores_by_hand():
    difference = np.arange(200, dtype=np.float32).reshape(10, 20)
    assert score(difference, "max") == 199
    assert score(difference, "mean") == pytest.approx(99.5)
    assert score(difference, "top") == pytest.approx(198.5)  # 1 % of 200 are two


def test_a_part_that_is_not_ok_always_has_a_place():
    difference = np.zeros((8, 9), np.float32)
    difference[3, 4] = 2.0
    assert [(r.x, r.y) for r in regions_to_show(difference, 1.0)] == [(4, 3)]
    assert [(r.x, r.y) for r in regions_to_show(difference, 5.0)] == [
        (4, 3)
    ]  # above half the largest
    assert regions_to_show(np.zeros((8, 9), np.float32), 1.0)
    assert regions_to_show(np.full((8, 9), np.nan, np.float32), 1.0)


def test_the_variation_of_a_fold_is_taken_from_models_that_know_neither():
    """A fold's picture in the models of the others makes their residuals large where it is odd."""
    rng = np.random.default_rng(0)
    clean = rng.normal(0, 0.1, (8, 16, 16, 1)).astype(np.float32)
    leaked = clean.copy()
    leaked[2:, 4:8, 4:8] *= 5  # what the models of the others took over from the first fold
    folds = np.repeat(np.arange(4), 2)
    apart = {
        (fold, other): powers_of(clean[folds == other])
        for fold in range(4) for other in range(4) if fold != other
    }  # fmt: skip
    final, without = learn_variation(leaked, folds, apart)
    plain, of_clean = learn_variation(clean, folds)
    for one, other in zip((final, *without), (plain, *of_clean), strict=True):
        assert all(np.allclose(a, b) for a, b in zip(one.spreads, other.spreads, strict=True))
    hidden, _ = learn_variation(leaked, folds)
    assert hidden.spreads[0][6, 6, 0] > 2 * final.spreads[0][6, 6, 0]
