"""How much good parts vary at each place, in neighbourhoods of five sizes.

Neighbourhoods of all sizes are tried at every place, because nobody knows how large the defect will
be (Lindeberg, "Feature detection with automatic scale selection", 1998).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.types import Floats

SCALES = (1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8)
"""Standard deviations of the neighbourhoods, as shares of the picture's longer side."""

_FLOOR = 0.2  # of the mean variation: a place that never varied is not infinitely sensitive
_SMALLEST_SPREAD = 1e-3  # grey levels (of 1): a quarter of a step of 8 bits
_FEW_CHANNELS = 4


@dataclass(frozen=True, eq=False)
class GoodVariation:
    """How much good pictures differ from their reconstruction.

    spreads: for each scale (h_s, w_s, C) float32, in grey levels. weights: (S,) float32, brings
    the scales to a common measure: what is equally rare among good pictures counts equally. The
    finest scale has weight 1, so the unit is a standard deviation at the finest scale.
    """

    spreads: tuple[Floats, ...]
    weights: Floats

    def fits(self, shape: tuple[int, int, int]) -> bool:
        """Whether it belongs to residuals of this (h, w, C) and makes sense: finite, positive."""
        expected = [average.shape for average in _neighbourhoods(np.zeros(shape, np.float32))]
        return (
            [spread.shape for spread in self.spreads] == expected
            and self.weights.shape == (len(SCALES),)
            and all(bool((a > 0).all() and np.isfinite(a).all()) for a in self.spreads)
            and bool((self.weights > 0).all() and np.isfinite(self.weights).all())
        )

    def difference(self, residual: Floats) -> Floats:
        """(h, w, C) residual -> (h, w) float32 >= 0 in good-part units, high is abnormal."""
        maps = _scale_maps(residual, self.spreads)
        difference: Floats = np.max(
            [m * w for m, w in zip(maps, self.weights, strict=True)], axis=0
        )
        return difference


Powers = list[NDArray[np.float64]]
"""For each scale the sum over pictures of the squared neighbourhood averages of a residual."""


def learn_variation(
    residuals: Floats,
    folds: NDArray[np.intp],
    apart: Mapping[tuple[int, int], Powers] | None = None,
) -> tuple[GoodVariation, list[GoodVariation]]:
    """The variation of good pictures, and for each fold the variation without it.

    residuals: (N, h, w, C) of good pictures, each from a model that learned without its fold.
    folds: (N,) fold numbers 0...K-1. A picture is scored with the variation of the *other* folds
    only: divided by a variation that it took part in itself, it would look better than tomorrow's
    picture will.

    apart: for (fold, other) the powers of the other fold's residuals from a model that has learned
    neither. Left out, those from a model that has learned the fold take their place: what is odd in
    its pictures is then in the others' residuals too, and hides it (docs/decisions/folds.md). The
    unit is the same for tomorrow's picture: the variation of all is taken from such models too.
    """
    members = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
    counts = np.array([len(inside) for inside in members])
    own = [
        powers_of(residuals[inside]) if apart is None else _mean_powers(apart, fold)
        for fold, inside in enumerate(members)
    ]
    peaks = np.empty((len(residuals), len(SCALES)), np.float32)
    without = []
    for fold, inside in enumerate(members):
        others = [n for n in range(len(members)) if n != fold]
        powers = [own[n] if apart is None else apart[fold, n] for n in others]
        without.append(_spreads(powers, int(counts[others].sum())))
        for index in inside:
            peaks[index] = [m.max() for m in _scale_maps(residuals[index], without[fold])]
    final = GoodVariation(_spreads(own, len(residuals)), _weights(peaks))
    return final, [
        GoodVariation(spreads, _weights(peaks[folds != fold]))
        for fold, spreads in enumerate(without)
    ]


def _mean_powers(apart: Mapping[tuple[int, int], Powers], fold: int) -> Powers:
    """Of the residuals of one fold, over the models that lack it and another one."""
    every = [powers for (_, other), powers in apart.items() if other == fold]
    return [np.mean(sums, axis=0) for sums in zip(*every, strict=True)]


