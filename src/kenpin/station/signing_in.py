"""Signing in and out, and the language."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import Response

from kenpin.record import (
    change_user,
    close_session,
    close_sessions_of,
    list_users,
    of_badge,
    open_session,
    signed_in,
)
from kenpin.station.office import STATION
from kenpin.station.visit import COOKIE, LANGUAGE, Anybody, Fields, Right, Visit
from kenpin.text import LANGUAGES, Notice

router = APIRouter()
Own = Annotated[Visit, Depends(Right("own"))]
_YEAR = 31_536_000  # seconds


@router.get("/")
def first_page(visit: Anybody) -> Response:
    """Where the work of who is signed in lies."""
    at_the_line = visit.user and visit.office.screens and visit.may("run")
    return visit.go("/live" if at_the_line else "/review" if visit.may("review") else "/history")


@router.get("/sign-in")
def sign_in_page(visit: Anybody, next_page: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Name and password."""
    return _sign_in_page(visit, 200, next_page, "", None)


@router.post("/sign-in")
def sign_in(
    visit: Anybody,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    badge: Annotated[str, Form(max_length=200)] = "",
    next_page: Annotated[str, Form(alias="next", max_length=500)] = "/",
) -> Response:
    """By password, PIN or badge; slower with each wrong one of the same name or address."""
    client, office = visit.request.client, visit.office
    address = f"address {client.host if client else ''}"
    key = "" if badge else f"name {name.casefold()}"
    with office.signing:  # one at a time: many at once would pass the slowing, and fill the memory
        wait = office.slowly.wait(address, *([key] if key else []))
        if wait > 0:
            told = Notice("station_wait", seconds=round(wait) + 1)
            return _sign_in_page(visit, 429, next_page, name, told)
        with office.reading() as connection:
            user = of_badge(connection, badge) if badge else signed_in(connection, name, password)
        if user is None:
            office.slowly.was_wrong(address, *([key] if key else []))
            told = Notice("station_wrong_badge" if badge else "station_wrong")
            return _sign_in_page(visit, 401, next_page, name, told)
        if key:  # the address is not forgiven: who has one badge could guess others
            office.slowly.was_right(key)
    with visit.office.writing() as connection:
        before = visit.request.cookies.get(COOKIE)
        if before:
            close_session(connection, before)
        secret = open_session(connection, user.name, STATION)
    response = visit.go(_own(next_page))
    response.set_cookie(COOKIE, secret, httponly=True, samesite="strict",
                        secure=visit.office.secure)  # fmt: skip
    return response


def _sign_in_page(
    visit: Visit, status: int, next_page: str, name: str, wrong: Notice | None
) -> Response:
    with visit.office.reading() as connection:
        badges = any(one.has_badge and one.active for one in list_users(connection))
    return visit.page("sign_in", status, next_page=_own(next_page), name=name, wrong=wrong,
                      badges=badges)  # fmt: skip


@router.post("/sign-out")
def sign_out(visit: Anybody, _: Fields) -> Response:
    """Here; other browsers stay signed in."""
    with visit.office.writing() as connection:
        close_session(connection, visit.request.cookies.get(COOKIE, ""))
    response = visit.go("/sign-in")
    response.delete_cookie(COOKIE)
    return response


@router.get("/account")
def account(visit: Own) -> Response:
    """The own password."""
    return visit.page("account", wrong=None)


@router.post("/account")
def new_password(visit: Own, fields: Fields) -> Response:
    """Another one, by who knows the one before; other browsers must sign in again."""
    name, office = visit.user.name, visit.office
    key = f"name {name.casefold()}"
    with office.reading() as connection:
        right = office.slowly.wait(key) <= 0
        known = right and signed_in(connection, name, fields.get("old", ""), pins=False)
    if not known:
        office.slowly.was_wrong(key)
        return visit.page("account", 401, wrong=Notice("station_wrong_old"))
    wanted = fields.get("new", "")
    if wanted != fields.get("again") or wanted == fields.get("old"):
        return visit.page("account", 400, wrong=Notice("station_not_same"))
    with office.writing() as connection:
        change_user(connection, name, name, STATION, password=wanted, one_time=False)
        close_sessions_of(connection, name)
        secret = open_session(connection, name, STATION)
    response = visit.go("/")
    response.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=office.secure)
    return response


@router.post("/language")
def choose_language(
    visit: Anybody,
    language: Annotated[str, Form(max_length=10)] = "",
    next_page: Annotated[str, Form(alias="next", max_length=500)] = "/",
) -> Response:
    """Of who is signed in, else of this browser."""
    response = visit.go(_own(next_page))
    if language in LANGUAGES:
        if visit.session is not None and visit.user.language != language:
            with visit.office.writing() as connection:
                change_user(connection, visit.user.name, visit.user.name, STATION,
                            language=language)  # fmt: skip
        response.set_cookie(LANGUAGE, language, max_age=_YEAR, samesite="lax",
                            secure=visit.office.secure)  # fmt: skip
    return response


def _own(path: str) -> str:
    """A page of ours, whatever somebody wrote into a link."""
    parts = urlsplit(path)
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc
    return path if ours and path.isprintable() else "/"
