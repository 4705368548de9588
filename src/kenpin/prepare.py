"""From the user's picture to what the model sees, and the way back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor
from typing import Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.recipe import Recipe
from kenpin.settings import SMALLEST_SIDE
from kenpin.taguchi import local_numbers
from kenpin.types import Floats, Picture, Pixels, Region

_DISTORTION = 1.02
_STEP_2 = 36  # pixels of the longer side, as published


@dataclass(frozen=True)
class Preparation:
    """Resizes, converts, and where the recipe asks for it compresses; alike for every picture.

    size: (h, w) in pixels after resizing. color: "grey" gives one channel, "rgb" three.
    grids: (h, w) after each step of the compression. means: what each step is taken against, the
    mean of the good pictures before it, (h, w, C).
    """

    size: tuple[int, int]
    color: Literal["grey", "rgb"]
    grids: tuple[tuple[int, int], ...] = ()
    means: tuple[Floats, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, recipe: Recipe, means: Sequence[Floats] = ()) -> Self:
        """That of a recipe as used, in which size and colour are settled; else ValueError."""
        if recipe.size is None or recipe.color == "auto":
            raise ValueError("the recipe does not say its size and color")
        preparation = cls(recipe.size, recipe.color, _grids(recipe), tuple(means))
        shapes = preparation._shapes
        if [mean.shape for mean in means] != shapes[:-1] or not all(
            bool(np.isfinite(mean).all()) for mean in means
        ):
            raise ValueError("the means of the compression do not fit the recipe")
        return preparation

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, C) of a prepared picture."""
        return self._shapes[-1]

    @property
    def _shapes(self) -> list[tuple[int, int, int]]:
        """Of the resized picture, then after each step."""
        first = (*self.size, 1 if self.color == "grey" else 3)
        return [first, *((*grid, 2) for grid in self.grids)]

    def prepare(self, picture: Picture) -> Floats:
        """(H, W[, 3]) of 8 or 16 bits -> (h, w, C) float32 in [0, 1], as in `shape`."""
        return self.steps(self.resized(picture))[-1]

    def steps(self, resized: Floats) -> list[Floats]:
        """The resized picture, and the picture after each step of the compression."""
        pictures = [resized]
        for mean, grid in zip(self.means, self.grids, strict=True):
            pictures.append(compress(pictures[-1], mean, grid))
        return pictures

    def resized(self, picture: Picture) -> Floats:
        """(H, W[, 3]) of 8 or 16 bits -> (h, w, C) float32 in [0, 1], not yet compressed."""
        pixels = picture.pixels
        if self.color == "grey" and pixels.ndim == 3:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        resized = resize(pixels, self.size).reshape(*self.size, -1)
        values = resized.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
        return np.broadcast_to(values, self._shapes[0]).copy()

    def region_in_picture(self, region: Region, size: tuple[int, int]) -> Region:
        """A region of what the model sees -> the same in the user's picture of `size` (H, W).

        Rounded outwards, so that everything inside stays inside.
        """
        down, right = size[0] / self.shape[0], size[1] / self.shape[1]
        left, top = floor(region.x * right), floor(region.y * down)
        width = min(ceil((region.x + region.width) * right), size[1]) - left
        height = min(ceil((region.y + region.height) * down), size[0]) - top
        return Region(left, top, width, height, region.peak)


def learn_compression(
    preparation: Preparation, recipe: Recipe, resized: Floats, apart: NDArray[np.bool_]
) -> tuple[Preparation, Floats]:
    """The preparation with the steps that the recipe asks for, and the pictures after them.

    resized: (N, h, w, C) of good pictures, not yet compressed. apart: (N,) True for those that
    take no part in the means. The published two-step method does
    not give its formula; this is our reading of it.
    """
    means, pictures = [], resized
    for grid in _grids(recipe):
        means.append(pictures[~apart].mean(axis=0, dtype=np.float64).astype(np.float32))
        pictures = np.stack([compress(picture, means[-1], grid) for picture in pictures])
    return replace(preparation, grids=_grids(recipe), means=tuple(means)), pictures


def compress(picture: Floats, mean: Floats, grid: tuple[int, int]) -> Floats:
    """(H, W, C) in [0, 1] -> (h, w, 2) in [0, 1]: the RT numbers of windows that overlap by half.

    The first channel is half the sensitivity (0.5: as bright as the good parts there), the second
    twice the unexplained variation; both are cut off at 0 and 1.
    """
    height, width = picture.shape[:2]
    window = tuple(
        max(2, round(2 * side / n)) for side, n in zip((height, width), grid, strict=True)
    )
    numbers = local_numbers(picture, mean, (window[0], window[1]))
    rows, columns = (
        ((np.arange(n) + 0.5) * side / n).astype(int)
        for side, n in zip((height, width), grid, strict=True)
    )
    scaled = numbers[np.ix_(rows, columns)] * np.array([0.5, 2.0], np.float32)
    return np.asarray(np.clip(scaled, 0, 1), np.float32)


def _grids(recipe: Recipe) -> tuple[tuple[int, int], ...]:
    settings = recipe.compression
    if not settings.steps or recipe.size is None:
        return ()
    height, width = recipe.size
    first = settings.step1 or (max(8, height // 2), max(8, width // 2))
    scale = _STEP_2 / max(recipe.size)
    sides = (min(first[0], round(height * scale)), min(first[1], round(width * scale)))
    second = settings.step2 or (max(8, sides[0]), max(8, sides[1]))
    return (first, second)[: settings.steps]


def resize(pixels: Pixels | Floats, size: tuple[int, int]) -> Pixels | Floats:
    """Resize to (h, w): area averages when it gets smaller, linear when larger."""
    if pixels.shape[:2] == size:
        return pixels
    smaller = pixels.shape[0] * pixels.shape[1] > size[0] * size[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized: Pixels | Floats = cv2.resize(
        np.ascontiguousarray(pixels), (size[1], size[0]), interpolation=method
    )
    return resized


def distorts(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two (H, W) differ in proportions by more than 2 %."""
    ratio = size[0] * other[1] / (size[1] * other[0])
    return max(ratio, 1 / ratio) > _DISTORTION


def fitting_size(sizes: Sequence[tuple[int, int]], longest: int) -> tuple[int, int]:
    """(h, w) with the proportions of the most frequent of `sizes` and this longer side.

    Pictures smaller than that are not enlarged. Sides are multiples of 4, at least 16.
    """
    height, width = Counter(sizes).most_common(1)[0][0]
    scale = min(1.0, longest / max(height, width))
    h, w = (max(SMALLEST_SIDE, 4 * round(side * scale / 4)) for side in (height, width))
    return h, w


def in_pixels(size: tuple[int, int]) -> str:
    """(H, W) of a picture as people write it: '640x480', width first."""
    return f"{size[1]}x{size[0]}"


def as_option(size: tuple[int, int]) -> str:
    """(H, W) as the option --size takes it: '480x640', height first."""
    return f"{size[0]}x{size[1]}"
