"""No request is larger than what it may be."""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from kenpin.text import say

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_OF_A_FORM = 2**20
MOST_OF_A_PICTURE = 2**26
_LARGE = re.compile(r"/api/v1/(judge|lines/[^/]*/pictures)|/teach/[^/]*/pictures?")


class Bounded:
    """Around an app: what says that it is too large, or turns out to be, is answered 413."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MOST_OF_A_PICTURE if _LARGE.fullmatch(scope["path"]) else MOST_OF_A_FORM
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > most:
            await _refuse(send)
            return
        came, refused = 0, False

        async def counted() -> Message:
            nonlocal came, refused
            message = await receive()
            came += len(message.get("body", b""))
            if came > most and not refused:
                refused = True
                await _refuse(send)
            return {"type": "http.disconnect"} if refused else message

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        await self._app(scope, counted, unless_refused)


async def _refuse(send: Send) -> None:
    body = json.dumps({"code": "too_large", "message": say("station_too_large")}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"),
               (b"content-length", str(len(body)).encode())]  # fmt: skip
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
