"""Takes out what differs in the light from picture to picture."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from kenpin.types import Floats

_REACH = 1 / 4  # of the longer side: what changes more slowly than that is light
_MOST = 4.0  # times brighter or darker; beyond that a picture is not made up for
_LEAST = 1e-3


@dataclass(frozen=True, eq=False)
class Light:
    """standard: (K, h, w, C) float32, the mean good picture of each window without its detail.

    kind: "level" brings each picture to the same mean brightness, by one factor. "shading" also
    evens out what changes slowly over the picture.
    """

    standard: Floats
    kind: Literal["level", "shading"]

    @classmethod
    def of(cls, mean: Floats, kind: Literal["level", "shading"]) -> "Light":
        """From the mean good picture (K, h, w, C)."""
        return cls(np.stack([_slow(window) for window in mean]), kind)

    def normalised(self, windows: Floats) -> Floats:
        """(K, h, w, C) float32 in [0, 1] of one picture -> the same in the standard light."""
        if self.kind == "level":
            gain = np.asarray(self.standard.mean() / max(float(windows.mean()), _LEAST))
        else:
            slow = np.stack([_slow(window) for window in windows])
            gain = self.standard / np.maximum(slow, _LEAST)
        return np.asarray(np.clip(windows * np.clip(gain, 1 / _MOST, _MOST), 0, 1), np.float32)


def _slow(picture: Floats) -> Floats:
    """(h, w, C) -> its average over a wide neighbourhood."""
    sigma = _REACH * max(picture.shape[:2])
    slow = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(slow.reshape(picture.shape), np.float32)
