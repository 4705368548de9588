"""Verdicts kept in a SQLite file, one row each, for years.

A row is kept as soon as it can be: while another program has the file locked they wait, and if it
is locked to the end they are put beside it as JSON lines and taken in the next time.
"""

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from kenpin.assurance import messages
from kenpin.errors import LogError
from kenpin.files import check_writable, write_atomically
from kenpin.types import FACTS, Verdict

COLUMNS = ("time", "part", "picture", "verdict", "unusable", "score", "limit", "p_value", "label",
           "expected", *FACTS)  # fmt: skip
_IDENTITY = 0x6B656E70  # "kenp": whose SQLite file it is
_VERSION = 1
_CREATE = f"""
CREATE TABLE IF NOT EXISTS verdicts (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, part TEXT NOT NULL, picture TEXT NOT NULL,
    verdict TEXT NOT NULL, unusable TEXT, score REAL, "limit" REAL, p_value REAL,
    label TEXT, expected TEXT, fit REAL, brightness REAL, sharpness REAL
);
PRAGMA application_id = {_IDENTITY};
PRAGMA user_version = {_VERSION};
"""
_INSERT = f"""INSERT INTO verdicts ({", ".join(f'"{name}"' for name in COLUMNS)})
VALUES ({", ".join("?" * len(COLUMNS))})"""  # noqa: S608 - only names from above
_PATIENCE, _LAST_PATIENCE = (
    0.2,
    10.0,
)  # seconds to wait for a locked file: between parts, at the end
_EVERY = 1.0  # seconds between two commits: a crash loses no more

Row = tuple[Any, ...]
"""Of one verdict what `COLUMNS` says."""


def part_hash(path: str | Path) -> str:
    """SHA-256 of a .kenpin file: which part a verdict is about."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


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
            self._patience(_LAST_PATIENCE)
            self._keep()
        except sqlite3.Error as error:
            rest = _rest_of(self._path, os.getpid())
            lines = "".join(json.dumps(row) + "\n" for row in self._waiting)
            write_atomically(rest, lines.encode())
            raise LogError(
                messages.LOG_REST.format(
                    path=self._path, reason=error, count=len(self._waiting), rest=rest
                )
            ) from None
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
        if self._waiting:
            with self._connection:  # one transaction
                self._connection.executemany(_INSERT, self._waiting)
            self._waiting.clear()

    def _patience(self, seconds: float) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")

    def _take_in_rests(self) -> None:
        """What could not be kept before."""
        for rest in sorted(self._path.parent.glob(f"{self._path.name}.rest-*.jsonl")):
            try:
                rows = [tuple(json.loads(line)) for line in rest.read_text("utf-8").splitlines()]
            except (ValueError, TypeError):
                raise LogError(messages.LOG_REST_DAMAGED.format(path=rest)) from None
            with self._connection:
                self._connection.executemany(_INSERT, rows)
            rest.unlink()


@dataclass(frozen=True)
class Logged:
    """The verdicts on one part in the order they were made; others: how many on other parts."""

    rows: tuple[dict[str, Any], ...]
    others: int


def read_log(path: str | Path, part: str | Path, since: str | None = None) -> Logged:
    """What a log holds of this part; since: ISO date or time, earlier ones are passed over.

    Raises LogError when it is no log, damaged or locked, or holds nothing of this part.
    """
    path = Path(path)
    if not path.is_file():
        raise LogError(messages.LOG_MISSING.format(path=path))
    moment = _moment(since)
    connection = _opened(path, _LAST_PATIENCE)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    try:
        with _one_sentence(path):
            query = f"SELECT {names} FROM verdicts ORDER BY id"  # noqa: S608 - names from above
            every = [dict(zip(COLUMNS, row, strict=True)) for row in connection.execute(query)]
    finally:
        connection.close()
    own = part_hash(part)
    rows = [row for row in every if row["part"] == own]
    if every and not rows:
        other = next(row["part"] for row in reversed(every))
        raise LogError(
            messages.LOG_OF_ANOTHER.format(path=path, part=part, own=own[:12], other=other[:12])
        )
    kept = [row for row in rows if moment is None or _moment(row["time"]) >= moment]
    if not kept:
        raise LogError(messages.LOG_EMPTY.format(path=path, part=part))
    return Logged(tuple(kept), len(every) - len(rows))


def _row(verdict: Verdict, part: str) -> Row:
    now = datetime.now().astimezone().isoformat(timespec="milliseconds")
    reason = verdict.reason.value if verdict.reason else None
    return (
        now, part, verdict.picture, verdict.outcome.value, reason, verdict.score, verdict.limit,
        verdict.p_value, verdict.label, verdict.expected,
        *(getattr(verdict, name) for name in FACTS),
    )  # fmt: skip


def _moment(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise LogError(messages.LOG_SINCE.format(value=text)) from None


def _opened(path: Path, patience: float) -> sqlite3.Connection:
    """A connection to a log, or to a new file; raises LogError for any other SQLite file."""
    with _one_sentence(path):
        connection = sqlite3.connect(path, timeout=patience)
    try:
        with _one_sentence(path):
            (identity,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and identity != _IDENTITY:
            raise LogError(messages.LOG_FOREIGN.format(path=path))
        if version > _VERSION:
            raise LogError(messages.LOG_NEWER.format(path=path))
    except BaseException:
        connection.close()
        raise
    return connection


def _rest_of(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.rest-{datetime.now():%Y%m%d%H%M%S}-{number}.jsonl")


@contextlib.contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        locked = "locked" in str(error) or "busy" in str(error)
        text = messages.LOG_LOCKED if locked else messages.LOG_DAMAGED
        raise LogError(text.format(path=path, reason=error)) from None
