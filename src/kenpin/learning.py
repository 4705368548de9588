"""From good pictures and a recipe to a bundle."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.bundle import Bundle, Part
from kenpin.choice import choose
from kenpin.errors import CalibrationError, DatasetError, RecipeError
from kenpin.findings import FALSE_ALARM, Finding, Kind, in_test, summary, unlike
from kenpin.held_out import (
    FOLDS,
    FOLDS_OF_NETWORKS,
    HeldOut,
    Scored,
    Unseen,
    assign_folds,
    calibrations_of,
    cross_fit,
    joined,
    measures_of,
    renamed,
    scored,
    seen_by,
)
from kenpin.judge import fit_temperature, percent, resemblance
from kenpin.manifest import Layout
from kenpin.material import Material, read_good, read_ng
from kenpin.models import (
    NETWORKS,
    WITHOUT_RECONSTRUCTION,
    Labels,
    Model,
    check_installed,
    learn_model,
    load_model,
)
from kenpin.previews import previews
from kenpin.ranks import rank_limit
from kenpin.reading import Given, LabelsGiven, looks_at, tested_beside
from kenpin.recipe import Recipe
from kenpin.score import score
from kenpin.sketch import Sketch, learn_sketch
from kenpin.svm import LEAST_NG, Svm, better, check_svm_installed, features, learn_svm
from kenpin.types import Floats, Progress
from kenpin.usable import Usability, learn_usability

_SVM_FOLDS = 5


def learn(
    good: Given,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    labels: LabelsGiven = None,
    ng: Given | None = None,
    layout: Layout | None = None,
) -> Bundle:
    """Learn a part from pictures of good pieces.

    good: a folder, a folder in MVTec layout (train/good is taken), a CSV or Excel file that names
    pictures, an idx file, a zip of any of these, or a sequence of paths, arrays or `Picture`s.
    recipe: the defaults when left out. progress: told how far it is. layout: what the columns of
    a table mean, where they are not called as usual.

    labels: which part each picture shows, when there are several: "folders" for the sub-folders of
    `good`, the name of a column of the table, or a sequence with a label for each picture.

    ng: pictures of NG pieces, at least 5, in any form that `good` may have. A support vector
    machine on the difference is then kept as the judge if it lets fewer of them escape.

    Pictures that repeat another one, pixel by pixel, are used once; unreadable ones are left out;
    both are named in the bundle's `provenance`. Of more pictures than fit a modest memory the
    model learns from a random part, and the others give the limit.

    Raises DatasetError when too few can be used, ExtraError when the model needs a package that is
    not installed.
    """
    if recipe is not None and not isinstance(recipe, Recipe):
        raise RecipeError(messages.NOT_A_RECIPE.format(kind=type(recipe).__name__))
    recipe = (recipe or Recipe()).settled()
    progress = progress or _silent
    if recipe.model != "auto":
        check_installed(recipe.model)
    material = read_good(good, labels, recipe, progress, layout)
    chosen, choice = choose(material, recipe, progress)
    if chosen.model != recipe.model:  # each kind sees pictures of another size
        material = read_good(good, labels, chosen, progress, layout)
    material = _compared_with_test(material, good, progress)
    return learn_material(material, chosen, progress, ng=ng, choice=choice, layout=layout)


def _compared_with_test(material: Material, good: Given, progress: Progress) -> Material:
    """The material with a remark if a piece is also among the test pictures that belong to it."""
    tested = looks_at(tested_beside(good), material.preparation, progress)
    found = in_test(material.looks, tested)
    if not found:
        return material
    remarks = (*material.provenance.remarks, summary(Kind.IN_TEST, found))
    return replace(material, provenance=replace(material.provenance, remarks=remarks))


def learn_material(
    material: Material,
    recipe: Recipe,
    progress: Progress | None = None,
    *,
    ng: Given | None = None,
    choice: tuple[dict[str, Any], ...] = (),
    layout: Layout | None = None,
) -> Bundle:
    """Learn from pictures already read and prepared; recipe: `settled`, without 'auto'."""
    progress = progress or _silent
    few = FOLDS_OF_NETWORKS if recipe.model in NETWORKS else FOLDS
    resolved = recipe.but(
        size=material.preparation.size,
        color=material.preparation.color,
        folds=recipe.folds or few,
        ignore_mask=None if recipe.ignore_mask is None else Path(recipe.ignore_mask).name,
        feature=recipe.feature.model_copy(
            update={"backbone": Path(recipe.feature.backbone).name}
        ).model_dump(),
    )
    if material.rest and resolved.held_out == "kfold":  # too many to be seen by every fold
        resolved = resolved.but(held_out="split")
    _check_possible(material, resolved)
    pictures: Floats | None = None
    more: tuple[str, ...] = ()
    if ng is not None:  # what is wrong with them is said before the long part
        pictures, more = _read_ng(ng, material, resolved, progress, layout)
    learned = _learn(material, resolved, progress)
    provenance = material.provenance
    remarks = (*provenance.remarks, *_remarks(material, learned), *more)
    parts, windows = learned.parts, material.preparation.count
    won: dict[str, Any] = {}
    if pictures is not None:
        parts, won = _learn_svm(learned, pictures)
    return Bundle(
        recipe=learned.recipe,
        preparation=material.preparation,
        model=learned.model,
        parts=parts,
        provenance=replace(
            provenance, remarks=remarks, learned=int((~material.apart).sum()) // windows
        ),
        previews=previews(material, learned.held_out),
        temperature=learned.temperature,
        choice=choice,
        ng=won,
        usability=_usability(material, learned.recipe),
        sketch=_sketch(material, learned.recipe, progress),
    )


def _sketch(material: Material, recipe: Recipe, progress: Progress) -> Sketch | None:
    if material.preparation.encoder is None:
        return None
    kept = ~material.apart
    return learn_sketch(material.resized[kept], material.numbers[kept], recipe, progress)


def _check_possible(material: Material, recipe: Recipe) -> None:
    if recipe.difference == "ssim" and recipe.model in WITHOUT_RECONSTRUCTION:
        raise RecipeError(messages.SSIM_NEEDS.format(model=recipe.model))
    if recipe.model == "cvae" and not material.labelled:
        raise DatasetError(messages.LABELS_NEEDED)


def _remarks(material: Material, learned: "_Learned") -> list[str]:
    remarks, recipe, found = [], learned.recipe, learned.found
    # Where every picture has a score: by folds, or of very many those that gave the limit.
    looks = [look for look in material.looks if not (material.rest and look.learned)]
    if len(looks) == len(found.labels):
        odd = [one for one in unlike(looks, found.own) if (one.p_value or 0) <= FALSE_ALARM]
        remarks += [summary(Kind.UNLIKE, odd)] if odd else []
        remarks += _odd_limits(odd, learned)
    if material.rest and recipe.held_out == "none":
        count = len(material.labels)
        remarks.append(messages.LEARNED_ONLY.format(learned=count, given=len(material.looks)))
    elif material.rest:
        count, rest = len(material.labels), len(material.rest)
        remarks.append(messages.LEARNED_FROM_PART.format(learned=count, rest=rest))
    shrinkage = recipe.mt.shrinkage
    if recipe.model != "mt" or not shrinkage:
        return remarks
    count = int(np.bincount(material.numbers[~material.apart]).min())
    items = int(np.prod(material.prepared.shape[1:]))
    text = messages.MT_FEW.format(pictures=count, items=items, share=percent(shrinkage))
    return [*remarks, text]


def _odd_limits(odd: Sequence[Finding], learned: "_Learned") -> list[str]:
    """That a limit was set by a picture which may be no good one: it lets others like it pass."""
    limits = {part.calibration.limit for part in learned.parts if part.calibration}
    return [
        messages.LIMIT_FROM.format(picture=one.picture, limit=f"{one.value:.3g}")
        for one in odd
        if one.value in limits
    ]


# --- the model and its limit -------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Learned:
    recipe: Recipe
    model: Model
    parts: tuple[Part, ...]
    temperature: float
    held_out: HeldOut
    measures: tuple[Unseen, ...]
    found: Scored


def _learn(material: Material, recipe: Recipe, progress: Progress) -> _Learned:
    """Held-out good pictures give the limit: by folds, or such as took no part in learning."""
    windows, kept = material.preparation.count, ~material.apart
    prepared, numbers = material.prepared[kept], material.numbers[kept]
    recipe, folds = assign_folds(prepared, numbers, windows, recipe)
    by_folds = recipe.held_out != "split"
    crossed = recipe.difference == "units" or by_folds
    share = 1 / (2 + folds.max()) if crossed else 1.0  # of the way: one learning and the folds
    learned = _learn_final(prepared, numbers, recipe, progress, share)
    cross = None
    if crossed:
        cross = cross_fit(prepared, numbers, folds, windows, recipe, progress, by_folds, share)
    # What judges is what a bundle will load again, so saving cannot change a verdict.
    model = load_model(recipe.model, learned.state())
    measures = tuple(
        measures_of(cross, recipe, number, material.preparation.ignored_at(number % windows))
        for number in range(windows * len(material.names))
    )
    if cross is None or not by_folds:
        measures = tuple(unseen.alone for unseen in measures)
        outside = _outside(material, model, progress)
        held_out = next(outside)
        # One batch after the other: all of very many pictures would not fit.
        every = itertools.chain([held_out], outside)
        found = joined([scored(one, measures, recipe) for one in every])
    else:
        held_out, found = cross, scored(cross, measures, recipe)
    if not np.isfinite(found.scores).all():
        raise CalibrationError(messages.NOT_FINITE)
    parts = tuple(
        Part(name, tuple(one.final for one in measures[n * windows : (n + 1) * windows]), own)
        for n, (name, own) in enumerate(
            zip(material.names, calibrations_of(found, recipe), strict=True)
        )
    )
    temperature = 1.0
    if material.labelled:
        temperature = fit_temperature(resemblance(found.scores), found.labels)
    return _Learned(recipe, model, parts, temperature, held_out, measures, found)


def _outside(material: Material, model: Model, progress: Progress) -> Iterator[HeldOut]:
    """Pictures that took no part in learning: kept apart, or too many to be kept."""
    windows, apart, labels = material.preparation.count, material.apart, len(material.names)
    if apart.any():
        own = material.prepared[apart], material.numbers[apart]
        yield seen_by(model, *own, windows, labels)
    for prepared, numbers in material.batches(progress):
        yield seen_by(model, prepared, numbers, windows, labels)


def _usability(material: Material, recipe: Recipe) -> Usability | None:
    if not material.defective:
        return None
    aligned = recipe.align != "none"
    facts = [look.facts for look in material.looks if look.learned]
    return learn_usability(facts, material.defective, material.labels, aligned)


def _learn_final(
    prepared: Floats, numbers: Labels, recipe: Recipe, progress: Progress, share: float
) -> Model:
    """share: of the way, in [0, 1], that the progress has gone then."""
    stage = messages.STAGE_FINAL.format(count=len(prepared))
    part_of = renamed(progress, stage, 0, share)
    learned = learn_model(prepared, recipe, part_of, numbers if numbers.max() else None)
    part_of(stage, 1, 1)
    return learned


# --- with NG pictures --------------------------------------------------------------------------


def _read_ng(
    ng: Given, material: Material, recipe: Recipe, progress: Progress, layout: Layout | None
) -> tuple[Floats, tuple[str, ...]]:
    if material.rest:
        raise DatasetError(messages.NG_TOO_MANY_GOOD.format(most=len(material.labels)))
    if material.labelled:
        raise DatasetError(messages.NG_LABELS)
    if recipe.held_out == "none":
        raise DatasetError(messages.NG_UNHELD)
    pictures, remarks = read_ng(ng, material, progress, layout)
    check_svm_installed()
    count = len(pictures) // material.preparation.count
    if count < LEAST_NG:
        raise DatasetError(messages.NG_TOO_FEW.format(count=count, least=LEAST_NG))
    return pictures, remarks


def _learn_svm(learned: _Learned, ng: Floats) -> tuple[tuple[Part, ...], dict[str, Any]]:
    """The parts with the better of the two judges, and how they compared.

    Both are compared on NG pictures that the machine has not seen, each with a limit from good
    pictures that it has not seen either.
    """
    (part,), held_out = learned.parts, learned.held_out
    calibration = part.calibration
    if calibration is None:
        raise DatasetError(messages.NG_UNHELD)
    windows = held_out.windows
    numbers = np.arange(len(ng)) % windows
    unseen = seen_by(learned.model, ng, numbers, windows, labels=1)
    final = [one.alone for one in learned.measures]
    good_maps, ng_maps = (
        [[of[those.numbers[i]].map(those, i) for i in those.of_picture(picture)]
         for picture in range(len(those.labels))]
        for those, of in ((held_out, learned.measures), (unseen, final))
    )  # fmt: skip
    how: Any = learned.recipe.score
    worst = np.array([max(score(difference, how) for difference in maps) for maps in ng_maps])
    plain = worst <= calibration.limit
    good_features, ng_features = (
        np.stack([features(maps) for maps in those]) for those in (good_maps, ng_maps)
    )
    good_values, ng_values = _cross_validated(good_features, ng_features, learned.recipe.seed)
    limit = rank_limit(np.sort(good_values), calibration.false_reject)
    escaped = ng_values <= limit
    kept = better(plain, escaped)
    won = {
        "pictures": len(ng_maps),
        "escapes": int(plain.sum()),
        "svm_escapes": int(escaped.sum()),
        "kept": kept,
    }
    if not kept:
        return learned.parts, won
    order = np.argsort(good_values, kind="stable")
    calibrated = replace(calibration, scores=good_values[order])
    machine = learn_svm(good_features, ng_features)
    return (replace(part, calibration=calibrated, svm=machine),), won


def _cross_validated(
    good: Floats, ng: Floats, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) and (M,) decision values of pictures, each by a machine that has not seen it."""
    rng = np.random.default_rng(seed)
    number = min(_SVM_FOLDS, len(good))
    if number < 2:
        raise DatasetError(messages.NG_SPLIT)
    good_folds = rng.permutation(len(good)) % number
    ng_folds = rng.permutation(len(ng)) % number
    good_values, ng_values = np.empty(len(good)), np.empty(len(ng))
    for fold in range(number):
        machine: Svm = learn_svm(good[good_folds != fold], ng[ng_folds != fold])
        good_values[good_folds == fold] = machine.values(good[good_folds == fold])
        ng_values[ng_folds == fold] = machine.values(ng[ng_folds == fold])
    return good_values, ng_values


def _silent(stage: str, done: int, total: int) -> None:
    pass
