"""Users, tokens of programs, who did what, and what this program is."""

import secrets
from importlib.metadata import distribution
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from kenpin.record import (
    ROLES,
    User,
    add_token,
    add_user,
    change_user,
    close_sessions_of,
    end_token,
    latest_events,
    list_releases,
    list_tokens,
    list_users,
    verify,
)
from kenpin.station.office import STATION
from kenpin.station.visit import Fields, Right, Visit
from kenpin.text import LANGUAGES, Notice

router = APIRouter()
_MOST_EVENTS, _MOST_WRONG = 200, 100
_PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "sqlalchemy", "fastapi",
             "uvicorn", "jinja2", "pydantic")  # fmt: skip

People = Annotated[Visit, Depends(Right("people"))]
Audit = Annotated[Visit, Depends(Right("audit"))]
Look = Annotated[Visit, Depends(Right("look"))]


@router.get("/people")
def people(visit: People) -> Response:
    """All users and tokens."""
    return _people(visit, None)


@router.post("/people/add")
def add(visit: People, fields: Fields) -> Response:
    """A user, with a password that is shown once."""
    password = secrets.token_urlsafe(12)
    user = User(fields.get("name", ""), fields.get("language", ""), fields.get("role", ""), True)
    with visit.office.writing() as connection:
        add_user(connection, user, password, visit.user.name, STATION)
    return _people(visit, Notice("station_password", name=user.name.strip(), password=password))


@router.post("/people/change")
def change(visit: People, fields: Fields) -> Response:
    """Role, language, whether active, or a new password; the user signs in again."""
    name, shown = fields.get("name", ""), None
    changes: dict[str, object] = {"active": fields.get("active") == "yes"}
    changes |= {"role": fields.get("role", "")} if fields.get("role") in ROLES else {}
    changes |= {"language": fields["language"]} if fields.get("language") in LANGUAGES else {}
    if fields.get("password"):
        password = secrets.token_urlsafe(12)
        changes["password"] = password
        shown = Notice("station_password", name=name, password=password)
    with visit.office.writing() as connection:
        change_user(connection, name, visit.user.name, STATION, **changes)
        close_sessions_of(connection, name)
    return _people(visit, shown) if shown else visit.go("/people")


@router.post("/tokens/add")
def new_token(visit: People, fields: Fields) -> Response:
    """A token, which is shown once."""
    name, role = fields.get("name", ""), fields.get("role", "")
    with visit.office.writing() as connection:
        secret = add_token(connection, name, role, visit.user.name, STATION)
    return _people(visit, Notice("station_token", name=name.strip(), secret=secret))


@router.post("/tokens/end")
def no_token(visit: People, fields: Fields) -> Response:
    """It counts no more."""
    with visit.office.writing() as connection:
        end_token(connection, fields.get("name", ""), visit.user.name, STATION)
    return visit.go("/people")


def _people(visit: Visit, shown: Notice | None) -> Response:
    with visit.office.reading() as connection:
        users, tokens = list_users(connection), list_tokens(connection)
    return visit.page("people", users=users, tokens=tokens, shown=shown, roles=ROLES,
                      languages=LANGUAGES)  # fmt: skip


@router.get("/audit")
def audit(visit: Audit, kind: Annotated[str, Query(max_length=50)] = "") -> Response:
    """The newest events."""
    with visit.office.reading() as connection:
        events = latest_events(connection, kind or None, _MOST_EVENTS)
    return visit.page("audit", events=events, kind=kind, wrong=None)


@router.post("/audit")
def check(visit: Audit, _: Fields) -> Response:
    """Whether the record is as it was written."""
    found = verify(visit.office.engine)
    wrong = [one for one, _ in zip(found, range(_MOST_WRONG), strict=False)]
    with visit.office.reading() as connection:
        events = latest_events(connection, None, _MOST_EVENTS)
    return visit.page("audit", events=events, kind="", wrong=wrong)


@router.get("/about")
def about(visit: Look) -> Response:
    """What judges, what keeps, and by which licences."""
    with visit.office.reading() as connection:
        releases = [one for one in list_releases(connection) if one.state == "in_use"]
    packages = [(one.name, one.version, _licence(one)) for one in map(distribution, _PACKAGES)]
    return visit.page("about", releases=releases, packages=packages, place=visit.office.place.name)


def _licence(package: object) -> str:
    told = package.metadata  # type: ignore[attr-defined]
    named = str(told["License-Expression"] or told["License"] or "").partition("\n")[0]
    return named[:60] or "–"
