"""From the scores of good pictures that the model has not seen to a limit with a promise.

Scores of held-out good pictures and the score of tomorrow's good picture are exchangeable, so with
n of them the score of tomorrow's is above the k-th smallest with probability at most
(n + 1 - k) / (n + 1). That is the whole of split conformal prediction (Vovk, Gammerman and Shafer,
"Algorithmic learning in a random world", 2005; Papadopoulos et al., 2002). With K folds tomorrow's
picture is scored by a model that has learned more than those of the folds, and it holds nearly:
measured in benchmarks/coverage.py.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from kenpin.statistics import Tail, beta_quantile, exact, rank_limit, rank_of_limit
from kenpin.types import Outcome

LEAST_SCORE = 1e-12
_THIRDS = 40
_HIGH, _STEP = 0.9, 2.0  # measured in docs/decisions/unusable.md


@dataclass(frozen=True, eq=False)
class Calibration:
    """The limit and what it promises, for one label where there are labels.

    scores: (n,) float64, rising, of held-out good pictures, high is abnormal; of one that the
    bounds learned from the others call unusable, what that is `Worth` if it is more.
    mse_scores: (n,) float64, rising: the same pictures' mean squared residuals, for comparison.
    false_reject: the share of good parts that the user accepts to see rejected. review: the larger
    share that the user accepts not to be OK at once; None where the answers are two.
    level: places of the difference map above it are pointed at when a part is not OK.
    margins: (n,) in the order of `scores`: how much more each looks like another label than like
    its own (see `margin`), high is abnormal; empty where there are no labels.
    rule: whether the limit is one of the scores, or where their tail says; the latter without
    labels only.
    """

    scores: NDArray[np.float64]
    mse_scores: NDArray[np.float64]
    false_reject: float
    held_out: Literal["kfold", "split"]
    folds: int
    level: float
    margins: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    review: float | None = None
    rule: Literal["rank", "tail"] = "rank"

    @property
    def count(self) -> int:
        """How many held-out good pictures there are."""
        return len(self.scores)

    @property
    def limit(self) -> float:
        """A score above it is NG."""
        return self._limit_at(self.false_reject)

    @property
    def margin_limit(self) -> float | None:
        """A margin above it is a wrong part; None where there are no labels."""
        return self._margin_limit_at(self.false_reject)

    @property
    def review_limit(self) -> float | None:
        """A score above it is not OK at once; None where the answers are two."""
        return None if self.review is None else self._limit_at(self.review)

    @property
    def review_margin_limit(self) -> float | None:
        """The same of margins."""
        return None if self.review is None else self._margin_limit_at(self.review)

    @cached_property
    def tail(self) -> Tail | None:
        """Of the scores, where the limit follows from it."""
        return Tail.of(self.scores) if self.rule == "tail" else None

    def _limit_at(self, share: float) -> float:
        if self.tail is not None and share < self.tail.share:
            return self.tail.limit(share)
        return float(self.scores[self._joint_rank(share) - 1])

    def _margin_limit_at(self, share: float) -> float | None:
        if not len(self.margins):
            return None
        return float(np.sort(self.margins)[self._joint_rank(share) - 1])

    def _joint_rank(self, share: float) -> int:
        """The rank at which score and margin together reject no more than the score alone may.

        The larger of a picture's two ranks is one number for which the argument above holds, but
        for one rank: a new picture can be above either limit without any kept one being so.
        """
        rank = rank_of_limit(self.count, share)
        if not len(self.margins):
            return rank
        return int(np.sort(self._larger_ranks)[min(rank, self.count - 1)])

    @cached_property
    def _larger_ranks(self) -> NDArray[np.intp]:
        return np.maximum(
            np.searchsorted(self.scores, self.scores, "right"),
            np.searchsorted(np.sort(self.margins), self.margins, "right"),
        )

    @property
    def mse_limit(self) -> float:
        """The rule "rank" applied to the plain mean squared residual."""
        return rank_limit(self.mse_scores, self.false_reject)

    @property
    def mse_pass_limit(self) -> float:
        """Up to it that judge says OK: with three answers at the larger share."""
        return rank_limit(self.mse_scores, self.review or self.false_reject)

    @property
    def promised_false_reject(self) -> float:
        """The share of good parts rejected, at most on average over sets of good pictures.

        By the rule "tail" it is what is expected, and nothing follows for certain: which of the
        scores its limit is above depends on them.
        """
        return self._promised(self.false_reject)

    @property
    def promised_review(self) -> float | None:
        """The share of good parts not OK at once, at most; None where the answers are two."""
        return None if self.review is None else self._promised(self.review)

    @property
    def expects(self) -> bool:
        """Whether the limit follows from the tail, so that nothing is promised."""
        return self.tail is not None and self.false_reject < self.tail.share

    def rank_at(self, share: float) -> int:
        """How many of the scores the limit for this share is not below; from 1 on."""
        if self.tail is not None:
            return int(np.searchsorted(self.scores, self._limit_at(share), "right"))
        rank = rank_of_limit(self.count, share)
        # Score or margin may be exceeded: one rank less, see _joint_rank.
        return min(rank, self.count - 1) if len(self.margins) else rank

    def _promised(self, share: float) -> float:
        if self.tail is not None and share < self.tail.share:
            return share
        rank = self.rank_at(share)
        return float(1 - Fraction(rank, self.count + 1))

    @property
    def limits(self) -> int:
        """How many limits share the promise: two where there are labels."""
        return 2 if len(self.margins) else 1

    @property
    def kept(self) -> bool:
        """Whether what the user asked for can be promised."""
        promised = 1 - Fraction(self.rank_at(self.false_reject), self.count + 1)
        return self.expects or promised <= exact(self.false_reject)  # a float may hide a hair

    @property
    def worst_false_reject(self) -> float:
        """What the false reject rate of this one model stays under with 95 % confidence.

        By the rule "rank"; of a tail nothing is known.
        The rate above the k-th smallest of n scores is Beta(n + 1 - k, k) distributed (Vovk,
        "Conditional validity of inductive conformal predictors", 2012).
        """
        rank = self.rank_at(self.false_reject)
        return beta_quantile(0.95, self.count + 1 - rank, rank)

    def p_value(self, score: float) -> float:
        """The share of good parts expected to score at least this high, in (0, 1]."""
        above = None if self.tail is None else self.tail.above(score)
        if above is not None:
            return above
        at_least = self.count - int(np.searchsorted(self.scores, score, side="left"))
        return (1 + at_least) / (self.count + 1)

    def judge(self, score: float) -> Outcome:
        """OK up to the limit; NG above it, and for a score that is not a number.

        With `review` only up to its limit OK, and REVIEW between the two.
        """
        if not score <= self.limit:
            return Outcome.NG
        within = self.review_limit is None or score <= self.review_limit
        return Outcome.OK if within else Outcome.REVIEW


@dataclass(frozen=True)
class Worth:
    """What it is worth as a score that a picture is farther from usual than pictures that are used.

    A good picture that is UNUSABLE is thrown away like one that is NG, so both share one promise:
    each held-out picture has one number, its score or what its departure is worth, whichever is
    larger. The scale is taken from the middle of the scores, which one picture hardly moves.

    middle: the median score. step: what a departure of 1 adds to it.
    """

    middle: float
    step: float

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> Self:
        """scores: (n,) of held-out good pictures."""
        middle, high = np.quantile(scores, (0.5, _HIGH))
        least = 1e-6 * max(abs(float(middle)), LEAST_SCORE)  # where most scores are the same
        return cls(float(middle), max(float(_STEP * (high - middle)), least))

    def counted(
        self, scores: NDArray[np.float64], departures: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(n,) the number of each picture. departures: (n,), see `departures`; up to 1 is usual."""
        worth = self.middle + self.step * departures
        return np.where(departures > 1, np.maximum(scores, worth), scores)

    def room(self, limit: float) -> float:
        """From which departure, at least 1, a picture is unusable; limit: of the numbers."""
        return max(1.0, (limit - self.middle) / self.step)


