"""What the pages and the API work with: the record, the files that judge, the clock of sign-ins."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sql

from kenpin.inspection import Inspector
from kenpin.line import Camera, Controller, Models, StationSettings
from kenpin.record import Pictures, Place, Record, one_sentence, reading
from kenpin.station.leases import Leases
from kenpin.station.screen import Screen, Watched
from kenpin.station.slowly import Slowly

STATION = "station"
"""What the record is told as the place where something was done at a page."""


class Office:
    """One for each program. idle: minutes after which a browser must sign in again.

    secure: whether it is reached by TLS, so that cookies never go without.
    """

    def __init__(self, place: Place, idle: float = 30, secure: bool = False) -> None:
        self.place, self.secure = place, secure
        self.idle_ms = round(idle * 60_000)
        self.pictures = Pictures(place.folder)
        self.slowly, self.leases = Slowly(), Leases()
        self._models = Models()
        self.screens: dict[str, Screen] = {}  # by names that an address can carry

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

    def screen_of(self, settings: StationSettings) -> tuple[Controller, Callable[[Camera], Camera]]:
        """What shows a station of the line, and what its camera is watched by."""
        screen = self.screens[settings.file_name] = Screen(settings)
        return screen, lambda camera: Watched(camera, screen)

    def inspector(self, digest: str, file: Path) -> Inspector:
        """What judges, opened once. Raises KenpinError, also where it is not what was released."""
        return self._models.of(digest, file)
