"""The next release from what people said of the one in use: proposed, and learned beside.

It is a draft like any other: nothing is replaced by itself.
"""

import hashlib
from collections.abc import Callable, Sequence
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
from kenpin.record import (
    Filter,
    Job,
    Pictures,
    Place,
    Release,
    add_release,
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
from kenpin.sources import Labelled
from kenpin.station.lessons import Desk
from kenpin.station.office import STATION
from kenpin.system import write_atomically
from kenpin.types import Outcome, Progress

Finish = Callable[[sql.Connection], None]
LEARN, IMPROVE = "learn", "improve"
_ENOUGH = 3  # parts that were judged wrongly, from which on it is worth while
_NEAR = 0.1  # of the picture's diagonal: so near is the same place
_REJECTED = (Outcome.NG.value, Outcome.REVIEW.value, Outcome.WRONG_PART.value)
_MOST_JOBS = 1000
_LATEST = 100  # pictures of the line
_MOST_SHOWN = 500


@dataclass(frozen=True)
class Proposal:
    """What a release got wrong, by what people said. rejected: good parts that were not OK; alike:
    how many of them are marked at about one place; escaped: NG that were OK.
    """

    rejected: int
    alike: int
    escaped: int


@dataclass(frozen=True)
class _Known:
    """The files that can be learned from: good ones, and NG."""

    release: Release
    rejected: list[Path]
    good: list[Path]
    ng: list[Path]
    taught: list[Path]  # what the release in use was learned from, where a lesson has it
    measured: list[Labelled] | list[Path]  # the newest frozen set, else what the line saw last


def propose(connection: sql.Connection, kept: Pictures, release: Release) -> Proposal | None:
    """Whether to learn from what a release got wrong; None where that is too little."""
    rejected = confirmed(connection, kept, _judged(release, *_REJECTED))
    good = [one.inspection for one in rejected if one.good]
    passed = confirmed(connection, kept, _judged(release, Outcome.OK.value))
    escaped = sum(not one.good for one in passed)
    if len(good) + escaped < _ENOUGH:
        return None
    return Proposal(len(good), _alike(connection, good), escaped)


def _judged(release: Release, *outcomes: str) -> Filter:
    return Filter(part=release.part, release=release.hash, outcomes=outcomes)


def _alike(connection: sql.Connection, rows: Sequence[UUID]) -> int:
    """Of the worst place in each, how many lie together at most."""
    worst = [places[0] for row in rows if (places := regions_of(connection, row))]
    centres = [(one["x"] + one["width"] / 2, one["y"] + one["height"] / 2) for one in worst]
    if not centres:
        return 0
    far = _NEAR * max(dist((0, 0), one) for one in centres)
    return max(sum(dist(one, other) <= far for other in centres) for one in centres)


def improve(place: Place, job: Job, progress: Progress) -> tuple[dict[str, Any], Finish]:
    """Learn it each way that is possible, and keep the one that is better on the frozen set."""
    known = _known(place, job)
    before = Inspector.open(place.folder / known.release.file)
    tried: list[dict[str, Any]] = []
    best: tuple[tuple[float, ...], str, Bundle, Comparison] | None = None
    for name, way in _ways(known, place, before.bundle, progress).items():
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
        raise RecordError("improve_none", part=known.release.part)
    _, way_taken, bundle, found = best
    return _draft(place, job, bundle, compared(found) | {"way": way_taken, "tried": tried})


def _ways(
    known: _Known, place: Place, bundle: Bundle, progress: Progress
) -> dict[str, Callable[[], Bundle]]:
    """By code: what is tried, the cheapest first, which is kept where others are no better."""
    every = [*known.taught, *known.rejected, *known.good]

    def anew(ng: list[Path] | None) -> Bundle:
        return with_sight(learn(every, bundle.recipe, progress, ng=ng), every, progress)

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
        taught = _taught(connection, place, release)
    good = [one.path for one in told if one.good and one.path not in rejected]
    return _Known(release, rejected, good, [one.path for one in told if not one.good], taught,
                  measured)  # fmt: skip


def _taught(connection: sql.Connection, place: Place, release: Release) -> list[Path]:
    """The pictures of the lesson that a release, or the one that it grew from, was learned in."""
    for job in list_jobs(connection, _MOST_JOBS):
        if (job.result or {}).get("hash") != release.hash:
            continue
        if job.kind == LEARN:
            try:
                return Desk(place.folder, UUID(job.told["lesson"])).pictures()
            except RecordError:
                return []
        if job.kind == IMPROVE and job.told["release"] != release.hash:
            older = find_release(connection, job.told["release"], release.part)
            return _taught(connection, place, older)
    return []


def _draft(
    place: Place, job: Job, bundle: Bundle, told: dict[str, Any]
) -> tuple[dict[str, Any], Finish]:
    content, file = bundle.to_bytes(), place.folder / f"{job.id}.kenpin"
    write_atomically(file, content)
    part = job.told["part"]
    result = told | {"part": part, "hash": hashlib.sha256(content).hexdigest(),
                     "learned": len(bundle.provenance.pictures)}  # fmt: skip

    def release(connection: sql.Connection) -> None:
        add_release(connection, place.folder, file, part, job.who, STATION)
        file.unlink(missing_ok=True)  # it is in the store now

    return result, release


def _worth(found: Comparison) -> tuple[float, ...]:
    """Low is better: of the frozen set the share that escapes, then that of false rejects. Without
    one nothing is better than another.
    """
    known = [rates[1] for rates in (found.escape, found.false_reject) if rates is not None]
    return tuple(one.errors / one.n if one.n else 0.0 for one in known)


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
