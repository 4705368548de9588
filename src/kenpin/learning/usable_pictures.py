"""Which pictures of a part can be used, learned from the good ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenpin.judge import Facts, Usability, departures, learn_usability
from kenpin.learning.good_pictures import GoodPictures
from kenpin.models import Labels


def departures_of(good: GoodPictures, folds: NDArray[np.intp] | None) -> NDArray[np.float64] | None:
    """(M,) how far each held-out picture departs from the usual; None where nothing is known.

    Learned without it, as its score was. folds: (N,) of the pictures that were learned from; None
    where those are held out that took no part in learning, kept apart first.
    """
    known = _known(good)
    if known is None:
        return None
    if folds is None:
        facts, defective, labels, apart = known
        held_out = [*_of(facts, apart), *(one.facts for one in good.each if not one.learned)]
        return departures(held_out, _of(facts, ~apart), _of(defective, ~apart), labels[~apart])
    facts, defective, labels, _ = known
    found = np.empty(len(facts))
    for fold in range(int(folds.max()) + 1):
        inside = folds == fold
        others = _of(facts, ~inside), _of(defective, ~inside), labels[~inside]
        found[inside] = departures(_of(facts, inside), *others)
    return found


def usability_of(good: GoodPictures, aligned: bool, room: float) -> Usability | None:
    """Which pictures can be used, from those that were learned from; room: see `Worth.room`."""
    known = _known(good)
    if known is None:
        return None
    facts, defective, labels, apart = known
    learned = _of(facts, ~apart), _of(defective, ~apart), labels[~apart]
    return learn_usability(*learned, aligned, room)


def _known(
    good: GoodPictures,
) -> tuple[list[Facts], list[Facts], Labels, NDArray[np.bool_]] | None:
    """Of each picture learned from or kept apart: its facts, those with a defect, label, apart."""
    learned = [one for one in good.each if one.learned]
    defective = [one.defective for one in learned if one.defective is not None]
    if not learned or len(defective) < len(learned):
        return None
    apart = good.apart[:: good.preparation.count]
    return [one.facts for one in learned], defective, good.labels, apart


def _of(facts: Sequence[Facts], chosen: NDArray[np.bool_]) -> list[Facts]:
    return [one for one, taken in zip(facts, chosen, strict=True) if taken]
