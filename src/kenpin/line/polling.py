"""A controller whose registers are polled: what it asks is read, what it is shown is written."""

import asyncio
import contextlib
from typing import Protocol

from kenpin.line.controllers import Levels, Post, Presence, Shown
from kenpin.line.words import OUT_WORDS, asked

_AGAIN = (0.1, 0.2, 0.5, 1.0)  # seconds until the next try to connect


class Registers(Protocol):
    """The two blocks of words of a controller. Every call raises OSError where it is away."""

    async def open(self) -> None:
        """A new connection."""

    async def read(self) -> list[int]:
        """What it asks."""

    async def write(self, words: tuple[int, ...]) -> None:
        """What it is shown."""

    async def close(self) -> None:
        """Throw the connection away: an answer that comes late must not be taken for a new one."""


class Polling:
    """Connects, reads and writes every `poll` seconds; after any fault with a new connection.

    silence: seconds after which a request counts as lost.
    """

    def __init__(self, registers: Registers, poll: float, silence: float) -> None:
        self._registers, self._poll, self._silence = registers, poll, silence
        self._shown: tuple[int, ...] = (0,) * len(OUT_WORDS)
        self._spoke = self._open = False  # whether it has answered on this connection; is one

    def show(self, shown: Shown) -> None:
        """Written with the next turn; only the newest ever is."""
        self._shown = shown.words

    def missed(self, trigger: int, code: str) -> None:
        """It is in the words."""

    async def run(self, post: Post) -> None:
        """Serve until cancelled; at the end nothing is shown."""
        levels, presence, tries = Levels(post), Presence(post), 0
        presence.lost()  # until it answers
        try:
            while True:
                try:
                    await self._connected(levels, presence)
                except (OSError, TimeoutError):
                    _end_if_told()
                    presence.lost()
                    levels.forget()
                await self._close()
                await asyncio.sleep(_AGAIN[min(tries, len(_AGAIN) - 1)])
                tries = 0 if self._spoke else tries + 1
        finally:
            await self._off()

    async def _connected(self, levels: Levels, presence: Presence) -> None:
        self._spoke = False
        async with asyncio.timeout(self._silence):
            await self._registers.open()
        self._open = True
        while True:
            _end_if_told()
            async with asyncio.timeout(self._silence):
                words = await self._registers.read()
            self._spoke = True
            try:
                said = asked(words)
            except ValueError:
                presence.lost("controller_nonsense")
            else:
                levels.take(said)  # first: what rose unseen is missed
                presence.back()
                await asyncio.sleep(0)  # so that what follows from it is shown in the same turn
            async with asyncio.timeout(self._silence):
                await self._registers.write(self._shown)
            await asyncio.sleep(self._poll)

    async def _off(self) -> None:
        """Leave nothing valid behind, where something may have been."""
        if not self._open:
            return
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._silence):
                await self._registers.write((0,) * len(OUT_WORDS))
        await self._close()

    async def _close(self) -> None:
        self._open = False
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._silence):
                await self._registers.close()


def _end_if_told() -> None:
    """A library may swallow a cancellation, or tell it as an error of its own."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
