"""The page at the line: the newest part of each station, its state, and the buttons."""

from contextlib import suppress
from functools import partial
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from kenpin.errors import KenpinError
from kenpin.line import ChangePart
from kenpin.record import (
    Filter,
    add_event,
    count_outcomes,
    in_use,
    moments_of,
    newest_of,
)
from kenpin.report import outlined, panels
from kenpin.sources import encode, read_picture
from kenpin.station.office import STATION, Office
from kenpin.station.screen import ASKED, Screen, Seen, messages
from kenpin.station.tally import HOUR, STRIP
from kenpin.station.visit import COOKIE, Fields, RefusedError, Right, Visit
from kenpin.text import Notice
from kenpin.types import Outcome

router = APIRouter()
_LARGEST = 1000  # pixels of a picture's longer side
_KINDS = {"picture": "image/jpeg", "difference": "image/png"}
_BRIGHT = 0.02  # of the difference's scale, from which on it covers the picture

Look = Annotated[Visit, Depends(Right("look"))]
Run = Annotated[Visit, Depends(Right("run"))]


@router.get("/live")
def live(visit: Look) -> Response:
    """Every station of the line in this program."""
    shown = [_station(visit.office, screen) for screen in visit.office.screens.values()]
    return visit.page("live", shown=shown, unreleased=_unreleased(visit))


def _unreleased(visit: Visit) -> str:
    """A part of the line that nothing judges yet, for who can do something about it."""
    if not visit.may("teach"):
        return ""
    with visit.office.reading() as connection:
        return next((part for screen in visit.office.screens.values()
                     for part in screen.settings.parts.values()
                     if in_use(connection, part) is None), "")  # fmt: skip


def _station(office: Office, screen: Screen) -> dict[str, Any]:
    if not screen.tally.seeded:
        _seed(office, screen)
    return {"screen": screen, "free": office.pictures.free() / 2**30, **screen.tally.told()}


def _seed(office: Office, screen: Screen) -> None:
    """What was judged before this program began to count."""
    name, tally = screen.settings.name, screen.tally
    since = round(tally.since.timestamp() * 1000)
    with office.reading() as connection:
        shift = count_outcomes(connection, Filter(station=name, since=since, until=tally.began_at))
        last = newest_of(connection, name, STRIP, tally.began_at)
        hour = moments_of(connection, name, tally.began_at - HOUR, tally.began_at)
    tally.seed(shift, [(at, outcome == Outcome.OK.value) for at, outcome in hour], last)


@router.get("/live/events")
def events(visit: Look) -> Response:
    """Server-sent: how each station is, and every change."""
    secret = visit.request.cookies.get(COOKIE, "")

    async def still() -> bool:
        return await run_in_threadpool(visit.office.session_of, secret) is not None

    told = messages(list(visit.office.screens.values()), still, visit.office.ending)
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


@router.get("/live/{name}/{number}/{panel}")
async def picture(visit: Look, name: str, number: int, panel: str) -> Response:
    """picture, or its difference as a layer that lies over it."""
    screen = screen_of(visit, name)
    if panel not in _KINDS:
        raise HTTPException(404)
    draw = partial(_drawn, panel)
    try:
        content = screen.made(number, panel)
        if content is None:
            content = await run_in_threadpool(screen.drawn, number, panel, draw)
    except KenpinError as error:
        raise RefusedError(404, error.notice) from None
    if content is None:
        raise HTTPException(404)
    headers = {"Cache-Control": "private, max-age=600"}
    return Response(content, media_type=_KINDS[panel], headers=headers)


def _drawn(panel: str, seen: Seen) -> bytes:
    own = read_picture(seen.shot.source)
    if panel == "picture":
        return encode(outlined(own, seen.verdict.regions, _LARGEST), "jpeg", quality=90)
    heat = panels(own, seen.verdict, _LARGEST)["difference"]
    alpha = np.clip((heat.max(axis=2) / 255 - _BRIGHT) * 1.5, 0, 1)
    return encode(np.dstack([heat, np.uint8(255 * alpha)]), "png", compress_level=1)


@router.post("/live/{name}/ask")
def ask(visit: Run, name: str, fields: Fields) -> Response:
    """Start, stop, reset, part change, or call somebody."""
    screen, wanted = screen_of(visit, name), fields.get("ask", "")
    if wanted == "call":
        screen.call(visit.user.name)
    elif wanted == "change":
        part = fields.get("part", "")
        if not part.isdecimal() or len(part) > 5 or int(part) not in screen.settings.parts:
            raise RefusedError(400, Notice("station_not_found"))
        _ask(screen, ChangePart(int(part)))
    elif wanted in ASKED:
        _ask(screen, ASKED[wanted])
    else:
        raise RefusedError(400, Notice("station_not_found"))
    told = {"line": screen.settings.name, "ask": wanted, "part": fields.get("part")}
    # A stop must not fail because the record is away; the record says itself that it was.
    with suppress(KenpinError, DBAPIError), visit.office.writing() as connection:
        add_event(connection, "asked", told, visit.user.name, STATION)
    return visit.go("/live")


def _ask(screen: Screen, event: Any) -> None:
    if not screen.ask(event):
        raise RefusedError(503, Notice("station_line_away"))


def screen_of(visit: Visit, name: str) -> Screen:
    """Of the line in this program. Raises HTTPException for no such station."""
    screen = visit.office.screens.get(name)
    if screen is None:
        raise HTTPException(404)
    return screen
