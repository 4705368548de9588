"""Model, difference and score, chosen by how well they find simulated defects on good pictures.

No test label is used and no NG picture is needed: of the good pictures a third is kept from the
candidates, every kind of simulated defect is laid on each of these, and the candidate that best
tells them from the untouched ones is taken.
"""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import SIMULATED, simulate
from kenpin.errors import ExtraError, RecipeError
from kenpin.judge import IN_UNITS, Measure, compare, learn_eyes, learn_variation, score
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.sizes import LONGEST_OF_TWO, seen_for
from kenpin.learning.windows import shifted_inputs
from kenpin.models import (
    WITH_FEATURES,
    Labels,
    check_installed,
    encoder_for,
    learn_model,
    packing_of,
    seeing_for,
    settle_model,
)
from kenpin.prepare import resize
from kenpin.recipe import Recipe
from kenpin.statistics import Packing, auroc
from kenpin.text import say
from kenpin.types import Floats, Progress

SMOOTHINGS = (0.0, 1 / 64, 1 / 32, 1 / 16, 1 / 8)
_SHARE = 1 / 3  # of the pictures, held out to try the candidates on
_LEAST_HELD_OUT, _MOST_HELD_OUT, _MOST_PIXELS = 40, 200, 500_000
_CHEAP_FIRST = ("rt", "pca", "mt", "both", "feature", "dense-ae", "ae", "vae", "cvae")
_FOLDS = 5  # of the held-out pictures, for the variation


def choose(
    good: GoodPictures, recipe: Recipe, progress: Progress
) -> tuple[Recipe, tuple[dict[str, Any], ...]]:
    """The recipe with 'auto' decided, and the table of candidates, best first.

    A recipe without 'auto' comes back as it is, with an empty table. A row says model, two_sizes,
    difference, score, smoothing, auroc (mean over the kinds of simulated defects), worst (the kind
    found worst) and worst_auroc; a model not finished within the budget has a reason instead.
    """
    if "auto" not in (recipe.model, recipe.difference, recipe.score):
        return recipe, ()
    if good.preparation.tiles:  # only features see fine defects in a large picture
        usual: dict[str, Any] = {"difference": None, "score": None, "smoothing": None}
        return recipe.but(model="both", **usual).settled(), ()
    end = perf_counter() + recipe.budget
    rows: list[dict[str, Any]] = []

    def told(stage: str, done: int, total: int) -> None:
        # Until something is found there is nothing to choose from, whatever it takes.
        if rows and perf_counter() > end:
            raise _OutOfTime
        progress(say("stage_choosing"), done, total)

    tried = [(one, candidates_of(good, one, told)) for one in _tried(good, recipe)]
    for one, candidates in tried:  # of each model what is usual, then all the rest
        try:
            rows.extend(itertools.islice(candidates, 1))  # it may have none
        except _OutOfTime:
            twice = packing_of(one).twice
            rows.append({"model": one.model, "two_sizes": twice, "reason": "out_of_budget"})
    for _, candidates in tried:
        with contextlib.suppress(_OutOfTime):
            for row in candidates:
                rows.append(row)
    if not rows:
        raise RecipeError("nothing_to_choose")
    rows.sort(key=lambda row: -row.get("auroc", -1.0))
    best = rows[0]
    chosen = recipe.but(**{key: best[key] for key in ("model", "difference", "score", "smoothing")})
    return _looking(chosen, best["two_sizes"]), tuple(rows)


class _OutOfTime(Exception):  # noqa: N818 - not an error, and never leaves this file
    pass


@dataclass(frozen=True, eq=False)
class _Trial:
    """Held-out pictures, untouched and with each kind of simulated defect, in the same order.

    inputs: (N, h, w, C) and residuals (N, h, w, D) of each, by kind; "good" is untouched.
    labels: (N,). packing: of the residuals.
    """

    labels: Labels
    inputs: dict[str, Floats]
    residuals: dict[str, Floats]
    reconstructs: bool
    packing: Packing


def _tried(good: GoodPictures, recipe: Recipe) -> Iterator[Recipe]:
    """With each model that can be learned, the one with two eyes also looking twice."""
    for name in _models(recipe, good.labelled):
        if _is_installed(name):
            yield recipe.but(model=name)
            large = recipe.size is None and max(good.pictures.shape[1:3]) >= LONGEST_OF_TWO
            once = name == "both" and not recipe.feature.two_sizes
            if recipe.model == "auto" and once and large:
                yield _looking(recipe.but(model=name), twice=True)


def _looking(recipe: Recipe, twice: bool) -> Recipe:
    feature = recipe.feature.model_copy(update={"two_sizes": twice})
    return recipe.but(feature=feature.model_dump())


def _models(recipe: Recipe, conditional: bool) -> Sequence[str]:
    if recipe.model != "auto":
        return (recipe.model,)
    # Cheap ones first, so that the budget is spent on many.
    possible = [name for name in _CHEAP_FIRST if conditional or name != "cvae"]
    impossible = set(WITH_FEATURES) if recipe.compression.steps else set()
    if recipe.difference != "auto":
        impossible.add("both")  # it has its own
    return [name for name in possible if name not in impossible]


