"""What a station at the line shows, kept for every browser that looks at it."""

import asyncio
import json
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import time
from typing import Any

import numpy as np

from kenpin.errors import LineError
from kenpin.line import Around, Camera, Halt, Look, Run, Shot, Shown, StationSettings, Uploads
from kenpin.record import now as record_now
from kenpin.station.tally import Tally
from kenpin.text import LANGUAGES, Notice, speaking
from kenpin.types import Evidence, Picture, Verdict

_REMEMBERED = 8  # pictures
_MOST_WORDS = 3  # sentences beside a verdict
_MOST_BYTES = 2**27  # of what their differences are drawn from
_TICK = 0.1  # seconds between two messages to a browser
_LOOK = 60.0  # seconds
_QUIET = 10.0  # seconds until a word that the connection is there


def _words(verdict: Verdict | None) -> dict[str, list[str]]:
    """What is wrong, in each language, for browsers that may speak either."""
    told: dict[str, list[str]] = {}
    findings = verdict.findings[:_MOST_WORDS] if verdict is not None else ()
    for language in LANGUAGES:
        with speaking(language):
            told[language] = [str(note) for note in findings]
    return told


@dataclass(frozen=True)
class Meter:
    """A measure of a picture, and from where to where it was in the good ones."""

    name: str
    value: float
    low: float
    middle: float
    high: float

    @property
    def side(self) -> int:
        """-1 or 1 where it is clearly below or above them: by half of how far they lie apart."""
        room = (self.high - self.low) / 2
        return (self.value > self.high + room) - (self.value < self.low - room)


@dataclass(frozen=True)
class Seen:
    """The picture of an answer, and its verdict."""

    shot: Shot
    verdict: Verdict


@dataclass(frozen=True)
class Sight:
    """What a person saw through the camera. meters: against the pictures that the part was learned
    from; advice: what to do about it.
    """

    picture: Picture
    verdict: Verdict | None
    meters: tuple[Meter, ...]
    advice: tuple[Notice, ...]


