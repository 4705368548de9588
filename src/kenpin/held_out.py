"""Good pictures as a model sees them that has not learned from them, and what follows from them.

They give the variation of good parts, the scores that the limit is taken from, and with labels how
much a part looks like the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.difference import GoodVariation, Measure, compare, learn_variation, squared_difference
from kenpin.judge import Calibration, margin, resemblance
from kenpin.models import Labels, Model, learn_model, settle_model
from kenpin.ranks import rank_limit
from kenpin.recipe import Recipe
from kenpin.score import score
from kenpin.types import Floats, Progress

_STEPS = 1000  # of the way
FOLDS, FOLDS_OF_NETWORKS = 10, 5  # measured in docs/decisions/folds.md

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Good pictures as a model sees them that has not learned from them.

    Picture by picture, of each its K windows. prepared: (N * K, h, w, C). residuals: (N * K, h, w,
    D) under each picture's own label. numbers: (N * K,), see `numbers_of`. folds: (N * K,).
    of_label: for each label the residuals (N * K, h, w, D) of all under it; none without labels.
    """

    prepared: Floats
    residuals: Floats
    numbers: Labels
    folds: NDArray[np.intp]
    of_label: Sequence[Floats]
    windows: int = 1

    @property
    def labels(self) -> Labels:
        """(N,) the label of each picture."""
        return self.numbers[:: self.windows] // self.windows

    def of_picture(self, index: int) -> range:
        """Where the windows of a picture are."""
        return range(index * self.windows, (index + 1) * self.windows)


@dataclass(frozen=True, eq=False)
class Unseen:
    """The measure of one window of a label, and the one for each fold that has not seen it."""

    final: Measure
    of_fold: Sequence[Measure]

    @property
    def alone(self) -> "Unseen":
        """For pictures that took no part in learning at all, which are one fold."""
        return Unseen(self.final, [self.final])

    def map(self, held_out: HeldOut, index: int) -> Floats:
        """(h, w) the difference of a held-out window under its own label."""
        measure = self.of_fold[held_out.folds[index]]
        difference: Floats = measure.map(held_out.prepared[index], held_out.residuals[index])
        return difference


def numbers_of(labels: Labels, windows: int) -> Labels:
    """(N,) labels -> (N * K,) the numbers by which models and measures tell windows apart.

    A window of a part is learned for itself, just as a part is: number = label * K + window.
    """
    return (labels[:, None] * windows + np.arange(windows)).ravel()


def assign_folds(
    prepared: Floats, numbers: Labels, windows: int, recipe: Recipe
) -> tuple[Recipe, NDArray[np.intp]]:
    """The settled recipe, and the fold 0...K-1 of each of (N * K, h, w, C) windows, at random.

    All windows of a picture are in one fold.
    """
    labels = numbers[::windows] // windows
    counts = np.bincount(labels)
    number = min(recipe.folds or FOLDS, int(counts.min()))
    rng = np.random.default_rng(recipe.seed)
    folds = np.empty(len(labels), np.intp)
    least = len(labels)
    for label, count in enumerate(counts):
        folds[labels == label] = rng.permutation(count) % number
        least = min(least, int(count) - int(np.bincount(folds[labels == label]).max()))
    settled = settle_model(prepared, recipe.but(folds=number), least, _told(numbers))
    return settled, np.repeat(folds, windows)


def cross_fit(
    prepared: Floats,
    numbers: Labels,
    folds: NDArray[np.intp],
    windows: int,
    recipe: Recipe,
    progress: Progress,
    under_others: bool = True,
    begin: float = 0.0,
) -> HeldOut:
    """Every picture as seen by a model learned without the picture's fold.

    under_others: also under the other labels, which only limits need. begin: how much of the way,
    from 0 to 1, was behind the progress before.
    """
    parts, count = [], int(folds.max()) + 1
    labels = int(numbers.max()) // windows + 1
    for fold in range(count):
        stage = messages.STAGE_FOLD.format(fold=fold + 1, folds=count)
        way = (begin + (1 - begin) * n / count for n in (fold, fold + 1))
        part_of = renamed(progress, stage, *way)
        inside = folds == fold
        told = numbers[~inside] if labels * windows > 1 else None
        model = learn_model(prepared[~inside], recipe, part_of, told)
        own = prepared[inside], numbers[inside]
        parts.append(seen_by(model, *own, windows, labels, under_others))
        part_of(stage, 1, 1)
    order = back_in_order(folds)
    return HeldOut(
        prepared=prepared,
        residuals=np.concatenate([part.residuals for part in parts])[order],
        numbers=numbers,
        folds=folds,
        of_label=[
            np.concatenate([part.of_label[n] for part in parts])[order]
            for n in range(len(parts[0].of_label))
        ],
        windows=windows,
    )


def back_in_order(folds: NDArray[np.intp]) -> NDArray[np.intp]:
    """(N,) what brings pictures that come fold after fold back into their own order."""
    number = int(folds.max()) + 1
    return np.argsort(np.concatenate([np.flatnonzero(folds == fold) for fold in range(number)]))


