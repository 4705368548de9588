"""A released part and the other side of each protocol: what a PLC would do, by real servers."""

import asyncio
import contextlib
import shutil
import socket
import struct
import subprocess
import time

from asyncua import Client as OpcUaClient
from asyncua import ua
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from slmp import (
    SlmpConnectionOptions,
    SlmpTarget,
    open_and_connect,
    read_words_single_request,
    write_words_single_request,
)
from snap7 import SrvArea
from snap7.server import Server as Snap7Server
from virtual_plc import Server as VirtualMelsec

import kenpin
from kenpin.drawn import draw_terminals
from kenpin.line import LineSettings, run_line, words
from kenpin.line.cameras import DRAWN_SIZE
from kenpin.record import Record, add_release, change_state, find_release, place_of, writing


def free_port():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def drawn(first, count, kind="good"):
    return [draw_terminals(first + n, kind, size=DRAWN_SIZE).pixels for n in range(count)]


def release(folder, part="terminals"):
    """A record in the folder, and a part that is in use there, approved by another person."""
    place, file = place_of(folder / "record"), folder / f"{part}.kenpin"
    recipe = kenpin.Recipe(model="pca", size=(48, 64), false_reject=0.05)
    kenpin.learn(drawn(0, 40), recipe, search=False).save(file)
    with Record(place, "made"):
        pass
    with writing(place) as connection:
        made = add_release(connection, place.folder, file, part, "sato", "made")
        for state, who in (("requested", "sato"), ("approved", "suzuki"), ("in_use", "suzuki")):
            change_state(connection, made, state, who, "made")
            made = find_release(connection, made.hash, part)
    return place


def settings(place, controller, camera=None, **station):
    told = {"name": "line 1", "parts": {1: "terminals"}, "controller": controller,
            "camera": camera or {"kind": "drawn", "delay_ms": 1, "ng": 0.3}}  # fmt: skip
    told |= {"trigger": {"limit_ms": 5000, "hold_ms": 3000}} | station
    return LineSettings.model_validate({"record": str(place.folder), "station": [told]})


@contextlib.asynccontextmanager
async def running(line, said=None, wrap=None, also=None):
    stop = asyncio.Event()
    told = said if said is not None else []
    task = asyncio.create_task(run_line(line, stop, told.append, wrap, also))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


@contextlib.asynccontextmanager
async def served(plc):
    """The other side, let go whatever happens."""
    await plc.start()
    try:
        yield plc
    finally:
        await plc.stop()


