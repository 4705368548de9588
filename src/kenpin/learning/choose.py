"""Model, difference and score, chosen by how well they find simulated defects on good pictures.

No test label is used and no NG picture is needed: of the good pictures a third is kept from the
candidates, every kind of simulated defect is laid on each of these, and the candidate that best
tells them from the untouched ones is taken.
"""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

from kenpin.errors import ExtraError, RecipeError
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.sizes import LONGEST_OF_TWO
from kenpin.learning.trial import areas, learn_trial, mean_area
from kenpin.models import WITH_FEATURES, check_installed, packing_of
from kenpin.recipe import Recipe
from kenpin.text import say
from kenpin.types import Progress

SMOOTHINGS = (0.0, 1 / 64, 1 / 32, 1 / 16, 1 / 8)
_CHEAP_FIRST = ("rt", "pca", "mt", "both", "feature", "dense-ae", "ae", "vae", "cvae")


def choose(
    good: GoodPictures, recipe: Recipe, progress: Progress
) -> tuple[Recipe, tuple[dict[str, Any], ...]]:
    """The recipe with 'auto' decided, and the table of candidates, best first.

    A recipe without 'auto' comes back as it is, with an empty table. A row says model, two_sizes,
    difference, score, smoothing, auroc (over all kinds of simulated defects, see `mean_area`),
    worst (the kind found worst) and worst_auroc; a model not finished within the budget has a
    reason instead.
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
    trial = learn_trial(good, recipe, progress)
    spoiled = dict(trial.simulated(progress))
    usual = Recipe(model=recipe.model).settled()
    every = sorted(
        _candidates(recipe, trial.reconstructs),
        key=lambda one: one != (usual.difference, usual.score, usual.smoothing),
    )
    for difference, how, smoothing in every:
        measures = trial.measures(difference, smoothing)
        defective = {}
        for kind, seen in spoiled.items():
            progress(say("stage_choosing"), 0, 1)
            defective[kind] = seen.scores(measures, how)
        aurocs = areas(trial.untouched.scores(measures, how), defective)
        worst = min(aurocs, key=lambda kind: aurocs[kind])
        yield {
            "model": recipe.model,
            "two_sizes": packing_of(recipe).twice,
            "difference": difference,
            "score": how,
            "smoothing": smoothing,
            "auroc": round(mean_area(aurocs.values()), 4),
            "worst": worst,
            "worst_auroc": round(aurocs[worst], 3),
        }


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


def _is_installed(name: str) -> bool:
    try:
        check_installed(name)
    except ExtraError:
        return False
    return True
