"""Keeping what commands judge and do in a record."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kenpin.cli import options
from kenpin.cli.program import complain
from kenpin.errors import RecordError
from kenpin.text import Notice
from kenpin.types import Verdict

if TYPE_CHECKING:
    from kenpin.sources import Labelled, PictureSource

_VARIABLE = "KENPIN_RECORD"
_LONGEST = 1000  # letters
_MOST_DIGITS = 9


class Nowhere:
    """Takes what is judged where no record is named. keeps: whether it is kept at all."""

    keeps = False

    def add(self, verdict: Verdict, source: "PictureSource") -> None:
        """A verdict, before it is told."""

    def unreadable(self, name: str, why: Notice) -> None:
        """A picture that got no verdict."""


class _Recording(Nowhere):
    keeps = True

    def __init__(self, room: Any, record: Any, release: Any, told: dict[str, str | None]) -> None:
        self._record, self._release = record, release
        self._told = room.Circumstances(**told)
        self._about = {"part": release.part, "lot": told.get("lot")}
        self._kind = room.UNREADABLE

    def add(self, verdict: Verdict, source: "PictureSource") -> None:
        self._record.write(verdict, self._release.id, self._told, source)

    def unreadable(self, name: str, why: Notice) -> None:
        safe = name.encode("utf-8", "backslashreplace").decode()
        self._record.event(self._kind, picture=safe, reason=why.code, **self._about)


@contextmanager
def recorded(
    part: Path,
    place: str | None,
    part_number: str | None,
    station: str | None,
    keep: str | None,
    told: dict[str, str | None],
) -> Iterator[Nowhere]:
    """What keeps each verdict; it does nothing where no record is named."""
    if not _named(place):
        if part_number or station or any(told.values()):
            raise RecordError("record_needed")
        yield Nowhere()
        return
    for name, text in told.items():
        if text and len(text) > _LONGEST:
            raise RecordError("record_long", name=name, most=_LONGEST)
    room = options.record_room()
    wanted = room.place_of(place)
    with room.Record(wanted, station, told.get("operator"), keep, tell=_said) as record:
        release = record.release(part, part_number or part.stem)
        yield _Recording(room, record, release, told)


def note_event(
    place: str | None, kind: str, told: dict[str, Any], who: str | None, station: str | None
) -> None:
    """Chain an event in the record, if one is named."""
    if not _named(place):
        if who or station:
            raise RecordError("record_needed")
        return
    room = options.record_room()
    with room.writing(room.place_of(place)) as connection:
        room.add_event(connection, kind, told, who, room.station_name(station))


def frozen(place: str | None, part_number: str | None, name: str) -> "list[Labelled]":
    """The pictures of a frozen set, with what they are; name: NAME or NAME@VERSION."""
    own, at, version = name.partition("@")
    if at and not (version.isdecimal() and len(version) < _MOST_DIGITS):
        raise RecordError("set_version", name=own, version=version)
    told = (own, int(version) if at else None)
    room = options.record_room()
    wanted = room.place_of(place)
    with room.reading(wanted) as engine, room.one_sentence(wanted), engine.connect() as connection:
        found: list[Labelled] = room.labelled_set(
            connection, room.Pictures(wanted.folder), part_number, *told
        )
    return found


def _named(place: str | None) -> bool:
    return place is not None or bool(os.environ.get(_VARIABLE))


def _said(notice: Notice) -> None:
    complain(str(notice))
