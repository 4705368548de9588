"""From good pictures and a recipe to a part: read, prepare, cross-fit, calibrate."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.errors import DatasetError, RecipeError
from kenpin.judge import fit_temperature, resemblance
from kenpin.learning.calibrate import Scores, calibrations_of, room_of
from kenpin.learning.choose import choose
from kenpin.learning.cross_fit import FOLDS, FOLDS_OF_NETWORKS, FoldMeasures, silent
from kenpin.learning.good_pictures import LEAST_PICTURES, GoodPictures
from kenpin.learning.held_out import learn_held_out
from kenpin.learning.measured import sizes_of
from kenpin.learning.oddities import FALSE_ALARM, Finding, Kind, in_test, summary, unlike
from kenpin.learning.omitted import without_options
from kenpin.learning.read import Given, LabelsGiven, read_good_pictures, read_tested
from kenpin.learning.suspects import suspicion
from kenpin.learning.usable_pictures import usability_of
from kenpin.learning.with_ng import judge_with_ng, read_usable_ng
from kenpin.models import (
    NETWORKS,
    WITHOUT_RECONSTRUCTION,
    check_installed,
)
from kenpin.part import Bundle, LabelJudge, Provenance, ShownReconstruction, learn_shown
from kenpin.prepare import Preparation, from_rectangle, in_picture, reduced
from kenpin.recipe import Recipe
from kenpin.sources import Layout, encode
from kenpin.statistics import LEAST_OF_TAIL
from kenpin.text import Notice, say
from kenpin.types import Floats, Progress

_LONGEST_PREVIEW = 512  # pixels, of tiles
_MOST_NAMED = 5  # suspects
_MOST_CONFUSED = 6  # pairs of labels that are named
_NOT_TOLD_APART = 0.2  # of a label's pictures look more like another one; half is chance


def learn(
    good: Given,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    labels: LabelsGiven = None,
    ng: Given | None = None,
    layout: Layout | None = None,
    without: Sequence[str] = (),
    search: bool = True,
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

    without: names of pictures that are left out, which the bundle records: of a file, with as much
    of its path as tells it from others. search: whether to look for pictures that may be no good
    parts, which takes nearly as long again and changes nothing but the remarks.

    Pictures that repeat another one, pixel by pixel, are used once; unreadable ones are left out;
    both are named in the bundle's `provenance`. Of more pictures than fit a modest memory the
    model learns from a random part, and the others give the limit.

    Raises DatasetError when too few can be used, ExtraError when the model needs a package that is
    not installed.
    """
    if recipe is not None and not isinstance(recipe, Recipe):
        raise RecipeError("not_a_recipe", kind=type(recipe).__name__)
    recipe = (recipe or Recipe()).settled()
    if recipe.kind == "harness" and (labels is not None or ng is not None):
        raise RecipeError("harness_without", settings="labels" if ng is None else "ng")
    progress = progress or silent
    if recipe.model != "auto":
        check_installed(recipe.model)
    pictures = read_good_pictures(good, labels, recipe, progress, layout, without)
    chosen, choice = choose(pictures, recipe, progress)
    if chosen.model != recipe.model:  # each kind sees pictures of another size
        pictures = read_good_pictures(good, labels, chosen, progress, layout, without)
    tested = in_test(pictures.each, read_tested(good, pictures.preparation, progress))
    if tested:
        remark = summary(Kind.IN_TEST, tested)
        pictures = replace(pictures, remarks=(*pictures.remarks, remark))
    how: dict[str, Any] = {"ng": ng, "choice": choice, "layout": layout, "search": search}
    return learn_from(pictures, chosen, progress, **how)


