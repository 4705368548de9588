"""Good pictures as a model sees them that has not learned from them, and what follows from them.

They give the variation of good parts, the scores that the limit is taken from, and with labels how
much a part looks like the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

FOLDS, FOLDS_OF_NETWORKS = 10, 5  # measured in docs/decisions/folds.md


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Good pictures as a model sees them that has not learned from them.

    prepared: (N, h, w, C). residuals: (N, h, w, D) under each picture's own label. labels: (N,).
    folds: (N,). of_label: for each label the residuals (N, h, w, D) of all pictures under it; none
    without labels.
    """

    prepared: Floats
    residuals: Floats
    labels: Labels
    folds: NDArray[np.intp]
    of_label: Sequence[Floats]


@dataclass(frozen=True, eq=False)
class Unseen:
    """The measure of a label, and the one for each fold that has not seen the fold."""

    final: Measure
    of_fold: Sequence[Measure]

    def map(self, held_out: HeldOut, index: int) -> Floats:
        """(h, w) the difference of a held-out picture under its own label."""
        measure = self.of_fold[held_out.folds[index]]
        difference: Floats = measure.map(held_out.prepared[index], held_out.residuals[index])
        return difference


def assign_folds(
    prepared: Floats, labels: Labels, conditional: bool, recipe: Recipe
) -> tuple[Recipe, NDArray[np.intp]]:
    """The settled recipe, and the fold 0...K-1 of each of (N, h, w, C) pictures, at random."""
    counts = np.bincount(labels)
    number = min(recipe.folds or FOLDS, int(counts.min()))
    rng = np.random.default_rng(recipe.seed)
    folds = np.empty(len(labels), np.intp)
    least = len(labels)
    for label, count in enumerate(counts):
        folds[labels == label] = rng.permutation(count) % number
        least = min(least, int(count) - int(np.bincount(folds[labels == label]).max()))
    told = labels if conditional else None
    return settle_model(prepared, recipe.but(folds=number), least, told), folds


def cross_fit(
    prepared: Floats,
    labels: Labels,
    folds: NDArray[np.intp],
    conditional: bool,
    recipe: Recipe,
    progress: Progress,
) -> HeldOut:
    """Every picture as seen by a model learned without the picture's fold."""
    parts = []
    for fold in range(int(folds.max()) + 1):
        stage = messages.STAGE_FOLD.format(fold=fold + 1, folds=int(folds.max()) + 1)
        inside = folds == fold
        told = labels[~inside] if conditional else None
        model = learn_model(prepared[~inside], recipe, renamed(progress, stage), told)
        parts.append(seen_by(model, prepared[inside], labels[inside], conditional))
        progress(stage, 1, 1)
    order = np.argsort(np.concatenate([np.flatnonzero(folds == n) for n in range(len(parts))]))
    return HeldOut(
        prepared=prepared,
        residuals=np.concatenate([part.residuals for part in parts])[order],
        labels=labels,
        folds=folds,
        of_label=[
            np.concatenate([part.of_label[n] for part in parts])[order]
            for n in range(len(parts[0].of_label))
        ],
    )


def seen_by(model: Model, prepared: Floats, labels: Labels, conditional: bool) -> HeldOut:
    """Pictures as seen by a model that has not learned from them, as one fold."""
    of_label = []
    residuals, _ = compare(model, prepared, labels if conditional else None)
    if conditional:
        for label in range(int(labels.max()) + 1):
            of_label.append(compare(model, prepared, np.full(len(prepared), label))[0])
    return HeldOut(prepared, residuals, labels, np.zeros(len(prepared), np.intp), of_label)


def measures_of(held_out: HeldOut | None, recipe: Recipe, label: int) -> Unseen:
    """How pictures of a label are compared, with the variation of the label's held-out pictures."""
    kind: Any = recipe.difference
    smoothing = recipe.smoothing or 0.0
    if kind != "units" or held_out is None:
        measure = Measure(kind, smoothing)
        return Unseen(measure, [measure] * (recipe.folds or 1))
    inside = held_out.labels == label
    variation, without = learn_variation(held_out.residuals[inside], held_out.folds[inside])

    def measured(one: GoodVariation) -> Measure:
        return Measure(kind, smoothing, one)

    return Unseen(measured(variation), [measured(one) for one in without])


def scores_of(held_out: HeldOut, measures: Sequence[Unseen], recipe: Recipe) -> NDArray[np.float64]:
    """(N, K) the score of each held-out picture under each label."""
    how: Any = recipe.score
    scores = np.empty((len(held_out.prepared), len(measures)))
    for index, own in enumerate(held_out.labels):
        scores[index, own] = score(measures[own].map(held_out, index), how)
        for label in range(len(held_out.of_label)):
            if label != own:
                residual = held_out.of_label[label][index]
                difference = measures[label].final.map(held_out.prepared[index], residual)
                scores[index, label] = score(difference, how)
    return scores


def calibrations_of(
    held_out: HeldOut,
    measures: Sequence[Unseen],
    scores: NDArray[np.float64],
    recipe: Recipe,
) -> list[Calibration | None]:
    """The calibration of each label from (N, K) scores; none where nothing was held out."""
    if recipe.held_out == "none":
        return [None] * len(measures)
    likeness = resemblance(scores)
    found: list[Calibration | None] = []
    for label in range(len(measures)):
        inside = np.flatnonzero(held_out.labels == label).tolist()
        margins = [margin(likeness[i], label) for i in inside] if len(measures) > 1 else []
        peaks = [float(measures[label].map(held_out, i).max()) for i in inside]
        order = np.argsort(scores[inside, label], kind="stable")
        calibration = Calibration(
            scores=scores[inside, label][order],
            mse_scores=np.sort([squared_difference(held_out.residuals[i]) for i in inside]),
            false_reject=recipe.false_reject,
            held_out="split" if recipe.held_out == "split" else "kfold",
            folds=recipe.folds or FOLDS,
            level=rank_limit(np.sort(peaks), recipe.false_reject),
            margins=np.array(margins)[order] if margins else np.empty(0),
        )
        if recipe.score == "max":  # then the place and the picture have one limit
            calibration = replace(calibration, level=calibration.limit)
        found.append(calibration)
    return found


def renamed(progress: Progress, stage: str) -> Progress:
    """The same progress under another stage's name."""
    return lambda _, done, total: progress(stage, done, total)
