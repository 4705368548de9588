"""Headers of every answer."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders

from kenpin.station.bounds import App, Message, Receive, Send

_SECURE = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}  # fmt: skip


class WithHeaders:
    """Around an app; itself no middleware of the framework, which would copy every event."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        more: Mapping[str, str] = _SECURE
        if not scope["path"].startswith("/static/"):
            more = _SECURE | {"Cache-Control": "no-store"}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in more.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
