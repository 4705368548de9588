"""Each answer posted to a URL as JSON, signed, and again if that fails; it delays no part."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
from typing import Any

import httpx

from kenpin.line.controller_settings import Webhook
from kenpin.line.controllers import Post, Shown

SIGNATURE = "X-Kenpin-Signature"
_MOST_WAITING = 1000
_PAUSE = 0.5  # seconds before the second try; twice as long before each later one


class Poster:
    """Tells a web server; see `Webhook`. dropped: how many answers it could not tell."""

    def __init__(self, settings: Webhook, station: str) -> None:
        self._settings, self._station = settings, station
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_MOST_WAITING)
        self._told: dict[str, Any] | None = None
        self.dropped = 0

    async def run(self, post: Post) -> None:
        """Post until cancelled; no redirects, for a verdict goes where it was meant to."""
        timeout = self._settings.timeout_ms / 1000
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            try:
                while True:
                    await self._deliver(client, await self._out.get())
            except asyncio.CancelledError:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(timeout):  # a clean end tells what was answered
                        while not self._out.empty():
                            await self._deliver(client, self._out.get_nowait())
                raise

    def show(self, shown: Shown) -> None:
        """A new answer is posted."""
        if shown.told is not None and shown.told != self._told:
            if self._out.full():
                self._out.get_nowait()
                self.dropped += 1
            self._out.put_nowait({"station": self._station, **shown.told})
        self._told = shown.told

    def missed(self, trigger: int, code: str) -> None:
        """Only answers are posted."""

    async def _deliver(self, client: httpx.AsyncClient, told: dict[str, Any]) -> None:
        content = json.dumps(told).encode()
        headers = {"Content-Type": "application/json"}
        name = self._settings.secret_variable
        if name:
            secret = os.environ.get(name, "").encode()
            headers[SIGNATURE] = "sha256=" + hmac.new(secret, content, hashlib.sha256).hexdigest()
        for turn in range(self._settings.retries + 1):
            if turn:
                await asyncio.sleep(_PAUSE * 2 ** (turn - 1))
            try:
                answer = await client.post(self._settings.url, content=content, headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL):
                continue
            if answer.is_success:
                return
        self.dropped += 1
