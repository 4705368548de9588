"""Good pictures as models see them that have not learned from them.

They give the variation of good parts; what limits follow from them is in kenpin.learning.calibrate.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.judge import (
    IN_UNITS,
    GoodVariation,
    Measure,
    Powers,
    compare,
    learn_eyes,
    learn_variation,
    powers_of,
)
from kenpin.learning.windows import Windows
from kenpin.models import (
    NETWORKS,
    Labels,
    Model,
    Together,
    learn_model,
    left_over,
    packing_of,
    settle_model,
)
from kenpin.recipe import Recipe
from kenpin.system import cores, in_order, is_worker
from kenpin.text import say
from kenpin.types import Floats, Progress

_STEPS = 1000  # of the way
FOLDS, FOLDS_OF_NETWORKS = 10, 5  # measured in docs/decisions/folds.md
# Folds that are learned at once: each has the pictures' features for itself, several times.
_AT_ONCE, _TIMES_INPUTS, _MOST_BYTES = 4, 4, 2**30
_LEAST_APART = 3  # folds: without two of them something must be left to learn from

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Good pictures as a model sees them that has not learned from them.

    Picture by picture, of each its K windows. inputs: (N * K, h, w, C). residuals: (N * K, h, w,
    D) under each picture's own label. numbers: (N * K,), see `numbers_of`. folds: (N * K,).
    of_label: for each label the residuals (N * K, h, w, D) of all under it; none without labels.
    apart: of each number what `learn_variation` takes of that name; none where it was not learned.
    """

    inputs: Floats
    residuals: Floats
    numbers: Labels
    folds: NDArray[np.intp]
    of_label: Sequence[Floats]
    windows: int = 1
    apart: Sequence[Mapping[tuple[int, int], Powers]] = ()

    @property
    def labels(self) -> Labels:
        """(N,) the label of each picture."""
        return self.numbers[:: self.windows] // self.windows

    def of_picture(self, index: int) -> range:
        """Where the windows of a picture are."""
        return range(index * self.windows, (index + 1) * self.windows)


@dataclass(frozen=True, eq=False)
class FoldMeasures:
    """The measure of one window of a label, and the one for each fold that has not seen it."""

    final: Measure
    of_fold: Sequence[Measure]

    @property
    def alone(self) -> "FoldMeasures":
        """For pictures that took no part in learning at all, which are one fold."""
        return FoldMeasures(self.final, [self.final])

    def map(self, held_out: HeldOut, index: int) -> Floats:
        """(h, w) the difference of a held-out window under its own label."""
        measure = self.of_fold[held_out.folds[index]]
        difference: Floats = measure.map(held_out.inputs[index], held_out.residuals[index])
        return difference


def assign_folds(good: Windows, recipe: Recipe) -> tuple[Recipe, NDArray[np.intp]]:
    """The settled recipe, and the fold 0...K-1 of each of the N * K windows, at random.

    All windows of a picture are in one fold.
    """
    labels = good.labels
    counts = np.bincount(labels)
    number = min(recipe.folds or FOLDS, int(counts.min()))
    rng = np.random.default_rng(recipe.seed)
    folds = np.empty(len(labels), np.intp)
    least = len(labels)
    for label, count in enumerate(counts):
        folds[labels == label] = rng.permutation(count) % number
        least = min(least, int(count) - int(np.bincount(folds[labels == label]).max()))
    settled = settle_model(good.inputs, recipe.but(folds=number), least, good.told)
    return settled, np.repeat(folds, good.windows)


