"""How a harness lies: the middle lines of its trunk and branches, bent anew for each piece."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kenpin.drawn.harness_design import Branch, Design

Curve = NDArray[np.float64]
"""(n, 2) points x, y in millimetres, STEP apart along it."""

STEP = 0.5  # millimetres
TRUNK = "trunk"
_TURNED, _LEANS = 14.0, 32.0  # degrees either way: the whole; a branch
_BENDS, _CURLS = 16.0, 30.0  # degrees either way: a trunk and a branch on their way
_APART, _EDGE, _HEAD = 13.0, 8.0, 22.0  # millimetres: of two lines; from the picture's edge; a plug
_TRIES = 3000
_CLIP = 16.0  # millimetres: so far do clips stand off the trunk
_FREE = 28.0  # millimetres near the trunk where a branch lies close to it anyway


@dataclass(frozen=True)
class Bends:
    """What is drawn by chance of how a piece lies; kept, so that the same piece with a defect lies
    alike. Degrees; and where the plug lies, in millimetres.
    """

    turned: float
    place: tuple[float, float]
    trunk: tuple[float, float]
    branches: Mapping[str, tuple[float, float, float]]


def lie(design: Design, bends: Bends) -> dict[str, Curve]:
    """The middle line of the trunk and of each branch that is there, by its name."""
    trunk = _line(bends.place, bends.turned, design.length, bends.trunk)
    curves = {TRUNK: trunk}
    for one in design.branches:
        if not one.there:
            continue
        lean, *curl = bends.branches.get(one.name, (0.0, 0.0, 0.0))
        start, heading = point_at(trunk, design.length if one.at is None else one.at)
        leaves = -one.side * one.leaves + lean * (0.4 if one.at is None else 1.0)
        curves[one.name] = _line(start, heading + leaves, one.length, (curl[0], curl[1]))
    return curves


def bent(design: Design, rng: np.random.Generator, size: tuple[float, float]) -> Bends:
    """So that all of it lies in a picture of this (height, width) and nothing crosses.

    Raises ValueError where that is not found.
    """
    edge, outer = _EDGE + _HEAD, np.array([size[1], size[0]])
    for _ in range(_TRIES):
        bends = Bends(
            rng.uniform(-_TURNED, _TURNED), (0.0, 0.0),
            (rng.uniform(-_BENDS, _BENDS), rng.uniform(-_BENDS, _BENDS)),
            {one.name: (rng.uniform(-_LEANS, _LEANS), rng.uniform(-_CURLS, _CURLS),
                        rng.uniform(-_CURLS, _CURLS)) for one in design.branches},
        )  # fmt: skip
        curves = lie(design, bends)
        every = np.concatenate(list(curves.values()))
        low, high = every.min(axis=0) - edge, every.max(axis=0) + edge
        room = outer - (high - low)
        if (room >= 0).all() and _apart(curves, design):
            across, down = -low + room * rng.uniform(size=2)
            return replace(bends, place=(float(across), float(down)))
    raise ValueError(f"a harness of this design does not lie in {size} millimetres")


def point_at(curve: Curve, at: float) -> tuple[tuple[float, float], float]:
    """Where a curve is after so many millimetres, and its direction there in degrees."""
    place = min(max(round(at / STEP), 0), len(curve) - 1)
    before, after = curve[max(place - 3, 0)], curve[min(place + 3, len(curve) - 1)]
    across, down = after - before
    heading = float(np.degrees(np.arctan2(down, across)))
    return (float(curve[place, 0]), float(curve[place, 1])), heading


def piece_of(curve: Curve, begin: float, end: float) -> Curve:
    """What lies between two places of a curve; at least two points."""
    first = min(max(round(begin / STEP), 0), len(curve) - 2)
    return curve[first : max(round(end / STEP) + 1, first + 2)]


def beside(curve: Curve, offset: float | NDArray[np.float64]) -> Curve:
    """The curve so many millimetres to its right, in pictures."""
    along = np.gradient(curve, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    right = np.column_stack([-along[:, 1], along[:, 0]])
    moved: Curve = curve + right * np.reshape(offset, (-1, 1))
    return moved


def _line(
    start: tuple[float, float], heading: float, length: float, bends: tuple[float, float]
) -> Curve:
    """It begins in this direction (degrees), and bends on its way as a soft wire does."""
    count = max(2, round(length / STEP))
    way = np.linspace(0, 1, count)
    turn = bends[0] * np.sin(np.pi * way / 2) ** 2 + bends[1] * np.sin(np.pi * way) ** 2
    angles = np.radians(heading + turn)
    steps = length / count * np.column_stack([np.cos(angles), np.sin(angles)])
    line: Curve = np.concatenate([[start], np.asarray(start) + np.cumsum(steps, axis=0)])
    return line


def _apart(curves: dict[str, Curve], design: Design) -> bool:
    """Whether no two lines come near each other but where one leaves the other."""
    lines = {name: curve if name == TRUNK else _with_head(curve) for name, curve in curves.items()}
    lines = {name: curve[::8] for name, curve in lines.items()}
    for one in design.branches:
        own = _with_head(curves[one.name])[round(_FREE / STEP) :: 8]
        if len(own) and _nearest(own, lines[TRUNK]) < (_APART / 2 if one.at is None else _CLIP):
            return False
    return all(_clear(lines, one, other) for one, other in combinations(design.branches, 2))


def _clear(lines: dict[str, Curve], one: Branch, other: Branch) -> bool:
    first, second = lines[one.name], lines[other.name]
    heads = round(_HEAD / STEP / 8)
    beside = min(_nearest(first[-heads:], second), _nearest(second[-heads:], first))
    return _nearest(first, second) > _APART and beside > _HEAD


def _with_head(curve: Curve) -> Curve:
    """With what is plugged on its end."""
    (x, y), heading = point_at(curve, STEP * len(curve))
    way = np.array([np.cos(np.radians(heading)), np.sin(np.radians(heading))])
    return np.concatenate([curve, (x, y) + np.arange(STEP, _HEAD, STEP)[:, None] * way])


def _nearest(one: Curve, other: Curve) -> float:
    return float(np.sqrt(((one[:, None] - other[None]) ** 2).sum(axis=2)).min())
