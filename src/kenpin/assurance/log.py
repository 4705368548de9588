"""Verdicts kept in a SQLite file, one row each, for years.

Each row is kept before its verdict is told: in the file, or while another program has that locked
as JSON in a file beside it, which is taken in as soon as it can be.
"""

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from glob import escape
from itertools import pairwise
from math import inf
from pathlib import Path
from time import monotonic, time_ns
from types import TracebackType
from typing import Any, Self

from kenpin.errors import LogError, OutputError
from kenpin.system import check_writable, write_atomically
from kenpin.text import Notice
from kenpin.types import FACTS, Verdict

COLUMNS = ("time", "part", "picture", "verdict", "unusable", "value", "bound", "score", "limit",
           "p_value", "label", "expected", *FACTS)  # fmt: skip
_IDENTITY = 0x6B656E70  # "kenp": whose SQLite file it is
_VERSION = 3
_CREATE = f"""
CREATE TABLE IF NOT EXISTS verdicts (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, part TEXT NOT NULL, picture TEXT NOT NULL,
    verdict TEXT NOT NULL, unusable TEXT, value REAL, bound REAL, score REAL, "limit" REAL,
    p_value REAL, label TEXT, expected TEXT, fit REAL, brightness REAL, sharpness REAL,
    moment INTEGER
);
CREATE INDEX IF NOT EXISTS verdicts_of_part ON verdicts (part, moment);
CREATE TABLE IF NOT EXISTS rests (name TEXT PRIMARY KEY);
PRAGMA application_id = {_IDENTITY};
PRAGMA user_version = {_VERSION};
"""
_KEPT = (*COLUMNS, "moment")
_INSERT = f"""INSERT INTO verdicts ({", ".join(f'"{name}"' for name in _KEPT)})
VALUES ({", ".join("?" * len(_KEPT))})"""  # noqa: S608 - only names from above
_PHRASES = {
    "other proportions than the good pictures": "proportions", "too dark": "dark",
    "too bright": "bright", "out of focus": "blurred", "part not found": "not_found",
    "not this part": "another_part",
}  # fmt: skip
_READ = tuple(name for name in COLUMNS if name not in ("value", "bound"))  # by the first version
_PATIENCE = 0.2  # seconds to wait for a locked file between parts
_LAST_PATIENCE = 10.0  # at the beginning and at the end
_EVERY = 1.0  # seconds between two tries at a locked file
_CLOCK = 1000  # milliseconds that a clock may be set back without a word
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_REST = 2**28  # bytes beside a log
_MOST_LOG = 2**36

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

    part: the .kenpin file. Use it as a context. Any number of threads may add to it.

    Raises LogError, before anything is judged, when the file is not such a log, is damaged or
    locked; and at the end when verdicts had to stay beside it.
    """

    def __init__(self, path: str | Path, part: str | Path) -> None:
        self._path = Path(path)
        self._part = part_hash(part)
        self._lock = threading.Lock()
        self._begun = time_ns()
        self._beside, self._number = 0, 0
        self._locked_at, self._closed = -inf, False
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
        """Keep one verdict: when this returns it is in the log, or in a file beside a locked one.

        Raises LogError when neither is possible.
        """
        row = _row(verdict, self._part)
        with self._lock:
            if self._closed:
                raise LogError("log_closed", path=self._path)
            try:
                self._keep(row)
            # Locked; or a rest of another run is damaged, which is said at the end.
            except (sqlite3.Error, LogError) as error:
                self._locked_at = monotonic()
                self._put_beside(row, error)

    def _keep(self, row: Row) -> None:
        if self._beside:
            if monotonic() - self._locked_at < _EVERY:
                raise sqlite3.OperationalError("locked")
            self._take_in_rests()  # those before it first
            self._beside = 0
        with self._connection:  # one transaction
            self._connection.execute(_INSERT, row)

    def close(self) -> None:
        """Take in what is still beside; see `Log`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._beside:
                    self._patience(_LAST_PATIENCE)
                    self._take_in_rests()
                    self._beside = 0
            except sqlite3.Error as error:
                told = {"path": self._path, "reason": error, "count": self._beside}
                self._beside = 0
                raise LogError("log_rest", **told, rest=self._rest("*")) from None
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

    def _put_beside(self, row: Row, error: Exception) -> None:
        """A file for each row: another program may take it in at any moment."""
        self._number += 1  # no name twice: what was taken in is known by it
        rest = self._rest(f"{self._number:06}")
        try:
            write_atomically(rest, (json.dumps(row[: len(COLUMNS)]) + "\n").encode())
        except OutputError:
            told = {"path": self._path, "reason": error, "count": 1, "rest": rest}
            raise LogError("log_lost", **told) from None
        self._beside += 1

    def _rest(self, number: str) -> Path:
        return self._path.with_name(f"{self._path.name}.rest-{self._begun}-{number}.jsonl")

    def _upgrade(self) -> None:
        """The first version said in English why a picture is unusable; two had no moments."""
        if self._version() not in (1, 2):
            return
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            version = self._version()
            if version not in (1, 2):  # another program has just done it
                return
            for column in ("value", "bound") if version == 1 else ():
                self._connection.execute(f"ALTER TABLE verdicts ADD COLUMN {column} REAL")
            self._connection.executemany(
                "UPDATE verdicts SET unusable = ? WHERE unusable = ?",
                [(code, phrase) for phrase, code in _PHRASES.items()],
            )
            self._connection.execute("ALTER TABLE verdicts ADD COLUMN moment INTEGER")
            told = self._connection.execute("SELECT id, time FROM verdicts").fetchall()
            moments = ((_moment_of(time, self._path), number) for number, time in told)
            self._connection.executemany("UPDATE verdicts SET moment = ? WHERE id = ?", moments)
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
    if rest.stat().st_size > _MOST_REST:
        raise LogError("log_rest_damaged", path=rest)
    try:
        rows = [tuple(json.loads(line)) for line in rest.read_text("utf-8").splitlines()]
    except (ValueError, TypeError):
        rows = [()]
    rows = [_with_code(row) if len(row) == len(COLUMNS) - 2 else row for row in rows]
    if any(len(row) != len(COLUMNS) for row in rows):
        raise LogError("log_rest_damaged", path=rest)
    try:
        return [(*row, _moment_of(row[0], rest)) for row in rows]
    except LogError:
        raise LogError("log_rest_damaged", path=rest) from None


