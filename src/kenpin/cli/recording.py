"""Keeping what `kenpin inspect` judges in a record."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kenpin.cli import options
from kenpin.cli.program import complain
from kenpin.errors import RecordError
from kenpin.text import Notice
from kenpin.types import Verdict

if TYPE_CHECKING:
    from kenpin.sources import PictureSource

Keep = Callable[[Verdict, "PictureSource"], None]
_VARIABLE = "KENPIN_RECORD"
_LONGEST = 1000  # letters


@contextmanager
def recorded(
    part: Path,
    place: str | None,
    part_number: str | None,
    station: str | None,
    keep: str,
    told: dict[str, str | None],
) -> Iterator[Keep]:
    """What keeps each verdict; it does nothing where no record is named."""
    if place is None and not os.environ.get(_VARIABLE):
        if part_number or station or any(told.values()):
            raise RecordError("record_needed")
        yield lambda *_: None
        return
    for name, text in told.items():
        if text and len(text) > _LONGEST:
            raise RecordError("record_long", name=name, most=_LONGEST)
    room = options.record_room()
    wanted = room.place_of(place)
    rule = room.Keep(what=keep)
    who = told.get("operator")
    with room.Record(wanted, station, who, rule, tell=_said) as record:
        release = record.release(part, part_number or part.stem)
        circumstances = room.Circumstances(**told)

        def add(verdict: Verdict, source: "PictureSource") -> None:
            record.write(verdict, release.id, circumstances, source)

        yield add


def _said(notice: Notice) -> None:
    complain(str(notice))
