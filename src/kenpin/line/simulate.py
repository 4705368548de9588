"""A line on one PC: drawn parts, a virtual PLC over Modbus, and faults on demand.

The PLC counts for itself what it triggered and what it was answered; nothing of it asks kenpin.
"""

import asyncio
import contextlib
import random
import socket
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from kenpin.drawn import draw_terminals
from kenpin.errors import LineError
from kenpin.learning import learn
from kenpin.line import words
from kenpin.line.cameras import DRAWN_SIZE, Around, Camera, CameraError, Shot
from kenpin.line.controller_settings import ModbusServer
from kenpin.line.line import run_line
from kenpin.line.notes import Say
from kenpin.line.settings import LineSettings
from kenpin.recipe import Recipe
from kenpin.record import (
    Filter,
    Place,
    Record,
    add_release,
    change_state,
    find_release,
    found,
    place_of,
    reading,
    writing,
)
from kenpin.types import Outcome, Progress

PART, STATION = "terminals", "simulated"
_LEARNED = 100
_POLL = 0.002  # seconds between two looks of the PLC
_PATIENCE = 6.0  # seconds until the PLC gives a part up


@dataclass
class Counts:
    """What the PLC saw. wrong: answers with another id than was triggered; unanswered: triggers
    with neither answer nor "missed"; untold: triggers while busy that were not told as missed;
    ended: those whose program was started anew before it could
    answer, so that none came; seconds: from trigger to answer.
    """

    triggers: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    wrong: int = 0
    unanswered: int = 0
    untold: int = 0
    ended: int = 0
    lost: int = 0
    ok: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def make_demo(folder: Path, progress: Progress | None = None) -> LineSettings:
    """Learn drawn terminals, release them by two people, and settings for a line of them.

    Raises LineError for a folder that is not new.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LineError("line_simulate_folder", path=folder)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "terminals.kenpin"
    good = [draw_terminals(seed, size=DRAWN_SIZE).pixels for seed in range(_LEARNED)]
    learn(good, Recipe(model="feature"), progress, search=False).save(part)
    told = {
        "record": str(release_part(folder, part).folder),
        "station": [{
            "name": STATION, "parts": {1: PART}, "trigger": {"limit_ms": 3000, "hold_ms": 500},
            "camera": {"kind": "drawn", "delay_ms": 5},
            "controller": {"kind": "modbus-server", "port": free_port()},
        }],
    }  # fmt: skip
    return LineSettings.model_validate(told)


def release_part(folder: Path, part: Path) -> Place:
    """A record in the folder where this file is in use, let by two people."""
    place = place_of(folder / "record")
    with Record(place, STATION):
        pass  # made
    with writing(place) as connection:
        release = add_release(connection, place.folder, part, PART, "first person", STATION)
        for state, who in (("requested", "first person"), ("approved", "second person"),
                           ("in_use", "second person")):  # fmt: skip
            change_state(connection, release, state, who, STATION)
            release = find_release(connection, release.hash, PART)
    return place


def free_port() -> int:
    """A port of this machine that nobody has now."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


@dataclass(frozen=True)
class Simulated:
    """What came of it. rows: in the record; without_row: OK answers whose row is not there; kills:
    how often the program was ended under way.
    """

    counts: Counts
    rows: int
    without_row: int
    kills: int = 0

    @property
    def kept(self) -> bool:
        """Whether the one rule held."""
        own = self.counts
        told = own.answers.total() + own.missed + own.ended
        broken = own.wrong or own.unanswered or own.untold or self.without_row
        return not broken and told == own.triggers and own.ended <= self.kills

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        own = self.counts
        times = np.percentile(own.seconds, (50, 99)) * 1000 if own.seconds else (None, None)
        return {
            "triggers": own.triggers, "answers": dict(own.answers), "missed": own.missed,
            "wrong": own.wrong, "unanswered": own.unanswered, "untold": own.untold,
            "ended": own.ended,
            "connections_lost": own.lost,
            "rows": self.rows, "ok_without_row": self.without_row,
            "median_ms": times[0], "p99_ms": times[1],
        }  # fmt: skip


async def simulate(
    settings: LineSettings, seconds: float, faults: float = 0.0, seed: int = 0, say: Say = print
) -> Simulated:
    """Run a line of one station with a Modbus server against the PLC for so many seconds."""
    (station,) = settings.station
    own = station.controller
    if not isinstance(own, ModbusServer):
        raise LineError("line_simulate_modbus")
    rng = random.Random(seed)  # noqa: S311 - of faults, not of secrets
    plc = VirtualPlc(own.host, own.port, own.asked_at, own.shown_at, rng, faults)
    end, over = asyncio.Event(), asyncio.Event()
    wrap = (lambda camera: Faulty(camera, rng, faults)) if faults else None
    line = asyncio.create_task(run_line(settings, end, say, wrap))
    working = asyncio.create_task(plc.run(over))
    await asyncio.wait({line}, timeout=seconds)
    over.set()
    counts = await working
    end.set()
    await line
    return beside_record(settings, counts)


def beside_record(settings: LineSettings, counts: Counts, kills: int = 0) -> Simulated:
    """Each OK that was answered, and its row; ids come again after 65,535 parts."""
    with reading(place_of(settings.record)) as engine:
        rows, ok = 0, Counter[int]()
        for row in found(engine, Filter(station=settings.station[0].name)):
            rows += 1
            ok[int(row["trigger"] or 0)] += row["outcome"] == Outcome.OK.value
    told = Counter(counts.ok)
    return Simulated(counts, rows, sum((told - ok).values()), kills)


