"""Every part again: a list that can be searched, and all about one of them."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from kenpin.errors import DatasetError
from kenpin.record import (
    COLUMNS,
    Filter,
    between,
    day_of,
    found,
    plain_row,
    regions_of,
    words_on,
)
from kenpin.station.evidence import PANELS, panel_of
from kenpin.station.visit import Right, Visit
from kenpin.text import inert
from kenpin.types import Outcome

router = APIRouter()
_AT_ONCE = 50  # rows of a page
_MOST_ROWS = 1_000_000  # of a table that is downloaded
OUTCOMES = tuple(outcome.value for outcome in Outcome)

Look = Annotated[Visit, Depends(Right("look"))]
Text = Annotated[str, Query(max_length=200)]


class Wanted:
    """The filters of an address: a link to it shows the same parts."""

    def __init__(
        self, part: Text = "", outcome: Text = "", lot: Text = "", serial: Text = "",
        station: Text = "", day: Text = "", reviewed: Text = "", before: Text = "",
    ) -> None:  # fmt: skip
        self.told = {"part": part, "outcome": outcome, "lot": lot, "serial": serial,
                     "station": station, "day": day, "reviewed": reviewed}  # fmt: skip
        self.told = {name: value.strip() for name, value in self.told.items()}
        self._before = before

    def filter(self) -> Filter:
        """Raises DatasetError for what is no day or no outcome."""
        told = self.told
        if told["outcome"] and told["outcome"] not in OUTCOMES:
            raise DatasetError("history_outcome", value=told["outcome"], known=", ".join(OUTCOMES))
        since, until = between(day_of(told["day"])) if told["day"] else (None, None)
        reviewed = {"yes": True, "no": False}.get(told["reviewed"])
        outcomes = (told["outcome"],) if told["outcome"] else ()
        return Filter(
            part=told["part"] or None, lot=told["lot"] or None, serial=told["serial"] or None,
            station=told["station"] or None, outcomes=outcomes, since=since, until=until,
            reviewed=reviewed, before=_place(self._before),
        )  # fmt: skip

    def address(self, path: str, **more: str) -> str:
        """Of the same parts, elsewhere."""
        told = {name: value for name, value in {**self.told, **more}.items() if value}
        return f"{path}?{urlencode(told)}" if told else path


def _place(before: str) -> tuple[int, int] | None:
    at, _, number = before.partition(".")
    known = at.isdecimal() and number.isdecimal() and len(before) < 40
    return (int(at), int(number)) if known else None


@router.get("/history")
def history(visit: Look, wanted: Annotated[Wanted, Depends()]) -> Response:
    """The newest first, a page at a time."""
    rows = list(found(visit.office.engine, wanted.filter(), _AT_ONCE + 1))
    more = None
    if len(rows) > _AT_ONCE:
        last = rows[_AT_ONCE - 1]
        more = wanted.address("/history", before=f"{last['at']}.{last['number']}")
    return visit.page("history", rows=rows[:_AT_ONCE], wanted=wanted, more=more, outcomes=OUTCOMES)


@router.get("/history.csv")
def history_csv(
    visit: Annotated[Visit, Depends(Right("export"))], wanted: Annotated[Wanted, Depends()]
) -> Response:
    """All of them as a table, a line at a time."""
    rows = found(visit.office.engine, wanted.filter(), _MOST_ROWS)
    headers = {"Content-Disposition": 'attachment; filename="history.csv"'}
    return StreamingResponse(_lines(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    yield "\N{BYTE ORDER MARK}"
    writer.writerow(COLUMNS)
    for row in rows:
        told = plain_row(row)
        writer.writerow([inert(told[name]) for name in COLUMNS])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def one(visit: Visit, identity: UUID) -> dict[str, Any]:
    """The row of a part. Raises HTTPException where there is none."""
    row = next(iter(found(visit.office.engine, Filter(ids=(identity,)))), None)
    if row is None:
        raise HTTPException(404)
    return row


@router.get("/part/{identity}")
def part(visit: Look, identity: UUID) -> Response:
    """Everything about one."""
    row = one(visit, identity)
    with visit.office.reading() as connection:
        regions, words = regions_of(connection, identity), words_on(connection, identity)
    return visit.page("part", row=row, told=plain_row(row), regions=regions, words=words)


@router.get("/picture/{identity}/{panel}")
def picture(visit: Look, identity: UUID, panel: str) -> Response:
    """preview, original, reconstruction or difference."""
    if panel not in PANELS:
        raise HTTPException(404)
    content, kind = panel_of(visit.office, one(visit, identity), panel)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(content, media_type=kind, headers=headers)
