"""What workers do, by kind of job."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sql

from kenpin.assurance import plan
from kenpin.errors import RecordError
from kenpin.evaluation import compare
from kenpin.inspection import Inspector
from kenpin.learning import examine, learn, with_sight
from kenpin.record import (
    Job,
    Pictures,
    Place,
    add_event,
    back_up,
    cancel_job,
    find_release,
    labelled_set,
    latest_pictures,
    one_sentence,
    place_of,
    reading,
    writing,
)
from kenpin.station.drafts import Finish, draft
from kenpin.station.improving import IMPROVE, LEARN, compared, improve
from kenpin.station.lessons import Desk
from kenpin.station.office import STATION
from kenpin.station.reports import DRIFT, REPORT, drifted, report
from kenpin.types import Progress

Work = Callable[[Place, Job, Progress], tuple[dict[str, Any], Finish | None]]
"""Gives what came of it, and what is written together with that, all or nothing."""

COMPARE, CHECK, PLAN, BACKUP = "compare", "check", "plan", "backup"
_HALF = ".part"


def _compare(place: Place, job: Job, progress: Progress) -> tuple[dict[str, Any], None]:
    """Two releases on a frozen set, or on the latest pictures of the line."""
    told, kept = job.told, Pictures(place.folder)
    pictures: Any
    with reading(place) as engine, one_sentence(place), engine.connect() as connection:
        both = [find_release(connection, told[name], told["part"]) for name in ("before", "after")]
        if told.get("set"):
            pictures = labelled_set(connection, kept, told["part"], told["set"], told["version"])
        else:
            pictures = latest_pictures(connection, kept, told["part"], told["most"])
    if not pictures:
        raise RecordError("compare_none", part=told["part"])
    before, after = (Inspector.open(place.folder / one.file) for one in both)
    return compared(compare(before, after, pictures, progress)), None


def _check(place: Place, job: Job, progress: Progress) -> tuple[dict[str, Any], None]:
    """The data doctor on a lesson's pictures."""
    desk = Desk(place.folder, UUID(job.told["lesson"]))
    found = examine(desk.pictures(), desk.recipe(), progress)
    why: dict[str, list[dict[str, Any]]] = {}
    for one in found.findings:
        why.setdefault(Path(one.picture).name, []).append(one.detail.to_dict())
    suspects = [{"stored": stored, "why": told} for stored, told in why.items()]
    return {"pictures": found.count, "suspects": suspects}, None


def _learn(place: Place, job: Job, progress: Progress) -> tuple[dict[str, Any], Finish]:
    """A draft of the lesson's part; nobody's line uses it yet."""
    desk = Desk(place.folder, UUID(job.told["lesson"]))
    lesson, pictures = desk.lesson, desk.pictures()
    bundle = with_sight(learn(pictures, desk.recipe(), progress), pictures, progress)
    told = {"pictures": len(bundle.provenance.pictures)}
    return draft(place, job, lesson.part, bundle, told)


def _plan(place: Place, job: Job, progress: Progress) -> tuple[dict[str, Any], None]:
    """What more pictures of a lesson would bring."""
    desk = Desk(place.folder, UUID(job.told["lesson"]))
    return plan(desk.pictures(), desk.recipe(), progress).to_dict(), None


def _backup(place: Place, job: Job, _: Progress) -> tuple[dict[str, Any], Finish]:
    """The record in a folder of its own; under its name only once it is whole."""
    began = datetime.fromtimestamp(job.at / 1000)
    folder = Path(job.told["folder"]) / f"{began:%Y%m%d-%H%M%S}-{job.id.hex[-6:]}"
    for half in folder.parent.glob(f"{'[0-9]' * 8}-{'[0-9]' * 6}-*{_HALF}"):
        shutil.rmtree(half)  # of a worker that ended under it
    if not folder.exists():  # else only the word that it is there was lost
        half = folder.with_name(folder.name + _HALF)
        back_up(place, half)
        if place.is_sqlite:  # where the copy is used one day, this job is not to be gone on with
            with writing(place_of(half)) as connection:
                cancel_job(connection, job.id, job.who, STATION)
        half.rename(folder)

    def finish(connection: sql.Connection) -> None:
        add_event(connection, "backup", {"folder": folder.name}, job.who, STATION)

    return {"folder": folder.name, "with_rows": place.is_sqlite}, finish


LANES: dict[str, dict[str, Work]] = {
    "long": {COMPARE: _compare, CHECK: _check, LEARN: _learn, IMPROVE: improve, PLAN: _plan,
             BACKUP: _backup},
    "short": {REPORT: report, DRIFT: drifted},
}  # fmt: skip
"""One worker each, so that nobody waits for a report while a part is learned."""
