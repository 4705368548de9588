"""What a part keeps of its labels and of its past, and how it is made again from a file."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kenpin.harness import Harness
from kenpin.judge import (
    IN_UNITS,
    SCALES,
    Calibration,
    Exchange,
    GoodVariation,
    Measure,
    Sizes,
    Svm,
    Usability,
)
from kenpin.models import State, packing_of, within
from kenpin.part.file import CalibrationEntry, Manifest, PartEntry
from kenpin.part.shown_reconstruction import ShownReconstruction, load_shown
from kenpin.prepare import Preparation
from kenpin.recipe import Recipe
from kenpin.statistics import LEAST_OF_TAIL
from kenpin.system import VERSION
from kenpin.text import Notice


@dataclass(frozen=True)
class Provenance:
    """What a bundle was learned from: counts and hashes, never the pictures.

    pictures: SHA-256 of the pixels of every good picture used. size: (H, W) of most of them.
    left_out: the names of those not used, each with why. remarks: what the user should read about
    the pictures. learned: of how many the model itself learned; None in files of earlier formats.
    """

    pictures: tuple[str, ...]
    size: tuple[int, int]
    left_out: tuple[tuple[str, Notice], ...] = ()
    remarks: tuple[Notice, ...] = ()
    kenpin: str = VERSION
    learned: int | None = None


@dataclass(frozen=True)
class Sight:
    """How fine a defect is still seen, measured with spots on good pictures.

    diameter: in pixels of the picture, of the smallest spots of which, as of larger ones, half are
    caught; None where it is more than `largest`, the largest that was tried. contrast: of the
    spots, by the picture's brightest value.
    """

    diameter: float | None
    largest: float
    contrast: float


@dataclass(frozen=True, eq=False)
class LabelJudge:
    """How the pictures of one label are judged; the only one has the label "" without labels.

    measures: one for each window. calibration: None when no good picture was held out. svm: the
    judge that has seen NG pictures, where it was kept.
    """

    label: str
    measures: tuple[Measure, ...]
    calibration: Calibration | None
    svm: Svm | None = None


def provenance_of(manifest: Manifest) -> Provenance:
    """What a file says of its pictures; raises ValueError as `notice_of` does."""
    learned = manifest.learned_from
    return Provenance(
        tuple(learned.pictures),
        learned.size,
        tuple((item.picture, notice_of(item.reason)) for item in learned.left_out),
        tuple(notice_of(remark) for remark in learned.remarks),
        manifest.kenpin,
        learned.learned,
    )


def notice_of(kept: dict[str, Any]) -> Notice:
    """What a file says of its pictures; raises ValueError where no sentence can be made of it."""
    try:
        notice = Notice.of(kept)
        str(notice)
        if notice.code == "added" and {type(n) for n in notice.values.values()} != {int}:
            raise ValueError("they are counts")
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        raise ValueError(Notice("bundle_disagrees", what="left_out, remarks")) from None
    return notice


def label_judge_of(
    number: int,
    kept: PartEntry,
    recipe: Recipe,
    preparation: Preparation,
    shape: tuple[int, int, int],
    arrays: dict[str, Any],
) -> LabelJudge:
    """How a label is judged, from a file; raises ValueError where it does not fit."""
    if recipe.difference in (None, "auto") or recipe.score in (None, "auto"):
        raise ValueError(Notice("bundle_disagrees", what="recipe, parts"))
    windows = range(preparation.count)
    measures = tuple(
        _measure(
            recipe,
            within(arrays, f"{number * len(windows) + n}."),
            preparation.ignored_at(n, packing_of(recipe).finest(shape[:2])),
        )
        for n in windows
    )
    machine = within(arrays, f"{number}.svm.")
    if machine and recipe.limit == "tail":
        raise ValueError(Notice("bundle_disagrees", what="recipe, parts"))
    return LabelJudge(
        label=kept.label,
        measures=measures,
        calibration=_calibration(kept.calibration, recipe),
        svm=Svm.of(machine, len(windows)) if machine else None,
    )


def _measure(recipe: Recipe, arrays: dict[str, Any], ignored: Any) -> Measure:
    variation = exchange = finer = None
    if recipe.difference in IN_UNITS:
        spreads = tuple(arrays[f"spread.{n}"] for n in range(len(SCALES)))
        variation = GoodVariation(spreads, arrays["scale_weights"])
    if recipe.difference == "eyes":
        exchange = Exchange(*(float(value) for value in arrays["exchange"]))
    if packing_of(recipe).twice:
        finer = Exchange(*(float(value) for value in arrays["exchange_of_finer"]))
    kind: Any = recipe.difference
    return Measure(kind, recipe.smoothing or 0.0, variation, ignored, exchange, finer)


def shown_of(manifest: Manifest, arrays: dict[str, Any]) -> ShownReconstruction | None:
    """What rebuilds pictures for people; None where the file has none."""
    if manifest.sketch is None:
        return None
    config = manifest.sketch.model_dump()
    return load_shown(State(config, within(arrays, "sketch.")))


def usability_of(manifest: Manifest, recipe: Recipe, arrays: dict[str, Any]) -> Usability | None:
    """Which pictures can be used; None where the file does not say."""
    if manifest.usable is None:
        return None
    own = within(arrays, "usable.")
    labels = own.get("labels", np.empty(0, np.intp)).astype(np.intp)
    learned = own.get("learned", np.empty((0, 3), np.float32))
    usability = Usability(
        manifest.usable.usual.model_dump(),
        manifest.usable.outer.model_dump(),
        own["references"],
        recipe.align != "none",
        learned,
        labels,
    )
    if not usability.fits(len(manifest.parts)):
        raise ValueError(Notice("bundle_disagrees", what="usable, parts"))
    return usability


def following_of(
    manifest: Manifest, preparation: Preparation, arrays: dict[str, Any]
) -> Preparation:
    """What prepares pictures, with the harness where the file has one.

    Raises ValueError where it does not fit the recipe.
    """
    recipe, kept = manifest.recipe, manifest.harness
    if (kept is None) != (recipe.kind == "part"):
        raise ValueError(Notice("bundle_disagrees", what="recipe, harness"))
    if kept is None:
        return preparation
    harness = Harness.of(kept.model_dump(), within(arrays, "harness."))
    if harness.size != recipe.size:
        raise ValueError(Notice("bundle_disagrees", what="recipe, harness"))
    return replace(preparation, harness=harness)


def sizes_of(preparation: Preparation, arrays: dict[str, Any]) -> Sizes | None:
    """What judges what is measured; None where nothing is."""
    harness = preparation.harness
    if harness is None:
        return None
    return Sizes.of_arrays(within(arrays, "sizes."), len(harness.measures))


def _calibration(kept: CalibrationEntry | None, recipe: Recipe) -> Calibration | None:
    if kept is None:
        return None
    if recipe.held_out == "none" or recipe.folds is None:
        raise ValueError(Notice("bundle_disagrees", what="recipe, calibration"))
    order = np.argsort(kept.scores, kind="stable")
    if len(kept.mse_scores) != len(order) or len(kept.margins) not in (0, len(order)):
        raise ValueError(Notice("bundle_disagrees", what="limit, scores"))
    alone = recipe.limit == "rank" or not kept.margins
    if not alone or (recipe.limit == "tail" and len(order) < LEAST_OF_TAIL):
        raise ValueError(Notice("bundle_disagrees", what="recipe, calibration"))
    calibration = Calibration(
        scores=np.array(kept.scores)[order],
        mse_scores=np.sort(kept.mse_scores),
        false_reject=recipe.false_reject,
        held_out=recipe.held_out,
        folds=recipe.folds,
        level=kept.level,
        margins=np.array(kept.margins)[order] if kept.margins else np.empty(0),
        review=recipe.review,
        rule=recipe.limit,
    )
    if calibration.rule == "tail":  # another processor may round another way
        same = math.isclose(calibration.limit, kept.limit, rel_tol=1e-9)
        if recipe.score == "max":  # the place and the picture have one limit
            calibration = replace(calibration, level=calibration.limit)
    else:
        same = calibration.limit == kept.limit
    if not same:
        raise ValueError(Notice("bundle_disagrees", what="limit, scores"))
    return calibration
