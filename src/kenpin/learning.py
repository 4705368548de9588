"""From good pictures and a recipe to a bundle."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.bundle import Bundle, Part
from kenpin.choice import choose
from kenpin.difference import compare
from kenpin.errors import CalibrationError, DatasetError, RecipeError
from kenpin.held_out import (
    FOLDS,
    FOLDS_OF_NETWORKS,
    HeldOut,
    Unseen,
    assign_folds,
    calibrations_of,
    cross_fit,
    measures_of,
    renamed,
    scores_of,
    seen_by,
)
from kenpin.judge import fit_temperature, percent, resemblance
from kenpin.material import Given, LabelsGiven, Material, read_good, read_ng
from kenpin.models import (
    NETWORKS,
    WITHOUT_RECONSTRUCTION,
    Labels,
    Model,
    check_installed,
    learn_model,
    load_model,
)
from kenpin.pictures import encode
from kenpin.ranks import rank_limit
from kenpin.recipe import Recipe
from kenpin.score import score
from kenpin.svm import LEAST_NG, Svm, better, check_svm_installed, features, learn_svm
from kenpin.types import Floats, Progress

_SVM_FOLDS = 5


def learn(
    good: Given,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    labels: LabelsGiven = None,
    ng: Given | None = None,
) -> Bundle:
    """Learn a part from pictures of good pieces.

    good: a folder, a folder in MVTec layout (train/good is taken), a CSV or Excel file that names
    pictures, or a sequence of paths, arrays or `Picture`s. recipe: the defaults when left out.
    progress: told how far it is.

    labels: which part each picture shows, when there are several: "folders" for the sub-folders of
    `good`, the name of a column of the table, or a sequence with a label for each picture.

    ng: pictures of NG pieces, at least 5, in any form that `good` may have. A support vector
    machine on the difference is then kept as the judge if it lets fewer of them escape.

    Pictures that repeat another one, pixel by pixel, are used once; unreadable ones are left out;
    both are named in the bundle's `provenance`.

    Raises DatasetError when too few can be used, ExtraError when the model needs a package that is
    not installed.
    """
    if recipe is not None and not isinstance(recipe, Recipe):
        raise RecipeError(messages.NOT_A_RECIPE.format(kind=type(recipe).__name__))
    recipe = (recipe or Recipe()).settled()
    progress = progress or _silent
    if recipe.model != "auto":
        check_installed(recipe.model)
    material = read_good(good, labels, recipe, progress)
    chosen, choice = choose(material, recipe, progress)
    if chosen.model != recipe.model and chosen.size is None and chosen.model in NETWORKS:
        material = read_good(good, labels, chosen, progress)  # networks see smaller pictures
    return learn_material(material, chosen, progress, ng=ng, choice=choice)


def learn_material(
    material: Material,
    recipe: Recipe,
    progress: Progress | None = None,
    *,
    ng: Given | None = None,
    choice: tuple[dict[str, Any], ...] = (),
) -> Bundle:
    """Learn from pictures already read and prepared; recipe: `settled`, without 'auto'."""
    progress = progress or _silent
    few = FOLDS_OF_NETWORKS if recipe.model in NETWORKS else FOLDS
    resolved = recipe.but(
        size=material.preparation.size,
        color=material.preparation.color,
        folds=recipe.folds or few,
    )
    _check_possible(material, resolved)
    pictures: Floats | None = None
    more: tuple[str, ...] = ()
    if ng is not None:  # what is wrong with them is said before the long part
        pictures, more = _read_ng(ng, material, resolved, progress)
    learned = _learn(material, resolved, progress)
    provenance = material.provenance
    remarks = (*provenance.remarks, *_remarks(material, learned.recipe), *more)
    parts = learned.parts
    won: dict[str, Any] = {}
    if pictures is not None:
        parts, won = _learn_svm(learned, pictures)
    return Bundle(
        recipe=learned.recipe,
        preparation=material.preparation,
        model=learned.model,
        parts=parts,
        provenance=replace(provenance, remarks=remarks),
        previews=_previews(material, learned.held_out),
        temperature=learned.temperature,
        choice=choice,
        ng=won,
    )


def _check_possible(material: Material, recipe: Recipe) -> None:
    if recipe.difference == "ssim" and recipe.model in WITHOUT_RECONSTRUCTION:
        raise RecipeError(messages.SSIM_NEEDS.format(model=recipe.model))
    if recipe.model == "cvae" and material.labels is None:
        raise DatasetError(messages.LABELS_NEEDED)


def _remarks(material: Material, recipe: Recipe) -> list[str]:
    shrinkage = recipe.mt.shrinkage
    if recipe.model != "mt" or not shrinkage:
        return []
    count = int(np.bincount(_numbers(material)[~material.apart]).min())
    items = int(np.prod(material.prepared.shape[1:]))
    return [messages.MT_FEW.format(pictures=count, items=items, share=percent(shrinkage))]


# --- the model and its limit -------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Learned:
    recipe: Recipe
    model: Model
    parts: tuple[Part, ...]
    temperature: float
    held_out: HeldOut
    measures: tuple["Unseen", ...]


def _learn(material: Material, recipe: Recipe, progress: Progress) -> _Learned:
    """Held-out good pictures give the limit, by folds or by a part kept apart."""
    labels, conditional = _numbers(material), material.labels is not None
    prepared = material.prepared
    apart = material.apart
    recipe, folds = assign_folds(prepared[~apart], labels[~apart], conditional, recipe)
    cross = None
    if recipe.difference == "units" or not apart.any():
        cross = cross_fit(prepared[~apart], labels[~apart], folds, conditional, recipe, progress)
    model = _learn_final(prepared[~apart], labels[~apart], conditional, recipe, progress)
    measures = tuple(measures_of(cross, recipe, label) for label in range(len(material.names)))
    held_out = cross
    if held_out is None or apart.any():  # pictures that took no part in learning at all: exact
        held_out = seen_by(model, prepared[apart], labels[apart], conditional)
        measures = tuple(Unseen(unseen.final, [unseen.final]) for unseen in measures)
    scores = scores_of(held_out, measures, recipe)
    if not np.isfinite(scores).all():
        raise CalibrationError(messages.NOT_FINITE)
    calibrations = calibrations_of(held_out, measures, scores, recipe)
    parts = tuple(
        Part(name, unseen.final, calibration)
        for name, unseen, calibration in zip(material.names, measures, calibrations, strict=True)
    )
    temperature = 1.0
    if conditional:
        temperature = fit_temperature(resemblance(scores), held_out.labels)
    return _Learned(recipe, model, parts, temperature, held_out, measures)


def _numbers(material: Material) -> Labels:
    if material.labels is None:
        return np.zeros(len(material.prepared), np.intp)
    return material.labels


def _learn_final(
    prepared: Floats, labels: Labels, conditional: bool, recipe: Recipe, progress: Progress
) -> Model:
    stage = messages.STAGE_FINAL.format(count=len(prepared))
    told = labels if conditional else None
    learned = learn_model(prepared, recipe, renamed(progress, stage), told)
    progress(stage, 1, 1)
    # What judges is what a bundle will load again, so saving cannot change a verdict.
    return load_model(recipe.model, learned.state())


# --- with NG pictures --------------------------------------------------------------------------


def _read_ng(
    ng: Given, material: Material, recipe: Recipe, progress: Progress
) -> tuple[Floats, tuple[str, ...]]:
    if material.labels is not None:
        raise DatasetError(messages.NG_LABELS)
    if recipe.held_out == "none":
        raise DatasetError(messages.NG_UNHELD)
    pictures, remarks = read_ng(ng, material, progress)
    check_svm_installed()
    if len(pictures) < LEAST_NG:
        raise DatasetError(messages.NG_TOO_FEW.format(count=len(pictures), least=LEAST_NG))
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
    residuals, _ = compare(learned.model, ng)
    ng_maps = [part.measure.map(p, r) for p, r in zip(ng, residuals, strict=True)]
    good_maps = [learned.measures[0].map(held_out, i) for i in range(len(held_out.prepared))]
    how: Any = learned.recipe.score
    plain = np.array([score(difference, how) for difference in ng_maps]) <= calibration.limit
    good_features, ng_features = (np.stack([features(m) for m in maps])
                                  for maps in (good_maps, ng_maps))  # fmt: skip
    good_values, ng_values = _cross_validated(good_features, ng_features, learned.recipe.seed)
    limit = rank_limit(np.sort(good_values), calibration.false_reject)
    escaped = ng_values <= limit
    kept = better(plain, escaped)
    won = {
        "pictures": len(ng),
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


# --- for people --------------------------------------------------------------------------------


def _previews(material: Material, held_out: HeldOut) -> dict[str, bytes]:
    """The mean good picture, where good pictures vary (white: most), and the compression."""
    spread = np.sqrt(np.square(held_out.residuals).mean(axis=(0, 3)))
    previews = {
        "mean.png": _png(material.resized.mean(axis=0)),
        "variation.png": _png(spread / max(float(spread.max()), 1e-9)),
    }
    steps = material.preparation.steps(material.resized[0])
    for number, step in enumerate(steps[1:], start=1):
        previews[f"step{number}.png"] = _png(np.concatenate([step[..., :1], step[..., 1:]], axis=1))
    return previews


def _png(values: Floats) -> bytes:
    pixels = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    return encode(pixels.squeeze(), "PNG")


def _silent(stage: str, done: int, total: int) -> None:
    pass
