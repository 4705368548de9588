"""Where a record is: a folder of this machine with SQLite in it, or a PostgreSQL server by URL."""

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from platformdirs import user_data_path
from sqlalchemy.exc import ArgumentError as BadUrl

from kenpin.errors import ExtraError, RecordError
from kenpin.system import make_folder

VARIABLE, STORE_VARIABLE = "KENPIN_RECORD", "KENPIN_STORE"
DATABASE = "record.sqlite"
IDENTITY = 0x6B72_6563  # "krec": whose SQLite file it is
_PATIENCE = 30.0  # seconds to wait for another program that writes
_REMOTE = re.compile(r"^(nfs\d?|cifs|smb\d?|smbfs|fuse\.sshfs|9p|afs|ncpfs)$")


@dataclass(frozen=True)
class Place:
    """Where rows go, and the folder of this machine for pictures, releases and what waits."""

    url: sql.URL
    folder: Path

    @property
    def name(self) -> str:
        """For people; without a password."""
        return str(self.folder) if self.is_sqlite else self.url.render_as_string()

    @property
    def is_sqlite(self) -> bool:
        """Whether the rows are in a file of the folder."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / DATABASE


def place_of(given: str | Path | None = None) -> Place:
    """The place that is meant: as given, else KENPIN_RECORD, else a folder of the user.

    Raises RecordError for a URL that cannot be used, ExtraError where its driver is missing.
    """
    if given is not None and not str(given).strip():
        raise RecordError("record_empty")
    wanted = str(given or os.environ.get(VARIABLE) or "")
    if "://" in wanted:
        return _server(wanted)
    folder = Path(wanted).expanduser() if wanted else user_data_path("kenpin")
    if folder.is_file():
        raise RecordError("record_not_folder", path=folder)
    folder = folder.absolute()
    return Place(sql.URL.create("sqlite", database=str(folder / DATABASE)), folder)


def _server(wanted: str) -> Place:
    try:
        url = sql.make_url(wanted)
    except BadUrl:
        raise RecordError("record_url", value=_without_password(wanted)) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername != "postgresql+psycopg" or not url.database:
        raise RecordError("record_url", value=url.render_as_string())
    if find_spec("psycopg") is None:
        raise ExtraError("extra_postgres")
    own = os.environ.get(STORE_VARIABLE)
    folder = Path(own).expanduser() if own else user_data_path("kenpin") / f"of-{url.database}"
    return Place(url, folder.absolute())


def _without_password(wanted: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", wanted)


def engine_of(place: Place) -> sql.Engine:
    """Connections to the record; nothing is opened yet."""
    if not place.is_sqlite:
        return sql.create_engine(place.url, pool_pre_ping=True)
    make_folder(place.folder)
    engine = sql.create_engine(place.url, connect_args={"timeout": _PATIENCE})
    sql.event.listen(engine, "connect", _durable)
    sql.event.listen(engine, "begin", _immediately)
    return engine


def _durable(connection: Any, _: object) -> None:
    """Each commit is on the disk before it returns, and readers do not wait for the writer."""
    connection.isolation_level = None  # transactions are begun by `_immediately`
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _immediately(connection: sql.Connection) -> None:
    """A transaction that will write takes the lock now: so it waits its turn, and never fails."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def is_remote(folder: Path) -> bool:
    """Whether the folder is on a network share, where SQLite's locks cannot be trusted."""
    try:
        lines = Path("/proc/mounts").read_text("utf-8").splitlines()
    except OSError:
        return False
    mounts = [line.split()[1:3] for line in lines if len(line.split()) > 2]
    nearest = ("", "")
    for point, kind in mounts:
        where = point.replace("\\040", " ")
        if folder.is_relative_to(where) and len(where) >= len(nearest[0]):
            nearest = where, kind
    return bool(_REMOTE.match(nearest[1]))
