"""Cameras and wires: what the camera sees against what was learned, and each bit by hand."""

from contextlib import suppress
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from kenpin.errors import KenpinError
from kenpin.inspection import Inspector
from kenpin.line import SETTABLE, ByHand, Words, levels
from kenpin.record import add_event
from kenpin.sources import encode
from kenpin.station.live import screen_of
from kenpin.station.office import STATION
from kenpin.station.screen import Meter, Screen, Sight
from kenpin.station.visit import Fields, RefusedError, Right, Visit
from kenpin.text import Notice, speaking
from kenpin.types import FACTS, Picture, Reason, ReasonCode, Verdict

router = APIRouter()

Devices = Annotated[Visit, Depends(Right("devices"))]


@router.get("/devices")
def devices(visit: Devices) -> Response:
    """The stations of the line in this program."""
    return visit.page("devices", screens=visit.office.screens)


@router.get("/devices/{name}")
def device(visit: Devices, name: str) -> Response:
    """Camera and wires of one."""
    screen = screen_of(visit, name)
    wired = isinstance(screen.settings.controller, Words)
    return visit.page("device", screen=screen, name=name, wired=wired, settable=SETTABLE,
                      sight=screen.sight, rows=_rows(visit, screen))  # fmt: skip


@router.get("/devices/{name}/bits")
def bits(visit: Devices, name: str) -> Response:
    """A fragment: every bit and word as it is now."""
    return visit.page("bits", rows=_rows(visit, screen_of(visit, name)))


@router.get("/devices/{name}/seen")
def seen(visit: Devices, name: str) -> Response:
    """A fragment: the picture that was taken last, and its measures."""
    screen = screen_of(visit, name)
    return visit.page("sight", name=name, sight=screen.sight)


@router.get("/devices/{name}/picture/{digest}")
def picture(visit: Devices, name: str, digest: str) -> Response:
    """That picture, as the camera gave it."""
    sight = screen_of(visit, name).sight
    if sight is None or sight.picture.hash != digest:
        raise HTTPException(404)
    headers = {"Cache-Control": "private, max-age=600"}
    content = encode(sight.picture.pixels, "png", compress_level=1)
    return Response(content, media_type="image/png", headers=headers)


@router.post("/devices/{name}/look")
def look(visit: Devices, name: str, _: Fields) -> Response:
    """Take a picture that belongs to no part; nothing is accepted meanwhile."""
    screen = screen_of(visit, name)
    screen.sight = _sight(visit, screen, screen.look())
    return visit.go(f"/devices/{name}")


def _sight(visit: Visit, screen: Screen, picture: Picture) -> Sight:
    try:
        release = visit.office.release_at(screen)
        file = visit.office.place.folder / release.file
        inspector = visit.office.inspector(release.hash, file)
        verdict = inspector.inspect(picture)
    except KenpinError as error:  # nothing to measure it by
        return Sight(picture, None, (), (error.notice,))
    meters = _meters(inspector, verdict)
    return Sight(picture, verdict, meters, tuple(_advice(meters, verdict.reason)))


def _meters(inspector: Inspector, verdict: Verdict) -> tuple[Meter, ...]:
    usability = inspector.bundle.usability
    if usability is None or not len(usability.learned):
        return ()
    bounds = np.percentile(usability.learned, (0, 50, 100), axis=0).T
    found = []
    for name, (low, middle, high) in zip(FACTS, bounds.tolist(), strict=True):
        value = getattr(verdict, name)
        if value is not None:
            found.append(Meter(name, value, low, middle, high))
    return tuple(found)


def _advice(meters: tuple[Meter, ...], reason: Reason | None) -> list[Notice]:
    """What to turn, in this order; how much longer to expose holds for a camera that is linear."""
    own = {one.name: one for one in meters}
    found = []
    if reason is not None and reason.code is ReasonCode.OVEREXPOSED:
        found.append(Notice("camera_clipped", share=reason.value, limit=reason.limit))
    light, focus, fit = (own.get(name) for name in ("brightness", "sharpness", "fit"))
    if light is not None and light.value <= 0:
        found.append(Notice("camera_no_light"))
    elif light is not None and light.side < 0:
        found.append(Notice("camera_dark", ratio=light.middle / light.value))
    if light is not None and light.side > 0:
        found.append(Notice("camera_bright", ratio=light.value / light.middle))
    if focus is not None and focus.side < 0:
        found.append(Notice("camera_soft"))
    if fit is not None and fit.side < 0:
        found.append(Notice("camera_elsewhere"))
    usual = len(meters) == len(FACTS) and not any(one.side for one in meters)
    return found or ([Notice("camera_as_learned")] if usual else [])


@router.post("/devices/{name}/hand")
def hand(visit: Devices, name: str, fields: Fields) -> Response:
    """Set these outputs by hand, or end that."""
    screen = screen_of(visit, name)
    if not isinstance(screen.settings.controller, Words):
        raise RefusedError(400, Notice("station_no_wires"))
    if fields.get("do") == "end":
        _ask(screen, ByHand(None))
        with suppress(KenpinError, DBAPIError):  # it must end also while the record is away
            _note(visit, screen, None)
    else:
        chosen = ByHand(frozenset(one for one in SETTABLE if f"bit_{one}" in fields))
        if screen.shown is None:
            raise RefusedError(503, Notice("station_line_away"))
        _note(visit, screen, chosen.bits)
        _ask(screen, chosen)
    return visit.go(f"/devices/{name}")


def _note(visit: Visit, screen: Screen, chosen: frozenset[str] | None) -> None:
    told = {"line": screen.settings.name, "bits": None if chosen is None else sorted(chosen)}
    with visit.office.writing() as connection:
        add_event(connection, "by_hand", told, visit.user.name, STATION)


def _ask(screen: Screen, asked: ByHand) -> None:
    if not screen.ask(asked):
        raise RefusedError(503, Notice("station_line_away"))


def _rows(visit: Visit, screen: Screen) -> dict[str, object]:
    """Every bit and word as it is now, and whether they are set by hand."""
    own, shown = screen.settings.controller, screen.shown
    if not isinstance(own, Words) or shown is None:
        return {"levels": [], "testing": False, "state": screen.latest["state"]}
    with speaking(visit.language):
        found = levels(own, shown)
    return {"levels": found, "testing": shown.station.testing,
            "state": shown.station.state.value}  # fmt: skip
