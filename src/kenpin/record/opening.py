"""Opening a record: its database checked, made or brought up to date, or one sentence why not."""

import contextlib
import sqlite3
from collections.abc import Iterator

import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError, OperationalError

from kenpin.errors import RecordError
from kenpin.record import versions
from kenpin.record.place import IDENTITY, Place, engine_of
from kenpin.record.schema import metadata


def make(place: Place) -> None:
    """Make the record if it is not there. Raises RecordError for one that cannot be used."""
    with _opened(place) as connection:
        found = _version(connection, place)
        if found is None:
            versions.upgrade(connection)
        elif found != versions.LATEST:
            raise RecordError("record_old", path=place.name)


def upgrade(place: Place) -> tuple[str | None, str]:
    """Bring the tables to the latest version; which they had, and which they have."""
    with _opened(place) as connection:
        before = _version(connection, place)
        if before != versions.LATEST:
            versions.upgrade(connection)
        return before, versions.LATEST


def existing(place: Place) -> sql.Engine:
    """A record that is there and up to date, to read or to write; see `make`."""
    if place.is_sqlite and not place.database.is_file():
        raise RecordError("record_missing", path=place.name)
    with one_sentence(place):
        check_file(place)
        engine = engine_of(place)
        try:
            with engine.connect() as connection:
                found = _version(connection, place)
            if found != versions.LATEST:
                code = "record_missing" if found is None else "record_old"
                raise RecordError(code, path=place.name)
        except BaseException:
            engine.dispose()
            raise
    return engine


@contextlib.contextmanager
def reading(place: Place) -> Iterator[sql.Engine]:
    """The same for as long as the context lasts."""
    engine = existing(place)
    try:
        yield engine
    finally:
        engine.dispose()


@contextlib.contextmanager
def writing(place: Place) -> Iterator[sql.Connection]:
    """A connection to an existing record; what is written is kept at the end, all or nothing."""
    with (
        one_sentence(place),
        reading(place) as engine,
        engine.execution_options(writes=True).begin() as connection,
    ):
        yield connection


@contextlib.contextmanager
def _opened(place: Place) -> Iterator[sql.Connection]:
    with one_sentence(place):
        check_file(place)
        engine = engine_of(place)
        try:
            with (
                engine.execution_options(writes=True).connect() as connection,
                connection.begin(),
            ):
                if not place.is_sqlite:  # two that make it at once take turns
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({IDENTITY})")
                yield connection
        finally:
            engine.dispose()


def check_file(place: Place) -> None:
    """Raise RecordError for an SQLite file of another program, or a file that is none.

    Only SQLite opens the file: to close it by other means takes away the locks that SQLite holds in
    this process, and another program could then throw away what was just written
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    if not place.is_sqlite or not place.database.exists() or not place.database.stat().st_size:
        return
    with contextlib.closing(sqlite3.connect(place.database, timeout=30)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if tables and not {"alembic_version", "inspections"} <= tables:
        raise RecordError("record_foreign", path=place.database)


def _version(connection: sql.Connection, place: Place) -> str | None:
    found = versions.version_of(connection)
    if found is not None and found not in versions.known():
        raise RecordError("record_newer", path=place.name)
    if found is None:
        there = set(sql.inspect(connection).get_table_names())
        if there & set(metadata.tables):
            raise RecordError("record_foreign", path=place.name)
    return found


@contextlib.contextmanager
def one_sentence(place: Place) -> Iterator[None]:
    """What the database says, as one sentence of ours."""
    try:
        yield
    except OperationalError as error:
        code = "record_unreachable" if not place.is_sqlite else "record_denied"
        raise RecordError(code, path=place.name, reason=_first_line(error.orig)) from None
    except DBAPIError as error:
        reason = _first_line(error.orig)
        raise RecordError("record_failed", path=place.name, reason=reason) from None
    except sqlite3.OperationalError as error:  # rights, a full disk, another program
        raise RecordError("record_denied", path=place.name, reason=error) from None
    except sqlite3.Error as error:
        raise RecordError("record_damaged", path=place.name, reason=error) from None


def _first_line(error: object) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