class Faulty(Around):
    """A camera that fails now and then: lost, late, or a picture that cannot be used."""

    def __init__(self, camera: Camera, rng: random.Random, often: float) -> None:
        super().__init__(camera)
        self._rng, self._often = rng, often

    async def open(self, arrived: Any, lost: Any) -> None:
        """Now and then it is not there at once."""
        if self._rng.random() < self._often:
            raise CameraError("camera_lost", "simulated")
        await super().open(arrived, lost)

    async def grab(self) -> Shot:
        """Now and then it fails."""
        fate = self._rng.random() / self._often if self._often else 1.0
        if fate < 0.4:
            raise CameraError("camera_lost", "simulated")
        if fate < 0.6:
            raise CameraError("camera_late", "simulated")
        shot = await super().grab()
        if fate < 0.8:
            return Shot(Path("/nowhere/half.png"), shot.name, shot.done)
        return shot


class VirtualPlc:
    """A PLC that triggers as fast as it is answered, and keeps its own counts.

    faults: how often (0 to 1) it triggers twice, does not acknowledge, or drops its connection.
    pause: seconds between two parts.
    """

    def __init__(
        self, host: str, port: int, asked_at: int, shown_at: int, rng: random.Random,
        faults: float, pause: float = 0.0,
    ) -> None:  # fmt: skip
        self._where, self._asked_at, self._shown_at = (host, port), asked_at, shown_at
        self._rng, self._faults, self._pause = rng, faults, pause
        self._client: Any = None
        self.counts = Counts()
        self._id = self._answered = 0

    async def run(self, stop: asyncio.Event) -> Counts:
        """Work until `stop` is set and the part under way is over."""
        while not stop.is_set():
            try:
                await self._connect()
                while not stop.is_set():
                    await self._part(stop)
                    await asyncio.sleep(self._pause)
                    if self._rng.random() < self._faults / 4:
                        raise ConnectionError
            except (ModbusException, OSError, TimeoutError):
                self.counts.lost += 1
                self._close()
                await asyncio.sleep(self._rng.uniform(0, 0.5))
        self._close()
        return self.counts

    async def _part(self, stop: asyncio.Event) -> None:
        """Trigger one part and wait for its answer."""
        seen = await self._until(lambda seen: bool(seen[0] & 1), stop)
        if seen is None:
            return
        self._id = self._id % 0xFFFF + 1
        missed_before, self._answered = seen[5], _count_of(seen)
        began, twice = perf_counter(), False
        self.counts.triggers += 1
        try:
            await self._write(trigger=True, trigger_id=self._id)
            twice = self._rng.random() < self._faults
            if twice:
                await self._trigger_again()
            answer = await self._answer(missed_before + twice)
        except (ModbusException, OSError, TimeoutError):
            answer = await self._after_a_break()
        if answer is None:
            return
        self._count(answer, perf_counter() - began)
        if self._rng.random() >= self._faults:  # else it is shown until it expires
            await self._write(acknowledge=True)
        seen = await self._until(lambda seen: not seen[0] >> words.VALID & 1, None)
        if seen is not None and seen[5] != (missed_before + twice) & 0xFFFF:
            self.counts.untold += 1
        await self._write()

    async def _trigger_again(self) -> None:
        """While it is busy: that one must be missed, and must not be answered."""
        await self._write(trigger_id=self._id)
        self.counts.triggers += 1
        await self._write(trigger=True, trigger_id=0)
        self.counts.missed += 1

    async def _answer(self, missed: int) -> list[int] | None:
        """The answer, or None where the trigger was missed."""
        seen = await self._until(
            lambda seen: bool(seen[0] >> words.VALID & 1) or seen[5] > missed, None
        )
        if seen is not None and not seen[0] >> words.VALID & 1:
            self.counts.missed += 1  # it was no longer ready when the trigger came
            await self._write()
            return None
        return seen

    async def _after_a_break(self) -> list[int] | None:
        """The connection broke under a part; whether it was answered shows when it is back."""
        for _ in range(100):
            with contextlib.suppress(ModbusException, OSError, TimeoutError):
                await self._connect()
                seen = await self._until(lambda seen: seen[0] & (1 | 1 << words.VALID) > 0, None)
                if seen is not None and seen[0] & 1 and _count_of(seen) <= self._answered:
                    self.counts.ended += 1  # ready, and it has not answered since
                    await self._write()
                    return None
                return await self._answer(0xFFFF)
            await asyncio.sleep(0.1)
        self.counts.unanswered += 1
        return None

    def _count(self, seen: list[int], seconds: float) -> None:
        outcome = words.OUTCOMES[seen[3]]
        if seen[2] != self._id:
            self.counts.wrong += 1
        self.counts.answers[outcome] += 1
        self.counts.seconds.append(seconds)
        if outcome == Outcome.OK.value:
            self.counts.ok.append(self._id)

    async def _until(self, holds: Any, stop: asyncio.Event | None) -> list[int] | None:
        """What is shown as soon as that holds; None where it ends before."""
        end = perf_counter() + _PATIENCE
        while perf_counter() < end:
            found = await self._client.read_holding_registers(
                self._shown_at, count=len(words.OUT_WORDS)
            )
            if found.isError():
                raise ConnectionError
            if holds(found.registers):
                return list(found.registers)
            if stop is not None and stop.is_set():
                return None
            await asyncio.sleep(_POLL)
        raise TimeoutError

    async def _write(self, **said: Any) -> None:
        done = await self._client.write_registers(
            self._asked_at, words.as_words(words.Asked(**said))
        )
        if done.isError():
            raise ConnectionError

    async def _connect(self) -> None:
        self._close()
        host, port = self._where
        self._client = AsyncModbusTcpClient(
            host, port=port, timeout=1, retries=0, reconnect_delay=0
        )
        if not await self._client.connect():
            raise ConnectionError

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _count_of(seen: list[int]) -> int:
    """Parts that it answered since its start."""
    return seen[7] | seen[8] << 16
