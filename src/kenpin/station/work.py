"""What workers do, by kind of job."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from kenpin.errors import RecordError
from kenpin.evaluation import compare
from kenpin.inspection import Inspector
from kenpin.record import (
    Job,
    Pictures,
    Place,
    find_release,
    labelled_set,
    latest_pictures,
    one_sentence,
    reading,
)
from kenpin.types import Progress

Finish = Callable[[sql.Connection], None]
Work = Callable[[Place, Job, Progress], tuple[dict[str, Any], Finish | None]]
"""Gives what came of it, and what is written together with that, all or nothing."""

COMPARE = "compare"
_MOST_SHOWN = 500


def _compare(place: Place, job: Job, progress: Progress) -> tuple[dict[str, Any], None]:
    """Two releases on a frozen set, or on the latest pictures of the line."""
    told, kept = job.told, Pictures(place.folder)
    pictures: Any
    with reading(place) as engine, one_sentence(place), engine.connect() as connection:
        both = [find_release(connection, told[name], told["part"]) for name in ("before", "after")]
        if told.get("set"):
            pictures = labelled_set(connection, kept, told["part"], told["set"], told["version"])
        else:
            pictures = latest_pictures(connection, kept, told["part"], told["most"])
    if not pictures:
        raise RecordError("compare_none", part=told["part"])
    before, after = (Inspector.open(place.folder / one.file) for one in both)
    found = compare(before, after, pictures, progress)
    changed = [{"picture": Path(one.picture).stem, "was": one.was.value, "now": one.now.value,
                "kind": one.kind} for one in found.changed[:_MOST_SHOWN]]  # fmt: skip
    result = {"pictures": found.pictures, "changes": len(found.changed), "changed": changed}
    for name, rates in (("false_reject", found.false_reject), ("escape", found.escape)):
        if rates is not None:
            result[name] = [{"errors": one.errors, "n": one.n} for one in rates]
    return result, None


KINDS: dict[str, Work] = {COMPARE: _compare}