def resemblance(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., K) scores under each label -> (..., K); low is alike.

    The logarithm: how much better one label explains a picture than another is then a difference,
    as with likelihoods.
    """
    return np.asarray(np.log(np.maximum(scores, LEAST_SCORE)))


def margin(resemblances: NDArray[np.float64], label: int) -> float:
    """How much more a part looks like the most similar other label than like this one.

    resemblances: (K,). Above 0 another label fits better; high is abnormal.
    """
    return float(resemblances[label] - np.delete(resemblances, label).min())


def probabilities(resemblances: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """(..., K) resemblances -> (..., K) probabilities of the labels, all equally frequent."""
    exponent = -resemblances / temperature
    exponent = exponent - exponent.max(axis=-1, keepdims=True)
    weights = np.exp(exponent)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def fit_temperature(resemblances: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    """The temperature that makes `probabilities` of held-out good pictures honest.

    resemblances: (N, K), labels: (N,). By maximum likelihood (Guo, Pleiss, Sun and Weinberger, "On
    calibration of modern neural networks", 2017).
    """
    own = np.arange(len(labels)), labels

    def loss(exponent: float) -> float:
        likely = probabilities(resemblances, np.exp(exponent))[own]
        return -float(np.log(np.maximum(likely, 1e-300)).mean())

    low, high = np.log(1e-3), np.log(10)
    for _ in range(_THIRDS):  # the loss falls, then rises
        one, other = (2 * low + high) / 3, (low + 2 * high) / 3
        low, high = (low, other) if loss(one) < loss(other) else (one, high)
    return float(np.exp((low + high) / 2))


def pictures_needed(false_reject: float, limits: int = 1) -> int:
    """How many held-out good pictures it takes to promise this rate: 0.01 -> 99.

    limits: how many share the promise.
    """
    return ceil(limits / exact(false_reject)) - 1
