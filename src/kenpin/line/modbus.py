"""Modbus TCP, both ways: kenpin holds the registers, or polls those of the PLC."""

import asyncio
import contextlib
import logging
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from kenpin.line.controller_settings import ModbusClient, ModbusServer
from kenpin.line.controllers import Levels, Post, Presence, Shown
from kenpin.line.polling import Registers
from kenpin.line.words import IN_WORDS, OUT_WORDS, Asked, asked

_REGISTERS = 2**16
# What a person should know is said as an event of ours; its own words would go to the terminal.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class Server:
    """kenpin as a Modbus TCP server; see `ModbusServer`."""

    def __init__(self, settings: ModbusServer) -> None:
        self._settings = settings
        self._shown: tuple[int, ...] = (0,) * len(OUT_WORDS)
        self._asked = [0] * len(IN_WORDS)
        self._heard, self._sane = 0.0, True
        self._levels: Levels | None = None
        self._presence: Presence | None = None

    async def run(self, post: Post) -> None:
        """Serve until cancelled."""
        self._levels, self._presence = Levels(post, Asked()), Presence(post)
        self._presence.lost()  # until somebody speaks
        blocks = [SimData(0, count=_REGISTERS, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(0, simdata=blocks, action=self._access)
        address = (self._settings.host, self._settings.port)
        while True:
            server = ModbusTcpServer(device, address=address)
            try:
                await server.serve_forever(background=True)
                await self._listen()
            except (OSError, RuntimeError):  # the port is not free yet; it says either
                await asyncio.sleep(0.5)
            finally:
                with contextlib.suppress(Exception):
                    await server.shutdown()  # type: ignore[no-untyped-call]

    def show(self, shown: Shown) -> None:
        """From the next read on."""
        self._shown = shown.words

    def missed(self, trigger: int, code: str) -> None:
        """It is in the words."""

    async def _listen(self) -> None:
        """Notice when nobody has spoken for too long."""
        loop, silence = asyncio.get_running_loop(), self._settings.silence_ms / 1000
        while True:
            await asyncio.sleep(silence / 4)
            if self._presence and loop.time() - self._heard > silence:
                self._presence.lost()

    async def _access(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Called for each request, before it is answered."""
        if self._levels is None or self._presence is None:
            return ExcCodes.DEVICE_BUSY
        if values is None:
            at = self._settings.shown_at - start
            registers[at : at + len(self._shown)] = self._shown
            ends = self._settings.shown_at + len(self._shown)
            if address < ends and address + count > self._settings.shown_at:
                self._hear()
            return None
        first = address - self._settings.asked_at
        if function not in (6, 16) or first < 0 or first + count > len(IN_WORDS):
            return ExcCodes.ILLEGAL_ADDRESS  # what is shown is not for others to write
        self._asked[first : first + count] = [int(value) for value in values]
        try:
            said = asked(self._asked)
        except ValueError:
            self._sane = False
            self._presence.lost("controller_nonsense")
            return None
        self._sane = True
        self._hear()
        self._levels.take(said)
        return None

    def _hear(self) -> None:
        """The PLC is there: it asked, or looked at what it is shown."""
        self._heard = asyncio.get_running_loop().time()
        if self._sane and self._presence is not None:
            self._presence.back()


class ClientRegisters(Registers):
    """Holding registers of a PLC that is the server."""

    def __init__(self, settings: ModbusClient) -> None:
        self._settings = settings
        self._client: Any = None

    async def open(self) -> None:
        """Raises OSError."""
        self._client = AsyncModbusTcpClient(
            self._settings.host, port=self._settings.port, timeout=self._settings.silence_ms / 1000,
            retries=0, reconnect_delay=0,
        )  # fmt: skip
        if not await self._client.connect():
            raise ConnectionError

    async def read(self) -> list[int]:
        """Raises OSError."""
        own = self._settings
        with _as_os_error():
            found = await self._client.read_holding_registers(
                own.asked_at, count=len(IN_WORDS), device_id=own.unit
            )
        return list(_checked(found).registers)

    async def write(self, words: tuple[int, ...]) -> None:
        """Raises OSError."""
        own = self._settings
        with _as_os_error():
            done = await self._client.write_registers(own.shown_at, list(words), device_id=own.unit)
        _checked(done)

    async def close(self) -> None:
        """The connection is thrown away."""
        if self._client is not None:
            self._client.close()
            self._client = None


@contextlib.contextmanager
def _as_os_error() -> Any:
    try:
        yield
    except ModbusException as error:
        raise ConnectionError(str(error)) from None


def _checked(answer: Any) -> Any:
    if answer.isError():
        raise ConnectionError(str(answer))
    return answer
