"""The report of a day, a week or a lot, as the record tells it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, Response

from kenpin.assurance import drift
from kenpin.record import (
    Filter,
    Release,
    between,
    day_of,
    events_between,
    find_release,
    list_releases,
    period,
    series,
    stations_of,
)
from kenpin.report import About, drift_page, drifts_of, page_html, period_html
from kenpin.station.visit import SELF_MADE, Right, Visit
from kenpin.text import Notice, local_time, speaking

router = APIRouter()

Look = Annotated[Visit, Depends(Right("look"))]
Text = Annotated[str, Query(max_length=200)]
Days = Annotated[int, Query(ge=1, le=366)]
_TELLING, _MOST_EVENTS = ("release", "master", "by_hand", "lost"), 2000
_MOST_TOLD = 100
_DEVICES = ("camera", "controller")
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


@router.get("/day/drift")
def drift_charts(
    visit: Look,
    release: Text = "",
    station: Text = "",
    days: Annotated[int, Query(ge=1, le=3650)] = 30,
) -> Response:
    """Whether the latest parts are as those it was learned from; see `kenpin drift`."""
    office = visit.office
    with office.reading() as connection:
        own = find_release(connection, release, None)
    since, _ = between(date.today() - timedelta(days=days - 1))
    chosen = Filter(release=own.hash, station=station or None, since=since)
    found = drift(office.place.folder / own.file, series(office.engine, chosen))
    with office.reading() as connection:
        events = events_between(connection, _TELLING, since, _MOST_EVENTS)
    happened = [(local_time(one["at"], one["offset"]), told) for one in events
                if (told := _told(one, own, station)) is not None][-_MOST_TOLD:]  # fmt: skip
    with speaking(visit.language):
        html = page_html(drift_page(found, happened), f"{own.part} {own.hash[:12]} {station}")
    return HTMLResponse(html, headers={"Content-Security-Policy": SELF_MADE})


def _told(event: dict[str, Any], release: Release, station: str) -> Notice | None:
    """What may have changed the pictures of a release, or nothing."""
    told, kind = event["told"], event["kind"]
    if kind == "release":
        if told["part"] == release.part and told["state"] == "in_use":
            return Notice("happened_release", hash=told["hash"][:12])
        return None
    if station and station not in (event["station"], told.get("line")):
        return None
    if kind == "master" and told.get("part") == release.hash:
        return Notice("happened_master" if told.get("passed") else "happened_master_failed")
    if kind == "by_hand":
        return Notice("happened_by_hand") if told.get("bits") is not None else None
    return Notice("happened_lost", device=Notice(f"station_device_{told['device']}"),
                  code=told["code"]) if told.get("device") in _DEVICES else None  # fmt: skip


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
    return HTMLResponse(html, headers={"Content-Security-Policy": SELF_MADE})
