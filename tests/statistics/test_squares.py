"""Squares of pixels at the places of a coarser grid."""

import numpy as np

from kenpin.statistics.squares import COLOURS, IN_SQUARE, PIXELS, as_squares, from_squares, parted


def test_a_place_has_its_own_square_of_pixels():
    picture = np.zeros((2 * PIXELS, 3 * PIXELS, COLOURS), np.float32)
    picture[PIXELS : 2 * PIXELS, 2 * PIXELS :] = 1
    squares = as_squares(picture)
    assert squares.shape == (2, 3, IN_SQUARE)
    assert (squares[1, 2] == 1).all() and squares.sum() == IN_SQUARE


def test_there_and_back():
    pictures = np.random.default_rng(0).random((4, 5 * PIXELS, 2 * PIXELS, COLOURS), np.float32)
    np.testing.assert_array_equal(from_squares(as_squares(pictures)), pictures)


def test_what_is_not_pixels_comes_first():
    rng = np.random.default_rng(0)
    features = rng.random((2, 3, 4, 7), np.float32)
    pixels = rng.random((2, 3 * PIXELS, 4 * PIXELS, COLOURS), np.float32)
    first, rest = parted(np.concatenate([features, as_squares(pixels)], axis=3))
    np.testing.assert_array_equal(first, features)
    np.testing.assert_array_equal(rest, pixels)