def candidates_of(
    good: GoodPictures, recipe: Recipe, progress: Progress
) -> Iterator[dict[str, Any]]:
    """The rows of all differences and scores with one model, the usual ones first."""
    progress("", 0, 1)
    trial = _trial(good, recipe, progress)
    usual = Recipe(model=recipe.model).settled()
    every = sorted(
        _candidates(recipe, trial.reconstructs),
        key=lambda one: one != (usual.difference, usual.score, usual.smoothing),
    )
    for difference, how, smoothing in every:
        aurocs = _aurocs(trial, difference, how, smoothing, progress)
        worst = min(aurocs, key=lambda kind: aurocs[kind])
        yield {
            "model": recipe.model,
            "two_sizes": packing_of(recipe).twice,
            "difference": difference,
            "score": how,
            "smoothing": smoothing,
            "auroc": round(float(np.mean(list(aurocs.values()))), 4),
            "worst": worst,
            "worst_auroc": round(aurocs[worst], 3),
        }


def _trial(good: GoodPictures, recipe: Recipe, progress: Progress) -> _Trial:
    rng = np.random.default_rng(recipe.seed)
    usable = ~good.apart  # what `split` keeps for the limit chooses nothing
    labels, windows = good.numbers, good.preparation.count
    several = bool(labels.max())
    held_out = _held_out(labels, usable, good.inputs[0].size, rng)
    rest = np.flatnonzero(usable & ~np.isin(np.arange(len(usable)), held_out))
    told = labels[rest] if several else None
    encoder = None
    if recipe.model in WITH_FEATURES:
        encoder = seeing_for(recipe, good.encoder) if good.encoder else encoder_for(recipe)

    def at_its_size(pictures: Floats) -> Floats:
        return _at_its_size(pictures, good.size, recipe)

    def inputs_of(pictures: Floats, windows_of: NDArray[np.intp]) -> Floats:
        smaller = at_its_size(pictures)
        if encoder is not None:
            return encoder.encode(smaller)
        pairs = zip(smaller, windows_of % windows, strict=True)
        return np.stack([good.preparation.steps(picture, window)[-1] for picture, window in pairs])

    learning = inputs_of(good.pictures[rest], rest)
    least = len(rest) if told is None else int(np.bincount(told).min())
    recipe = settle_model(learning, recipe, least, told)
    shifted = shifted_inputs(at_its_size(good.pictures[rest]), encoder, recipe)
    model = learn_model(learning, recipe, progress, told, shifted)
    inputs, residuals = {}, {}
    for kind in ("good", *SIMULATED):
        pictures = good.pictures[held_out]
        if kind != "good":
            pictures = np.stack([simulate(picture, kind, rng)[0] for picture in pictures])
        inputs[kind] = inputs_of(pictures, held_out)
        own = labels[held_out] if several else None
        residuals[kind], reconstruction = compare(model, inputs[kind], own)
        progress(say("stage_choosing"), len(inputs), 1 + len(SIMULATED))
    reconstructs = reconstruction is not None
    return _Trial(labels[held_out], inputs, residuals, reconstructs, packing_of(recipe))


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


def _candidates(recipe: Recipe, reconstructs: bool) -> Iterator[tuple[Any, Any, float]]:
    """Difference, score and smoothing; of equally good ones the first is taken."""
    if recipe.model == "both":
        usual = recipe.but(score=None if recipe.score == "auto" else recipe.score).settled()
        yield usual.difference, usual.score, usual.smoothing or 0.0
        return
    differences = (
        ["units", "l1", "l2", "ssim"] if recipe.difference == "auto" else [recipe.difference]
    )
    scores = ["max", "mean", "top"] if recipe.score == "auto" else [recipe.score]
    for difference in differences:
        if difference == "ssim" and not reconstructs:
            continue
        for how in scores:
            if recipe.smoothing is not None:
                yield difference, how, recipe.smoothing
            elif difference == "units" or how == "mean":
                yield difference, how, 0.0
            else:
                for smoothing in SMOOTHINGS:
                    yield difference, how, smoothing


def _aurocs(
    trial: _Trial, difference: Any, how: Any, smoothing: float, progress: Progress
) -> dict[str, float]:
    """For each kind of simulated defect, how often it scores above an untouched picture."""
    count = len(trial.inputs["good"])
    plain = Measure(difference, smoothing)
    measures = [plain] * count
    for label in np.unique(trial.labels) if difference in IN_UNITS else ():
        own = np.flatnonzero(trial.labels == label)
        own_folds = np.arange(len(own)) % min(_FOLDS, len(own))
        residuals = trial.residuals["good"][own]
        if difference == "eyes":
            without = learn_eyes(residuals, own_folds, None, plain, trial.packing)[1]
        else:
            every = learn_variation(residuals, own_folds)[1]
            without = [replace(plain, variation=one) for one in every]
        for index, fold in zip(own, own_folds, strict=True):
            measures[index] = without[fold]

    def scores(kind: str) -> NDArray[np.float64]:
        progress(say("stage_choosing"), 0, 1)
        pictures, residuals = trial.inputs[kind], trial.residuals[kind]
        return np.array(
            [score(m.map(p, r), how) for m, p, r in zip(measures, pictures, residuals, strict=True)]
        )

    good, defective = scores("good"), np.arange(2 * count) >= count
    return {
        kind: auroc(np.concatenate([good, scores(kind)]), defective) or 0.0 for kind in SIMULATED
    }


def _is_installed(name: str) -> bool:
    try:
        check_installed(name)
    except ExtraError:
        return False
    return True