class Plc:
    """A PLC of words; how it reads and writes them depends on what it speaks."""

    def __init__(self):
        self.number = 0

    async def until(self, holds, seconds=20.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(ConnectionError):
                seen = await self.read()
                if holds(seen):
                    return seen
            await asyncio.sleep(0.005)
        raise AssertionError(f"never shown: {seen}")

    async def part(self, acknowledge=True):
        """One part from READY to its answer: (outcome, id that came back, id that was given)."""
        await self.until(lambda seen: seen[0] & 1)
        self.number += 1
        await self.write(words.Asked(trigger=True, trigger_id=self.number))
        seen = await self.until(lambda seen: seen[0] >> words.VALID & 1)
        if acknowledge:
            await self.write(words.Asked(acknowledge=True, trigger_id=self.number))
            await self.until(lambda seen: not seen[0] >> words.VALID & 1)
        await self.write(words.Asked())
        return words.OUTCOMES[seen[3]], seen[2], self.number


class ModbusMaster(Plc):
    """kenpin is the server."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.settings = {"kind": "modbus-server", "port": self.port, "silence_ms": 2500}

    async def start(self):
        self.client = AsyncModbusTcpClient("127.0.0.1", port=self.port, timeout=1, retries=0)
        await self.client.connect()

    async def stop(self):
        self.client.close()

    async def read(self):
        if not self.client.connected:
            await self.client.connect()
            raise ConnectionError
        found = await self.client.read_holding_registers(100, count=len(words.OUT_WORDS))
        return found.registers

    async def write(self, asked):
        assert not (await self.client.write_registers(0, words.as_words(asked))).isError()


class ModbusSlave(Plc):
    """The PLC is the server, kenpin polls."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.settings = {"kind": "modbus-client", "host": "127.0.0.1", "port": self.port,
                         "silence_ms": 2500, "poll_ms": 5}  # fmt: skip
        self.words = [0] * 200

    async def access(self, function, start, address, count, registers, values):
        if values is None:
            registers[:200] = self.words
        else:
            self.words[address : address + count] = values

    async def start(self):
        blocks = [SimData(0, count=200, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(0, simdata=blocks, action=self.access)
        self.server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        await self.server.serve_forever(background=True)

    async def stop(self):
        await self.server.shutdown()
        self.words[100:] = [0] * 100  # a PLC believes nothing when the heartbeat stands still

    async def read(self):
        return self.words[100 : 100 + len(words.OUT_WORDS)]

    async def write(self, asked):
        self.words[: len(words.IN_WORDS)] = words.as_words(asked)


class Melsec(Plc):
    """A MELSEC PLC, simulated with its memory; the test is a second client of it."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.settings = {"kind": "slmp", "host": "127.0.0.1", "port": self.port,
                         "silence_ms": 2500, "poll_ms": 5}  # fmt: skip

    async def start(self):
        self.server = VirtualMelsec(host="127.0.0.1", port=self.port, profile="iQ-R")
        self.server.start()
        target = SlmpTarget(network=0, station=0xFF, module_io=0x03FF, multidrop=0)
        self.client = await open_and_connect(
            SlmpConnectionOptions("127.0.0.1", "melsec:iq-r", self.port, "tcp", target, 2.0)
        )

    async def stop(self):
        await self.client.close()
        await asyncio.to_thread(self.server.stop)

    async def read(self):
        return await read_words_single_request(self.client, "D1100", len(words.OUT_WORDS))

    async def write(self, asked):
        await write_words_single_request(self.client, "D1000", words.as_words(asked))


class Siemens(Plc):
    """A Siemens PLC, simulated with one data block; the test looks into its memory."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.settings = {"kind": "s7", "host": "127.0.0.1", "port": self.port, "db": 5,
                         "silence_ms": 2500, "poll_ms": 5}  # fmt: skip
        self.block = bytearray(100)

    async def start(self):
        self.server = Snap7Server(log=False)
        self.server.register_area(SrvArea.DB, 5, self.block)
        await asyncio.to_thread(self.server.start_to, "127.0.0.1", self.port)

    async def stop(self):
        await asyncio.to_thread(self.server.stop)
        self.block[10:] = bytes(90)  # as above

    async def read(self):
        return list(struct.unpack_from(f">{len(words.OUT_WORDS)}H", self.block, 10))

    async def write(self, asked):
        struct.pack_into(">3H", self.block, 0, *words.as_words(asked))


class OpcClient(Plc):
    """An OPC UA client, which calls methods and reads variables."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.settings = {"kind": "opc-ua", "port": self.port}
        self.client = None

    async def start(self):
        pass  # kenpin is the server

    async def stop(self):
        if self.client is not None:
            with contextlib.suppress(Exception):
                await self.client.disconnect()
            self.client = None

    async def connected(self):
        if self.client is None:
            client = OpcUaClient(f"opc.tcp://127.0.0.1:{self.port}/kenpin/", timeout=2)
            try:
                await client.connect()
            except (OSError, TimeoutError):
                raise ConnectionError from None
            self.client = client
            self.index = await client.get_namespace_index("urn:kenpin:line")
            path = ["0:Objects", f"{self.index}:line 1"]
            self.station = await client.nodes.root.get_child(path)
        return self.station

    async def value(self, name):
        node = await (await self.connected()).get_child([f"{self.index}:{name}"])
        return await node.read_value()

    async def call(self, name, *values):
        return await (await self.connected()).call_method(f"{self.index}:{name}", *values)

    async def read(self):
        """As words, so that what is tried on all PLCs can be tried here."""
        told = {name: await self.value(name) for name in ("State", "ResultValid", "ResultId",
                "Outcome", "ErrorCode", "Missed", "Part")}  # fmt: skip
        state = told["State"] or "PREOPERATIONAL"
        valid = told["ResultValid"]
        bits = (state == "READY") | valid << words.VALID
        bits |= (state in ("ERROR", "HALTED")) << words.IN_ERROR
        codes = words.number_of(told["ErrorCode"])
        place = [one.value for one in words.STATES].index(state)
        outcome = words.OUTCOMES.index(told["Outcome"])
        return [bits, place, told["ResultId"], outcome, codes, told["Missed"], told["Part"]]

    async def write(self, asked):
        if asked.trigger:
            await self.call("StartSingleJob", ua.UInt32(asked.trigger_id), "L1", "")
        if asked.acknowledge:
            await self.call("ConfirmResult")
        if asked.change:
            await self.call("PrepareProduct", ua.UInt32(asked.part))


PLCS = {
    "opc-ua": OpcClient,
    "modbus-server": ModbusMaster,
    "modbus-client": ModbusSlave,
    "slmp": Melsec,
    "s7": Siemens,
}


class Broker:
    """Debian's mosquitto, on this machine only."""

    def __init__(self, folder):
        self.port, self.folder = free_port(), folder
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        (folder / "conf").write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self.command = [program, "-c", str(folder / "conf")]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise AssertionError("mosquitto did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def there():
    return shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