def learn_from(
    good: GoodPictures,
    recipe: Recipe,
    progress: Progress | None = None,
    *,
    ng: Given | None = None,
    choice: tuple[dict[str, Any], ...] = (),
    layout: Layout | None = None,
    search: bool = True,
) -> Bundle:
    """Learn from pictures already read and prepared; recipe: `settled`, without 'auto'."""
    progress = progress or silent
    recipe = _as_used(good, recipe)
    ng_inputs, ng_remarks = None, tuple[Notice, ...]()
    if ng is not None and recipe.limit == "tail":
        raise RecipeError("tail_alone", what=Notice("tail_with_ng"))
    if ng is not None:  # what is wrong with them is said before the long part
        ng_inputs, ng_remarks = read_usable_ng(ng, good, recipe, progress, layout)
    asked, learned = recipe, learn_held_out(good, recipe, progress)
    recipe, scores = learned.recipe, learned.scores
    judges = _judges(good, learned.measures, scores, recipe)
    room = room_of(scores, [judge.calibration for judge in judges])
    found: dict[str, Any] = {}
    if ng_inputs is not None and learned.held_out is not None:
        own = learned.model, learned.held_out, learned.measures
        tried = judge_with_ng(judges[0], *own, ng_inputs, recipe, scores.departures)
        judges, found, room = (tried.judge,), tried.found, tried.room or room
    remarks = (
        *good.remarks,
        *_remarks(good, scores, recipe),
        *ng_remarks,
        *(_suspects(good, scores, judges, asked, progress) if search else ()),
    )
    return Bundle(
        recipe=recipe,
        preparation=good.preparation,
        model=learned.model,
        parts=judges,
        provenance=Provenance(
            pictures=good.hashes,
            size=good.size,
            left_out=tuple((item.name, item.reason) for item in good.left_out),
            remarks=remarks,
            learned=int((~good.apart).sum()) // good.preparation.count,
        ),
        previews=_previews(good, learned.spreads),
        temperature=_temperature(good, scores),
        choice=choice,
        ng=found,
        usability=usability_of(good, recipe.align != "none", room),
        sizes=sizes_of(good, scores.sizes, scores.own),
        encoder=good.encoder,
        shown=_shown(good, recipe, progress),
    )


def _as_used(good: GoodPictures, recipe: Recipe) -> Recipe:
    """The recipe with what the pictures decided; raises where model and pictures do not fit."""
    few = FOLDS_OF_NETWORKS if recipe.model in NETWORKS else FOLDS
    backbone = {"backbone": Path(recipe.feature.backbone).name}
    used = recipe.but(
        size=good.preparation.size,
        color=good.preparation.color,
        folds=recipe.folds or few,
        ignore_mask=None if recipe.ignore_mask is None else Path(recipe.ignore_mask).name,
        feature=recipe.feature.model_copy(update=backbone).model_dump(),
    )
    if good.rest and used.held_out == "kfold":  # too many to be seen by every fold
        used = used.but(held_out="split")
    if used.difference == "ssim" and used.model in WITHOUT_RECONSTRUCTION:
        raise RecipeError("ssim_needs", model=used.model)
    if used.limit == "tail" and good.labelled:
        raise RecipeError("tail_alone", what=Notice("tail_with_labels"))
    if used.model == "cvae" and not good.labelled:
        raise DatasetError("labels_needed")
    return used


def _judges(
    good: GoodPictures, measures: Sequence[FoldMeasures], scores: Scores, recipe: Recipe
) -> tuple[LabelJudge, ...]:
    """How the pictures of each label are judged."""
    windows = good.preparation.count
    calibrations = calibrations_of(scores, recipe)
    return tuple(
        LabelJudge(name, tuple(one.final for one in measures[n * windows :][:windows]), own)
        for n, (name, own) in enumerate(zip(good.names, calibrations, strict=True))
    )


def _temperature(good: GoodPictures, scores: Scores) -> float:
    if not good.labelled:
        return 1.0
    return fit_temperature(resemblance(scores.under_each), scores.labels)


def _shown(good: GoodPictures, recipe: Recipe, progress: Progress) -> ShownReconstruction | None:
    if recipe.model != "feature":
        return None
    kept = ~good.apart
    return learn_shown(good.pictures[kept], good.numbers[kept], recipe, progress)


# --- what people should know of it -------------------------------------------------------------


def _remarks(good: GoodPictures, scores: Scores, recipe: Recipe) -> list[Notice]:
    remarks = _confused(good.names, scores)
    count, rest = len(good.labels), len(good.rest)
    if rest and recipe.held_out == "none":
        remarks.append(Notice("learned_only", learned=count, given=len(good.each)))
    elif rest:
        remarks.append(Notice("learned_from_part", learned=count, rest=rest))
    shrinkage = recipe.mt.shrinkage
    if recipe.model == "mt" and shrinkage:
        count = int(np.bincount(good.numbers[~good.apart]).min())
        items = int(np.prod(good.inputs.shape[1:]))
        remarks.append(Notice("mt_few", pictures=count, items=items, share=shrinkage))
    return remarks


