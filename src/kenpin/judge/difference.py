"""The difference between a picture and its reconstruction, by default in good-part units.

In good-part units the residual at each place, averaged over a neighbourhood, is divided by how much
that average varies among good pictures the model has not seen. That is Taguchi's MT idea applied to
the difference picture: edges that always wobble stop shouting, and one colour scale serves every
part. Neighbourhoods of five sizes are tried at every place, from a spot to an eighth of the
picture, because nobody knows how large the defect will be (Lindeberg, "Feature detection with
automatic scale selection", 1998).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.statistics import COLOURS, IN_SQUARE, PIXELS, parted
from kenpin.types import Floats

SCALES = (1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8)
"""Standard deviations of the neighbourhoods, as shares of the picture's longer side."""

SSIM_FLOORS = (0.01**2, 0.03**2)
"""What keeps the similarity of blank places from being a matter of rounding."""

IN_UNITS = ("units", "eyes")
"""The kinds of difference that are judged against how much good parts vary."""

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


@dataclass(frozen=True)
class Exchange:
    """What a difference of pixels is worth as a difference of features: factor * it ** power."""

    factor: float
    power: float

    @property
    def possible(self) -> bool:
        """Whether both are finite and above 0."""
        return 0 < self.factor < np.inf and 0 < self.power < np.inf

    def brought(self, pixels: Floats) -> Floats:
        """A map in good-part units of pixels -> in the unit of features."""
        return np.asarray(self.factor * pixels**self.power, np.float32)


