"""What people say of inspections; a later word counts, and the earlier ones stay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sql
from uuid_utils.compat import uuid7

from kenpin.errors import RecordError
from kenpin.record import chain
from kenpin.record.entry import now, plain
from kenpin.record.history import UNDONE, Filter, filtered, found, has_word
from kenpin.record.rows import add_event, told_of
from kenpin.record.schema import inspections, reviews, samples
from kenpin.types import Outcome

GOOD, NG = WORDS = ("good", "ng")
SAMPLE = "sample"  # the event of a draw
_TIMES = ("since", "until")
_MOST = 10_000  # inspections that wait to be looked at


@dataclass(frozen=True)
class Word:
    """A person's word on an inspection: good, ng, or undone, which takes the one before back. box:
    (x, y, width, height) in the picture's pixels.
    """

    word: str
    kind: str | None = None
    box: tuple[int, int, int, int] | None = None
    comment: str | None = None


def add_review(
    connection: sql.Connection, inspection: UUID, said: Word, who: str | None, station: str
) -> UUID:
    """Keep a word on an inspection; its id. Raises RecordError for what cannot be."""
    if said.word not in (*WORDS, UNDONE):
        raise RecordError("review_word", value=said.word)
    kind = (said.kind or "").strip() or None
    if said.word != NG and kind:
        raise RecordError("review_good_kind", kind=kind)
    if kind is not None and (kind.casefold() == GOOD or not kind.isprintable()):
        raise RecordError("review_kind", kind=kind)
    known = sql.select(inspections.c.id).where(inspections.c.id == inspection)
    if connection.scalar(known) is None:
        raise RecordError("review_unknown", value=inspection)
    if said.word == UNDONE and not _has_one(connection, inspection, who):
        raise RecordError("review_nothing")
    at, offset = now()
    identity = UUID(str(uuid7()))
    box = dict(zip(("x", "y", "width", "height"), said.box or (None,) * 4, strict=True))
    values = {"word": said.word, "kind": plain(kind), "comment": plain(said.comment), **box}
    told = {"review": str(identity), "inspection": str(inspection),
            **{k: v for k, v in values.items() if v is not None}}  # fmt: skip
    number = add_event(connection, "review", told, who, station)
    row = {"id": identity, "number": number, "inspection_id": inspection, "who": plain(who),
           "at": at, "offset": offset, **values}  # fmt: skip
    connection.execute(reviews.insert().values(row))
    return identity


def _has_one(connection: sql.Connection, inspection: UUID, who: str | None) -> bool:
    """Whether the word that counts is this person's."""
    latest = next(iter(words_on(connection, inspection)), None)
    return latest is not None and latest["word"] != UNDONE and latest["who"] == plain(who)


def words_on(connection: sql.Connection, inspection: UUID) -> list[dict[str, Any]]:
    """What people said of an inspection, the latest first."""
    query = sql.select(reviews).where(reviews.c.inspection_id == inspection)
    rows = connection.execute(query.order_by(reviews.c.number.desc()))
    return [dict(row._mapping) for row in rows]


def known_kinds(connection: sql.Connection) -> list[str]:
    """Kinds of defects that people named, the most frequent first."""
    query = sql.select(reviews.c.kind).where(reviews.c.kind.is_not(None)).group_by(reviews.c.kind)
    return list(connection.scalars(query.order_by(sql.func.count().desc(), reviews.c.kind)))


def latest_reviews() -> sql.Subquery:
    """Of each inspection the word that counts."""
    newest = sql.func.row_number().over(
        partition_by=reviews.c.inspection_id, order_by=reviews.c.number.desc()
    )
    ranked = sql.select(reviews, newest.label("age")).subquery()
    columns = [column for column in ranked.c if column.name != "age"]
    return sql.select(*columns).where(ranked.c.age == 1, ranked.c.word != UNDONE).subquery("latest")


def draw_sample(
    connection: sql.Connection,
    chosen: Filter,
    passed: int,
    rejected: int,
    rng: np.random.Generator,
    who: str | None = None,
    station: str = "",
) -> int:
    """Draw inspections at random for a person to look at; how many were.

    passed, rejected: how many of those that were let pass and of the others. Each is drawn with the
    same chance whatever it looks like and whatever was drawn before, so rates among the drawn hold
    for all that there are now of `chosen`, and of any part of them. Only those whose picture is
    kept can be looked at: let the record keep every picture, or one in so many.
    """
    at, offset = now()
    name = str(uuid7())
    rows: list[dict[str, Any]] = []
    for ok, count in ((True, passed), (False, rejected)):
        query = filtered(sql.select(inspections.c.id), chosen)
        same = inspections.c.outcome == Outcome.OK.value
        query = query.where(same if ok else ~same, inspections.c.kept.is_not(None))
        among: Sequence[UUID] = list(connection.scalars(query.order_by(inspections.c.id)))
        for index in sorted(rng.permutation(len(among))[:count]):
            rows.append({"inspection_id": among[index], "drawn": name, "at": at,
                         "offset": offset})  # fmt: skip
    if rows:
        connection.execute(samples.insert(), rows)
        inside = [(str(row["inspection_id"]), name, None) for row in rows]
        told = {"drawn": name, "count": len(rows), "hash": chain.hash_of_set(inside),
                "until_now": at, **scope_of(chosen)}  # fmt: skip
        add_event(connection, SAMPLE, told, who, station)
    return len(rows)


def scope_of(chosen: Filter) -> dict[str, Any]:
    """What a draw was restricted to; nothing of it left out."""
    names = ("part", "lot", "serial", "station", "since", "until", "release")
    return {name: getattr(chosen, name) for name in names}


def draws_for(connection: sql.Connection, chosen: Filter, last: int) -> list[str]:
    """The draws that hold for `chosen`: made from all of it, when its last part was there.

    last: the newest moment of `chosen`.
    """
    wanted = scope_of(chosen)
    found = []
    for told in told_of(connection, SAMPLE):
        same = all(told.get(name) in (None, wanted[name]) for name in wanted if name not in _TIMES)
        since, until = told.get("since"), told.get("until")
        begins = since is None or (wanted["since"] is not None and wanted["since"] >= since)
        ends = last <= told["until_now"] and (until is None or last < until)
        if same and begins and ends:
            found.append(str(told["drawn"]))
    return found


def to_review(engine: sql.Engine, most: int) -> list[dict[str, Any]]:
    """What waits for a person's word: first what was drawn, then what was not OK, the newest."""
    most = min(most, _MOST)
    with engine.connect() as connection:
        drawn = list(open_samples(connection))[:most]
    rows = {row["id"]: row for row in found(engine, Filter(ids=tuple(drawn)))} if drawn else {}
    others = tuple(one.value for one in Outcome if one is not Outcome.OK)
    rest = found(engine, Filter(outcomes=others, reviewed=False), most)
    for row in rest:
        rows.setdefault(row["id"], row)
    return list(rows.values())[:most]


def open_samples(connection: sql.Connection) -> Iterable[UUID]:
    """Drawn and not yet reviewed, the oldest first."""
    query = sql.select(samples.c.inspection_id)
    query = query.where(~has_word(samples.c.inspection_id))
    query = query.group_by(samples.c.inspection_id)
    order = sql.func.min(samples.c.at), samples.c.inspection_id
    return list(connection.scalars(query.order_by(*order)))
