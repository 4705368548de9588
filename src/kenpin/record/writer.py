"""One thread that puts rows into the record, as many at a time as are waiting for it."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError

from kenpin.errors import KenpinError
from kenpin.record.entry import Entry
from kenpin.record.rows import add_inspections
from kenpin.record.waiting import Waiting
from kenpin.text import Notice

_AT_ONCE = 500  # rows of a transaction
_EVERY = 1.0  # seconds between two tries to reach a record that is away

Tell = Callable[[Notice], None]


@dataclass
class _Job:
    entry: Entry
    done: "Future[None]" = field(default_factory=Future)


class Writer:
    """Takes rows from any number of threads; each is told when its row is durable.

    Where the record cannot be reached a row waits in a file on this machine's disk; it is taken in,
    before any newer one, as soon as the record is back. tell: called once when it is away, and once
    when all is taken in.
    """

    def __init__(
        self,
        engine: sql.Engine,
        station: UUID,
        waiting: Waiting,
        tell: Tell,
        make_room: Callable[[], bool],
    ) -> None:
        self._engine = engine.execution_options(writes=True)
        self._station, self._waiting, self._tell = station, waiting, tell
        self._make_room = make_room
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._away_since: float | None = monotonic() - _EVERY if waiting.count else None
        self._told = False
        self._thread = threading.Thread(target=self._run, name="kenpin-record", daemon=True)
        self._thread.start()

    def write(self, entry: Entry) -> None:
        """Return when the row is durable: in the record, or in a file that waits for it."""
        job = _Job(entry)
        self._jobs.put(job)
        job.done.result()

    def close(self) -> None:
        """Write what was given, try once more to take in what waits, and end."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            jobs, ending = self._next()
            if self._away_since is not None and (ending or self._is_time()):
                self._take_in()
            if jobs:
                self._keep(jobs)

    def _next(self) -> tuple[list[_Job], bool]:
        """The jobs that are there; waits for the first, or until it is time to try again."""
        jobs: list[_Job] = []
        try:
            job = self._jobs.get(timeout=None if self._away_since is None else _EVERY)
            while job is not None:
                jobs.append(job)
                if len(jobs) == _AT_ONCE:
                    return jobs, False
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True

    def _is_time(self) -> bool:
        return self._away_since is not None and monotonic() - self._away_since >= _EVERY

    def _keep(self, jobs: list[_Job]) -> None:
        try:
            if self._away_since is None:
                try:
                    self._commit_somehow([job.entry for job in jobs])
                except DBAPIError as error:
                    self._is_away(error)
            if self._away_since is not None:
                for job in jobs:
                    self._waiting.put(job.entry)
        except Exception as error:
            for job in jobs:
                job.done.set_exception(error)
            return
        for job in jobs:
            job.done.set_result(None)

    def _commit_somehow(self, entries: list[Entry]) -> None:
        """On a full disk once more, in the room that was laid aside."""
        try:
            self._commit(entries)
        except DBAPIError as error:
            if "full" not in str(error.orig) or not self._make_room():
                raise
            self._commit(entries)

    def _commit(self, entries: list[Entry]) -> None:
        with self._engine.connect() as connection, connection.begin():
            add_inspections(connection, self._station, entries)

    def _is_away(self, error: DBAPIError) -> None:
        self._away_since = monotonic()
        if not self._told:
            self._told = True
            self._tell(Notice("record_away", reason=str(error.orig).strip()))

    def _take_in(self) -> None:
        """What waits, before anything newer."""
        try:
            while self._waiting.count:
                read = list(self._waiting.entries(_AT_ONCE))
                if not read:
                    self._waiting.count = 0
                    break
                self._commit([entry for _, entry in read])
                self._waiting.taken([path for path, _ in read])
        except DBAPIError as error:
            self._is_away(error)
            return
        except KenpinError as error:
            self._away_since = monotonic()
            self._tell(error.notice)
            return
        self._away_since = None
        if self._told:
            self._told = False
            self._tell(Notice("record_back"))
