"""Users, tokens of programs, who did what, and what this program is."""

import re
import secrets
from contextlib import suppress
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
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
_DIGITS = 6  # of a PIN
_NAME = re.compile(r"[\w.-]+")

People = Annotated[Visit, Depends(Right("people"))]
Audit = Annotated[Visit, Depends(Right("audit"))]
Look = Annotated[Visit, Depends(Right("look"))]


@router.get("/people")
def people(visit: People) -> Response:
    """All users and tokens."""
    return _people(visit)


@router.post("/people/add")
def add(visit: People, fields: Fields) -> Response:
    """A user, with a password that is shown once."""
    password = secrets.token_urlsafe(12)
    told = fields.get("name", ""), fields.get("language", ""), fields.get("role", "")
    user = User(*told, active=True, one_time=True)
    with visit.office.writing() as connection:
        add_user(connection, user, password, visit.user.name, STATION)
    return _people(visit, Notice("station_password", name=user.name.strip(), password=password))


@router.post("/people/change")
def change(visit: People, fields: Fields) -> Response:
    """Role, language, whether active, new secrets; the user signs in again."""
    name, shown = fields.get("name", ""), list[Notice]()
    changes: dict[str, object] = {"active": fields.get("active") == "yes"}
    changes |= {"role": fields.get("role", "")} if fields.get("role") in ROLES else {}
    changes |= {"language": fields["language"]} if fields.get("language") in LANGUAGES else {}
    if fields.get("password"):
        changes |= {"password": secrets.token_urlsafe(12), "one_time": True}
        shown.append(Notice("station_password", name=name, password=changes["password"]))
    if fields.get("pin") == "new":
        changes["pin"] = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        shown.append(Notice("station_pin", name=name, pin=changes["pin"]))
    for secret in ("pin", "badge"):
        changes |= {secret: None} if fields.get(secret) == "none" else {}
    if fields.get("badge_code"):
        changes["badge"] = fields["badge_code"]
    with visit.office.writing() as connection:
        change_user(connection, name, visit.user.name, STATION, **changes)
        close_sessions_of(connection, name)
    return _people(visit, *shown) if shown else visit.go("/people")


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


def _people(visit: Visit, *shown: Notice) -> Response:
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
    return visit.page("about", releases=releases, packages=_packages(),
                      place=visit.office.place.name)  # fmt: skip


@cache
def _packages() -> list[tuple[str, str, str]]:
    """kenpin and everything that it brought along: names, versions, licences."""
    found: dict[str, Distribution] = {}
    waiting = ["kenpin"]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        with suppress(PackageNotFoundError):  # an extra that is not installed
            found[name] = distribution(name)
            wanted = (_NAME.match(one) for one in found[name].requires or ())
            waiting += [one[0].lower().replace("_", "-") for one in wanted if one]
    every = (found[name] for name in sorted(found))
    return [(one.metadata["Name"], one.version, _licence(one)) for one in every]


def _licence(package: Distribution) -> str:
    told = package.metadata.json
    named = [
        str(told.get(name, "")).partition("\n")[0] for name in ("license_expression", "license")
    ]
    classes = (one for one in told.get("classifier", ()) if one.startswith("License ::"))
    named += [one.rpartition(" :: ")[2] for one in classes]
    return next((one[:60] for one in named if one and one != "UNKNOWN"), "–")
