"""What happened in a day, a week or a lot, in numbers that add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray

from kenpin.record.history import Filter, filtered, found, regions_of
from kenpin.record.reviews import GOOD, NG, latest_reviews
from kenpin.record.schema import events, inspections, regions, releases, samples, seals, stations
from kenpin.statistics import exact_interval
from kenpin.types import Outcome

HOUR = 3600 * 1000  # milliseconds
MINUTE = 60 * 1000
WORST = 10
NOT_REVIEWED, UNNAMED, GOOD_PART = "-", "?", "="  # among the kinds
UNREADABLE = "unreadable"  # the event of a picture that got no verdict
_GRID = 24  # places across the longer side of the heat map


@dataclass(frozen=True)
class Hour:
    """The parts of one hour of the place's clock. at, offset: its beginning. low, high: limits of
    the p-chart, three standard deviations of the share about the mean of all hours.
    """

    at: int
    offset: int
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
    """wrong of `of` parts looked at, among `among` in all; low, high: exact 95 % interval.

    Those looked at are all, or those that chance chose.
    """

    wrong: int
    of: int
    among: int
    low: float
    high: float

    @property
    def rate(self) -> float | None:
        """Of those looked at; None where nobody looked."""
        return self.wrong / self.of if self.of else None


@dataclass(frozen=True, eq=False)
class Period:
    """See `period`.

    kinds: of parts that were not OK what a person called them; UNNAMED, GOOD_PART and NOT_REVIEWED
    are kinds too, so that they add up to `rejected`. escaped: the same of parts let pass that
    a person calls NG. windows: of the regions in windows how many in each. heat: (rows, columns)
    how many regions lie over each place; size: (H, W) of most pictures; example: where a picture of
    that size is kept. cycle: milliseconds from one part to the next: least, median, 99th
    percentile. judging: from picture to verdict. false_rejects: of parts not OK those that a person
    calls good; escapes: of parts let pass those that a person calls NG. errors: pictures that got
    no verdict. last: the newest moment and its offset.
    """

    chosen: Filter
    outcomes: dict[str, int]
    reasons: dict[str, int]
    kinds: dict[str, int]
    escaped: dict[str, int]
    windows: dict[str, int]
    hours: tuple[Hour, ...]
    heat: NDArray[np.int64]
    size: tuple[int, int] | None
    example: str | None
    worst: tuple[dict[str, Any], ...]
    false_rejects: Share
    escapes: Share
    cycle: tuple[float, float, float] | None
    judging: tuple[float, float, float] | None
    releases: dict[str, int]
    stations: dict[str, int]
    lots: dict[str, int]
    errors: int
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

    @property
    def rejected_of_good(self) -> tuple[float, float, float] | None:
        """The share of good parts that was rejected, and between what it lies; of both reviews.

        None where nobody looked at one of both sides. The bounds hold together with at least 90 %.
        """
        if not (self.false_rejects.of or not self.rejected) or not self.escapes.of:
            return None
        passed = self.parts - self.rejected

        def share(wrong: float, escaped: float) -> float:
            thrown, let = wrong * self.rejected, (1 - escaped) * passed
            return thrown / (thrown + let) if thrown + let else 0.0

        thrown, let = self.false_rejects, self.escapes
        return (
            share(thrown.rate or 0.0, let.rate or 0.0),
            share(thrown.low if thrown.of else 0.0, let.low),
            share(thrown.high if thrown.of else 0.0, let.high),
        )


def period(engine: sql.Engine, chosen: Filter) -> Period:
    """All that a report says of these inspections."""
    with engine.connect() as connection:
        outcomes = _counts(connection, chosen, inspections.c.outcome)
        sizes = _sizes(connection, chosen)
        cycle, judging = _times(connection, chosen)
        happened = _events(connection, chosen)
        told = Period(
            chosen=chosen,
            outcomes=outcomes,
            reasons=_counts(connection, chosen, inspections.c.reason),
            kinds=_kinds(connection, chosen, passed=False),
            escaped=_kinds(connection, chosen, passed=True),
            windows=_windows(connection, chosen),
            hours=_hours(connection, chosen),
            heat=_heat(connection, chosen, sizes),
            size=sizes,
            example=_example(connection, chosen, sizes),
            worst=(),
            false_rejects=_share(connection, chosen, passed=False),
            escapes=_share(connection, chosen, passed=True),
            cycle=cycle,
            judging=judging,
            releases=_named(connection, chosen, releases.c.hash),
            stations=_named(connection, chosen, stations.c.name),
            lots=_counts(connection, chosen, inspections.c.lot),
            errors=sum(event["kind"] == UNREADABLE for event in happened),
            events=happened,
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


def _kinds(connection: sql.Connection, chosen: Filter, passed: bool) -> dict[str, int]:
    """Kinds of defects as people named them; of parts let pass only those that are NG."""
    said, number = latest_reviews(), sql.func.count()
    called = sql.case(
        (said.c.word.is_(None), NOT_REVIEWED), (said.c.word == GOOD, GOOD_PART),
        (said.c.kind.is_(None), UNNAMED), else_=said.c.kind,
    )  # fmt: skip
    query = sql.select(called, number).select_from(inspections)
    query = filtered(query.outerjoin(said, said.c.inspection_id == inspections.c.id), chosen)
    ok = inspections.c.outcome == Outcome.OK.value
    query = query.where(ok, said.c.word == NG) if passed else query.where(~ok)
    query = query.group_by(called).order_by(number.desc(), called)
    return {str(kind): count for kind, count in connection.execute(query)}


def _windows(connection: sql.Connection, chosen: Filter) -> dict[str, int]:
    number = sql.func.count()
    query = sql.select(regions.c.window, number).select_from(regions)
    query = query.join(inspections, inspections.c.id == regions.c.inspection_id)
    query = filtered(query, chosen).where(regions.c.window.is_not(None))
    query = query.group_by(regions.c.window).order_by(number.desc(), regions.c.window)
    return {str(window): count for window, count in connection.execute(query)}


def _hours(connection: sql.Connection, chosen: Filter) -> tuple[Hour, ...]:
    own = inspections.c
    here = (
        own.at + sql.cast(own.offset, sql.BigInteger()) * MINUTE
    )  # an hour of the place may begin in the middle of the world's
    hour = (own.at - here % HOUR).label("hour")
    rejected = sql.func.sum(sql.case((own.outcome != Outcome.OK.value, 1), else_=0))
    query = filtered(sql.select(hour, own.offset, sql.func.count(), rejected), chosen)
    rows = connection.execute(query.group_by(hour, own.offset).order_by(hour, own.offset)).all()
    parts = sum(count for _, _, count, _ in rows)
    mean = sum(int(wrong) for *_, wrong in rows) / parts if parts else 0.0
    made = []
    for at, offset, count, wrong in rows:
        reach = 3 * sqrt(mean * (1 - mean) / count)
        bounds = max(0.0, mean - reach), min(1.0, mean + reach)
        made.append(Hour(int(at), int(offset), int(count), int(wrong), *bounds))
    return tuple(made)


def _example(
    connection: sql.Connection, chosen: Filter, size: tuple[int, int] | None
) -> str | None:
    """Of a good part rather than of another."""
    own = inspections.c
    if size is None:
        return None
    query = filtered(sql.select(own.kept), chosen).where(own.kept.is_not(None))
    query = query.where(own.height == size[0], own.width == size[1])
    worse = sql.case((own.outcome == Outcome.OK.value, 0), else_=1)
    return connection.scalar(query.order_by(worse, own.at.desc()).limit(1))


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


def _named(connection: sql.Connection, chosen: Filter, name: "sql.Column[Any]") -> dict[str, int]:
    """How many by a name in another table that inspections refer to."""
    number = sql.func.count()
    query = sql.select(name, number).select_from(inspections).join(name.table)
    query = filtered(query, chosen).group_by(name).order_by(number.desc(), name)
    return {str(value): count for value, count in connection.execute(query)}


def _events(connection: sql.Connection, chosen: Filter) -> tuple[dict[str, Any], ...]:
    """What happened in that time; of a lot, while it was judged. Reviews are counted elsewhere."""
    since, until = chosen.since, chosen.until
    if since is None and until is None:
        own = inspections.c.at
        query = filtered(sql.select(sql.func.min(own), sql.func.max(own) + 1), chosen)
        since, until = connection.execute(query).one()
        since, until = (since, until) if since is not None else (0, 0)
    of_lot = events.c.kind == UNREADABLE  # may be all that there is of a lot
    within = [] if since is None else [events.c.at >= since]
    within += [] if until is None else [events.c.at < until]
    query_of_events = sql.select(events).where(events.c.kind != "review")
    query_of_events = query_of_events.where(sql.or_(sql.and_(*within), of_lot))
    rows = connection.execute(query_of_events.order_by(events.c.number))
    return tuple(dict(row._mapping) for row in rows if _concerns(row, chosen, since or 0, until))


def _concerns(event: Any, chosen: Filter, since: int, until: int | None) -> bool:
    """A picture without a verdict is of a part, a lot and a station; other events are of a time."""
    if event.kind != UNREADABLE:
        return True
    of_time = event.at >= since and (until is None or event.at < until)
    wanted = {"part": chosen.part, "lot": chosen.lot}
    same = all(value is None or event.told.get(name) == value for name, value in wanted.items())
    return (
        (of_time or chosen.lot is not None)
        and same
        and (chosen.station is None or event.station == chosen.station)
    )


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
    """The NG parts farthest above their limit, each with its regions."""
    own = inspections.c
    query = filtered(sql.select(own.id), chosen).where(own.outcome == Outcome.NG.value)
    query = query.order_by((own.score / own.limit).desc(), own.id).limit(WORST)
    with engine.connect() as connection:
        ids = list(connection.scalars(query))
        places = {identity: regions_of(connection, identity) for identity in ids}
    rows = {row["id"]: row for row in found(engine, Filter(ids=tuple(ids)))} if ids else {}
    return [rows[identity] | {"regions": places[identity]} for identity in ids]
