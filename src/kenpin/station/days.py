"""The report of a day, a week or a lot, as the record tells it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, Response

from kenpin.record import Filter, between, day_of, period
from kenpin.report import About, drifts_of, period_html
from kenpin.station.visit import Right, Visit
from kenpin.text import speaking

router = APIRouter()
_SECURE = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'none'"
)
"""Of a page that brings its own style and pictures and has no script at all."""

Look = Annotated[Visit, Depends(Right("look"))]
Text = Annotated[str, Query(max_length=200)]


@router.get("/day")
def choose(visit: Look, day: Text = "") -> Response:
    """Which day, week or lot."""
    chosen = day_of(day or None)
    near = {"before": chosen - timedelta(days=1), "after": chosen + timedelta(days=1)}
    return visit.page("day", day=chosen, near=near, today=date.today())


@router.get("/day/report")
def report(
    visit: Look, day: Text = "", kind: Text = "day", lot: Text = "", part: Text = "",
    station: Text = "",
) -> Response:  # fmt: skip
    """The page to print and sign; see `kenpin report`."""
    narrowed = Filter(part=part or None, station=station or None)
    if kind == "lot":
        name, chosen = lot, replace(narrowed, lot=lot)
    else:
        first = day_of(day or None)
        days = 7 if kind == "week" else 1
        first -= timedelta(days=first.weekday() if kind == "week" else 0)
        since, until = between(first, days)
        name, chosen = f"{first}", replace(narrowed, since=since, until=until)
        kind = "week" if kind == "week" else "day"
    office = visit.office
    found = period(office.engine, chosen)
    about = About(
        kind=kind, name=name, part=chosen.part, station=chosen.station, place=office.place.name,
        drifts=drifts_of(office.engine, office.place, chosen, found.releases),
        picture=office.pictures.path,
    )  # fmt: skip
    with speaking(visit.language):
        html = period_html(found, about)
    return HTMLResponse(html, headers={"Content-Security-Policy": _SECURE})
