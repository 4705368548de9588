"""What is known of windows, brought back into the picture."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.prepare.geometry import Map, beyond, resize, sample, scaling
from kenpin.types import Floats

Mask = NDArray[np.bool_]


def in_picture(
    maps: Floats, to_picture: Sequence[Map], size: tuple[int, int], target: tuple[int, int]
) -> tuple[Floats, Mask]:
    """What is known of windows, brought back into the picture; and where anything is known.

    maps: (K, h, w[, C]) float32. to_picture: see `Prepared`. size: (H, W) of the picture; target:
    (H', W') the size at which it is drawn. Answers (H', W'[, C]); where windows overlap the larger
    value counts.
    """
    canvas = np.full((*target, *maps.shape[3:]), -np.inf, np.float32)
    for window, own in zip(maps, to_picture, strict=True):
        there = scaling(size, target) @ own if own.ndim == 2 else own
        shape = (window.shape[0], window.shape[1])
        inside, brought = np.ones(target, bool), window
        if own.ndim == 3:
            brought, inside = _scattered(window, own, size, target)
        elif np.allclose(there, scaling(shape, target), atol=1e-9):  # the whole picture, upright
            brought = np.asarray(resize(window, target), np.float32)
        else:
            back = np.linalg.inv(there)
            brought = np.asarray(sample(window, back, target), np.float32)
            inside = ~beyond(back, target, shape)
        brought = brought.reshape(canvas.shape)
        canvas[inside] = np.maximum(canvas[inside], brought[inside])
    known = np.isfinite(canvas) if canvas.ndim == 2 else np.isfinite(canvas[..., 0])
    return np.where(np.isfinite(canvas), canvas, np.float32(0)), known


def _scattered(
    window: Floats, where: Map, size: tuple[int, int], target: tuple[int, int]
) -> tuple[Floats, Mask]:
    """A window whose pixels are anywhere, (h, w, 2), brought into a picture of the size target.

    The larger value counts; what lies between two of its pixels is as both.
    """
    x, y = (where + 0.5).reshape(-1, 2).T * (np.array(target[::-1]) / size[::-1])[:, None]
    known = np.isfinite(x) & (x >= 0) & (y >= 0) & (x < target[1]) & (y < target[0])
    places = y[known].astype(np.intp), x[known].astype(np.intp)
    brought = np.full((*target, *window.shape[2:]), -np.inf, np.float32)
    np.maximum.at(brought, places, window.reshape(-1, *window.shape[2:])[known])
    grown = cv2.dilate(np.nan_to_num(brought, neginf=-1e30), np.ones((3, 3), np.uint8))
    grown = grown.reshape(brought.shape)
    brought = np.where(np.isfinite(brought), brought, grown)
    inside = brought > -1e29
    return np.asarray(brought, np.float32), inside if inside.ndim == 2 else inside[..., 0]
