"""A request of a browser: who asks, in which language, with which right; and the page it gets."""

import hmac
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from kenpin.record import Session, User, touch_session
from kenpin.station.browser_files import address_of
from kenpin.station.office import Office
from kenpin.station.rights import may
from kenpin.system import VERSION
from kenpin.text import LANGUAGES, Notice, exists, in_words, local_time, percent, say, speaking

_MOST_DIGITS = 9
_FOLLOWED = ("/bits", "/state")  # fragments that a page asks for again and again
COOKIE, LANGUAGE = "kenpin_session", "kenpin_language"
FORM = "form"
"""The field of each form that proves that it came from a page of ours."""


SELF_MADE = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'none'"
)
"""The policy of a page that brings its own style and pictures and has no script at all."""


class RefusedError(Exception):
    """The request is answered by a sentence. status: of HTTP."""

    def __init__(self, status: int, notice: Notice) -> None:
        super().__init__(notice.code)
        self.status, self.notice = status, notice


class SignInError(Exception):
    """Nobody is signed in here."""


class OneTimeError(Exception):
    """The password was given by somebody else, and must be changed first."""


@dataclass(frozen=True)
class Visit:
    """One request. session: of who is signed in, None for nobody."""

    request: Request
    office: Office
    session: Session | None
    language: str

    @property
    def user(self) -> User:
        """Who is signed in. Raises SignInError for nobody."""
        if self.session is None:
            raise SignInError
        return self.session.user

    def may(self, right: str) -> bool:
        """Whether who is signed in has the right."""
        return self.session is not None and may(self.session.user.role, right)

    def page(self, template: str, /, status: int = 200, **values: Any) -> Response:
        """A page in the language of who asks."""
        told = {"visit": self, "path": self.request.url.path, "here": self.here,
                "form_secret": self._form()}  # fmt: skip
        with speaking(self.language):
            html = _templates().get_template(f"{template}.html.j2").render(**told, **values)
        return HTMLResponse(html, status)

    @property
    def here(self) -> str:
        """The address of this page, its filters among it."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path

    def go(self, path: str) -> Response:
        """To another page, after something was done."""
        return RedirectResponse(path, 303)

    def _form(self) -> str:
        return self.session.form if self.session else ""


async def visit_of(request: Request) -> Visit:
    """Who asks; a session that is in use is kept open. Without a thread where it is remembered, for
    a page asks for many pictures at once.
    """
    office: Office = request.app.state.office
    session, known = office.remembered(request.cookies.get(COOKIE, ""))
    if known and not (session and session.due and not _by_itself(request)):
        return _visit(request, office, session)
    return await run_in_threadpool(visit_now, request)


def _by_itself(request: Request) -> bool:
    """Whether a page asks that is only looked at: nobody uses it by that."""
    path = request.url.path
    return request.method == "GET" and (path.startswith("/live/") or path.endswith(_FOLLOWED))


def visit_now(request: Request) -> Visit:
    """The same, where it may wait for the record."""
    office: Office = request.app.state.office
    secret, session = request.cookies.get(COOKIE), None
    if secret:
        session = office.session_of(secret)
        if session is not None and session.due and not _by_itself(request):
            with office.writing() as connection:
                touch_session(connection, secret)
    return _visit(request, office, session)


def _visit(request: Request, office: Office, session: Session | None) -> Visit:
    language = session.user.language if session else language_of(request)
    request.state.visit = visit = Visit(request, office, session, language)
    return visit


Anybody = Annotated[Visit, Depends(visit_of)]


class Right:
    """Depends on somebody who is signed in and has the right."""

    def __init__(self, right: str) -> None:
        self.right = right

    async def __call__(self, visit: Anybody) -> Visit:
        """Raises SignInError, OneTimeError, RefusedError."""
        if visit.user.one_time and self.right != "own":
            raise OneTimeError
        if not may(visit.user.role, self.right):
            raise RefusedError(
                403, Notice("station_no_right", role=Notice(f"station_role_{visit.user.role}"))
            )
        return visit


async def sent(request: Request) -> dict[str, str]:
    """The fields of a form that came from a page of ours. Raises RefusedError for any other."""
    try:
        async with request.form(max_files=0, max_fields=100, max_part_size=2**16) as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
    except (UnicodeError, LookupError):  # of a charset that no browser sends
        raise RefusedError(400, Notice("station_http", status=400)) from None
    _prove(request, fields.pop(FORM, ""))
    return fields


def whole_number(given: str, least: int, most: int) -> int:
    """What a person wrote into a field. Raises RefusedError."""
    if not given.isdecimal() or len(given) > _MOST_DIGITS or not least <= int(given) <= most:
        raise RefusedError(400, Notice("study_number", least=least, most=most))
    return int(given)


def proved(request: Request, form: Annotated[str, Form(max_length=200)] = "") -> None:
    """The same for a form with files. Raises RefusedError for any other."""
    _prove(request, form)


def _prove(request: Request, form: str) -> None:
    visit: Visit = request.state.visit
    if visit.session is None:
        raise SignInError
    if not hmac.compare_digest(form.encode(), visit.session.form.encode()):
        raise RefusedError(403, Notice("station_form"))


Fields = Annotated[dict[str, str], Depends(sent)]


def language_of(request: Request) -> str:
    """Of somebody who is not signed in: chosen before, else as the browser says."""
    chosen = request.cookies.get(LANGUAGE, "")
    if chosen in LANGUAGES:
        return chosen
    wanted = request.headers.get("accept-language", "")[:200].lower()
    first = next((one.strip()[:2] for one in wanted.split(",") if one.strip()[:2] in LANGUAGES), "")
    return first or LANGUAGES[0]


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("kenpin.station", "html"), autoescape=True, undefined=StrictUndefined
    )
    made.globals |= {"say": say, "known": exists, "version": VERSION, "static": address_of}
    made.filters |= {"percent": _percent, "time": _time, "in_words": in_words}
    return made


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _time(row: Any) -> str:
    return local_time(row["at"], row["offset"])
