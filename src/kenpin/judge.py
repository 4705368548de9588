"""From the scores of good pictures that the model has not seen to a limit with a promise.

Scores of held-out good pictures and the score of tomorrow's good picture are exchangeable, so with
n of them the score of tomorrow's is above the k-th smallest with probability at most
(n + 1 - k) / (n + 1). That is the whole of split conformal prediction (Vovk, Gammerman and Shafer,
"Algorithmic learning in a random world", 2005; Papadopoulos et al., 2002); with K folds it is
cross-conformal and holds nearly (Vovk, "Cross-conformal predictors", 2015): measured in
benchmarks/coverage.py.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.types import Outcome


@dataclass(frozen=True, eq=False)
class Calibration:
    """The limit and what it promises.

    scores: (n,) float64, sorted, of held-out good pictures, in good-part units, high is abnormal.
    mse_scores: (n,) float64, sorted: the same pictures' mean squared differences, for comparison.
    false_reject: the share of good parts that the user accepts to see rejected.
    """

    scores: NDArray[np.float64]
    mse_scores: NDArray[np.float64]
    false_reject: float
    held_out: Literal["kfold", "split"]
    folds: int

    @property
    def count(self) -> int:
        """How many held-out good pictures there are."""
        return len(self.scores)

    @property
    def limit(self) -> float:
        """A score above it is NG."""
        return rank_limit(self.scores, self.false_reject)

    @property
    def mse_limit(self) -> float:
        """The same rule applied to the plain mean squared difference."""
        return rank_limit(self.mse_scores, self.false_reject)

    @property
    def promised_false_reject(self) -> float:
        """The share of good parts rejected, at most on average over sets of good pictures."""
        return float(1 - Fraction(_rank(self.count, self.false_reject), self.count + 1))

    @property
    def kept(self) -> bool:
        """Whether what the user asked for can be promised."""
        return self.promised_false_reject <= self.false_reject

    @property
    def worst_false_reject(self) -> float:
        """What the false reject rate of this one model stays under with 95 % confidence.

        The rate above the k-th smallest of n scores is Beta(n + 1 - k, k) distributed (Vovk,
        "Conditional validity of inductive conformal predictors", 2012).
        """
        from scipy.stats import beta  # noqa: PLC0415 - slow to load, not needed to inspect

        rank = _rank(self.count, self.false_reject)
        return float(beta.ppf(0.95, self.count + 1 - rank, rank))

    def p_value(self, score: float) -> float:
        """The share of good parts expected to score at least this high, in (0, 1]."""
        at_least = self.count - int(np.searchsorted(self.scores, score, side="left"))
        return (1 + at_least) / (self.count + 1)

    def judge(self, score: float) -> Outcome:
        """OK up to the limit; NG above it, and for a score that is not a number."""
        return Outcome.OK if score <= self.limit else Outcome.NG


def rank_limit(scores: NDArray[np.float64], false_reject: float) -> float:
    """The limit that rejects a good part with probability at most `false_reject`.

    scores: (n,) float64, sorted, of held-out good pictures. The limit is the k-th smallest with
    k = ceil((n+1)(1-false_reject)); when n is too small for the promise, the largest.
    """
    return float(scores[_rank(len(scores), false_reject) - 1])


def pictures_needed(false_reject: float) -> int:
    """How many held-out good pictures it takes to promise this rate: 0.01 -> 99."""
    return ceil(1 / _exact(false_reject)) - 1


def promise(calibration: Calibration | None) -> str:
    """In plain words what the limit promises, and what it would take to promise more."""
    if calibration is None:
        return messages.PROMISE_NONE
    asked = calibration.false_reject
    if calibration.kept:
        return messages.PROMISE_KEPT.format(
            promised=in_words(calibration.promised_false_reject),
            tenth=percent(asked / 10),
            needed=pictures_needed(asked / 10),
        )
    return messages.PROMISE_REFUSED.format(
        count=calibration.count,
        asked=percent(asked),
        needed=pictures_needed(asked),
        promised=in_words(calibration.promised_false_reject),
    )


def promise_spread(calibration: Calibration) -> str:
    """How far off the promised average this one model may be, in plain words."""
    return messages.PROMISE_SPREAD.format(
        count=calibration.count, worst=percent(calibration.worst_false_reject)
    )


def how_held_out(calibration: Calibration | None) -> str:
    """In plain words how the unseen scores were obtained."""
    if calibration is None:
        return messages.HOW_NONE
    how = {"kfold": messages.HOW_KFOLD, "split": messages.HOW_SPLIT}[calibration.held_out]
    return how.format(folds=calibration.folds, count=calibration.count)


def percent(share: float) -> str:
    """0.05 -> '5 %', 0.0123 -> '1.2 %', 0.001 -> '0.1 %'."""
    return f"{float(f'{100 * share:.2g}'):g} %"


def in_words(share: float) -> str:
    """0.0099 -> '1 good part in 101 (0.99 %)'."""
    parts = floor(1 / share + 1e-9)
    return messages.GOOD_PARTS_IN.format(parts=parts, share=percent(share))


def _rank(count: int, false_reject: float) -> int:
    # Exact arithmetic: with floats (99 + 1) * (1 - 0.01) rounds up to one rank too many.
    return min(count, ceil((count + 1) * (1 - _exact(false_reject))))


def _exact(share: float) -> Fraction:
    return Fraction(str(share))
