"""All strips of a harness on one sheet, each always at the same place."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from kenpin.harness.strips import NOTHING, Strip
from kenpin.types import Floats, Pixels

_MOST_PIXELS = 200_000
_GAP, _STEP = 8, 8  # pixels between strips, whose sides are multiples of
_SHEET = 32  # of the sheet: as encoders see it


@dataclass(frozen=True)
class Row:
    """Where a strip is on the sheet."""

    x: int
    y: int
    width: int
    height: int

    @property
    def place(self) -> tuple[slice, slice]:
        """Of an array (H, W, …)."""
        return np.s_[self.y : self.y + self.height, self.x : self.x + self.width]


@dataclass(frozen=True, eq=False)
class Layout:
    """rows: of each line by its name. size: (H, W) of the sheet. scale: pixels of the picture for
    one of the sheet.
    """

    rows: Mapping[str, Row]
    size: tuple[int, int]
    scale: float

    def sheet(self, strips: Mapping[str, Strip], usual: Pixels | None) -> tuple[Pixels, Floats]:
        """(H, W, 3) uint8, and (H, W, 2) where in the picture each pixel is from, not a number
        where from none. A strip that is missing is as usual.
        """
        pixels = np.full((*self.size, 3), NOTHING, np.float32)
        where = np.full((*self.size, 2), np.nan, np.float32)
        for name, row in self.rows.items():
            strip = strips.get(name)
            if strip is not None:
                pixels[row.place], where[row.place] = strip.pixels, strip.where
            elif usual is not None:
                pixels[row.place] = usual[row.place].astype(np.float32) / 255
        return np.round(pixels * 255).astype(np.uint8), where

    def line_at(self, x: int, y: int) -> tuple[str, float] | None:
        """Which line's strip a pixel of the sheet is of, and how far along it, in the picture's."""
        for name, row in self.rows.items():
            if row.x <= x < row.x + row.width and row.y <= y < row.y + row.height:
                return name, (x - row.x + 0.5) * self.scale
        return None


def layout_of(sizes: Mapping[str, tuple[float, float]]) -> Layout:
    """Shelves of strips. sizes: (height, width) of each line's, in pixels of the picture."""
    area = sum(height * width for height, width in sizes.values())
    scale = max(1.0, sqrt(area / _MOST_PIXELS))
    needed = {
        name: (_up(height / scale), _up(width / scale)) for name, (height, width) in sizes.items()
    }
    most = max(*(width for _, width in needed.values()),
               _up(sqrt(sum(height * width for height, width in needed.values()))))  # fmt: skip
    rows: dict[str, Row] = {}
    x, y, deep = 0, 0, 0
    for name in sorted(needed, key=lambda one: (-needed[one][0], one)):  # the highest first
        height, width = needed[name]
        if x and x + width > most:
            x, y, deep = 0, y + deep + _GAP, 0
        rows[name] = Row(x, y, width, height)
        x, deep = x + width + _GAP, max(deep, height)
    right = max(row.x + row.width for row in rows.values())
    return Layout(
        {name: rows[name] for name in sizes}, (_up(y + deep, _SHEET), _up(right, _SHEET)), scale
    )


def _up(value: float, step: int = _STEP) -> int:
    return step * max(1, ceil(value / step))
