"""Takes out what differs in the light from picture to picture."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.types import Floats

REACH = 1 / 4  # of the longer side: what changes more slowly than that is light
MOST = 4.0  # times brighter or darker; beyond that a picture is not made up for
LEAST = 1e-3
MOST_TINT = 1.15  # times: how much one colour may be brought up more than the others


@dataclass(frozen=True, eq=False)
class Light:
    """standard: (K, h, w, C) float32, the mean good picture of each window without its detail.

    kind: "level" brings each picture to the same mean brightness, by one factor. "shading" also
    evens out what changes slowly over the picture. tinted: whether "level" also evens out the tint
    of the light, by up to 15 % between colours; not in files before format 8.
    """

    standard: Floats
    kind: Literal["level", "shading"]
    tinted: bool = False

    @classmethod
    def of(cls, mean: Floats, kind: Literal["level", "shading"]) -> "Light":
        """From the mean good picture (K, h, w, C)."""
        return cls(np.stack([_slow(window) for window in mean]), kind, tinted=True)

    def normalised(self, windows: Floats, unseen: NDArray[np.bool_] | None = None) -> Floats:
        """(K, h, w, C) float32 in [0, 1] of one picture -> the same in the standard light.

        unseen: (K, h, w) True where what is there says nothing about the light.
        """
        known = windows
        if unseen is not None:
            known = np.where(unseen[..., None], self.standard, windows)
        if self.kind == "level":
            counted = slice(None) if unseen is None else ~unseen
            usual, own = float(self.standard[counted].mean()), float(windows[counted].mean())
            gain = np.asarray(usual / max(own, LEAST))
            if self.tinted and windows.shape[3] > 1:
                tints = self._tints(windows[counted], self.standard[counted], gain)
                gain = np.clip(gain, 1 / MOST, MOST) * tints
        else:
            slow = np.stack([_slow(window) for window in known])
            gain = self.standard / np.maximum(slow, LEAST)
        return np.asarray(np.clip(windows * np.clip(gain, 1 / MOST, MOST), 0, 1), np.float32)

    def _tints(self, own: Floats, usual: Floats, gain: Floats) -> Floats:
        """(C,) what each colour is brought up more than all together; own, usual: (..., C)."""
        channels = own.shape[-1]
        mean = np.maximum(own.reshape(-1, channels).mean(axis=0, dtype=np.float64), LEAST)
        wanted = usual.reshape(-1, channels).mean(axis=0, dtype=np.float64)
        shares = (wanted / mean / gain).astype(np.float32)
        return np.asarray(np.clip(shares, 1 / MOST_TINT, MOST_TINT), np.float32)


def _slow(picture: Floats) -> Floats:
    """(h, w, C) -> its average over a wide neighbourhood."""
    sigma = REACH * max(picture.shape[:2])
    slow = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(slow.reshape(picture.shape), np.float32)
