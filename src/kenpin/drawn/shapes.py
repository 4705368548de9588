"""The drawn shapes of two published experiments: good ellipses among rectangles, and four parts.

The numbers are those of the publications.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import ExtraError

Rng = np.random.Generator
Binary = NDArray[np.uint8]

SHAPES27 = ("solid_circle", "hollow_circle", "solid_rectangle", "hollow_rectangle")


def shapes16(count: int, kind: Literal["good", "ng"], seed: int) -> Binary:
    """(count, 16, 16) uint8, 0 or 255: a filled ellipse is good, a filled rectangle is NG."""
    rng = np.random.default_rng([seed, kind == "ng"])
    draw = _rectangle16 if kind == "ng" else _ellipse16
    return np.stack([draw(rng) for _ in range(count)])


def shapes27(count: int, kind: str, seed: int) -> Binary:
    """(count, 27, 27) uint8, 0 or 255, of one of `SHAPES27`; raises ValueError for another."""
    if kind not in SHAPES27:
        raise ValueError(f"kind must be one of {SHAPES27}. Got {kind!r} instead.")
    rng = np.random.default_rng([seed, SHAPES27.index(kind)])
    return np.stack([_shape27(rng, kind) for _ in range(count)])


def _ellipse16(rng: Rng) -> Binary:
    x, y = 8 + _whole(rng, 2), 8 + _whole(rng, 2)
    radius_x, radius_y = 5 + _whole(rng, 1), 5 + _whole(rng, 1)
    return _turned(_ellipse(16, x, y, radius_x, radius_y), rng.uniform(-10, 10))


def _rectangle16(rng: Rng) -> Binary:
    left, right, top, bottom = (corner + _whole(rng, 2) for corner in (4, 12, 4, 12))
    picture = np.zeros((16, 16), bool)
    picture[top:bottom, left:right] = True
    return _turned(picture, rng.uniform(-10, 10))


def _shape27(rng: Rng, kind: str) -> Binary:
    x, y = (13 + int(offset) for offset in rng.integers(-3, 4, 2))
    if kind.endswith("circle"):
        radius = int(rng.integers(4, 10))
        picture = _ellipse(27, x, y, radius, radius)
        if kind == "hollow_circle":
            hole = int(rng.integers(2, radius - 1))
            picture &= ~_ellipse(27, x, y, hole, hole)
    else:
        half = int(rng.integers(4, 10))
        picture = _square(27, x, y, half)
        if kind == "hollow_rectangle":
            wall = int(rng.integers(1, max(2, half - 2)))
            picture &= ~_square(27, x, y, half - wall)
    return _turned(picture, rng.uniform(-20, 20))


def _whole(rng: Rng, most: float) -> int:
    # Towards zero, as the publications' int() does: 0 comes twice as often as each other number.
    return int(rng.uniform(-most, most))


def _ellipse(side: int, x: int, y: int, radius_x: int, radius_y: int) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:side, :side]
    return np.asarray(((columns - x) / radius_x) ** 2 + ((rows - y) / radius_y) ** 2 < 1)


def _square(side: int, x: int, y: int, half: int) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:side, :side]
    return np.asarray((np.abs(columns - x) <= half) & (np.abs(rows - y) <= half))


def _turned(picture: NDArray[np.bool_], degrees: float) -> Binary:
    try:
        from scipy.ndimage import rotate  # noqa: PLC0415 - as published; for experiments only
    except ModuleNotFoundError as error:
        raise ExtraError("extra_scipy") from error
    turned = rotate(picture.astype(np.uint8), degrees, reshape=False, order=0)
    return np.asarray(turned * 255, np.uint8)
