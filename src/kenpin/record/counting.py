"""The queries behind a period's numbers; each counts the same inspections."""

import contextlib
from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray

from kenpin.record.entry import plain
from kenpin.record.history import Filter, filtered, regions_of, rows_of
from kenpin.record.reviews import GOOD, NG, SAMPLE, draws_for, latest_reviews
from kenpin.record.schema import (
    events,
    inspections,
    parts,
    regions,
    releases,
    samples,
    seals,
    stations,
)
from kenpin.statistics import exact_interval
from kenpin.types import Outcome

HOUR = 3600 * 1000  # milliseconds
MINUTE = 60 * 1000
WORST = 10
UNREADABLE = "unreadable"  # the event of a picture that got no verdict
MISSED = "missed"  # of a trigger that was not accepted
_GRID = 24  # places across the longer side of the heat map
_COUNTED_ELSEWHERE = ("review", SAMPLE)  # kinds of events

OK = inspections.c.outcome == Outcome.OK.value
REVIEW = inspections.c.outcome == Outcome.REVIEW.value
Three = tuple[float, float, float]


@contextlib.contextmanager
def one_moment(engine: sql.Engine) -> Iterator[sql.Connection]:
    """A connection that sees the record as it is now, whatever is written meanwhile."""
    still = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**still) as connection:
        yield connection


def counts(connection: sql.Connection, chosen: Filter, column: "sql.Column[Any]") -> dict[str, int]:
    """How many of each value, the most frequent first; rows without a value do not count."""
    number = sql.func.count()
    query = filtered(sql.select(column, number), chosen).where(column.is_not(None))
    query = query.group_by(column).order_by(number.desc(), column)
    return {str(value): count for value, count in connection.execute(query)}


def kinds(
    connection: sql.Connection, chosen: Filter, passed: bool
) -> tuple[dict[str, int], int, int, int]:
    """See `Kinds`: of parts not OK, or of those let pass the ones that are NG."""
    said = latest_reviews()
    query = sql.select(said.c.word, said.c.kind, sql.func.count()).select_from(inspections)
    query = filtered(query.outerjoin(said, said.c.inspection_id == inspections.c.id), chosen)
    query = query.where(OK, said.c.word == NG) if passed else query.where(~OK)
    named: dict[str, int] = {}
    unnamed = good = not_reviewed = 0
    for word, kind, count in connection.execute(query.group_by(said.c.word, said.c.kind)):
        if word is None:
            not_reviewed += count
        elif word == GOOD:
            good += count
        elif kind is None:
            unnamed += count
        else:
            named[str(kind)] = count
    by_count = dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))
    return by_count, unnamed, good, not_reviewed


def windows(connection: sql.Connection, chosen: Filter) -> dict[str, int]:
    """How many regions in each window."""
    number = sql.func.count()
    query = sql.select(regions.c.window, number).select_from(regions)
    query = query.join(inspections, inspections.c.id == regions.c.inspection_id)
    query = filtered(query, chosen).where(regions.c.window.is_not(None))
    query = query.group_by(regions.c.window).order_by(number.desc(), regions.c.window)
    return {str(window): count for window, count in connection.execute(query)}


def hours(
    connection: sql.Connection, chosen: Filter
) -> list[tuple[int, int, int, int, float, float]]:
    """See `Hour`; an hour of the place may begin in the middle of one of the world's clock."""
    own = inspections.c
    here = own.at + sql.cast(own.offset, sql.BigInteger()) * MINUTE
    hour = (own.at - here % HOUR).label("hour")
    wrong = sql.func.sum(sql.case((OK, 0), else_=1))
    query = filtered(sql.select(hour, own.offset, sql.func.count(), wrong), chosen)
    rows = connection.execute(query.group_by(hour, own.offset).order_by(hour, own.offset)).all()
    total = sum(count for _, _, count, _ in rows)
    mean = sum(int(bad) for *_, bad in rows) / total if total else 0.0
    made = []
    for at, offset, count, bad in rows:
        reach = 3 * sqrt(mean * (1 - mean) / count)
        bounds = max(0.0, mean - reach), min(1.0, mean + reach)
        made.append((int(at), int(offset), int(count), int(bad), *bounds))
    return made


