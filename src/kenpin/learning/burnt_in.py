"""Finds a time stamp or a counter that a camera burnt into the good pictures.

It changes from picture to picture as no part does: in sharp letters of two grey levels, in a small
wide box. Left in, it widens what good parts are allowed there, or makes tomorrow's pictures NG.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.errors import PictureError
from kenpin.learning.good_pictures import GoodPicture
from kenpin.learning.in_threads import read_in_threads
from kenpin.prepare import Depth, reduced, resize
from kenpin.recipe import Rectangle
from kenpin.types import Floats, Picture

_PICTURES, _LEAST = 12, 5  # in each of the two sets that must both show it
_LONGEST = 1024  # pixels at which is looked
_CHANGES = 0.1  # standard deviation of a place, of white; and so many times that of most places:
_TIMES = 4.0
_LARGEST = 0.05  # of the picture
_WIDE = 2.5  # times as wide as high
_LOWEST = 6  # pixels high
_FILLED = 0.15  # of the box changes
_LEVELS, _NEAR = 0.7, 0.2  # of its values are near the darkest or brightest, of their distance
_LETTERS = 0.05  # of that distance from pixel to pixel: text has many edges, a moving part has one
_GAP = 50  # letters are nearer than the height of the picture by this


def burnt_in(pictures: Sequence[GoodPicture], depth: Depth) -> list[Rectangle]:
    """(x, y, width, height) in pixels of the pictures of what changes like text."""
    if not pictures:
        return []
    size = pictures[0].size
    alike = [one for one in pictures if one.size == size]
    few = min(len(alike), 2 * _PICTURES)
    chosen = [alike[n] for n in np.linspace(0, len(alike) - 1, few).astype(int)]

    def grey(picture: Picture) -> Floats:
        pixels = picture.pixels
        if pixels.ndim == 3:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        small = resize(pixels, reduced(size, _LONGEST))
        return np.asarray(small, np.float32) / np.float32(depth.white(pixels))

    reads = read_in_threads([one.source for one in chosen], grey)
    seen = [answer[1] for answer in reads if not isinstance(answer, PictureError)]
    if len(seen) < 2 * _LEAST:
        return []
    scale = max(size) / max(seen[0].shape)
    one, other = (changing_text(np.stack(seen[half::2])) for half in (0, 1))
    both = [_around(a, b) for a in one for b in other if _overlap(a, b)]
    return [
        (int(x * scale), int(y * scale), int(np.ceil(w * scale)), int(np.ceil(h * scale)))
        for x, y, w, h in both
    ]


def changing_text(pictures: Floats) -> list[Rectangle]:
    """(x, y, width, height) in (N, H, W) grey pictures in [0, 1] of what changes like text."""
    _, height, width = pictures.shape
    spread = pictures.std(axis=0)
    changing = spread > max(_CHANGES, _TIMES * float(np.median(spread)))
    gap = max(3, height // _GAP)
    near = np.ones((gap, 2 * gap + 1), np.uint8)
    joined = cv2.morphologyEx(changing.astype(np.uint8), cv2.MORPH_CLOSE, near)
    count, _, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, wide, high = (int(value) for value in boxes[label, :4])
        inside = changing[y : y + high, x : x + wide]
        small = wide * high <= _LARGEST * height * width
        if not small or high < _LOWEST or wide < _WIDE * high or inside.mean() < _FILLED:
            continue
        if _is_text(pictures[:, y : y + high, x : x + wide], inside):
            left, top = max(0, x - gap // 2), max(0, y - gap // 2)
            right, below = min(width, x + wide + gap // 2), min(height, y + high + gap // 2)
            found.append((left, top, right - left, below - top))
    return found


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return all(
        max(one[n], other[n]) < min(one[n] + one[n + 2], other[n] + other[n + 2]) for n in (0, 1)
    )


def _around(one: Rectangle, other: Rectangle) -> Rectangle:
    x, y = min(one[0], other[0]), min(one[1], other[1])
    right, below = (max(one[n] + one[n + 2], other[n] + other[n + 2]) for n in (0, 1))
    return x, y, right - x, below - y


def _is_text(box: Floats, changing: NDArray[np.bool_]) -> bool:
    """Whether what changes in an (N, h, w) box has two levels and many edges."""
    values = box[:, changing]
    low, high = np.quantile(values, [0.02, 0.98])
    near = _NEAR * (high - low)
    two_levels = ((values < low + near) | (values > high - near)).mean() >= _LEVELS
    edges = np.abs(np.diff(box, axis=2)).mean() >= _LETTERS * (high - low)
    return bool(two_levels and edges)
