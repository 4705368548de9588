"""A judge that has also seen NG pictures: a support vector machine on the difference map.

Learning it needs scikit-learn; judging needs NumPy only. Source of the machine: Cortes and Vapnik,
"Support-vector networks", 1995, with a Gaussian kernel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.errors import ExtraError
from kenpin.statistics import heads_or_more
from kenpin.types import Floats

SIGNIFICANT = 0.05
"""The chance below which fewer escapes are believed not to be luck."""
LEAST_NG = 5
"""Fewer NG pictures say nothing that cross-validation could check."""

SMOOTHINGS = (0.0, 1 / 64, 1 / 16)  # of the map, as shares of the longer side
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)  # of the largest values
GRID = 4  # fields of the picture, a side
LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Svm:
    """centre, spread: (d,) of the features. support: (m, d) standardised. weights: (m,)."""

    centre: Floats
    spread: Floats
    support: Floats
    weights: Floats
    gamma: float
    intercept: float

    def value(self, differences: Sequence[Floats]) -> float:
        """K difference maps (h, w), one a window -> the decision value; high is abnormal."""
        return float(self.values(features(differences)[None])[0])

    def values(self, given: Floats) -> NDArray[np.float64]:
        """(n, d) features -> (n,) decision values."""
        z = (given - self.centre) / self.spread
        apart = np.square(z[:, None] - self.support[None]).sum(axis=2, dtype=np.float64)
        values: NDArray[np.float64] = np.exp(-self.gamma * apart) @ self.weights + self.intercept
        return values

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What `Svm.of` makes the same machine of."""
        return {
            "centre": self.centre,
            "spread": self.spread,
            "support": self.support,
            "weights": self.weights,
            "kernel": np.array([self.gamma, self.intercept], np.float64),
        }

    @classmethod
    def of(cls, arrays: dict[str, Any], windows: int = 1) -> "Svm":
        """The machine again; raises ValueError when the arrays do not fit."""
        names = ("centre", "spread", "support", "weights")
        centre, spread, support, weights = (np.array(arrays[name], np.float32) for name in names)
        size = len(features([np.zeros((16, 16), np.float32)] * windows))
        if centre.shape != (size,) or support.shape != (len(weights), size):
            raise ValueError("the support vectors do not fit the features")
        if spread.shape != (size,) or not bool((spread > 0).all()) or weights.ndim != 1:
            raise ValueError("the spread of the features is not possible")
        gamma, intercept = (float(value) for value in arrays["kernel"])
        if not all(np.isfinite(a).all() for a in (centre, spread, support, weights)):
            raise ValueError("the support vectors are not numbers")
        if not np.isfinite([gamma, intercept]).all():
            raise ValueError("the kernel is not made of numbers")
        return cls(centre, spread, support, weights, gamma, intercept)


def features(differences: Sequence[Floats]) -> Floats:
    """K difference maps (h, w), one a window -> (K * d,) float32, those of each window."""
    return np.concatenate([_features(difference) for difference in differences])


def _features(difference: Floats) -> Floats:
    """(h, w) difference map -> (d,) float32: how high it is at its worst, broadly, and where.

    At three smoothings the largest value, the means of the largest shares, and the mean; then the
    largest value of each field of a 4 by 4 grid; as logarithms.
    """
    values = []
    for smoothing in SMOOTHINGS:
        smooth = difference
        if smoothing:
            sigma = max(0.5, smoothing * max(difference.shape))
            smooth = cv2.GaussianBlur(difference, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        falling = np.sort(smooth.ravel())[::-1]
        counts = [max(1, round(share * len(falling))) for share in SHARES]
        values += [falling[0], *(falling[:count].mean() for count in counts), falling.mean()]
    for rows in np.array_split(difference, GRID, axis=0):
        values += [field.max() for field in np.array_split(rows, GRID, axis=1)]
    return np.asarray(np.log(np.maximum(values, LEAST)), np.float32)


def learn_svm(good: Floats, ng: Floats) -> Svm:
    """From (n, d) features of held-out good pictures and (m, d) of NG ones."""
    machine = _support_vector_machine()
    everything = np.concatenate([good, ng])
    centre = everything.mean(axis=0)
    spread = np.maximum(everything.std(axis=0), 1e-3)
    truth = np.arange(len(everything)) >= len(good)
    machine.fit((everything - centre) / spread, truth)
    z = ((everything - centre) / spread)[machine.support_]
    gamma = 1 / (z.shape[1] * float(((everything - centre) / spread).var()))
    return Svm(
        centre=centre.astype(np.float32),
        spread=spread.astype(np.float32),
        support=z.astype(np.float32),
        weights=machine.dual_coef_[0].astype(np.float32),
        gamma=gamma,
        intercept=float(machine.intercept_[0]),
    )


def better(plain: NDArray[np.bool_], machine: NDArray[np.bool_]) -> bool:
    """Whether fewer of the same (M,) NG pictures escape the machine, and not by luck.

    plain, machine: True where the picture escapes. By the exact one-sided test of McNemar (1947).
    A machine kept for a gain that was luck owes it to a limit that is too low by luck, and so
    rejects more good parts than was promised.
    """
    gained, lost = int((plain & ~machine).sum()), int((machine & ~plain).sum())
    if gained <= lost:
        return False
    return heads_or_more(gained, gained + lost) <= SIGNIFICANT


def check_svm_installed() -> None:
    """Raise ExtraError when scikit-learn is not installed."""
    _support_vector_machine()


def _support_vector_machine() -> Any:
    try:
        from sklearn.svm import SVC  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ExtraError("extra_sklearn") from error
    return SVC(kernel="rbf", C=1.0, gamma="scale")
