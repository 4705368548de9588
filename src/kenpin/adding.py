"""More good pictures for a part that is already learned, without the old ones.

The components are updated as if they had been learned from all; the new pictures are held out by
folds, as when learning, and their scores join the old ones. What prepares a picture stays.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.bundle import Bundle, Part, Provenance
from kenpin.dataset import find_good
from kenpin.difference import GoodVariation, Measure, grown_variation
from kenpin.errors import BundleError, DatasetError, PictureError
from kenpin.findings import short_name
from kenpin.held_out import (
    FOLDS,
    HeldOut,
    Scored,
    Unseen,
    back_in_order,
    numbers_of,
    scored,
    seen_by,
)
from kenpin.judge import Calibration
from kenpin.manifest import Layout
from kenpin.models import UPDATABLE, Labels, Model, grown_components, load_model, updated_model
from kenpin.ranks import rank_limit
from kenpin.reading import Given, paths_of, read_in_threads
from kenpin.recipe import Recipe
from kenpin.types import Floats, PictureSource, Progress, name_of
from kenpin.usable import Facts, facts_of

_AT_ONCE = 200  # pictures
_ODD = 1.5  # times the limit before: that is not for having seen other pictures


@dataclass(frozen=True, eq=False)
class _New:
    """(N * K, ...) windows of the N new pictures: as the model sees them, and as people do.

    facts: what is measured of each, where the part knows which pictures are unusable.
    """

    prepared: Floats
    shown: Floats
    numbers: Labels
    hashes: tuple[str, ...]
    names: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
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
    grown, nothing = bundle, None
    for start in range(0, len(sources), _AT_ONCE):  # all of very many pictures would not fit
        try:
            grown = _add(grown, sources[start : start + _AT_ONCE], progress)
        except DatasetError as error:  # none of these can be used, others may
            nothing = nothing or error
    if grown is bundle and nothing is not None:
        raise nothing
    return grown


def _add(bundle: Bundle, sources: Sequence[PictureSource], progress: Progress) -> Bundle:
    new = _read_new(bundle, sources, progress)
    count = _learned(bundle)
    components = grown_components(bundle.recipe, count, count + len(new.hashes))
    held_out = _held_out(bundle, new, count, components, progress)
    measures = [
        _grown(measure, held_out, number, count)
        for number, measure in enumerate(bundle.parts[0].measures)
    ]
    recipe = bundle.recipe.with_own(bundle.recipe.own.model_copy(update={"components": components}))
    found = scored(held_out, measures, recipe)
    part = bundle.parts[0]
    calibration = _joined(part.calibration, found, recipe)
    if calibration is not None:
        recipe = recipe.but(held_out="kfold")
    model = _updated(bundle.model, recipe.model, new.prepared, new.numbers, count, components)
    return replace(
        bundle,
        recipe=recipe,
        model=model,
        parts=(Part(part.label, tuple(one.final for one in measures), calibration),),
        provenance=_provenance(bundle, new, _odd_limit(part.calibration, calibration, found, new)),
        sketch=bundle.sketch and bundle.sketch.updated(new.shown, new.numbers, count),
        usability=bundle.usability and bundle.usability.grown(new.facts),
    )


def _check_can_grow(bundle: Bundle) -> None:
    if bundle.recipe.model not in UPDATABLE:
        text = messages.ADD_MODEL.format(name=bundle.name, model=bundle.recipe.model)
        raise BundleError(text)
    if bundle.labels:
        raise BundleError(messages.ADD_LABELS.format(name=bundle.name))
    if bundle.ng:
        raise BundleError(messages.ADD_NG.format(name=bundle.name))


def _learned(bundle: Bundle) -> int:
    """From how many pictures the model itself learned; files of earlier formats do not say."""
    if bundle.provenance.learned is not None:
        return bundle.provenance.learned
    pictures, calibration = len(bundle.provenance.pictures), bundle.calibration
    kept_apart = calibration is not None and calibration.held_out == "split"
    return pictures - calibration.count if kept_apart and calibration else pictures


def _read_new(bundle: Bundle, sources: Sequence[PictureSource], progress: Progress) -> _New:
    known = dict.fromkeys(bundle.provenance.pictures, messages.ALREADY_LEARNED)
    prepared, shown, names, left_out, measured = [], [], [], [], []
    reads = read_in_threads(sources, bundle.preparation.prepare)
    for done, (source, answer) in enumerate(zip(sources, reads, strict=True), start=1):
        progress(messages.STAGE_READING, done, len(sources))
        name = short_name(name_of(source))
        if isinstance(answer, PictureError):
            left_out.append((name, str(answer)))
            continue
        picture, seen = answer
        if picture.hash in known:
            left_out.append((name, known[picture.hash]))
            continue
        if bundle.usability is not None:
            facts = facts_of(seen.overview, seen.upright, picture.size)
            why = bundle.usability.reason(facts)
            if why is not None:  # it would raise the limit, and what is like it is not judged
                left_out.append((name, messages.ADDED_UNUSABLE.format(reason=why.value)))
                continue
            measured.append(facts)
        prepared.append(seen.windows)
        shown.append(seen.shown)
        names.append(name)
        known[picture.hash] = messages.DUPLICATE.format(other=name)
    if not prepared:
        reason = left_out[0][1].rstrip(".")
        raise DatasetError(messages.ADD_NOTHING.format(count=len(sources), reason=reason))
    hashes = tuple(known)[len(set(bundle.provenance.pictures)) :]
    numbers = numbers_of(np.zeros(len(prepared), np.intp), bundle.preparation.count)
    windows = np.concatenate(prepared), np.concatenate(shown)
    return _New(*windows, numbers, hashes, tuple(names), tuple(left_out), tuple(measured))


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
            others = new.prepared[~inside], new.numbers[~inside]
            model = _updated(model, bundle.recipe.model, *others, count, components)
        own = new.prepared[inside], new.numbers[inside]
        parts.append(seen_by(model, *own, windows, labels=1))
        progress(messages.STAGE_FOLD.format(fold=fold + 1, folds=number), 1, 1)
    residuals = np.concatenate([part.residuals for part in parts])[back_in_order(folds)]
    return HeldOut(new.prepared, residuals, new.numbers, folds, [], windows)


def _updated(
    model: Model, name: str, prepared: Floats, numbers: Labels, count: int, components: int
) -> Model:
    told = numbers if numbers.max() else None
    updated = updated_model(model, prepared, count, components, told)
    return load_model(name, updated.state())


def _grown(measure: Measure, held_out: HeldOut, number: int, count: int) -> Unseen:
    """The measure with the variation of old and new pictures; of each fold without its own."""
    if measure.variation is None:
        return Unseen(measure, [measure] * (int(held_out.folds.max()) + 1))
    inside = held_out.numbers == number
    residuals, folds = held_out.residuals[inside], held_out.folds[inside]
    final, without = grown_variation(measure.variation, count, residuals, folds)

    def measured(variation: GoodVariation) -> Measure:
        return replace(measure, variation=variation)

    return Unseen(measured(final), [measured(one) for one in without])


def _joined(old: Calibration | None, found: Scored, recipe: Recipe) -> Calibration | None:
    if old is None:
        return None

    def both(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sort(np.concatenate([one, other]))

    new = replace(
        old,
        scores=both(old.scores, found.scores[:, 0]),
        mse_scores=both(old.mse_scores, found.squares),
        held_out="kfold",
        level=max(old.level, rank_limit(np.sort(found.peaks), old.false_reject)),
    )
    return replace(new, level=new.limit) if recipe.score == "max" else new


def _odd_limit(
    old: Calibration | None, calibration: Calibration | None, found: Scored, new: _New
) -> list[str]:
    """That a picture just added set a limit which is much higher than before."""
    if old is None or calibration is None or calibration.limit <= _ODD * old.limit:
        return []
    limit = calibration.limit
    return [
        messages.LIMIT_FROM.format(picture=name, limit=f"{limit:.3g}")
        for name, value in zip(new.names, found.own, strict=True)
        if value == limit
    ]


def _provenance(bundle: Bundle, new: _New, odd: list[str]) -> Provenance:
    old = bundle.provenance
    count, first = len(new.hashes), len(old.pictures)
    remarks = []
    for remark in old.remarks:
        added = re.match(r"(\d+) pictures were added to (\d+)", remark)
        if added:
            count, first = count + int(added[1]), int(added[2])
        elif not remark.startswith(messages.LIMIT_FROM.split("{")[0]):  # no longer the limit
            remarks.append(remark)
    return replace(
        old,
        pictures=(*old.pictures, *new.hashes),
        learned=_learned(bundle) + len(new.hashes),
        left_out=(*old.left_out, *new.left_out),
        remarks=(*remarks, messages.ADDED.format(count=count, old=first), *odd),
    )
