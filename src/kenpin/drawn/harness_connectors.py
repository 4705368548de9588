"""The connectors of drawn harnesses, each with a side that is up."""

import numpy as np

from kenpin.drawn.harness_design import WIRE
from kenpin.drawn.harness_paint import COLOURS, Brush, Colour, box, lit, placed

Place = tuple[tuple[float, float], float, bool]
"""Where it begins, its direction in degrees, whether it is the wrong way up."""

_HOUSINGS: dict[str, tuple[Colour, float]] = {
    "white": ((0.88, 0.87, 0.82), 15.0), "black": ((0.15, 0.15, 0.16), 15.0),
    "grey": ((0.56, 0.58, 0.6), 19.0), "green": ((0.2, 0.55, 0.4), 12.0),
}  # fmt: skip
"""Colour and length, in millimetres."""


_DARK = 0.2  # red of such a housing: on it the key is lighter


def draw_connector(brush: Brush, kind: str, place: Place, cavities: int) -> None:
    """At the end of the wires."""
    if kind == "ring":
        _ring(brush, place)
    elif kind == "round":
        _round(brush, place)
    else:
        _housing(brush, kind, place, cavities)


def width_of(cavities: int) -> float:
    """Of a housing, in millimetres."""
    return 1.55 * WIRE * max(2, cavities) + 3


def _housing(brush: Brush, kind: str, place: Place, cavities: int) -> None:
    colour, length = _HOUSINGS[kind]
    width = width_of(cavities)
    at, heading, turned = place

    def part(x: float, y: float, long: float, wide: float, light: float) -> None:
        brush.area(placed(box(x, y, long, wide), at, heading, turned), lit(colour, light))

    part(0, -width / 2, length, width, 0.72)
    part(0.5, -width / 2 + 0.5, length - 1, width - 1, 1.0)
    pitch = (width - 3) / max(2, cavities)
    for number in range(max(2, cavities)):
        part(1.2, -width / 2 + 1.5 + pitch * (number + 0.2), 3.2, pitch * 0.6, 0.5)
    key = 0.8 if colour[0] > _DARK else 2.2
    part(5.2, -width / 2 + 1.4, length * 0.42, 2.0, key)  # on one side only
    part(5.2, -1.6, length * 0.5, 3.2, 1.16)  # the lock
    part(5.2 + length * 0.5 - 1.2, -1.6, 1.2, 3.2, 0.62)
    if kind == "grey":
        part(length - 3.2, -width / 2 - 1.2, 1.8, width + 2.4, 0.86)
    if kind == "green":
        part(length - 0.2, width / 2 - 3.4, 4.0, 2.6, 0.9)


def _ring(brush: Brush, place: Place) -> None:
    at, heading, turned = place
    brush.area(placed(box(-3, -2.0, 7, 4.0), at, heading), lit(COLOURS["metal"], 0.8))
    brush.area(placed(box(-2, -0.7, 5, 1.4), at, heading), lit(COLOURS["metal"], 1.2))
    (eye,) = placed(np.array([[8.5, -1.2 if turned else 0.6]]), at, heading)
    middle = float(eye[0]), float(eye[1])
    brush.disc(middle, 5.0, lit(COLOURS["metal"], 0.86))
    brush.disc(middle, 4.4, COLOURS["metal"])
    brush.disc(middle, 2.5, (0.3, 0.3, 0.31))


def _round(brush: Brush, place: Place) -> None:
    at, heading, turned = place
    colour = (0.24, 0.25, 0.28)
    for x, wide, long, light in ((0.0, 8, 6, 0.8), (5.0, 13, 9, 1.0), (13.0, 11, 5, 1.3)):
        brush.area(placed(box(x, -wide / 2, long, wide), at, heading), lit(colour, light))
    for x in (6.5, 8.5, 10.5):
        brush.area(placed(box(x, -6.5, 0.8, 13), at, heading), lit(colour, 0.6))
    brush.area(placed(box(6, -4.6, 7, 2.2), at, heading, turned), (0.8, 0.75, 0.3))  # the mark
