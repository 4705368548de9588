"""A record to try the pages with: drawn parts that were judged, and a user of each role."""

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kenpin.drawn import TERMINAL_DEFECTS, draw_terminals
from kenpin.errors import RecordError
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.line import LineSettings, ModbusServer, VirtualPlc, free_port, run_line
from kenpin.recipe import Recipe
from kenpin.record import (
    ROLES,
    Circumstances,
    Keep,
    Place,
    Record,
    Release,
    User,
    add_release,
    add_user,
    change_state,
    find_release,
    place_of,
    writing,
)
from kenpin.station.office import STATION, Office
from kenpin.text import Notice, language
from kenpin.types import Picture, Pixels, Progress

PART, FIRST = "terminals", "first part"  # the second is for the first visit to teach
_SIZE = (192, 256)
_LEARNED, _JUDGED, _BAD = 60, 80, 0.15
_EVERY = 1.0  # seconds between two parts of the line


@dataclass(frozen=True)
class Demo:
    """passwords: of each user. line: a drawn camera and a virtual PLC, on this machine only."""

    place: Place
    passwords: dict[str, str]
    line: LineSettings

    async def run(self, office: Office, stop: asyncio.Event, say: Callable[[Notice], None]) -> None:
        """The line and its PLC, until `stop` is set."""
        own = self.line.station[0].controller
        assert isinstance(own, ModbusServer)  # noqa: S101 - as made below
        rng = random.Random(0)  # noqa: S311 - of a virtual PLC
        plc = VirtualPlc(own.host, own.port, own.asked_at, own.shown_at, rng, 0.0, _EVERY)
        working = asyncio.create_task(plc.run(stop))
        try:
            await run_line(self.line, stop, say, None, office.screen_of)
        finally:
            working.cancel()


def make_demo(folder: Path, progress: Progress | None = None) -> Demo:
    """A record, users, and a line. Raises RecordError for a folder in use."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecordError("station_demo_folder", path=folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{PART}.kenpin"
    good = [draw_terminals(seed, size=_SIZE).pixels for seed in range(_LEARNED)]
    learn(good, Recipe(model="feature"), progress, search=False).save(file)
    inspector = Inspector.open(file)
    place = place_of(folder / "record")
    with Record(place, "line 1", keep=Keep("all")) as record:
        release, passwords = _people_and_release(place, file)
        _draft(place, folder, good)
        rng = np.random.default_rng(0)
        for number in range(_JUDGED):
            kind = str(rng.choice(TERMINAL_DEFECTS)) if rng.random() < _BAD else "good"
            name = f"{number:04}"
            picture = Picture(draw_terminals(10_000 + number, kind, size=_SIZE).pixels, name)
            told = Circumstances(camera="drawn", lot="L1", serial=f"S{number:04}")
            record.write(inspector.inspect(picture), release.id, told, picture)
    line = LineSettings.model_validate({
        "record": str(place.folder),
        "station": [{
            "name": "line 1", "parts": {1: PART, 2: FIRST}, "camera": {"kind": "drawn", "ng": _BAD},
            "controller": {"kind": "modbus-server", "port": free_port()},
        }],
    })  # fmt: skip
    return Demo(place, passwords, line)


def _draft(place: Place, folder: Path, good: Sequence[Pixels]) -> None:
    """Another release to compare with, which nobody let yet."""
    file = folder / f"{PART}-pca.kenpin"
    learn(good, Recipe(model="pca"), search=False).save(file)
    with writing(place) as connection:
        add_release(connection, place.folder, file, PART, "engineer", STATION)


def _people_and_release(place: Place, file: Path) -> tuple[Release, dict[str, str]]:
    """A user called as each role, and the file let into use by two of them."""
    passwords = {role: secrets.token_urlsafe(9) for role in ROLES}
    with writing(place) as connection:
        for role, password in passwords.items():
            add_user(connection, User(role, language(), role, True), password, None, STATION)
        made = add_release(connection, place.folder, file, PART, "engineer", STATION)
        for state, who in (("requested", "engineer"), ("approved", "approver"),
                           ("in_use", "approver")):  # fmt: skip
            change_state(connection, made, state, who, STATION)
            made = find_release(connection, made.hash, PART)
    return made, passwords
