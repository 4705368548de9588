"""Cuts a large picture into overlapping tiles of one size, so that fine defects stay in sight."""

from math import ceil

from kenpin.recipe import Rectangle

MOST_TILES = 256
_OVERLAP = 1 / 8  # of a tile's side: a defect on an edge lies well inside the neighbour


def tiles_over(outer: Rectangle, side: int) -> tuple[Rectangle, ...]:
    """(x, y, width, height) of tiles that together cover `outer`, row by row.

    side: of a tile, in pixels of the picture; shorter where `outer` is.
    """
    x, y, width, height = outer
    wide, high = min(width, side), min(height, side)
    return tuple(
        (x + right, y + down, wide, high)
        for down in _starts(height, high)
        for right in _starts(width, wide)
    )


def _starts(length: int, side: int) -> list[int]:
    """Where tiles of this side begin along a length, evenly apart."""
    if length <= side:
        return [0]
    count = ceil((length - side * _OVERLAP) / (side * (1 - _OVERLAP)))
    return [round(n * (length - side) / (count - 1)) for n in range(count)]
