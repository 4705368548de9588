"""More good pictures for a part that is already learned, without the old ones.

The components are updated as if they had been learned from all; the new pictures are held out by
folds, as when learning, and their scores join the old ones. What prepares a picture stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import BundleError, DatasetError, PictureError
from kenpin.judge import Calibration, Facts, GoodVariation, Measure, facts_of, grown_variation
from kenpin.learning.calibrate import Scores, check_tail, scores_of
from kenpin.learning.cross_fit import FOLDS, FoldMeasures, HeldOut, back_in_order, held_out_from
from kenpin.learning.good_pictures import numbers_of
from kenpin.learning.in_threads import depth_other, read_in_threads, short_name
from kenpin.learning.read import Given, paths_of
from kenpin.learning.way import small_for_people
from kenpin.learning.windows import Windows, shifted_inputs
from kenpin.models import UPDATABLE, Model, grown_components, load_model, updated_model
from kenpin.part import Bundle, LabelJudge, Provenance
from kenpin.recipe import Recipe
from kenpin.sources import Layout, PictureSource, find_good
from kenpin.statistics import rank_limit
from kenpin.text import Notice, say
from kenpin.types import Floats, Progress

_AT_ONCE, _TILED_AT_ONCE = 200, 20  # pictures
_ODD = 1.5  # times the limit before: that is not for having seen other pictures


@dataclass(frozen=True, eq=False)
class _New:
    """The N new pictures. pictures: (N * K, H, W, C) their windows, for people; seen: by the model.

    facts: what is measured of each, where the part knows which pictures are unusable.
    """

    pictures: Floats
    seen: Windows
    hashes: tuple[str, ...]
    names: tuple[str, ...]
    facts: tuple[Facts, ...]


def add(
    bundle: Bundle | str | Path,
    good: Given,
    progress: Progress | None = None,
    *,
    layout: Layout | None = None,
) -> Bundle:
    """The bundle that has also learned these good pictures; the old ones are not needed.

    bundle: or the path of its file. good, layout: as in `kenpin.learn`. Pictures that it has
    already learned, and those that it calls unusable, are left out.

    Raises BundleError when this bundle cannot learn more: another model than `feature` and `pca`,
    several labels, or NG pictures; DatasetError when there is no new picture.
    """
    if not isinstance(bundle, Bundle):
        bundle = Bundle.load(bundle)
    _check_can_grow(bundle)
    progress = progress or (lambda *_: None)
    sources = paths_of(good, lambda given: find_good(given, layout))
    grown = bundle
    # All of very many pictures would not fit.
    at_once = _AT_ONCE if not bundle.preparation.tiles else _TILED_AT_ONCE
    for start in range(0, len(sources), at_once):
        grown = _add(grown, sources[start : start + at_once], progress)
    if len(grown.provenance.pictures) == len(bundle.provenance.pictures):
        first = grown.provenance.left_out[len(bundle.provenance.left_out)]
        raise DatasetError("add_nothing", count=len(sources), reason=first[1])
    return grown


def _add(bundle: Bundle, sources: Sequence[PictureSource], progress: Progress) -> Bundle:
    new, left_out = _read_new(bundle, sources, progress)
    kept = replace(bundle.provenance, left_out=(*bundle.provenance.left_out, *left_out))
    bundle = replace(bundle, provenance=kept)
    if new is None:  # none of these can be used, others may
        return bundle
    count = _learned(bundle)
    components = grown_components(bundle.recipe, count, count + len(new.hashes))
    held_out = _held_out(bundle, new, count, components, progress)
    measures = [
        _grown(measure, held_out, number, count)
        for number, measure in enumerate(bundle.parts[0].measures)
    ]
    recipe = bundle.recipe.with_own(bundle.recipe.own.model_copy(update={"components": components}))
    found = scores_of(held_out, measures, recipe)
    part = bundle.parts[0]
    calibration = _joined(part.calibration, found, recipe)
    if calibration is not None:
        recipe = recipe.but(held_out="kfold")
    model = _updated(bundle.model, recipe.model, new.seen, count, components)
    return replace(
        bundle,
        recipe=recipe,
        model=model,
        parts=(LabelJudge(part.label, tuple(one.final for one in measures), calibration),),
        provenance=_provenance(bundle, new, _odd_limit(part.calibration, calibration, found, new)),
        shown=bundle.shown and bundle.shown.updated(new.pictures, new.seen.numbers, count),
        usability=bundle.usability and bundle.usability.grown(new.facts),
    )


def _check_can_grow(bundle: Bundle) -> None:
    if bundle.recipe.model not in UPDATABLE:
        raise BundleError("add_model", name=bundle.title, model=bundle.recipe.model)
    if bundle.labels:
        raise BundleError("add_labels", name=bundle.title)
    if bundle.ng:
        raise BundleError("add_ng", name=bundle.title)
    if bundle.preparation.harness is not None:
        raise BundleError("add_harness", name=bundle.title)


def _learned(bundle: Bundle) -> int:
    """From how many pictures the model itself learned; files of earlier formats do not say."""
    if bundle.provenance.learned is not None:
        return bundle.provenance.learned
    pictures, calibration = len(bundle.provenance.pictures), bundle.calibration
    kept_apart = calibration is not None and calibration.held_out == "split"
    return pictures - calibration.count if kept_apart and calibration else pictures


def _read_new(
    bundle: Bundle, sources: Sequence[PictureSource], progress: Progress
) -> tuple[_New | None, tuple[tuple[str, Notice], ...]]:
    """Those that can be learned from, if there are any, and the others with why."""
    known = dict.fromkeys(bundle.provenance.pictures, Notice("already_learned"))
    windows, inputs, shifted, names, left_out, measured = [], [], [], [], [], []
    reads = read_in_threads(sources, bundle.preparation.prepare)
    for done, (source, answer) in enumerate(zip(sources, reads, strict=True), start=1):
        progress(say("stage_reading"), done, len(sources))
        name = short_name(source)
        if isinstance(answer, PictureError):
            left_out.append((name, answer.notice))
            continue
        picture, prepared = answer
        misfit = bundle.preparation.depth.misfit(picture)
        if misfit is not None:
            left_out.append((name, depth_other(misfit)))
            continue
        if picture.hash in known:
            left_out.append((name, known[picture.hash]))
            continue
        if bundle.usability is not None:
            facts = facts_of(prepared.overview, prepared.upright, picture.size)
            # What is beyond would raise the limit, and what is like it is not judged.
            if bundle.usability.beyond(facts) and (why := bundle.usability.reason(facts)):
                reason = Notice(f"reason_{why.code}")
                left_out.append((name, Notice("added_unusable", reason=reason)))
                continue
            measured.append(facts)
        inputs.append(bundle.model_input(prepared.windows))
        if not bundle.preparation.tiles:
            how = bundle.encoder, bundle.recipe, len(known)
            shifted.append(shifted_inputs(prepared.windows, *how))
        windows.append(_for_people(bundle, prepared.windows))
        names.append(name)
        known[picture.hash] = Notice("duplicate", other=name)
    if not windows:
        return None, tuple(left_out)
    hashes = tuple(known)[len(set(bundle.provenance.pictures)) :]
    count = bundle.preparation.count
    numbers = numbers_of(np.zeros(len(windows), np.intp), count)
    moved = [one for one in shifted if one is not None]
    also = np.concatenate(moved) if moved else None
    seen = Windows(np.concatenate(inputs), numbers, count, also)
    found = _New(np.concatenate(windows), seen, hashes, tuple(names), tuple(measured))
    return found, tuple(left_out)


def _for_people(bundle: Bundle, windows: Floats) -> Floats:
    return small_for_people(windows) if bundle.preparation.tiles else windows


def _held_out(
    bundle: Bundle, new: _New, count: int, components: int, progress: Progress
) -> HeldOut:
    """The new pictures, each as seen by a model that has not learned its fold of them."""
    windows, pictures = bundle.preparation.count, len(new.hashes)
    number = min(bundle.recipe.folds or FOLDS, pictures)
    order = np.random.default_rng(bundle.recipe.seed).permutation(pictures)
    folds = np.repeat(order % number, windows)
    parts = []
    for fold in range(number):
        inside = folds == fold
        model = bundle.model
        if not inside.all():
            others = new.seen.of(~inside)
            model = _updated(model, bundle.recipe.model, others, count, components)
        parts.append(held_out_from(model, new.seen.of(inside), labels=1))
        progress(say("stage_fold", fold=fold + 1, folds=number), 1, 1)
    residuals = np.concatenate([part.residuals for part in parts])[back_in_order(folds)]
    return HeldOut(new.seen.inputs, residuals, new.seen.numbers, folds, [], windows)


def _updated(model: Model, name: str, good: Windows, count: int, components: int) -> Model:
    updated = updated_model(model, good.inputs, count, components, good.told, good.shifted)
    return load_model(name, updated.state())


def _grown(measure: Measure, held_out: HeldOut, number: int, count: int) -> FoldMeasures:
    """The measure with the variation of old and new pictures; of each fold without its own."""
    if measure.variation is None:
        return FoldMeasures(measure, [measure] * (int(held_out.folds.max()) + 1))
    inside = held_out.numbers == number
    residuals, folds = held_out.residuals[inside], held_out.folds[inside]
    if measure.kind == "eyes":  # the exchange stays: the old scores were made with it
        residuals = measure.packing.pixels(residuals)
    final, without = grown_variation(measure.variation, count, residuals, folds)

    def measured(variation: GoodVariation) -> Measure:
        return replace(measure, variation=variation)

    return FoldMeasures(measured(final), [measured(one) for one in without])


def _joined(old: Calibration | None, found: Scores, recipe: Recipe) -> Calibration | None:
    if old is None:
        return None

    def both(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sort(np.concatenate([one, other]))

    new = replace(
        old,
        scores=both(old.scores, found.under_each[:, 0]),
        mse_scores=both(old.mse_scores, found.squares),
        held_out="kfold",
        level=max(old.level, rank_limit(np.sort(found.peaks), old.false_reject)),
    )
    check_tail(new)
    return replace(new, level=new.limit) if recipe.score == "max" else new


def _odd_limit(
    old: Calibration | None, calibration: Calibration | None, found: Scores, new: _New
) -> list[Notice]:
    """That a picture just added set a limit which is much higher than before."""
    if old is None or calibration is None or calibration.limit <= _ODD * old.limit:
        return []
    limit = calibration.limit
    return [
        Notice("limit_from", picture=name, limit=limit)
        for name, value in zip(new.names, found.own, strict=True)
        if value == limit
    ]


def _provenance(bundle: Bundle, new: _New, odd: list[Notice]) -> Provenance:
    old = bundle.provenance
    count, first = len(new.hashes), len(old.pictures)
    remarks = []
    for remark in old.remarks:
        if remark.code == "added":
            count, first = count + remark.values["count"], remark.values["old"]
        elif remark.code != "limit_from":  # no longer the limit
            remarks.append(remark)
    return replace(
        old,
        pictures=(*old.pictures, *new.hashes),
        learned=_learned(bundle) + len(new.hashes),
        remarks=(*remarks, Notice("added", count=count, old=first), *odd),
    )