def seen_by(
    model: Model,
    prepared: Floats,
    numbers: Labels,
    windows: int,
    labels: int,
    under_others: bool = True,
) -> HeldOut:
    """Pictures as seen by a model that has not learned from them, as one fold.

    labels: how many the model knows, whether or not they are among the pictures.
    """
    of_label = []
    residuals, _ = compare(model, prepared, numbers if labels * windows > 1 else None)
    if labels > 1 and under_others:
        for label in range(labels):
            told = label * windows + numbers % windows
            of_label.append(compare(model, prepared, told)[0])
    folds = np.zeros(len(prepared), np.intp)
    return HeldOut(prepared, residuals, numbers, folds, of_label, windows)


def measures_of(
    held_out: HeldOut | None, recipe: Recipe, number: int, ignored: Mask | None = None
) -> Unseen:
    """How windows of this number are compared, with the variation of those held out.

    ignored: (h, w) True where the difference does not count.
    """
    kind: Any = recipe.difference
    smoothing = recipe.smoothing or 0.0
    if kind != "units" or held_out is None:
        measure = Measure(kind, smoothing, ignored=ignored)
        return Unseen(measure, [measure] * (recipe.folds or 1))
    inside = held_out.numbers == number
    variation, without = learn_variation(held_out.residuals[inside], held_out.folds[inside])

    def measured(one: GoodVariation) -> Measure:
        return Measure(kind, smoothing, one, ignored)

    return Unseen(measured(variation), [measured(one) for one in without])


@dataclass(frozen=True, eq=False)
class Scored:
    """What the limits are taken from, of N held-out good pictures.

    scores: (N, L) under each label; the worst window rules. peaks: (N,) the largest difference
    under the own label, squares: (N,) the mean squared residual. labels: (N,).
    """

    scores: NDArray[np.float64]
    peaks: NDArray[np.float64]
    squares: NDArray[np.float64]
    labels: Labels

    @property
    def own(self) -> NDArray[np.float64]:
        """(N,) the score of each picture under its own label."""
        return self.scores[np.arange(len(self.labels)), self.labels]


def scored(held_out: HeldOut, measures: Sequence[Unseen], recipe: Recipe) -> Scored:
    """measures: of each number."""
    how: Any = recipe.score
    windows, labels = held_out.windows, held_out.labels
    scores = np.full((len(labels), len(measures) // windows), np.nan)
    peaks, squares = np.empty(len(labels)), np.empty(len(labels))
    for picture, own in enumerate(labels):
        those = held_out.of_picture(picture)
        maps = [measures[held_out.numbers[i]].map(held_out, i) for i in those]
        scores[picture, own] = max(score(difference, how) for difference in maps)
        peaks[picture] = max(float(difference.max()) for difference in maps)
        squares[picture] = np.mean([squared_difference(held_out.residuals[i]) for i in those])
        for label, residuals in enumerate(held_out.of_label):
            if label != own:
                others = measures[label * windows : (label + 1) * windows]
                scores[picture, label] = max(
                    score(other.final.map(held_out.prepared[i], residuals[i]), how)
                    for i, other in zip(those, others, strict=True)
                )
    return Scored(scores, peaks, squares, labels)


def calibrations_of(scored: Scored, recipe: Recipe) -> list[Calibration | None]:
    """The calibration of each label; none where nothing was held out."""
    number = scored.scores.shape[1]
    if recipe.held_out == "none":
        return [None] * number
    likeness = resemblance(scored.scores)
    found: list[Calibration | None] = []
    for label in range(number):
        inside = np.flatnonzero(scored.labels == label)
        margins = [margin(likeness[i], label) for i in inside] if number > 1 else []
        order = np.argsort(scored.scores[inside, label], kind="stable")
        calibration = Calibration(
            scores=scored.scores[inside, label][order],
            mse_scores=np.sort(scored.squares[inside]),
            false_reject=recipe.false_reject,
            held_out="split" if recipe.held_out == "split" else "kfold",
            folds=recipe.folds or FOLDS,
            level=rank_limit(np.sort(scored.peaks[inside]), recipe.false_reject),
            margins=np.array(margins)[order] if margins else np.empty(0),
            review=recipe.review,
        )
        if recipe.score == "max":  # then the place and the picture have one limit
            calibration = replace(calibration, level=calibration.limit)
        found.append(calibration)
    return found


def joined(parts: Sequence[Scored]) -> Scored:
    """Several batches as one."""
    return Scored(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Scored))
    )


def renamed(progress: Progress, name: str, begin: float = 0.0, end: float = 1.0) -> Progress:
    """The same progress under another stage's name, as a part of the way from 0 to 1."""

    def told(stage: str, done: int, total: int) -> None:
        _, mark, more = stage.partition(" · ")
        way = begin + (end - begin) * (done / total if total else 0)
        progress(name + mark + more, round(_STEPS * way), _STEPS)

    return told


def _told(numbers: Labels) -> Labels | None:
    """What a model is told: nothing where there is one part and one window."""
    return numbers if numbers.max() else None
