"""What happened in a day, a week or a lot, in numbers that add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray

from kenpin.record.history import Filter, filtered, found
from kenpin.record.reviews import NG, latest_reviews
from kenpin.record.schema import events, inspections, regions, releases, samples, seals, stations
from kenpin.statistics import exact_interval
from kenpin.types import Outcome

HOUR = 3600 * 1000  # milliseconds
WORST = 10
_GRID = 24  # places across the longer side of the heat map


@dataclass(frozen=True)
class Hour:
    """The parts of one hour. at: its beginning. low, high: limits of the p-chart, three standard
    deviations of the share about the mean of all hours; None where the hour has no parts.
    """

    at: int
    parts: int
    rejected: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Of parts that were not OK."""
        return self.rejected / self.parts

    @property
    def unusual(self) -> bool:
        """Whether it lies beyond the limits."""
        return not self.low <= self.share <= self.high


@dataclass(frozen=True)
class Share:
    """wrong of `of` parts looked at, among `among` in all; low, high: exact 95 % interval."""

    wrong: int
    of: int
    among: int
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Period:
    """See `period`. cycle: milliseconds from one part to the next: least, median, 99th percentile.
    heat: (rows, columns) how many regions of NG parts lie over each place; size: (H, W) of most
    pictures. false_rejects: of parts not OK those that a person calls good; escapes: of parts let
    pass those that a person calls NG.
    """

    chosen: Filter
    outcomes: dict[str, int]
    reasons: dict[str, int]
    kinds: dict[str, int]
    hours: tuple[Hour, ...]
    heat: NDArray[np.int64]
    size: tuple[int, int] | None
    worst: tuple[dict[str, Any], ...]
    false_rejects: Share
    escapes: Share
    cycle: tuple[float, float, float] | None
    judging: tuple[float, float, float] | None
    releases: dict[str, int]
    events: tuple[dict[str, Any], ...]
    seal: dict[str, str]
    last_event: str | None

    @property
    def parts(self) -> int:
        """All of them."""
        return sum(self.outcomes.values())

    @property
    def rejected(self) -> int:
        """Those that were not OK."""
        return self.parts - self.outcomes.get(Outcome.OK.value, 0)


def period(engine: sql.Engine, chosen: Filter) -> Period:
    """All that a report says of these inspections."""
    with engine.connect() as connection:
        outcomes = _counts(connection, chosen, inspections.c.outcome)
        sizes = _sizes(connection, chosen)
        cycle, judging = _times(connection, chosen)
        told = Period(
            chosen=chosen,
            outcomes=outcomes,
            reasons=_counts(connection, chosen, inspections.c.reason),
            kinds=_kinds(connection, chosen),
            hours=_hours(connection, chosen),
            heat=_heat(connection, chosen, sizes),
            size=sizes,
            worst=(),
            false_rejects=_share(connection, chosen, passed=False),
            escapes=_share(connection, chosen, passed=True),
            cycle=cycle,
            judging=judging,
            releases=_releases(connection, chosen),
            events=_events(connection, chosen),
            seal=_seals(connection),
            last_event=connection.scalar(
                sql.select(events.c.hash).order_by(events.c.number.desc()).limit(1)
            ),
        )
    worst = tuple(_worst(engine, chosen))
    return Period(**{**told.__dict__, "worst": worst})


def _counts(
    connection: sql.Connection, chosen: Filter, column: "sql.Column[Any]"
) -> dict[str, int]:
    """How many of each value, the most frequent first; rows without a value do not count."""
    number = sql.func.count()
    query = filtered(sql.select(column, number), chosen).where(column.is_not(None))
    query = query.group_by(column).order_by(number.desc(), column)
    return {str(value): count for value, count in connection.execute(query)}


def _kinds(connection: sql.Connection, chosen: Filter) -> dict[str, int]:
    """Kinds of defects as people named them."""
    said, number = latest_reviews(), sql.func.count()
    query = sql.select(said.c.kind, number).join(
        inspections, inspections.c.id == said.c.inspection_id
    )
    query = filtered(query, chosen).where(said.c.word == NG, said.c.kind.is_not(None))
    query = query.group_by(said.c.kind).order_by(number.desc(), said.c.kind)
    return {str(kind): count for kind, count in connection.execute(query)}


def _hours(connection: sql.Connection, chosen: Filter) -> tuple[Hour, ...]:
    hour = (inspections.c.at - inspections.c.at % HOUR).label("hour")
    rejected = sql.func.sum(sql.case((inspections.c.outcome != Outcome.OK.value, 1), else_=0))
    query = filtered(sql.select(hour, sql.func.count(), rejected), chosen)
    rows = connection.execute(query.group_by(hour).order_by(hour)).all()
    parts = sum(count for _, count, _ in rows)
    mean = sum(int(wrong) for *_, wrong in rows) / parts if parts else 0.0
    made = []
    for at, count, wrong in rows:
        reach = 3 * sqrt(mean * (1 - mean) / count)
        bounds = max(0.0, mean - reach), min(1.0, mean + reach)
        made.append(Hour(int(at), int(count), int(wrong), *bounds))
    return tuple(made)


