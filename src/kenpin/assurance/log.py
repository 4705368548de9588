"""Verdicts kept in a SQLite file, one row each, for years.

A row is kept as soon as it can be: while another program has the file locked they wait, and if it
is locked to the end they are put beside it as JSON lines and taken in the next time.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from time import perf_counter, time_ns
from types import TracebackType
from typing import Any, Self

from kenpin.errors import LogError, OutputError
from kenpin.system import check_writable, write_atomically
from kenpin.text import Notice
from kenpin.types import FACTS, Verdict

COLUMNS = ("time", "part", "picture", "verdict", "unusable", "value", "bound", "score", "limit",
           "p_value", "label", "expected", *FACTS)  # fmt: skip
_IDENTITY = 0x6B656E70  # "kenp": whose SQLite file it is
_VERSION = 2
_CREATE = f"""
CREATE TABLE IF NOT EXISTS verdicts (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, part TEXT NOT NULL, picture TEXT NOT NULL,
    verdict TEXT NOT NULL, unusable TEXT, value REAL, bound REAL, score REAL, "limit" REAL,
    p_value REAL, label TEXT, expected TEXT, fit REAL, brightness REAL, sharpness REAL
);
CREATE TABLE IF NOT EXISTS rests (name TEXT PRIMARY KEY);
PRAGMA application_id = {_IDENTITY};
PRAGMA user_version = {_VERSION};
"""
_INSERT = f"""INSERT INTO verdicts ({", ".join(f'"{name}"' for name in COLUMNS)})
VALUES ({", ".join("?" * len(COLUMNS))})"""  # noqa: S608 - only names from above
_PHRASES = {
    "other proportions than the good pictures": "proportions", "too dark": "dark",
    "too bright": "bright", "out of focus": "blurred", "part not found": "not_found",
    "not this part": "another_part",
}  # fmt: skip
_READ = tuple(name for name in COLUMNS if name not in ("value", "bound"))  # by the first version
_PATIENCE = 0.2  # seconds to wait for a locked file between parts
_LAST_PATIENCE = 10.0  # at the beginning and at the end
_EVERY = 1.0  # seconds between two commits: a crash loses no more

Row = tuple[Any, ...]
"""Of one verdict what `COLUMNS` says."""


def part_hash(path: str | Path) -> str:
    """SHA-256 of a .kenpin file: which part a verdict is about. Raises LogError."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise LogError("log_part", path=path, reason=error.strerror) from None


class Log:
    """Takes verdicts on one part into a SQLite file, which is made where there is none.

    part: the .kenpin file. Use it as a context: when it ends, all verdicts are kept.

    Raises LogError, before anything is judged, when the file is not such a log, is damaged or
    locked; and at the end when verdicts had to be put beside it.
    """

    def __init__(self, path: str | Path, part: str | Path) -> None:
        self._path = Path(path)
        self._part = part_hash(part)
        self._waiting: list[Row] = []
        self._kept_at = perf_counter()
        check_writable(self._path)
        self._connection = _opened(self._path, _LAST_PATIENCE)
        try:
            with _one_sentence(self._path):
                self._upgrade()
                self._connection.executescript(f"BEGIN IMMEDIATE;{_CREATE}COMMIT;")
                self._take_in_rests()
        except BaseException:
            self._connection.close()
            raise
        self._patience(_PATIENCE)

    def add(self, verdict: Verdict) -> None:
        """Keep one verdict, at the latest a second or a part later."""
        self._waiting.append(_row(verdict, self._part))
        if perf_counter() - self._kept_at >= _EVERY:
            with contextlib.suppress(sqlite3.Error):  # locked: they wait
                self._keep()
            self._kept_at = perf_counter()

    def close(self) -> None:
        """Keep what still waits; see `Log`."""
        try:
            if self._waiting:
                self._patience(_LAST_PATIENCE)
                self._keep()
        except sqlite3.Error as error:
            raise self._put_beside(error) from None
        finally:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _keep(self) -> None:
        with self._connection:  # one transaction
            self._connection.executemany(_INSERT, self._waiting)
        self._waiting.clear()

    def _put_beside(self, error: sqlite3.Error) -> LogError:
        rest = self._path.with_name(f"{self._path.name}.rest-{time_ns()}.jsonl")
        told = {"path": self._path, "reason": error, "count": len(self._waiting), "rest": rest}
        lines = "".join(json.dumps(row) + "\n" for row in self._waiting)
        try:
            write_atomically(rest, lines.encode())
        except OutputError:
            return LogError("log_lost", **told)
        self._waiting.clear()
        return LogError("log_rest", **told)

    def _upgrade(self) -> None:
        """A log of the first version said in English why a picture is unusable, without numbers."""
        if self._version() != 1:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            if self._version() != 1:  # another program has just done it
                return
            for column in ("value", "bound"):
                self._connection.execute(f"ALTER TABLE verdicts ADD COLUMN {column} REAL")
            self._connection.executemany(
                "UPDATE verdicts SET unusable = ? WHERE unusable = ?",
                [(code, phrase) for phrase, code in _PHRASES.items()],
            )
            self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _version(self) -> int:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _patience(self, seconds: float) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")

    def _insert_rest(self, rest: Path) -> None:
        try:
            self._connection.executemany(_INSERT, _rows_of(rest))
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, OverflowError, ValueError):
            raise LogError("log_rest_damaged", path=rest) from None

    def _take_in_rests(self) -> None:
        """What could not be kept before; each once, even if its file cannot be removed."""
        for rest in sorted(self._path.parent.glob(f"{escape(self._path.name)}.rest-*.jsonl")):
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                query = "SELECT count(*) FROM rests WHERE name = ?"
                (known,) = self._connection.execute(query, [rest.name]).fetchone()
                if not known and rest.exists():  # nor has another program just taken it in
                    self._insert_rest(rest)
                    self._connection.execute("INSERT INTO rests VALUES (?)", [rest.name])
            with contextlib.suppress(OSError):
                rest.unlink()


