"""Whether a record is what was written: every hash, every number, every seal, every event."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sql

from kenpin.record import chain
from kenpin.record.releases import FOLDER
from kenpin.record.reviews import SAMPLE
from kenpin.record.rows import hashes_of
from kenpin.record.schema import (
    events,
    inspections,
    members,
    parts,
    regions,
    releases,
    reviews,
    samples,
    seals,
    sets,
    stations,
    steps,
    users,
)
from kenpin.record.users import SECRET_OF, SECRETS
from kenpin.text import Notice
from kenpin.types import Progress

_AT_ONCE = 2000  # rows in memory


def verify(engine: sql.Engine, progress: Progress = lambda *_: None) -> Iterator[Notice]:
    """What is wrong, one notice for each row, gap or seal; nothing if all is as it was written."""
    with engine.connect() as connection:
        yield from _told("stations", lambda: _stations(connection, progress))
        for what, work in _TABLES.items():
            yield from _told(what, partial(work, connection))


def _told(what: str, work: Callable[[], Iterator[Notice]]) -> Iterator[Notice]:
    """What is wrong there, also where a value cannot even be read as what it should be."""
    try:
        yield from work()
    except (ValueError, TypeError, AttributeError, KeyError, LookupError) as error:
        yield Notice("verify_unreadable", what=what, reason=type(error).__name__)


def _stations(connection: sql.Connection, progress: Progress) -> Iterator[Notice]:
    for station in connection.execute(sql.select(stations)).all():
        yield from _inspections(connection, station, progress)
        yield from _seals(connection, station)


def _inspections(connection: sql.Connection, station: Any, progress: Progress) -> Iterator[Notice]:
    expected = 1
    for rows in _batches(connection, station.id):
        places = _places(connection, [row.id for row in rows if row.id])
        for row in rows:
            told = {"station": station.name, "number": row.number}
            if row.number > expected:
                yield Notice("verify_missing", **told | {"number": expected, "to": row.number - 1})
            expected = row.number + 1
            if isinstance(row, _Unreadable) or row.hash != chain.hash_of_inspection(
                dict(row._mapping), places.get(row.id, [])
            ):
                yield Notice("verify_altered", **told)
            elif row.kept is not None and PurePosixPath(row.kept).stem != str(row.id):
                yield Notice("verify_picture", **told)
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
        numbers = list(connection.scalars(query.with_only_columns(inspections.c.number)))
        if not numbers:
            return
        last = numbers[-1]
        try:
            yield list(connection.execute(query).all())
        except (ValueError, TypeError):  # something in one of them cannot be read
            yield [_alone(connection, station, number) for number in numbers]


class _Unreadable(NamedTuple):
    """A row in which something cannot even be read."""

    number: int
    id: None = None


def _alone(connection: sql.Connection, station: UUID, number: int) -> Any:
    own = sql.and_(inspections.c.station_id == station, inspections.c.number == number)
    try:
        return connection.execute(sql.select(inspections).where(own)).one()
    except (ValueError, TypeError):
        return _Unreadable(number)


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
    some = connection.scalar(sql.select(sql.func.count()).select_from(stations))
    if some and not connection.scalar(sql.select(sql.func.count()).select_from(events)):
        yield Notice("verify_event_missing", number=1, to=1)  # every station has started
    for row in connection.execute(sql.select(events).order_by(events.c.number)):
        if row.number != expected:
            yield Notice("verify_event_missing", number=expected, to=row.number - 1)
        elif row.before != before:
            yield Notice("verify_event_chain", number=row.number)
        if row.hash != chain.hash_of_event(dict(row._mapping)):
            yield Notice("verify_event_altered", number=row.number)
        before, expected = row.hash, row.number + 1


def _reviews(connection: sql.Connection) -> Iterator[Notice]:
    """Each word is in an event too, and each such event has its word."""
    names = ("word", "kind", "comment", "x", "y", "width", "height")
    said = [
        (str(row.inspection_id), str(row.id), row.number, row.who,
         *(getattr(row, name) for name in names))
        for row in connection.execute(sql.select(reviews))
    ]  # fmt: skip
    told = [
        (row.told.get("inspection"), row.told.get("review"), row.number, row.who,
         *(row.told.get(name) for name in names))
        for row in _of_kind(connection, "review")
    ]  # fmt: skip
    for wrong in (Counter(said) - Counter(told)) + (Counter(told) - Counter(said)):
        yield Notice("verify_review", inspection=wrong[0])


def _releases(connection: sql.Connection) -> Iterator[Notice]:
    """Each release is in the state that the last event about it says, by the steps they say."""
    told = [(row.told.get("part"), row.told.get("hash"), row.told.get("state"), row.who,
             row.told.get("comment")) for row in _of_kind(connection, "release")]  # fmt: skip
    last = {(part, digest): state for part, digest, state, *_ in told}
    columns = (parts.c.number, releases.c.hash)
    query = sql.select(*columns, releases.c.state, releases.c.file, releases.c.id)
    for row in connection.execute(query.join(parts, parts.c.id == releases.c.part_id)):
        own = last.pop((row.number, row.hash), None)
        kept = own is None or row.file == f"{FOLDER}/{row.hash}.kenpin"
        if (row.file or own is not None) and (own != row.state or not kept):
            yield Notice("verify_release", hash=row.hash[:12])  # imported ones have no event
    for _, digest in last:
        yield Notice("verify_release", hash=str(digest)[:12])
    taken = sql.select(*columns, steps.c.state, steps.c.who, steps.c.comment).select_from(
        steps.join(releases).join(parts)
    )
    done = Counter(tuple(row) for row in connection.execute(taken.where(releases.c.file != "")))
    for wrong in (done - Counter(told)) + (Counter(told) - done):
        yield Notice("verify_step", hash=str(wrong[1])[:12])


def _samples(connection: sql.Connection) -> Iterator[Notice]:
    """Each draw has the inspections that its event says."""
    drawn: dict[str, list[tuple[str, str, str | None]]] = {}
    for row in connection.execute(sql.select(samples)):
        drawn.setdefault(row.drawn, []).append((str(row.inspection_id), row.drawn, None))
    for row in _of_kind(connection, SAMPLE):
        inside = drawn.pop(str(row.told.get("drawn")), [])
        if (len(inside), chain.hash_of_set(inside)) != (row.told["count"], row.told["hash"]):
            yield Notice("verify_sample", drawn=row.told.get("drawn"))
    for name in drawn:
        yield Notice("verify_sample", drawn=name)


def _sets(connection: sql.Connection) -> Iterator[Notice]:
    """Each frozen set has the pictures and words that its event says."""
    said = {(row.told.get("part"), row.told.get("name"), row.told.get("version")):
            (row.told.get("count"), row.told.get("hash"), row.who)
            for row in _of_kind(connection, "set")}  # fmt: skip
    query = sql.select(sets.c.id, sets.c.who, parts.c.number, sets.c.name, sets.c.version)
    for row in connection.execute(query.select_from(sets.join(parts))).all():
        inside = [
            (str(one.inspection_id), one.word, one.kind)
            for one in connection.execute(sql.select(members).where(members.c.set_id == row.id))
        ]
        if said.pop(tuple(row[2:]), None) != (len(inside), chain.hash_of_set(inside), row.who):
            yield Notice("verify_set", name=row.name, version=row.version)
    for _, name, version in said:
        yield Notice("verify_set", name=name, version=version)


def _users(connection: sql.Connection) -> Iterator[Notice]:
    """Each user has the role, the password and the state that the last events about it say."""
    told: dict[str, dict[str, Any]] = {}
    for row in _of_kind(connection, "user"):
        told.setdefault(str(row.told.get("name")), {}).update(row.told)
    for row in connection.execute(sql.select(users)):
        own = told.pop(row.name, {})
        kept = {SECRET_OF[one]: getattr(row, one) for one in SECRETS}
        there: dict[str, Any] = {name: chain.hash_of_password(value)
                                 for name, value in kept.items() if value is not None}  # fmt: skip
        there |= {name: getattr(row, name) for name in ("role", "language", "active")}
        there |= {"one_time": True} if row.one_time else {}
        said = {name: value for name, value in own.items() if value is not None and name != "name"}
        if said.get("one_time") is False:
            del said["one_time"]
        if there != said:
            yield Notice("verify_user", name=row.name)
    for name in told:
        yield Notice("verify_user", name=name)


def _of_kind(connection: sql.Connection, kind: str) -> Iterator[Any]:
    query = sql.select(events.c.number, events.c.who, events.c.told).where(events.c.kind == kind)
    try:
        yield from connection.execute(query.order_by(events.c.number)).all()
    except (ValueError, TypeError):  # which one is said by the chain
        return


_TABLES: dict[str, Callable[[sql.Connection], Iterator[Notice]]] = {
    "events": _events, "reviews": _reviews, "releases": _releases, "samples": _samples,
    "sets": _sets, "users": _users,
}  # fmt: skip
