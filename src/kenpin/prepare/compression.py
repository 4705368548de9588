"""The two-step compression of a picture by Taguchi's RT method.

The published method does not give its formula; this is our reading of it.
"""

import numpy as np

from kenpin.recipe import Recipe
from kenpin.statistics import local_numbers
from kenpin.types import Floats

_STEP_2 = 36  # pixels of the longer side, as published


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


def grids_of(recipe: Recipe) -> tuple[tuple[int, int], ...]:
    """(h, w) after each step that the recipe asks for."""
    settings = recipe.compression
    if not settings.steps or recipe.size is None:
        return ()
    height, width = recipe.size
    first = settings.step1 or (max(8, height // 2), max(8, width // 2))
    scale = _STEP_2 / max(recipe.size)
    sides = (min(first[0], round(height * scale)), min(first[1], round(width * scale)))
    second = settings.step2 or (max(8, sides[0]), max(8, sides[1]))
    return (first, second)[: settings.steps]
