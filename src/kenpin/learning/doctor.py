"""Examines good pictures before they are learned from: what of them is odd, and what is missing."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kenpin.errors import DatasetError
from kenpin.judge import pictures_needed
from kenpin.learning.burnt_in import burnt_in
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.oddities import FALSE_ALARM, Finding, Kind, findings_of, in_test, unlike
from kenpin.learning.read import Given, LabelsGiven, read_good_pictures, read_known, read_tested
from kenpin.learning.suspects import as_searched, suspicion
from kenpin.prepare import Depth
from kenpin.recipe import Recipe
from kenpin.sources import Layout, PictureSource, find_labelled, find_pictures
from kenpin.text import Notice
from kenpin.types import Progress

_LISTED = 10
_KIND_OF = {"duplicate": Kind.COPY, "depth_other": Kind.MODE}  # else it could not be read


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
    recipe = as_searched(recipe or Recipe())
    progress = progress or (lambda *_: None)
    pictures = read_good_pictures(good, labels, recipe, progress, layout)
    found = [
        *_left_out(pictures),
        *findings_of(pictures.each, false_alarm),
        *_too_few(pictures, recipe),
        *_texts(pictures),
    ]
    if test is None:
        tested = read_tested(good, pictures.preparation, progress)
    else:
        tested = read_known(_sources_of(test, layout), pictures.preparation, progress)
    found += in_test(pictures.each, tested)
    ordered = sorted(pictures.each, key=lambda one: not one.learned)
    suspects = unlike(ordered, suspicion(pictures, recipe, progress))
    found += [finding for finding in suspects if (finding.p_value or 0) <= false_alarm]
    shown = tuple(suspects[:_LISTED])
    depth = pictures.preparation.depth
    return Examination(len(pictures.each), tuple(found), shown, false_alarm, depth)


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


def _texts(pictures: GoodPictures) -> list[Finding]:
    """Places that change like text, and are to be ignored."""
    ignored = pictures.preparation.ignored
    if ignored is not None:  # they may be among those, and the rest is known
        return []
    return [
        Finding(Kind.TEXT, "", Notice("text_at", ignore=[list(place)]))
        for place in burnt_in(pictures.each, pictures.preparation.depth)
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
