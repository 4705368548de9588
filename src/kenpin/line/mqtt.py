"""MQTT: triggers, results and a retained status, as JSON."""

import asyncio
import json
import os
from typing import Any

import aiomqtt

from kenpin.line import machine as m
from kenpin.line.controller_settings import Mqtt
from kenpin.line.controllers import Post, Presence, Shown

_AGAIN = 1.0  # seconds until the next try to connect
_MOST_BYTES = 4096  # of a message
_MOST_ID = 2**31
_MOST_WAITING = 100
_LONGEST = 200  # letters of a lot or serial
_HEARTBEAT = 1.0


class Messages:
    """A broker below TOPIC/STATION: trigger, acknowledge, change, stop, start, reset, halt come in;
    result, missed and status (retained; "offline" when kenpin is gone) go out.

    asks: whether it may ask for anything; one that is told only may not.
    """

    def __init__(self, settings: Mqtt, station: str, asks: bool) -> None:
        self._settings, self._asks = settings, asks
        self._base = f"{settings.topic.strip('/')}/{_topic(station)}"
        self._out: asyncio.Queue[tuple[str, dict[str, Any], bool]] = asyncio.Queue(_MOST_WAITING)
        self._state: dict[str, Any] = {}
        self._told: dict[str, Any] | None = None
        self._changed = asyncio.Event()
        self._connected = False

    async def run(self, post: Post) -> None:
        """Serve until cancelled."""
        presence = Presence(post if self._asks else lambda _: None)
        presence.lost()
        while True:
            try:
                async with self._client() as client:
                    self._connected = True
                    await self._serve(client, post, presence)
            except* (aiomqtt.MqttError, OSError):
                presence.lost()
            finally:
                self._connected = False
                self._drop()
            await asyncio.sleep(_AGAIN)

    def show(self, shown: Shown) -> None:
        """A new answer is a message; the state is one that stays."""
        station = shown.station
        state = {"state": station.state.value, "part": station.part, "error": station.error,
                 "accepted": station.accepted, "missed": station.missed}  # fmt: skip
        if state != self._state:
            self._state = state
            self._changed.set()
        if shown.told is not None and shown.told != self._told:
            self._put("result", shown.told)
        self._told = shown.told

    def missed(self, trigger: int, code: str) -> None:
        """A message of its own."""
        self._put("missed", {"id": trigger, "code": code})

    def _put(self, topic: str, content: dict[str, Any]) -> None:
        """Only while the broker is there: later it would look as if it were new."""
        if self._connected and not self._out.full():
            self._out.put_nowait((topic, content, False))

    def _drop(self) -> None:
        while not self._out.empty():
            self._out.get_nowait()

    def _client(self) -> aiomqtt.Client:
        own = self._settings
        password = os.environ.get(own.password_variable) if own.password_variable else None
        will = aiomqtt.Will(f"{self._base}/status", b'{"state": "offline"}', 1, retain=True)
        return aiomqtt.Client(
            own.host, own.port, username=own.user, password=password, will=will,
            timeout=own.silence_ms / 1000, keepalive=max(2, own.silence_ms // 1000),
            max_queued_incoming_messages=_MOST_WAITING,
        )  # fmt: skip

    async def _serve(self, client: aiomqtt.Client, post: Post, presence: Presence) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish(client))
            tasks.create_task(self._publish_status(client))
            if self._asks:
                await client.subscribe(f"{self._base}/+", 1)
            presence.back()
            async for message in client.messages:
                if self._asks and not message.retain:  # a trigger of yesterday is none
                    self._take(str(message.topic).rpartition("/")[2], message.payload, post)
            raise aiomqtt.MqttError("ended")

    async def _publish(self, client: aiomqtt.Client) -> None:
        try:
            while True:
                await self._publish_next(client, await self._out.get())
        except asyncio.CancelledError:
            async with asyncio.timeout(1):  # a clean end tells what was answered
                while not self._out.empty():
                    await self._publish_next(client, self._out.get_nowait())
            raise

    async def _publish_next(
        self, client: aiomqtt.Client, one: tuple[str, dict[str, Any], bool]
    ) -> None:
        topic, content, retained = one
        await client.publish(f"{self._base}/{topic}", json.dumps(content), 1, retained)

    async def _publish_status(self, client: aiomqtt.Client) -> None:
        try:
            while True:
                self._changed.clear()
                status = json.dumps(self._state)
                await client.publish(f"{self._base}/status", status, 1, retain=True)
                await self._changed.wait()
        except asyncio.CancelledError:
            async with asyncio.timeout(1):  # a clean end says so too
                await client.publish(f"{self._base}/status", '{"state": "offline"}', 1, True)
            raise

    def _take(self, topic: str, payload: Any, post: Post) -> None:
        """What is asked; anything else is passed over, for a broker has many voices."""
        events = {"acknowledge": (m.AcknowledgeLevel(True), m.AcknowledgeLevel(False)),
                  "start": (m.Run(True),), "stop": (m.Run(False),),
                  "reset": (m.Halt(False), m.Run(True)), "halt": (m.Halt(True),)}  # fmt: skip
        if topic in events:
            for event in events[topic]:
                post(event)
            return
        try:
            told: Any = json.loads(payload) if len(payload) <= _MOST_BYTES else None
            if topic == "trigger":
                texts = (_text(told.get("lot")), _text(told.get("serial")))
                post(m.Trigger(_whole(told["id"]), *texts))
            elif topic == "change":
                post(m.ChangePart(_whole(told["part"])))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            if topic == "trigger":
                self.missed(0, "controller_nonsense")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST_ID:
        raise ValueError
    return value


def _text(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > _LONGEST):
        raise ValueError
    return value or None


def _topic(name: str) -> str:
    """A station's name as a level of a topic."""
    return "".join("_" if letter in "/+#\0 " else letter for letter in name)
