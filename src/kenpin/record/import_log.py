"""Old logs of `kenpin inspect --log` taken over into a record."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sql
from uuid_utils.compat import uuid7

from kenpin.errors import RecordError
from kenpin.record import opening
from kenpin.record.entry import Entry, moment_of, now, plain
from kenpin.record.keep import NOT_KEPT
from kenpin.record.place import Place
from kenpin.record.releases import RETIRED, add_part
from kenpin.record.rows import add_event, add_inspections, station_id
from kenpin.record.schema import releases
from kenpin.text import Notice
from kenpin.types import FACTS, Progress

_LOG = 0x6B656E70  # "kenp": whose SQLite file it is
_LATEST = 3
_AT_ONCE = 2000
_NAMES = ("time", "picture", "verdict", "unusable", "score", "limit", "p_value", "label",
          "expected", *FACTS)  # fmt: skip
_PHRASES = {
    "other proportions than the good pictures": "proportions", "too dark": "dark",
    "too bright": "bright", "out of focus": "blurred", "part not found": "not_found",
    "not this part": "another_part",
}  # fmt: skip
"""How logs of the first version said in English why a picture is unusable."""


def import_log(
    place: Place,
    log: Path,
    part: str,
    station: str,
    who: str | None = None,
    progress: Progress = lambda *_: None,
) -> tuple[int, int]:
    """Take over what a log holds; how many verdicts were new, and how many it has.

    part: the number (品番) that its verdicts are about. Each of its .kenpin files becomes a release
    of it without the file. Called again it adds only what is new: ids come from the log's own rows.
    Raises RecordError when it is no log, or damaged.
    """
    added = total = 0
    with _opened(log) as source, opening.reading(place) as engine, opening.one_sentence(place):
        (count,) = source.execute("SELECT count(*) FROM verdicts").fetchone()
        known: dict[str, UUID] = {}
        writing = engine.execution_options(writes=True)
        for rows in _rows(source, log):
            with writing.connect() as connection, connection.begin():
                own = station_id(connection, station)
                for digest in {row["part"] for row in rows} - known.keys():
                    known[digest] = _release(connection, digest, part)
                entries = [_entry(row, known, log) for row in rows]
                added += add_inspections(connection, own, entries)
            total += len(rows)
            progress("", total, count)
        with writing.connect() as connection, connection.begin():
            told = {"log": plain(log.name), "part": part, "added": added, "count": total}
            add_event(connection, "import", told, who, station)
    return added, total


@contextlib.contextmanager
def _opened(log: Path) -> Iterator[sqlite3.Connection]:
    if not log.is_file():
        raise RecordError("import_missing", path=log)
    try:
        address = f"{log.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            (identity,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if identity != _LOG or version > _LATEST:
                raise RecordError("import_no_log", path=log)
            yield connection
    except sqlite3.Error as error:
        raise RecordError("import_damaged", path=log, reason=error) from None


def _rows(source: sqlite3.Connection, log: Path) -> Iterator[list[dict[str, Any]]]:
    (version,) = source.execute("PRAGMA user_version").fetchone()
    names = ["id", "part", *_NAMES, *(("value", "bound") if version > 1 else ())]
    columns = ", ".join(f'"{name}"' for name in names)
    found = source.execute(f"SELECT {columns} FROM verdicts ORDER BY id")  # noqa: S608 - above
    while rows := found.fetchmany(_AT_ONCE):
        yield [dict(zip(names, row, strict=True)) for row in rows]


def _release(connection: sql.Connection, digest: Any, part: str) -> UUID:
    """The release of this hash, without its file: it can be shown, and never be used again."""
    own = add_part(connection, part)
    known = sql.and_(releases.c.part_id == own, releases.c.hash == digest)
    found = connection.scalar(sql.select(releases.c.id).where(known))
    if found is not None:
        return UUID(str(found))
    identity, (at, offset) = UUID(str(uuid7())), now()
    row = {"id": identity, "part_id": own, "hash": digest, "file": "", "state": RETIRED, "at": at,
           "offset": offset}  # fmt: skip
    connection.execute(releases.insert().values(row))
    return identity


def _entry(row: dict[str, Any], known: dict[str, UUID], log: Path) -> Entry:
    try:
        at, offset = moment_of(_local(datetime.fromisoformat(row["time"])))
        for name in ("score", "limit", "p_value", *FACTS):
            if not isinstance(row[name], int | float | None):
                raise ValueError(name)
    except (TypeError, ValueError, OverflowError) as error:
        reason = Notice("import_row", number=row["id"], reason=str(error))
        raise RecordError("import_damaged", path=log, reason=reason) from None
    reason = _PHRASES.get(row["unusable"], row["unusable"])
    values = {
        "release_id": str(known[row["part"]]), "at": at, "offset": offset,
        **dict.fromkeys(("camera", "lot", "serial", "operator", "trigger")),
        "outcome": row["verdict"], "reason": reason, "reason_value": row.get("value"),
        "reason_limit": row.get("bound"),
        **{name: row[name] for name in ("score", "limit", "p_value", "label", "expected", *FACTS)},
        **dict.fromkeys(("sizes", "findings", "ms")), "picture": plain(row["picture"]),
        "picture_hash": None, "height": None, "width": None, "kept": None, "gone": NOT_KEPT,
    }  # fmt: skip
    # The same row of the same log has the same id, wherever the log was moved to.
    name = f"{row['part']}/{row['time']}/{row['id']}/{row['picture']}/{row['score']!r}"
    return Entry(uuid5(NAMESPACE_URL, name), values)


def _local(time: datetime) -> datetime:
    """With the offset it was written with; without one, that of this place."""
    return time if time.tzinfo else time.astimezone()
