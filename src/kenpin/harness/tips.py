"""What is on the ends of lines: how it looks, and whether it is turned round."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from kenpin.harness.sheet import Layout, Row
from kenpin.harness.strips import GREY
from kenpin.types import Floats, Pixels

TIP = 64  # columns of a strip from its tip: what is plugged on
_HOUSING = 36  # of them that show no wires, whose order is another matter
_MOVED, _EDGE = 1, 2  # pixels that two may lie apart; around what is compared


def tip_of(sheet: Pixels, row: Row) -> Floats:
    """(64, 64, 3) the first of a strip, with nothing around it."""
    strip = sheet[row.y : row.y + row.height, row.x : row.x + min(row.width, TIP)]
    strip = strip[max(0, (row.height - TIP) // 2) :][:TIP]
    tip = np.full((TIP, TIP, 3), GREY, np.float32)
    top = (TIP - len(strip)) // 2
    tip[top : top + len(strip), : strip.shape[1]] = strip
    return tip


def unlike(one: Floats, other: Floats) -> float:
    """How far two tips are apart, in levels, as they lie best upon each other."""
    inner = np.s_[_EDGE:-_EDGE, _EDGE:-_EDGE]
    moves = product(range(-_MOVED, _MOVED + 1), repeat=2)
    return min(
        float(np.abs(np.roll(one, move, (0, 1))[inner] - other[inner]).mean()) for move in moves
    )


def turned_in(sheet: Pixels, usual: Pixels, layout: Layout) -> NDArray[np.float64]:
    """(N,) of each line in the layout's order, how many levels farther its tip is from the usual
    one as it lies than turned round: far below 0 where it lies as usual and this can be told.
    """
    found = []
    for row in layout.rows.values():
        seen, own = (tip_of(one, row)[:, :_HOUSING] for one in (sheet, usual))
        found.append(unlike(seen, own) - unlike(seen[::-1], own))
    return np.array(found)
