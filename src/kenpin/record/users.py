"""The people who use a record; their passwords only as argon2 hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
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
LEAST_PASSWORD = 10  # letters


@dataclass(frozen=True)
class User:
    """Somebody who may work with the record."""

    name: str
    language: str
    role: str
    active: bool


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


def add_user(
    connection: sql.Connection, user: User, password: str, who: str | None, station: str
) -> None:
    """Add somebody. Raises RecordError for a name that is taken, or what is not known."""
    name = (plain(user.name) or "").strip()
    if not name or user.role not in ROLES or user.language not in LANGUAGES:
        roles = ", ".join(ROLES)
        raise RecordError("user_values", name=name, role=user.role, roles=roles)
    if len(password) < LEAST_PASSWORD:
        raise RecordError("user_password", least=LEAST_PASSWORD)
    if find_user(connection, name) is not None:
        raise RecordError("user_known", name=name)
    at, offset = now()
    row = {"id": uuid7(), "name": name, "language": user.language, "role": user.role,
           "password": _hasher().hash(password), "active": user.active, "at": at,
           "offset": offset}  # fmt: skip
    connection.execute(users.insert().values(row))
    told = {"name": name, "role": user.role, "language": user.language, "active": user.active,
            "secret": chain.hash_of_password(str(row["password"]))}  # fmt: skip
    add_event(connection, "user", told, who, station)


def change_user(
    connection: sql.Connection, name: str, who: str | None, station: str, **changes: Any
) -> None:
    """Change language, role, password or active. Raises RecordError for an unknown name."""
    if find_user(connection, name) is None:
        raise RecordError("user_unknown", name=name)
    password = changes.pop("password", None)
    if password is not None:
        if len(password) < LEAST_PASSWORD:
            raise RecordError("user_password", least=LEAST_PASSWORD)
        changes["password"] = _hasher().hash(password)
    connection.execute(users.update().where(users.c.name == name).values(changes))
    told = {key: value for key, value in changes.items() if key != "password"}
    if password is not None:
        told["secret"] = chain.hash_of_password(changes["password"])
    add_event(connection, "user", {"name": name, **told}, who, station)


def find_user(connection: sql.Connection, name: str) -> User | None:
    """By name, active or not."""
    query = sql.select(users).where(users.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else User(row.name, row.language, row.role, row.active)


def list_users(connection: sql.Connection) -> Sequence[User]:
    """All, by name."""
    rows = connection.execute(sql.select(users).order_by(users.c.name))
    return [User(row.name, row.language, row.role, row.active) for row in rows]


def signed_in(connection: sql.Connection, name: str, password: str) -> User | None:
    """Who this is, if active and the password is right."""
    row = connection.execute(sql.select(users).where(users.c.name == name)).first()
    known = row.password if row is not None else _nobody()  # the same time for an unknown name
    try:
        _hasher().verify(known, password)
    except (Argon2Error, InvalidHashError):
        return None
    return find_user(connection, name) if row is not None and row.active else None


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")
