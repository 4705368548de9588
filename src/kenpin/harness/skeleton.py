"""From a mask to the middle lines of what is long and thin in it: a graph of ends and forks."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import networkx as nx
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from kenpin.harness.board import Mask
from kenpin.harness.line import Line, length_of

_SPUR = 3.0  # half thicknesses where it leaves: what is shorter is a clip's foot, a corner, a flap
_SHORTEST = 26.0  # pixels, of a branch

_AROUND = np.ones((3, 3), np.float32)
_AROUND[1, 1] = 0


@dataclass(frozen=True, eq=False)
class Skeleton:
    """graph: nodes are ends and forks with `at` (x, y); each edge has `line`, from its lower node
    to its higher. half: (h, w) float32, half the thickness at a middle line, in pixels.
    """

    graph: "nx.MultiGraph[int]"
    half: NDArray[np.float32]


def skeleton_of(mask: Mask) -> Skeleton:
    """Of one connected thing, (h, w). Spurs are cut off."""
    half = cv2.distanceTransform(np.uint8(mask), cv2.DIST_L2, 5)
    graph = _graph_of(_thinned(mask))
    _cut_spurs(graph, half)
    return Skeleton(graph, np.asarray(half, np.float32))


def _thinned(mask: Mask) -> Mask:
    """One pixel thin."""
    x, y, width, height = cv2.boundingRect(np.uint8(mask))
    box = np.s_[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1]
    thin = np.zeros_like(mask)
    thin[box] = skeletonize(mask[box])  # type: ignore[no-untyped-call]
    return thin


def _graph_of(thin: Mask) -> "nx.MultiGraph[int]":
    """Chains of pixels between ends and forks."""
    ones = np.asarray(thin, np.float32)
    neighbours = cv2.filter2D(ones, -1, _AROUND, borderType=cv2.BORDER_CONSTANT)
    forks = thin & (neighbours > 2)
    count, numbers, _, middles = cv2.connectedComponentsWithStats(np.uint8(forks), connectivity=8)
    graph: nx.MultiGraph[int] = nx.MultiGraph()
    for fork in range(1, count):
        graph.add_node(fork, at=middles[fork])
    chains, tags = cv2.connectedComponents(np.uint8(thin & ~forks), connectivity=8)
    rows, columns = np.nonzero(tags)
    order = np.argsort(tags[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    bounds = np.searchsorted(tags[rows, columns], np.arange(1, chains + 1))
    for begin, stop in pairwise(bounds):
        points = _in_order(np.column_stack([columns[begin:stop], rows[begin:stop]]))
        _add_chain(graph, points, numbers)
    return graph


def _in_order(points: NDArray[np.intp]) -> NDArray[np.intp]:
    """The pixels of a chain from one of its ends to the other; of a ring from anywhere."""
    places = {(int(x), int(y)): n for n, (x, y) in enumerate(points)}
    near = [[places[x + i, y + j] for i in (-1, 0, 1) for j in (-1, 0, 1)
             if (i or j) and (x + i, y + j) in places] for x, y in places]  # fmt: skip
    at = next((n for n, own in enumerate(near) if len(own) < 2), 0)
    way, seen = [at], {at}
    while True:
        rest = [n for n in near[at] if n not in seen]
        if not rest:
            return points[way]
        at = min(rest, key=lambda n: int(np.abs(points[n] - points[way[-1]]).sum()))
        way.append(at)
        seen.add(at)


def _add_chain(
    graph: "nx.MultiGraph[int]", points: NDArray[np.intp], numbers: NDArray[np.int32]
) -> None:
    """Between the forks that its ends touch; an end that touches none is a node of its own."""
    touched = [_fork_at(numbers, point) for point in (points[0], points[-1])]
    if len(points) == 1 and touched[0]:
        both = _forks_at(numbers, points[0])
        touched = [both[0], both[1] if len(both) > 1 else 0]
    line = points.astype(np.float64)
    nodes = []
    for fork, point in zip(touched, (line[0], line[-1]), strict=True):
        if fork:
            nodes.append(fork)
        else:
            nodes.append(max(graph.nodes, default=0) + 1_000_000)
            graph.add_node(nodes[-1], at=point)
    line = np.concatenate([[graph.nodes[nodes[0]]["at"]], line, [graph.nodes[nodes[1]]["at"]]])
    if nodes[0] > nodes[1]:
        nodes, line = nodes[::-1], line[::-1]
    graph.add_edge(*nodes, line=line)


def _fork_at(numbers: NDArray[np.int32], point: NDArray[np.intp]) -> int:
    return (_forks_at(numbers, point) or [0])[0]


def _forks_at(numbers: NDArray[np.int32], point: NDArray[np.intp]) -> list[int]:
    x, y = point
    around = numbers[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
    return [int(n) for n in np.unique(around) if n]


def _cut_spurs(graph: "nx.MultiGraph[int]", half: NDArray[np.float32]) -> None:
    """All short ones of a fork at once; what is left on both sides of it is one line."""
    while True:
        spurs = [(one, other, key) for one, other, key, line in graph.edges(keys=True, data="line")
                 if _is_spur(graph, (one, other), line, half)]  # fmt: skip
        if not spurs:
            return
        for one, other, key in spurs:
            graph.remove_edge(one, other, key)
        graph.remove_nodes_from([n for n in list(graph.nodes) if graph.degree(n) == 0])
        _join(graph)


def _is_spur(
    graph: "nx.MultiGraph[int]", ends: tuple[int, int], line: Line, half: NDArray[np.float32]
) -> bool:
    leaves = [node for node in ends if graph.degree(node) == 1]
    if len(leaves) != 1 or graph.number_of_edges() == 1:
        return False
    fork = ends[0] if leaves[0] == ends[1] else ends[1]
    x, y = np.round(graph.nodes[fork]["at"]).astype(int)
    return length_of(line) < max(_SHORTEST, _SPUR * float(half[y, x]))


def _join(graph: "nx.MultiGraph[int]") -> None:
    """Two lines that meet where nothing leaves are one."""
    for node in list(graph.nodes):
        if graph.degree(node) != 2 or graph.has_edge(node, node):
            continue
        (one, _, first), (other, _, second) = (
            (b, a, data["line"]) for a, b, data in graph.edges(node, data=True)
        )
        here = graph.nodes[node]["at"]
        into = _towards(first, here)
        away = _towards(second, here)[::-1]
        line = np.concatenate([into, away[1:]])
        graph.remove_node(node)
        if one > other:
            one, other, line = other, one, line[::-1]
        graph.add_edge(one, other, line=line)


def _towards(line: Line, point: Line) -> Line:
    """The line so that it ends at the point."""
    first, last = (float(np.abs(end - point).sum()) for end in (line[0], line[-1]))
    return line if last <= first else line[::-1]