def _sizes(connection: sql.Connection, chosen: Filter) -> tuple[int, int] | None:
    own = inspections.c
    query = filtered(sql.select(own.height, own.width), chosen).where(own.height.is_not(None))
    query = query.group_by(own.height, own.width).order_by(sql.func.count().desc()).limit(1)
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else None


def _heat(
    connection: sql.Connection, chosen: Filter, size: tuple[int, int] | None
) -> NDArray[np.int64]:
    if size is None:
        return np.zeros((1, 1), np.int64)
    height, width = size
    cell = max(height, width) / _GRID
    heat = np.zeros((max(1, round(height / cell)), max(1, round(width / cell))), np.int64)
    query = sql.select(regions.c.x, regions.c.y, regions.c.width, regions.c.height)
    query = query.join(inspections, inspections.c.id == regions.c.inspection_id)
    query = filtered(query, chosen).where(
        inspections.c.height == height, inspections.c.width == width
    )
    for x, y, wide, high in connection.execute(query):
        rows = slice(int(y / cell), max(int(y / cell) + 1, round((y + high) / cell)))
        heat[rows, int(x / cell) : max(int(x / cell) + 1, round((x + wide) / cell))] += 1
    return heat


def _times(
    connection: sql.Connection, chosen: Filter
) -> tuple[tuple[float, float, float] | None, tuple[float, float, float] | None]:
    """From part to part of a station, and from picture to verdict."""
    query = filtered(sql.select(inspections.c.station_id, inspections.c.at, inspections.c.ms),
                     chosen)  # fmt: skip
    last: dict[Any, int] = {}
    between, judging = [], []
    for station, at, ms in connection.execute(
        query.order_by(inspections.c.station_id, inspections.c.number)
    ):
        if station in last and at >= last[station]:
            between.append(float(at - last[station]))
        last[station] = at
        if ms:
            judging.append(float(sum(ms.values())))
    return _three(between), _three(judging)


def _three(values: Sequence[float]) -> tuple[float, float, float] | None:
    if not values:
        return None
    least, middle, most = np.percentile(values, (0, 50, 99))
    return float(least), float(middle), float(most)


def _share(connection: sql.Connection, chosen: Filter, passed: bool) -> Share:
    """Of those drawn at random and looked at; of all, where every one was looked at."""
    said = latest_reviews()
    ok = inspections.c.outcome == Outcome.OK.value
    among = ok if passed else ~ok
    wrong = sql.case(((said.c.word == NG) == passed, 1), else_=0)
    number = sql.func.count()
    every = filtered(sql.select(number).select_from(inspections), chosen).where(among)
    total = int(connection.scalar(every) or 0)
    query = sql.select(number, sql.func.sum(wrong)).select_from(inspections)
    query = query.join(said, said.c.inspection_id == inspections.c.id)
    looked, found_wrong = connection.execute(filtered(query, chosen).where(among)).one()
    if looked < total:  # not all: only those that chance chose tell of the others
        query = query.join(samples, samples.c.inspection_id == inspections.c.id)
        looked, found_wrong = connection.execute(filtered(query, chosen).where(among)).one()
    low, high = exact_interval(int(found_wrong or 0), int(looked)) if looked else (0.0, 1.0)
    return Share(int(found_wrong or 0), int(looked), total, low, high)


def _releases(connection: sql.Connection, chosen: Filter) -> dict[str, int]:
    number = sql.func.count()
    query = sql.select(releases.c.hash, number).join(
        inspections, inspections.c.release_id == releases.c.id
    )
    query = filtered(query, chosen).group_by(releases.c.hash).order_by(number.desc())
    return {str(digest): count for digest, count in connection.execute(query)}


def _events(connection: sql.Connection, chosen: Filter) -> tuple[dict[str, Any], ...]:
    """What happened in that time; reviews are counted elsewhere."""
    query = sql.select(events).where(events.c.kind != "review").order_by(events.c.number)
    if chosen.since is not None:
        query = query.where(events.c.at >= chosen.since)
    if chosen.until is not None:
        query = query.where(events.c.at < chosen.until)
    return tuple(dict(row._mapping) for row in connection.execute(query))


def _seals(connection: sql.Connection) -> dict[str, str]:
    """The latest seal of each station."""
    newest = sql.select(seals.c.station_id, sql.func.max(seals.c.number).label("number"))
    last = newest.group_by(seals.c.station_id).subquery()
    query = sql.select(stations.c.name, seals.c.hash).join(
        seals, seals.c.station_id == stations.c.id
    )
    query = query.join(last, sql.and_(last.c.station_id == seals.c.station_id,
                                      last.c.number == seals.c.number))  # fmt: skip
    return {str(name): str(seal) for name, seal in connection.execute(query)}


def _worst(engine: sql.Engine, chosen: Filter) -> list[dict[str, Any]]:
    """The NG parts farthest above their limit."""
    own = inspections.c
    query = filtered(sql.select(own.id), chosen).where(own.outcome == Outcome.NG.value)
    query = query.order_by((own.score / own.limit).desc(), own.id).limit(WORST)
    with engine.connect() as connection:
        ids = list(connection.scalars(query))
    rows = {row["id"]: row for row in found(engine, Filter(ids=tuple(ids)))} if ids else {}
    return [rows[identity] for identity in ids]
