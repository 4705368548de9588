"""Simulated defects laid on good pictures, to choose between judges where no NG picture exists.

They need not look like real defects: a judge that finds many kinds of change on this part's own
good pictures is the better judge for this part (the idea of Li et al., "CutPaste", 2021, and
Schlüter et al., "Natural synthetic anomalies", 2022, used here for choosing, not for learning).
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.types import Floats

Mask = NDArray[np.bool_]
Rng = np.random.Generator

_LEAST_CHANGE = 0.02  # grey levels (of 1) by which a defect must change the picture, at its mask
_LEAST_PIXELS = 3  # that must be changed
_TRIES = 20


def simulate(picture: Floats, kind: str, rng: Rng) -> tuple[Floats, Mask]:
    """A (h, w, C) picture in [0, 1] with a defect, and (h, w) where it is.

    kind: one of `SIMULATED`, else ValueError. The picture given is not changed. On a blank picture
    some kinds cannot be seen; then the mask is empty.
    """
    if kind not in _DRAW:
        raise ValueError(f"kind must be one of {SIMULATED}. Got {kind!r} instead.")
    changed, mask = picture, np.zeros(picture.shape[:2], bool)
    for _ in range(_TRIES):
        changed = np.clip(_DRAW[kind](picture, rng), 0, 1).astype(np.float32)
        mask = np.abs(changed - picture).max(axis=2) > _LEAST_CHANGE
        if mask.sum() >= _LEAST_PIXELS:
            break
    return changed, mask


def spot(picture: Floats, contrast: float, radius: float, centre: tuple[float, float]) -> Floats:
    """A round spot with a soft rim, `contrast` brighter (or darker) than the picture there.

    radius and centre (x, y): in pixels.
    """
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    distance = np.hypot(columns - centre[0], rows - centre[1])
    inside = np.clip(radius + 0.5 - distance, 0, 1)[:, :, None]
    return np.asarray(picture + contrast * inside, np.float32)


def _spot(picture: Floats, rng: Rng) -> Floats:
    radius = max(0.8, _length(picture, rng, 0.015, 0.05))
    return spot(picture, _contrast(rng, 0.15, 0.6), radius, _place(picture, rng))


def _stain(picture: Floats, rng: Rng) -> Floats:
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    x, y = _place(picture, rng)
    across, down = _length(picture, rng, 0.04, 0.15), _length(picture, rng, 0.04, 0.15)
    cloud = np.exp(-(((columns - x) / across) ** 2) - ((rows - y) / down) ** 2)
    noise = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), max(1, across / 3))
    cloud = cloud * (1 + 0.5 * noise / max(float(noise.std()), 1e-6))
    return np.asarray(picture + _contrast(rng, 0.08, 0.3) * cloud[:, :, None], np.float32)


def _scratch(picture: Floats, rng: Rng) -> Floats:
    x, y = _place(picture, rng)
    angle, bend = rng.uniform(0, np.pi), rng.normal(0, 0.3)
    steps = np.linspace(0, _length(picture, rng, 0.1, 0.4), 12)
    angles = angle + bend * np.linspace(0, 1, 12)
    line = np.stack([x + steps * np.cos(angles), y + steps * np.sin(angles)], axis=1)
    drawn = np.zeros(picture.shape[:2], np.uint8)
    thickness = max(1, round(_length(picture, rng, 0.004, 0.015)))
    points = np.round(line * 16).astype(np.int32)[:, None]
    cv2.polylines(drawn, [points], False, 255, thickness, cv2.LINE_AA, 4)
    share = drawn.astype(np.float32)[:, :, None] / 255
    return np.asarray(picture + _contrast(rng, 0.15, 0.6) * share, np.float32)


def _missing_patch(picture: Floats, rng: Rng) -> Floats:
    """A patch takes the mean of what surrounds it."""
    top, left, height, width = _patch(picture, rng)
    changed = picture.copy()
    around = picture[max(0, top - 1) : top + height + 1, max(0, left - 1) : left + width + 1]
    rim = np.concatenate([around[0], around[-1], around[:, 0], around[:, -1]])
    changed[top : top + height, left : left + width] = rim.mean(axis=0)
    return changed


def _swapped_patch(picture: Floats, rng: Rng) -> Floats:
    """A patch shows what belongs elsewhere."""
    top, left, height, width = _patch(picture, rng)
    from_top = int(rng.integers(0, picture.shape[0] - height + 1))
    from_left = int(rng.integers(0, picture.shape[1] - width + 1))
    changed = picture.copy()
    changed[top : top + height, left : left + width] = picture[
        from_top : from_top + height, from_left : from_left + width
    ]
    return changed


def _local_shift(picture: Floats, rng: Rng) -> Floats:
    """The inside of a patch has moved, as a bent or displaced detail has."""
    top, left, height, width = _patch(picture, rng)
    most = max(1, round(0.05 * max(picture.shape)))
    down, right = (int(rng.integers(-most, most + 1)) for _ in range(2))
    rows = np.clip(np.arange(top, top + height) - down, 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(left, left + width) - right, 0, picture.shape[1] - 1)
    changed = picture.copy()
    changed[top : top + height, left : left + width] = picture[np.ix_(rows, columns)]
    return changed


def _warp(picture: Floats, rng: Rng) -> Floats:
    """The neighbourhood of a place is drawn to one side, most at the place itself."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = _place(picture, rng)
    reach = _length(picture, rng, 0.08, 0.2)
    pull = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * reach**2))
    most = _length(picture, rng, 0.02, 0.08)
    angle = rng.uniform(0, 2 * np.pi)
    warped = cv2.remap(
        picture,
        (columns - most * np.cos(angle) * pull).astype(np.float32),
        (rows - most * np.sin(angle) * pull).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped.reshape(picture.shape), np.float32)


def _brightness(picture: Floats, rng: Rng) -> Floats:
    """A patch is brighter or darker."""
    top, left, height, width = _patch(picture, rng)
    changed = picture.copy()
    changed[top : top + height, left : left + width] += _contrast(rng, 0.08, 0.3)
    return changed


_DRAW: dict[str, Callable[[Floats, Rng], Floats]] = {
    "spot": _spot,
    "stain": _stain,
    "scratch": _scratch,
    "missing_patch": _missing_patch,
    "swapped_patch": _swapped_patch,
    "local_shift": _local_shift,
    "warp": _warp,
    "brightness": _brightness,
}
SIMULATED = tuple(_DRAW)


def _contrast(rng: Rng, least: float, most: float) -> float:
    return float(rng.choice([-1, 1]) * rng.uniform(least, most))


def _length(picture: Floats, rng: Rng, least: float, most: float) -> float:
    """A length in pixels, drawn between two shares of the longer side."""
    return float(rng.uniform(least, most) * max(picture.shape[:2]))


def _place(picture: Floats, rng: Rng) -> tuple[float, float]:
    """(x, y), not too near the border."""
    height, width = picture.shape[:2]
    return float(rng.uniform(0.1, 0.9) * width), float(rng.uniform(0.1, 0.9) * height)


def _patch(picture: Floats, rng: Rng) -> tuple[int, int, int, int]:
    """(top, left, height, width) of a patch of a sixteenth to a third of the longer side."""
    height, width = (
        min(side, max(2, round(_length(picture, rng, 1 / 16, 1 / 3)))) for side in picture.shape[:2]
    )
    top = int(rng.integers(0, picture.shape[0] - height + 1))
    left = int(rng.integers(0, picture.shape[1] - width + 1))
    return top, left, height, width
