"""Taguchi's MT and RT methods on plain arrays, as scikit-learn's outlier detectors.

They need scikit-learn. The limit is kenpin's: the scores of pieces left out of the unit space, and
a stated share of good pieces that may be rejected.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from kenpin.models.mt import UnitSpace
from kenpin.models.rt import RtSpace
from kenpin.statistics import rank_limit

_FOLDS = 10


class _Taguchi(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """What both have in common; `_space` makes the unit space of (n, k) items."""

    false_reject: float

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the unit space from (n, k) items of good pieces, n >= 2; y is ignored."""
        items = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        if not 0 < self.false_reject <= 0.5:
            raise ValueError(f"false_reject must be in (0, 0.5]. Got {self.false_reject} instead.")
        self.space_ = self._space(items)
        self.held_out_distances_ = np.sort(self._held_out(items))
        self.offset_ = -rank_limit(self.held_out_distances_, self.false_reject)
        return self

    def distance(self, X: Any) -> NDArray[np.float64]:
        """(n, k) items -> (n,) distance to the unit space; about 1 is good, high is abnormal."""
        check_is_fitted(self)
        items = validate_data(self, X, dtype=np.float64, reset=False)
        distance: NDArray[np.float64] = self.space_.distance(items)
        return distance

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """(n,) the distance with a minus sign: as scikit-learn wants it, low is abnormal."""
        return -self.distance(X)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """(n,) `score_samples` less the limit: negative is abnormal."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> NDArray[np.intp]:
        """(n,) 1 for good, -1 for abnormal."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def _held_out(self, items: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each piece's distance to the unit space of the pieces outside its fold."""
        folds = np.arange(len(items)) % min(_FOLDS, len(items))
        distances = np.empty(len(items))
        for fold in np.unique(folds):
            inside = folds == fold
            distances[inside] = self._space(items[~inside]).distance(items[inside])
        return distances

    def _space(self, items: NDArray[np.float64]) -> Any:
        raise NotImplementedError


class MahalanobisTaguchi(_Taguchi):
    """The MT method (Taguchi and Jugulum, 2002): Mahalanobis distance / number of items.

    shrinkage: of the correlation towards the identity, in [0, 1]; left out, none when there are
    three pieces for each item, else as Ledoit and Wolf estimate it. false_reject: the share of
    good pieces that may be rejected. Fitted: `space_`, `held_out_distances_` (n,), `offset_`.
    """

    def __init__(self, shrinkage: float | None = None, false_reject: float = 0.01) -> None:
        self.shrinkage = shrinkage
        self.false_reject = false_reject

    def _space(self, items: NDArray[np.float64]) -> UnitSpace:
        return UnitSpace.of(items, self.shrinkage)


class RecognitionTaguchi(_Taguchi):
    """The RT method (Taguchi, 2008): sensitivity and unexplained variation, whatever the items.

    false_reject: as for `MahalanobisTaguchi`. Fitted: `space_`, `held_out_distances_` (n,),
    `offset_`.
    """

    def __init__(self, false_reject: float = 0.01) -> None:
        self.false_reject = false_reject

    def _space(self, items: NDArray[np.float64]) -> RtSpace:
        return RtSpace.of(items)
