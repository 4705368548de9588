"""Where things are: rectangles, sizes, and the maps between the coordinates of two pictures.

A map is a (3, 3) float64 matrix that takes (x, y, 1) of one picture to the other, or (h, w, 2) x, y
in the other of each pixel of the one, not a number where it is nowhere there. Whole numbers are the
centres of pixels, so that a picture of width w reaches from -0.5 to w - 0.5.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.recipe import SMALLEST_SIDE, Rectangle
from kenpin.types import Floats, Pixels, Region

Map = NDArray[np.floating[Any]]

_DISTORTION = 1.02
_HAIR = 1e-6  # of a pixel: less than that is rounding


def scaling(size: tuple[int, int], other: tuple[int, int]) -> Map:
    """From a picture of `size` (h, w) to the same picture of another size."""
    return from_rectangle((0, 0, other[1], other[0]), size)


def from_rectangle(rectangle: Rectangle, size: tuple[int, int]) -> Map:
    """From a picture of `size` (h, w) to the rectangle (x, y, width, height) that it shows."""
    x, y, width, height = rectangle
    right, down = width / size[1], height / size[0]
    return np.array(
        [[right, 0, x + right / 2 - 0.5], [0, down, y + down / 2 - 0.5], [0, 0, 1]], np.float64
    )


def turning(degrees: float, scale: float, shift: tuple[float, float], size: tuple[int, int]) -> Map:
    """About the middle of a picture of `size` (h, w), counter-clockwise as it is seen, then moved.

    shift: (x, y) in pixels.
    """
    middle = (size[1] - 1) / 2, (size[0] - 1) / 2
    turned = np.vstack([cv2.getRotationMatrix2D(middle, degrees, scale), [0, 0, 1]])
    turned[:2, 2] += shift
    return turned


def region_through(there: Map, region: Region, size: tuple[int, int]) -> Region:
    """The upright box around a region after a map into a picture of `size` (H, W).

    Rounded outwards, so that everything inside stays inside; at least a pixel of the picture.
    """
    if there.ndim == 3:
        own = there[region.y : region.y + region.height, region.x : region.x + region.width]
        return _around_points(own.reshape(-1, 2), region, size)
    left, top = region.x - 0.5, region.y - 0.5
    right, bottom = left + region.width, top + region.height
    corners = np.array([[left, top, 1], [right, top, 1], [left, bottom, 1], [right, bottom, 1]])
    return _around_points((corners @ there.T)[:, :2], region, size)


def _around_points(
    points: NDArray[np.floating[Any]], region: Region, size: tuple[int, int]
) -> Region:
    """The box around points (n, 2) of a picture; all of it where none is known."""
    mapped = points[np.isfinite(points).all(axis=1)] + 0.5
    if not len(mapped):
        return replace(region, x=0, y=0, width=size[1], height=size[0])
    low = [floor(value + _HAIR) for value in mapped.min(axis=0)]
    high = [ceil(value - _HAIR) for value in mapped.max(axis=0)]
    x, y = (min(max(v, 0), side - 1) for v, side in zip(low, (size[1], size[0]), strict=True))
    end_x, end_y = (min(v, side) for v, side in zip(high, (size[1], size[0]), strict=True))
    return replace(region, x=x, y=y, width=max(1, end_x - x), height=max(1, end_y - y))


def beyond(there: Map, size: tuple[int, int], other: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w) True where a map leads from a picture of `size` out of one of the size `other`."""
    x = np.arange(size[1], dtype=np.float32)[None]
    y = np.arange(size[0], dtype=np.float32)[:, None]
    right, down = (np.float32(a) * x + np.float32(b) * y + np.float32(c) for a, b, c in there[:2])
    out = (right < -0.5) | (right > other[1] - 0.5) | (down < -0.5) | (down > other[0] - 0.5)
    return np.asarray(out)


def sample(picture: Pixels | Floats, there: Map, size: tuple[int, int]) -> Pixels | Floats:
    """The part of a picture (H, W[, C]) that a map shows: a picture of `size` (h, w).

    there: from its pixels to those of the picture. Beyond its border the picture goes on as it
    ends. Where it gets smaller it is reduced by area averages first, so that no detail is skipped.
    """
    inside = rectangle_of(there, size, (picture.shape[0], picture.shape[1]))
    if inside is not None:
        x, y, width, height = inside
        return resize(picture[y : y + height, x : x + width], size)
    return _warped(picture, there, size)


