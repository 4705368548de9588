"""Master pieces (限度見本): which there are, and the check that a shift begins with."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from kenpin.assurance import (
    Master,
    MasterCheck,
    add_masters,
    check_masters,
    list_masters,
    master_picture,
    remove_master,
)
from kenpin.record import Release, add_event, latest_events, list_releases, masters_of
from kenpin.report import outlined
from kenpin.sources import encode, read_picture
from kenpin.station.histories import one
from kenpin.station.live import screen_of
from kenpin.station.office import STATION, Office, Round
from kenpin.station.screen import Screen
from kenpin.station.visit import Fields, RefusedError, Right, Visit
from kenpin.text import Notice
from kenpin.types import Picture

router = APIRouter()
_CHECKS = 30  # of the latest, on the page
_LONGEST = 60  # letters of a piece's name
_LARGEST = 800  # pixels of a picture's longer side

Look = Annotated[Visit, Depends(Right("look"))]
Choose = Annotated[Visit, Depends(Right("masters"))]
Run = Annotated[Visit, Depends(Right("run"))]
Text = Annotated[str, Query(max_length=200)]


@router.get("/masters")
def masters(visit: Look) -> Response:
    """The pieces of every part in use, and the latest checks."""
    office = visit.office
    with office.reading() as connection:
        parts = [one.part for one in list_releases(connection) if one.state == "in_use"]
        checks = latest_events(connection, "master", _CHECKS)
    kept = {part: _pieces(office, part) for part in parts}
    return visit.page("masters", kept=kept, checks=checks)


@router.get("/masters/picture")
def picture(visit: Look, part: Text = "", name: Text = "") -> Response:
    """The stored picture of a piece."""
    master = next((one for one in _pieces(visit.office, part) if one.name == name), None)
    if master is None:
        raise HTTPException(404)
    kept = read_picture(master_picture(masters_of(visit.office.place.folder, part), master))
    return _shown(kept)


@router.post("/masters/add")
def add(visit: Choose, fields: Fields) -> Response:
    """A part of the record becomes a piece whose verdict is known."""
    office, expected = visit.office, fields.get("expected", "")
    try:
        row = one(visit, UUID(fields.get("id", "")))
    except ValueError:
        raise HTTPException(404) from None
    if row["kept"] is None or expected not in ("OK", "NG"):
        raise RefusedError(400, Notice("station_no_picture"))
    kept = read_picture(office.pictures.path(row["kept"]))
    name = fields.get("name", "").strip()
    if not name or len(name) > _LONGEST or not name.isprintable() or set(name) & set("/\\"):
        raise RefusedError(400, Notice("master_name", name=name[:_LONGEST]))
    if any(one.name.casefold() == name.casefold() for one in _pieces(office, row["part"])):
        raise RefusedError(400, Notice("master_known", name=name))
    named = Picture(kept.pixels, f"{name}.png")  # what follows the last point is no part of a name
    release, truth = office.release_of(row["part"]), {expected.lower(): [named]}
    folder = masters_of(office.place.folder, row["part"])
    add_masters(office.place.folder / release.file, **truth, expect=row["expected"], folder=folder)
    told = {"part": row["part"], "piece": name, "expected": expected, "row": str(row["id"])}
    _note(visit, "master_piece", told)
    return visit.go("/masters")


@router.post("/masters/remove")
def remove(visit: Choose, fields: Fields) -> Response:
    """It is no longer shown."""
    part, name = fields.get("part", ""), fields.get("name", "")
    remove_master(masters_of(visit.office.place.folder, part), name)
    _note(visit, "master_piece", {"part": part, "piece": name, "expected": None})
    return visit.go("/masters")


@router.get("/live/{name}/master")
def check(visit: Run, name: str) -> Response:
    """Which piece is to be shown next; at the end what came of it."""
    screen = screen_of(visit, name)
    release = visit.office.release_at(screen)
    pieces = _pieces(visit.office, release.part)
    own = _round(visit.office, name, release)
    left = [piece for piece in pieces if piece.name not in own.shown]
    return visit.page("master_check", screen=screen, part=release.part, pieces=pieces, own=own,
                      left=left)  # fmt: skip


@router.get("/live/{name}/master/picture")
def fresh(visit: Run, name: str, piece: Text) -> Response:
    """What the camera saw of a piece in this check."""
    own = _round(visit.office, name, visit.office.release_at(screen_of(visit, name)))
    if piece not in own.shown:
        raise HTTPException(404)
    return _shown(own.shown[piece])


@router.post("/live/{name}/master")
def take(visit: Run, name: str, fields: Fields) -> Response:
    """Take the picture of the piece that is shown now, or begin anew; judge them when all are."""
    screen, office = screen_of(visit, name), visit.office
    release = office.release_at(screen)
    own = _round(office, name, release)
    if fields.get("do") == "again":
        office.begin_round(name)
        return visit.go(f"/live/{name}/master")
    pieces = {piece.name for piece in _pieces(office, release.part)}
    with own.lock:
        piece = fields.get("piece", "")
        if piece in pieces and piece not in own.shown and own.found is None:
            shown = own.shown | {piece: Picture(screen.look().pixels, piece)}
            if shown.keys() >= pieces:
                own.found = _judged(visit, screen, release, shown)
            own.shown = shown  # where judging failed, this piece is asked for again
    return visit.go(f"/live/{name}/master")


def _round(office: Office, name: str, release: Release) -> Round:
    pieces = _pieces(office, release.part)
    return office.round_of(name, (release.hash, *(one.hash for one in pieces)))


def _judged(
    visit: Visit, screen: Screen, release: Release, shown: dict[str, Picture]
) -> MasterCheck:
    """What came of it, which the record holds when this returns."""
    store = visit.office.place.folder
    folder = masters_of(store, release.part)
    found = check_masters(store / release.file, shown, folder=folder)
    wrong = sum(piece.problem is not None for piece in found.pieces)
    told = {"part": release.hash, "pieces": len(found.pieces), "wrong": wrong,
            "fresh": found.fresh, "passed": found.passed}  # fmt: skip
    _note(visit, "master", told, screen.settings.name)
    return found


def _note(visit: Visit, kind: str, told: dict[str, Any], station: str = STATION) -> None:
    with visit.office.writing() as connection:
        add_event(connection, kind, told, visit.user.name, station)


def _pieces(office: Office, part: str) -> tuple[Master, ...]:
    return list_masters(masters_of(office.place.folder, part))


def _shown(picture: Picture) -> Response:
    content = encode(outlined(picture, (), _LARGEST), "jpeg", quality=90)
    return Response(content, media_type="image/jpeg")
