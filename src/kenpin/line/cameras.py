"""What every camera does, whatever it is; and the drawn one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kenpin.drawn import TERMINAL_DEFECTS, draw_terminals
from kenpin.line.settings import DrawnCamera
from kenpin.sources import PictureSource
from kenpin.types import Picture

DRAWN_SIZE = (192, 256)
Call = Callable[[], None]
"""Called when a picture is there that nobody asked for."""
Lost = Callable[[str], None]
"""Called with a code when the camera is lost by itself."""


class CameraError(Exception):
    """A picture could not be had. code: one of the line's codes."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Shot:
    """A picture as it came. source: its file, or its pixels; name: for people.

    done: called at the end, with whether its row is durable; never again after that. lot, serial:
    of the part, where who sent the picture tells them. looked_at: called
    where a person only looked at it, and no answer will come.
    """

    source: PictureSource
    name: str
    done: Callable[[bool], None] = lambda _: None
    lot: str | None = None
    serial: str | None = None
    looked_at: Callable[[], None] = lambda: None


class Camera(Protocol):
    """Where pictures come from. Every call raises CameraError, and none waits for ever."""

    async def open(self, arrived: Call, lost: Lost) -> None:
        """Make it ready. arrived: called for each picture that comes by itself. lost: called once
        if it goes away, or must be opened anew.
        """

    @property
    def waiting(self) -> int:
        """How many pictures came by themselves and were not given yet."""

    def pass_over(self) -> int:
        """Never give those that wait; how many they were."""

    async def grab(self) -> Shot:
        """The picture of the part that is there now, taken after this was called.

        Where each picture is a part, the oldest that was not given yet.
        """

    async def close(self) -> None:
        """Let go of it; no word if it is lost already."""


class Drawn:
    """Draws connector terminals; the same seed always draws the same line of parts."""

    def __init__(self, settings: DrawnCamera) -> None:
        self._settings = settings
        self._rng = np.random.default_rng(settings.seed)
        self._number = self._came = 0
        self._ticking: asyncio.Task[None] | None = None

    async def open(self, arrived: Call, lost: Lost) -> None:
        """It is always there; parts come by themselves too, for whom that counts."""

        async def tick() -> None:
            while True:
                await asyncio.sleep(self._settings.every_ms / 1000)
                self._came += 1
                arrived()

        self._ticking = asyncio.create_task(tick())

    async def grab(self) -> Shot:
        """The next drawn part."""
        self._came = max(0, self._came - 1)
        await asyncio.sleep(self._settings.delay_ms / 1000)
        bad = self._rng.random() < self._settings.ng
        kind = str(self._rng.choice(TERMINAL_DEFECTS)) if bad else "good"
        number = self._number
        self._number += 1
        seed = 1_000_000 * (1 + self._settings.seed) + number
        pixels = draw_terminals(seed, kind, size=DRAWN_SIZE).pixels
        name = f"{kind}-{number:06}"
        return Shot(Picture(pixels, name), name)

    @property
    def waiting(self) -> int:
        """Parts that came and were not looked at."""
        return self._came

    def pass_over(self) -> int:
        """They went by."""
        came, self._came = self._came, 0
        return came

    async def close(self) -> None:
        """No more parts."""
        if self._ticking is not None:
            self._ticking.cancel()


class Around:
    """A camera with something put around it; what is not said anew is as the camera does it."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera

    async def open(self, arrived: Call, lost: Lost) -> None:
        """As the camera does."""
        await self.camera.open(arrived, lost)

    @property
    def waiting(self) -> int:
        """As the camera says."""
        return self.camera.waiting

    def pass_over(self) -> int:
        """As the camera does."""
        return self.camera.pass_over()

    async def grab(self) -> Shot:
        """As the camera does."""
        return await self.camera.grab()

    async def close(self) -> None:
        """As the camera does."""
        await self.camera.close()
