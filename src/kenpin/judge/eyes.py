"""How a difference of features and one of pixels become one: learned from held-out good pictures.

Each eye's largest difference in a picture is put on a common scale, by how far its logarithm is
above the median of good pictures, in their standard deviations. The larger one counts, but the
pixels' only by what it is above `HANDICAP`: where parts never lie the same way twice, pixels differ
a little everywhere and would drown what the features see; a black spot differs so much that the
handicap costs nothing. It is the same for every part; measured in docs/decisions/both.md.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kenpin.judge.difference import Exchange, Measure, Powers, learn_variation
from kenpin.statistics import parted
from kenpin.types import Floats

HANDICAP = 1.5
"""Deviations of good pictures."""

_LEAST = 1e-9  # of a difference: good parts that never vary
_LEAST_SPREAD = 0.01  # of logarithms: a hundredth, as for parts that are all the same
_MOST_POWER = 4  # about 1 on real parts; more would leave the range of 32 bits


def learn_eyes(
    residuals: Floats,
    folds: NDArray[np.intp],
    apart: Mapping[tuple[int, int], Powers] | None,
    measure: Measure,
) -> tuple[Measure, list[Measure]]:
    """The measure with what good pictures teach, and for each fold the one without it.

    residuals: (N, h, w, D) of good pictures, each from a model that learned without its fold. folds
    and apart (of the pixels): see `learn_variation`. measure: with smoothing and what is ignored.
    """
    variation, without = learn_variation(parted(residuals)[1], folds, apart)
    of_fold = [replace(measure, variation=one) for one in without]
    seen = [of_fold[f].eyes(residual) for residual, f in zip(residuals, folds, strict=True)]
    peaks = np.array([[eye.max() for eye in eyes] for eyes in seen])
    return replace(measure, variation=variation, exchange=_exchange(peaks)), [
        replace(one, exchange=_exchange(peaks[folds != fold])) for fold, one in enumerate(of_fold)
    ]


def _exchange(peaks: NDArray[np.float32]) -> Exchange:
    """peaks: (N, 2) the largest differences of good pictures, of features and of pixels."""
    logarithms = np.log(np.maximum(peaks.astype(np.float64), _LEAST))
    features, pixels = np.median(logarithms, axis=0)
    spread_of_features, spread_of_pixels = np.maximum(logarithms.std(axis=0), _LEAST_SPREAD)
    power = min(spread_of_features / spread_of_pixels, _MOST_POWER)
    factor = np.exp(features - HANDICAP * spread_of_features - power * pixels)
    return Exchange(float(factor), float(power))
