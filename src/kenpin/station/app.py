"""The program that a browser and other programs speak to."""

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from kenpin.errors import KenpinError
from kenpin.station import (
    days,
    devices,
    histories,
    live,
    masters,
    people,
    releasing,
    reviewing,
    setting_up,
    signing_in,
    studies,
    teaching,
    tour,
)
from kenpin.station.api import make_api
from kenpin.station.bounds import Bounded
from kenpin.station.browser_files import contents
from kenpin.station.headers import WithHeaders
from kenpin.station.office import AWAY, Office
from kenpin.station.visit import (
    OneTimeError,
    RefusedError,
    SignInError,
    Visit,
    language_of,
    visit_now,
)
from kenpin.station.worker import Workers
from kenpin.text import Notice

_PAGES = (
    signing_in, masters, live, histories, reviewing, days, studies, teaching, tour, releasing,
    devices, setting_up, people
)  # fmt: skip
ROUTERS = tuple(one.router for one in _PAGES)
_FOREVER = "public, max-age=31536000, immutable"


def make_app(office: Office) -> FastAPI:
    """The pages and the API of an office; the record is open as long as it runs."""

    @contextlib.asynccontextmanager
    async def open_office(_: FastAPI) -> AsyncIterator[None]:
        with office.open(), Workers(office.place) if office.works else contextlib.nullcontext():
            yield

    app = FastAPI(title="kenpin", lifespan=open_office, docs_url=None, redoc_url=None,
                  openapi_url=None)  # fmt: skip
    app.state.office = office
    app.add_middleware(Bounded)
    app.add_middleware(WithHeaders)
    app.mount("/api/v1", make_api(office))
    for kind, answer in (
        (SignInError, _sign_in), (OneTimeError, _one_time), (RefusedError, _refused),
        (KenpinError, _not_possible), (DBAPIError, _away), (HTTPException, _http),
        (RequestValidationError, _unlike), (Exception, _broken),
    ):  # fmt: skip
        app.add_exception_handler(kind, answer)
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/static/{version}/{name}", _static, include_in_schema=False)
    return app


def _static(version: str, name: str) -> Response:
    found = contents().get(name)
    if found is None:
        raise HTTPException(404)
    content, kind = found
    return Response(content, media_type=kind, headers={"Cache-Control": _FOREVER})


def _visit(request: Request) -> Visit:
    """As far as it is known who asks; the record may be away."""
    found: Visit | None = getattr(request.state, "visit", None)
    if found is None:
        office: Office = request.app.state.office
        with contextlib.suppress(KenpinError, DBAPIError):
            return visit_now(request)
        found = Visit(request, office, None, language_of(request))
    return found


def _sentence(request: Request, status: int, notice: Notice) -> Response:
    visit = _visit(request)
    return visit.page("sentence", status, status_code=status, sentence=notice)


def _sign_in(request: Request, _: Exception) -> Response:
    if request.method == "GET":
        return RedirectResponse(f"/sign-in?next={quote(_visit(request).here, safe='/')}", 303)
    return _sentence(request, 401, Notice("station_signed_out"))


def _one_time(_: Request, __: Exception) -> Response:
    return RedirectResponse("/account", 303)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # noqa: S101 - registered for it
    return _sentence(request, error.status, error.notice)


def _not_possible(request: Request, error: Exception) -> Response:
    assert isinstance(error, KenpinError)  # noqa: S101
    away = error.code in AWAY
    return _sentence(request, 503 if away else 400, error.notice)


def _away(request: Request, _: Exception) -> Response:
    return _sentence(request, 503, Notice("station_away"))


def _broken(request: Request, _: Exception) -> Response:
    """The server writes down what it was."""
    return _sentence(request, 500, Notice("station_internal"))


def _unlike(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    field = ".".join(str(one) for one in error.errors()[0]["loc"][1:])
    return _sentence(request, 400, Notice("station_field_wrong", field=field[:100]))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = "station_not_found" if error.status_code == 404 else "station_http"
    return _sentence(request, error.status_code, Notice(code, status=error.status_code))
