"""The review desk: what waits for a person's word, one part after the other."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from kenpin.record import (
    Filter,
    Word,
    add_review,
    between,
    day_of,
    known_kinds,
    to_review,
    wrong_shares,
)
from kenpin.station.histories import one
from kenpin.station.office import STATION
from kenpin.station.visit import Fields, Right, Visit

router = APIRouter()
_LOOKED_AT = 200  # of those that wait, for one that nobody else has before him
_MOST_KINDS = 9  # each has a key

Review = Annotated[Visit, Depends(Right("review"))]


@router.get("/review")
def next_one(visit: Review, before: UUID | None = None) -> Response:
    """The next that nobody else looks at. before: the one that was just reviewed."""
    leases, name = visit.office.leases, visit.user.name
    rows = to_review(visit.office.engine, _LOOKED_AT)
    row = next((row for row in rows if leases.take(row["id"], name)), None)
    return _desk(visit, row, before)


@router.get("/review/numbers")
def numbers(visit: Review) -> Response:
    """How many good parts were rejected and NG passed, of today's that people looked at."""
    since, until = between(day_of(None))
    false_rejects, escapes = wrong_shares(visit.office.engine, Filter(since=since, until=until))
    return visit.page("numbers", false_rejects=false_rejects, escapes=escapes)


@router.get("/review/{identity}")
def this_one(visit: Review, identity: UUID) -> Response:
    """One that is looked at again."""
    return _desk(visit, one(visit, identity), None)


@router.post("/review/{identity}")
def say_it(visit: Review, identity: UUID, fields: Fields) -> Response:
    """Good, NG with or without a kind, left for later, or what was said is taken back."""
    leases = visit.office.leases
    if fields.get("word") == "later":
        leases.put_last(identity, visit.user.name)
        return visit.go("/review")
    said = Word(fields.get("word", ""), fields.get("kind") or None, None,
                fields.get("comment") or None)  # fmt: skip
    with visit.office.writing() as connection:
        add_review(connection, identity, said, visit.user.name, STATION)
    if said.word == "undone":
        leases.take(identity, visit.user.name)
        return visit.go(f"/review/{identity}")
    leases.give_back(identity)
    return visit.go(f"/review?before={identity}")


def _desk(visit: Visit, row: dict[str, Any] | None, before: UUID | None) -> Response:
    with visit.office.reading() as connection:
        kinds = known_kinds(connection)[:_MOST_KINDS]
    return visit.page("review", row=row, before=before, kinds=kinds)