def _with_code(row: Row) -> Row:
    """A row of the first version: why a picture is unusable by code, and without numbers."""
    reason = _READ.index("unusable")
    told = _PHRASES.get(row[reason], row[reason])
    return (*row[:reason], told, None, None, *row[reason + 1 :])


@dataclass(frozen=True)
class Logged:
    """The verdicts on one part in the order they were made, whatever the clock says.

    others: how many on other parts. backwards: the places of those before which the clock went back
    by more than a second.
    """

    rows: tuple[dict[str, Any], ...]
    others: int
    backwards: tuple[int, ...] = ()


def read_log(path: str | Path, part: str | Path, since: str | None = None) -> Logged:
    """What a log holds of this part; since: ISO date or time, earlier ones are passed over.

    Raises LogError when it is no log, damaged or locked, or holds nothing of this part.
    """
    path, own, after = Path(path), part_hash(part), _moment(since)
    if not path.is_file():
        raise LogError("log_missing", path=path)
    told = {"path": path, "part": part} | ({"since": since} if since else {})
    empty = LogError("log_empty_since" if since else "log_empty", **told)
    connection = _opened(path, _LAST_PATIENCE)
    try:
        with _one_sentence(path):
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise empty  # begun, and never written
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            last = connection.execute("SELECT part FROM verdicts ORDER BY id DESC LIMIT 1")
            latest = last.fetchone()
            counts = dict(connection.execute("SELECT part, count(*) FROM verdicts GROUP BY part"))
            found = list(_selected(connection, version, own, after, path))
    finally:
        connection.close()
    if latest and own not in counts:
        named = {"path": path, "part": part, "own": own[:12], "other": latest[0][:12]}
        raise LogError("log_of_another", **named)
    if not found:
        raise empty
    moments = [moment for moment, _ in found]
    backwards = tuple(
        place for place, (one, next_) in enumerate(pairwise(moments), start=1)
        if next_ < one - _CLOCK
    )  # fmt: skip
    others = sum(counts.values()) - counts[own]
    return Logged(tuple(row for _, row in found), others, backwards)


def _selected(
    connection: sqlite3.Connection, version: int, own: str, after: int, path: Path
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Moment and figures of each row, in the order of the rows."""
    names = ", ".join(f'"{name}"' for name in _READ)
    only = "AND moment >= ?" if version == _VERSION else ""
    query = f"SELECT {names} FROM verdicts WHERE part = ? {only} ORDER BY id"  # noqa: S608 - above
    for row in connection.execute(query, [own, after] if only else [own]):
        moment = _moment_of(row[0], path)
        if moment >= after:  # a log that was only read is left as its version made it
            yield moment, _checked(dict(zip(_READ, row, strict=True)), path)


def _row(verdict: Verdict, part: str) -> Row:
    now = datetime.now().astimezone()
    why = verdict.reason
    reason = (why.code.value, why.value, why.limit) if why else (None, None, None)
    # SQLite takes text only: a file name may hold bytes that are none.
    name = verdict.picture.encode("utf-8", "backslashreplace").decode()
    return (
        now.isoformat(timespec="milliseconds"), part, name, verdict.outcome.value, *reason,
        verdict.score, verdict.limit, verdict.p_value, verdict.label, verdict.expected,
        *(getattr(verdict, name) for name in FACTS), _milliseconds(now),
    )  # fmt: skip


def _moment(since: str | None) -> int:
    """In milliseconds since 1970, of the world's clock: comparable wherever it was written."""
    if since is None:
        return -(2**62)
    try:
        return _milliseconds(datetime.fromisoformat(since).astimezone())
    except (ValueError, OverflowError, OSError):
        raise LogError("log_since", value=since) from None


def _moment_of(time: Any, path: Path) -> int:
    try:
        return _milliseconds(datetime.fromisoformat(time).astimezone())
    except (TypeError, ValueError, OverflowError, OSError):
        reason = Notice("log_time", value=time)
        raise LogError("log_damaged", path=path, reason=reason) from None


def _milliseconds(moment: datetime) -> int:
    return (moment - _BEGINNING) // timedelta(milliseconds=1)


def _checked(row: dict[str, Any], path: Path) -> dict[str, Any]:
    for name in ("score", "limit", *FACTS):
        if not isinstance(row[name], float | int | None):
            reason = Notice("log_number", value=row[name], name=name)
            raise LogError("log_damaged", path=path, reason=reason)
    return row


def _opened(path: Path, patience: float) -> sqlite3.Connection:
    """A connection to a log, or to a new file; raises LogError for any other SQLite file."""
    if path.is_file() and path.stat().st_size > _MOST_LOG:
        raise LogError("log_damaged", path=path, reason=Notice("log_large"))
    with _one_sentence(path):
        # Threads take turns, see `Log`.
        connection = sqlite3.connect(path, timeout=patience, check_same_thread=False)
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