def grown_variation(
    old: GoodVariation, count: int, residuals: Floats, folds: NDArray[np.intp]
) -> tuple[GoodVariation, list[GoodVariation]]:
    """The variation of `count` good pictures and of new ones, and for each fold without its own.

    residuals, folds: of the new pictures, as in `learn_variation`.
    """
    members = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
    powers = [powers_of(residuals[inside]) for inside in members]
    counts = np.array([len(inside) for inside in members])

    def pooled(numbers: list[int]) -> tuple[Floats, ...]:
        more = int(counts[numbers].sum())
        if not more:
            return old.spreads
        own = _spreads([powers[n] for n in numbers], more)
        return tuple(
            np.sqrt((count * a**2 + more * b**2) / (count + more)).astype(np.float32)
            for a, b in zip(old.spreads, own, strict=True)
        )

    def weighted(peaks: Floats) -> Floats:
        if not len(peaks):
            return old.weights
        share = len(peaks) / (count + len(peaks))
        return np.asarray(old.weights ** (1 - share) * _weights(peaks) ** share, np.float32)

    every = list(range(len(members)))
    peaks = np.empty((len(residuals), len(SCALES)), np.float32)
    without = []
    for fold, inside in enumerate(members):
        without.append(pooled([n for n in every if n != fold]))
        for index in inside:
            peaks[index] = [m.max() for m in _scale_maps(residuals[index], without[fold])]
    return GoodVariation(pooled(every), weighted(peaks)), [
        GoodVariation(spreads, weighted(peaks[folds != fold]))
        for fold, spreads in enumerate(without)
    ]


def over_channels(values: Floats) -> Floats:
    """(h, w, C) -> (h, w), the mean over the channels."""
    if values.shape[2] > _FEW_CHANNELS:
        return np.asarray(values.mean(axis=2))
    # NumPy's mean over a short last axis takes longer than all the rest of the difference.
    total = values[:, :, 0].copy()
    for channel in range(1, values.shape[2]):
        total += values[:, :, channel]
    return np.asarray(total / np.float32(values.shape[2]))


def _neighbourhoods(residual: Floats) -> list[Floats]:
    """(h, w, C) -> its Gaussian average at each scale; coarse scales on a coarser grid."""
    height, width, channels = residual.shape
    averages = []
    for scale in SCALES:
        sigma, size = neighbourhood(scale, (height, width))
        coarse = residual
        if size != (height, width):
            coarse = cv2.resize(residual, size[::-1], interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(coarse, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        averages.append(blurred.reshape(*size, channels))
    return averages


def neighbourhood(scale: float, size: tuple[int, int]) -> tuple[float, tuple[int, int]]:
    """Of a map (h, w) at one scale: the standard deviation in places of its grid, and the grid.

    Half the deviation is a fine enough grid and keeps every blur small.
    """
    sigma = scale * max(size)
    step = max(1, int(sigma / 2))
    return sigma / step, (max(1, round(size[0] / step)), max(1, round(size[1] / step)))


def powers_of(residuals: Floats) -> Powers:
    """Of (N, h, w, C) residuals, at least one."""
    sums = [np.zeros(a.shape) for a in _neighbourhoods(residuals[0])]
    for residual in residuals:
        for scale, average in enumerate(_neighbourhoods(residual)):
            sums[scale] += np.square(average, dtype=np.float64)
    return sums


def _spreads(powers: Sequence[Powers], count: int) -> tuple[Floats, ...]:
    """Root mean squares over `count` pictures, smoothed over neighbours and floored."""
    spreads = []
    for sums in zip(*powers, strict=True):
        power = np.sum(sums, axis=0) / count
        smooth = cv2.GaussianBlur(power, (0, 0), 1.5, borderType=cv2.BORDER_REPLICATE)
        smooth = smooth.reshape(power.shape)
        floor = max(_FLOOR**2 * smooth.mean(), _SMALLEST_SPREAD**2)
        spreads.append(np.sqrt(np.maximum(smooth, floor)).astype(np.float32))
    return tuple(spreads)


def _scale_maps(residual: Floats, spreads: Sequence[Floats]) -> list[Floats]:
    """(h, w, C) residual -> for each scale a (h, w) map in standard deviations of good parts."""
    height, width, _ = residual.shape
    maps = []
    for average, spread in zip(_neighbourhoods(residual), spreads, strict=True):
        deviation = np.sqrt(over_channels(np.square(average / spread)))
        maps.append(cv2.resize(deviation, (width, height), interpolation=cv2.INTER_LINEAR))
    return maps


def _weights(peaks: Floats) -> Floats:
    """(N, S) peaks of good pictures -> (S,) weights that make the scales' typical peaks equal."""
    typical = np.maximum(peaks.mean(axis=0), 1e-6)
    weights: Floats = (typical[0] / typical).astype(np.float32)
    return weights
