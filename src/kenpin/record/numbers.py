"""What happened in a day, a week or a lot, in numbers that add up."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray

from kenpin.record import counting
from kenpin.record.history import Filter
from kenpin.record.schema import events, inspections, stations
from kenpin.types import Outcome

UNREADABLE = counting.UNREADABLE


@dataclass(frozen=True)
class Hour:
    """The parts of one hour of the place's clock. at, offset: its beginning. low, high: limits of
    the p-chart, three standard deviations of the share about the mean of all hours.
    """

    at: int
    offset: int
    parts: int
    not_ok: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Of parts that were not OK."""
        return self.not_ok / self.parts

    @property
    def unusual(self) -> bool:
        """Whether it lies beyond the limits."""
        return not self.low <= self.share <= self.high


@dataclass(frozen=True)
class Share:
    """wrong of `of` parts looked at, among `among` in all; low, high: exact 95 % interval.

    Those looked at are all, or those that chance chose from all of them.
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


@dataclass(frozen=True)
class Kinds:
    """How many parts by what a person called them. named: NG, by the kind of defect; unnamed: NG
    without a kind; good: called good; not_reviewed: nobody said a word.
    """

    named: dict[str, int]
    unnamed: int
    good: int
    not_reviewed: int


@dataclass(frozen=True)
class Used:
    """A release of a part that judged, and how many."""

    part: str
    hash: str
    state: str
    file: str
    count: int


@dataclass(frozen=True, eq=False)
class Period:
    """See `period`.

    kinds: of parts that were not OK; they add up to `not_ok`. escaped: of parts let pass those that
    a person calls NG, by kind. windows: of the regions in windows how many in each. heat: (rows,
    columns) how many regions lie over each place; size: (H, W) of most pictures; example: where a
    picture of that size is kept. worst: rows of NG parts, each with its regions. false_rejects: of
    parts rejected (neither OK nor REVIEW) those that a person calls good; reviewed_good: the same
    of REVIEW; escapes: of parts let pass those that a person calls NG. cycle: milliseconds from one
    part to the next: least, median, 99th percentile; judging: from picture to verdict. lots: parts
    without a lot are in none. errors: pictures that got no verdict; missed: triggers not accepted.
    """

    chosen: Filter
    outcomes: dict[str, int]
    reasons: dict[str, int]
    kinds: Kinds
    escaped: Kinds
    windows: dict[str, int]
    hours: tuple[Hour, ...]
    heat: NDArray[np.int64]
    size: tuple[int, int] | None
    example: str | None
    worst: tuple[dict[str, Any], ...]
    false_rejects: Share
    reviewed_good: Share
    escapes: Share
    cycle: tuple[float, float, float] | None
    judging: tuple[float, float, float] | None
    releases: tuple[Used, ...]
    stations: dict[str, int]
    lots: dict[str, int]
    errors: int
    missed: int
    events: tuple[dict[str, Any], ...]
    seal: dict[str, str]
    last_event: str | None

    @property
    def parts(self) -> int:
        """All of them."""
        return sum(self.outcomes.values())

    @property
    def not_ok(self) -> int:
        """Those that were not OK, REVIEW among them."""
        return self.parts - self.outcomes.get(Outcome.OK.value, 0)

    @property
    def rejected_of_good(self) -> tuple[float, float, float] | None:
        """The share of good parts that was rejected, and between what it lies; of the reviews.

        None where nobody looked at one of the sides. The bounds hold together with at least 85 %:
        each of three intervals holds with 95.
        """
        sides = (self.false_rejects, self.reviewed_good, self.escapes)
        if any(side.among and not side.of for side in sides):
            return None

        def share(thrown: float, held: float, escaped: float) -> float:
            good = [self.false_rejects.among * thrown, self.reviewed_good.among * held,
                    self.escapes.among * (1 - escaped)]  # fmt: skip
            return good[0] / sum(good) if sum(good) else 0.0

        rates = [side.rate or 0.0 for side in sides]
        low = share(self.false_rejects.low, self.reviewed_good.high, self.escapes.low)
        high = share(self.false_rejects.high, self.reviewed_good.low, self.escapes.high)
        return share(*rates), low, high


def wrong_shares(engine: sql.Engine, chosen: Filter) -> tuple[Share, Share]:
    """False rejects and escapes alone; see `Period`."""
    with counting.one_moment(engine) as connection:
        rejected = ~counting.OK & ~counting.REVIEW
        return (Share(*counting.share(connection, chosen, rejected, "good")),
                Share(*counting.share(connection, chosen, counting.OK, "ng")))  # fmt: skip


def period(engine: sql.Engine, chosen: Filter) -> Period:
    """All that a report says of these inspections, as they are at one moment."""
    with counting.one_moment(engine) as connection:
        size = counting.usual_size(connection, chosen)
        cycle, judging = counting.times(connection, chosen)
        happened = counting.events_beside(connection, chosen)
        ok, review = counting.OK, counting.REVIEW
        return Period(
            chosen=chosen,
            outcomes=counting.counts(connection, chosen, inspections.c.outcome),
            reasons=counting.counts(connection, chosen, inspections.c.reason),
            kinds=Kinds(*counting.kinds(connection, chosen, passed=False)),
            escaped=Kinds(*counting.kinds(connection, chosen, passed=True)),
            windows=counting.windows(connection, chosen),
            hours=tuple(Hour(*row) for row in counting.hours(connection, chosen)),
            heat=counting.heat(connection, chosen, size),
            size=size,
            example=counting.example(connection, chosen, size),
            worst=tuple(counting.worst(connection, chosen)),
            false_rejects=Share(*counting.share(connection, chosen, ~ok & ~review, "good")),
            reviewed_good=Share(*counting.share(connection, chosen, review, "good")),
            escapes=Share(*counting.share(connection, chosen, ok, "ng")),
            cycle=cycle,
            judging=judging,
            releases=tuple(Used(*row) for row in counting.releases_used(connection, chosen)),
            stations=counting.named(connection, chosen, stations.c.name),
            lots=counting.counts(connection, chosen, inspections.c.lot),
            errors=sum(event["kind"] == UNREADABLE for event in happened),
            missed=sum(event["kind"] == counting.MISSED for event in happened),
            events=happened,
            seal=counting.latest_seals(connection),
            last_event=connection.scalar(
                sql.select(events.c.hash).order_by(events.c.number.desc()).limit(1)
            ),
        )
