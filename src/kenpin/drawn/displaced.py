"""Simulated defects of what a part consists of: missing, misplaced, too much, bent, smeared."""

import cv2
import numpy as np

from kenpin.drawn.places import Rng, blob, length, patch, place
from kenpin.types import Floats


def missing(picture: Floats, rng: Rng) -> Floats:
    """A patch shows what a surface that goes on from around it would show."""
    top, left, height, width = patch(picture, rng)
    area = np.zeros(picture.shape[:2], np.uint8)
    area[top : top + height, left : left + width] = 1
    return filled(picture, area)


def missing_patch(picture: Floats, rng: Rng) -> Floats:
    """A patch takes the mean of what surrounds it."""
    top, left, height, width = patch(picture, rng)
    changed = picture.copy()
    around = picture[max(0, top - 1) : top + height + 1, max(0, left - 1) : left + width + 1]
    rim = np.concatenate([around[0], around[-1], around[:, 0], around[:, -1]])
    changed[top : top + height, left : left + width] = rim.mean(axis=0)
    return changed


def swapped_patch(picture: Floats, rng: Rng) -> Floats:
    """A patch shows what belongs elsewhere."""
    top, left, height, width = patch(picture, rng)
    from_top = int(rng.integers(0, picture.shape[0] - height + 1))
    from_left = int(rng.integers(0, picture.shape[1] - width + 1))
    changed = picture.copy()
    changed[top : top + height, left : left + width] = picture[
        from_top : from_top + height, from_left : from_left + width
    ]
    return changed


def additional(picture: Floats, rng: Rng) -> Floats:
    """An uneven piece of what belongs elsewhere, turned, with a soft rim: a chip, flash, a twin."""
    height, width = picture.shape[:2]
    turned = np.rot90(picture, int(rng.integers(4))) if height == width else picture
    elsewhere = np.roll(turned, (int(rng.integers(height)), int(rng.integers(width))), (0, 1))
    share = blob(picture, rng, 0.04, 0.3)[:, :, None]
    return np.asarray(picture * (1 - share) + elsewhere * share, np.float32)


def misplaced(picture: Floats, rng: Rng) -> Floats:
    """A detail is missing at its place and lies a little beside it."""
    top, left, height, width = patch(picture, rng)
    area = np.zeros(picture.shape[:2], np.uint8)
    area[top : top + height, left : left + width] = 1
    changed = filled(picture, area)
    most = max(1, round(0.1 * max(picture.shape[:2])))
    to_top = int(np.clip(top + rng.integers(-most, most + 1), 0, picture.shape[0] - height))
    to_left = int(np.clip(left + rng.integers(-most, most + 1), 0, picture.shape[1] - width))
    detail = picture[top : top + height, left : left + width]
    changed[to_top : to_top + height, to_left : to_left + width] = detail
    return changed


def print_fault(picture: Floats, rng: Rng) -> Floats:
    """Within a patch everything is smeared, or doubled, along one direction."""
    top, left, height, width = patch(picture, rng)
    reach = max(2, round(length(picture, rng, 0.01, 0.06)))
    down, right = (int(value) for value in rng.permutation([0, reach]))
    if rng.random() < 0.5:
        other = cv2.blur(picture, (1 + right, 1 + down), borderType=cv2.BORDER_REPLICATE)
    else:
        other = 0.5 * picture + 0.5 * np.roll(picture, (down, right), (0, 1))
    changed = picture.copy()
    other = other.reshape(picture.shape)[top : top + height, left : left + width]
    changed[top : top + height, left : left + width] = other
    return changed


def local_shift(picture: Floats, rng: Rng) -> Floats:
    """The inside of a patch has moved, as a bent or displaced detail has."""
    top, left, height, width = patch(picture, rng)
    most = max(1, round(0.05 * max(picture.shape)))
    down, right = (int(rng.integers(-most, most + 1)) for _ in range(2))
    rows = np.clip(np.arange(top, top + height) - down, 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(left, left + width) - right, 0, picture.shape[1] - 1)
    changed = picture.copy()
    changed[top : top + height, left : left + width] = picture[np.ix_(rows, columns)]
    return changed


def warp(picture: Floats, rng: Rng) -> Floats:
    """The neighbourhood of a place is drawn to one side, most at the place itself."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = place(picture, rng)
    reach = length(picture, rng, 0.08, 0.2)
    pull = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * reach**2))
    most = length(picture, rng, 0.02, 0.08)
    angle = rng.uniform(0, 2 * np.pi)
    warped = cv2.remap(
        picture,
        (columns - most * np.cos(angle) * pull).astype(np.float32),
        (rows - most * np.sin(angle) * pull).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped.reshape(picture.shape), np.float32)


def filled(picture: Floats, area: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> Floats:
    """Where `area` is 1 what goes on smoothly from around it (Telea, 2004)."""
    eight_bit = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    channels = [
        cv2.inpaint(np.ascontiguousarray(eight_bit[:, :, n]), area, 3, cv2.INPAINT_TELEA)
        for n in range(picture.shape[2])
    ]
    whole = np.stack(channels, axis=2).astype(np.float32) / 255
    return np.where(area[:, :, None] > 0, whole, picture)
