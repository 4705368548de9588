"""How a difference of features and one of pixels become one: learned from held-out good pictures.

Each eye's largest difference in a picture is put on a common scale, by how far its logarithm is
above the median of good pictures, in their standard deviations. The largest counts, features of
either size alike, but the pixels' only by what it is above `HANDICAP`: where parts never lie the
same way twice, pixels differ a little everywhere and would drown what the features see; a black
spot differs so much that the handicap costs nothing. It is the same for every part; measured in
docs/decisions/both.md.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kenpin.judge.difference import Exchange, Eyes, Measure
from kenpin.judge.variation import Powers, learn_variation
from kenpin.statistics import Packing
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
    packing: Packing,
) -> tuple[Measure, list[Measure]]:
    """The measure with what good pictures teach, and for each fold the one without it.

    residuals: (N, h, w, D) of good pictures, each from a model that learned without its fold, put
    together by `packing`. folds and apart (of the pixels): see `learn_variation`. measure: with
    smoothing and what is ignored.
    """
    if packing.twice:  # so that it knows what lies where; its own follows
        measure = replace(measure, finer=Exchange(1.0, 1.0))
    variation, without = learn_variation(packing.pixels(residuals), folds, apart)
    of_fold = [replace(measure, variation=one) for one in without]
    pairs = zip(residuals, folds, strict=True)
    peaks = [_peaks(of_fold[fold].eyes(residual)) for residual, fold in pairs]
    logarithms = np.log(np.maximum(np.array(peaks, np.float64), _LEAST))
    return _exchanging(replace(measure, variation=variation), logarithms), [
        _exchanging(one, logarithms[folds != fold]) for fold, one in enumerate(of_fold)
    ]


def _peaks(eyes: Eyes) -> list[float]:
    return [float(eye.max()) for eye in eyes if eye is not None]


def _exchanging(measure: Measure, logarithms: NDArray[np.float64]) -> Measure:
    """logarithms: (N, eyes) of the largest differences of good pictures, as in `Eyes`."""
    first = logarithms[:, 0]
    measure = replace(measure, exchange=_exchange(first, logarithms[:, -1], HANDICAP))
    if measure.finer is None:
        return measure
    return replace(measure, finer=_exchange(first, logarithms[:, 1], 0))


def _exchange(
    features: NDArray[np.float64], other: NDArray[np.float64], handicap: float
) -> Exchange:
    """From the logarithms (N,) of the largest differences of good pictures, for each eye."""
    spread_of_features, spread = (max(one.std(), _LEAST_SPREAD) for one in (features, other))
    power = min(spread_of_features / spread, _MOST_POWER)
    factor = np.exp(np.median(features) - handicap * spread_of_features - power * np.median(other))
    return Exchange(float(factor), float(power))
