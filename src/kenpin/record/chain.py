"""Hashes by which it is found when a row was altered, taken out or put in.

Each inspection has the hash of its own values and regions; each thousand of a station is sealed by
the hash of the seal before it and of theirs. Each event has the hash of its values and of the event
before it. Who can write to the database can make everything anew; so the last seal or event is
worth writing down elsewhere: the day's report prints both.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

BEGINNING = "0" * 64
SEALED = 1000  # inspections of a station
_CHANGES = ("kept", "gone", "hash")  # what may change, and the hash itself
_LATER = ("sizes", "findings")  # columns that rows of before were hashed without

Row = Mapping[str, Any]


def hash_of_inspection(row: Row, regions: Sequence[Row]) -> str:
    """row, regions: as in their tables, from the worst region on."""
    own = {name: value for name, value in row.items() if name not in _CHANGES}
    own = {name: value for name, value in own.items() if name not in _LATER or value is not None}
    places = [{k: v for k, v in one.items() if k != "inspection_id"} for one in regions]
    return _hash([own, places])


def hash_of_event(row: Row) -> str:
    """row: as in its table, `before` among its values."""
    return _hash({name: value for name, value in row.items() if name != "hash"})


def hash_of_set(members: Iterable[tuple[str, str, str | None]]) -> str:
    """members: of a frozen set the id of each inspection, the word and the kind."""
    return _hash(sorted(members, key=lambda member: member[0]))


def hash_of_password(kept: str) -> str:
    """Of what is kept of a password: whether it was changed, not what it is."""
    return hashlib.sha256(kept.encode()).hexdigest()


def seal_of(before: str, hashes: Iterable[str]) -> str:
    """The seal of a thousand inspections: of the seal before and of their hashes, in order."""
    return hashlib.sha256("\n".join([before, *hashes]).encode()).hexdigest()


def _hash(content: Any) -> str:
    """Of values that read the same from every database."""
    written = json.dumps(content, default=_plain, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value))