def rectangle_of(there: Map, size: tuple[int, int], other: tuple[int, int]) -> Rectangle | None:
    """What a map from a picture of `size` (h, w) shows of one of the size `other`.

    None where that is not upright, not of whole pixels, or not all inside.
    """
    edges = there @ np.array([[-0.5, size[1] - 0.5], [-0.5, size[0] - 0.5], [1, 1]]) + 0.5
    found = edges[:2].ravel().tolist()
    left, right, top, bottom = whole_ones = [round(value) for value in found]
    upright = there[0, 1] == there[1, 0] == 0
    whole = all(abs(a - b) <= _HAIR for a, b in zip(found, whole_ones, strict=True))
    height, width = other
    if upright and whole and 0 <= left < right <= width and 0 <= top < bottom <= height:
        return left, top, right - left, bottom - top
    return None


def _warped(picture: Pixels | Floats, there: Map, size: tuple[int, int]) -> Pixels | Floats:
    shrink = float(np.sqrt(abs(np.linalg.det(there[:2, :2]))))  # picture pixels for one of ours
    finer = 2 if shrink > 1 else 1  # it is turned at twice the size, then averaged
    part, offset = _around(picture, there, size, margin=2 * shrink)
    step = min(1.0, finer / shrink)
    before = (part.shape[0], part.shape[1])
    between = (max(1, round(before[0] * step)), max(1, round(before[1] * step)))
    target = (size[0] * finer, size[1] * finer)
    here = scaling(before, between) @ offset @ there @ scaling(target, size)
    warped = cv2.warpAffine(
        np.ascontiguousarray(resize(part, between)),
        here[:2],
        (target[1], target[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return resize(warped, size)


def _around(
    picture: Pixels | Floats, there: Map, size: tuple[int, int], margin: float
) -> tuple[Pixels | Floats, Map]:
    """The upright part of the picture that a map shows and a margin; and the map into the part."""
    corners = there @ np.array([[0, size[1], 0, size[1]], [0, 0, size[0], size[0]], [1, 1, 1, 1]])
    low, high = corners[:2].min(axis=1) - margin, corners[:2].max(axis=1) + margin
    height, width = picture.shape[:2]
    x0, y0 = (int(np.clip(v, 0, n - 1)) for v, n in zip(low, (width, height), strict=True))
    x1, y1 = (int(np.clip(v, 0, n)) for v, n in zip(high, (width, height), strict=True))
    offset = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]], np.float64)
    return picture[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], offset


def resize(pixels: Pixels | Floats, size: tuple[int, int]) -> Pixels | Floats:
    """Resize to (h, w): area averages when it gets smaller, linear when larger."""
    if pixels.shape[:2] == size:
        return pixels
    smaller = pixels.shape[0] * pixels.shape[1] > size[0] * size[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized: Pixels | Floats = cv2.resize(
        np.ascontiguousarray(pixels), (size[1], size[0]), interpolation=method
    )
    return resized


def distorts(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two (H, W) differ in proportions by more than 2 %."""
    ratio = size[0] * other[1] / (size[1] * other[0])
    return max(ratio, 1 / ratio) > _DISTORTION


def reduced(size: tuple[int, int], longest: int, least: int = 1) -> tuple[int, int]:
    """(h, w) with the proportions of `size` and a longer side of at most `longest`."""
    scale = min(1.0, longest / max(size))
    return max(least, round(size[0] * scale)), max(least, round(size[1] * scale))


def fitting_size(
    sizes: Sequence[tuple[int, int]], longest: int, least: int = 1, multiple: int = 4
) -> tuple[int, int]:
    """(h, w) with the proportions of the most frequent of `sizes` and this longer side.

    Pictures smaller than that are not enlarged, unless a longer side of `least` is asked for.
    Sides are multiples of `multiple`, at least 16.
    """
    height, width = Counter(sizes).most_common(1)[0][0]
    scale = max(min(1.0, longest / max(height, width)), least / max(height, width))
    smallest = max(SMALLEST_SIDE, multiple)
    h, w = (max(smallest, multiple * round(side * scale / multiple)) for side in (height, width))
    return h, w


def in_pixels(size: tuple[int, int]) -> str:
    """(H, W) of a picture as people write it: '640x480', width first."""
    return f"{size[1]}x{size[0]}"


def as_option(size: tuple[int, int]) -> str:
    """(H, W) as the option --size takes it: '480x640', height first."""
    return f"{size[0]}x{size[1]}"


def as_bytes(pixels: Pixels, white: int) -> Pixels:
    """The same with 8 bits; white: the value that is white."""
    if pixels.dtype == np.uint8:
        return pixels
    return np.asarray(np.clip(pixels * (255.0 / white) + 0.5, 0, 255), np.uint8)
