"""Two eyes, one map: what each sees, and what pixels are worth beside features."""

import numpy as np
import pytest

from kenpin.judge.difference import Exchange, Measure, learn_variation
from kenpin.judge.eyes import HANDICAP, learn_eyes
from kenpin.statistics.squares import COLOURS, PIXELS, as_squares, parted

GRID, CHANNELS = (8, 10), 6
FOLDS = np.arange(30) % 5


@pytest.fixture(scope="module")
def residuals():
    """Of good pictures: noise, in each picture of another strength."""
    rng = np.random.default_rng(0)
    strength = rng.uniform(0.8, 1.25, (30, 1, 1, 1))
    features = rng.normal(size=(30, *GRID, CHANNELS)) * strength
    size = 30, GRID[0] * PIXELS, GRID[1] * PIXELS, COLOURS
    pixels = rng.normal(size=size) * 0.02 * strength
    return np.concatenate([features, as_squares(pixels)], axis=3).astype(np.float32)


@pytest.fixture(scope="module")
def learned(residuals):
    return learn_eyes(residuals, FOLDS, None, Measure("eyes", 1 / 32))


def spoiled(residual, features=0.0, pixels=0.0):
    seen, small = parted(residual)
    seen[2, 3] += features
    small[2 * PIXELS : 3 * PIXELS, 3 * PIXELS : 4 * PIXELS] += pixels
    return np.concatenate([seen, as_squares(small)], axis=2)


def test_the_map_is_the_larger_of_both_eyes(learned, residuals):
    measure, _ = learned
    features, pixels = measure.eyes(residuals[0])
    assert features.shape == pixels.shape == (GRID[0] * PIXELS, GRID[1] * PIXELS)
    found = measure.map(residuals[0], residuals[0])
    np.testing.assert_allclose(found, np.maximum(features, measure.exchange.brought(pixels)))
    assert found.dtype == np.float32 and (found >= 0).all()


def test_the_largest_difference_of_features_is_kept_when_the_map_is_enlarged(learned, residuals):
    measure = Measure("eyes", 0.0, learned[0].variation, exchange=learned[0].exchange)
    alone = np.square(parted(residuals[3])[0]).mean(axis=2).max()
    assert measure.eyes(residuals[3])[0].max() == pytest.approx(alone, rel=1e-6)


@pytest.mark.parametrize("where", ["features", "pixels"])
def test_either_eye_finds_what_only_it_can_see_and_where(learned, residuals, where):
    measure, of_fold = learned
    good = [of_fold[f].map(r, r).max() for r, f in zip(residuals, FOLDS, strict=True)]
    amount = {"features": 6.0, "pixels": 0.3}[where]
    bad = spoiled(residuals[0], **{where: amount})
    found = measure.map(bad, bad)
    assert found.max() > max(good)
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert abs(y - 2.5 * PIXELS) <= PIXELS and abs(x - 3.5 * PIXELS) <= PIXELS


def test_pixels_count_by_what_they_are_above_the_handicap(learned, residuals):
    """One as far above usual as features are is worth `HANDICAP` deviations less."""
    measure, of_fold = learned
    pairs = zip(residuals, FOLDS, strict=True)
    peaks = np.array([[e.max() for e in of_fold[f].eyes(r)] for r, f in pairs])
    logarithms = np.log(peaks)
    middle, spread = np.median(logarithms, axis=0), logarithms.std(axis=0)
    far = np.exp(middle[1] + 3 * spread[1])
    worth = np.log(measure.exchange.brought(np.array([far], np.float32))[0])
    assert (worth - middle[0]) / spread[0] == pytest.approx(3 - HANDICAP, rel=1e-4)


def test_a_fold_is_measured_without_itself(learned, residuals):
    """Else an odd picture would hide in what is usual."""
    odd = residuals.copy()
    odd[0] = spoiled(odd[0], features=30.0)
    _, of_fold = learn_eyes(odd, FOLDS, None, Measure("eyes", 1 / 32))
    assert of_fold[FOLDS[0]].exchange == learned[1][FOLDS[0]].exchange
    assert of_fold[FOLDS[1]].exchange != learned[1][FOLDS[1]].exchange


def test_what_is_ignored_counts_for_neither_eye(residuals):
    ignored = np.zeros(GRID, bool)
    ignored[1:4, 2:5] = True
    measure, _ = learn_eyes(residuals, FOLDS, None, Measure("eyes", 0.0, ignored=ignored))
    bad = spoiled(residuals[0], features=50.0, pixels=5.0)
    np.testing.assert_array_equal(measure.map(bad, bad), measure.map(residuals[0], residuals[0]))
    inside = np.s_[2 * PIXELS : 3 * PIXELS, 3 * PIXELS : 4 * PIXELS]
    assert (measure.map(bad, bad)[inside] == 0).all()


def test_good_parts_that_never_vary_give_an_exchange_that_can_be_kept():
    same = np.zeros((10, *GRID, CHANNELS + COLOURS * PIXELS**2), np.float32)
    measure, of_fold = learn_eyes(same, np.arange(10) % 5, None, Measure("eyes", 1 / 32))
    assert measure.exchange.possible and all(one.exchange.possible for one in of_fold)
    assert measure.fits(same.shape[1:])


def test_what_does_not_fit_is_noticed(learned, residuals):
    measure, _ = learned
    shape = residuals.shape[1:]
    assert measure.fits(shape)
    assert not measure.fits((shape[0] + 1, *shape[1:]))
    for exchange in (None, Exchange(0.0, 1.0), Exchange(1.0, float("nan"))):
        assert not Measure("eyes", 0.0, measure.variation, exchange=exchange).fits(shape)
    with pytest.raises(ValueError, match="variation"):
        Measure("eyes", 0.0).map(residuals[0], residuals[0])
    variation, _ = learn_variation(parted(residuals)[1], FOLDS)
    with pytest.raises(ValueError, match="exchange"):
        Measure("eyes", 0.0, variation).map(residuals[0], residuals[0])


def test_a_spot_stays_a_number_where_good_pixels_hardly_vary(residuals):
    """The exchange would else be so steep that a large difference is infinite."""
    features, pixels = parted(residuals)
    uneven = features * np.geomspace(0.1, 10, len(features)).reshape(-1, 1, 1, 1)
    alike = as_squares(np.repeat(pixels[:1], len(pixels), axis=0))
    steep = np.concatenate([uneven, alike], axis=3).astype(np.float32)
    measure, _ = learn_eyes(steep, FOLDS, None, Measure("eyes", 1 / 32))
    bad = spoiled(steep[0], pixels=1.0)
    found = measure.map(bad, bad)
    assert np.isfinite(found).all() and found.max() > measure.map(steep[0], steep[0]).max()
