"""Pages to print that take their time: made beside, kept in both languages, opened when done."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sql

from kenpin.assurance import drift
from kenpin.record import (
    Filter,
    Job,
    Pictures,
    Place,
    Release,
    between,
    events_between,
    find_release,
    period,
    reading,
    series,
)
from kenpin.report import About, drift_page, drifts_of, page_html, period_html
from kenpin.system import make_folder, write_atomically
from kenpin.text import LANGUAGES, Notice, local_time, speaking
from kenpin.types import Progress

REPORT, DRIFT = "report", "drift"
_FOLDER, _MOST_KEPT = "reports", 400  # files
_TELLING, _MOST_EVENTS, _MOST_TOLD = ("release", "master", "by_hand", "lost"), 2000, 100
_DEVICES = ("camera", "controller")

Made = tuple[dict[str, Any], None]


def page_of(place: Place, identity: UUID, language: str) -> Path:
    """Where the page of a job is."""
    return place.folder / _FOLDER / f"{identity}.{language}.html"


def report(place: Place, job: Job, _: Progress) -> Made:
    """Of a day, a week or a lot; see `kenpin report`."""
    told = job.told
    chosen = Filter(part=told["part"], station=told["station"], lot=told["lot"],
                    since=told["since"], until=told["until"])  # fmt: skip
    with reading(place) as engine:
        found = period(engine, chosen)
        drifts = drifts_of(engine, place, chosen, found.releases)
    about = About(
        kind=told["kind"], name=told["name"], part=chosen.part, station=chosen.station,
        place=place.name, drifts=drifts, picture=Pictures(place.folder).path,
    )  # fmt: skip
    return _kept(place, job, lambda: period_html(found, about))


def drifted(place: Place, job: Job, _: Progress) -> Made:
    """Whether the latest parts are as those it was learned from; see `kenpin drift`."""
    told = job.told
    station = told["station"]
    since, _until = between(date.fromisoformat(told["day"]) - timedelta(days=told["days"] - 1))
    with reading(place) as engine:
        with engine.connect() as connection:
            own = find_release(connection, told["release"], told["part"])
        chosen = Filter(release=own.hash, station=station, since=since)
        found = drift(place.folder / own.file, series(engine, chosen))
        with engine.connect() as connection:
            happened = _happened(connection, own, station or "", since)
    about = f"{own.part} {own.hash[:12]} {station or ''}"
    return _kept(place, job, lambda: page_html(drift_page(found, happened), about))


def _kept(place: Place, job: Job, made: Callable[[], str]) -> Made:
    make_folder(place.folder / _FOLDER)
    for language in LANGUAGES:
        with speaking(language):
            write_atomically(page_of(place, job.id, language), made().encode())
    kept = sorted((place.folder / _FOLDER).glob("*.html"))  # the oldest first, by their names
    for old in kept[:-_MOST_KEPT]:
        old.unlink(missing_ok=True)
    return {"page": True}, None


def _happened(
    connection: sql.Connection, own: Release, station: str, since: int
) -> list[tuple[str, Notice]]:
    events = events_between(connection, _TELLING, since, _MOST_EVENTS)
    return [(local_time(one["at"], one["offset"]), told) for one in events
            if (told := _told(one, own, station)) is not None][-_MOST_TOLD:]  # fmt: skip


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
