"""OPC UA: kenpin as a server, with the states and methods that OPC 40100-1 names."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from asyncua import ua
from asyncua.common.methods import uamethod
from asyncua.server.server import Server

from kenpin.line import machine as m
from kenpin.line.controller_settings import OpcUa
from kenpin.line.controllers import Post, Presence, Shown

NAMESPACE = "urn:kenpin:line"
_AGAIN = 0.5  # seconds until the next try to open the port
_LONGEST = 200  # letters of a lot or serial
_UINT, _TEXT, _BOOL = ua.VariantType.UInt32, ua.VariantType.String, ua.VariantType.Boolean
# What a person should know is said as an event of ours; its own words would go to the terminal.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)

VARIABLES = {
    "State": (_TEXT, ""), "Ready": (_BOOL, False), "ResultValid": (_BOOL, False),
    "ResultId": (_UINT, 0), "Outcome": (_TEXT, ""), "ErrorCode": (_TEXT, ""),
    "Part": (_UINT, 0), "Missed": (_UINT, 0), "Answered": (_UINT, 0), "Heartbeat": (_BOOL, False),
}  # fmt: skip


class Endpoint:
    """One object for the station: its variables, and methods to ask for something."""

    def __init__(self, settings: OpcUa, station: str) -> None:
        self._settings, self._name = settings, station
        self._shown: dict[str, Any] = {}
        self._changed = asyncio.Event()

    async def run(self, post: Post) -> None:
        """Serve until cancelled."""
        presence = Presence(post)
        presence.lost()
        while True:
            server = Server()
            await server.init()
            server.set_server_name("kenpin")
            server.set_endpoint(f"opc.tcp://{self._settings.host}:{self._settings.port}/kenpin/")
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            nodes = await self._objects(server, post)
            try:
                async with server:
                    presence.back()
                    await self._publish(nodes)
            except OSError:  # the port is not free yet
                presence.lost()
                await asyncio.sleep(_AGAIN)

    def show(self, shown: Shown) -> None:
        """Published as soon as the loop is free; only the newest is."""
        station, words = shown.station, shown.words
        answer = station.answer if station.state is m.State.RESULT else None
        self._shown = {
            "State": station.state.value, "Ready": station.state is m.State.READY,
            "ResultValid": answer is not None,
            "ResultId": answer.job.trigger if answer else 0,
            "Outcome": answer.outcome if answer else "",
            "ErrorCode": (answer.code if answer else station.error) or "",
            "Part": station.part or 0, "Missed": station.missed, "Answered": station.answered,
            "Heartbeat": bool(words[0] >> 7 & 1),
        }  # fmt: skip
        self._changed.set()

    def missed(self, trigger: int, code: str) -> None:
        """The method that triggered has said so, and it is counted."""

    async def _publish(self, nodes: dict[str, Any]) -> None:
        last: dict[str, Any] = {}
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                await _write(nodes, self._shown, last)
        finally:
            off = {name: value for name, (_, value) in VARIABLES.items()}
            with contextlib.suppress(Exception):  # the server may be going down already
                await _write(nodes, off, last)

    async def _objects(self, server: Server, post: Post) -> dict[str, Any]:
        index = await server.register_namespace(NAMESPACE)
        own = await server.nodes.objects.add_object(index, self._name)
        nodes = {name: await own.add_variable(index, name, value, kind)
                 for name, (kind, value) in VARIABLES.items()}  # fmt: skip
        asks: dict[str, tuple[Callable[..., list[Any]], list[Any]]] = {
            "StartSingleJob": (_trigger, [_UINT, _TEXT, _TEXT]),
            "ConfirmResult": (lambda: [m.AcknowledgeLevel(True), m.AcknowledgeLevel(False)], []),
            "PrepareProduct": (lambda part: [m.ChangePart(int(part))], [_UINT]),
            "SelectModeAutomatic": (lambda: [m.Run(True)], []),
            "Stop": (lambda: [m.Run(False)], []),
            "Halt": (lambda: [m.Halt(True)], []),
            "Reset": (lambda: [m.Halt(False), m.Run(True)], []),
        }
        for name, (ask, kinds) in asks.items():
            await own.add_method(index, name, self._method(ask, post), kinds, [_BOOL])
        return nodes

    def _method(self, ask: Callable[..., list[Any]], post: Post) -> Any:
        """Takes what is asked; whether it could be taken now."""

        @uamethod
        async def asked(_: Any, *values: Any) -> bool:
            taken = ask is not _trigger or bool(self._shown.get("Ready"))
            for event in ask(*values):
                post(event)
            return taken

        return asked


def _trigger(number: int, lot: str | None, serial: str | None) -> list[Any]:
    texts = ((text or "")[:_LONGEST] or None for text in (lot, serial))
    return [m.Trigger(int(number), *texts)]


async def _write(nodes: dict[str, Any], shown: dict[str, Any], last: dict[str, Any]) -> None:
    """What changed; the answer first, and that it is valid last."""
    order = sorted(shown, key=lambda name: name in ("ResultValid", "Ready"))
    if last.get("ResultValid") and not shown.get("ResultValid"):
        order.reverse()
    for name in order:
        if last.get(name, nodes) != shown[name]:
            kind = VARIABLES[name][0]
            await nodes[name].write_value(ua.Variant(shown[name], kind))
            last[name] = shown[name]
