"""The first visit: from nothing to a part that the line judges, step by step.

Nothing is kept of it: how far one is, is seen from the record and the line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import sqlalchemy as sql
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from kenpin.record import Filter, count, in_use, list_jobs, list_releases
from kenpin.station.improving import LEARN
from kenpin.station.lessons import Lesson, list_lessons
from kenpin.station.office import Office
from kenpin.station.visit import Right, Visit
from kenpin.station.work import CHECK

router = APIRouter()
WANTED = 30  # pictures to begin with
_MOST_JOBS = 500

Look = Annotated[Visit, Depends(Right("look"))]
Text = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True)
class Step:
    """code: of its sentence. address: where it is done, by somebody with this right."""

    code: str
    done: bool
    address: str
    right: str


@router.get("/tour")
def tour(visit: Look, part: Text = "") -> Response:
    """How far a part is, and what is next. part: left out, the first of the line without a release
    in use.
    """
    office = visit.office
    with office.reading() as connection:
        parts = {one: in_use(connection, one) is not None for one in _parts(office)}
        part = part or next((one for one, used in parts.items() if not used), "")
        steps = list(_steps(office, connection, part)) if part else []
    following = next((one for one in steps if not one.done), None)
    return visit.page("tour", parts=parts, part=part, steps=steps, following=following,
                      wanted=WANTED)  # fmt: skip


def _parts(office: Office) -> list[str]:
    """Those of the line, each once."""
    every = (one for screen in office.screens.values() for one in screen.settings.parts.values())
    return list(dict.fromkeys(every))


def _steps(office: Office, connection: sql.Connection, part: str) -> Iterator[Step]:
    identity, lesson = next(
        ((key, one) for key, one in list_lessons(office.place.folder) if one.part == part),
        (None, None),
    )
    address = f"/teach/{identity}" if identity else "/teach"
    done = _done_jobs(connection, identity)
    states = {one.state for one in list_releases(connection, part)}
    yield Step("begin", lesson is not None or bool(states), "/teach", "teach")
    yield Step("pictures", _count(lesson) >= WANTED or bool(states), address, "teach")
    yield Step("doubts", CHECK in done or bool(states), address, "teach")
    yield Step("learn", LEARN in done or bool(states), address, "teach")
    yield Step("ask", bool(states & {"requested", "approved", "in_use"}), "/releases", "release")
    yield Step("approve", bool(states & {"approved", "in_use"}), "/releases", "approve")
    yield Step("use", "in_use" in states, "/releases", "approve")
    yield Step("change", _runs(office, part), "/live", "run")
    yield Step("judge", count(connection, Filter(part=part)) > 0, "/live", "look")


def _count(lesson: Lesson | None) -> int:
    return len(lesson.names) - len(lesson.left_out) if lesson is not None else 0


def _done_jobs(connection: sql.Connection, lesson: UUID | None) -> set[str]:
    return {one.kind for one in list_jobs(connection, _MOST_JOBS)
            if one.state == "done" and one.told.get("lesson") == str(lesson)}  # fmt: skip


def _runs(office: Office, part: str) -> bool:
    """Whether a station of the line has it prepared."""
    return any(screen.latest.get("part") is not None and screen.part == part
               for screen in office.screens.values())  # fmt: skip
