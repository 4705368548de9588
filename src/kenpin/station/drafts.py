"""What a job has learned, as a draft that nobody's line uses yet."""

import hashlib
from collections.abc import Callable
from typing import Any

import sqlalchemy as sql

from kenpin.part import Bundle
from kenpin.record import Job, Place, add_release
from kenpin.station.office import STATION
from kenpin.system import write_atomically

Finish = Callable[[sql.Connection], None]
"""Written together with the end of a job, all or nothing."""


def draft(
    place: Place, job: Job, part: str, bundle: Bundle, told: dict[str, Any]
) -> tuple[dict[str, Any], Finish]:
    """What came of the job, `told` among it, and what makes the release."""
    content, file = bundle.to_bytes(), place.folder / f"{job.id}.kenpin"
    write_atomically(file, content)

    def release(connection: sql.Connection) -> None:
        add_release(connection, place.folder, file, part, job.who, STATION)
        file.unlink(missing_ok=True)  # it is in the store now

    return told | {"part": part, "hash": hashlib.sha256(content).hexdigest()}, release