@dataclass(frozen=True, eq=False)
class Measure:
    """How a picture and what the model makes of it are compared at each place.

    kind: "units" of good-part variation, "l1" absolute, "l2" squared, "ssim" one minus structural
    similarity, "eyes" the larger of squared features and pixels in units. smoothing: standard
    deviation of the average taken of the map, of "eyes" only that of features, as a share of the
    longer side. variation: of pixels, needed for "units" and "eyes". ignored: (h, w) True where
    nothing counts: the map is 0 there, and what is there does not spread to its neighbours.
    exchange: needed for "eyes".
    """

    kind: Literal["units", "l1", "l2", "ssim", "eyes"]
    smoothing: float
    variation: GoodVariation | None = None
    ignored: NDArray[np.bool_] | None = None
    exchange: Exchange | None = None

    def fits(self, shape: tuple[int, int, int]) -> bool:
        """Whether it belongs to residuals of this (h, w, D) and makes sense."""
        of_pixels = shape
        if self.kind == "eyes":
            if self.exchange is None or not self.exchange.possible or shape[2] <= IN_SQUARE:
                return False
            of_pixels = (PIXELS * shape[0], PIXELS * shape[1], COLOURS)
        return self.variation is None or self.variation.fits(of_pixels)

    def map(self, prepared: Floats, residual: Floats) -> Floats:
        """(h, w, C) picture and residual (h, w, D) -> (h, w) float32 >= 0, high is abnormal.

        Of "eyes" PIXELS times as large.
        """
        if self.kind == "eyes":
            features, pixels = self.eyes(residual)
            if self.exchange is None:
                raise ValueError("two eyes need an exchange")
            return np.maximum(features, self.exchange.brought(pixels))
        if self.ignored is None:
            return self._map(prepared, residual)
        counted = ~self.ignored
        found = self._map(prepared, residual * counted[..., None])
        return np.asarray(found * counted, np.float32)

    def eyes(self, residual: Floats) -> tuple[Floats, Floats]:
        """(h, w, D) residual of two eyes -> what each sees, (h * PIXELS, w * PIXELS) float32 >= 0.

        Squared features, and pixels in good-part units.
        """
        if self.variation is None:
            raise ValueError("good-part units need the variation of good parts")
        counted = np.ones(residual.shape[:2], bool) if self.ignored is None else ~self.ignored
        features, pixels = parted(residual * counted[..., None])
        difference = self._smoothed(_over_channels(np.square(features))) * counted
        size = pixels.shape[1], pixels.shape[0]
        large = cv2.resize(difference, size, interpolation=cv2.INTER_LINEAR)
        inside = np.kron(counted, np.ones((PIXELS, PIXELS), bool))
        found = np.asarray(self.variation.difference(pixels) * inside, np.float32)
        return np.asarray(large, np.float32), found

    def by_eye(self, residual: Floats) -> dict[Literal["texture", "shape"], Floats]:
        """What each of two eyes sees, in one unit, as large as `map`; nothing of other kinds."""
        if self.exchange is None:
            return {}
        features, pixels = self.eyes(residual)
        return {"texture": features, "shape": self.exchange.brought(pixels)}

    def _smoothed(self, difference: Floats) -> Floats:
        if not self.smoothing:
            return difference
        sigma = self.smoothing * max(difference.shape)
        blurred = cv2.GaussianBlur(difference, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        return np.asarray(np.maximum(blurred, 0))  # the blur may round below 0

    def _map(self, prepared: Floats, residual: Floats) -> Floats:
        if self.kind == "units":
            if self.variation is None:
                raise ValueError("good-part units need the variation of good parts")
            difference = self.variation.difference(residual)
        elif self.kind == "l1":
            difference = _over_channels(np.abs(residual))
        elif self.kind == "l2":
            difference = _over_channels(np.square(residual))
        else:
            similarity = structural_similarity(prepared, prepared - residual)
            difference = np.asarray((1 - similarity) / 2, np.float32)
        return np.maximum(self._smoothed(difference), 0)


def compare(
    model: Any, prepared: Floats, labels: NDArray[np.intp] | None = None
) -> tuple[Floats, Floats | None]:
    """The residual (N, h, w, D) of (N, h, w, C) pictures, and the reconstruction if there is one.

    The one place that knows that some models reconstruct and others answer with a residual.
    """
    if hasattr(model, "reconstruct"):
        reconstruction: Floats = model.reconstruct(prepared, labels)
        return prepared - reconstruction, reconstruction
    residual: Floats = model.residual(prepared, labels)
    return residual, None


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


def structural_similarity(one: Floats, other: Floats) -> Floats:
    """(h, w, C) pictures in [0, 1] -> (h, w) similarity in [-1, 1]; low is abnormal.

    Gaussian window of 1.5 pixels, the channels averaged (Wang, Bovik, Sheikh and Simoncelli, "Image
    quality assessment: from error visibility to structural similarity", 2004).
    """
    x, y = one.astype(np.float64), other.astype(np.float64)
    mean_x, mean_y = structural_window(x), structural_window(y)
    variances = structural_window(x * x) - mean_x**2 + structural_window(y * y) - mean_y**2
    covariance = structural_window(x * y) - mean_x * mean_y
    c1, c2 = SSIM_FLOORS
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (variances + c2)
    )
    return np.asarray(similarity.mean(axis=2), np.float32)


def structural_window(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(h, w, C) -> the same, averaged over the window of the structural similarity."""
    blurred = cv2.GaussianBlur(values, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT)
    averages: NDArray[np.float64] = blurred.reshape(values.shape)
    return averages


def of_pixels(residuals: Floats, kind: str | None) -> Floats:
    """(..., h, w, D) residuals, or of two eyes what the pixels differ by: what L1 and L2 are of.

    kind: of the `Measure`.
    """
    return parted(residuals)[1] if kind == "eyes" else residuals


def absolute_difference(residual: Floats) -> float:
    """L1: the mean absolute difference, in the residual's unit (of pixels: grey levels of 1)."""
    return float(np.abs(residual, dtype=np.float32).mean())


def squared_difference(residual: Floats) -> float:
    """L2: the mean squared difference (MSE), in the residual's unit, squared."""
    return float(np.square(residual, dtype=np.float32).mean())


def _over_channels(values: Floats) -> Floats:
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
        deviation = np.sqrt(_over_channels(np.square(average / spread)))
        maps.append(cv2.resize(deviation, (width, height), interpolation=cv2.INTER_LINEAR))
    return maps


def _weights(peaks: Floats) -> Floats:
    """(N, S) peaks of good pictures -> (S,) weights that make the scales' typical peaks equal."""
    typical = np.maximum(peaks.mean(axis=0), 1e-6)
    weights: Floats = (typical[0] / typical).astype(np.float32)
    return weights
