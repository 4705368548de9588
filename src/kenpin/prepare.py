"""From the user's picture to what the model sees, and the way back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Literal, Self

import cv2
import numpy as np

from kenpin.recipe import SMALLEST_SIDE, Recipe
from kenpin.types import Floats, Picture, Pixels, Region

_DISTORTION = 1.02


@dataclass(frozen=True)
class Preparation:
    """Resizes and converts; the same for every picture of a part.

    size: (h, w) in pixels. color: "grey" gives one channel, "rgb" three.
    """

    size: tuple[int, int]
    color: Literal["grey", "rgb"]

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """That of a recipe as used, in which size and colour are settled; else ValueError."""
        if recipe.size is None or recipe.color == "auto":
            raise ValueError("the recipe does not say its size and color")
        return cls(recipe.size, recipe.color)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, C) of a prepared picture."""
        return *self.size, 1 if self.color == "grey" else 3

    def prepare(self, picture: Picture) -> Floats:
        """(H, W[, 3]) of 8 or 16 bits -> (h, w, C) float32 in [0, 1]."""
        pixels = picture.pixels
        if self.color == "grey" and pixels.ndim == 3:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        resized = resize(pixels, self.size).reshape(*self.size, -1)
        values = resized.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
        return np.broadcast_to(values, self.shape).copy()

    def region_in_picture(self, region: Region, size: tuple[int, int]) -> Region:
        """A region of what the model sees -> the same in the user's picture of `size` (H, W).

        Rounded outwards, so that everything inside stays inside.
        """
        down, right = size[0] / self.size[0], size[1] / self.size[1]
        left, top = floor(region.x * right), floor(region.y * down)
        width = min(ceil((region.x + region.width) * right), size[1]) - left
        height = min(ceil((region.y + region.height) * down), size[0]) - top
        return Region(left, top, width, height, region.peak)


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
