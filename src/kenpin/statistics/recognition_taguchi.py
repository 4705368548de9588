"""The two numbers of Taguchi's RT method (Recognition-Taguchi), and where they are taken.

With m the mean of the good pieces over k items and r = sum(m^2) the effective divider, a piece x
has L = sum(m x), sensitivity Y1 = L / r, and Y2 = sqrt(V_e) with V_e = (sum(x^2) - L^2 / r) /
(k - 1), the variation that m does not explain (Taguchi, "Objective function and generic function
(11)", Journal of Quality Engineering Society 14(2), 2006).
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SMALLEST_POWER = 1e-4  # of the mean in a window: where all is black there is no sensitivity


def rt_numbers(items: NDArray[Any], mean: NDArray[Any]) -> NDArray[Any]:
    """(n, k) items and their (k,) mean over the good pieces -> (n, 2): Y1 and Y2."""
    r = float(np.square(mean).sum()) or 1.0
    L = items @ mean
    error = (np.square(items).sum(axis=1) - L**2 / r) / max(1, items.shape[1] - 1)
    return np.stack([L / r, np.sqrt(np.maximum(error, 0))], axis=1)


def local_numbers(picture: Floats, mean: Floats, window: tuple[int, int]) -> Floats:
    """(h, w, C) picture and mean -> (h, w, 2): Y1 and Y2 in a window around every pixel.

    window: (height, width) in pixels.
    """
    # In double precision: where the mean explains nearly all, the difference is of the last digits.
    x, m = np.asarray(picture, np.float64), np.asarray(mean, np.float64)
    k = window[0] * window[1] * picture.shape[2]
    power = explained_power(mean, window)
    L = k * average(m * x, window)
    error = (k * average(x * x, window) - L**2 / power) / max(1, k - 1)
    return np.stack([L / power, np.sqrt(np.maximum(error, 0))], axis=-1).astype(np.float32)


def explained_power(mean: Floats, window: tuple[int, int]) -> NDArray[np.float64]:
    """(h, w, C) mean -> (h, w): the effective divider in a window around every pixel."""
    m = np.asarray(mean, np.float64)
    k = window[0] * window[1] * mean.shape[2]
    return np.asarray(k * np.maximum(average(m * m, window), SMALLEST_POWER))


def average(values: NDArray[np.float64], window: tuple[int, int]) -> NDArray[np.float64]:
    """(h, w, C) -> (h, w): the mean over a window around each pixel and over the channels."""
    averages = cv2.blur(np.ascontiguousarray(values), window[::-1], borderType=cv2.BORDER_REFLECT)
    mean: NDArray[np.float64] = averages.reshape(values.shape).mean(axis=2)
    return mean
