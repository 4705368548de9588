"""Two eyes, one map: what each sees, and what pixels are worth beside features."""

from dataclasses import replace

import numpy as np
import pytest

from kenpin.judge.difference import Exchange, Measure
from kenpin.judge.eyes import HANDICAP, learn_eyes
from kenpin.judge.variation import learn_variation
from kenpin.statistics.squares import COLOURS, Packing, as_squares

GRID, CHANNELS = (8, 10), 6
FOLDS = np.arange(30) % 5


@pytest.fixture(scope="module", params=[False, True], ids=["once", "twice"])
def packing(request):
    return Packing(request.param)


@pytest.fixture(scope="module")
def residuals(packing):
    """Of good pictures: noise, in each picture of another strength."""
    rng = np.random.default_rng(0)
    strength = rng.uniform(0.8, 1.25, (30, 1, 1, 1))
    features = rng.normal(size=(30, *GRID, CHANNELS)) * strength
    finer = rng.normal(size=(30, *packing.finest(GRID), CHANNELS)) * strength
    size = 30, GRID[0] * packing.side, GRID[1] * packing.side, COLOURS
    pixels = rng.normal(size=size) * 0.02 * strength
    return put_together(packing, features, finer, pixels)


def put_together(packing, features, finer, pixels):
    seen = packing.packed(features, finer)
    return np.concatenate([seen, as_squares(pixels, packing.side)], axis=-1).astype(np.float32)


@pytest.fixture(scope="module")
def learned(residuals, packing):
    return learn_eyes(residuals, FOLDS, None, Measure("eyes", 1 / 32), packing)


def spoiled(packing, residual, features=0.0, finer=0.0, pixels=0.0):
    seen, side = packing.parted(residual), packing.side
    seen.features[2, 3] += features
    if seen.finer is not None:
        seen.finer[4:6, 6:8] += finer
    seen.pixels[2 * side : 3 * side, 3 * side : 4 * side] += pixels
    return put_together(packing, *seen)


def test_the_map_is_the_largest_of_what_the_eyes_see(learned, residuals, packing):
    measure, _ = learned
    eyes = measure.eyes(residuals[0])
    size = (GRID[0] * packing.side, GRID[1] * packing.side)
    assert eyes.features.shape == eyes.pixels.shape == size
    expected = np.maximum(eyes.features, measure.exchange.brought(eyes.pixels))
    assert (eyes.finer is not None) == packing.twice == (measure.finer is not None)
    if packing.twice:
        assert eyes.finer.shape == size
        expected = np.maximum(expected, measure.finer.brought(eyes.finer))
    found = measure.map(residuals[0], residuals[0])
    np.testing.assert_allclose(found, expected)
    assert found.dtype == np.float32 and (found >= 0).all()


def test_the_largest_difference_of_features_is_kept_when_the_map_is_enlarged(
    learned, residuals, packing
):
    measure = replace(learned[0], smoothing=0.0)
    seen, eyes = packing.parted(residuals[3]), measure.eyes(residuals[3])
    for own, found in zip(seen[:2], eyes[:2], strict=True):
        if own is not None:
            alone = np.square(own).mean(axis=2).max()
            assert found.max() == pytest.approx(alone, rel=1e-6)


@pytest.mark.parametrize("where", ["features", "finer", "pixels"])
def test_each_finds_what_only_it_can_see_and_where(learned, residuals, packing, where):
    where = "features" if not packing.twice and where == "finer" else where  # there is none
    side = packing.side
    measure, of_fold = learned
    good = [of_fold[f].map(r, r).max() for r, f in zip(residuals, FOLDS, strict=True)]
    amount = {"features": 6.0, "finer": 6.0, "pixels": 0.3}[where]
    bad = spoiled(packing, residuals[0], **{where: amount})
    found = measure.map(bad, bad)
    assert found.max() > max(good)
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert abs(y - 2.5 * side) <= side and abs(x - 3.5 * side) <= side


def test_pixels_count_by_what_they_are_above_the_handicap(learned, residuals):
    """One as far above usual as features are is worth `HANDICAP` deviations less."""
    measure, of_fold = learned
    pairs = zip(residuals, FOLDS, strict=True)
    every = [of_fold[f].eyes(r) for r, f in pairs]
    peaks = np.array([[e.max() for e in eyes if e is not None] for eyes in every])
    logarithms = np.log(peaks)
    middle, spread = np.median(logarithms, axis=0), logarithms.std(axis=0)

    def worth(eye, exchange):
        far = np.exp(middle[eye] + 3 * spread[eye])
        brought = np.log(exchange.brought(np.array([far], np.float32))[0])
        return (brought - middle[0]) / spread[0]

    assert worth(-1, measure.exchange) == pytest.approx(3 - HANDICAP, rel=1e-4)
    if measure.finer is not None:  # features of either size count alike
        assert worth(1, measure.finer) == pytest.approx(3, rel=1e-4)


