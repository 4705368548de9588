"""From the difference map to one number."""

from typing import Literal

import cv2
import numpy as np

from kenpin.types import Floats

TOP_SHARE = 0.01


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
