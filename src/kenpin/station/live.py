"""The page at the line: the newest part of each station, its state, and the buttons."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from kenpin.errors import KenpinError
from kenpin.line import ChangePart, Shot
from kenpin.record import Filter, between, count_outcomes, day_of, found, in_use, now
from kenpin.report import panels
from kenpin.sources import encode, read_picture
from kenpin.station.office import Office
from kenpin.station.screen import ASKED, Screen, messages
from kenpin.station.visit import Fields, RefusedError, Right, Visit
from kenpin.text import Notice

router = APIRouter()
_STRIP = 30
_HOUR = 3_600_000  # milliseconds
_LARGEST = 1000  # pixels of a picture's longer side
_BRIGHT = 0.02  # of the difference's scale, from which on it covers the picture

Look = Annotated[Visit, Depends(Right("look"))]
Run = Annotated[Visit, Depends(Right("run"))]


@router.get("/live")
def live(visit: Look) -> Response:
    """Every station of the line in this program."""
    shown = [_station(visit.office, screen) for screen in visit.office.screens.values()]
    return visit.page("live", shown=shown)


def _station(office: Office, screen: Screen) -> dict[str, Any]:
    name = screen.settings.name
    since, _ = between(day_of(None))
    with office.reading() as connection:
        today = count_outcomes(connection, Filter(station=name, since=since))
        hour = count_outcomes(connection, Filter(station=name, since=now()[0] - _HOUR))
    strip = list(found(office.engine, Filter(station=name), _STRIP))
    return {"screen": screen, "today": today, "hour": hour, "strip": strip[::-1]}


@router.get("/live/events")
def events(visit: Look) -> Response:
    """Server-sent: how each station is, and every change."""
    told = messages(list(visit.office.screens.values()), visit.office.idle_ms / 1000)
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


@router.get("/live/{name}/{number}/{panel}")
def picture(visit: Look, name: str, number: int, panel: str) -> Response:
    """picture, or its difference as a layer that lies over it."""
    shot = _screen(visit, name).shot(number)
    if shot is None or panel not in ("picture", "difference"):
        raise HTTPException(404)
    try:
        content, kind = _drawn(visit.office, _screen(visit, name), shot, panel)
    except KenpinError as error:
        raise RefusedError(404, error.notice) from None
    return Response(content, media_type=kind, headers={"Cache-Control": "private, max-age=600"})


def _drawn(office: Office, screen: Screen, shot: Shot, panel: str) -> tuple[bytes, str]:
    own = read_picture(shot.source)
    with office.reading() as connection:
        number = screen.latest.get("part") or 0
        release = in_use(connection, screen.settings.parts.get(number, ""))
    if release is None:
        raise HTTPException(404)
    inspector = office.inspector(release.hash, office.place.folder / release.file)
    drawn = panels(own, inspector.inspect(own), _LARGEST)
    if panel == "picture":
        return encode(drawn["original"], "jpeg", quality=90), "image/jpeg"
    heat = drawn["difference"]
    alpha = np.clip((heat.max(axis=2) / 255 - _BRIGHT) * 1.5, 0, 1)
    layer = np.dstack([heat, np.uint8(255 * alpha)])
    return encode(layer, "png", compress_level=1), "image/png"


@router.post("/live/{name}/ask")
def ask(visit: Run, name: str, fields: Fields) -> Response:
    """Start, stop, reset, part change, or call somebody."""
    screen, wanted = _screen(visit, name), fields.get("ask", "")
    if wanted == "call":
        screen.call(visit.user.name)
    elif wanted == "change":
        part = fields.get("part", "")
        if not part.isdecimal() or int(part) not in screen.settings.parts:
            raise RefusedError(400, Notice("station_not_found"))
        _ask(screen, ChangePart(int(part)))
    elif wanted in ASKED:
        _ask(screen, ASKED[wanted])
    else:
        raise RefusedError(400, Notice("station_not_found"))
    told = {"station": name, "ask": wanted, "part": fields.get("part")}
    visit.office.record.event("asked", who_asked=visit.user.name, **told)
    return visit.go("/live")


def _ask(screen: Screen, event: Any) -> None:
    if not screen.ask(event):
        raise RefusedError(503, Notice("station_line_away"))


def _screen(visit: Visit, name: str) -> Screen:
    screen = visit.office.screens.get(name)
    if screen is None:
        raise HTTPException(404)
    return screen
