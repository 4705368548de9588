"""The model of a part, and the scores of good pictures that it has not seen."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from kenpin.errors import CalibrationError
from kenpin.judge import IN_UNITS
from kenpin.learning.calibrate import Scores, joined, scores_of, worst_of
from kenpin.learning.cross_fit import (
    FoldMeasures,
    HeldOut,
    assign_folds,
    cross_fit,
    held_out_from,
    measures_of,
    pairs_of_folds,
    part_of,
    powers_apart,
    silent,
)
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.measured import sizes_apart
from kenpin.learning.usable_pictures import departures_of
from kenpin.models import Labels, Model, as_one_model, load_model, of_each_label
from kenpin.recipe import Recipe
from kenpin.system import cores, in_order
from kenpin.text import say
from kenpin.types import Floats, Progress

_MOST_BYTES = 2**28  # of the components of all tiles, with 16 bits
_LEAST_COMPONENTS = 3


@dataclass(frozen=True, eq=False)
class Learned:
    """recipe: settled. model: as a bundle loads it. measures: of each number, see `numbers_of`.

    scores: of good pictures that the model has not seen; held_out: how it sees them, but not of
    tiles, which would not fit. spreads: (h, w) of each window, by how much good pictures vary.
    """

    recipe: Recipe
    model: Model
    measures: tuple[FoldMeasures, ...]
    scores: Scores
    held_out: HeldOut | None
    spreads: tuple[Floats, ...]


@dataclass(frozen=True, eq=False)
class _Crossed:
    """What is learned before any scores; cross: where folds were needed; folds: of each window."""

    recipe: Recipe
    model: Model
    measures: tuple[FoldMeasures, ...]
    cross: HeldOut | None
    folds: Labels

    @property
    def scored(self) -> bool:
        """Whether the folds give the scores."""
        return self.cross is not None and self.recipe.held_out != "split"


def learn_held_out(good: GoodPictures, recipe: Recipe, progress: Progress) -> Learned:
    """Learn from those that are not kept apart; the scores are by folds, or of such as are."""
    if good.preparation.tiles:
        return _tile_by_tile(good, recipe, progress)
    found = _crossed(good, recipe, progress)
    if found.cross is not None and found.scored:
        scores = scores_of(found.cross, found.measures, found.recipe)
        scores, held_out, measures = (
            _complete(scores, good, found.folds),
            found.cross,
            found.measures,
        )
    else:
        measures = tuple(one.alone for one in found.measures)
        outside = _outside(good, found.model, progress)
        held_out = next(outside)
        # One batch after the other: all of very many pictures would not fit.
        every = [
            scores_of(one, measures, found.recipe) for one in itertools.chain([held_out], outside)
        ]
        scores = _complete(joined(every), good, None)
    spreads = _spreads(held_out.residuals, good.preparation.count)
    return Learned(found.recipe, found.model, measures, scores, held_out, spreads)


def _crossed(good: GoodPictures, recipe: Recipe, progress: Progress) -> _Crossed:
    windows, own_windows = good.preparation.count, good.windows.of(~good.apart)
    recipe, folds = assign_folds(own_windows, recipe)
    by_folds = recipe.held_out != "split"
    crossed = recipe.difference in IN_UNITS or by_folds
    count = int(folds.max()) + 1 if crossed else 0
    pairs = pairs_of_folds(recipe, count) if by_folds else []
    share = 1 / (1 + count + len(pairs))  # of the way for each learning
    own = part_of(progress, say("stage_final", count=len(folds)), 0, share)
    learned = own_windows.model(recipe, own)
    own("", 1, 1)
    cross, folded = None, (1 + count) * share
    if crossed:
        way = share, folded
        cross = cross_fit(own_windows, folds, recipe, progress, by_folds, way)
    if cross is not None and by_folds:
        cross = replace(cross, apart=powers_apart(cross, recipe, progress, (folded, 1.0)))
    # What judges is what a bundle will load again, so saving cannot change a verdict.
    model = load_model(recipe.model, learned.state())
    ignored = [good.preparation.ignored_at(n, good.finest_grid) for n in range(windows)]
    measures = tuple(
        measures_of(cross, recipe, number, ignored[number % windows])
        for number in range(windows * len(good.names))
    )
    return _Crossed(recipe, model, measures, cross, folds)


def _tile_by_tile(good: GoodPictures, recipe: Recipe, progress: Progress) -> Learned:
    """Each tile for itself, so that the residuals of only a few are in memory."""
    tiles, labels = good.preparation.count, len(good.names)
    recipe = _with_few_components(good, recipe)
    learn_one = partial(_one_tile, good, recipe)
    parts: list[_Tile] = []
    with closing(in_order(learn_one, range(tiles), cores(), one_thread=True)) as each:
        for done, part in enumerate(each, start=1):
            parts.append(part)
            progress(say("stage_tiles"), done, tiles)
    every = [(part, label) for label in range(labels) for part in parts]
    model = as_one_model([part.models[label] for part, label in every])
    measures = tuple(part.measures[label] for part, label in every)
    used, scores = parts[0].recipe, [part.scores for part in parts if part.scores is not None]
    if scores:
        found = _complete(worst_of(scores), good, np.repeat(parts[0].folds, tiles))
    else:
        alone = [scores_of(one, measures, used) for one in _outside(good, model, progress)]
        found = _complete(joined(alone), good, None)
    return Learned(used, model, measures, found, None, tuple(part.spread for part in parts))


@dataclass(frozen=True, eq=False)
class _Tile:
    """What is learned of one tile: a model and a measure for each label."""

    recipe: Recipe
    models: Sequence[Model]
    measures: Sequence[FoldMeasures]
    scores: Scores | None
    folds: Labels
    spread: Floats


def _one_tile(good: GoodPictures, recipe: Recipe, number: int) -> _Tile:
    tile = good.of_tile(number)
    found = _crossed(tile, recipe, silent)
    models, measures = of_each_label(found.model, len(good.names)), found.measures
    if found.cross is None or not found.scored:
        alone = [one.alone for one in measures]
        nothing = np.zeros(good.grid, np.float32)
        return _Tile(found.recipe, models, alone, None, found.folds, nothing)
    scores = scores_of(found.cross, measures, found.recipe)
    (spread,) = _spreads(found.cross.residuals, 1)
    # The measures of folds are not needed any more, and a variation is large.
    return _Tile(found.recipe, models, [m.alone for m in measures], scores, found.folds, spread)


def _with_few_components(good: GoodPictures, recipe: Recipe) -> Recipe:
    """So that the file of very many tiles does not grow beyond measure."""
    few = good.of_tile(0)
    settled, _ = assign_folds(few.windows.of(~few.apart), recipe)
    each = 2 * few.inputs[0].size * good.preparation.count
    most = max(_LEAST_COMPONENTS, _MOST_BYTES // each)
    own = settled.feature  # only what an encoder sees is cut into tiles
    fewer = {"components": min(own.components or most, most)}
    if recipe.model == "both":
        fewer["pixel_components"] = min(own.pixel_components or most, most)
    return recipe.with_own(recipe.own.model_copy(update=fewer))


def _spreads(residuals: Floats, windows: int) -> tuple[Floats, ...]:
    return tuple(
        np.sqrt(np.square(residuals[n::windows]).mean(axis=(0, 3))) for n in range(windows)
    )


def _outside(good: GoodPictures, model: Model, progress: Progress) -> Iterator[HeldOut]:
    """Pictures that took no part in learning: kept apart, or too many to be kept."""
    labels = len(good.names)
    if good.apart.any():
        yield held_out_from(model, good.windows.of(good.apart), labels)
    for batch in good.batches(progress):
        yield held_out_from(model, batch, labels)


def _complete(scores: Scores, good: GoodPictures, folds: Labels | None) -> Scores:
    """With the departures; folds: of the windows learned from; None: others are held out.

    Raises CalibrationError for scores that are no numbers.
    """
    if not np.isfinite(scores.under_each).all():
        raise CalibrationError("not_finite")
    of_pictures = None if folds is None else folds[:: good.preparation.count]
    scores = replace(scores, sizes=sizes_apart(good, of_pictures))
    departures = departures_of(good, of_pictures)
    return scores if departures is None else replace(scores, departures=departures)
