"""Finding inspections again."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVarTuple
from uuid import UUID

import sqlalchemy as sql

from kenpin.errors import RecordError
from kenpin.record.entry import plain
from kenpin.record.pictures import Pictures
from kenpin.record.schema import inspections, parts, regions, releases, reviews, stations
from kenpin.text import local_time
from kenpin.types import Judged, Outcome

Columns = TypeVarTuple("Columns")
_AT_ONCE = 1000  # rows in memory
_MOST_DIGITS = 18
UNDONE = "undone"  # the word that takes the one before back
_JUDGED = tuple(one.name for one in fields(Judged) if one.name in inspections.c)


COLUMNS = ("time", "station", "number", "part", "release", "outcome", "reason", "reason_value",
            "reason_limit", "score", "limit", "p_value", "label", "expected", "fit", "brightness",
            "sharpness", "lot", "serial", "operator", "camera", "trigger", "picture",
            "picture_hash", "height", "width", "kept", "gone", "id")  # fmt: skip
"""Of a row for programs, in this order."""


@dataclass(frozen=True)
class Filter:
    """Which inspections are meant; None leaves that open.

    part: its number. since, until: milliseconds, the second not included. reviewed: whether anybody
    said a word. release: the hash of the file that judged. ids: these only. before: the moment and
    number of a row; only those that come after it where the newest is first.
    """

    part: str | None = None
    outcomes: tuple[str, ...] = ()
    lot: str | None = None
    serial: str | None = None
    station: str | None = None
    since: int | None = None
    until: int | None = None
    reviewed: bool | None = None
    release: str | None = None
    ids: tuple[UUID, ...] = field(default=())
    before: tuple[int, int] | None = None


def filtered(query: "sql.Select[*Columns]", chosen: Filter) -> "sql.Select[*Columns]":
    """The query of `inspections`, of those that are meant only."""
    own = inspections.c
    wheres: list[sql.ColumnElement[bool]] = []
    if chosen.part is not None:
        of_part = sql.select(releases.c.id).join(parts, parts.c.id == releases.c.part_id)
        wheres.append(own.release_id.in_(of_part.where(parts.c.number == plain(chosen.part))))
    if chosen.outcomes:
        wheres.append(own.outcome.in_(chosen.outcomes))
    for name in ("lot", "serial"):
        value = getattr(chosen, name)
        if value is not None:
            wheres.append(own[name] == plain(value))
    if chosen.station is not None:
        of_name = sql.select(stations.c.id).where(stations.c.name == plain(chosen.station))
        wheres.append(own.station_id.in_(of_name))
    if chosen.since is not None:
        wheres.append(own.at >= chosen.since)
    if chosen.until is not None:
        wheres.append(own.at < chosen.until)
    if chosen.before is not None:
        at, number = chosen.before
        wheres.append(sql.or_(own.at < at, sql.and_(own.at == at, own.number < number)))
    if chosen.reviewed is not None:
        there = has_word(own.id)
        wheres.append(there if chosen.reviewed else ~there)
    if chosen.release is not None:
        of_file = sql.select(releases.c.id).where(releases.c.hash == chosen.release)
        wheres.append(own.release_id.in_(of_file))
    if chosen.ids:
        wheres.append(own.id.in_(chosen.ids))
    return query.where(*wheres)


def has_word(inspection: "sql.Column[Any]") -> sql.ColumnElement[bool]:
    """Whether a person's word on an inspection counts: the latest, unless that takes it back."""
    latest = sql.select(reviews.c.word).where(reviews.c.inspection_id == inspection)
    latest = latest.order_by(reviews.c.number.desc()).limit(1)
    return sql.func.coalesce(latest.scalar_subquery(), UNDONE) != UNDONE


def found(
    engine: sql.Engine, chosen: Filter, most: int | None = None, newest_first: bool = True
) -> Iterator[dict[str, Any]]:
    """Their rows with the names of part and station, and the release's hash; few in memory."""
    with engine.connect().execution_options(stream_results=True) as connection:
        yield from rows_of(connection, chosen, most, newest_first)


def rows_of(
    connection: sql.Connection,
    chosen: Filter,
    most: int | None = None,
    newest_first: bool = True,
) -> Iterator[dict[str, Any]]:
    """The same on a connection that is there."""
    if chosen.part is not None and most is not None and most <= _AT_ONCE:
        yield from _of_part(connection, chosen, most, newest_first)
        return
    query = filtered(_rows(), chosen).order_by(*_order(newest_first)).limit(most)
    for row in connection.execute(query).yield_per(_AT_ONCE):
        yield dict(row._mapping)


def _of_part(
    connection: sql.Connection, chosen: Filter, most: int, newest_first: bool
) -> Iterator[dict[str, Any]]:
    """Of each release as many, then the first of all: each comes in order from its index, while
    SQLite would sort every row that the part ever had.
    """
    own = sql.select(releases.c.id).join(parts, parts.c.id == releases.c.part_id)
    query = filtered(_rows(), replace(chosen, part=None))
    query = query.order_by(*_order(newest_first)).limit(most)
    rows = [
        dict(row._mapping)
        for release in connection.scalars(own.where(parts.c.number == plain(chosen.part))).all()
        for row in connection.execute(query.where(inspections.c.release_id == release))
    ]
    rows.sort(key=lambda row: (row["at"], row["number"]), reverse=newest_first)
    yield from rows[:most]


def _order(newest_first: bool) -> list[Any]:
    order = (inspections.c.at, inspections.c.number)
    return [one.desc() if newest_first else one for one in order]


