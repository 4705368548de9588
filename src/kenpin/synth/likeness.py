"""Pictures made from what a bundle keeps for people: the mean good part, and what could go wrong.

They need not look like the part's pictures: they exercise the same way, from the file to a verdict.
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kenpin.synth.defects import KINDS, simulate

_NOISY = 4


def drawn_like(
    previews: dict[str, bytes], size: tuple[int, int], colour: bool, seed: int = 0
) -> list[NDArray[np.uint8]]:
    """(H, W, C) each: the mean good part with noise, with each simulated defect, and nothing.

    previews: of a bundle. size: (H, W).
    """
    rng = np.random.default_rng(seed)
    with Image.open(io.BytesIO(previews["mean.png"])) as preview:
        mean = np.asarray(preview.convert("RGB" if colour else "L"), np.float32) / 255
    whole = cv2.resize(mean, size[::-1], interpolation=cv2.INTER_LINEAR).reshape(*size, -1)
    found = [whole + rng.normal(0, 0.02 * (n + 1), whole.shape) for n in range(_NOISY)]
    found += [simulate(np.asarray(whole, np.float32), kind, rng)[0] for kind in KINDS]
    found += [np.zeros_like(whole), rng.random(whole.shape), 0.4 * whole]
    return [np.clip(255 * one + 0.5, 0, 255).astype(np.uint8) for one in found]
