"""What a preparation learns from the good pictures."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kenpin.prepare.align import learn_alignment
from kenpin.prepare.compression import compress, grids_of
from kenpin.prepare.geometry import from_rectangle, sample
from kenpin.prepare.light import Light
from kenpin.prepare.preparation import Mask, Preparation, nothing_left
from kenpin.recipe import Recipe
from kenpin.types import Floats

_LEAST_SEEN = 0.5  # share of the good pictures that must show a place


def learn_compression(
    preparation: Preparation, recipe: Recipe, resized: Floats, apart: Mask
) -> tuple[Preparation, Floats]:
    """The preparation with the steps that the recipe asks for, and the pictures after them.

    resized: (N * K, h, w, C) windows of good pictures, not yet compressed, picture by picture.
    apart: (N * K,) True for those that take no part in the means.
    """
    windows = np.arange(len(resized)) % preparation.count
    means, pictures = [], resized
    for grid in grids_of(recipe):
        mean = np.stack(
            [pictures[~apart & (windows == n)].mean(axis=0, dtype=np.float64)
             for n in range(preparation.count)]
        ).astype(np.float32)  # fmt: skip
        pictures = np.stack(
            [compress(one, mean[n], grid) for n, one in zip(windows, pictures, strict=True)]
        )
        means.append(mean)
    return replace(preparation, grids=grids_of(recipe), means=tuple(means)), pictures


def learn_overview_alignment(
    preparation: Preparation, recipe: Recipe, overviews: Sequence[Floats]
) -> Preparation:
    """The preparation that also finds the part, if the recipe asks for it."""
    if recipe.align == "none":
        return preparation
    size, mark = preparation.reference(recipe)
    learned = learn_alignment(overviews, recipe.align, size, mark)
    return replace(preparation, alignment=learned)


def learn_standard(
    preparation: Preparation,
    recipe: Recipe,
    resized: Floats,
    unseen: Sequence[Mask | None],
    apart: Mask,
) -> tuple[Preparation, Floats]:
    """The preparation with the light and the filling that the recipe asks for, and the pictures.

    resized: (N * K, h, w, C) windows as cut out, picture by picture. unseen: of each of the N
    pictures, as in `Prepared`. apart: (N,) True for those that take no part in what is learned.
    Raises RecipeError when half of the good pictures show nothing of a window.
    """
    windows = resized.reshape(-1, preparation.count, *resized.shape[1:])
    if recipe.light != "none":
        light = Light.of(windows[~apart].mean(axis=0), recipe.light)
        preparation = replace(preparation, light=light)
        pairs = zip(windows, unseen, strict=True)
        windows = np.stack([light.normalised(one, mask) for one, mask in pairs])
    known = [mask for mask in unseen if mask is not None]
    if known:
        seen = ~np.stack(known)[..., None]
        # What few good pictures show cannot be judged; nor could its mean fill the others, it
        # would be what those few show themselves.
        seen &= seen[~apart].mean(axis=0) >= _LEAST_SEEN
        own = seen[~apart]
        mean = (windows[~apart] * own).sum(axis=0) / np.maximum(own.sum(axis=0), 1)
        filling = np.where(own.any(axis=0), mean, np.float32(0.5)).astype(np.float32)
        windows = np.where(seen, windows, filling)
        ignored = ~own[..., 0].any(axis=0)
        _check_left(preparation, np.asarray(ignored))
        preparation = replace(preparation, filling=filling, ignored=np.asarray(ignored))
    return preparation, windows.reshape(resized.shape)


def ignoring(preparation: Preparation, recipe: Recipe, mask: Mask | None) -> Preparation:
    """The preparation without what the recipe's rectangles and this mask (H, W) cover.

    Raises RecipeError when that leaves nothing of a window.
    """
    frame = preparation.frame
    if frame is None or (mask is None and not recipe.ignore):
        return preparation
    covered = np.zeros(frame, np.float32) if mask is None else mask.astype(np.float32)
    for x, y, width, height in recipe.ignore:
        covered[y : y + height, x : x + width] = 1
    size = preparation.size
    cut = [
        sample(covered, from_rectangle(rectangle, size), size)
        for rectangle in preparation.rectangles(frame)
    ]
    ignored = np.asarray(cut, np.float32) > 1e-3  # all it touches
    _check_left(preparation, ignored)
    small, there = preparation.view(frame)
    hidden = np.asarray(sample(covered, there, small), np.float32) > 1e-3
    return replace(preparation, ignored=ignored, hidden=hidden)


def _check_left(preparation: Preparation, ignored: Mask) -> None:
    for name, mask in zip(preparation.names, ignored, strict=True):
        if mask.all():
            raise nothing_left(name)