def usual_size(connection: sql.Connection, chosen: Filter) -> tuple[int, int] | None:
    """(H, W) of most pictures."""
    own = inspections.c
    query = filtered(sql.select(own.height, own.width), chosen).where(own.height.is_not(None))
    query = query.group_by(own.height, own.width).order_by(sql.func.count().desc()).limit(1)
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else None


def example(connection: sql.Connection, chosen: Filter, size: tuple[int, int] | None) -> str | None:
    """Where a picture of this size is kept, of a good part rather than of another."""
    own = inspections.c
    if size is None:
        return None
    query = filtered(sql.select(own.kept), chosen).where(own.kept.is_not(None))
    query = query.where(own.height == size[0], own.width == size[1])
    return connection.scalar(query.order_by(sql.case((OK, 0), else_=1), own.at.desc()).limit(1))


def heat(
    connection: sql.Connection, chosen: Filter, size: tuple[int, int] | None
) -> NDArray[np.int64]:
    """How many regions lie over each place of pictures of this size."""
    if size is None:
        return np.zeros((1, 1), np.int64)
    height, width = size
    cell = max(height, width) / _GRID
    found = np.zeros((max(1, round(height / cell)), max(1, round(width / cell))), np.int64)
    query = sql.select(regions.c.x, regions.c.y, regions.c.width, regions.c.height)
    query = query.join(inspections, inspections.c.id == regions.c.inspection_id)
    own = inspections.c
    query = filtered(query, chosen).where(own.height == height, own.width == width)
    for x, y, wide, high in connection.execute(query):
        down = _cells(y, high, cell, found.shape[0])
        found[down, _cells(x, wide, cell, found.shape[1])] += 1
    return found


def _cells(start: int, length: int, cell: float, most: int) -> slice:
    """The cells under a length; at least one, and none beyond the last."""
    first = min(int(start / cell), most - 1)
    return slice(first, max(first + 1, round((start + length) / cell)))


def times(connection: sql.Connection, chosen: Filter) -> tuple[Three | None, Three | None]:
    """From part to part of a station, and from picture to verdict."""
    own = inspections.c
    query = filtered(sql.select(own.station_id, own.at, own.ms), chosen)
    last: dict[Any, int] = {}
    between, judging = [], []
    for station, at, ms in connection.execute(query.order_by(own.station_id, own.number)):
        if station in last and at >= last[station]:
            between.append(float(at - last[station]))
        last[station] = at
        if ms:
            judging.append(float(sum(ms.values())))
    return _three(between), _three(judging)


def _three(values: Sequence[float]) -> Three | None:
    if not values:
        return None
    least, middle, most = np.percentile(values, (0, 50, 99))
    return float(least), float(middle), float(most)


def share(
    connection: sql.Connection, chosen: Filter, among: "sql.ColumnElement[bool]", wrong: str
) -> tuple[int, int, int, float, float]:
    """See `Share`: of those looked at, how many a person called `wrong`."""
    said, number = latest_reviews(), sql.func.count()
    bad = sql.func.sum(sql.case((said.c.word == wrong, 1), else_=0))
    last = sql.func.max(inspections.c.at)
    every = filtered(sql.select(number, last).select_from(inspections), chosen).where(among)
    total, newest = connection.execute(every).one()
    query = sql.select(number, bad).select_from(inspections)
    query = query.join(said, said.c.inspection_id == inspections.c.id)
    query = filtered(query, chosen).where(among)
    looked, found = connection.execute(query).one()
    if looked < total:  # not all: only those that chance chose tell of the others
        valid = draws_for(connection, chosen, int(newest or 0))
        drawn = sql.select(samples.c.inspection_id).where(samples.c.drawn.in_(valid))
        looked, found = connection.execute(query.where(inspections.c.id.in_(drawn))).one()
    bounds = exact_interval(int(found or 0), int(looked)) if looked else (0.0, 1.0)
    return int(found or 0), int(looked), int(total), *bounds


