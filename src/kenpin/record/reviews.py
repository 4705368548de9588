"""What people say of inspections; a later word counts, and the earlier ones stay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sql
from uuid_utils.compat import uuid7

from kenpin.errors import RecordError
from kenpin.record.entry import now, plain
from kenpin.record.history import Filter, filtered, found
from kenpin.record.rows import add_event
from kenpin.record.schema import inspections, reviews, samples
from kenpin.types import Outcome

GOOD, NG = WORDS = ("good", "ng")


@dataclass(frozen=True)
class Word:
    """A person's word on an inspection. box: (x, y, width, height) in the picture's pixels."""

    word: str
    kind: str | None = None
    box: tuple[int, int, int, int] | None = None
    comment: str | None = None


def add_review(
    connection: sql.Connection, inspection: UUID, said: Word, who: str | None, station: str
) -> UUID:
    """Keep a word on an inspection; its id. Raises RecordError for what cannot be."""
    if said.word not in WORDS:
        raise RecordError("review_word", value=said.word)
    if said.word == GOOD and said.kind:
        raise RecordError("review_good_kind", kind=said.kind)
    known = sql.select(inspections.c.id).where(inspections.c.id == inspection)
    if connection.scalar(known) is None:
        raise RecordError("review_unknown", value=inspection)
    at, offset = now()
    identity = UUID(str(uuid7()))
    box = dict(zip(("x", "y", "width", "height"), said.box or (None,) * 4, strict=True))
    values = {"word": said.word, "kind": plain(said.kind), "comment": plain(said.comment), **box}
    row = {"id": identity, "inspection_id": inspection, "who": plain(who), "at": at,
           "offset": offset, **values}  # fmt: skip
    connection.execute(reviews.insert().values(row))
    told = {"inspection": str(inspection), **{k: v for k, v in values.items() if v is not None}}
    add_event(connection, "review", told, who, station)
    return identity


def latest_reviews() -> sql.Subquery:
    """Of each inspection the word that counts."""
    newest = sql.func.row_number().over(
        partition_by=reviews.c.inspection_id, order_by=(reviews.c.at.desc(), reviews.c.id.desc())
    )
    ranked = sql.select(reviews, newest.label("age")).subquery()
    columns = [column for column in ranked.c if column.name != "age"]
    return sql.select(*columns).where(ranked.c.age == 1).subquery("latest")


def draw_sample(
    connection: sql.Connection,
    chosen: Filter,
    passed: int,
    rejected: int,
    rng: np.random.Generator,
) -> int:
    """Draw inspections at random for a person to look at; how many were.

    passed, rejected: how many of those that were let pass and of the others. Each is drawn with the
    same chance whatever it looks like, so rates among the drawn are unbiased. Only those whose
    picture is kept can be looked at: let the record keep every picture, or one in so many.
    """
    at, offset = now()
    name = str(uuid7())
    rows: list[dict[str, Any]] = []
    for ok, count in ((True, passed), (False, rejected)):
        query = filtered(sql.select(inspections.c.id), chosen)
        same = inspections.c.outcome == Outcome.OK.value
        query = query.where(same if ok else ~same, inspections.c.kept.is_not(None))
        query = query.where(~sql.exists().where(samples.c.inspection_id == inspections.c.id))
        among: Sequence[UUID] = list(connection.scalars(query.order_by(inspections.c.id)))
        for index in sorted(rng.permutation(len(among))[:count]):
            rows.append({"inspection_id": among[index], "passed": ok, "drawn": name, "at": at,
                         "offset": offset})  # fmt: skip
    if rows:
        connection.execute(samples.insert(), rows)
    return len(rows)


def to_review(engine: sql.Engine, most: int) -> list[dict[str, Any]]:
    """What waits for a person's word: first what was drawn, then what was not OK, the newest."""
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
    query = query.where(~sql.exists().where(reviews.c.inspection_id == samples.c.inspection_id))
    return list(connection.scalars(query.order_by(samples.c.at, samples.c.inspection_id)))
