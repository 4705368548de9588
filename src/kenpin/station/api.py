"""The API for other programs: version 1, with a token per program."""

from pathlib import PurePath
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, File, Form, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from kenpin.errors import KenpinError
from kenpin.record import (
    Circumstances,
    Filter,
    Token,
    Word,
    add_review,
    found,
    list_releases,
    plain_row,
    regions_of,
    token_of,
    words_on,
)
from kenpin.sources import Taken
from kenpin.station.histories import Wanted
from kenpin.station.office import AWAY, Office
from kenpin.station.rights import may
from kenpin.station.screen import Screen
from kenpin.station.visit import RefusedError
from kenpin.text import Notice

_LONGEST_NAME = 100  # letters of a picture's name
_GRACE = 5.0  # seconds beyond what a station may take
_bearer = HTTPBearer(auto_error=False)
_REFUSALS: dict[int | str, dict[str, Any]] = {}


class Refusal(BaseModel):
    """Why nothing was done. code: for programs; message: for people, in English."""

    code: str
    message: str


_REFUSALS |= {status: {"model": Refusal} for status in (400, 401, 403, 404, 413, 422, 503)}


class Judged(BaseModel):
    """verdict: as `kenpin inspect --json` writes it. row: its id in the record, if it was kept."""

    verdict: dict[str, Any]
    release: str
    row: UUID | None


class Inspections(BaseModel):
    """The newest first. before: what to ask for next, none at the end."""

    inspections: list[dict[str, Any]]
    before: str | None


class Inspection(BaseModel):
    """One part judged, with the places that were found and what people said."""

    inspection: dict[str, Any]
    regions: list[dict[str, Any]]
    reviews: list[dict[str, Any]]


class Said(BaseModel):
    """A word on a part: good, ng with or without a kind, or undone, which takes the last back."""

    word: str = Field(pattern="^(good|ng|undone)$")
    kind: str | None = Field(None, max_length=100)
    comment: str | None = Field(None, max_length=1000)


class Release(BaseModel):
    """A file that judges a part; state: draft, requested, approved, in_use or retired."""

    part: str
    hash: str
    state: str
    at: int


class Line(BaseModel):
    """A station at the line in this program: state as the controller is shown it, part by its
    number, faults: of each lost device the code; counts since it was started.
    """

    name: str
    address: str
    state: str
    part: str | None
    error: str | None
    holds: list[str]
    faults: dict[str, str]
    answered: int
    missed: int


class Answer(BaseModel):
    """What the station answered to a picture, as its controller is told it."""

    outcome: str
    code: str | None = None
    row: UUID | None = None
    number: int
    score: float | None = None
    limit: float | None = None
    p_value: float | None = None
    regions: list[dict[str, int]] = []


class Kept(BaseModel):
    """The id of what was kept."""

    id: UUID


class Allowed:
    """Depends on a token that counts and has the right."""

    def __init__(self, right: str) -> None:
        self.right = right

    def __call__(
        self,
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None,
    ) -> Token:
        """Raises RefusedError."""
        office: Office = request.app.state.office
        found_token = None
        if given is not None:
            with office.reading() as connection:
                found_token = token_of(connection, given.credentials)
        if found_token is None:
            raise RefusedError(401, Notice("api_token"))
        if not may(found_token.role, self.right):
            told = {"name": found_token.name, "role": found_token.role}
            raise RefusedError(403, Notice("api_right", **told))
        return found_token


def make_api(office: Office) -> FastAPI:
    """See docs/station.md; its OpenAPI description is at /api/v1/openapi.json."""
    api = FastAPI(title="kenpin", version="1", docs_url=None, redoc_url=None, responses=_REFUSALS)
    api.state.office = office
    for kind, answer in (
        (RefusedError, _refused), (KenpinError, _not_possible), (DBAPIError, _away),
        (HTTPException, _http), (RequestValidationError, _unlike),
    ):  # fmt: skip
        api.add_exception_handler(kind, answer)
    add = api.add_api_route
    add("/judge", judge, methods=["POST"], response_model=Judged)
    add("/inspections", inspections, response_model=Inspections)
    add("/inspections/{identity}", inspection, response_model=Inspection)
    add("/inspections/{identity}/reviews", review, methods=["POST"], response_model=Kept,
        status_code=201)  # fmt: skip
    add("/releases", releases, response_model=list[Release])
    add("/lines", lines, response_model=list[Line])
    add("/lines/{name}/pictures", picture_of_line, methods=["POST"], response_model=Answer,
        responses={409: {"model": Refusal}})  # fmt: skip
    return api


def judge(
    request: Request,
    token: Annotated[Token, Depends(Allowed("judge"))],
    picture: Annotated[UploadFile, File()],
    part: Annotated[str, Form(min_length=1, max_length=200)],
    lot: Annotated[str | None, Form(max_length=200)] = None,
    serial: Annotated[str | None, Form(max_length=200)] = None,
    expect: Annotated[str | None, Form(max_length=200)] = None,
    keep: Annotated[bool, Form()] = True,
) -> Judged:
    """Judge a picture with the release in use. keep: whether it is a part of the record."""
    office: Office = request.app.state.office
    release = office.release_of(part)
    name = _name_of(picture)
    source = Taken(office.place.folder / name, picture.file.read())
    inspector = office.inspector(release.hash, office.place.folder / release.file)
    verdict = inspector.inspect(source, expect)
    row = None
    if keep:
        told = Circumstances(camera="upload", lot=lot, serial=serial, operator=token.name)
        row = office.record.write(verdict, release.id, told, source)
    return Judged(verdict=verdict.to_dict() | {"picture": name}, release=release.hash, row=row)