def _rows() -> "sql.Select[Any]":
    """Rows with the names of part and station, and the release's hash."""
    return (
        sql.select(
            inspections,
            parts.c.number.label("part"),
            stations.c.name.label("station"),
            releases.c.hash.label("release"),
        )
        .join(releases, releases.c.id == inspections.c.release_id)
        .join(parts, parts.c.id == releases.c.part_id)
        .join(stations, stations.c.id == inspections.c.station_id)
    )


def series(engine: sql.Engine, chosen: Filter) -> list[Judged]:
    """Their verdicts in the order they were given, whatever the clock said.

    Raises RecordError where several stations gave them: then there is no one order.
    """
    own = inspections.c
    query = filtered(sql.select(stations.c.name).select_from(stations.join(inspections)), chosen)
    with engine.connect() as connection:
        names = list(connection.scalars(query.distinct().order_by(stations.c.name)))
        if len(names) > 1:
            raise RecordError("series_stations", names=names)
        columns = [own[name] for name in _JUDGED]
        query_of_rows = filtered(sql.select(*columns), chosen).order_by(own.number)
        return [_judged(row) for row in connection.execute(query_of_rows)]


def shots(engine: sql.Engine, chosen: Filter) -> dict[str, list[Judged]]:
    """Of each serial its verdicts: several shots of one piece.

    Raises RecordError where the same picture was judged twice: a copy is no other shot.
    """
    own = inspections.c
    columns = [own[name] for name in _JUDGED]
    query = sql.select(own.serial, own.picture_hash, own.picture, *columns)
    query = filtered(query, chosen).where(own.serial.is_not(None)).order_by(own.serial, own.at)
    found_shots: dict[str, list[Judged]] = {}
    seen: dict[str, str] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            if row.picture_hash is not None:
                other = seen.setdefault(row.picture_hash, row.picture)
                if other is not row.picture:
                    raise RecordError("shots_copy", path=row.picture, other=other)
            found_shots.setdefault(str(row.serial), []).append(_judged(row))
    return found_shots


def _judged(row: Any) -> Judged:
    told = {name: getattr(row, name) for name in _JUDGED}
    return Judged(**told | {"outcome": Outcome(row.outcome)})


def find_inspection(connection: sql.Connection, name: str) -> UUID:
    """By STATION/NUMBER or by its id. Raises RecordError for none."""
    with contextlib.suppress(ValueError):
        own = inspections.c.id == UUID(name)
        if connection.scalar(sql.select(inspections.c.id).where(own)) is not None:
            return UUID(name)
    station, _, number = (plain(name) or "").rpartition("/")
    if number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS:
        query = sql.select(inspections.c.id).join(
            stations, stations.c.id == inspections.c.station_id
        )
        wanted = sql.and_(stations.c.name == station, inspections.c.number == int(number))
        identity = connection.scalar(query.where(wanted))
        if identity is not None:
            return UUID(str(identity))
    raise RecordError("review_unknown", value=name)


def stations_of(connection: sql.Connection) -> list[str]:
    """The names of all that ever judged something, in order."""
    judged = sql.select(stations.c.name).where(stations.c.last > 0).order_by(stations.c.name)
    return list(connection.scalars(judged))


def count(connection: sql.Connection, chosen: Filter) -> int:
    """How many there are."""
    query = filtered(sql.select(sql.func.count()).select_from(inspections), chosen)
    return int(connection.scalar(query) or 0)


def count_outcomes(connection: sql.Connection, chosen: Filter) -> dict[str, int]:
    """How many there are of each outcome."""
    own = inspections.c
    query = filtered(sql.select(own.outcome, sql.func.count()), chosen).group_by(own.outcome)
    return {str(outcome): int(number) for outcome, number in connection.execute(query)}


def latest_pictures(connection: sql.Connection, kept: Pictures, part: str, most: int) -> list[Path]:
    """The files of the latest pictures of a part that were kept and are there."""
    query = filtered(sql.select(inspections.c.kept), Filter(part=part))
    query = query.where(inspections.c.kept.is_not(None))
    names = connection.scalars(query.order_by(*_order(newest_first=True)))
    files = (kept.path(name) for name in names)
    return list(islice((file for file in files if file.is_file()), most))


def newest_of(
    connection: sql.Connection, station: str, most: int, until: int
) -> list[tuple[str, str]]:
    """Ids and outcomes of a station's latest before that moment, the oldest first."""
    own, known = inspections.c, sql.select(stations.c.id).where(stations.c.name == station)
    query = sql.select(own.id, own.outcome, own.at)
    query = query.where(own.station_id == known.scalar_subquery())
    rows = connection.execute(query.order_by(own.number.desc()).limit(most)).all()
    return [(str(row.id), row.outcome) for row in reversed(rows) if row.at < until]


def moments_of(
    connection: sql.Connection, station: str, since: int, until: int
) -> list[tuple[int, str]]:
    """When each part of a station was judged, and its outcome; the oldest first."""
    own = inspections.c
    chosen = Filter(station=station, since=since, until=until)
    rows = connection.execute(filtered(sql.select(own.at, own.outcome), chosen).order_by(own.at))
    return [(row.at, row.outcome) for row in rows]


def regions_of(connection: sql.Connection, inspection: UUID) -> list[dict[str, Any]]:
    """The worst first."""
    query = sql.select(regions).where(regions.c.inspection_id == inspection)
    return [dict(row._mapping) for row in connection.execute(query.order_by(regions.c.number))]


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row for programs: ids as text, the moment as ISO time of its place."""
    told = {name: row[name] for name in COLUMNS if name not in ("time", "id")}
    moment = local_time(row["at"], row["offset"]).replace(" ", "T")
    own = {name: row[name] for name in ("sizes", "findings", "ms")}
    return {"id": str(row["id"]), "time": moment, "at": row["at"], **told, **own}
