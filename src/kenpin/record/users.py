"""The people who use a record; their passwords only as argon2 hashes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import sqlalchemy as sql
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from uuid_utils.compat import uuid7

from kenpin.errors import RecordError
from kenpin.record import chain
from kenpin.record.entry import now, plain
from kenpin.record.rows import add_event
from kenpin.record.schema import users
from kenpin.text import LANGUAGES

ROLES = ("viewer", "operator", "reviewer", "engineer", "approver", "administrator")
ADMINISTRATOR = "administrator"
EASED = ("viewer", "operator")
"""Who may sign in by PIN or badge, if so set: at a shared tablet, and with few rights."""
_LONGEST = 200  # letters of a name
LEAST_PASSWORD, LEAST_PIN, LEAST_BADGE = 10, 6, 6  # letters
SECRET_OF = {"password": "secret", "pin": "pin", "badge": "badge"}
"""How an event calls the hash of what is kept of each."""
SECRETS = SECRET_OF.keys()


@dataclass(frozen=True)
class User:
    """Somebody who may work with the record. one_time: whether the password must be changed first.
    has_pin, has_badge: whether one counts, see `EASED`.
    """

    name: str
    language: str
    role: str
    active: bool
    one_time: bool = False
    has_pin: bool = False
    has_badge: bool = False


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


def add_user(
    connection: sql.Connection, user: User, password: str, who: str | None, station: str
) -> None:
    """Add somebody. Raises RecordError for a name that is taken, or what is not known."""
    name = (plain(user.name) or "").strip()
    if (
        not name.isprintable()
        or not 0 < len(name) <= _LONGEST
        or user.role not in ROLES
        or user.language not in LANGUAGES
    ):
        roles = ", ".join(ROLES)
        raise RecordError("user_values", name=name, role=user.role, roles=roles)
    if len(password) < LEAST_PASSWORD:
        raise RecordError("user_password", least=LEAST_PASSWORD)
    if find_user(connection, name) is not None:
        raise RecordError("user_known", name=name)
    at, offset = now()
    row = {"id": uuid7(), "name": name, "language": user.language, "role": user.role,
           "password": _hasher().hash(password), "active": user.active, "at": at,
           "offset": offset, "one_time": user.one_time}  # fmt: skip
    connection.execute(users.insert().values(row))
    told = {"name": name, "role": user.role, "language": user.language, "active": user.active,
            "one_time": user.one_time,
            "secret": chain.hash_of_password(str(row["password"]))}  # fmt: skip
    add_event(connection, "user", told, who, station)


def change_user(
    connection: sql.Connection, name: str, who: str | None, station: str, **changes: Any
) -> None:
    """Change language, role, password, pin, badge, one_time or active; None takes a pin or a badge
    away. Raises RecordError for an unknown name, a secret that is too short or of somebody else,
    and where no administrator would be left.
    """
    before = find_user(connection, name)
    if before is None:
        raise RecordError("user_unknown", name=name)
    after = replace(before, **{key: changes[key] for key in ("role", "active") if key in changes})
    if _manages(before) and not _manages(after):
        others = [one for one in list_users(connection) if _manages(one) and one.name != name]
        if not others:
            raise RecordError("user_last_administrator", name=name)
    kept = changes | _hashed(connection, name, changes)
    connection.execute(users.update().where(users.c.name == name).values(kept))
    told = {key: value for key, value in changes.items() if key not in SECRETS}
    for secret in SECRETS & kept.keys():
        value = kept[secret]
        told[SECRET_OF[secret]] = None if value is None else chain.hash_of_password(value)
    add_event(connection, "user", {"name": name, **told}, who, station)


def _manages(user: User) -> bool:
    return user.active and user.role == ADMINISTRATOR


def _hashed(connection: sql.Connection, name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The secrets among the changes as they are kept. Raises RecordError."""
    kept: dict[str, Any] = {}
    password, pin, badge = (changes.get(secret) for secret in ("password", "pin", "badge"))
    if password is not None:
        if len(password) < LEAST_PASSWORD:
            raise RecordError("user_password", least=LEAST_PASSWORD)
        kept["password"] = _hasher().hash(password)
    if pin is not None:
        if len(pin) < LEAST_PIN or not pin.isdecimal():
            raise RecordError("user_pin", least=LEAST_PIN)
        kept["pin"] = _hasher().hash(pin)
    if badge is not None:
        badge = badge.strip()
        if len(badge) < LEAST_BADGE:
            raise RecordError("user_badge", least=LEAST_BADGE)
        kept["badge"] = _badge(badge)
        own = sql.and_(users.c.badge == kept["badge"], users.c.name != name)
        other = connection.scalar(sql.select(users.c.name).where(own))
        if other is not None:
            raise RecordError("user_badge_taken", name=other)
    return kept


def _badge(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def find_user(connection: sql.Connection, name: str) -> User | None:
    """By name, active or not."""
    query = sql.select(users).where(users.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else user_of(row)


def list_users(connection: sql.Connection) -> Sequence[User]:
    """All, by name."""
    rows = connection.execute(sql.select(users).order_by(users.c.name))
    return [user_of(row) for row in rows]


def user_of(row: Any) -> User:
    """As a row of `users` says."""
    eased = row.role in EASED
    return User(row.name, row.language, row.role, row.active, row.one_time,
                eased and row.pin is not None, eased and row.badge is not None)  # fmt: skip


def signed_in(connection: sql.Connection, name: str, secret: str, pins: bool = True) -> User | None:
    """Who this is, if active and the password is right, or (pins) the PIN of who may use one."""
    row = connection.execute(sql.select(users).where(users.c.name == name)).first()
    pin = row.pin if pins and row is not None and row.role in EASED else None
    known = row.password if row is not None else _nobody()  # the same time for an unknown name
    if not (_is(known, secret) or (pin is not None and _is(pin, secret))):
        return None
    return user_of(row) if row is not None and row.active else None


def of_badge(connection: sql.Connection, code: str) -> User | None:
    """Whose badge this is, if active and one who may use one."""
    own = sql.and_(users.c.badge == _badge(code.strip()), users.c.active, users.c.role.in_(EASED))
    row = connection.execute(sql.select(users).where(own)).first()
    return None if row is None else user_of(row)


def _is(known: str, secret: str) -> bool:
    try:
        return _hasher().verify(known, secret)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")