class Screen:
    """Told by the line like any controller, and asks like one: start, stop, part change.

    latest: how it is now, as a browser is told; version: counts its changes. shown: what the
    controller is told. sight: what a person saw last through the camera.
    """

    def __init__(self, settings: StationSettings, shifts: Sequence[time]) -> None:
        self.settings, self.tally = settings, Tally(shifts)
        self.latest: dict[str, Any] = {"station": settings.name, "state": "PREOPERATIONAL"}
        self.version = 0
        self._message: tuple[int, str] = (-1, "")
        self._post: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._shot: Shot | None = None
        self._shots: OrderedDict[int, Seen] = OrderedDict()
        self._drawing = threading.Lock()
        self._drawn: OrderedDict[tuple[int, str], bytes | None] = OrderedDict()
        self._number = 0
        self.uploads: Uploads | None = None
        self.shown: Shown | None = None
        self.sight: Sight | None = None

    async def run(self, post: Any) -> None:
        """As long as the line runs."""
        self._post, self._loop = post, asyncio.get_running_loop()
        await asyncio.Event().wait()

    def show(self, shown: Shown) -> None:
        """What holds from now on."""
        own, told = shown.station, shown.told
        self.shown = shown
        now = {
            "station": self.settings.name, "state": own.state.value, "part": own.part,
            "error": own.error, "holds": sorted(own.holds), "answered": own.answered,
            "missed": own.missed, "faults": dict(own.faults), "running": own.running,
        }  # fmt: skip
        if told is not None and told["number"] != self._number:
            self._number = told["number"]
            self._keep_shot(shown.verdict)
            self.tally.add(told["outcome"], told.get("row"))
            now["answer"] = told | {"at": record_now()[0], "words": _words(shown.verdict)}
        self._change(now)

    def _keep_shot(self, verdict: Verdict | None) -> None:
        with self._lock:
            if self._shot is not None and verdict is not None:
                self._shots[self._number] = Seen(self._shot, verdict)
                while len(self._shots) > _REMEMBERED or self._too_much():
                    self._shots.popitem(last=False)

    def _too_much(self) -> bool:
        """Whether more than the newest is kept, and it takes too much memory."""
        sizes = [_bytes_of(one.verdict.evidence) for one in self._shots.values()]
        return len(sizes) > 1 and sum(sizes) > _MOST_BYTES

    def _change(self, now: dict[str, Any]) -> None:
        changed = self.latest | now
        if changed != self.latest:
            self.latest = changed
            self.version += 1

    @property
    def message(self) -> str:
        """How it is, as an event for browsers; made once however many there are."""
        version, text = self._message
        if version != self.version:
            version = self.version
            told = json.dumps(self.latest | self.tally.told(), ensure_ascii=False)
            text = f"data: {told}\n\n"
            self._message = version, text
        return text

    def missed(self, trigger: int, code: str) -> None:
        """It is among what is shown."""

    def took(self, shot: Shot) -> None:
        """The picture of the part under way."""
        self._shot = shot

    def made(self, number: int, panel: str) -> bytes | None:
        """The picture of an answer, if it was drawn already."""
        return self._drawn.get((number, panel))

    def drawn(self, number: int, panel: str, draw: Callable[[Seen], bytes | None]) -> bytes | None:
        """The picture of one of the newest answers, drawn once however many look at it."""
        with self._drawing:
            with self._lock:
                shot = self._shots.get(number)
            if shot is None:
                return None
            if (number, panel) not in self._drawn:
                self._drawn[number, panel] = draw(shot)
                while len(self._drawn) > 2 * _REMEMBERED:
                    self._drawn.popitem(last=False)
            return self._drawn[number, panel]

    def ask(self, event: Any) -> bool:
        """What a person asks of the station; from any thread. Whether the line runs."""
        if self._post is None or self._loop is None:
            return False
        self._loop.call_soon_threadsafe(self._post, event)
        return True

    @property
    def part(self) -> str:
        """The number (品番) of the part that is prepared, else of the one that it begins with."""
        parts = self.settings.parts
        return parts.get(self.latest.get("part") or 0, parts[self.settings.first_part])

    def look(self) -> Picture:
        """What the camera sees now; no part is judged meanwhile. Raises KenpinError."""
        reply: Future[Picture] = Future()
        if not self.ask(Look(reply)):
            raise LineError("station_line_away")
        try:
            return reply.result(_LOOK)
        except TimeoutError:
            raise LineError("line_no_look", code="camera_late") from None

    def call(self, who: str) -> None:
        """Every browser shows that somebody is needed here; from any thread."""
        number = self.latest.get("call", {}).get("number", 0) + 1
        call = {"call": {"who": who, "number": number}}
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._change, call)


async def messages(
    screens: list[Screen], still: Callable[[], Awaitable[bool]], ending: Callable[[], bool]
) -> AsyncIterator[str]:
    """Server-sent events of all stations: how they are now, then whenever one changed, but not more
    often than can be seen: a slow browser, and many of them, hear less and never of the past. Until
    who asks is not signed in any more, or the program ends.
    """
    loop = asyncio.get_running_loop()
    quiet = asked = loop.time()
    heard = dict.fromkeys(range(len(screens)), -1)
    while not ending():
        if loop.time() - asked > _QUIET:
            if not await still():
                return
            asked = loop.time()
        text = ""
        for place, screen in enumerate(screens):
            if heard[place] != screen.version:
                heard[place] = screen.version
                text += screen.message
        if not text and loop.time() - quiet > _QUIET:
            text = ": here\n\n"
        if text:
            quiet = loop.time()
            yield text
        await asyncio.sleep(_TICK)


class Watched(Around):
    """A camera whose pictures are shown as well."""

    def __init__(self, camera: Camera, screen: Screen) -> None:
        super().__init__(camera)
        self._screen = screen

    async def grab(self) -> Shot:
        """The picture, of which the screen is told."""
        shot = await super().grab()
        self._screen.took(shot)
        return shot


def _bytes_of(evidence: Evidence | None) -> int:
    arrays = () if evidence is None else vars(evidence).values()
    return sum(one.nbytes for one in arrays if isinstance(one, np.ndarray))


ASKED = {"start": Run(True), "stop": Run(False), "reset": Halt(False)}
"""What a button asks."""
