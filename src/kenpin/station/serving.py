"""Answering browsers: on this machine only, unless it is reached by TLS or through a proxy."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvicorn

from kenpin.errors import LineError
from kenpin.station.app import make_app
from kenpin.station.office import Office

_MOST_WAITING, _GRACE = 200, 5
_SWITCH = 0.0005  # seconds; else a thread of the pages holds up the line for ten times as long
Beside = Callable[[asyncio.Event], Coroutine[Any, Any, object]]


def check_way(host: str, cert: Path | None, key: Path | None, proxy: str | None) -> bool:
    """Whether cookies must never go without TLS. Raises KenpinError where anybody could listen."""
    if (cert is None) != (key is None):
        raise LineError("station_cert")
    for path in (cert, key):
        if path is not None and not path.is_file():
            raise LineError("station_cert_file", path=path)
    if cert is None and proxy is None and not _is_own(host):
        raise LineError("station_host", host=host)
    return cert is not None or proxy is not None


def serve(
    office: Office, host: str, port: int, cert: Path | None = None, key: Path | None = None,
    proxy: str | None = None, beside: Beside | None = None, opened: Callable[[], object] = int,
) -> None:  # fmt: skip
    """Until Ctrl-C. proxy: the address of the one that speaks TLS for us. beside: what runs in the
    same program until its event is set; if it ends, all does. opened: called once browsers are
    let in. Raises KenpinError.
    """
    try:
        own = socket.create_server((host, port))
    except OSError as error:
        raise LineError("line_port", port=port, reason=error.strerror) from None
    sys.setswitchinterval(_SWITCH)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = uvicorn.Config(
        make_app(office), log_config=None, access_log=False, ssl_certfile=cert, ssl_keyfile=key,
        server_header=False, limit_concurrency=_MOST_WAITING, proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy or "127.0.0.1", timeout_graceful_shutdown=_GRACE,
    )  # fmt: skip
    server = uvicorn.Server(config)
    office.ending = lambda: server.should_exit
    with own:
        opened()
        asyncio.run(_serve(server, own, beside))


async def _serve(server: uvicorn.Server, own: socket.socket, beside: Beside | None) -> None:
    stop = asyncio.Event()
    running = None if beside is None else asyncio.create_task(beside(stop))
    if running is not None:
        running.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await server.serve(sockets=[own])
    finally:
        stop.set()
        while running is not None and not running.done():  # Ctrl-C cancels this, and not the line
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({running})
    if running is not None:
        running.result()


def _is_own(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
