"""Whether a record is what was written: every hash, every number, every seal, every event."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sql

from kenpin.record import chain
from kenpin.record.rows import hashes_of
from kenpin.record.schema import events, inspections, regions, seals, stations
from kenpin.text import Notice
from kenpin.types import Progress

_AT_ONCE = 2000  # rows in memory


def verify(engine: sql.Engine, progress: Progress = lambda *_: None) -> Iterator[Notice]:
    """What is wrong, one notice for each row, gap or seal; nothing if all is as it was written."""
    with engine.connect() as connection:
        for station in connection.execute(sql.select(stations)).all():
            yield from _inspections(connection, station, progress)
            yield from _seals(connection, station)
        yield from _events(connection)


def _inspections(connection: sql.Connection, station: Any, progress: Progress) -> Iterator[Notice]:
    expected = 1
    for rows in _batches(connection, station.id):
        places = _places(connection, [row.id for row in rows])
        for row in rows:
            told = {"station": station.name, "number": row.number}
            if row.number > expected:
                yield Notice("verify_missing", **told | {"number": expected, "to": row.number - 1})
            expected = row.number + 1
            if row.hash != chain.hash_of_inspection(dict(row._mapping), places.get(row.id, [])):
                yield Notice("verify_altered", **told)
        progress(station.name, expected - 1, station.last)
    if expected <= station.last:
        told = {"station": station.name, "number": expected, "to": station.last}
        yield Notice("verify_missing", **told)
    elif expected > station.last + 1:
        told = {"station": station.name, "number": station.last + 1, "to": expected - 1}
        yield Notice("verify_inserted", **told)


def _batches(connection: sql.Connection, station: UUID) -> Iterator[list[Any]]:
    last = -(2**62)
    while True:
        query = sql.select(inspections).order_by(inspections.c.number).limit(_AT_ONCE)
        query = query.where(inspections.c.station_id == station, inspections.c.number > last)
        rows = list(connection.execute(query).all())
        if not rows:
            return
        last = rows[-1].number
        yield rows


def _places(connection: sql.Connection, ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    query = sql.select(regions).where(regions.c.inspection_id.in_(ids))
    found = connection.execute(query.order_by(regions.c.inspection_id, regions.c.number))
    grouped = groupby((dict(row._mapping) for row in found), lambda row: row["inspection_id"])
    return {identity: list(rows) for identity, rows in grouped}


def _seals(connection: sql.Connection, station: Any) -> Iterator[Notice]:
    before = chain.BEGINNING
    own = sql.select(seals.c.number, seals.c.hash).where(seals.c.station_id == station.id)
    made = {row.number: row.hash for row in connection.execute(own)}
    for number in range(chain.SEALED, station.last + 1, chain.SEALED):
        seal = made.pop(number, None)
        if seal != chain.seal_of(before, hashes_of(connection, station.id, number)):
            yield Notice("verify_seal", station=station.name, number=number)
        before = seal or chain.BEGINNING
    for number in made:
        yield Notice("verify_seal", station=station.name, number=number)


def _events(connection: sql.Connection) -> Iterator[Notice]:
    before, expected = chain.BEGINNING, 1
    for row in connection.execute(sql.select(events).order_by(events.c.number)):
        if row.number != expected:
            yield Notice("verify_event_missing", number=expected, to=row.number - 1)
        elif row.before != before:
            yield Notice("verify_event_chain", number=row.number)
        if row.hash != chain.hash_of_event(dict(row._mapping)):
            yield Notice("verify_event_altered", number=row.number)
        before, expected = row.hash, row.number + 1
