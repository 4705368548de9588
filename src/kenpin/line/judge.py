"""What judges at the line: the release in use, and a durable row before anything is told."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy.exc import DBAPIError

from kenpin.errors import KenpinError, OutputError, PictureError, RecordError
from kenpin.inspection import Inspector
from kenpin.line.cameras import Shot
from kenpin.line.machine import Job
from kenpin.part import hash_of_file
from kenpin.record import Circumstances, Place, Record, in_use, judges, reading
from kenpin.sources import read_picture
from kenpin.text import Notice
from kenpin.types import Picture, Verdict

_BLACK = 0.03  # of white: no part is so dark all over, not even in the dark


class NotJudgedError(Exception):
    """code: one of the line's codes; notice: the sentence for people."""

    def __init__(self, code: str, notice: Notice) -> None:
        super().__init__(code)
        self.code, self.notice = code, notice


@dataclass(frozen=True)
class Prepared:
    """What judges a part now."""

    part: str
    release: UUID
    hash: str
    inspector: Inspector


@dataclass(frozen=True)
class Judged:
    """A verdict whose row is durable."""

    verdict: Verdict
    row: UUID


class Models:
    """Opened files by their hash; several stations of a program share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Inspector] = {}

    def of(self, digest: str, path: Any) -> Inspector:
        """Raises KenpinError for a file that cannot judge, or is not what was released."""
        with self._lock:
            if digest not in self._open:
                if hash_of_file(path) != digest:
                    raise RecordError("line_release_changed", path=path)
                self._open[digest] = Inspector.open(path)
            return self._open[digest]


def prepare(place: Place, models: Models, part: str) -> Prepared:
    """Open the release in use of a part (品番). Raises NotJudgedError."""
    try:
        with reading(place) as engine, engine.connect() as connection:
            release = in_use(connection, part)
    except KenpinError as error:
        raise NotJudgedError("record_failed", error.notice) from None
    if release is None:
        raise NotJudgedError("part_not_released", Notice("line_not_released", part=part))
    try:
        inspector = models.of(release.hash, place.folder / release.file)
    except KenpinError as error:
        raise NotJudgedError("part_failed", error.notice) from None
    return Prepared(part, release.id, release.hash, inspector)


def check_picture(prepared: Prepared, picture: Picture) -> None:
    """A camera that sees nothing at all is broken; one that gives another size is set up wrongly.

    Raises NotJudgedError.
    """
    white, size = np.iinfo(picture.pixels.dtype).max, picture.size
    if picture.pixels.max() <= _BLACK * white:
        raise NotJudgedError("camera_black", Notice("line_black"))
    bundle = prepared.inspector.bundle
    learned = bundle.provenance.size
    if size != learned and not bundle.labels:
        told = {"width": size[1], "height": size[0], "theirs": f"{learned[1]}x{learned[0]}"}
        raise NotJudgedError("picture_size", Notice("line_size", **told))


class Judge:
    """Judges the parts of one station and writes them to the record.

    camera: its name, for the rows. Used from one thread at a time.
    """

    def __init__(self, place: Place, record: Record, models: Models, camera: str) -> None:
        self._place, self._record, self._models, self._camera = place, record, models, camera

    def prepare(self, part: str) -> Prepared:
        """See `prepare`."""
        return prepare(self._place, self._models, part)

    def is_current(self, prepared: Prepared) -> bool:
        """Whether it may still judge; while the record is away, what was so stays so."""
        try:
            with self._record.engine.connect() as connection:
                return judges(connection, prepared.part, prepared.hash)
        except DBAPIError:
            return True

    def judge(self, prepared: Prepared, job: Job, shot: Shot, wanted: Callable[[], bool]) -> Judged:
        """The verdict, when its row is durable. wanted: whether it still matters.

        Raises NotJudgedError; a picture that has no verdict is an event.
        """
        if not wanted():
            raise NotJudgedError("late", Notice("line_late"))
        try:
            picture = read_picture(shot.source)
            check_picture(prepared, picture)
            verdict = prepared.inspector.inspect(picture)
        except PictureError as error:
            raise NotJudgedError("picture_unreadable", error.notice) from None
        except KenpinError as error:
            raise NotJudgedError("judge_failed", error.notice) from None
        told = Circumstances(camera=self._camera, lot=job.lot or shot.lot,
                             serial=job.serial or shot.serial,
                             trigger=str(job.trigger))  # fmt: skip
        try:
            row = self._record.write(verdict, prepared.release, told, shot.source)
        except (RecordError, OutputError) as error:
            raise NotJudgedError("record_failed", error.notice) from None
        return Judged(verdict, row)


def told_of(job: Job, outcome: str, code: str | None, judged: Judged | None) -> dict[str, Any]:
    """What a message says of an answer; codes and numbers only."""
    told: dict[str, Any] = {"id": job.trigger, "number": job.number, "outcome": outcome}
    beside = {"code": code, "lot": job.lot, "serial": job.serial}
    told |= {name: value for name, value in beside.items() if value is not None}
    if judged is None or code is not None:
        return told
    verdict = judged.verdict
    regions = [{"x": one.x, "y": one.y, "width": one.width, "height": one.height}
               for one in verdict.regions]  # fmt: skip
    if verdict.findings:
        told["findings"] = [note.to_dict() for note in verdict.findings]
    return told | {"row": str(judged.row), "score": verdict.score, "limit": verdict.limit,
                   "p_value": verdict.p_value, "regions": regions}  # fmt: skip
