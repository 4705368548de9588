"""How many pictures a record holds: the oldest are taken away, good ones first."""

from dataclasses import asdict, replace
from uuid import UUID

import sqlalchemy as sql

from kenpin.record.entry import now
from kenpin.record.pictures import Keep, Pictures
from kenpin.record.rows import add_event, told_of
from kenpin.record.schema import inspections, members, reviews, samples
from kenpin.types import Outcome

_DAY = 24 * 3600 * 1000  # milliseconds
_AT_ONCE = 200
SWEPT, DISK_FULL, NOT_KEPT, LOST, DENIED = "swept", "disk_full", "not_kept", "lost", "denied"
"""Why the picture of a row is not there: taken away later, no room, not by the rule, gone."""


KIND = "keep"
"""The events that say which pictures are kept from then on."""


def rule(connection: sql.Connection, given: Keep | str | None = None) -> Keep:
    """Which pictures are kept: as given, else as the record says; a word changes only `what`."""
    if isinstance(given, Keep):
        return given
    told = told_of(connection, KIND)
    said = Keep(**told[-1]) if told else Keep()
    return said if given is None else replace(said, what=given)


def set_rule(
    connection: sql.Connection, who: str | None, station: str, **changes: int | str | None
) -> Keep:
    """Change which pictures are kept from now on, and how many; what it is then."""
    changed = replace(rule(connection), **changes)  # type: ignore[arg-type]
    add_event(connection, KIND, asdict(changed), who, station)
    return changed


def sweep(engine: sql.Engine, pictures: Pictures, keep: Keep, at_most: int | None = None) -> int:
    """Take away pictures until the bounds hold, `at_most` so many; how many were.

    First good ones, then NG ones beyond their days, the oldest first. Never one that was drawn for
    review, reviewed, or belongs to a data set; its row stays, and says that it was swept.
    """
    held = _held(pictures)
    swept = 0
    for query in (_good(), _ng(now()[0] - keep.days * _DAY)):
        while _too_many(held, pictures, keep):
            with engine.connect() as connection:
                found = connection.execute(query.limit(_AT_ONCE)).all()
            if not found:
                break
            for row in found:
                if not _too_many(held, pictures, keep):
                    break
                if at_most is not None and swept >= at_most:
                    return swept
                held -= take_away(engine, pictures, row.id, row.kept, SWEPT)
                swept += 1
    return swept


def take_away(engine: sql.Engine, pictures: Pictures, identity: UUID, kept: str, why: str) -> int:
    """First the row says that it is gone, then it goes; how many bytes it had."""
    path = pictures.path(kept)
    size = path.stat().st_size if path.exists() else 0
    with engine.execution_options(writes=True).connect() as connection, connection.begin():
        own = inspections.c.id == identity
        connection.execute(inspections.update().where(own).values(kept=None, gone=why))
    pictures.remove(kept)
    return size


def _too_many(held: int, pictures: Pictures, keep: Keep) -> bool:
    over = keep.most is not None and held > keep.most
    return held > 0 and (over or pictures.free() < keep.free)


def _held(pictures: Pictures) -> int:
    return sum(path.stat().st_size for _, path in pictures.every())


def _loose() -> sql.Select[tuple[UUID, str]]:
    """Kept pictures, oldest first, that nobody was asked about and no data set has."""
    held = [table.c.inspection_id for table in (reviews, samples, members)]
    free = [~sql.exists().where(column == inspections.c.id) for column in held]
    query = sql.select(inspections.c.id, inspections.c.kept)
    return query.where(inspections.c.kept.is_not(None), *free).order_by(inspections.c.at)


def _good() -> sql.Select[tuple[UUID, str]]:
    return _loose().where(inspections.c.outcome == Outcome.OK.value)


def _ng(before: int) -> sql.Select[tuple[UUID, str]]:
    return _loose().where(inspections.c.outcome != Outcome.OK.value, inspections.c.at < before)
