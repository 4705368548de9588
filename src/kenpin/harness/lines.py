"""The named lines of a harness: its trunk, and where and how each branch leaves it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from kenpin.harness.follow import BENDS, STEP, STIFF, Tree, even
from kenpin.harness.line import Line, length_of

_CLEAR = 1.1  # times both half thicknesses apart: there a branch has left
_PARTED = 1.7  # the same: there it has parted from what sits on the trunk, as a clip's foot
_FITTED = 80.0  # pixels of a branch by which it is followed back into what it leaves
_DEGREE, _FARTHEST, _LEAST_FITTED = 2, 180.0, 3
_LEAST_CLEAR = 20  # points of a branch
_TIP = 0.25  # of the way at either end where a thickness is not taken


@dataclass(frozen=True, eq=False)
class Branch:
    """One end of a harness. line: from where it leaves what it branches from to its tip, (n, 2) x,
    y in pixels, STEP apart. at: pixels along that from the trunk's tip. thick: pixels. clear:
    from which point of the line on it does not lie on the trunk any more.
    """

    line: Line
    at: float
    thick: float
    clear: int

    @property
    def length(self) -> float:
        """Pixels, with what is at its end."""
        return length_of(self.line)


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of a tree as seen from one end. main: from there to the trunk's own end. branches:
    the other ends, by their numbers.
    """

    main: Line
    thick: float
    branches: Mapping[int, Branch]


def lines_of(tree: Tree, start: int, end: int) -> Lines:
    """All branches, if the trunk goes from one of its ends to another."""
    main = tree.way(start, end, STIFF)
    others = [one for one in tree.ends if one not in (start, end)]
    branches = {one: _branch(tree, main, tree.way(start, one)) for one in others}
    return Lines(main, thickness(tree, main), branches)


def thickness(tree: Tree, line: Line) -> float:
    """The usual one of a line, in pixels."""
    inner = line[int(_TIP * len(line)) : max(int((1 - _TIP) * len(line)), 1)]
    columns, rows = np.round(inner).astype(int).T
    return 2 * float(np.median(tree.half[rows, columns]))


def _branch(tree: Tree, main: Line, way: Line) -> Branch:
    """Both ways begin alike; where they part, the branch is taken back to the middle of the main
    way as straight as it comes.
    """
    away, nearest = _distance(way, main)
    own = np.maximum(tree.half[tuple(np.round(way[:, ::-1]).astype(int).T)], 1)
    trunk = np.maximum(tree.half[tuple(np.round(main[nearest][:, ::-1]).astype(int).T)], 1)
    together = np.flatnonzero(away < 2.0)
    last = int(together[-1]) if len(together) else 0
    both = np.minimum(own, trunk) + trunk
    begin = _first_beyond(away, _CLEAR * both, last, min(last + 1, len(way) - 3))
    rest = way[begin:]
    at, joined = _joined(main, nearest[last], rest)
    line = even(np.concatenate([joined, rest]), BENDS) if len(rest) > 4 else way[last:]
    parted = _first_beyond(away, _PARTED * both, last, begin)
    beyond = min(len(joined) + parted - begin, len(line) - _LEAST_CLEAR)
    return Branch(line, at * STEP, thickness(tree, line), max(beyond, 0))


def _first_beyond(
    away: NDArray[np.float64], least: NDArray[np.float64], last: int, otherwise: int
) -> int:
    """The first point after `last` that is farther away than `least`."""
    beyond = np.flatnonzero((away > least) & (np.arange(len(away)) > last))
    return int(beyond[0]) if len(beyond) else otherwise


def _joined(main: Line, near: int, rest: Line) -> tuple[int, Line]:
    """Where on the main line a branch begins, and its way from there up to what is known of it."""
    known = rest[: int(_FITTED)]
    if len(known) < _LEAST_FITTED:  # what hardly leaves at all
        return near, main[near : near + 1]
    along = np.arange(len(known)) * STEP
    degree = _DEGREE if len(known) > 10 else 1
    across, down = (np.polyfit(along, known[:, k], degree) for k in (0, 1))
    lengths = np.arange(0, _FARTHEST, STEP)
    back = np.column_stack([np.polyval(across, -lengths), np.polyval(down, -lengths)])
    away, nearest = _distance(back, main[max(near - 120, 0) : near + 120])
    hit = int(away.argmin())
    at = int(nearest[hit]) + max(near - 120, 0)
    return at, np.concatenate([[main[at]], back[:hit][::-1]]) if hit else main[at : at + 1]


def _distance(line: Line, other: Line) -> tuple[np.ndarray, np.ndarray]:
    """(n,) of each point to the nearest of the other line, and which that is."""
    away, nearest = KDTree(other).query(line)
    return away, nearest
