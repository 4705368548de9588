"""Repeatability studies, guided: which piece is to be shown, and the how many-th time."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from kenpin.assurance import LEAST_PIECES, LEAST_SHOTS, repeat
from kenpin.record import (
    Circumstances,
    Filter,
    Release,
    add_event,
    count,
    find_release,
    latest_events,
    shots,
)
from kenpin.report import page_html, repeat_page
from kenpin.station.live import screen_of
from kenpin.station.office import STATION, Office
from kenpin.station.visit import SELF_MADE, Fields, RefusedError, Right, Visit, whole_number
from kenpin.text import Notice, speaking

router = APIRouter()
_EVENT = "study"
_LATEST = 1000
MOST_PIECES, MOST_SHOTS = 50, 20

Look = Annotated[Visit, Depends(Right("look"))]
Study = Annotated[Visit, Depends(Right("study"))]


@dataclass(frozen=True)
class _Plan:
    """lot: what its shots are called in the record; line: the name of the station in addresses."""

    number: int
    lot: str
    line: str
    part: str
    release: str
    pieces: int
    shots: int


@router.get("/studies")
def studies(visit: Look) -> Response:
    """All that were begun, and a new one."""
    with visit.office.reading() as connection:
        begun = latest_events(connection, _EVENT, _LATEST)
    bounds = {"least_pieces": LEAST_PIECES, "most_pieces": MOST_PIECES,
              "least_shots": LEAST_SHOTS, "most_shots": MOST_SHOTS}  # fmt: skip
    return visit.page("studies", begun=begun, screens=visit.office.screens, **bounds)


@router.post("/studies/begin")
def begin(visit: Study, fields: Fields) -> Response:
    """So many pieces, each shown so many times."""
    office, lot = visit.office, fields.get("lot", "").strip()
    screen = screen_of(visit, fields.get("line", ""))
    release = office.release_at(screen)
    pieces = whole_number(fields.get("pieces", ""), LEAST_PIECES, MOST_PIECES)
    times = whole_number(fields.get("shots", ""), LEAST_SHOTS, MOST_SHOTS)
    with office.reading() as connection:
        known = count(connection, Filter(lot=lot))
        begun = latest_events(connection, _EVENT, _LATEST)
    known += sum(one["told"]["lot"] == lot for one in begun)
    if not lot or len(lot) > 100 or known:
        raise RefusedError(400, Notice("study_lot", lot=lot))
    told = {"lot": lot, "line": fields["line"], "part": release.part, "release": release.hash,
            "pieces": pieces, "shots": times}  # fmt: skip
    with office.writing() as connection:
        add_event(connection, _EVENT, told, visit.user.name, screen.settings.name)
        number = latest_events(connection, _EVENT, 1)[0]["number"]
    return visit.go(f"/studies/{number}")


@router.get("/studies/{number}")
def study(visit: Look, number: int) -> Response:
    """What is to be shown next."""
    plan = _plan(visit.office, number)
    taken = _taken(visit.office, plan)
    return visit.page("study", plan=plan, taken=taken, following=_following(plan, taken),
                      names=_names(plan))  # fmt: skip


@router.post("/studies/{number}")
def take(visit: Study, number: int, fields: Fields) -> Response:
    """Judge what the camera sees as the piece that was asked for; of a form that was sent twice
    only the first counts.
    """
    office, plan = visit.office, _plan(visit.office, number)
    screen = screen_of(visit, plan.line)
    with office.studying:
        following = _following(plan, _taken(office, plan))
        if following is not None and fields.get("shot") == f"{following[0]}/{following[1]}":
            picture = screen.look()
            seen = office.study_seen.setdefault(number, set())
            if picture.hash in seen:
                raise RefusedError(400, Notice("study_same"))
            seen.add(picture.hash)
            _shoot(visit, plan, picture, following[0])
    return visit.go(f"/studies/{number}")


@router.get("/studies/{number}/report")
def report(visit: Look, number: int) -> Response:
    """What came of it; see `kenpin repeat`."""
    office, plan = visit.office, _plan(visit.office, number)
    file = office.place.folder / _release(office, plan).file
    found = repeat(file, _taken(office, plan))
    with speaking(visit.language):
        html = page_html(repeat_page(found), f"{plan.part} {plan.lot}")
    return HTMLResponse(html, headers={"Content-Security-Policy": SELF_MADE})


def _shoot(visit: Visit, plan: _Plan, picture: Any, piece: str) -> None:
    office, release = visit.office, _release(visit.office, plan)
    inspector = office.inspector(release.hash, office.place.folder / release.file)
    told = Circumstances(camera=_EVENT, lot=plan.lot, serial=piece, operator=visit.user.name)
    office.record.write(inspector.inspect(picture), release.id, told, picture)


def _names(plan: _Plan) -> list[str]:
    """Of the pieces, as their serial numbers in the record."""
    return [f"{number:02}" for number in range(1, plan.pieces + 1)]


def _taken(office: Office, plan: _Plan) -> dict[str, list[Any]]:
    """Of each piece the verdicts so far."""
    return shots(office.engine, Filter(release=plan.release, lot=plan.lot, station=STATION))


def _following(plan: _Plan, taken: dict[str, list[Any]]) -> tuple[str, int] | None:
    """Every piece once, then every piece again: so that a piece is laid down anew each time."""
    order = [(name, time) for time in range(1, plan.shots + 1) for name in _names(plan)]
    return next((one for one in order if len(taken.get(one[0], [])) < one[1]), None)


def _plan(office: Office, number: int) -> _Plan:
    with office.reading() as connection:
        begun = latest_events(connection, _EVENT, _LATEST)
    told = next((one["told"] for one in begun if one["number"] == number), None)
    if told is None:
        raise HTTPException(404)
    return _Plan(number, **told)


def _release(office: Office, plan: _Plan) -> Release:
    with office.reading() as connection:
        return find_release(connection, plan.release, plan.part)
