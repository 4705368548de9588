"""Pictures made from what a bundle keeps for people: the mean good part, and what could go wrong.

They need not look like the part's pictures: they exercise the same way, from the file to a verdict.
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.types import Floats

_NOISES = (0.01, 0.02, 0.04, 0.08)  # grey levels (of 1)
_LONGEST = 256  # pixels at which defects are laid on


def drawn_like(
    previews: dict[str, bytes], size: tuple[int, int], colour: bool, seed: int = 0
) -> list[NDArray[np.uint8]]:
    """(H, W, C) each: the mean good part with noise, with each simulated defect, and nothing.

    previews: of a bundle. size: (H, W).
    """
    rng = np.random.default_rng(seed)
    small = _mean(previews, colour)
    # The mean of many is smooth, as if it were out of focus: some noise of a camera may be right.
    drawn = [(small, noise) for noise in _NOISES]
    drawn += [(simulate(small, kind, rng)[0], _NOISES[1]) for kind in SIMULATED]
    drawn += [(np.zeros_like(small), 0.0), (np.full_like(small, 0.5), 0.5), (0.4 * small, 0.0)]
    return [_as_picture(one, noise, size, rng) for one, noise in drawn]


def _mean(previews: dict[str, bytes], colour: bool) -> Floats:
    """(h, w, C) in [0, 1], small; a file may bring none, or anything else under that name."""
    try:
        with Image.open(io.BytesIO(previews["mean.png"]), formats=("PNG",)) as preview:
            preview.thumbnail((_LONGEST, _LONGEST))
            mean = np.asarray(preview.convert("RGB" if colour else "L"), np.float32) / 255
    except Exception:  # a damaged picture can make Pillow raise almost anything
        mean = np.full((_LONGEST, _LONGEST, 3 if colour else 1), 0.5, np.float32)
    return np.asarray(mean.reshape(*mean.shape[:2], -1), np.float32)


def _as_picture(
    values: Floats, noise: float, size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.uint8]:
    whole = cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR).reshape(*size, -1)
    if noise:
        whole = whole + noise * rng.standard_normal(whole.shape, np.float32)
    return np.asarray(np.clip(255 * whole + 0.5, 0, 255), np.uint8)
