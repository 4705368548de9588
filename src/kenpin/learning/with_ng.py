"""The judge that also learns from NG pictures, kept only where it is clearly better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import DatasetError
from kenpin.judge import LEAST_NG, Worth, better, check_svm_installed, features, learn_svm, score
from kenpin.learning.cross_fit import FoldMeasures, HeldOut, held_out_from
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.read import Given, read_ng
from kenpin.learning.windows import Windows
from kenpin.models import Model
from kenpin.part import LabelJudge
from kenpin.recipe import Recipe
from kenpin.sources import Layout
from kenpin.statistics import rank_limit
from kenpin.text import Notice
from kenpin.types import Floats, Progress

_FOLDS = 5


def read_usable_ng(
    ng: Given, good: GoodPictures, recipe: Recipe, progress: Progress, layout: Layout | None
) -> tuple[Floats, tuple[Notice, ...]]:
    """As `read_ng`; raises what is wrong with them before the long part begins."""
    if good.rest:
        raise DatasetError("ng_too_many_good", most=len(good.labels))
    if good.labelled:
        raise DatasetError("ng_labels")
    if recipe.held_out == "none":
        raise DatasetError("ng_unheld")
    if good.preparation.tiles:
        raise DatasetError("ng_tiles")
    inputs, remarks = read_ng(ng, good, progress, layout)
    check_svm_installed()
    count = len(inputs) // good.preparation.count
    if count < LEAST_NG:
        raise DatasetError("ng_too_few", count=count, least=LEAST_NG)
    return inputs, remarks


@dataclass(frozen=True, eq=False)
class Tried:
    """The judge that was kept, how both compared, and where it has changed it `Worth.room`."""

    judge: LabelJudge
    found: dict[str, Any]
    room: float | None = None


def judge_with_ng(
    judge: LabelJudge,
    model: Model,
    held_out: HeldOut,
    measures: Sequence[FoldMeasures],
    ng: Floats,
    recipe: Recipe,
    departures: NDArray[np.float64],
) -> Tried:
    """The better of the two judges, and how they compared.

    ng: (M * K, h, w, C) inputs. departures: of the good pictures, see `Scores`. Both are compared
    on NG pictures that the machine has not seen, each with a limit from good pictures that it has
    not seen either.
    """
    calibration = judge.calibration
    if calibration is None:
        raise DatasetError("ng_unheld")
    windows = held_out.windows
    shown = Windows(ng, np.arange(len(ng)) % windows, windows)
    unseen = held_out_from(model, shown, labels=1)
    final = [one.alone for one in measures]
    good_maps, ng_maps = (
        [[of[those.numbers[i]].map(those, i) for i in those.of_picture(picture)]
         for picture in range(len(those.labels))]
        for those, of in ((held_out, measures), (unseen, final))
    )  # fmt: skip
    how: Any = recipe.score
    worst = np.array([max(score(difference, how) for difference in maps) for maps in ng_maps])
    plain = worst <= calibration.limit
    good_features, ng_features = (
        np.stack([features(maps) for maps in those]) for those in (good_maps, ng_maps)
    )
    good_values, ng_values = _cross_validated(good_features, ng_features, recipe.seed)
    escaped = ng_values <= rank_limit(np.sort(good_values), calibration.false_reject)
    kept = better(plain, escaped)
    found = {
        "pictures": len(ng_maps),
        "escapes": int(plain.sum()),
        "svm_escapes": int(escaped.sum()),
        "kept": kept,
    }
    if not kept:
        return Tried(judge, found)
    worth = Worth.of(good_values)
    calibrated = replace(calibration, scores=np.sort(worth.counted(good_values, departures)))
    machine = learn_svm(good_features, ng_features)
    room = worth.room(calibrated.limit)
    return Tried(replace(judge, calibration=calibrated, svm=machine), found, room)


def _cross_validated(
    good: Floats, ng: Floats, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) and (M,) decision values of pictures, each by a machine that has not seen it."""
    rng = np.random.default_rng(seed)
    number = min(_FOLDS, len(good))
    if number < 2:
        raise DatasetError("ng_split")
    good_folds = rng.permutation(len(good)) % number
    ng_folds = rng.permutation(len(ng)) % number
    good_values, ng_values = np.empty(len(good)), np.empty(len(ng))
    for fold in range(number):
        machine = learn_svm(good[good_folds != fold], ng[ng_folds != fold])
        good_values[good_folds == fold] = machine.values(good[good_folds == fold])
        ng_values[ng_folds == fold] = machine.values(ng[ng_folds == fold])
    return good_values, ng_values
