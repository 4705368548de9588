"""The difference between a picture and its reconstruction, by default in good-part units.

In good-part units the residual at each place, averaged over a neighbourhood, is divided by how much
that average varies among good pictures the model has not seen. That is Taguchi's MT idea applied to
the difference picture: edges that always wobble stop shouting, and one colour scale serves every
part. Neighbourhoods of five sizes are tried at every place, from a spot to an eighth of the
picture, because nobody knows how large the defect will be (Lindeberg, "Feature detection with
automatic scale selection", 1998).
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.judge.variation import GoodVariation, over_channels
from kenpin.statistics import COLOURS, Packing
from kenpin.types import Floats

SSIM_FLOORS = (0.01**2, 0.03**2)
"""What keeps the similarity of blank places from being a matter of rounding."""

IN_UNITS = ("units", "eyes")
"""The kinds of difference that are judged against how much good parts vary."""


@dataclass(frozen=True)
class Exchange:
    """What a difference of one eye is worth as one of features: factor * it ** power."""

    factor: float
    power: float

    @property
    def possible(self) -> bool:
        """Whether both are finite and above 0."""
        return 0 < self.factor < np.inf and 0 < self.power < np.inf

    def brought(self, difference: Floats) -> Floats:
        """A map in the other eye's unit -> in the unit of features."""
        return np.asarray(self.factor * difference**self.power, np.float32)


@dataclass(frozen=True, eq=False)
class Measure:
    """How a picture and what the model makes of it are compared at each place.

    kind: "units" of good-part variation, "l1" absolute, "l2" squared, "ssim" one minus structural
    similarity, "eyes" the largest of squared features, finer ones and pixels in units. smoothing:
    standard deviation of the average taken of the map, of "eyes" only those of features, as a share
    of the longer side. variation: of pixels, needed for "units" and "eyes". ignored: (h, w) of the
    finest features, True where nothing counts: the map is 0 there, and what is there does not
    spread to its neighbours.
    exchange: of the pixels, needed for "eyes". finer: the exchange of the finer features, where
    there are such.
    """

    kind: Literal["units", "l1", "l2", "ssim", "eyes"]
    smoothing: float
    variation: GoodVariation | None = None
    ignored: NDArray[np.bool_] | None = None
    exchange: Exchange | None = None
    finer: Exchange | None = None

    @property
    def packing(self) -> Packing:
        """Of "eyes", how features and pixels are put together in what is compared."""
        return Packing(self.finer is not None)

    def fits(self, shape: tuple[int, int, int]) -> bool:
        """Whether it belongs to residuals of this (h, w, D) and makes sense."""
        of_pixels = shape
        if self.kind == "eyes":
            packing, exchanges = self.packing, [self.exchange, self.finer or self.exchange]
            own = shape[2] - packing.in_square
            if own <= 0 or own % packing.sizes:
                return False
            if not all(one is not None and one.possible for one in exchanges):
                return False
            of_pixels = (packing.side * shape[0], packing.side * shape[1], COLOURS)
        return self.variation is None or self.variation.fits(of_pixels)

    def map(self, prepared: Floats, residual: Floats) -> Floats:
        """(h, w, C) picture and residual (h, w, D) -> (h, w) float32 >= 0, high is abnormal.

        Of "eyes" `packing.side` times as large.
        """
        if self.kind == "eyes":
            return self.brought_together(self.eyes(residual))
        if self.ignored is None:
            return self._map(prepared, residual)
        counted = ~self.ignored
        found = self._map(prepared, residual * counted[..., None])
        return np.asarray(found * counted, np.float32)

    def eyes(self, residual: Floats) -> "Eyes":
        """(h, w, D) residual of two eyes -> what each sees, in its own unit."""
        if self.variation is None:
            raise ValueError("good-part units need the variation of good parts")
        seen = self.packing.parted(residual)
        size = seen.pixels.shape[:2]
        inside = self.counted(size)
        found = self.variation.difference(seen.pixels * inside[..., None]) * inside
        finer = None if seen.finer is None else self._of_features(seen.finer, size)
        return Eyes(self._of_features(seen.features, size), finer, np.asarray(found, np.float32))

    def counted(self, grid: tuple[int, int]) -> NDArray[np.bool_]:
        """(h, w) = grid, True where all that is there counts; finer or coarser than `ignored`."""
        if self.ignored is None:
            return np.ones(grid, bool)
        height, width = self.ignored.shape
        if grid[0] >= height:
            return np.kron(~self.ignored, np.ones((grid[0] // height, grid[1] // width), bool))
        fewer = self.ignored.reshape(grid[0], height // grid[0], grid[1], -1)
        return np.asarray(~fewer.any(axis=(1, 3)))

    def brought_together(self, eyes: "Eyes") -> Floats:
        """The largest of what the eyes see, in the unit of features."""
        return np.maximum(*self._brought(eyes))

    def by_eye(self, residual: Floats) -> dict[Literal["texture", "shape"], Floats]:
        """What each of two eyes sees, in one unit, as large as `map`; nothing of other kinds."""
        if self.exchange is None:
            return {}
        texture, shape = self._brought(self.eyes(residual))
        return {"texture": texture, "shape": shape}

    def _brought(self, eyes: "Eyes") -> tuple[Floats, Floats]:
        """Features of any size, and pixels, in the unit of features."""
        if self.exchange is None:
            raise ValueError("two eyes need an exchange")
        features = eyes.features
        if eyes.finer is not None and self.finer is not None:
            features = np.maximum(features, self.finer.brought(eyes.finer))
        return features, self.exchange.brought(eyes.pixels)

    def _of_features(self, residual: Floats, size: tuple[int, int]) -> Floats:
        """(h, w, D) -> its squares as large as `size`, the largest still as large."""
        inside = self.counted(residual.shape[:2])
        power = over_channels(np.square(residual * inside[..., None]))
        found = self._smoothed(power) * inside
        large = cv2.resize(found, size[::-1], interpolation=cv2.INTER_LINEAR)
        peak = large.max()
        return np.asarray(large * (found.max() / peak) if peak > 0 else large, np.float32)

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
            difference = over_channels(np.abs(residual))
        elif self.kind == "l2":
            difference = over_channels(np.square(residual))
        else:
            similarity = structural_similarity(prepared, prepared - residual)
            difference = np.asarray((1 - similarity) / 2, np.float32)
        return np.maximum(self._smoothed(difference), 0)


class Eyes(NamedTuple):
    """What each eye sees of a picture, all (h, w) float32 >= 0 of one size.

    features, finer: their squares; finer None where they look once. pixels: good-part units.
    """

    features: Floats
    finer: Floats | None
    pixels: Floats


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


def of_pixels(residuals: Floats, measure: Measure) -> Floats:
    """(..., h, w, D) residuals, or of two eyes what the pixels differ by: what L1 and L2 are of."""
    return measure.packing.pixels(residuals) if measure.kind == "eyes" else residuals


def absolute_difference(residual: Floats) -> float:
    """L1: the mean absolute difference, in the residual's unit (of pixels: grey levels of 1)."""
    return float(np.abs(residual, dtype=np.float32).mean())


def squared_difference(residual: Floats) -> float:
    """L2: the mean squared difference (MSE), in the residual's unit, squared."""
    return float(np.square(residual, dtype=np.float32).mean())
