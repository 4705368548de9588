"""The upper tail of scores as a power law: a limit finer than the ranks of few scores can say.

Hill, "A simple general approach to inference about the tail of a distribution", 1975; Weissman,
"Estimation of parameters and large quantiles based on the k largest observations", 1978.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

LEAST_OF_TAIL = 20
"""Scores without which nothing is said of their tail."""
_QUARTER, _FEWEST = 0.25, 10
_LEAST = 1e-12  # of a score
_SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Tail:
    """The share of scores above s is share * (s / start) ** (-1 / index), from start on.

    share: of the scores that the tail is learned from. least: the smallest of them. index: how far
    it reaches, 0 where all of them are the same.
    """

    start: float
    least: float
    share: float
    index: float

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> Self:
        """scores: (n,) float64 >= 0, rising, at least `LEAST_OF_TAIL`; the upper quarter counts."""
        count = len(scores)
        number = max(int(_QUARTER * count), min(_FEWEST, count // 2))
        start, *above = np.maximum(scores[-number - 1 :], _LEAST)
        index = float(np.mean(np.log(above) - np.log(start)))
        return cls(float(start), float(above[0]), number / count, index)

    def limit(self, share: float) -> float:
        """The score that this share is expected to be above; share: less than that of the tail."""
        with np.errstate(over="ignore"):  # no limit at all, which is refused
            beyond = np.float64(self.share / share) ** self.index
        return max(self.least, float(self.start * beyond))

    def above(self, score: float) -> float | None:
        """The share expected to score at least this high, above 0; None where it does not reach."""
        if not score >= self.least or self.index == 0:
            return None
        share = self.share * (score / self.start) ** (-1 / self.index)
        return max(float(share), _SMALLEST)
