"""Who is signed in at a browser, and which programs may ask; secrets are kept only as hashes."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sql
from uuid_utils.compat import uuid7

from kenpin.errors import RecordError
from kenpin.record.entry import now, plain
from kenpin.record.rows import add_event
from kenpin.record.schema import sessions, tokens, users
from kenpin.record.users import ROLES, User, user_of

_TOUCH = 30_000  # milliseconds between two notes that a session is in use
_PREFIX = "kenpin_"


@dataclass(frozen=True)
class Session:
    """A browser at which somebody is signed in. form: what each form must send back; due: whether
    it should be noted that it is in use, see `touch_session`.
    """

    user: User
    form: str
    due: bool


@dataclass(frozen=True)
class Token:
    """A program that may ask. at: when it was made, in milliseconds."""

    id: UUID
    name: str
    role: str
    active: bool
    at: int


def open_session(connection: sql.Connection, user: str, station: str) -> str:
    """Sign somebody in; the secret that only the browser keeps."""
    secret, (at, offset) = secrets.token_urlsafe(32), now()
    own = sql.select(users.c.id).where(users.c.name == user)
    row = {"hash": _hash(secret), "user_id": connection.scalar(own), "at": at, "offset": offset,
           "form": secrets.token_urlsafe(32), "seen": at}  # fmt: skip
    connection.execute(sessions.insert().values(row))
    add_event(connection, "signed_in", {"name": user}, user, station)
    return secret


def session_of(connection: sql.Connection, secret: str, idle: int) -> Session | None:
    """Whose secret this is; None where nobody's, or unused for `idle` milliseconds."""
    query = sql.select(sessions.c.seen, sessions.c.form, users)
    query = query.join(users, users.c.id == sessions.c.user_id)
    row = connection.execute(query.where(sessions.c.hash == _hash(secret))).first()
    at, _ = now()
    if row is None or not row.active or at - row.seen > idle:
        return None
    return Session(user_of(row), row.form, abs(at - row.seen) > _TOUCH)


def touch_session(connection: sql.Connection, secret: str) -> None:
    """It is in use now."""
    own = sessions.c.hash == _hash(secret)
    connection.execute(sessions.update().where(own).values(seen=now()[0]))


def close_session(connection: sql.Connection, secret: str) -> None:
    """Sign out; nothing where it is no session."""
    connection.execute(sessions.delete().where(sessions.c.hash == _hash(secret)))


def close_sessions_of(connection: sql.Connection, user: str) -> None:
    """Sign somebody out everywhere: another role, another password, or nobody any more."""
    own = sql.select(users.c.id).where(users.c.name == user).scalar_subquery()
    connection.execute(sessions.delete().where(sessions.c.user_id == own))


def add_token(
    connection: sql.Connection, name: str, role: str, who: str | None, station: str
) -> str:
    """Let a program in; its secret, which is shown once. Raises RecordError."""
    name = (plain(name) or "").strip()
    if not name or role not in ROLES:
        raise RecordError("user_values", name=name, role=role, roles=", ".join(ROLES))
    if connection.scalar(sql.select(tokens.c.id).where(tokens.c.name == name)) is not None:
        raise RecordError("token_known", name=name)
    secret, (at, offset) = _PREFIX + secrets.token_urlsafe(32), now()
    row = {"id": uuid7(), "hash": _hash(secret), "name": name, "role": role, "active": True,
           "at": at, "offset": offset}  # fmt: skip
    connection.execute(tokens.insert().values(row))
    add_event(connection, "token", {"name": name, "role": role, "active": True}, who, station)
    return secret


def token_of(connection: sql.Connection, secret: str) -> Token | None:
    """Whose secret this is, if it still counts."""
    own = sql.and_(tokens.c.hash == _hash(secret), tokens.c.active)
    row = connection.execute(sql.select(tokens).where(own)).first()
    return None if row is None else _token(row)


def list_tokens(connection: sql.Connection) -> Sequence[Token]:
    """All, by name."""
    return [_token(row) for row in connection.execute(sql.select(tokens).order_by(tokens.c.name))]


def end_token(connection: sql.Connection, name: str, who: str | None, station: str) -> None:
    """It counts no more. Raises RecordError for an unknown name."""
    done = connection.execute(tokens.update().where(tokens.c.name == name).values(active=False))
    if not done.rowcount:
        raise RecordError("token_unknown", name=name)
    add_event(connection, "token", {"name": name, "active": False}, who, station)


def _token(row: "sql.Row[tuple[object, ...]]") -> Token:
    return Token(UUID(str(row.id)), row.name, row.role, row.active, row.at)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
