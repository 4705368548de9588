"""Which good pictures are unlike the others, also where several of them hide one another.

An NG picture among the good ones bends the model and widens what it is judged by, so that neither
it nor others like it stand out. So the search goes on by models that have learned nothing of those
that stood out before, until they are the same ones.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.learning.calibrate import scores_of
from kenpin.learning.cross_fit import FOLDS, assign_folds, cross_fit, held_out_from, measures_of
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.windows import Windows
from kenpin.models import Labels
from kenpin.recipe import Recipe
from kenpin.types import Progress

_SHARE, _LEAST = 0.1, 10  # of each label's pictures: as many are kept from the models, odd or not
_ROUNDS, _ONE_MORE = 4, 1  # after the first; where learning has made the first already
_COMPONENTS = 5  # with more the model rebuilds what a few NG pictures have in common
_MOST = 0.3  # of a label's pictures: the others must still say what is usual

Mask = NDArray[np.bool_]


def as_searched(recipe: Recipe) -> Recipe:
    """The recipe by which good pictures are searched before they are learned from."""
    usual: dict[str, Any] = {"difference": None, "score": None, "smoothing": None}
    return recipe.but(model="feature", held_out="kfold", compression={}, **usual).settled()


def suspicion(
    pictures: GoodPictures,
    recipe: Recipe,
    progress: Progress,
    first: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """(N,) how unlike the others of its label each picture is; high is abnormal.

    Those that are learned from first, then the rest, if they are too many for one model. recipe:
    as used, without 'auto'. first: scores of those learned from, where there are some already.
    """
    recipe = recipe.but(
        size=pictures.preparation.size,
        color=pictures.preparation.color,
        held_out="kfold",
        folds=FOLDS,
    )
    if "components" in type(recipe.own).model_fields:
        recipe = recipe.with_own(recipe.own.model_copy(update={"components": _COMPONENTS}))
    few = replace(pictures, rest=())
    out = np.zeros(len(pictures.labels), bool)
    scores = _scores(few, recipe, out, progress) if first is None else first
    for _ in range(_ROUNDS if first is None else _ONE_MORE):
        before, out = out, _most_suspect(scores, pictures.labels)
        if (out == before).all():
            break
        scores = _scores(few, recipe, out, progress)
    return _scores(pictures, recipe, out, progress) if pictures.rest else scores


def _most_suspect(scores: NDArray[np.float64], labels: Labels) -> Mask:
    """(N,) True for the highest scores of each label."""
    out = np.zeros(len(scores), bool)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        count = min(max(_LEAST, round(_SHARE * len(own))), int(_MOST * len(own)))
        out[own[np.argsort(-scores[own], kind="stable")[:count]]] = True
    return out


def _scores(
    pictures: GoodPictures, recipe: Recipe, without: Mask, progress: Progress
) -> NDArray[np.float64]:
    """(N,) scores under the own label by models that learned from none of `without`, (kept,)."""
    windows, labels = pictures.preparation.count, len(pictures.names)
    out = np.repeat(without, windows)
    kept = pictures.windows.of(~out)
    recipe, folds = assign_folds(kept, recipe)
    cross = cross_fit(kept, folds, recipe, progress, under_others=False)
    ignored = [pictures.preparation.ignored_at(n, pictures.finest_grid) for n in range(windows)]
    measures = [
        measures_of(cross, recipe, number, ignored[number % windows])
        for number in range(windows * labels)
    ]
    scores = np.empty(len(without))
    scores[~without] = scores_of(cross, measures, recipe).own
    if not pictures.rest and not without.any():
        return scores
    model = kept.model(recipe, progress)
    final = [one.alone for one in measures]

    def outside(batch: Windows) -> NDArray[np.float64]:
        seen = held_out_from(model, batch, labels, under_others=False)
        return scores_of(seen, final, recipe).own

    if without.any():
        scores[without] = outside(pictures.windows.of(out))
    return np.concatenate([scores, *(outside(batch) for batch in pictures.batches(progress))])
