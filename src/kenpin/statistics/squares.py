"""What is seen of a picture at the places of one grid: features, finer ones, and its pixels."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COLOURS = 3  # also of grey pictures: what an array holds is then never in doubt
FINER = 2
"""Times as fine, of a side: the grid of the features of a picture twice as large."""

_Array = NDArray[np.float32]


class Parts(NamedTuple):
    """features: (..., h, w, D). finer: (..., 2 h, 2 w, D). pixels: (..., h * side, w * side, 3)."""

    features: _Array
    finer: _Array | None
    pixels: _Array


@dataclass(frozen=True)
class Packing:
    """How they are put together: at each place of the features also what is finer there.

    twice: whether features of the picture twice as large are among them.
    """

    twice: bool = False

    @property
    def side(self) -> int:
        """Pixels of a side of the square at each place."""
        return 8 if self.twice else 5

    @property
    def in_square(self) -> int:
        """How many numbers a square of pixels is."""
        return COLOURS * self.side**2

    @property
    def sizes(self) -> int:
        """How many times the numbers of a place's features are there."""
        return 1 + FINER**2 if self.twice else 1

    def finest(self, grid: tuple[int, int]) -> tuple[int, int]:
        """(h, w) of the finest features, where `grid` is that of the coarsest."""
        times = FINER if self.twice else 1
        return times * grid[0], times * grid[1]

    def packed(self, features: _Array, finer: _Array | None) -> _Array:
        """Features of one size or of two -> (..., h, w, sizes * D)."""
        if not self.twice or finer is None:
            return features
        return np.concatenate([features, as_squares(finer, FINER)], axis=-1)

    def unpacked(self, values: _Array) -> tuple[_Array, _Array | None]:
        """`packed` undone."""
        if not self.twice:
            return np.ascontiguousarray(values), None
        own = values.shape[-1] // self.sizes
        finer = from_squares(values[..., own:], FINER)
        return np.ascontiguousarray(values[..., :own]), finer

    def parted(self, values: _Array) -> Parts:
        """(..., h, w, sizes * D + in_square) -> features and pixels."""
        features, finer = self.unpacked(values[..., : -self.in_square])
        return Parts(features, finer, self.pixels(values))

    def pixels(self, values: _Array) -> _Array:
        """As `parted`, the pixels alone."""
        return from_squares(values[..., -self.in_square :], self.side)


def as_squares(pictures: _Array, side: int) -> _Array:
    """(..., h * side, w * side, C) -> (..., h, w, side * side * C)."""
    *many, height, width, colours = pictures.shape
    grid = height // side, width // side
    rows = pictures.reshape(-1, grid[0], side, grid[1], side, colours)
    return np.ascontiguousarray(rows.transpose(0, 1, 3, 2, 4, 5).reshape(*many, *grid, -1))


def from_squares(squares: _Array, side: int) -> _Array:
    """`as_squares` undone."""
    *many, height, width, numbers = squares.shape
    blocks = squares.reshape(-1, height, width, side, side, numbers // side**2)
    rows = blocks.transpose(0, 1, 3, 2, 4, 5)
    return np.ascontiguousarray(rows.reshape(*many, height * side, width * side, -1))
