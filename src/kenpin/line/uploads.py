"""Pictures that other programs send to the API of the pages: each is a part."""

import asyncio
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kenpin.line.cameras import Call, CameraError, Lost, Shot
from kenpin.line.controllers import Post, Shown
from kenpin.line.machine import NOT_READY
from kenpin.line.settings import UploadCamera
from kenpin.sources import Taken

Reply = Future[dict[str, Any]]
"""Of a picture what a message says of its answer; only a code where it was not judged."""


@dataclass(frozen=True, eq=False)
class _Sent:
    shot: Shot
    reply: Reply


class Uploads:
    """A camera, and a listener: it hears the answers, so that who sent a picture is told.

    They are taken and answered in the order in which they came.
    """

    def __init__(self, settings: UploadCamera) -> None:
        self.most_waiting = settings.most_waiting
        self._waiting: deque[_Sent] = deque()
        self._taken: _Sent | None = None
        self._answered = 0
        self._there = asyncio.Condition()
        self._arrived: Call | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def send(
        self, name: str, content: bytes, lot: str | None = None, serial: str | None = None
    ) -> Reply:
        """From any thread. name: of the picture, for people; content: of its file."""
        reply: Reply = Future()
        looked_at = partial(_tell, reply, {"code": NOT_READY})
        shot = Shot(Taken(Path(name), content), name, lot=lot, serial=serial, looked_at=looked_at)
        if self._loop is None:
            reply.set_result({"code": NOT_READY})
        else:
            asyncio.run_coroutine_threadsafe(self._come(_Sent(shot, reply)), self._loop)
        return reply

    def withdraw(self, reply: Reply) -> bool:
        """From any thread: do not judge it any more. Whether that was still possible."""
        if self._loop is None:
            return True
        return asyncio.run_coroutine_threadsafe(self._withdraw(reply), self._loop).result()

    async def _withdraw(self, reply: Reply) -> bool:
        found = next((one for one in self._waiting if one.reply is reply), None)
        if found is not None:
            self._waiting.remove(found)
        return found is not None

    async def _come(self, sent: _Sent) -> None:
        if self._arrived is None or len(self._waiting) >= self.most_waiting:
            sent.reply.set_result({"code": NOT_READY if self._arrived is None else "busy"})
            return
        async with self._there:
            self._waiting.append(sent)
            self._there.notify_all()
        self._arrived()

    async def open(self, arrived: Call, lost: Lost) -> None:
        """From now on they are taken."""
        self._arrived, self._loop = arrived, asyncio.get_running_loop()

    @property
    def waiting(self) -> int:
        """How many came and were not given yet."""
        return len(self._waiting)

    def pass_over(self) -> int:
        """They are not judged, and who sent them is told."""
        count = len(self._waiting)
        for sent in self._waiting:
            sent.reply.set_result({"code": NOT_READY})
        self._waiting.clear()
        return count

    async def grab(self) -> Shot:
        """The oldest."""
        async with self._there:
            await self._there.wait_for(lambda: bool(self._waiting) or self._arrived is None)
        if not self._waiting:
            raise CameraError("camera_lost")
        self._taken = self._waiting.popleft()
        return self._taken.shot

    async def close(self) -> None:
        """No more are taken."""
        self._arrived = None
        self.pass_over()
        async with self._there:
            self._there.notify_all()

    async def run(self, post: Post) -> None:
        """Nothing is asked of the station but by pictures."""
        await asyncio.Event().wait()

    def show(self, shown: Shown) -> None:
        """A new answer is the one to the picture that was taken last."""
        told = shown.told
        if told is None or told["number"] == self._answered:
            return
        self._answered = told["number"]
        taken, self._taken = self._taken, None
        if taken is not None:
            _tell(taken.reply, told)

    def missed(self, trigger: int, code: str) -> None:
        """Who sent it was told when it was passed over."""


def _tell(reply: Reply, told: dict[str, Any]) -> None:
    if not reply.done():
        reply.set_result(told)
