"""The reconstruction beside a difference of features: by a small linear autoencoder of pixels.

Features cannot be shown. It is only for people: nothing is judged by it.
"""

from dataclasses import dataclass

import numpy as np

from kenpin.models import Labels, Model, State, learn_model, load_model, updated_model
from kenpin.prepare import fitting_size, resize
from kenpin.recipe import Recipe
from kenpin.types import Floats, Progress

SHOWN_LONGEST, _COMPONENTS = 128, 12
_MODEL = "pca"


@dataclass(frozen=True, eq=False)
class ShownReconstruction:
    """model: of pictures of `size` (h, w)."""

    model: Model
    size: tuple[int, int]

    def reconstruct(self, pictures: Floats, numbers: Labels) -> Floats:
        """(K, H, W, C) float32 in [0, 1] -> the same shape; numbers: as models are told them."""
        small = resized(pictures, self.size)
        rebuilt: Floats = self.model.reconstruct(small, numbers)  # type: ignore[union-attr]
        return resized(rebuilt, pictures.shape[1:3])

    def updated(self, pictures: Floats, numbers: Labels, count: int) -> "ShownReconstruction":
        """Had it also learned these (N, H, W, C) pictures, after `count` others."""
        told = numbers if numbers.max() else None
        small = resized(pictures, self.size)
        model = updated_model(self.model, small, count, _COMPONENTS, told)
        return ShownReconstruction(load_model(_MODEL, model.state()), self.size)

    def state(self) -> State:
        """What `load_shown` makes the same of."""
        state = self.model.state()
        return State({"size": list(self.size), "model": state.config}, state.arrays)


def learn_shown(
    pictures: Floats, numbers: Labels, recipe: Recipe, progress: Progress
) -> ShownReconstruction:
    """Learn from (N, H, W, C) good pictures; numbers: (N,) as models are told them."""
    size = fitting_size([pictures.shape[1:3]], SHOWN_LONGEST)
    pixels = recipe.but(model=_MODEL, pca={"components": _COMPONENTS})
    told = numbers if numbers.max() else None
    learned = learn_model(resized(pictures, size), pixels, progress, told)
    return ShownReconstruction(load_model(_MODEL, learned.state()), size)


def load_shown(state: State) -> ShownReconstruction:
    """The same again; see `ShownReconstruction.state`."""
    height, width = state.config["size"]
    means = [array for name, array in state.arrays.items() if name.split(".")[-1] == "mean"]
    finite = all(np.isfinite(array).all() for array in state.arrays.values())
    if (
        not finite
        or max(height, width) > SHOWN_LONGEST
        or {m.shape[:2] for m in means} != {(height, width)}
    ):
        raise ValueError("size and components do not fit each other")
    return ShownReconstruction(
        load_model(_MODEL, State(state.config["model"], state.arrays)), (height, width)
    )


def resized(pictures: Floats, size: tuple[int, int]) -> Floats:
    """(K, H, W, C) -> (K, *size, C)."""
    each = np.stack([resize(picture, size) for picture in pictures])
    return np.asarray(each.reshape(len(pictures), *size, -1), np.float32)