def _rows_of(rest: Path) -> list[Row]:
    try:
        rows = [tuple(json.loads(line)) for line in rest.read_text("utf-8").splitlines()]
    except (ValueError, TypeError):
        rows = [()]
    rows = [_with_code(row) if len(row) == len(_READ) else row for row in rows]
    if any(len(row) != len(COLUMNS) for row in rows):
        raise LogError("log_rest_damaged", path=rest)
    return rows


def _with_code(row: Row) -> Row:
    """A row of the first version: why a picture is unusable by code, and without numbers."""
    reason = _READ.index("unusable")
    told = _PHRASES.get(row[reason], row[reason])
    return (*row[:reason], told, None, None, *row[reason + 1 :])


@dataclass(frozen=True)
class Logged:
    """The verdicts on one part in the order they were made; others: how many on other parts."""

    rows: tuple[dict[str, Any], ...]
    others: int


def read_log(path: str | Path, part: str | Path, since: str | None = None) -> Logged:
    """What a log holds of this part; since: ISO date or time, earlier ones are passed over.

    Raises LogError when it is no log, damaged or locked, or holds nothing of this part.
    """
    path, own, after = Path(path), part_hash(part), _moment(since)
    if not path.is_file():
        raise LogError("log_missing", path=path)
    names = ", ".join(f'"{name}"' for name in _READ)
    query = f"SELECT {names} FROM verdicts WHERE part = ? ORDER BY id"  # noqa: S608 - from above
    connection = _opened(path, _LAST_PATIENCE)
    try:
        with _one_sentence(path):
            told = {"path": path, "part": part} | ({"since": since} if since else {})
            empty = "log_empty_since" if since else "log_empty"
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise LogError(empty, **told)  # begun, and never written
            last = connection.execute("SELECT part FROM verdicts ORDER BY id DESC LIMIT 1")
            latest = last.fetchone()
            counts = dict(connection.execute("SELECT part, count(*) FROM verdicts GROUP BY part"))
            found = [
                (moment, _checked(dict(zip(_READ, row, strict=True)), path))
                for row in connection.execute(query, [own])
                if (moment := _time_of(row, path)) >= after
            ]
    finally:
        connection.close()
    if latest and own not in counts:
        named = {"path": path, "part": part, "own": own[:12], "other": latest[0][:12]}
        raise LogError("log_of_another", **named)
    if not found:
        raise LogError(empty, **told)
    found.sort(key=lambda one: one[0])  # those that waited beside the log were taken in later
    others = sum(counts.values()) - counts[own]
    return Logged(tuple(row for _, row in found), others)


def _row(verdict: Verdict, part: str) -> Row:
    now = datetime.now().astimezone().isoformat(timespec="milliseconds")
    why = verdict.reason
    reason = (why.code.value, why.value, why.limit) if why else (None, None, None)
    # SQLite takes text only: a file name may hold bytes that are none.
    name = verdict.picture.encode("utf-8", "backslashreplace").decode()
    return (
        now, part, name, verdict.outcome.value, *reason, verdict.score, verdict.limit,
        verdict.p_value, verdict.label, verdict.expected,
        *(getattr(verdict, name) for name in FACTS),
    )  # fmt: skip


def _moment(since: str | None) -> datetime:
    if since is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.fromisoformat(since).astimezone()
    except (ValueError, OverflowError):
        raise LogError("log_since", value=since) from None


def _time_of(row: Row, path: Path) -> datetime:
    try:
        return datetime.fromisoformat(row[0]).astimezone()
    except (TypeError, ValueError, OverflowError):
        reason = Notice("log_time", value=row[0])
        raise LogError("log_damaged", path=path, reason=reason) from None


def _checked(row: dict[str, Any], path: Path) -> dict[str, Any]:
    for name in ("score", "limit", *FACTS):
        if not isinstance(row[name], float | int | None):
            reason = Notice("log_number", value=row[name], name=name)
            raise LogError("log_damaged", path=path, reason=reason)
    return row


def _opened(path: Path, patience: float) -> sqlite3.Connection:
    """A connection to a log, or to a new file; raises LogError for any other SQLite file."""
    with _one_sentence(path):
        connection = sqlite3.connect(path, timeout=patience)
    try:
        with _one_sentence(path):
            # First, for another program may be making this log just now.
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (identity,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        if tables and identity != _IDENTITY:
            raise LogError("log_foreign", path=path)
        if version > _VERSION:
            raise LogError("log_newer", path=path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        locked = "locked" in str(error) or "busy" in str(error)
        text = "log_locked" if locked else "log_damaged"
        # The library says "file is not a database" in English only.
        reason = Notice("log_not_sqlite") if type(error) is sqlite3.DatabaseError else error
        raise LogError(text, path=path, reason=reason) from None
