"""From held-out good pictures to scores, and from scores to the limits of each label."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import CalibrationError
from kenpin.judge import (
    Calibration,
    Worth,
    as_scores,
    margin,
    of_pixels,
    resemblance,
    score,
    squared_difference,
    worth_of,
)
from kenpin.learning.cross_fit import FOLDS, FoldMeasures, HeldOut
from kenpin.models import Labels
from kenpin.recipe import Recipe
from kenpin.statistics import LEAST_OF_TAIL, rank_limit

_FARTHEST = 3.0  # times the largest score, of a limit from the tail


@dataclass(frozen=True, eq=False)
class Scores:
    """What the limits are taken from, of N held-out good pictures.

    under_each: (N, L) the score under each label; the worst window rules. peaks: (N,) the largest
    difference under the own label, squares: (N,) the mean squared residual. labels: (N,).
    departures: (N,) from the usual good picture, see `kenpin.judge.departures`; 0 where unknown.
    sizes: (N,) the largest departure of what is measured, see `Sizes`; empty where nothing is.
    """

    under_each: NDArray[np.float64]
    peaks: NDArray[np.float64]
    squares: NDArray[np.float64]
    labels: Labels
    departures: NDArray[np.float64]
    sizes: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def own(self) -> NDArray[np.float64]:
        """(N,) the score of each picture under its own label."""
        return self.under_each[np.arange(len(self.labels)), self.labels]


def scores_of(held_out: HeldOut, measures: Sequence[FoldMeasures], recipe: Recipe) -> Scores:
    """measures: of each number."""
    how: Any = recipe.score
    windows, labels = held_out.windows, held_out.labels
    under_each = np.full((len(labels), len(measures) // windows), np.nan)
    peaks, squares = np.empty(len(labels)), np.empty(len(labels))
    for picture, own in enumerate(labels):
        those = held_out.of_picture(picture)
        maps = [measures[held_out.numbers[i]].map(held_out, i) for i in those]
        under_each[picture, own] = max(score(difference, how) for difference in maps)
        peaks[picture] = max(float(difference.max()) for difference in maps)
        squares[picture] = np.mean(
            [squared_difference(of_pixels(held_out.residuals[i], measures[0].final)) for i in those]
        )
        for label, residuals in enumerate(held_out.of_label):
            if label != own:
                others = measures[label * windows : (label + 1) * windows]
                under_each[picture, label] = max(
                    score(other.final.map(held_out.inputs[i], residuals[i]), how)
                    for i, other in zip(those, others, strict=True)
                )
    return Scores(under_each, peaks, squares, labels, np.zeros(len(labels)))


def calibrations_of(scores: Scores, recipe: Recipe) -> list[Calibration | None]:
    """The calibration of each label; none where nothing was held out."""
    number = scores.under_each.shape[1]
    if recipe.held_out == "none":
        return [None] * number
    likeness = resemblance(scores.under_each)
    found: list[Calibration | None] = []
    for label in range(number):
        inside = np.flatnonzero(scores.labels == label)
        margins = [margin(likeness[i], label) for i in inside] if number > 1 else []
        own, departures = scores.under_each[inside, label], scores.departures[inside]
        if len(scores.sizes):
            worth = as_scores(scores.sizes[inside], worth_of(scores.sizes[inside], own))
            own = np.maximum(own, worth)
        numbers = Worth.of(own).counted(own, departures)
        if recipe.limit == "tail" and len(numbers) < LEAST_OF_TAIL:
            raise CalibrationError("tail_few", least=LEAST_OF_TAIL, count=len(numbers))
        order = np.argsort(numbers, kind="stable")
        calibration = Calibration(
            scores=numbers[order],
            mse_scores=np.sort(scores.squares[inside]),
            false_reject=recipe.false_reject,
            held_out="split" if recipe.held_out == "split" else "kfold",
            folds=recipe.folds or FOLDS,
            level=rank_limit(np.sort(scores.peaks[inside]), recipe.false_reject),
            margins=np.array(margins)[order] if margins else np.empty(0),
            review=recipe.review,
            rule=recipe.limit,
        )
        check_tail(calibration)
        if recipe.score == "max":  # then the place and the picture have one limit
            calibration = replace(calibration, level=calibration.limit)
        found.append(calibration)
    return found


def check_tail(calibration: Calibration) -> None:
    """Raise CalibrationError for a limit so far above all scores that it finds nothing.

    By the rule "rank" none is. By the tail, where good pictures are of two kinds, and the upper
    quarter begins in the gap.
    """
    limit, largest = calibration.limit, float(calibration.scores[-1])
    if calibration.rule == "tail" and not limit <= _FARTHEST * largest:
        raise CalibrationError("tail_far", limit=limit, largest=largest)


def room_of(scores: Scores, calibrations: Sequence[Calibration | None]) -> float:
    """From which departure a picture is unusable: where it is worth the limit of every label."""
    rooms = [1.0]
    for label, calibration in enumerate(calibrations):
        inside = scores.labels == label
        if calibration is not None:
            worth = Worth.of(scores.under_each[inside, label])
            rooms.append(worth.room(calibration.limit))
    return max(rooms)


def worst_of(parts: Sequence[Scores]) -> Scores:
    """Of the same pictures seen in several tiles: the worst tile rules."""
    first = parts[0]
    return Scores(
        np.max([part.under_each for part in parts], axis=0),
        np.max([part.peaks for part in parts], axis=0),
        np.mean([part.squares for part in parts], axis=0),
        first.labels,
        first.departures,
    )


def joined(parts: Sequence[Scores]) -> Scores:
    """Several batches as one."""
    return Scores(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Scores))
    )
