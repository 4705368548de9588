"""The middle lines of one harness, from where its trunk begins to each of its ends."""

from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise

import cv2
import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import median_filter

from kenpin.harness.board import Mask
from kenpin.harness.line import Line
from kenpin.harness.skeleton import skeleton_of
from kenpin.types import Floats

STEP = 1.0  # pixels between two points of a line
BENDS, STIFF = 6.0, 12.0  # pixels in which a branch, and a trunk, bends: less is the skeleton's
_LEAST_POINTS = 6
_FORK, _LITTLE = 2.0, 0.001  # half thicknesses around a fork, and what points there count
_USUAL, _TOGETHER = 241.0, 1.25  # pixels of a line, and times their usual half thickness
_STRAIGHT = 30.0  # pixels: the end of a line goes on as this much of it does
_CONNECTOR = 60.0  # pixels, of the longest
_ACROSS, _HOUSING = 1.3, 0.6  # half thicknesses in which a housing is; of its width, at least
_ROUNDS = 4
_TURNED = 0.25  # to the side for each pixel onward: so far a housing is turned at most
_BESIDE = 0.6  # half thicknesses: so wide a tip is felt for
_BRIDGED = 24.0  # pixels: what lies so near the harness is of it
_LEAST_THING, _MOST_THINGS = 40, 100  # pixels of the area; the largest ones that are looked at


@dataclass(frozen=True)
class Thing:
    """Something beside the harness. area: in pixels; at: x, y of its middle; at_edge: whether it
    reaches out of the picture.
    """

    area: int
    at: tuple[float, float]
    at_edge: bool


@dataclass(frozen=True, eq=False)
class Tree:
    """A harness as it lies. graph: see `Skeleton`; ends: its nodes that are ends. mask: (h, w) of
    the harness alone; half: half its thickness. others: what else lies there, the largest first.
    circle: where lines meet again, which cannot be followed; None where all can.
    """

    graph: "nx.MultiGraph[int]"
    ends: tuple[int, ...]
    mask: Mask
    half: Floats
    others: tuple[Thing, ...]
    circle: tuple[float, float] | None

    def line_to(self, end: int) -> Line:
        """The middle line that leads to an end, as the skeleton has it."""
        (line,) = (data["line"] for _, _, data in self.graph.edges(end, data=True))
        found: Line = line
        return found

    def way(self, start: int, end: int, bend: float = BENDS) -> Line:
        """From one end's tip to another's; bend: in how many pixels it may bend."""
        nodes = nx.shortest_path(self.graph, start, end)
        pieces = []
        for one, other in pairwise(nodes):
            line = next(iter(self.graph.get_edge_data(one, other).values()))["line"]
            pieces.append(line if one < other else line[::-1])
        return self._to_tips(np.concatenate(pieces), bend)

    def _trusted(self, line: Line) -> NDArray[np.float64]:
        """(n,) how much each point counts: near a fork a middle line is drawn aside, and where two
        lines lie together it is in the middle of both.
        """
        columns, rows = np.round(line).astype(int).T
        half = self.half[rows, columns]
        usual = median_filter(half, int(_USUAL), mode="nearest")
        trusted = np.where(half > _TOGETHER * usual, _LITTLE, 1.0)
        for node in self.graph:
            if self.graph.degree(node) > 2:
                x, y = self.graph.nodes[node]["at"]
                wide = _FORK * float(self.half[round(y), round(x)])
                trusted[np.hypot(line[:, 0] - x, line[:, 1] - y) < wide] = _LITTLE
        return trusted

    def _to_tips(self, line: Line, bend: float) -> Line:
        line = even(line, bend, self._trusted(line))
        for _ in range(2):
            line = _onward(line, self.mask, self.half)[::-1]
        return even(line, bend)


def tree_of(mask: Mask) -> Tree:
    """The largest thing on the board, and what else there is. mask: (h, w), where anything is."""
    own, others = _largest(mask)
    skeleton = skeleton_of(own)
    graph = skeleton.graph
    ends = tuple(sorted(node for node in graph if graph.degree(node) == 1))
    return Tree(graph, ends, own, skeleton.half, others, _circle(graph))


def _circle(graph: "nx.MultiGraph[int]") -> tuple[float, float] | None:
    try:
        around = nx.find_cycle(graph)
    except nx.NetworkXNoCycle:
        return None
    x, y = graph.nodes[around[0][0]]["at"]
    return float(x), float(y)


def _largest(mask: Mask) -> tuple[Mask, tuple[Thing, ...]]:
    count, numbers, facts, middles = cv2.connectedComponentsWithStats(np.uint8(mask))
    if count < 2:
        return np.zeros_like(mask), ()
    height, width = mask.shape
    edge = [bool(x <= 0 or y <= 0 or x + w >= width or y + h >= height)
            for x, y, w, h, _ in facts]  # fmt: skip
    order = sorted(range(1, count), key=lambda n: -facts[n, cv2.CC_STAT_AREA])
    main = next((n for n in order if not edge[n]), order[0])
    own = numbers == main
    away = cv2.distanceTransform(np.uint8(~own), cv2.DIST_L2, 5)
    others = []
    for n in order[:_MOST_THINGS]:
        if n == main or facts[n, cv2.CC_STAT_AREA] < _LEAST_THING:
            continue
        those = numbers == n
        if float(away[those].min()) < _BRIDGED:
            own = _bridged(own, those, away)
            continue
        x, y = middles[n]
        others.append(Thing(int(facts[n, cv2.CC_STAT_AREA]), (float(x), float(y)), edge[n]))
    return own, tuple(others)