def _confused(names: Sequence[str], scores: Scores) -> list[Notice]:
    """Which labels look most like others to a model that has not seen the pictures."""
    nearest = resemblance(scores.under_each).argmin(axis=1)
    found = []
    for own, label in enumerate(names):
        inside = nearest[scores.labels == own]
        for other, name in enumerate(names):
            count = int((inside == other).sum())
            if other != own and count:
                told = {"label": label, "other": name, "count": count, "n": len(inside)}
                found.append((count / len(inside), Notice("confused", **told)))
    found.sort(key=lambda one: -one[0])
    pairs = [notice for _, notice in found[:_MOST_CONFUSED]]
    if not pairs:
        return []
    code = "labels_not_told_apart" if found[0][0] >= _NOT_TOLD_APART else "labels_confused"
    return [Notice(code, pairs=pairs)]


def _suspects(
    good: GoodPictures,
    scores: Scores,
    judges: Sequence[LabelJudge],
    recipe: Recipe,
    progress: Progress,
) -> list[Notice]:
    """The pictures that may be no good parts, and what the limit would be without them."""
    cheap = not (good.rest or good.preparation.tiles or recipe.model in NETWORKS)
    # Where every picture has a score: by folds, or of very many those that gave the limit.
    scored = [one for one in good.each if not (good.rest and one.learned)]
    if not cheap and (len(scored) != len(scores.labels) or recipe.held_out == "none"):
        return []
    progress(say("stage_suspects"), 1, 1)
    known = scores.own if len(scores.labels) == len(good.labels) else None
    values = suspicion(good, recipe, silent, known) if cheap else scores.own
    odd = [one for one in unlike(scored, values) if (one.p_value or 0) <= FALSE_ALARM]
    if not odd:
        return []
    names = [one.picture for one in odd]
    more = [] if len(names) <= _MOST_NAMED else ["…"]
    told = {
        "names": ", ".join(names[:_MOST_NAMED] + more),
        "options": without_options(names[:_MOST_NAMED]),
    }
    limits = _limits_without(good, odd, judges, recipe) if cheap else []
    before, after = max(limits, key=lambda pair: pair[0] / max(pair[1], 1e-12), default=(0.0, 0.0))
    if before <= after:  # unknown, or they did not raise it
        return [Notice("suspects", **told)]
    return [Notice("suspects_limit", **told, limit=before, without=after)]


def _limits_without(
    good: GoodPictures, odd: Sequence[Finding], judges: Sequence[LabelJudge], recipe: Recipe
) -> list[tuple[float, float]]:
    """Of each label the limit, and what it would be had these pictures not been learned."""
    out = {id(one.source) for one in odd}
    others = good.without(np.array([id(one.source) in out for one in good.each]))
    counts = np.bincount(others.labels, minlength=len(good.names))
    if recipe.held_out == "none" or counts.min() < LEAST_PICTURES:
        return []
    apart = int(others.apart.sum()) // others.preparation.count
    held = apart if recipe.held_out == "split" else len(others.labels)
    if recipe.limit == "tail" and held < LEAST_OF_TAIL:
        return []
    learned = learn_held_out(others, recipe, silent)
    again = _judges(others, learned.measures, learned.scores, learned.recipe)
    return [
        (one.calibration.limit, other.calibration.limit)
        for one, other in zip(judges, again, strict=True)
        if one.calibration and other.calibration
    ]


def _previews(good: GoodPictures, spreads: Sequence[Floats]) -> dict[str, bytes]:
    """The mean good picture, where good pictures vary (white: most), and the compression.

    spreads: (h, w) of each window, by how much good pictures vary.
    """
    windows = range(good.preparation.count)

    means = [good.pictures[n :: len(windows)].mean(axis=0) for n in windows]
    spread = _laid_out(good.preparation, spreads)
    previews = {
        "mean.png": _png(_laid_out(good.preparation, means)),
        "variation.png": _png(spread / max(float(spread.max()), 1e-9)),
    }
    steps = good.preparation.steps(good.pictures[0])
    for number, step in enumerate(steps[1:], start=1):
        previews[f"step{number}.png"] = _png(np.concatenate([step[..., :1], step[..., 1:]], axis=1))
    return previews


def _laid_out(preparation: Preparation, maps: Sequence[Floats]) -> Floats:
    """Windows beside one another; tiles where they are in the picture."""
    frame = preparation.frame
    if not preparation.tiles or frame is None:
        return np.concatenate(maps, axis=1)
    size = (maps[0].shape[0], maps[0].shape[1])
    to_picture = [from_rectangle(tile, size) for tile in preparation.tiles]
    return in_picture(np.stack(maps), to_picture, frame, reduced(frame, _LONGEST_PREVIEW))[0]


def _png(values: Floats) -> bytes:
    pixels = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    return encode(pixels.squeeze(), "PNG")
