"""Work that takes minutes: kept in the record, taken by one worker at a time, never lost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from uuid_utils.compat import uuid7

from kenpin.errors import RecordError
from kenpin.record.entry import now, plain
from kenpin.record.rows import add_event
from kenpin.record.schema import jobs

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
LEASE = 30_000  # milliseconds that a worker has a job without saying anything
MOST_TRIES = 3  # workers that ended under a job


@dataclass(frozen=True)
class Job:
    """told: what is to be done, by kind; codes and numbers only. tries: how often it was begun.

    progress: {"stage", "done", "total", "seconds_left" of this stage}; result: what came of it, or
    why nothing did.
    """

    id: UUID
    kind: str
    told: dict[str, Any]
    who: str | None
    state: str
    tries: int
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    at: int
    offset: int

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in (DONE, FAILED, CANCELLED)


def add_job(
    connection: sql.Connection, kind: str, told: dict[str, Any], who: str | None, station: str
) -> UUID:
    """To be done as soon as a worker is free."""
    identity, (at, offset) = uuid7(), now()
    row = {"id": identity, "kind": kind, "told": told, "who": plain(who), "state": WAITING,
           "tries": 0, "at": at, "offset": offset}  # fmt: skip
    connection.execute(jobs.insert().values(row))
    add_event(connection, "job", {"job": str(identity), "kind": kind, **told}, who, station)
    return UUID(str(identity))


def job_waits(connection: sql.Connection, kinds: Collection[str]) -> bool:
    """Whether there may be something of these kinds to take; by reading only."""
    own = sql.and_(jobs.c.state.in_((WAITING, RUNNING)), jobs.c.kind.in_(kinds))
    query = sql.select(jobs.c.id).where(own).limit(1)
    return connection.scalar(query) is not None


def take_job(connection: sql.Connection, worker: str, kinds: Collection[str]) -> Job | None:
    """The oldest of these kinds that waits, or whose worker was not heard of for as long as a
    lease; it is this worker's then. None where there is none. The transaction must be one for
    writing.
    """
    at, own = now()[0], jobs.c
    # A lease that ends far later than one can was made before the clock went back. Not a little
    # later: another worker may have taken it since this one looked at the clock.
    lost = sql.and_(own.state == RUNNING, sql.or_(own.until < at, own.until > at + 2 * LEASE))
    free = sql.and_(sql.or_(own.state == WAITING, lost), own.kind.in_(kinds))
    query = sql.select(jobs).where(free).order_by(own.at, own.id)
    for row in connection.execute(query.with_for_update(skip_locked=True)):
        if row.tries >= MOST_TRIES:
            result = {"code": "job_died", "values": {"tries": row.tries}}
            changed: dict[str, Any] = {"state": FAILED, "result": result}
        else:
            changed = {"state": RUNNING, "worker": worker, "until": at + LEASE,
                       "tries": row.tries + 1, "progress": None}  # fmt: skip
        connection.execute(jobs.update().where(own.id == row.id).values(changed))
        if changed["state"] == RUNNING:
            return find_job(connection, row.id)
    return None


def renew_job(
    connection: sql.Connection, identity: UUID, worker: str, progress: dict[str, Any] | None
) -> bool:
    """The worker is at it. Whether it is still this worker's, and wanted."""
    changes: dict[str, Any] = {"until": now()[0] + LEASE, "progress": progress}
    return _changed(connection, identity, worker, changes)


def end_job(
    connection: sql.Connection, identity: UUID, worker: str, state: str, result: dict[str, Any]
) -> bool:
    """It is DONE or FAILED. Whether it was this worker's still: else nothing may come of it."""
    return _changed(connection, identity, worker, {"state": state, "result": result})


def put_job_back(connection: sql.Connection, identity: UUID, worker: str) -> None:
    """The worker was told to end: another is to begin it, and this one does not count."""
    changes = {"state": WAITING, "worker": None, "tries": jobs.c.tries - 1}
    _changed(connection, identity, worker, changes)


def _changed(
    connection: sql.Connection, identity: UUID, worker: str, changes: dict[str, Any]
) -> bool:
    own = sql.and_(jobs.c.id == identity, jobs.c.worker == worker, jobs.c.state == RUNNING)
    return connection.execute(jobs.update().where(own).values(changes)).rowcount == 1


def cancel_job(connection: sql.Connection, identity: UUID, who: str | None, station: str) -> None:
    """Nothing more is to come of it; nothing happens where it is over."""
    own = sql.and_(jobs.c.id == identity, jobs.c.state.in_((WAITING, RUNNING)))
    done = connection.execute(jobs.update().where(own).values(state=CANCELLED))
    if done.rowcount:
        add_event(connection, "job_cancelled", {"job": str(identity)}, who, station)


def find_job(connection: sql.Connection, identity: UUID) -> Job:
    """Raises RecordError where there is none."""
    row = connection.execute(sql.select(jobs).where(jobs.c.id == identity)).first()
    if row is None:
        raise RecordError("job_unknown", id=identity)
    return _job(row)


def list_jobs(connection: sql.Connection, most: int) -> Sequence[Job]:
    """The newest first."""
    query = sql.select(jobs).order_by(jobs.c.at.desc(), jobs.c.id.desc()).limit(most)
    return [_job(row) for row in connection.execute(query)]


def _job(row: Any) -> Job:
    names = ("kind", "told", "who", "state", "tries", "progress", "result", "at", "offset")
    return Job(UUID(str(row.id)), *(getattr(row, name) for name in names))
