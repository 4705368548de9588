"""What lies on the board is told from the board by its colour.

A board is even but for slow changes of light: a quadratic surface of its Lab colour, fitted anew to
each picture, without what does not fit it. Shadows are darker and of the same colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.types import Floats, Pixels

_COARSER = 6  # times, where the surface is fitted
_ROUNDS, _EVERY = 5, 5
_FAR = 4.0  # standard deviations: what is farther is not of the board
_CHROMA, _BRIGHTER, _DARKER = 8.0, 6.0, 28.0  # of Lab: farther from the board is a thing
_CLOSED = 5  # pixels: gaps up to this are glare
_HOLE = 7.0  # pixels: half the width of the widest hole that is filled

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ground:
    """A picture told apart. mask: (h, w) True where something lies; light: (h, w) float32, how
    bright the board is or would be there, in (0, 1]; contrast: (h, w) float32, how far each pixel
    is from the board's colour, 1 at the limit.
    """

    mask: Mask
    light: Floats
    contrast: Floats


def ground_of(pixels: Pixels) -> Ground:
    """Tell what lies on a board, (h, w, 3) uint8, from the board."""
    lab = cv2.cvtColor(np.asarray(pixels, np.float32) / 255, cv2.COLOR_RGB2LAB)
    size = pixels.shape[1], pixels.shape[0]
    small = cv2.resize(lab, None, fx=1 / _COARSER, fy=1 / _COARSER, interpolation=cv2.INTER_AREA)
    surface = _fitted(small)
    board = np.asarray(cv2.resize(surface, size, interpolation=cv2.INTER_LINEAR), np.float32)
    apart = cv2.GaussianBlur(lab, (0, 0), 0.8) - board
    away = np.maximum(apart[..., 0] / _BRIGHTER, -apart[..., 0] / _DARKER)
    contrast = np.maximum(away, np.hypot(apart[..., 1], apart[..., 2]) / _CHROMA)
    closing = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_CLOSED, _CLOSED))
    mask = cv2.morphologyEx(np.uint8(contrast > 1), cv2.MORPH_CLOSE, closing)
    shown = cv2.cvtColor(cv2.cvtColor(surface, cv2.COLOR_LAB2RGB), cv2.COLOR_RGB2GRAY)
    light = cv2.resize(np.clip(shown, 0.02, 1), size, interpolation=cv2.INTER_LINEAR)
    return Ground(_filled(mask), np.asarray(light, np.float32), contrast)


def _fitted(lab: Floats) -> Floats:
    """(h, w, 3) the board's colour everywhere."""
    height, width = lab.shape[:2]
    down, across = np.mgrid[0:height, 0:width]
    y, x = down.ravel() / height - 0.5, across.ravel() / width - 0.5
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=1)
    values = lab.reshape(-1, 3).astype(np.float64)
    kept = _common(values)
    for _ in range(_ROUNDS):
        chosen = np.flatnonzero(kept)[::_EVERY]
        own = terms[chosen]
        found = np.linalg.solve(own.T @ own + 1e-6 * np.eye(6), own.T @ values[chosen])
        rest = np.abs(values - terms @ found)
        spread = 1.4826 * np.median(rest[chosen], axis=0) + 0.3
        kept = (rest < _FAR * spread).all(axis=1)
    return np.asarray((terms @ found).reshape(height, width, 3), np.float32)


def _common(values: NDArray[np.float64]) -> Mask:
    """(n,) what is near the most common colour."""
    usual = np.median(values[::_EVERY], axis=0)
    rest = np.abs(values - usual).sum(axis=1)
    return np.asarray(rest <= np.quantile(rest[::_EVERY], 0.6))


def _filled(mask: NDArray[np.uint8]) -> Mask:
    """Without narrow holes, as glare, parted wires and the eye of a terminal leave them."""
    outside = 1 - mask
    count, numbers = cv2.connectedComponents(outside, connectivity=4)
    half = cv2.distanceTransform(outside, cv2.DIST_L2, 3)
    wide = np.zeros(count, bool)
    wide[numbers[half >= _HOLE]] = True
    wide[0] = True  # what is no hole
    return np.asarray((mask > 0) | ~wide[numbers])
