"""What is measured of a part, against how much good parts vary in it.

The number of a part is the larger of two: the score of its picture, and what its most unusual
measure is worth as a score. Both then share one limit, so that the stated share of good parts is
that of the whole part. A measure is worth the score that is as rare among good parts: the middles
of both are laid upon each other, and what a tenth of the good parts are above.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_HIGH = 0.9
_SPREAD = 1.4826  # of a normal distribution: standard deviation by median absolute deviation

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Usual:
    """middle, varies: (M,) of good parts; varies > 0."""

    middle: Values
    varies: Values

    @classmethod
    def of(cls, values: Values, least: Values) -> Self:
        """values: (N, M) of good parts, not a number of what is missing. least: (M,), how much each
        varies at least.
        """
        known = np.where(np.isfinite(values).any(axis=0), values, 0.0)
        middle = np.nanmedian(known, axis=0)
        apart = np.abs(known - middle)
        robust, plain = _SPREAD * np.nanmedian(apart, axis=0), np.sqrt(np.nanmean(apart**2, axis=0))
        return cls(middle, np.maximum(np.maximum(robust, plain), least))

    def departures(self, values: Values) -> Values:
        """(..., M) how far from the middle, in how much good parts vary; 0 of what is missing."""
        return np.nan_to_num(np.abs(values - self.middle) / self.varies, nan=0.0)


@dataclass(frozen=True, eq=False)
class Sizes:
    """low, high: (M,) between which good parts are. learned: (N, M) of each good part, not a number
    of what is missing; N is 0 where they were not kept. worth: the middle and the high value of the
    largest departures of good parts that were held out, then those of their scores.
    """

    usual: Usual
    low: Values
    high: Values
    learned: Values
    worth: tuple[float, float, float, float]

    def scores(self, values: Values) -> Values:
        """(M,) what each measure is worth as a score; high is abnormal."""
        return self.as_scores(self.usual.departures(values))

    def as_scores(self, departures: Values) -> Values:
        """The same of departures."""
        return as_scores(departures, self.worth)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What `of_arrays` makes the same of."""
        return {"middle": self.usual.middle, "varies": self.usual.varies, "low": self.low,
                "high": self.high, "learned": self.learned,
                "worth": np.array(self.worth)}  # fmt: skip

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.generic]], count: int) -> Self:
        """Of `count` measures; raises ValueError where they do not fit."""
        own = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
        learned = own.pop("learned", np.empty((0, count)))
        middle, varies, low, high = (own[name] for name in ("middle", "varies", "low", "high"))
        shapes = {one.shape for one in (middle, varies, low, high)}
        finite = all(np.isfinite(one).all() for one in own.values())
        fits = shapes == {(count,)} and learned.shape[1:] == (count,)
        if not fits or own["worth"].shape != (4,) or not finite:
            raise ValueError("what is measured does not fit")
        a, b, c, d = own["worth"].tolist()
        if not (varies > 0).all() or a >= b or c >= d:
            raise ValueError("what is measured has no scale")
        return cls(Usual(middle, varies), low, high, learned, (a, b, c, d))


def worth_of(departures: Values, scores: Values) -> tuple[float, float, float, float]:
    """What lays the largest departures and the scores of good parts, (N,), upon each other."""
    low, high = np.quantile(departures, (0.5, _HIGH)).tolist()
    middle, upper = np.quantile(scores, (0.5, _HIGH)).tolist()
    least = 1e-6 * max(abs(middle), 1e-12)  # where most are the same
    return low, max(high, low + 1e-6), middle, max(upper, middle + least)


def as_scores(departures: Values, worth: tuple[float, float, float, float]) -> Values:
    """(...) departures -> what they are worth; see `worth_of`."""
    low, high, middle, upper = worth
    return np.asarray(middle + (departures - low) / (high - low) * (upper - middle))
