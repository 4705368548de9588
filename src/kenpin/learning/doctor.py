"""Examines good pictures before they are learned from: what of them is odd, and what is missing."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import DatasetError
from kenpin.judge import pictures_needed
from kenpin.learning.calibrate import scores_of
from kenpin.learning.cross_fit import FOLDS, assign_folds, cross_fit, held_out_from, measures_of
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.oddities import FALSE_ALARM, Finding, Kind, findings_of, in_test, tail, unlike
from kenpin.learning.read import Given, LabelsGiven, read_good_pictures, read_known, read_tested
from kenpin.models import Labels, learn_model
from kenpin.prepare import Depth
from kenpin.recipe import Recipe
from kenpin.sources import Layout, PictureSource, find_labelled, find_pictures
from kenpin.text import Notice
from kenpin.types import Floats, Progress

_LISTED = 10
_KIND_OF = {"duplicate": Kind.COPY, "depth_other": Kind.MODE}  # else it could not be read
_GROSS, _MOST_GROSS = 0.001, 0.2


@dataclass(frozen=True, eq=False)
class Examination:
    """What was found.

    count: usable pictures. findings: everything odd. suspects: the pictures most unlike the
    others, most unlike first, whether or not they are odd enough to be findings. false_alarm: the
    share of good pictures that each search calls odd. depth: of the pictures.
    """

    count: int
    findings: tuple[Finding, ...]
    suspects: tuple[Finding, ...]
    false_alarm: float
    depth: Depth

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "pictures": self.count,
            "false_alarm": self.false_alarm,
            "findings": [finding.to_dict() for finding in self.findings],
            "suspects": [finding.to_dict() for finding in self.suspects],
        }


def examine(
    good: Given,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    labels: LabelsGiven = None,
    test: str | Path | None = None,
    layout: Layout | None = None,
    false_alarm: float = FALSE_ALARM,
) -> Examination:
    """Look for what should not be among good pictures.

    good, labels, layout: as in `kenpin.learn`. test: pictures that must not be the same pieces: a
    folder, a table, or in MVTec layout its test folder; left out, those of the layout that the good
    pictures are in, if it is one. recipe: how they would be prepared, and the false reject rate to
    be promised. false_alarm: in (0, 0.5], the share of good pictures called odd by each search.

    Raises DatasetError when there are too few pictures to say anything.
    """
    if not 0 < false_alarm <= 0.5:
        raise DatasetError("false_alarm", value=false_alarm)
    recipe = (recipe or Recipe()).but(model="pca", held_out="kfold", compression={}).settled()
    progress = progress or (lambda *_: None)
    pictures = read_good_pictures(good, labels, recipe, progress, layout)
    found = [
        *_left_out(pictures),
        *findings_of(pictures.each, false_alarm),
        *_too_few(pictures, recipe),
    ]
    if test is None:
        tested = read_tested(good, pictures.preparation, progress)
    else:
        tested = read_known(_sources_of(test, layout), pictures.preparation, progress)
    found += in_test(pictures.each, tested)
    ordered = sorted(pictures.each, key=lambda one: not one.learned)
    suspects = unlike(ordered, _suspicion(pictures, recipe, progress))
    found += [finding for finding in suspects if (finding.p_value or 0) <= false_alarm]
    shown = tuple(suspects[:_LISTED])
    depth = pictures.preparation.depth
    return Examination(len(pictures.each), tuple(found), shown, false_alarm, depth)


def _suspicion(pictures: GoodPictures, recipe: Recipe, progress: Progress) -> NDArray[np.float64]:
    """(N,) how unlike the others each picture is to a model that has not seen it.

    Those that are kept first, then the rest, if they are too many for one model. What is grossly
    odd, such as a blank picture, bends the model; then the others are looked at again without it.
    """
    recipe = recipe.but(size=pictures.preparation.size, color=pictures.preparation.color)
    kept = len(pictures.labels)
    gross = np.zeros(kept, bool)
    scores = _scores(pictures, recipe, gross, progress)
    for label in range(len(pictures.names)):
        own = np.flatnonzero(pictures.labels == label)
        gross[own] = tail(np.log(np.maximum(scores[own], 1e-12))) <= _GROSS
    if 0 < gross.sum() <= _MOST_GROSS * kept:
        return _scores(pictures, recipe, gross, progress)
    return scores


def _scores(
    pictures: GoodPictures, recipe: Recipe, without: NDArray[np.bool_], progress: Progress
) -> NDArray[np.float64]:
    """(N,) scores under the own label by models that learned from none of `without`, (kept,)."""
    windows, labels = pictures.preparation.count, len(pictures.names)
    out = np.repeat(without, windows)
    inputs, numbers = pictures.inputs[~out], pictures.numbers[~out]
    recipe, folds = assign_folds(inputs, numbers, windows, recipe.but(folds=FOLDS))
    cross = cross_fit(inputs, numbers, folds, windows, recipe, progress, under_others=False)
    ignored = [pictures.preparation.ignored_at(n, pictures.grid) for n in range(windows)]
    measures = [
        measures_of(cross, recipe, number, ignored[number % windows])
        for number in range(windows * labels)
    ]
    scores = np.empty(len(without))
    scores[~without] = scores_of(cross, measures, recipe).own
    if not pictures.rest and not without.any():
        return scores
    model = learn_model(inputs, recipe, progress, numbers if windows * labels > 1 else None)
    final = [one.alone for one in measures]

    def outside(batch: Floats, own: Labels) -> NDArray[np.float64]:
        seen = held_out_from(model, batch, own, windows, labels, under_others=False)
        return scores_of(seen, final, recipe).own

    if without.any():
        scores[without] = outside(pictures.inputs[out], pictures.numbers[out])
    return np.concatenate([scores, *(outside(*batch) for batch in pictures.batches(progress))])


def _left_out(pictures: GoodPictures) -> list[Finding]:
    return [
        Finding(
            _KIND_OF.get(item.reason.code, Kind.UNREADABLE),
            item.name,
            item.reason,
            source=item.source,
        )
        for item in pictures.left_out
    ]


def _too_few(pictures: GoodPictures, recipe: Recipe) -> list[Finding]:
    needed = pictures_needed(recipe.false_reject, 2 if pictures.labelled else 1)
    counts = Counter(one.label for one in pictures.each)
    return [
        Finding(
            Kind.TOO_FEW,
            label,
            Notice("too_few_to_promise", count=count, needed=needed, rate=recipe.false_reject),
        )
        for label, count in counts.items()
        if count < needed
    ]


def _sources_of(test: str | Path, layout: Layout | None) -> list[PictureSource]:
    try:
        return [item.source for item in find_labelled(test, layout)]
    except DatasetError:  # it does not say which are good, which does not matter here
        return find_pictures(test, layout)
