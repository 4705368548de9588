"""From the difference map to the places to look at.

A map of features reaches beyond what they found, for they see far around: it is drawn in to where
the pixels differ too. All of that is for people. Whether there is anything to look at, the
difference alone decides. Measured in docs/decisions/map.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Literal

import cv2
import numpy as np

from kenpin.types import Floats, Region

_Eye = Literal["texture", "shape"]

_FINEST = 128  # pixels of the longer side of a reconstruction
_IN_FULL = 0.02  # of the places
_HALF, _EDGE = 0.5, 0.3  # of a region's peak; of the largest product in it
_REACH = 48  # of the longer side: half a place of the features


def blurred_errors(pictures: Floats, rebuilt: Floats) -> Floats:
    """(K, h, w, C) pictures and their reconstructions -> (K, h, w) smoothed absolute error.

    At most `_FINEST` pixels of the longer side are compared: what is rebuilt is no finer.
    """
    height, width = pictures.shape[1:3]
    scale = min(1.0, _FINEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    found = []
    for one in pictures - rebuilt:
        small = cv2.resize(one, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
        error = cv2.GaussianBlur(np.abs(small).mean(axis=2), (0, 0), 1.0)
        found.append(cv2.resize(error, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.stack(found)


def drawn_in(difference: Floats, error: Floats) -> Floats:
    """A (h, w) map of features drawn in to where the pixels differ too, its largest value the same.

    Features see far around, and so their map reaches beyond what they found. error: (h, w) >= 0,
    how badly the pixels are rebuilt: the worst of it counts in full, the rest for its share.
    Measured in docs/decisions/map.md.
    """
    peak = difference.max()
    error = np.where(difference > 0, error, 0)  # what is ignored is no error either
    count = max(1, round(_IN_FULL * error.size))
    most = np.partition(error.ravel(), -count)[-count]
    drawn = difference * np.minimum(error / most, 1) if most > 0 else difference
    if not drawn.max() > 0:
        return difference
    drawn = np.asarray(drawn * (peak / drawn.max()), np.float32)
    drawn[np.unravel_index(drawn.argmax(), drawn.shape)] = peak  # to the last digit
    return np.asarray(np.minimum(drawn, peak), np.float32)


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
    return _sorted(found)


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
    return _sorted(apart)


def _overlap(one: Region, other: Region) -> bool:
    return max(one.x, other.x) < min(one.x + one.width, other.x + other.width) and max(
        one.y, other.y
    ) < min(one.y + one.height, other.y + other.height)


def _around_both(one: Region, other: Region) -> Region:
    x, y = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    below = max(one.y + one.height, other.y + other.height)
    worse = max(one, other, key=lambda region: region.peak)
    return replace(worse, x=x, y=y, width=right - x, height=below - y)


def regions_to_show(difference: Floats, level: float) -> tuple[Region, ...]:
    """The regions of a part that is not OK: never empty.

    Where nothing is above the level, because the decision was not made by the largest value, the
    places above half the largest value.
    """
    peak = float(difference.max())
    return regions(difference, level if not peak <= level else peak / 2) or regions(difference, -1)


def regions_drawn_in(
    difference: Floats, places: Floats, error: Floats, level: float
) -> tuple[Region, ...]:
    """The regions of a part that is not OK, drawn in to where the pixels differ too.

    places: see `drawn_in`. Those that lie in the same region of the difference are one, of which
    only what is at least half its peak is outlined.
    """
    whole = regions_to_show(difference, level)
    groups: dict[Region | None, list[Region]] = {}
    for region in regions_to_show(places, level):
        own = _refined(region, places, error)
        around = next((one for one in whole if _overlap(one, region)), None)
        groups.setdefault(around, []).append(own)
    alone = groups.pop(None, [])
    return _sorted([*alone, *(_around_all(parts) for parts in groups.values())])


def seen_by(region: Region, eyes: Mapping[_Eye, Floats], size: tuple[int, int]) -> Region:
    """The region with the eye to which most is unusual there; as it is where there are none.

    eyes: of each a map in the same unit. size: (h, w) of the map that the region is of.
    """
    if not eyes:
        return region

    def most(found: Floats) -> float:
        down, right = found.shape[0] / size[0], found.shape[1] / size[1]
        rows = slice(int(region.y * down), ceil((region.y + region.height) * down))
        columns = slice(int(region.x * right), ceil((region.x + region.width) * right))
        return float(found[rows, columns].max())

    return replace(region, seen_by=max(eyes.items(), key=lambda eye: most(eye[1]))[0])


def _around_all(parts: Sequence[Region]) -> Region:
    peak = max(part.peak for part in parts)
    whole, *others = [part for part in parts if not part.peak < _HALF * peak]  # NaN counts
    for other in others:
        whole = _around_both(whole, other)
    return whole


def _refined(region: Region, difference: Floats, error: Floats) -> Region:
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
    return replace(region, x=x, y=y, width=width, height=height)


def _sorted(found: Sequence[Region]) -> tuple[Region, ...]:
    return tuple(sorted(found, key=lambda region: -region.peak))