def _bridged(own: Mask, other: Mask, away: Floats) -> Mask:
    """Both as one thing, joined where they are nearest."""
    rows, columns = np.nonzero(other)
    nearest = int(away[rows, columns].argmin())
    x, y = int(columns[nearest]), int(rows[nearest])
    mine = np.column_stack(np.nonzero(own))[:, ::-1]
    to = mine[int(((mine - (x, y)) ** 2).sum(axis=1).argmin())]
    joined = np.uint8(own | other)
    cv2.line(joined, (x, y), (int(to[0]), int(to[1])), 1, 5)
    return np.asarray(joined > 0)


def even(line: Line, bend: float, trusted: NDArray[np.float64] | None = None) -> Line:
    """The same line smooth, in points STEP apart. trusted: (n,) how much each counts."""
    weights = np.ones(len(line)) if trusted is None else trusted
    line, weights = _resampled(line, weights)
    if len(line) < _LEAST_POINTS:
        return line
    return _resampled(_smooth(line, weights, bend**4), weights)[0]


def _smooth(line: Line, weights: NDArray[np.float64], stiff: float) -> Line:
    """The points that are least away from a line's, in squares, together with `stiff` times what
    they turn from one to the next, in squares: a spline through even points (Whittaker, 1923).
    """
    turn = np.array([1.0, -2.0, 1.0])
    bands = np.zeros((3, len(line)))  # the second from the diagonal, the first, itself
    for one, other in combinations_with_replacement(range(3), 2):
        until = len(line) - 2 + other
        bands[2 - (other - one), other:until] += stiff * turn[one] * turn[other]
    bands[2] += weights
    return np.asarray(solveh_banded(bands, line * weights[:, None]))


def _resampled(line: Line, weights: NDArray[np.float64]) -> tuple[Line, NDArray[np.float64]]:
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    count = max(2, round(float(steps[-1]) / STEP) + 1)
    at = np.linspace(0, steps[-1], count)
    return (
        np.column_stack([np.interp(at, steps, line[:, k]) for k in (0, 1)]),
        np.interp(at, steps, weights),
    )


def _onward(line: Line, mask: Mask, half: Floats) -> Line:
    """To the tip: the last of a middle line is left out, for corners, and it goes straight on,
    through the middle of what is on the end.
    """
    last = line[-min(int(_CONNECTOR), len(line)) :]
    columns, rows = np.round(last).astype(int).T
    halves = half[rows, columns]
    wide = float(halves.max())
    cut = int(np.clip(len(last) - int(halves.argmax()) + wide, 2, len(line) / 3))
    kept = line[: len(line) - cut]
    straight = kept[-int(min(_STRAIGHT, len(kept))) :]
    middle = straight.mean(axis=0)
    _, _, axes = np.linalg.svd(straight - middle)
    heading = axes[0] * np.sign(axes[0] @ (straight[-1] - straight[0]) or 1)
    onward = kept[-1] + np.arange(1, 4 * cut + 60)[:, None] * heading
    straight = onward[: _reached(mask, onward, wide)]
    first, turned = _through(mask, straight, heading, wide)
    onward = first + np.arange(len(onward))[:, None] * turned
    return np.concatenate([kept, onward[: _reached(mask, onward, wide)]])


def _aside(heading: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([-heading[1], heading[0]])


def _reached(mask: Mask, onward: Line, wide: float) -> int:
    """How many points of a straight line come before the tip of something so wide, at least one."""
    offsets = np.linspace(-_BESIDE, _BESIDE, 5) * wide
    aside = _aside(onward[1] - onward[0])
    return max(int(np.median([_inside(mask, onward + offset * aside) for offset in offsets])), 1)


def _through(
    mask: Mask, straight: Line, heading: NDArray[np.float64], wide: float
) -> tuple[Line, Line]:
    """Where a straight line begins and its direction, so that it goes through the middle of what is
    on the end: a housing is turned a little against the wires that it is on. heading: where it
    goes without that.
    """
    offsets = np.arange(-_ACROSS * wide, _ACROSS * wide + 1)
    inside = _on(mask, straight[:, None] + offsets[None, :, None] * _aside(heading))
    count = inside.sum(axis=1)
    housing = count > _HOUSING * count.max()
    if housing.sum() < _LEAST_POINTS:
        return straight[0], heading
    middle = (inside * offsets).sum(axis=1)[housing] / count[housing]
    slope, start = _fitted(np.flatnonzero(housing), middle)
    turned = heading + np.clip(slope, -_TURNED, _TURNED) * _aside(heading)
    return straight[0] + start * _aside(heading), turned / np.linalg.norm(turned)


def _fitted(along: NDArray[np.intp], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope and start of the line through most of them: an ear stands off on one side."""
    kept = np.ones(len(along), bool)
    for _ in range(_ROUNDS):
        found = np.polyfit(along[kept], middle[kept], 1)
        away = np.abs(middle - np.polyval(found, along))
        kept = away <= max(1.0, 1.5 * float(np.median(away)))
    return np.asarray(found)


def _inside(mask: Mask, points: Line) -> int:
    """How many of the points, from the first, lie on the thing; at least those before a gap."""
    out = np.flatnonzero(~_on(mask, points))
    return int(out[0]) if len(out) else len(points)


def _on(mask: Mask, points: NDArray[np.float64]) -> Mask:
    """(...) of points, (..., 2) x, y, whether they lie on the thing; beyond the picture none do."""
    columns, rows = np.moveaxis(np.round(points).astype(int), -1, 0)
    inside = (rows >= 0) & (columns >= 0) & (rows < mask.shape[0]) & (columns < mask.shape[1])
    inside[inside] = mask[rows[inside], columns[inside]]
    return np.asarray(inside)