def named(connection: sql.Connection, chosen: Filter, name: "sql.Column[Any]") -> dict[str, int]:
    """How many by a name in another table that inspections refer to."""
    number = sql.func.count()
    query = sql.select(name, number).select_from(inspections).join(name.table)
    query = filtered(query, chosen).group_by(name).order_by(number.desc(), name)
    return {str(value): count for value, count in connection.execute(query)}


def releases_used(
    connection: sql.Connection, chosen: Filter
) -> list[tuple[str, str, str, str, int]]:
    """See `Used`; a file that judges two parts is there for each."""
    number = sql.func.count()
    columns = (parts.c.number, releases.c.hash, releases.c.state, releases.c.file)
    query = sql.select(*columns, number).select_from(inspections.join(releases).join(parts))
    query = filtered(query, chosen).group_by(*columns).order_by(number.desc(), releases.c.hash)
    return [tuple(row) for row in connection.execute(query)]


def events_beside(connection: sql.Connection, chosen: Filter) -> tuple[dict[str, Any], ...]:
    """What happened in that time; of a lot, while it was judged."""
    since, until = chosen.since, chosen.until
    if since is None and until is None:
        own = inspections.c.at
        query = filtered(sql.select(sql.func.min(own), sql.func.max(own) + 1), chosen)
        since, until = connection.execute(query).one()
        since, until = (since, until) if since is not None else (0, 0)
    used = {row[1] for row in releases_used(connection, chosen)}
    every = sql.select(events).where(events.c.kind.not_in(_COUNTED_ELSEWHERE))
    rows = connection.execute(every.order_by(events.c.number))
    made = (dict(row._mapping) for row in rows)
    return tuple(row for row in made if _concerns(row, chosen, since or 0, until, used))


def _concerns(
    event: dict[str, Any], chosen: Filter, since: int, until: int | None, used: set[str]
) -> bool:
    """Of that time; a picture without a verdict of that part, lot and station, a master check of a
    file that judged there.
    """
    told = event["told"] if isinstance(event["told"], dict) else {}
    of_time = event["at"] >= since and (until is None or event["at"] < until)
    if event["kind"] == UNREADABLE:
        wanted = {"part": plain(chosen.part), "lot": plain(chosen.lot)}
        same = all(value is None or told.get(name) == value for name, value in wanted.items())
        here = chosen.station is None or event["station"] == chosen.station
        return (of_time or chosen.lot is not None) and same and here
    if event["kind"] == MISSED:  # nobody knows of which lot it would have been
        here = chosen.station is None or event["station"] == chosen.station
        return of_time and here
    if event["kind"] == "master" and (chosen.part or chosen.station or chosen.lot):
        return of_time and told.get("part") in used
    return of_time


def latest_seals(connection: sql.Connection) -> dict[str, str]:
    """The latest seal of each station."""
    newest = sql.select(seals.c.station_id, sql.func.max(seals.c.number).label("number"))
    last = newest.group_by(seals.c.station_id).subquery()
    query = sql.select(stations.c.name, seals.c.hash).join(
        seals, seals.c.station_id == stations.c.id
    )
    same = sql.and_(last.c.station_id == seals.c.station_id, last.c.number == seals.c.number)
    return {str(name): str(seal) for name, seal in connection.execute(query.join(last, same))}


def worst(connection: sql.Connection, chosen: Filter) -> list[dict[str, Any]]:
    """The NG parts farthest above their limit, each with its regions."""
    own = inspections.c
    query = filtered(sql.select(own.id), chosen).where(own.outcome == Outcome.NG.value)
    beyond = own.score / sql.func.nullif(own.limit, 0)
    query = query.order_by(sql.func.coalesce(beyond, own.score, 0).desc(), own.id).limit(WORST)
    ids = list(connection.scalars(query))
    found = rows_of(connection, Filter(ids=tuple(ids))) if ids else iter(())
    rows = {row["id"]: row for row in found}
    return [rows[one] | {"regions": regions_of(connection, one)} for one in ids]
