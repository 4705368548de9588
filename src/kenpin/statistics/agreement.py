"""How much of what is measured comes from measuring: variances, and agreement beyond chance.

Shots of one piece differ by the camera, the light and how the piece lies; pieces differ by what
they are. One-way analysis of variance with random pieces parts the two.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """Variances of a measure within a piece (repeatability) and between pieces, both >= 0."""

    within: float
    between: float

    @property
    def share(self) -> float | None:
        """%GRR in [0, 1]: the part of the total standard deviation that is repeatability.

        None where nothing varies. (AIAG, "Measurement systems analysis", 4th edition, 2010: below
        0.1 good, above 0.3 not acceptable.)
        """
        total = self.within + self.between
        return sqrt(self.within / total) if total > 0 else None

    @property
    def categories(self) -> int | None:
        """How many classes of pieces can be told apart (ndc of AIAG); 5 or more are wanted."""
        if not self.within > 0:
            return None
        return floor(sqrt(2 * self.between / self.within))


def components(pieces: Sequence[Values]) -> Components:
    """From the values of each piece's shots, at least two pieces and one of them with two shots.

    By analysis of variance, also for unlike numbers of shots (Searle, Casella and McCulloch,
    "Variance components", 1992, 3.6). A negative variance between pieces is given as 0.
    """
    counts = np.array([len(shots) for shots in pieces])
    every = np.concatenate(pieces)
    means = np.array([shots.mean() for shots in pieces])
    inside = sum(float(((shots - shots.mean()) ** 2).sum()) for shots in pieces)
    within = inside / float(counts.sum() - len(pieces))
    across = float((counts * (means - every.mean()) ** 2).sum()) / (len(pieces) - 1)
    shots_each = float(counts.sum() - (counts**2).sum() / counts.sum()) / (len(pieces) - 1)
    return Components(within, max(0.0, (across - within) / shots_each))


def cohen_kappa(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Agreement of two judges on the same things beyond chance: 1 is perfect, 0 is chance.

    None where both always say the same one thing. (Cohen, "A coefficient of agreement for nominal
    scales", 1960.)
    """
    count = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / count
    mine, theirs = Counter(one), Counter(other)
    chance = sum(mine[name] * theirs[name] for name in mine) / count**2
    return (agreed - chance) / (1 - chance) if chance < 1 else None


def fleiss_kappa(pieces: Sequence[Sequence[str]]) -> float | None:
    """Agreement among the answers on each piece beyond chance; at least two answers each.

    None where all answers are the same. (Fleiss, "Measuring nominal scale agreement among many
    raters", 1971; with unlike numbers of answers each piece counts the same.)
    """
    agreed = np.mean([
        sum(n * (n - 1) for n in Counter(answers).values()) / (len(answers) * (len(answers) - 1))
        for answers in pieces
    ])  # fmt: skip
    every = Counter(answer for answers in pieces for answer in answers)
    chance = sum((n / every.total()) ** 2 for n in every.values())
    return float((agreed - chance) / (1 - chance)) if chance < 1 else None
