"""How rows get into the tables: numbered, hashed and sealed, in one transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from uuid_utils.compat import uuid7

from kenpin.record import chain
from kenpin.record.entry import Entry, now, plain
from kenpin.record.schema import events, inspections, regions, seals, stations


def station_id(connection: sql.Connection, name: str) -> UUID:
    """The station of this name, made where there is none."""
    found = connection.scalar(sql.select(stations.c.id).where(stations.c.name == name))
    if found is None:
        found = uuid7()
        connection.execute(stations.insert().values(id=found, name=name, last=0))
    return UUID(str(found))


def add_inspections(connection: sql.Connection, station: UUID, entries: Sequence[Entry]) -> int:
    """Add those that are not there yet, in this order; how many there were."""
    own = stations.c.id == station
    last = connection.scalar(sql.select(stations.c.last).where(own).with_for_update()) or 0
    known = inspections.c.id.in_([entry.id for entry in entries])
    there = set(connection.scalars(sql.select(inspections.c.id).where(known)))
    new = [entry for entry in entries if entry.id not in there]
    if not new:
        return 0
    rows, places = [], []
    for number, entry in enumerate(new, start=last + 1):
        row: dict[str, Any] = {"id": entry.id, "station_id": station, "number": number}
        row |= entry.values | {"release_id": UUID(entry.values["release_id"])}
        row["hash"] = chain.hash_of_inspection(row, entry.regions)
        rows.append(row)
        places += [{"inspection_id": entry.id, **place} for place in entry.regions]
    connection.execute(inspections.insert(), rows)
    if places:
        connection.execute(regions.insert(), places)
    connection.execute(stations.update().where(own).values(last=last + len(new)))
    for sealed in range(last // chain.SEALED + 1, (last + len(new)) // chain.SEALED + 1):
        _seal(connection, station, sealed * chain.SEALED)
    return len(new)


def _seal(connection: sql.Connection, station: UUID, number: int) -> None:
    """Seal the thousand that ends with this number."""
    hashes = hashes_of(connection, station, number)
    before = seal_before(connection, station, number)
    made = {"station_id": station, "number": number, "hash": chain.seal_of(before, hashes)}
    connection.execute(seals.insert().values(made))


def hashes_of(connection: sql.Connection, station: UUID, number: int) -> list[str]:
    """Of the thousand inspections that ends with this number, in their order."""
    first = number - chain.SEALED
    within = sql.and_(inspections.c.station_id == station, inspections.c.number > first,
                      inspections.c.number <= number)  # fmt: skip
    query = sql.select(inspections.c.hash).where(within).order_by(inspections.c.number)
    return list(connection.scalars(query))


def seal_before(connection: sql.Connection, station: UUID, number: int) -> str:
    """The seal before the one of this number."""
    own = sql.and_(seals.c.station_id == station, seals.c.number == number - chain.SEALED)
    return connection.scalar(sql.select(seals.c.hash).where(own)) or chain.BEGINNING


def events_of(connection: sql.Connection, kind: str) -> list[tuple[int, dict[str, Any]]]:
    """When the events of a kind were, in milliseconds, and what they tell; the oldest first."""
    query = sql.select(events.c.at, events.c.told).where(events.c.kind == kind)
    return [(row.at, row.told) for row in connection.execute(query.order_by(events.c.number))]


def latest_events(connection: sql.Connection, kind: str | None, most: int) -> list[dict[str, Any]]:
    """Of a kind, or all; the newest first."""
    query = sql.select(events).order_by(events.c.number.desc()).limit(most)
    if kind is not None:
        query = query.where(events.c.kind == kind)
    return [dict(row._mapping) for row in connection.execute(query)]


def events_between(
    connection: sql.Connection, kinds: Sequence[str], since: int, most: int
) -> list[dict[str, Any]]:
    """Of these kinds the newest from a moment on, in milliseconds; the oldest of them first."""
    query = sql.select(events).where(events.c.kind.in_(kinds), events.c.at >= since)
    query = query.order_by(events.c.number.desc()).limit(most)
    return [dict(row._mapping) for row in connection.execute(query)][::-1]


def events_since(
    connection: sql.Connection, kind: str, number: int
) -> tuple[int, list[dict[str, Any]]]:
    """Of a kind those after this number, the oldest first; and the number of the latest of all."""
    latest = connection.scalar(sql.select(sql.func.max(events.c.number))) or 0
    query = sql.select(events).where(events.c.number > number, events.c.number <= latest)
    query = query.where(events.c.kind == kind).order_by(events.c.number)
    return latest, [dict(row._mapping) for row in connection.execute(query)]


def told_of(connection: sql.Connection, kind: str) -> list[dict[str, Any]]:
    """Only what they tell."""
    return [told for _, told in events_of(connection, kind)]


def add_event(
    connection: sql.Connection, kind: str, told: dict[str, Any], who: str | None, station: str
) -> int:
    """Chain an event to the one before; its number. The transaction must be one for writing."""
    if connection.dialect.name == "postgresql":  # one at a time, or two would follow the same one
        connection.exec_driver_sql(f"LOCK TABLE {events.name} IN EXCLUSIVE MODE")
    latest = sql.select(events.c.number, events.c.hash).order_by(events.c.number.desc()).limit(1)
    before = connection.execute(latest).first()
    at, offset = now()
    row: dict[str, Any] = {
        "number": before.number + 1 if before else 1, "station": plain(station), "kind": kind,
        "who": plain(who), "at": at, "offset": offset, "told": _safe(told),
        "before": before.hash if before else chain.BEGINNING,
    }  # fmt: skip
    connection.execute(events.insert().values(row | {"hash": chain.hash_of_event(row)}))
    return int(row["number"])


def _safe(told: dict[str, Any]) -> dict[str, Any]:
    """Text that every database takes and every page can write."""
    return {name: plain(value) if isinstance(value, str) else value
            for name, value in told.items()}  # fmt: skip
