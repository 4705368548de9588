"""A judge tried on good pictures that were kept from it, untouched and with simulated defects."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import SIMULATED, simulate
from kenpin.judge import IN_UNITS, Measure, compare, learn_eyes, learn_variation, score
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.sizes import seen_for
from kenpin.learning.windows import shifted_inputs
from kenpin.models import (
    WITH_FEATURES,
    Encoder,
    Labels,
    Model,
    encoder_for,
    learn_model,
    packing_of,
    seeing_for,
    settle_model,
)
from kenpin.prepare import resize
from kenpin.recipe import Recipe
from kenpin.statistics import auroc
from kenpin.text import say
from kenpin.types import Floats, Progress

_SHARE = 1 / 3  # of the pictures, held out to try the candidates on
_LEAST_HELD_OUT, _MOST_HELD_OUT, _MOST_PIXELS = 40, 200, 500_000
_FOLDS = 5  # of the held-out pictures, for the variation
_SUREST = 0.005  # an area nearer to 0 or 1 than this is luck with so few pictures

Scores = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a model sees of N pictures: inputs (N, h, w, C) and their residuals (N, h, w, D)."""

    inputs: Floats
    residuals: Floats

    def scores(self, measures: "list[Measure]", how: Any) -> Scores:
        """(N,) what each measure, one for each picture, makes of them; higher is more abnormal."""
        each = zip(measures, self.inputs, self.residuals, strict=True)
        return np.array([score(measure.map(one, rest), how) for measure, one, rest in each])


@dataclass(frozen=True, eq=False)
class Trial:
    """A model learned from two thirds of the good pictures, and what it sees of the others.

    recipe: settled. held_out: (N,) which windows were kept from it, labels: (N,) theirs. untouched:
    of the held-out. reconstructs: whether the model answers with pictures.
    """

    good: GoodPictures
    recipe: Recipe
    model: Model
    encoder: Encoder | None
    held_out: NDArray[np.intp]
    labels: Labels
    untouched: Seen
    reconstructs: bool

    def simulated(self, progress: Progress) -> Iterator[tuple[str, Seen]]:
        """By kind, the held-out pictures with a defect of it laid on."""
        rng = np.random.default_rng((self.recipe.seed, 1))
        held_out = self.good.pictures[self.held_out]
        for number, kind in enumerate(SIMULATED, start=1):
            pictures = np.stack([simulate(picture, kind, rng)[0] for picture in held_out])
            inputs = _inputs(pictures, self.held_out, self.good, self.encoder, self.recipe)
            progress(say("stage_choosing"), number, len(SIMULATED))
            yield kind, self._seen(inputs, self.labels)

    def others(self, pictures: Floats) -> Seen:
        """What is seen of other prepared pictures, (N, H, W, C), without windows and labels."""
        of_window = np.zeros(len(pictures), np.intp)
        inputs = _inputs(pictures, of_window, self.good, self.encoder, self.recipe)
        return self._seen(inputs, of_window)

    def measures(self, difference: Any, smoothing: float) -> list[Measure]:
        """For each held-out picture the measure that was learned without it and its like."""
        plain = Measure(difference, smoothing)
        measures = [plain] * len(self.labels)
        for label in np.unique(self.labels) if difference in IN_UNITS else ():
            own = np.flatnonzero(self.labels == label)
            folds = np.arange(len(own)) % min(_FOLDS, len(own))
            _, without = self._learned(own, folds, difference, plain)
            for index, fold in zip(own, folds, strict=True):
                measures[index] = without[fold]
        return measures

    def measure(self, difference: Any, smoothing: float) -> Measure:
        """The measure learned from all held-out pictures, for `others`."""
        plain = Measure(difference, smoothing)
        if difference not in IN_UNITS:
            return plain
        every = np.arange(len(self.labels))
        return self._learned(every, every % min(_FOLDS, len(every)), difference, plain)[0]

    def _learned(
        self, own: NDArray[np.intp], folds: NDArray[np.intp], difference: Any, plain: Measure
    ) -> tuple[Measure, list[Measure]]:
        residuals = self.untouched.residuals[own]
        if difference == "eyes":
            final, without = learn_eyes(residuals, folds, None, plain, packing_of(self.recipe))
            return final, list(without)
        final_variation, every = learn_variation(residuals, folds)
        one = replace(plain, variation=final_variation)
        return one, [replace(plain, variation=variation) for variation in every]

    def _seen(self, inputs: Floats, labels: Labels) -> Seen:
        told = labels if len(self.good.names) > 1 else None
        return Seen(inputs, compare(self.model, inputs, told)[0])


