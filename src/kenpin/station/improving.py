"""The next release from what people said of the one in use: proposed, and learned beside.

It is a draft like any other: nothing is replaced by itself.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import dist
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sql

from kenpin.errors import KenpinError, RecordError
from kenpin.evaluation import Comparison, compare
from kenpin.inspection import Inspector
from kenpin.judge import LEAST_NG
from kenpin.learning import add, learn, with_sight
from kenpin.part import Bundle
from kenpin.recipe import Recipe
from kenpin.record import (
    Filter,
    Job,
    Pictures,
    Place,
    Release,
    confirmed,
    find_release,
    labelled_set,
    latest_pictures,
    list_jobs,
    list_sets,
    one_sentence,
    reading,
    regions_of,
)
from kenpin.sources import Labelled, read_picture
from kenpin.station.drafts import Finish, draft
from kenpin.station.lessons import Desk
from kenpin.text import Notice
from kenpin.types import Outcome, Progress

LEARN, IMPROVE = "learn", "improve"
_ENOUGH = 3  # parts that were judged wrongly, from which on it is worth while
_NEAR = 30.0  # pixels: so near is the same place
_MOST_ALIKE = 200  # parts, the newest, whose places are compared
_REJECTED = (Outcome.NG.value, Outcome.REVIEW.value, Outcome.WRONG_PART.value)
_MOST_JOBS = 1000
_LATEST = 100  # pictures of the line
_MOST_SHOWN = 500


@dataclass(frozen=True)
class Proposal:
    """What a release got wrong, by what people said. rejected: good parts that were not OK, and are
    in no frozen set; alike: how many of them are marked at about one place; escaped: NG that were
    OK.
    """

    rejected: int
    alike: int
    escaped: int


@dataclass(frozen=True)
class _Known:
    """The files that can be learned from: good ones, and NG."""

    release: Release
    recipe: Recipe
    rejected: list[Path]
    good: list[Path]
    ng: list[Path]
    taught: list[Path]  # of what the release was learned from that which a lesson has
    measured: list[Labelled] | list[Path]  # the newest frozen set, else what the line saw last


def propose(connection: sql.Connection, kept: Pictures, release: Release) -> Proposal | None:
    """Whether to learn from what a release got wrong; None where that is too little."""
    rejected = confirmed(connection, kept, _judged(release, *_REJECTED))
    good = [one.inspection for one in rejected if one.good]
    passed = confirmed(connection, kept, _judged(release, Outcome.OK.value))
    escaped = sum(not one.good for one in passed)
    if len(good) + escaped < _ENOUGH or not (good or _lesson_of(connection, release)):
        return None
    return Proposal(len(good), _alike(connection, good[-_MOST_ALIKE:]), escaped)


def _judged(release: Release, *outcomes: str) -> Filter:
    return Filter(part=release.part, release=release.hash, outcomes=outcomes)


def _alike(connection: sql.Connection, rows: Sequence[UUID]) -> int:
    """Of the worst place in each, how many lie together at most."""
    worst = [places[0] for row in rows if (places := regions_of(connection, row))]
    centres = [(one["x"] + one["width"] / 2, one["y"] + one["height"] / 2) for one in worst]
    near = [sum(dist(one, other) <= _NEAR for other in centres) for one in centres]
    return max(near, default=0)


def improve(place: Place, job: Job, progress: Progress) -> tuple[dict[str, Any], Finish]:
    """Learn it each way that is possible, and keep the one that is better on the frozen set."""
    known = _known(place, job)
    before = Inspector.open(place.folder / known.release.file)
    tried: list[dict[str, Any]] = []
    best: tuple[tuple[float, ...], str, Bundle, Comparison] | None = None
    for name, way in _ways(known, before.bundle, progress).items():
        try:
            made = way()
            found = compare(before, Inspector(made), known.measured, progress)
        except KenpinError as error:
            tried.append({"way": name, "why": error.notice.to_dict()})
            continue
        tried.append({"way": name, **_rates(found)})
        worth = _worth(found)
        if best is None or worth < best[0]:
            best = worth, name, made, found
    if best is None:
        why = [Notice.of(one["why"]) for one in tried] or [Notice("improve_no_way")]
        raise RecordError("improve_none", part=known.release.part, why=why[-1])
    _, way_taken, bundle, found = best
    told = {"way": way_taken, "tried": tried, "learned": len(bundle.provenance.pictures)}
    return draft(place, job, known.release.part, bundle, compared(found) | told)


def _ways(known: _Known, bundle: Bundle, progress: Progress) -> dict[str, Callable[[], Bundle]]:
    """By code: what is tried, the cheapest first, which is kept where others are no better."""
    every = [*known.taught, *known.rejected, *known.good]

    def anew(ng: list[Path] | None) -> Bundle:
        return with_sight(learn(every, known.recipe, progress, ng=ng), every, progress)

    ways: dict[str, Callable[[], Bundle]] = {}
    if known.rejected:
        ways["add"] = lambda: add(bundle, known.rejected, progress)
    if known.taught:
        ways["anew"] = lambda: anew(None)
        if len(known.ng) >= LEAST_NG:
            ways["with_ng"] = lambda: anew(known.ng)
    return ways


def _known(place: Place, job: Job) -> _Known:
    kept, part = Pictures(place.folder), job.told["part"]
    with reading(place) as engine, one_sentence(place), engine.connect() as connection:
        release = find_release(connection, job.told["release"], part)
        told = confirmed(connection, kept, Filter(part=part))
        rejected = [one.path for one in confirmed(connection, kept, _judged(release, *_REJECTED))
                    if one.good]  # fmt: skip
        sets = list_sets(connection, part)
        measured = (labelled_set(connection, kept, part, sets[-1].name, sets[-1].version)
                    if sets else latest_pictures(connection, kept, part, _LATEST))  # fmt: skip
        lesson = _lesson_of(connection, release)
    good = [one.path for one in told if one.good and one.path not in rejected]
    recipe, taught = _taught(place, release, lesson)
    ng = [one.path for one in told if not one.good]
    return _Known(release, recipe, rejected, good, ng, taught, measured)


def _lesson_of(connection: sql.Connection, release: Release) -> UUID | None:
    """The lesson that a release, or the one that it grew from, was learned in."""
    for job in list_jobs(connection, _MOST_JOBS):
        if (job.result or {}).get("hash") != release.hash:
            continue
        if job.kind == LEARN:
            return UUID(job.told["lesson"])
        if job.kind == IMPROVE and job.told["release"] != release.hash:
            older = find_release(connection, job.told["release"], release.part)
            return _lesson_of(connection, older)
    return None


def _taught(place: Place, release: Release, lesson: UUID | None) -> tuple[Recipe, list[Path]]:
    """The recipe of a release, and of its lesson's pictures those that it has learned: what came
    into the lesson since then nobody has looked through.
    """
    bundle = Bundle.load(place.folder / release.file)
    recipe, learned = bundle.recipe, set(bundle.provenance.pictures)
    if lesson is not None:
        desk = Desk(place.folder, lesson)
        with suppress(RecordError):
            pictures = [path for path in desk.pictures() if read_picture(path).hash in learned]
            if recipe.ignore_mask is not None:  # a bundle keeps only the name of its file
                recipe = recipe.but(ignore_mask=str(desk.folder / recipe.ignore_mask))
            return recipe, pictures
    return recipe, []


def _worth(found: Comparison) -> tuple[float, ...]:
    """Low is better: of the frozen set the share that escapes, then that of false rejects. Without
    one that has NG nothing is better than another: what rejects least may find nothing.
    """
    if found.escape is None or found.false_reject is None or not found.escape[1].n:
        return ()
    return tuple(one.errors / max(1, one.n) for one in (found.escape[1], found.false_reject[1]))


def compared(found: Comparison) -> dict[str, Any]:
    """What the page of a comparison shows, in codes and numbers."""
    changed = [{"picture": Path(one.picture).stem, "was": one.was.value, "now": one.now.value,
                "kind": one.kind} for one in found.changed[:_MOST_SHOWN]]  # fmt: skip
    return {"pictures": found.pictures, "changes": len(found.changed), "changed": changed,
            **_rates(found)}  # fmt: skip


def _rates(found: Comparison) -> dict[str, Any]:
    return {name: [{"errors": one.errors, "n": one.n} for one in rates]
            for name, rates in (("false_reject", found.false_reject), ("escape", found.escape))
            if rates is not None}  # fmt: skip
