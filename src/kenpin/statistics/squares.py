"""A picture as squares of pixels, one at each place of a coarser grid, and back."""

import numpy as np
from numpy.typing import NDArray

PIXELS = 5
"""Of a side of a square; odd, so that a place has a pixel in its middle."""
COLOURS = 3  # also of grey pictures: what an array holds is then never in doubt
IN_SQUARE = COLOURS * PIXELS**2

_Array = NDArray[np.float32]


def as_squares(pictures: _Array) -> _Array:
    """(..., h * PIXELS, w * PIXELS, 3) -> (..., h, w, IN_SQUARE)."""
    *many, height, width, colours = pictures.shape
    grid = height // PIXELS, width // PIXELS
    rows = pictures.reshape(-1, grid[0], PIXELS, grid[1], PIXELS, colours)
    return np.ascontiguousarray(rows.transpose(0, 1, 3, 2, 4, 5).reshape(*many, *grid, -1))


def from_squares(squares: _Array) -> _Array:
    """(..., h, w, IN_SQUARE) -> (..., h * PIXELS, w * PIXELS, 3): `as_squares` undone."""
    *many, height, width, _ = squares.shape
    blocks = squares.reshape(-1, height, width, PIXELS, PIXELS, COLOURS)
    rows = blocks.transpose(0, 1, 3, 2, 4, 5)
    return np.ascontiguousarray(rows.reshape(*many, height * PIXELS, width * PIXELS, COLOURS))


def parted(values: _Array) -> tuple[_Array, _Array]:
    """(..., h, w, D + IN_SQUARE) -> the first D (..., h, w, D), and the pixels.

    The latter (..., h * PIXELS, w * PIXELS, 3).
    """
    return np.ascontiguousarray(values[..., :-IN_SQUARE]), from_squares(values[..., -IN_SQUARE:])