def learn_trial(good: GoodPictures, recipe: Recipe, progress: Progress) -> Trial:
    """Learn the recipe's model from two thirds of the good pictures; the seed draws which."""
    rng = np.random.default_rng(recipe.seed)
    usable = ~good.apart  # what `split` keeps for the limit chooses nothing
    labels = good.numbers
    held_out = _held_out(labels, usable, good.inputs[0].size, rng)
    rest = np.flatnonzero(usable & ~np.isin(np.arange(len(usable)), held_out))
    told = labels[rest] if labels.max() else None
    encoder = None
    if recipe.model in WITH_FEATURES:
        encoder = seeing_for(recipe, good.encoder) if good.encoder else encoder_for(recipe)
    learning = _inputs(good.pictures[rest], rest, good, encoder, recipe)
    least = len(rest) if told is None else int(np.bincount(told).min())
    recipe = settle_model(learning, recipe, least, told)
    at_its_size = _at_its_size(good.pictures[rest], good.size, recipe)
    shifted = shifted_inputs(at_its_size, encoder, recipe)
    model = learn_model(learning, recipe, progress, told, shifted)
    inputs = _inputs(good.pictures[held_out], held_out, good, encoder, recipe)
    own = labels[held_out]
    residuals, reconstruction = compare(model, inputs, own if labels.max() else None)
    untouched = Seen(inputs, residuals)
    reconstructs = reconstruction is not None
    return Trial(good, recipe, model, encoder, held_out, own, untouched, reconstructs)


def areas(untouched: Scores, defective: dict[str, Scores]) -> dict[str, float]:
    """For each kind of defect, how often it scores above an untouched picture."""
    found = {}
    for kind, scores in defective.items():
        truth = np.arange(len(untouched) + len(scores)) >= len(untouched)
        found[kind] = auroc(np.concatenate([untouched, scores]), truth) or 0.0
    return found


def mean_area(found: Collection[float]) -> float:
    """The mean of areas by their logarithmic odds, so that 0.98 beside 0.99 counts as well.

    Plainly averaged, kinds that every judge finds would say nothing. It ranks judges more as real
    defects do (docs/decisions/stand-ins.md).
    """
    within = np.clip(list(found), _SUREST, 1 - _SUREST)
    return float(1 / (1 + np.exp(-np.mean(np.log(within / (1 - within))))))


def _inputs(
    pictures: Floats,
    windows: NDArray[np.intp],
    good: GoodPictures,
    encoder: Encoder | None,
    recipe: Recipe,
) -> Floats:
    """What the model gets of prepared pictures; windows: the number of each one's window."""
    smaller = _at_its_size(pictures, good.size, recipe)
    if encoder is not None:
        return encoder.encode(smaller)
    pairs = zip(smaller, windows % good.preparation.count, strict=True)
    return np.stack([good.preparation.steps(picture, window)[-1] for picture, window in pairs])


def _held_out(
    labels: Labels, usable: NDArray[np.bool_], size: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Of each label a third of the usable pictures, but no more than is quick to try."""
    most = min(_MOST_HELD_OUT, max(_LEAST_HELD_OUT, _MOST_PIXELS // size))
    parts = []
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(usable & (labels == label)))
        share = max(2, min(round(_SHARE * len(own)), -(-most // len(np.unique(labels)))))
        parts.append(own[:share])
    return np.concatenate(parts)


def _at_its_size(pictures: Floats, frame: tuple[int, int], recipe: Recipe) -> Floats:
    """Models of pixels see smaller pictures than features are made of, networks smaller ones yet.

    Unless the user decided the size. frame: see `Preparation`.
    """
    if recipe.size or recipe.compression.steps:
        return pictures
    size = seen_for(frame, recipe).size
    if size == pictures.shape[1:3]:
        return pictures
    small = np.stack([resize(picture, size) for picture in pictures])
    return np.asarray(small.reshape(len(pictures), *size, -1), np.float32)
