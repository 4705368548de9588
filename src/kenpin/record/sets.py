"""Data sets of reviewed pictures: what to learn from, and frozen ones to measure by."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sql
from uuid_utils.compat import uuid7

from kenpin.errors import RecordError
from kenpin.record import chain
from kenpin.record.entry import now, plain
from kenpin.record.history import Filter, filtered
from kenpin.record.pictures import Pictures
from kenpin.record.reviews import GOOD, NG, latest_reviews
from kenpin.record.rows import add_event
from kenpin.record.schema import inspections, members, parts, sets
from kenpin.sources import Labelled


@dataclass(frozen=True)
class Confirmed:
    """A picture of which a person said what it is; path: its file in the store.

    expected: the label that the inspector was told.
    """

    inspection: UUID
    path: Path
    good: bool
    kind: str | None
    expected: str | None = None


def confirmed(connection: sql.Connection, pictures: Pictures, chosen: Filter) -> list[Confirmed]:
    """Reviewed pictures that are kept, each once: equal ones count once; the oldest first.

    Those of a frozen set are left out: what a part has learned from cannot measure it.
    """
    own = inspections.alias("held")
    inside = sql.select(own.c.id).join(members, members.c.inspection_id == own.c.id)
    same = sql.or_(own.c.id == inspections.c.id, own.c.picture_hash == inspections.c.picture_hash)
    return _confirmed(connection, pictures, chosen, ~inside.where(same).exists())


def _confirmed(
    connection: sql.Connection,
    pictures: Pictures,
    chosen: Filter,
    *also: sql.ColumnElement[bool],
) -> list[Confirmed]:
    said = latest_reviews()
    query = sql.select(inspections.c.id, inspections.c.kept, inspections.c.picture_hash,
                       inspections.c.expected, said.c.word, said.c.kind)  # fmt: skip
    query = query.join(said, said.c.inspection_id == inspections.c.id)
    query = filtered(query, chosen).where(inspections.c.kept.is_not(None), *also)
    once: dict[Any, Confirmed] = {}
    for row in connection.execute(query.order_by(inspections.c.at, inspections.c.number)):
        path = pictures.path(row.kept)
        if path.is_file():
            one = Confirmed(row.id, path, row.word == GOOD, row.kind, row.expected)
            once[row.picture_hash or row.id] = one  # the latest word on equal pictures
    return list(once.values())


def freeze(
    connection: sql.Connection, pictures: Pictures, part: str, name: str, who: str | None,
    station: str, share: float = 1.0, rng: np.random.Generator | None = None,
) -> tuple[int, int]:  # fmt: skip
    """Freeze what is reviewed now under this name; its version, and how many pictures it has.

    share: of the good ones that are in no set yet, and of the NG ones, how many come in, drawn at
    random, so that a set has some NG where there are any; a later version has those of the one
    before too. The pictures of a frozen set are never swept or learned from, and
    their words stay as they are now.
    """
    if not 0 < share <= 1:
        raise RecordError("set_share", value=share)
    name = (plain(name) or "").strip()
    if not name or "@" in name:
        raise RecordError("set_name")
    one_at_a_time = sql.select(parts.c.id).where(parts.c.number == part).with_for_update()
    own = connection.scalar(one_at_a_time)
    same = sql.and_(sets.c.part_id == own, sets.c.name == name)
    latest = connection.scalar(sql.select(sql.func.max(sets.c.version)).where(same)) or 0
    inside = _ids_of(connection, same, latest)
    mine = inspections.c.id.in_(inside)
    found = _confirmed(connection, pictures, Filter(part=part), mine) if inside else []
    fresh = confirmed(connection, pictures, Filter(part=part))
    found += _drawn(fresh, share, rng or np.random.default_rng())
    if not found:
        raise RecordError("set_empty", part=part)
    identity, (at, offset) = UUID(str(uuid7())), now()
    row = {"id": identity, "part_id": own, "name": name, "version": latest + 1, "who": plain(who),
           "at": at, "offset": offset}  # fmt: skip
    connection.execute(sets.insert().values(row))
    rows = [
        {"set_id": identity, "inspection_id": one.inspection, "kind": one.kind,
         "word": "good" if one.good else "ng"}
        for one in found
    ]  # fmt: skip
    connection.execute(members.insert(), rows)
    words = [(str(row["inspection_id"]), str(row["word"]), one.kind)
             for row, one in zip(rows, found, strict=True)]  # fmt: skip
    told = {"part": part, "name": name, "version": latest + 1, "count": len(rows),
            "hash": chain.hash_of_set(words)}  # fmt: skip
    add_event(connection, "set", told, who, station)
    return latest + 1, len(rows)


def _drawn(fresh: list[Confirmed], share: float, rng: np.random.Generator) -> list[Confirmed]:
    """This share of the good and of the NG, at random, in their order."""
    places: list[int] = []
    for good in (True, False):
        those = [place for place, one in enumerate(fresh) if one.good is good]
        places += rng.permutation(those)[: ceil(share * len(those))].astype(int).tolist()
    return [fresh[place] for place in sorted(places)]


def _ids_of(connection: sql.Connection, same: sql.ColumnElement[bool], version: int) -> list[UUID]:
    query = sql.select(members.c.inspection_id).join(sets, sets.c.id == members.c.set_id)
    return list(connection.scalars(query.where(same, sets.c.version == version)))


@dataclass(frozen=True)
class FrozenSet:
    """A version of a frozen set and how many good and NG pictures it has."""

    part: str
    name: str
    version: int
    good: int
    ng: int
    who: str | None
    at: int
    offset: int


def list_sets(connection: sql.Connection, part: str | None = None) -> list[FrozenSet]:
    """All versions of all sets, or those of a part, the oldest first."""
    good = sql.func.sum(sql.case((members.c.word == GOOD, 1), else_=0))
    columns = (parts.c.number, sets.c.name, sets.c.version)
    query = sql.select(*columns, good, sql.func.count() - good, sets.c.who, sets.c.at,
                       sets.c.offset).select_from(sets.join(parts).join(members))  # fmt: skip
    if part is not None:
        query = query.where(parts.c.number == plain(part))
    query = query.group_by(sets.c.id, *columns, sets.c.who, sets.c.at, sets.c.offset)
    return [FrozenSet(*row) for row in connection.execute(query.order_by(sets.c.at))]


def labelled_set(
    connection: sql.Connection,
    pictures: Pictures,
    part: str | None,
    name: str,
    version: int | None = None,
) -> list[Labelled]:
    """The same as test pictures whose truth is known; see `of_set`."""
    return [
        Labelled(one.path, GOOD if one.good else one.kind or NG, expected=one.expected)
        for one in of_set(connection, pictures, part, name, version)
    ]


def of_set(
    connection: sql.Connection,
    pictures: Pictures,
    part: str | None,
    name: str,
    version: int | None = None,
) -> list[Confirmed]:
    """The pictures of a frozen set. Raises RecordError.

    part: left out, that of the only set of this name. version: left out, the newest.
    """
    query = sql.select(sets.c.id, sets.c.version, parts.c.number)
    query = query.join(parts, parts.c.id == sets.c.part_id).where(sets.c.name == plain(name))
    if part is not None:
        query = query.where(parts.c.number == plain(part))
    found = connection.execute(query.order_by(sets.c.version.desc())).all()
    owners = {row.number for row in found}
    if len(owners) > 1:
        raise RecordError("set_parts", name=name, parts=sorted(owners))
    wanted = next((row for row in found if version in (None, row.version)), None)
    if wanted is None:
        raise RecordError("set_version" if found else "set_unknown", name=name, version=version)
    columns = (inspections.c.kept, inspections.c.expected)
    rows = sql.select(members, *columns).join(
        inspections, inspections.c.id == members.c.inspection_id
    )
    inside: Sequence[Any] = connection.execute(rows.where(members.c.set_id == wanted.id)).all()
    told = [
        Confirmed(row.inspection_id, pictures.path(row.kept), row.word == GOOD, row.kind,
                  row.expected)
        for row in inside if row.kept is not None
    ]  # fmt: skip
    lost = len(inside) - sum(one.path.is_file() for one in told)
    if lost:
        raise RecordError("set_lost", name=name, count=lost)
    return told
