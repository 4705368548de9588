"""How much what is measured of good harnesses varies."""

import numpy as np
from numpy.typing import NDArray

from kenpin.harness import LEAST
from kenpin.judge import Sizes, Usual, Values, worth_of
from kenpin.learning.good_pictures import GoodPictures


def sizes_apart(good: GoodPictures, folds: NDArray[np.intp] | None) -> Values:
    """(M,) of each held-out picture the largest departure; empty where nothing is measured.

    Learned without it, as its score was. folds: (N,) as for `departures_of`.
    """
    learned, least = _learned(good), _least(good)
    if not len(least):
        return np.empty(0)
    if folds is None:
        apart = good.apart[:: good.preparation.count]
        rest = [one.sizes for one in good.each if not one.learned and one.sizes is not None]
        held_out = np.concatenate([learned[apart], np.array(rest).reshape(-1, len(least))])
        return np.asarray(Usual.of(learned[~apart], least).departures(held_out).max(axis=1))
    found = np.empty(len(learned))
    for fold in range(int(folds.max()) + 1):
        inside = folds == fold
        usual = Usual.of(learned[~inside], least)
        found[inside] = usual.departures(learned[inside]).max(axis=1)
    return found


def sizes_of(good: GoodPictures, apart: Values, scores: Values) -> Sizes | None:
    """What judges sizes. apart: see `sizes_apart`, scores: of the same pictures' windows."""
    least = _least(good)
    if not len(least):
        return None
    learned = _learned(good)[~good.apart[:: good.preparation.count]]
    known = np.where(np.isfinite(learned).any(axis=0), learned, 0.0)
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    return Sizes(Usual.of(learned, least), low, high, learned, worth_of(apart, scores))


def _learned(good: GoodPictures) -> Values:
    """(N, M) of the pictures that are learned from."""
    return np.array([one.sizes for one in good.each if one.learned], np.float64)


def _least(good: GoodPictures) -> Values:
    """(M,) how much each varies at least; empty where nothing is measured."""
    harness = good.preparation.harness
    return np.array([LEAST[one.kind] for one in harness.measures] if harness else [], np.float64)
