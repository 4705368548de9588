"""The small pictures in a bundle that show people what was learned."""

from collections.abc import Callable

import numpy as np

from kenpin.held_out import HeldOut
from kenpin.material import Material
from kenpin.pictures import encode
from kenpin.types import Floats


def previews(material: Material, held_out: HeldOut) -> dict[str, bytes]:
    """The mean good picture, where good pictures vary (white: most), and the compression."""
    windows = range(material.preparation.count)

    def beside(pictures: Floats, average: Callable[[Floats], Floats]) -> Floats:
        return np.concatenate([average(pictures[n :: len(windows)]) for n in windows], axis=1)

    spread = beside(held_out.residuals, lambda own: np.sqrt(np.square(own).mean(axis=(0, 3))))
    previews = {
        "mean.png": _png(beside(material.resized, lambda own: own.mean(axis=0))),
        "variation.png": _png(spread / max(float(spread.max()), 1e-9)),
    }
    steps = material.preparation.steps(material.resized[0])
    for number, step in enumerate(steps[1:], start=1):
        previews[f"step{number}.png"] = _png(np.concatenate([step[..., :1], step[..., 1:]], axis=1))
    return previews


def _png(values: Floats) -> bytes:
    pixels = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    return encode(pixels.squeeze(), "PNG")