def cross_fit(
    good: Windows,
    folds: NDArray[np.intp],
    recipe: Recipe,
    progress: Progress,
    under_others: bool = True,
    way: tuple[float, float] = (0.0, 1.0),
) -> HeldOut:
    """Every picture as seen by a model learned without the picture's fold.

    under_others: also under the other labels, which only limits need. way: how much of it, from 0
    to 1, is behind the progress before and after.
    """
    count, labels = int(folds.max()) + 1, int(good.labels.max()) + 1

    def told(fold: int) -> Progress:
        stage = say("stage_fold", fold=fold + 1, folds=count)
        return part_of(progress, stage, *(along(way, n / count) for n in (fold, fold + 1)))

    def learned(fold: int) -> HeldOut:
        inside = folds == fold
        others, own = good.of(~inside), good.of(inside)
        left = left_over(others.inputs, recipe, own.inputs, others.shifted) if plain else None
        if left is not None:
            one_fold = np.zeros(len(left), np.intp)
            return HeldOut(own.inputs, left, own.numbers, one_fold, [], own.windows)
        model = others.model(recipe, told(fold) if alone else silent)
        return held_out_from(model, own, labels, under_others)

    # A network takes all cores for itself. Others learn side by side, each on one core: then what
    # comes of it does not depend on how many there are.
    alone = recipe.model in NETWORKS
    plain = good.told is None  # one label, one window
    fit = max(1, _MOST_BYTES // max(1, _TIMES_INPUTS * good.inputs.nbytes))
    threads = 1 if alone or is_worker() else min(cores(), _AT_ONCE, fit)
    parts = []
    with closing(in_order(learned, range(count), threads, one_thread=not alone)) as every:
        for fold, part in enumerate(every):
            parts.append(part)
            told(fold)("", 1, 1)
    order = back_in_order(folds)
    return HeldOut(
        inputs=good.inputs,
        residuals=np.concatenate([part.residuals for part in parts])[order],
        numbers=good.numbers,
        folds=folds,
        of_label=[
            np.concatenate([part.of_label[n] for part in parts])[order]
            for n in range(len(parts[0].of_label))
        ],
        windows=good.windows,
    )


def pairs_of_folds(recipe: Recipe, count: int) -> list[tuple[int, int]]:
    """Every two folds for which a model is learned that knows neither.

    None where no limit depends on it, where learning takes too long to be done for every two
    folds, or where two folds are all there is.
    """
    if recipe.difference not in IN_UNITS or recipe.model in NETWORKS or count < _LEAST_APART:
        return []
    return list(itertools.combinations(range(count), 2))


def powers_apart(
    cross: HeldOut, recipe: Recipe, progress: Progress, way: tuple[float, float]
) -> tuple[Mapping[tuple[int, int], Powers], ...]:
    """Of each number, for two folds the powers of the second's residuals where both are unknown.

    Nothing where there are no such pairs. way: as in `cross_fit`.
    """
    pairs = pairs_of_folds(recipe, int(cross.folds.max()) + 1)
    several = int(cross.numbers.max()) + 1
    found: list[dict[tuple[int, int], Powers]] = [{} for _ in range(several if pairs else 0)]
    cross, recipe = _pixels_alone(cross, recipe)
    work: Callable[[tuple[int, int]], tuple[list[Powers], list[Powers]]]
    few = len(cross.inputs) <= cross.inputs[0].size  # or products of pictures are no short way
    if recipe.model == "pca" and several == 1 and few:
        together = Together(cross.inputs)
        work = partial(_powers_by_products, together, cross.folds, recipe.pca.components or 1)
    else:
        work = partial(_powers_of_pair, cross, recipe)
    every = in_order(work, pairs, cores(), one_thread=True)
    for done, (pair, both) in enumerate(zip(pairs, every, strict=True), start=1):
        part_of(progress, say("stage_pairs"), *way)("", done, len(pairs))
        for those, powers in zip((pair, pair[::-1]), both, strict=True):
            for number in range(several):
                found[number][those] = powers[number]
    return tuple(found)


def _pixels_alone(cross: HeldOut, recipe: Recipe) -> tuple[HeldOut, Recipe]:
    """Of two eyes the one that is judged in units: no more is learned for pairs of folds."""
    if recipe.model != "both":
        return cross, recipe
    pixels = {"components": recipe.feature.pixel_components}
    alone = recipe.but(model="pca", difference="units", pca=pixels)
    pixels_of = packing_of(recipe).pixels
    return replace(cross, inputs=pixels_of(cross.inputs)), alone


def _powers_of_pair(
    cross: HeldOut, recipe: Recipe, pair: tuple[int, int]
) -> tuple[list[Powers], list[Powers]]:
    """Of the second and of the first fold, for each number."""
    several = int(cross.numbers.max()) + 1
    outside = ~np.isin(cross.folds, pair)
    told = cross.numbers[outside] if several > 1 else None
    model = learn_model(cross.inputs[outside], recipe, silent, told)

    def of(fold: int) -> list[Powers]:
        inside = cross.folds == fold
        numbers = cross.numbers[inside]
        residuals, _ = compare(model, cross.inputs[inside], numbers if several > 1 else None)
        return [powers_of(residuals[numbers == number]) for number in range(several)]

    return of(pair[1]), of(pair[0])


def _powers_by_products(
    together: Together, folds: NDArray[np.intp], components: int, pair: tuple[int, int]
) -> tuple[list[Powers], list[Powers]]:
    """As `_powers_of_pair`, of a linear model that is told nothing."""
    outside, inside = ~np.isin(folds, pair), np.isin(folds, pair)
    residuals, own = together.residuals(outside, inside, components), folds[inside]
    first, second = ([powers_of(residuals[own == fold])] for fold in pair)
    return second, first


def back_in_order(folds: NDArray[np.intp]) -> NDArray[np.intp]:
    """(N,) what brings pictures that come fold after fold back into their own order."""
    number = int(folds.max()) + 1
    return np.argsort(np.concatenate([np.flatnonzero(folds == fold) for fold in range(number)]))


def held_out_from(model: Model, good: Windows, labels: int, under_others: bool = True) -> HeldOut:
    """Pictures as seen by a model that has not learned from them, as one fold.

    labels: how many the model knows, whether or not they are among the pictures.
    """
    of_label, inputs, numbers, windows = [], good.inputs, good.numbers, good.windows
    residuals, _ = compare(model, inputs, numbers if labels * windows > 1 else None)
    if labels > 1 and under_others:
        for label in range(labels):
            told = label * windows + numbers % windows
            of_label.append(compare(model, inputs, told)[0])
    folds = np.zeros(len(inputs), np.intp)
    return HeldOut(inputs, residuals, numbers, folds, of_label, windows)


def measures_of(
    held_out: HeldOut | None, recipe: Recipe, number: int, ignored: Mask | None = None
) -> FoldMeasures:
    """How windows of this number are compared, with the variation of those held out.

    ignored: (h, w) True where the difference does not count.
    """
    kind: Any = recipe.difference
    smoothing = recipe.smoothing or 0.0
    measure = Measure(kind, smoothing, ignored=ignored)
    if kind not in IN_UNITS or held_out is None:
        return FoldMeasures(measure, [measure] * (recipe.folds or 1))
    inside = held_out.numbers == number
    apart = held_out.apart[number] if held_out.apart else None
    learned = held_out.residuals[inside], held_out.folds[inside], apart
    if kind == "eyes":
        return FoldMeasures(*learn_eyes(*learned, measure, packing_of(recipe)))
    variation, without = learn_variation(*learned)

    def measured(one: GoodVariation) -> Measure:
        return replace(measure, variation=one)

    return FoldMeasures(measured(variation), [measured(one) for one in without])


def along(way: tuple[float, float], share: float) -> float:
    """The place on a part of the way: (0.2, 0.4) and a half -> 0.3."""
    return way[0] + (way[1] - way[0]) * share


def part_of(progress: Progress, name: str, begin: float = 0.0, end: float = 1.0) -> Progress:
    """The same progress under another stage's name, as a part of the way from 0 to 1."""

    def told(stage: str, done: int, total: int) -> None:
        way = begin + (end - begin) * (done / total if total else 0)
        progress(f"{name} · {stage}" if stage else name, round(_STEPS * way), _STEPS)

    return told


def silent(stage: str, done: int, total: int) -> None:
    """A progress that nobody is told of."""
