"""Features, finer ones and squares of pixels at the places of one grid."""

import numpy as np
import pytest

from kenpin.statistics.squares import COLOURS, FINER, Packing, as_squares, from_squares


def test_a_place_has_its_own_square_of_pixels():
    picture = np.zeros((2 * 5, 3 * 5, COLOURS), np.float32)
    picture[5:10, 10:] = 1
    squares = as_squares(picture, 5)
    assert squares.shape == (2, 3, 75)
    assert (squares[1, 2] == 1).all() and squares.sum() == 75


@pytest.mark.parametrize("side", [2, 5, 8])
def test_there_and_back(side):
    pictures = np.random.default_rng(0).random((4, 5 * side, 2 * side, 7), np.float32)
    np.testing.assert_array_equal(from_squares(as_squares(pictures, side), side), pictures)


@pytest.mark.parametrize("twice", [False, True])
def test_what_is_put_together_comes_apart_again(twice):
    packing, rng = Packing(twice), np.random.default_rng(0)
    features = rng.random((2, 3, 4, 7), np.float32)
    finer = rng.random((2, 3 * FINER, 4 * FINER, 7), np.float32) if twice else None
    pixels = rng.random((2, 3 * packing.side, 4 * packing.side, COLOURS), np.float32)
    seen = packing.packed(features, finer)
    assert seen.shape == (2, 3, 4, 7 * packing.sizes)
    whole = np.concatenate([seen, as_squares(pixels, packing.side)], axis=3)
    assert whole.shape[3] == 7 * packing.sizes + packing.in_square
    parts = packing.parted(whole)
    np.testing.assert_array_equal(parts.features, features)
    np.testing.assert_array_equal(parts.pixels, pixels)
    assert (parts.finer is None) == (finer is None)
    if finer is not None:
        np.testing.assert_array_equal(parts.finer, finer)
    assert packing.finest((3, 4)) == ((6, 8) if twice else (3, 4))


def test_a_place_has_the_finer_features_of_its_own_quarter():
    finer = np.zeros((4, 6, 2), np.float32)
    finer[2:, :2] = 1
    seen = Packing(True).packed(np.zeros((2, 3, 2), np.float32), finer)
    assert seen[1, 0, 2:].all() and seen.sum() == 8
