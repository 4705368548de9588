"""What a model learns from: the windows of good pictures, and the same ones shifted a little."""

from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.models import LEARNS_SHIFTED, Encoder, Labels, Model, learn_model
from kenpin.recipe import Recipe
from kenpin.types import Floats, Progress

_FURTHEST = 0.01  # of the longer side; measured in docs/decisions/both.md


@dataclass(frozen=True, eq=False)
class Windows:
    """N pictures of K windows each, picture by picture, as a model sees them.

    inputs: (N * K, h, w, C). numbers: (N * K,), see `numbers_of`. windows: K. shifted: (N * K, h,
    w, C) each of them again, a little further to some side; None where the model does not ask for
    it. A shifted one is as good, but only learned from: no limit follows from it.
    """

    inputs: Floats
    numbers: Labels
    windows: int = 1
    shifted: Floats | None = None

    @property
    def labels(self) -> Labels:
        """(N,) the label of each picture."""
        return self.numbers[:: self.windows] // self.windows

    @property
    def told(self) -> Labels | None:
        """What a model is told: nothing where there is one part and one window."""
        return self.numbers if self.numbers.max() else None

    def of(self, those: NDArray[np.bool_]) -> Self:
        """Only those, (N * K,) True; all windows of a picture or none."""
        shifted = None if self.shifted is None else self.shifted[those]
        return replace(
            self, inputs=self.inputs[those], numbers=self.numbers[those], shifted=shifted
        )

    def model(self, recipe: Recipe, progress: Progress) -> Model:
        """What learns from all of them; see `learn_model`."""
        return learn_model(self.inputs, recipe, progress, self.told, self.shifted)


def shifted_inputs(
    pictures: Floats, encoder: Encoder | None, recipe: Recipe, first: int = 0
) -> Floats | None:
    """What the recipe's model is shown of (N, h, w, C) shifted pictures; None of most models.

    Each by an amount of its own, at random but the same for the same recipe and order. first: how
    many pictures came before.
    """
    if encoder is None or recipe.model not in LEARNS_SHIFTED:
        return None
    rng = np.random.default_rng([recipe.seed, first])
    furthest = _FURTHEST * max(pictures.shape[1:3])
    moved = rng.uniform(-furthest, furthest, (len(pictures), 2))
    return encoder.seeing(encoder.packing.twice).encode(
        np.stack([_shifted(one, by) for one, by in zip(pictures, moved, strict=True)])
    )


def _shifted(picture: Floats, by: NDArray[np.float64]) -> Floats:
    """(h, w, C), by (x, y) pixels; what comes in from beyond is like the edge."""
    there = np.array([[1, 0, by[0]], [0, 1, by[1]]])
    size = (picture.shape[1], picture.shape[0])
    moved = cv2.warpAffine(picture, there, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved.reshape(picture.shape), np.float32)