def _name_of(picture: UploadFile) -> str:
    """For people; never a path."""
    return PurePath(picture.filename or "").name[:_LONGEST_NAME] or "picture"


def lines(request: Request, _: Annotated[Token, Depends(Allowed("look"))]) -> list[Line]:
    """How each station of the line is now."""
    office: Office = request.app.state.office
    return [_line(screen) for screen in office.screens.values()]


def _line(screen: Screen) -> Line:
    now, own = screen.latest, screen.settings
    return Line(
        name=own.name, address=own.file_name, state=now["state"],
        part=own.parts.get(now.get("part") or 0), error=now.get("error"),
        holds=now.get("holds", []), faults=now.get("faults", {}),
        answered=now.get("answered", 0), missed=now.get("missed", 0),
    )  # fmt: skip


def picture_of_line(
    request: Request,
    token: Annotated[Token, Depends(Allowed("judge"))],
    name: str,
    picture: Annotated[UploadFile, File()],
    lot: Annotated[str | None, Form(max_length=200)] = None,
    serial: Annotated[str | None, Form(max_length=200)] = None,
) -> Answer:
    """A part of a station whose camera is "upload": judged, kept and told as any other; returns
    when it was answered.
    """
    office: Office = request.app.state.office
    screen = office.screens.get(name)
    if screen is None or screen.uploads is None:
        raise HTTPException(404)
    own, trigger = screen.settings, screen.settings.trigger
    limit = (trigger.limit_ms + trigger.hold_ms) / 1000
    reply = screen.uploads.send(_name_of(picture), picture.file.read(), lot, serial)
    try:
        told = reply.result(timeout=limit * (2 + screen.uploads.most_waiting) + _GRACE)
    except TimeoutError:
        if not screen.uploads.withdraw(reply):
            raise RefusedError(503, Notice("api_no_answer", station=own.name)) from None
        told = {"code": "late"}
    if "outcome" not in told:
        raise RefusedError(409, Notice("api_not_ready", station=own.name, code=told["code"]))
    return Answer.model_validate(told)


def inspections(
    request: Request,
    _: Annotated[Token, Depends(Allowed("look"))],
    wanted: Annotated[Wanted, Depends()],
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Inspections:
    """Those that the filters leave."""
    office: Office = request.app.state.office
    rows = list(found(office.engine, wanted.filter(), most))
    last = f"{rows[-1]['at']}.{rows[-1]['number']}" if len(rows) == most else None
    return Inspections(inspections=[plain_row(row) for row in rows], before=last)


def inspection(
    request: Request, _: Annotated[Token, Depends(Allowed("look"))], identity: UUID
) -> Inspection:
    """One of them."""
    office: Office = request.app.state.office
    row = next(iter(found(office.engine, Filter(ids=(identity,)))), None)
    if row is None:
        raise HTTPException(404)
    with office.reading() as connection:
        places, words = regions_of(connection, identity), words_on(connection, identity)
    return Inspection(
        inspection=plain_row(row),
        regions=[{k: v for k, v in one.items() if k != "inspection_id"} for one in places],
        reviews=[{k: v for k, v in one.items() if k != "inspection_id"} for one in words],
    )


def review(
    request: Request,
    token: Annotated[Token, Depends(Allowed("review"))],
    identity: UUID,
    said: Said,
) -> Kept:
    """A word on a part; it counts from now on, earlier ones stay."""
    office: Office = request.app.state.office
    with office.writing() as connection:
        word = Word(said.word, said.kind, None, said.comment)
        return Kept(id=add_review(connection, identity, word, token.name, "api"))


def releases(
    request: Request,
    _: Annotated[Token, Depends(Allowed("look"))],
    part: Annotated[str | None, Query(max_length=200)] = None,
) -> list[Release]:
    """Of a part, or of all."""
    office: Office = request.app.state.office
    with office.reading() as connection:
        rows = list_releases(connection, part)
    return [Release(part=one.part, hash=one.hash, state=one.state, at=one.at) for one in rows]


def _told(status: int, notice: Notice) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"code": notice.code, "message": str(notice)}, status, headers)


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # noqa: S101 - registered for it
    return _told(error.status, error.notice)


def _not_possible(_: Request, error: Exception) -> Response:
    assert isinstance(error, KenpinError)  # noqa: S101
    away = error.code in AWAY
    missing = error.notice.code == "review_unknown"
    return _told(503 if away else 404 if missing else 400, error.notice)


def _away(_: Request, __: Exception) -> Response:
    return _told(503, Notice("station_away"))


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = "station_not_found" if error.status_code == 404 else "station_http"
    return _told(error.status_code, Notice(code, status=error.status_code))


def _unlike(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    field = ".".join(str(one) for one in first["loc"][1:])
    return _told(422, Notice("api_request", field=field, reason=first["msg"]))
