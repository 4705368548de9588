"""From the difference map to one number and the places to look at."""

import cv2
import numpy as np

from kenpin.types import Floats, Region


def score(difference: Floats) -> float:
    """The largest value of a (h, w) difference map, in good-part units; high is abnormal."""
    return float(difference.max())


def regions(difference: Floats, limit: float) -> tuple[Region, ...]:
    """The places of a (h, w) difference map above the limit, most abnormal first, in its pixels.

    As the score is the map's largest value, there is a region exactly when the score is above
    the limit.
    """
    above = (~(difference <= limit)).astype(np.uint8)  # not a number counts as above
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, width, height = (int(v) for v in boxes[label, :4])
        inside = labels[y : y + height, x : x + width] == label
        peak = float(difference[y : y + height, x : x + width][inside].max())
        found.append(Region(x, y, width, height, peak))
    return tuple(sorted(found, key=lambda region: -region.peak))