def test_a_fold_is_measured_without_itself(learned, residuals, packing):
    """Else an odd picture would hide in what is usual."""
    odd = residuals.copy()
    odd[0] = spoiled(packing, odd[0], features=30.0)
    _, of_fold = learn_eyes(odd, FOLDS, None, Measure("eyes", 1 / 32), packing)
    assert of_fold[FOLDS[0]].exchange == learned[1][FOLDS[0]].exchange
    assert of_fold[FOLDS[1]].exchange != learned[1][FOLDS[1]].exchange


def test_what_is_ignored_counts_for_no_eye(residuals, packing):
    ignored = np.zeros(GRID, bool)
    ignored[1:4, 2:5] = True
    ignored = np.kron(ignored, np.ones(packing.finest((1, 1)), bool))
    plain = Measure("eyes", 0.0, ignored=ignored)
    measure, _ = learn_eyes(residuals, FOLDS, None, plain, packing)
    bad = spoiled(packing, residuals[0], features=50.0, finer=50.0, pixels=5.0)
    np.testing.assert_array_equal(measure.map(bad, bad), measure.map(residuals[0], residuals[0]))
    side = packing.side
    inside = np.s_[2 * side : 3 * side, 3 * side : 4 * side]
    assert (measure.map(bad, bad)[inside] == 0).all()


def test_finer_features_are_ignored_no_further_than_they_must_be():
    """What is coarse lies partly where nothing counts; a quarter of it does count."""
    ignored = np.zeros((8, 8), bool)
    ignored[0, 0] = True
    measure = Measure("eyes", 0.0, ignored=ignored)
    assert not measure.counted((4, 4))[0, 0] and measure.counted((4, 4)).sum() == 15
    assert measure.counted((8, 8)).sum() == 63
    assert measure.counted((16, 16)).sum() == 4 * 63
    assert Measure("eyes", 0.0).counted((3, 5)).all()


def test_good_parts_that_never_vary_give_an_exchange_that_can_be_kept(residuals, packing):
    same = np.zeros_like(residuals[:10])
    measure, of_fold = learn_eyes(same, np.arange(10) % 5, None, Measure("eyes", 1 / 32), packing)
    assert measure.exchange.possible and all(one.exchange.possible for one in of_fold)
    assert measure.fits(same.shape[1:])


def test_what_does_not_fit_is_noticed(learned, residuals, packing):
    measure, _ = learned
    shape = residuals.shape[1:]
    assert measure.fits(shape)
    assert not measure.fits((shape[0] + 1, *shape[1:]))
    for exchange in (None, Exchange(0.0, 1.0), Exchange(1.0, float("nan"))):
        assert not replace(measure, exchange=exchange).fits(shape)
    assert not replace(measure, finer=Exchange(float("inf"), 1.0)).fits(shape)
    assert not measure.fits((*shape[:2], packing.in_square))
    if packing.twice:
        assert not measure.fits((*shape[:2], shape[2] + 1))
    with pytest.raises(ValueError, match="variation"):
        Measure("eyes", 0.0).map(residuals[0], residuals[0])
    variation, _ = learn_variation(packing.pixels(residuals), FOLDS)
    with pytest.raises(ValueError, match="exchange"):
        replace(measure, variation=variation, exchange=None).map(residuals[0], residuals[0])


def test_a_spot_stays_a_number_where_good_pixels_hardly_vary(residuals, packing):
    """The exchange would else be so steep that a large difference is infinite."""
    features, finer, pixels = packing.parted(residuals)
    uneven = features * np.geomspace(0.1, 10, len(features)).reshape(-1, 1, 1, 1)
    alike = np.repeat(pixels[:1], len(pixels), axis=0)
    steep = put_together(packing, uneven, finer, alike)
    measure, _ = learn_eyes(steep, FOLDS, None, Measure("eyes", 1 / 32), packing)
    bad = spoiled(packing, steep[0], pixels=1.0)
    found = measure.map(bad, bad)
    assert np.isfinite(found).all() and found.max() > measure.map(steep[0], steep[0]).max()
