"""Where a simulated defect lies, how large it is and how strong: drawn at random."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.types import Floats

Rng = np.random.Generator
_FULL_LIGHT = 0.5  # brightness (of 1) from which on a mark shows fully


def contrast(rng: Rng, least: float, most: float, darker: float = 0.5) -> float:
    """A change of grey values, of white; even on a logarithmic scale, so weak ones are frequent.

    darker: the share of changes that are negative.
    """
    size = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    return -size if rng.random() < darker else size


def length(picture: Floats, rng: Rng, least: float, most: float) -> float:
    """A length in pixels, drawn between two shares of the longer side."""
    return float(rng.uniform(least, most) * max(picture.shape[:2]))


def place(picture: Floats, rng: Rng) -> tuple[float, float]:
    """(x, y), not too near the border, where there is more detail than at half of all places.

    So it is on the part and not on an empty ground beside it, as real defects are.
    """
    height, width = picture.shape[:2]
    top, left = height // 10, width // 10
    grey = picture.mean(axis=2)
    variance = _smooth(np.square(grey)) - np.square(_smooth(grey))
    detail = variance[top : height - top, left : width - left]
    rows, columns = np.nonzero(detail >= np.median(detail))
    chosen = rng.integers(len(rows))
    return float(columns[chosen] + left), float(rows[chosen] + top)


def light(picture: Floats) -> Floats:
    """(h, w, 1) in [0.2, 1]: how strongly a mark shows at each place; where it is dark, less."""
    share = _smooth(picture.mean(axis=2)) / _FULL_LIGHT
    return np.asarray(np.clip(0.2 + 0.8 * share, 0, 1), np.float32)[:, :, None]


def _smooth(grey: Floats) -> Floats:
    reach = max(1.0, max(grey.shape) / 32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), reach), np.float32)


def patch(picture: Floats, rng: Rng) -> tuple[int, int, int, int]:
    """(top, left, height, width) about a place, each a sixteenth to a third of the longer side."""
    height, width = (
        min(side, max(2, round(length(picture, rng, 1 / 16, 1 / 3)))) for side in picture.shape[:2]
    )
    x, y = place(picture, rng)
    top = int(np.clip(y - height / 2, 0, picture.shape[0] - height))
    left = int(np.clip(x - width / 2, 0, picture.shape[1] - width))
    return top, left, height, width


def blob(picture: Floats, rng: Rng, least: float, most: float) -> Floats:
    """(h, w) in [0, 1]: an uneven patch with a soft rim, up to three times as long as it is wide.

    least, most: its length as a share of the longer side.
    """
    height, width = picture.shape[:2]
    long = max(1.5, length(picture, rng, least, most) / 2)
    wide = max(1.0, long / rng.uniform(1, 3))
    rows, columns = np.mgrid[:height, :width]
    x, y = place(picture, rng)
    angle = rng.uniform(0, np.pi)
    along = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
    across = (rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)
    uneven = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), max(1.0, wide / 2))
    uneven *= 0.25 / max(float(uneven.std()), 1e-9)
    reach = np.hypot(along / long, across / wide) + uneven
    rim = min(1.0, 1 / wide)  # one pixel
    return np.asarray(np.clip((1 - reach) / rim + 0.5, 0, 1), np.float32)


def walk(rng: Rng, start: tuple[float, float], long: float, bend: float) -> Floats:
    """(K, 2) points of a line that wanders; bend: radians of a turn from one step to the next."""
    steps = 16
    turns = np.cumsum(rng.normal(0, bend, steps)) + rng.uniform(0, 2 * np.pi)
    moves = np.stack([np.cos(turns), np.sin(turns)], axis=1) * long / steps
    return np.asarray(np.concatenate([[start], start + np.cumsum(moves, axis=0)]), np.float32)


def lines(picture: Floats, drawn: list[Floats], thickness: list[float]) -> NDArray[np.float32]:
    """(h, w) in [0, 1]: the lines, each of its thickness in pixels; thinner than one is fainter."""
    covered = np.zeros(picture.shape[:2], np.uint8)
    for points, thick in zip(drawn, thickness, strict=True):
        one = np.zeros_like(covered)
        corners = np.round(points * 16).astype(np.int32)[:, None]
        strength = round(255 * min(1.0, thick))
        cv2.polylines(one, [corners], False, strength, max(1, round(thick)), cv2.LINE_AA, 4)
        covered = np.maximum(covered, one)
    return np.asarray(covered / np.float32(255), np.float32)
