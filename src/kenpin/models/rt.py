"""Taguchi's RT method: two numbers however many pixels, so few pictures are plenty.

The distance is the squared Mahalanobis distance of the two numbers (kenpin.statistics) to those of
the good pieces, divided by 2, so that its mean over them is 1 (Taguchi, "Objective function and
generic function (11)", Journal of Quality Engineering Society 14(2), 2006).

As a model the two numbers are taken in a window around every pixel, so the answer has a place.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.models.contract import Labels, State
from kenpin.recipe import LARGEST_SIDE, RtSettings
from kenpin.statistics import local_numbers, rt_numbers
from kenpin.types import Floats, Progress

_SMALLEST_SPREAD = 1e-3


@dataclass(frozen=True, eq=False)
class RtSpace:
    """The good pieces as a cloud of two numbers.

    mean: (k,) of the items. centre: (2,) and inverse: (2, 2) of Y1 and Y2.
    """

    mean: NDArray[Any]
    centre: NDArray[Any]
    inverse: NDArray[Any]

    @classmethod
    def of(cls, items: NDArray[Any]) -> "RtSpace":
        """From (n, k) items of good pieces."""
        mean = items.mean(axis=0)
        numbers = rt_numbers(items, mean)
        centre = numbers.mean(axis=0)
        deviation = numbers - centre
        covariance = deviation.T @ deviation / len(items)
        return cls(mean, centre, np.linalg.pinv(covariance, hermitian=True))

    def distance(self, items: NDArray[Any]) -> NDArray[Any]:
        """(n, k) -> (n,) squared Mahalanobis distance / 2; 1 on average over the good pieces."""
        deviation = rt_numbers(items, self.mean) - self.centre
        distance: NDArray[Any] = np.einsum("ni,ij,nj->n", deviation, self.inverse, deviation) / 2
        return distance


class Rt:
    """The numbers of good pictures around every pixel.

    mean: (h, w, C) of good pictures. centre: (h, w, 2), whitening: (h, w, 2, 2) of the two
    numbers. window: its side in pixels.
    """

    def __init__(self, mean: Floats, centre: Floats, whitening: Floats, window: int) -> None:
        self.mean = mean
        self.centre = centre
        self.whitening = whitening
        self.window = window

    def residual(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """(N, h, w, 2): whitened (Y1, Y2) around every pixel; see `Residual.residual`."""
        numbers = np.stack(
            [local_numbers(p, self.mean, (self.window, self.window)) for p in pictures]
        )
        whitened = np.einsum("hwij,nhwj->nhwi", self.whitening, numbers - self.centre)
        return np.asarray(whitened, np.float32)

    def state(self) -> State:
        """See `Model.state`."""
        arrays = {"mean": self.mean, "centre": self.centre, "whitening": self.whitening}
        return State({"window": self.window}, dict(arrays))


def settle(pictures: Floats, settings: RtSettings, least: int, seed: int) -> RtSettings:
    """The settings with the window in pixels, if the user left it open: a sixteenth, odd."""
    window = settings.window or max(3, round(max(pictures.shape[1:3]) / 16) // 2 * 2 + 1)
    return settings.model_copy(update={"window": window})


def learn(pictures: Floats, settings: RtSettings, seed: int, progress: Progress) -> Rt:
    """Learn from (N, h, w, C) float32 pictures in [0, 1]; see `learn_model`."""
    window = settle(pictures, settings, len(pictures), seed).window or 3
    mean = pictures.mean(axis=0, dtype=np.float64).astype(np.float32)
    numbers = np.stack([local_numbers(picture, mean, (window, window)) for picture in pictures])
    centre = numbers.mean(axis=0)
    deviation = numbers - centre
    covariance = np.einsum("nhwi,nhwj->hwij", deviation, deviation) / len(pictures)
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    scale = 1 / np.sqrt(np.maximum(values, _SMALLEST_SPREAD**2))
    whitening = np.einsum("hwik,hwk,hwjk->hwij", vectors, scale, vectors)
    return Rt(mean, centre, whitening.astype(np.float32), window)


def load(state: State) -> Rt:
    """The model again; see `Model.state`."""
    mean, centre, whitening = (
        np.array(state.arrays[name], np.float32) for name in ("mean", "centre", "whitening")
    )
    size = mean.shape[:2]
    if mean.ndim != 3 or centre.shape != (*size, 2) or whitening.shape != (*size, 2, 2):
        raise ValueError("mean, centre and whitening do not fit each other")
    window = int(state.config["window"])
    if not 2 <= window <= LARGEST_SIDE:
        raise ValueError("the window is not possible")
    return Rt(mean, centre, whitening, window)
