"""From the difference map to one number and the places to look at."""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from kenpin.types import Floats, Region

TOP_SHARE = 0.01
_HALF, _EDGE = 0.5, 0.3  # of a region's peak; of the largest product in it
_REACH = 48  # of the longer side: half a place of the features


def score(difference: Floats, how: Literal["max", "mean", "top"] = "max") -> float:
    """One number for a (h, w) difference map; high is abnormal.

    "max": its largest value. "mean": its mean. "top": the mean of its largest 1 %.
    """
    if how == "max":
        return float(difference.max())
    if how == "mean":
        return float(difference.mean(dtype=np.float64))
    count = max(1, round(TOP_SHARE * difference.size))
    largest = np.partition(difference.ravel(), -count)[-count:]
    return float(largest.mean(dtype=np.float64))


def spread_over(difference: Floats, size: tuple[int, int]) -> Floats:
    """A (h, w) map at another size, its largest value the same.

    Places between those of the map are interpolated, so that regions do not end at their edges.
    """
    if difference.shape == size:
        return difference
    spread = cv2.resize(difference, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    largest = float(spread.max())
    if not largest > 0:
        return np.asarray(spread, np.float32)
    return np.asarray(spread * (difference.max() / largest), np.float32)


def regions(difference: Floats, level: float) -> tuple[Region, ...]:
    """The places of a (h, w) difference map above the level, most abnormal first, in its pixels.

    There is a region exactly when the map's largest value is above the level.
    """
    above = (~(difference <= level)).astype(np.uint8)  # not a number counts as above
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, width, height = (int(v) for v in boxes[label, :4])
        inside = labels[y : y + height, x : x + width] == label
        peak = float(difference[y : y + height, x : x + width][inside].max())
        found.append(Region(x, y, width, height, peak))
    return tuple(sorted(found, key=lambda region: -region.peak))


def joined_regions(found: Sequence[Region]) -> tuple[Region, ...]:
    """The same places with those that overlap as one, most abnormal first.

    Of a picture in overlapping tiles, where the same defect is seen by several.
    """
    apart: list[Region] = []
    for region in found:
        whole = region
        while (other := next((one for one in apart if _overlap(one, whole)), None)) is not None:
            apart.remove(other)
            whole = _around_both(other, whole)
        apart.append(whole)
    return tuple(sorted(apart, key=lambda region: -region.peak))


def _overlap(one: Region, other: Region) -> bool:
    return max(one.x, other.x) < min(one.x + one.width, other.x + other.width) and max(
        one.y, other.y
    ) < min(one.y + one.height, other.y + other.height)


def _around_both(one: Region, other: Region) -> Region:
    x, y = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    below = max(one.y + one.height, other.y + other.height)
    return Region(x, y, right - x, below - y, max(one.peak, other.peak), one.window)


def refined(region: Region, difference: Floats, error: Floats) -> Region:
    """The region drawn in to where the pixels differ too.

    difference: (h, w) of features, which see far around and so reach beyond what they found. error:
    (h, w) >= 0, how badly the pixels are rebuilt. What counts is their product where the difference
    is at least half the region's peak; measured in benchmarks/regions.py.
    """
    reach = max(1, round(max(difference.shape) / _REACH))
    top, left = max(0, region.y - reach), max(0, region.x - reach)
    below, right = region.y + region.height + reach, region.x + region.width + reach
    inside = difference[top:below, left:right]
    core = ((inside >= _HALF * region.peak) & (inside <= region.peak)).astype(np.uint8)
    near = cv2.dilate(core, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    both = inside * error[top:below, left:right] * near
    if not both.max() > 0:
        return region
    rows, columns = np.nonzero(both >= _EDGE * both.max())
    x, y = left + int(columns.min()), top + int(rows.min())
    width, height = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    return Region(x, y, width, height, region.peak, region.window)


def regions_to_show(difference: Floats, level: float) -> tuple[Region, ...]:
    """The regions of a part that is not OK: never empty.

    Where nothing is above the level, because the decision was not made by the largest value, the
    places above half the largest value.
    """
    peak = float(difference.max())
    return regions(difference, level if not peak <= level else peak / 2) or regions(difference, -1)
