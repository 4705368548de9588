"""What follows from the order of scores alone: the rank of a limit, and the AUROC."""

from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray


def rank_limit(scores: NDArray[np.float64], false_reject: float) -> float:
    """The limit that rejects a good part with probability at most `false_reject`.

    scores: (n,) float64, sorted, of held-out good pictures. The limit is the k-th smallest with
    k = ceil((n+1)(1-false_reject)); when n is too small for the promise, the largest.
    """
    return float(scores[rank_of_limit(len(scores), false_reject) - 1])


def rank_of_limit(count: int, false_reject: float) -> int:
    """k = ceil((n+1)(1-false_reject)), at most n = count: the limit is the k-th smallest score."""
    # Exact arithmetic: with floats (99 + 1) * (1 - 0.01) rounds up to one rank too many.
    return min(count, ceil((count + 1) * (1 - exact(false_reject))))


def exact(share: float) -> Fraction:
    """The share as it was written: 0.01 is a hundredth, not the nearest binary number."""
    return Fraction(str(share))


def auroc(scores: NDArray[np.float64], abnormal: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve: how often an abnormal score is above a normal one.

    scores, abnormal: (N,). None when one of the two is missing. By ranks, ties counting half
    (Hanley and McNeil, 1982).
    """
    n_abnormal = int(abnormal.sum())
    n_normal = len(abnormal) - n_abnormal
    if not n_abnormal or not n_normal:
        return None
    ordered = np.sort(scores)
    below, upto = (np.searchsorted(ordered, scores[abnormal], side) for side in ("left", "right"))
    ranks = float((below + upto + 1).sum()) / 2 - n_abnormal * (n_abnormal + 1) / 2
    return float(ranks / (n_abnormal * n_normal))
