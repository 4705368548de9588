"""Examines good pictures before they are learned from: what of them is odd, and what is missing."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.dataset import find_labelled, find_pictures
from kenpin.errors import DatasetError
from kenpin.findings import FALSE_ALARM, Finding, Kind, findings_of, in_test, tail, unlike
from kenpin.held_out import (
    FOLDS,
    assign_folds,
    cross_fit,
    measures_of,
    scored,
    seen_by,
)
from kenpin.judge import percent, pictures_needed
from kenpin.manifest import Layout
from kenpin.material import Material, read_good
from kenpin.models import Labels, learn_model
from kenpin.reading import Given, LabelsGiven, looks_at, tested_beside
from kenpin.recipe import Recipe
from kenpin.types import Floats, PictureSource, Progress

_LISTED = 10
_GROSS, _MOST_GROSS = 0.001, 0.2


@dataclass(frozen=True, eq=False)
class Examination:
    """What was found.

    count: usable pictures. findings: everything odd. suspects: the pictures most unlike the
    others, most unlike first, whether or not they are odd enough to be findings. false_alarm: the
    share of good pictures that each search calls odd.
    """

    count: int
    findings: tuple[Finding, ...]
    suspects: tuple[Finding, ...]
    false_alarm: float

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
        raise DatasetError(messages.FALSE_ALARM.format(value=false_alarm))
    recipe = (recipe or Recipe()).but(model="pca", held_out="kfold", compression={}).settled()
    progress = progress or (lambda *_: None)
    material = read_good(good, labels, recipe, progress, layout)
    found = [
        *_left_out(material),
        *findings_of(material.looks, false_alarm),
        *_too_few(material, recipe),
    ]
    tested = _tested(good, test, layout)
    if tested:
        found += in_test(material.looks, looks_at(tested, material.preparation, progress))
    looks = [look for look in material.looks if look.learned]
    looks += [look for look in material.looks if not look.learned]
    suspects = unlike(looks, _suspicion(material, recipe, progress))
    found += [finding for finding in suspects if (finding.p_value or 0) <= false_alarm]
    return Examination(len(material.looks), tuple(found), tuple(suspects[:_LISTED]), false_alarm)


def _suspicion(material: Material, recipe: Recipe, progress: Progress) -> NDArray[np.float64]:
    """(N,) how unlike the others each picture is to a model that has not seen it.

    Those that are kept first, then the rest, if they are too many for one model. What is grossly
    odd, such as a blank picture, bends the model; then the others are looked at again without it.
    """
    recipe = recipe.but(size=material.preparation.size, color=material.preparation.color)
    kept = len(material.labels)
    gross = np.zeros(kept, bool)
    scores = _scores(material, recipe, gross, progress)
    for label in range(len(material.names)):
        own = np.flatnonzero(material.labels == label)
        gross[own] = tail(np.log(np.maximum(scores[own], 1e-12))) <= _GROSS
    if 0 < gross.sum() <= _MOST_GROSS * kept:
        return _scores(material, recipe, gross, progress)
    return scores


def _scores(
    material: Material, recipe: Recipe, without: NDArray[np.bool_], progress: Progress
) -> NDArray[np.float64]:
    """(N,) scores under the own label by models that learned from none of `without`, (kept,)."""
    windows, labels = material.preparation.count, len(material.names)
    out = np.repeat(without, windows)
    prepared, numbers = material.prepared[~out], material.numbers[~out]
    recipe, folds = assign_folds(prepared, numbers, windows, recipe.but(folds=FOLDS))
    cross = cross_fit(prepared, numbers, folds, windows, recipe, progress, under_others=False)
    ignored = material.preparation.ignored_at
    measures = [
        measures_of(cross, recipe, number, ignored(number % windows))
        for number in range(windows * labels)
    ]
    scores = np.empty(len(without))
    scores[~without] = scored(cross, measures, recipe).own
    if not material.rest and not without.any():
        return scores
    model = learn_model(prepared, recipe, progress, numbers if windows * labels > 1 else None)
    final = [one.alone for one in measures]

    def outside(batch: Floats, own: Labels) -> NDArray[np.float64]:
        seen = seen_by(model, batch, own, windows, labels, under_others=False)
        return scored(seen, final, recipe).own

    if without.any():
        scores[without] = outside(material.prepared[out], material.numbers[out])
    return np.concatenate([scores, *(outside(*batch) for batch in material.batches(progress))])


def _left_out(material: Material) -> list[Finding]:
    return [
        Finding(
            Kind.COPY if item.duplicate else Kind.UNREADABLE,
            item.name,
            item.reason,
            source=item.source,
        )
        for item in material.left_out
    ]


def _too_few(material: Material, recipe: Recipe) -> list[Finding]:
    needed = pictures_needed(recipe.false_reject, 2 if material.labelled else 1)
    counts = Counter(look.label for look in material.looks)
    return [
        Finding(
            Kind.TOO_FEW,
            label,
            messages.TOO_FEW_TO_PROMISE.format(
                count=count, needed=needed, rate=percent(recipe.false_reject)
            ),
        )
        for label, count in counts.items()
        if count < needed
    ]


def _tested(good: Given, test: str | Path | None, layout: Layout | None) -> list[PictureSource]:
    """The test pictures: as told, or those of MVTec's layout."""
    if test is None:
        return tested_beside(good)
    try:
        return [item.source for item in find_labelled(test, layout)]
    except DatasetError:  # it does not say which are good, which does not matter here
        return find_pictures(test, layout)
