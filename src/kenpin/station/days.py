"""The report of a day, a week or a lot, and drift: asked for here, made as jobs."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, Response

from kenpin.record import (
    add_job,
    between,
    day_of,
    find_job,
    find_release,
    list_releases,
    stations_of,
)
from kenpin.station.office import STATION
from kenpin.station.reports import DRIFT, REPORT, page_of
from kenpin.station.visit import SELF_MADE, Fields, RefusedError, Right, Visit, whole_number
from kenpin.text import Notice

router = APIRouter()

Look = Annotated[Visit, Depends(Right("look"))]
Text = Annotated[str, Query(max_length=200)]
_LONGEST, _MOST_DAYS = 200, 3650
_FIRST, _LAST = date(1970, 1, 2), date(9998, 12, 30)


@router.get("/day")
def choose(visit: Look, day: Text = "") -> Response:
    """Which day, week or lot."""
    chosen = min(max(day_of(day or None), _FIRST), _LAST)
    near = {"before": chosen - timedelta(days=1), "after": chosen + timedelta(days=1)}
    with visit.office.reading() as connection:
        releases = [one for one in list_releases(connection) if one.state == "in_use"]
        stations = stations_of(connection)
    return visit.page("day", day=chosen, near=near, today=date.today(), releases=releases,
                      stations=stations)  # fmt: skip


@router.post("/day/report")
def report(visit: Look, fields: Fields) -> Response:
    """The page to print and sign."""
    kind, told = fields.get("kind", "day"), dict.fromkeys(("since", "until", "lot"))
    if kind == "lot":
        name = told["lot"] = _text(fields, "lot")
        if name is None:
            raise RefusedError(400, Notice("station_field_wrong", field="lot"))
    else:
        kind = "week" if kind == "week" else "day"
        first = min(max(day_of(_text(fields, "day")), _FIRST), _LAST)
        first -= timedelta(days=first.weekday() if kind == "week" else 0)
        told["since"], told["until"] = between(first, 7 if kind == "week" else 1)
        name = f"{first}"
    narrowed = {one: _text(fields, one) for one in ("part", "station")}
    return _begin(visit, REPORT, {"kind": kind, "name": name, **told, **narrowed})


@router.post("/day/drift")
def drift_charts(visit: Look, fields: Fields) -> Response:
    """Whether the latest parts are as those it was learned from."""
    days = whole_number(fields.get("days", ""), 1, _MOST_DAYS)
    with visit.office.reading() as connection:
        own = find_release(connection, fields.get("release", ""), None)
    return _begin(visit, DRIFT, {"part": own.part, "release": own.hash, "days": days,
                                 "day": f"{date.today()}",
                                 "station": _text(fields, "station")})  # fmt: skip


@router.get("/jobs/{identity}/page")
def page(visit: Look, identity: UUID) -> Response:
    """What came of one, to print."""
    with visit.office.reading() as connection:
        found = find_job(connection, identity)
    try:
        if found.kind not in (REPORT, DRIFT):
            raise FileNotFoundError
        html = page_of(visit.office.place, found.id, visit.language).read_text("utf-8")
    except OSError:
        raise RefusedError(404, Notice("station_report_gone")) from None
    return HTMLResponse(html, headers={"Content-Security-Policy": SELF_MADE})


def _begin(visit: Visit, kind: str, told: dict[str, Any]) -> Response:
    with visit.office.writing() as connection:
        job = add_job(connection, kind, told, visit.user.name, STATION)
    return visit.go(f"/jobs/{job}")


def _text(fields: dict[str, str], name: str) -> str | None:
    """Raises RefusedError for one that is too long."""
    given = fields.get(name, "").strip()
    if len(given) > _LONGEST:
        raise RefusedError(400, Notice("station_field_wrong", field=name))
    return given or None
