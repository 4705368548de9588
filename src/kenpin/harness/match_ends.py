"""Which end of a harness is which, by where it leaves the trunk, how long and how it looks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_uppercase

import cv2
import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from kenpin.errors import DatasetError
from kenpin.harness.board import Ground
from kenpin.harness.follow import Tree
from kenpin.harness.line import Line, length_of
from kenpin.harness.lines import thickness
from kenpin.harness.pattern import LEAST_APART, LEAST_FAR, LOOK, OTHER, TRUNK, End, Pattern
from kenpin.harness.strips import strip_of
from kenpin.types import Floats, Pixels

_SEEN = 64.0  # pixels of the picture, of what an end looks like
_NAMED = 90.0  # pixels from where a person named an end, at most
_AWAY = 40  # pixels after which the direction of a line is taken


@dataclass(frozen=True)
class Match:
    """Which end of a tree is which. named: by the pattern's names; missing: those not found; extra:
    what the pattern does not have. cost: how badly it fits.
    """

    start: int
    named: Mapping[str, int]
    missing: tuple[str, ...]
    extra: tuple[int, ...]
    cost: float


class Seen:
    """A tree whose ends have been looked at."""

    def __init__(self, tree: Tree, pixels: Pixels, ground: Ground) -> None:
        self.tree = tree
        self._lengths = {(min(one, other), max(one, other)): length_of(line)
                         for one, other, line in tree.graph.edges(data="line")}  # fmt: skip
        self._looks = {end: self._look(end, pixels, ground) for end in tree.ends}

    def ends(self, start: int, last: int) -> tuple[End, dict[int, End]]:
        """As they would be if the trunk went from one of them to another."""
        trunk = nx.shortest_path(self.tree.graph, start, last)
        along = np.cumsum([0.0, *(self._step(*both) for both in pairwise(trunk))])
        begin = End(0.0, 0.0, 0, self._looks[start])
        found = {last: End(0.0, float(along[-1]), 0, self._looks[last])}
        for end in self.tree.ends:
            if end in (start, last):
                continue
            way = nx.shortest_path(self.tree.graph, start, end)
            common = sum(1 for one, other in zip(way, trunk, strict=False) if one == other)
            length = sum(self._step(*both) for both in pairwise(way[common - 1 :]))
            side = self._side(trunk, way, common)
            found[end] = End(float(along[common - 1]), float(length), side, self._looks[end])
        return begin, found

    def _step(self, one: int, other: int) -> float:
        return self._lengths[min(one, other), max(one, other)]

    def _side(self, trunk: Sequence[int], way: Sequence[int], common: int) -> int:
        fork = way[common - 1]
        before, after, own = (
            self._leaving(fork, node) for node in (trunk[common - 2], trunk[common], way[common])
        )
        ahead = after - before
        return 1 if ahead[0] * own[1] - ahead[1] * own[0] > 0 else -1

    def _leaving(self, fork: int, other: int) -> NDArray[np.float64]:
        """The direction in which a line leaves a fork."""
        line = next(iter(self.tree.graph.get_edge_data(fork, other).values()))["line"]
        line = line if fork < other else line[::-1]
        way: NDArray[np.float64] = line[min(_AWAY, len(line) - 1)] - line[0]
        return way / max(float(np.linalg.norm(way)), 1e-6)

    def _look(self, end: int, pixels: Pixels, ground: Ground) -> Floats:
        other = next(one for one in self.tree.ends if one != end)
        backward: Line = self.tree.way(other, end)[::-1]
        strip = strip_of(pixels, ground, self.tree.mask, backward, (LOOK, LOOK), _SEEN / LOOK)
        return np.asarray(cv2.cvtColor(strip.pixels, cv2.COLOR_RGB2LAB), np.float32)


def match(pattern: Pattern, seen: Seen) -> Match:
    """The ends of a tree by the names they have in a pattern."""
    ends = seen.tree.ends
    tried = [_tried(pattern, seen, start, last) for start in ends for last in ends if start != last]
    return min(tried, key=lambda one: one.cost)


def _tried(pattern: Pattern, seen: Seen, start: int, last: int) -> Match:
    begin, found = seen.ends(start, last)
    others = [end for end in found if end != last]
    names = [name for name in pattern.ends if name != pattern.last]
    cost = pattern.start.unlike(begin) + pattern.ends[pattern.last].unlike(found[last])
    count = len(names) + len(others)
    costs = np.full((count, count), OTHER)
    costs[len(names) :, len(others) :] = 0
    for row, name in enumerate(names):
        for column, end in enumerate(others):
            costs[row, column] = min(pattern.ends[name].unlike(found[end]), 2 * OTHER)
    rows, columns = linear_sum_assignment(costs)
    pairs = [(row, column) for row, column in zip(rows, columns, strict=True)
             if row < len(names) and column < len(others)]  # fmt: skip
    named = {names[row]: others[column] for row, column in pairs} | {pattern.last: last}
    missing = tuple(name for name in pattern.ends if name not in named)
    extra = tuple(end for end in others if end not in named.values())
    cost += float(costs[rows, columns].sum())
    return Match(start, named, missing, extra, cost)


Named = Mapping[str, tuple[float, float]]
"""x, y of ends, by the names that a person gave them; TRUNK is where the trunk begins."""


def learn_pattern(
    every: Sequence[Seen], named: Named, rounds: int = 3
) -> tuple[Pattern, list[Match]]:
    """From harnesses with the same number of ends, the first of which gives the names: those that
    lie nearest where a person named them; else the trunk begins at its thickest end, and the others
    are A, B, C from there.
    """
    pattern = _first(every[0], named)
    matches = [match(pattern, one) for one in every]
    for _ in range(rounds - 1):
        pattern = _common(pattern, every, matches)
        matches = [match(pattern, one) for one in every]
    return pattern, matches


def _first(seen: Seen, named: Named) -> Pattern:
    tree = seen.tree
    given = _given(tree, named)
    start = given.pop(TRUNK, None)
    if start is None:
        free = [end for end in tree.ends if end not in given.values()] or list(tree.ends)
        start = max(free, key=lambda end: thickness(tree, tree.line_to(end)))
    reach = {end: length_of(tree.way(start, end)) for end in tree.ends if end != start}
    last = max(reach, key=lambda end: reach[end])
    begin, found = seen.ends(start, last)
    order = [*sorted((end for end in reach if end != last), key=lambda end: found[end].at), last]
    names = {end: name for name, end in given.items()}
    letters = iter(name for name in _letters() if name not in given)
    return Pattern(begin, {names.get(end) or next(letters): found[end] for end in order})


def _letters() -> Iterator[str]:
    yield from ascii_uppercase
    yield from (f"{one}{other}" for one in ascii_uppercase for other in ascii_uppercase)


def _given(tree: Tree, named: Named) -> dict[str, int]:
    """The ends that a person named.

    Raises DatasetError where none is near, or one is named twice.
    """
    given: dict[str, int] = {}
    for name, at in named.items():
        away = {end: float(np.hypot(*(tree.graph.nodes[end]["at"] - at))) for end in tree.ends}
        nearest = min(away, key=lambda end: away[end])
        if away[nearest] > _NAMED:
            raise DatasetError("harness_no_end", name=name)
        if nearest in given.values():
            other = next(one for one, end in given.items() if end == nearest)
            raise DatasetError("harness_same_end", name=name, other=other)
        given[name] = nearest
    return given


def _common(pattern: Pattern, every: Sequence[Seen], matches: Sequence[Match]) -> Pattern:
    """The usual end of each name."""
    begins: list[End] = []
    ends: dict[str, list[End]] = {name: [] for name in pattern.ends}
    for seen, own in zip(every, matches, strict=True):
        begin, found = seen.ends(own.start, own.named[pattern.last])
        begins.append(begin)
        for name, end in own.named.items():
            ends[name].append(found[end])
    return Pattern(
        _usual(begins),
        {name: _usual(found or [pattern.ends[name]]) for name, found in ends.items()},
    )


def _usual(ends: Sequence[End]) -> End:
    at, length = np.array([(one.at, one.length) for one in ends]).T
    looks = np.stack([one.look for one in ends])
    look = np.median(looks, axis=0).astype(np.float32)
    far = tuple(
        max(LEAST_FAR, 2 * float(np.quantile(np.abs(v - np.median(v)), 0.9))) for v in (at, length)
    )
    apart = max(LEAST_APART, 2 * float(np.median(np.abs(looks - look).mean(axis=(1, 2, 3)))))
    side = int(np.sign(sum(one.side for one in ends)))
    return End(float(np.median(at)), float(np.median(length)), side, look, (far[0], far[1]), apart)
