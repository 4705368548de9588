"""A record that is open for writing: verdicts, pictures, events; durable when a call returns."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from socket import gethostname
from time import monotonic
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError

from kenpin.errors import OutputError, PictureError, RecordError
from kenpin.record import keep as keeping
from kenpin.record import opening
from kenpin.record.entry import Circumstances, Entry, plain
from kenpin.record.pictures import Keep, Pictures, content_of, is_full
from kenpin.record.place import Place
from kenpin.record.releases import Release, add_release
from kenpin.record.rows import add_event, station_id
from kenpin.record.schema import inspections, stations
from kenpin.record.waiting import Waiting
from kenpin.record.writer import Writer
from kenpin.sources import PictureSource, Taken, ZipMember
from kenpin.text import Notice
from kenpin.types import Outcome, Verdict

_RULE_EVERY = 10.0  # seconds between two looks which pictures are kept
_SWEEP_EVERY = 500  # pictures kept
_AT_MOST = 50  # pictures that are swept for a new one


class Record:
    """Takes verdicts of one station; made where there is none. Use it as a context.

    station: its name, left out that of the machine. who: the operator, of events. keep: which
    pictures, or only its `what`; left out, as the record says. tell: called with what a person
    should know, such as that the database is away. Any number of threads, and of processes with
    stations of their own or the same, may write.

    Raises RecordError when the record cannot be used.
    """

    def __init__(
        self,
        place: Place,
        station: str | None = None,
        who: str | None = None,
        keep: Keep | str | None = None,
        tell: Callable[[Notice], None] = lambda _: None,
    ) -> None:
        self.place, self.station, self.who = place, station_name(station), who
        self._tell = tell
        if isinstance(keep, str):
            Keep(what=keep)  # refused before anything is made
        self._make(place)
        self.engine = opening.existing(place)
        self.pictures = Pictures(place.folder)
        self.pictures.begin()
        with opening.one_sentence(place), self._writing() as connection:
            self._station = station_id(connection, self.station)
            last = sql.select(stations.c.last).where(stations.c.id == self._station)
            self._number = connection.scalar(last) or 0
            self._keep = keeping.rule(connection, keep)
            add_event(connection, "start", {}, who, self.station)
        self._given, self._rule_read = keep, monotonic()
        waiting = Waiting(place.folder, str(self._station))
        self._writer = Writer(
            self.engine, self._station, waiting, tell, self.pictures.release_reserve
        )
        self._lock = threading.Lock()
        self._since_sweep, self._full = 0, False
        self._closed = False

    def write(
        self,
        verdict: Verdict,
        release: UUID,
        told: Circumstances | None = None,
        source: PictureSource | None = None,
    ) -> UUID:
        """Keep a verdict; its id. When this returns it is durable, and may be told.

        source: the picture that was judged; its file is kept by the rule as it is. Raises
        RecordError or OutputError where nothing can be written at all.
        """
        with self._lock:
            number = self._number
            self._number += 1
        self._read_rule_sometimes()
        wanted = self._keep.wants(verdict.outcome is Outcome.OK, number)
        content = _content(source, wanted)
        digest = None if content is None else hashlib.sha256(content).hexdigest()
        entry = Entry.of(verdict, release, told or Circumstances(), digest)
        kept, gone = self._picture(entry, wanted, source, content)
        entry = replace(entry, values=entry.values | {"kept": kept, "gone": gone})
        self._writer.write(entry)
        if told and told.serial is not None:
            self._say_twice(entry)
        return entry.id

    def _read_rule_sometimes(self) -> None:
        """It may have been changed by another program."""
        with self._lock:
            due = monotonic() - self._rule_read > _RULE_EVERY
            self._rule_read = monotonic() if due else self._rule_read
        if due:
            try:
                with self.engine.connect() as connection:
                    self._keep = keeping.rule(connection, self._given)
            except DBAPIError:
                return  # it is away, which was told

    def _say_twice(self, entry: Entry) -> None:
        """A serial that is there already is kept again, and said."""
        own, serial, lot = inspections.c, entry.values["serial"], entry.values["lot"]
        query = sql.select(sql.func.count()).where(own.serial == serial)
        query = query.where(own.lot == lot if lot is not None else own.lot.is_(None))
        try:
            with self.engine.connect() as connection:
                count = connection.scalar(query) or 0
        except DBAPIError:
            return  # it is away, which was told
        if count > 1:
            self._tell(Notice("record_serial_twice", serial=serial, lot=lot or "–", count=count))

    def release(self, path: str | Path, part: str) -> Release:
        """The release that a .kenpin file is of a part (品番), added as a draft where it is new."""
        with opening.one_sentence(self.place), self._writing() as connection:
            folder = self.place.folder
            return add_release(connection, folder, Path(path), part, self.who, self.station)

    def event(self, kind: str, **told: Any) -> None:
        """Chain an event: codes and numbers only."""
        with opening.one_sentence(self.place), self._writing() as connection:
            add_event(connection, kind, told, self.who, self.station)

    def close(self) -> None:
        """Write what is waiting, and say in the record that the station stopped."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        try:
            with self._writing() as connection:
                add_event(connection, "stop", {}, self.who, self.station)
        except DBAPIError:
            pass  # it is away, which was told
        finally:
            self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _make(self, place: Place) -> None:
        try:
            opening.make(place)
        except RecordError:
            if not Pictures.give_way(place.folder):  # a full disk has a reserve
                raise
            opening.make(place)

    def _writing(self) -> Any:
        return self.engine.execution_options(writes=True).begin()

    def _picture(
        self, entry: Entry, wanted: bool, source: PictureSource | None, content: bytes | None
    ) -> tuple[str | None, str | None]:
        """Where the picture is kept, or why it is not."""
        if source is None or not wanted:
            return None, keeping.NOT_KEPT
        if content is None:
            return None, keeping.LOST
        kept: str | None
        try:
            kept = self.pictures.put(entry.id, content, source, entry.values["at"])
        except OutputError as error:
            if not is_full(error):
                self._tell(error.notice)
                return None, keeping.DENIED
            kept = self._make_room(entry, source, content)
            if kept is None:
                return None, keeping.DISK_FULL
        self._sweep_sometimes()
        return kept, None

    def _make_room(self, entry: Entry, source: PictureSource, content: bytes) -> str | None:
        """On a full disk NG pictures push out good ones; rows have a reserve."""
        if not self._full:
            self._full = True
            self.pictures.release_reserve()
            self._tell(Notice("record_disk_full", path=self.place.folder))
        if entry.passed:
            return None
        free = self.pictures.free() + 2 * len(content)
        try:
            wanted = replace(self._keep, most=None, free=free)
            keeping.sweep(self.engine, self.pictures, wanted, _AT_MOST)
            return self.pictures.put(entry.id, content, source, entry.values["at"])
        except (OutputError, DBAPIError):
            return None

    def _sweep_sometimes(self) -> None:
        with self._lock:
            self._since_sweep += 1
            due = self._since_sweep >= _SWEEP_EVERY
            self._since_sweep = 0 if due else self._since_sweep
        if due:
            keeping.sweep(self.engine, self.pictures, self._keep)


def _content(source: PictureSource | None, wanted: bool) -> bytes | None:
    """The bytes of a picture's file; pixels become a file only where they are kept."""
    if source is None or not (wanted or isinstance(source, str | Path | ZipMember | Taken)):
        return None
    try:
        return content_of(source)
    except PictureError:  # it is gone since it was judged, and the row counts more
        return None


def station_name(given: str | None = None) -> str:
    """The station that is meant: as given, else the name of this machine."""
    return plain(given) or plain(gethostname()) or "station"
