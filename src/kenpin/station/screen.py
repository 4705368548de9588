"""What a station at the line shows, kept for every browser that looks at it."""

import asyncio
import contextlib
import json
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Any

from kenpin.errors import LineError
from kenpin.line import Around, Camera, Halt, Look, Run, Shot, Shown, StationSettings, Uploads
from kenpin.types import Picture

_REMEMBERED = 4  # pictures
_MOST_WAITING = 200  # messages to a browser that is slow; one with more is let go
_LOOK = 60.0  # seconds
_QUIET = 10.0  # seconds until a word that the connection is there


class Screen:
    """Told by the line like any controller, and asks like one: start, stop, part change."""

    def __init__(self, settings: StationSettings) -> None:
        self.settings = settings
        self.latest: dict[str, Any] = {"station": settings.name, "state": "PREOPERATIONAL"}
        self._post: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.browsers: set[asyncio.Queue[str]] = set()
        self._lock = threading.Lock()
        self._shot: Shot | None = None
        self._shots: OrderedDict[int, Shot] = OrderedDict()
        self._drawing = threading.Lock()
        self._drawn: OrderedDict[tuple[int, str], bytes | None] = OrderedDict()
        self._number = 0
        self.uploads: Uploads | None = None

    async def run(self, post: Any) -> None:
        """As long as the line runs."""
        self._post, self._loop = post, asyncio.get_running_loop()
        await asyncio.Event().wait()

    def show(self, shown: Shown) -> None:
        """What holds from now on; browsers hear of it where it differs."""
        own = shown.station
        told = {
            "station": self.settings.name, "state": own.state.value, "part": own.part,
            "error": own.error, "holds": sorted(own.holds), "answered": own.answered,
            "missed": own.missed, "faults": dict(own.faults), "running": own.running,
        }  # fmt: skip
        answer = shown.told
        if answer is not None and answer["number"] != self._number:
            self._number = answer["number"]
            with self._lock:
                if self._shot is not None:
                    self._shots[self._number] = self._shot
                    while len(self._shots) > _REMEMBERED:
                        self._shots.popitem(last=False)
            told["answer"] = answer
        before = {name: value for name, value in self.latest.items() if name != "answer"}
        if "answer" in told or told != before:
            self.latest = self.latest | told
            self._publish(told)

    def missed(self, trigger: int, code: str) -> None:
        """It is among what is shown."""

    def took(self, shot: Shot) -> None:
        """The picture of the part under way."""
        self._shot = shot

    def drawn(self, number: int, panel: str, draw: Callable[[Shot], bytes | None]) -> bytes | None:
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
        if self._loop is not None:
            told = {"station": self.settings.name, "call": who}
            self._loop.call_soon_threadsafe(self._publish, told)

    def _publish(self, told: dict[str, Any]) -> None:
        message = f"data: {json.dumps(told, ensure_ascii=False)}\n\n"
        for browser in list(self.browsers):
            if browser.qsize() >= _MOST_WAITING:
                self.browsers.discard(browser)
            else:
                browser.put_nowait(message)


async def messages(screens: list[Screen], seconds: float) -> AsyncIterator[str]:
    """Server-sent events of all stations: how they are now, then each change. A browser asks again
    after that time, so that it must be signed in still.
    """
    browser: asyncio.Queue[str] = asyncio.Queue()
    end = asyncio.get_running_loop().time() + seconds
    for screen in screens:
        screen.browsers.add(browser)
        browser.put_nowait(f"data: {json.dumps(screen.latest, ensure_ascii=False)}\n\n")
    try:
        while asyncio.get_running_loop().time() < end:
            if browser.empty() and not all(browser in one.browsers for one in screens):
                return  # it was too slow; it asks again, and hears how things are then
            message = ": here\n\n"
            with contextlib.suppress(TimeoutError):
                message = await asyncio.wait_for(browser.get(), _QUIET)
            yield message
    finally:
        for screen in screens:
            screen.browsers.discard(browser)


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


ASKED = {"start": Run(True), "stop": Run(False), "reset": Halt(False)}
"""What a button asks."""
