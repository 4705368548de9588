"""How a record is, and what a crash left behind put right."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import sqlalchemy as sql

from kenpin.errors import OutputError, RecordError
from kenpin.record import keep as keeping
from kenpin.record import opening, versions
from kenpin.record.pictures import FOLDER, Pictures
from kenpin.record.place import Place, is_remote
from kenpin.record.releases import FOLDER as RELEASES
from kenpin.record.releases import MASTERS
from kenpin.record.schema import events, inspections, parts, releases, reviews, stations
from kenpin.system import check_apart, make_folder
from kenpin.text import Notice

_AT_ONCE = 5000
LESSONS = "lessons"  # what parts are being taught from, see the station
_YOUNG = 60.0  # seconds


@dataclass(frozen=True)
class Status:
    """What there is. rows: by table. bytes: of the database, of the pictures. waiting: rows on this
    machine's disk that are not in the record yet. repaired, warnings: sentences for people.
    """

    place: str
    version: str
    rows: dict[str, int]
    bytes_of_rows: int
    bytes_of_pictures: int
    free: int
    waiting: int
    repaired: tuple[Notice, ...]
    warnings: tuple[Notice, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        told = {
            name: getattr(self, name)
            for name in (
                "place",
                "version",
                "rows",
                "bytes_of_rows",
                "bytes_of_pictures",
                "free",
                "waiting",
            )
        }
        return told | {
            "repaired": [notice.to_dict() for notice in self.repaired],
            "warnings": [notice.to_dict() for notice in self.warnings],
        }  # fmt: skip


def status(place: Place) -> Status:
    """How it is, after putting right what can be. Raises RecordError where there is none."""
    with opening.one_sentence(place), opening.reading(place) as engine:
        pictures = Pictures(place.folder)
        repaired = tuple(repair(engine, pictures))
        with engine.connect() as connection:
            tables = (parts, releases, stations, inspections, reviews, events)
            rows = {table.name: _count(connection, table) for table in tables}
            size = _size(connection, place)
    waiting = waiting_rows(place.folder)
    warnings = [Notice("record_remote", path=place.folder)] if _unsafe(place) else []
    if waiting:
        warnings.append(Notice("record_waiting", count=waiting))
    held = sum(path.stat().st_size for _, path in pictures.every())
    told = size, held, pictures.free(), waiting, repaired, tuple(warnings)
    return Status(place.name, versions.LATEST, rows, *told)


def waiting_rows(store: Path) -> int:
    """How many are on this machine's disk that are not in the record yet."""
    return sum(1 for _ in (store / "waiting").glob("*/*.json"))


def repair(engine: sql.Engine, pictures: Pictures) -> list[Notice]:
    """Take away pictures without a row and say in rows whose picture is gone that it is."""
    pictures.tidy()
    young = time() - _YOUNG  # their rows may be on their way
    waiting = {path.stem for path in (pictures.store / "waiting").glob("*/*.json")}
    found = {
        identity: path for identity, path in pictures.every()
        if str(identity) not in waiting and path.stat().st_mtime < young
    }  # fmt: skip
    known = _known(engine, list(found))
    without_row = [path for identity, path in found.items() if identity not in known]
    for path in without_row:
        pictures.remove(path.relative_to(pictures.store).as_posix())
    lost = 0
    query = sql.select(inspections.c.id, inspections.c.kept)
    with engine.connect() as connection:
        kept = connection.execute(query.where(inspections.c.kept.is_not(None))).all()
    for row in kept:
        if not pictures.path(row.kept).exists():
            keeping.take_away(engine, pictures, row.id, row.kept, keeping.LOST)
            lost += 1
    told = []
    if without_row:
        told.append(Notice("repaired_pictures", count=len(without_row)))
    if lost:
        told.append(Notice("repaired_lost", count=lost))
    return told


def _known(engine: sql.Engine, ids: list[Any]) -> set[Any]:
    """Which of these have a row that says that its picture is kept."""
    known: set[Any] = set()
    with engine.connect() as connection:
        for start in range(0, len(ids), _AT_ONCE):
            own = inspections.c.id.in_(ids[start : start + _AT_ONCE])
            query = sql.select(inspections.c.id).where(own, inspections.c.kept.is_not(None))
            known |= set(connection.scalars(query))
    return known


def _count(connection: sql.Connection, table: sql.Table) -> int:
    return int(connection.scalar(sql.select(sql.func.count()).select_from(table)) or 0)


def _size(connection: sql.Connection, place: Place) -> int:
    if place.is_sqlite:
        every = (place.database.with_name(place.database.name + end) for end in ("", "-wal"))
        return sum(path.stat().st_size for path in every if path.exists())
    return int(connection.scalar(sql.text("SELECT pg_database_size(current_database())")) or 0)


def _unsafe(place: Place) -> bool:
    return place.is_sqlite and is_remote(place.folder)


def back_up(place: Place, folder: Path) -> None:
    """Copy the database as it is at one moment, the releases and the pictures into a new folder.

    Other programs may go on writing. Of PostgreSQL the database is backed up by its own tools
    (pg_dump), and only the files are copied. Raises OutputError where the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise OutputError("record_backup_there", path=folder)
    check_apart(folder, [place.folder])
    opening.existing(place).dispose()
    make_folder(folder)
    try:
        if place.is_sqlite:  # first: a picture that comes later has no row in the copy
            with (
                closing(sqlite3.connect(place.database)) as source,
                closing(sqlite3.connect(folder / place.database.name)) as target,
            ):
                source.backup(target)
        for name in (RELEASES, MASTERS, LESSONS, FOLDER):
            if (place.folder / name).exists():
                shutil.copytree(place.folder / name, folder / name)
    except sqlite3.Error as error:
        raise RecordError("record_failed", path=place.name, reason=error) from None
    except OSError as error:
        raise OutputError("output_denied", path=folder, reason=error.strerror) from None
