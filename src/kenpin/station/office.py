"""What the pages and the API work with: the record, the files that judge, the clock of sign-ins."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from time import monotonic

import sqlalchemy as sql

from kenpin.assurance import MasterCheck
from kenpin.errors import LineError
from kenpin.inspection import Inspector
from kenpin.line import Camera, Controller, Models, StationSettings, Uploads
from kenpin.record import (
    Pictures,
    Place,
    Record,
    Release,
    Session,
    find_release,
    in_use,
    one_sentence,
    reading,
    session_of,
)
from kenpin.station.leases import Leases
from kenpin.station.screen import Screen, Watched
from kenpin.station.slowly import Slowly
from kenpin.types import Picture

AWAY = ("record_unreachable", "record_denied", "record_failed")
"""Codes of a record that cannot be reached now."""
STATION = "station"
"""What the record is told as the place where something was done at a page."""


_MOMENT = 2.0  # seconds
_LEFT = 900.0  # seconds until a master check that nobody goes on with is begun anew
_MOST_SESSIONS = 1000


@dataclass
class Round:
    """A master check under way. of: the hashes of the release and of its pieces; until: when it is
    begun anew, of the monotonic clock; shown: the pieces that the camera saw; found: what came of
    it, when all were shown.
    """

    of: tuple[str, ...]
    until: float
    shown: dict[str, Picture] = field(default_factory=dict)
    found: MasterCheck | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Office:
    """One for each program. idle: minutes after which a browser must sign in again.

    secure: whether it is reached by TLS, so that cookies never go without. shifts: when each
    begins, by the place's clock. backups: where they go, None for nowhere. works: whether it does
    what takes minutes, in a process beside.
    """

    def __init__(
        self,
        place: Place,
        idle: float = 30,
        secure: bool = False,
        shifts: Sequence[time] = (time(),),
        backups: Path | None = None,
        works: bool = False,
    ) -> None:
        self.place, self.secure, self.shifts, self.backups = place, secure, shifts, backups
        self.works = works
        self.idle_ms = round(idle * 60_000)
        self.pictures = Pictures(place.folder)
        self.slowly, self.leases = Slowly(), Leases()
        self._models = Models()
        self.screens: dict[str, Screen] = {}  # by names that an address can carry
        self._rounds: dict[str, Round] = {}
        self._sessions: dict[str, tuple[float, Session | None]] = {}
        self.studying, self.signing = threading.Lock(), threading.Lock()
        self.ending: Callable[[], bool] = lambda: False  # whether the program is told to end
        self.study_seen: dict[int, set[str]] = {}

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """As long as the program runs. Raises RecordError where the record cannot be used."""
        with Record(self.place, STATION) as self.record, reading(self.place) as self.engine:
            yield

    @contextlib.contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """A connection that only reads. Raises RecordError."""
        with one_sentence(self.place), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sql.Connection]:
        """One whose changes are kept at the end, all or nothing. Raises RecordError."""
        with (
            one_sentence(self.place),
            self.engine.execution_options(writes=True).begin() as connection,
        ):
            yield connection
        self._sessions.clear()  # it may have ended one, or changed whose it is

    def remembered(self, secret: str) -> tuple[Session | None, bool]:
        """Whose browser this is, and whether that is known without asking the record."""
        until, session = self._sessions.get(secret, (0.0, None))
        return session, not secret or until > monotonic()

    def session_of(self, secret: str) -> Session | None:
        """Whose browser this is. Raises RecordError.

        Remembered for a moment, for a page asks for many pictures at once: so an end that another
        program wrote counts a moment later.
        """
        session, known = self.remembered(secret)
        if known:
            return session
        with self.reading() as connection:
            session = session_of(connection, secret, self.idle_ms)
        if len(self._sessions) > _MOST_SESSIONS:
            self._sessions.clear()
        until = monotonic() + min(_MOMENT, self.idle_ms / 4000)
        self._sessions[secret] = until, session
        return session

    def screen_of(self, settings: StationSettings) -> tuple[Controller, Callable[[Camera], Camera]]:
        """What shows a station of the line, and what its camera is watched by."""
        screen = self.screens[settings.file_name] = Screen(settings, self.shifts)

        def watched(camera: Camera) -> Camera:
            screen.uploads = camera if isinstance(camera, Uploads) else None
            return Watched(camera, screen)

        return screen, watched

    def release_of(self, part: str) -> Release:
        """What judges a part now. Raises LineError where nothing is in use."""
        with self.reading() as connection:
            release = in_use(connection, part)
        if release is None:
            raise LineError("line_not_released", part=part)
        return release

    def release_at(self, screen: Screen) -> Release:
        """What judges at a station now, which may be the one before, until its next part change.
        Raises LineError where nothing does.
        """
        digest = screen.shown.release if screen.shown is not None else None
        if digest is None or screen.latest.get("part") is None:
            return self.release_of(screen.part)
        with self.reading() as connection:
            return find_release(connection, digest, screen.part)

    def round_of(self, name: str, of: tuple[str, ...]) -> Round:
        """The master check under way at a station, begun anew where another release judges, other
        pieces are to be shown, or nobody went on with it for a while.
        """
        found, now = self._rounds.get(name), monotonic()
        if found is None or found.of != of or found.until < now:
            found = self._rounds[name] = Round(of, 0.0)
        found.until = now + _LEFT
        return found

    def begin_round(self, name: str) -> None:
        """Every piece is to be shown again."""
        self._rounds.pop(name, None)

    def inspector(self, digest: str, file: Path) -> Inspector:
        """What judges, opened once. Raises KenpinError, also where it is not what was released."""
        return self._models.of(digest, file)
