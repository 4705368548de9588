"""Whether all is there that a line needs: record, releases, cameras, controllers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from time import perf_counter

from kenpin.errors import KenpinError
from kenpin.line.cameras import CameraError
from kenpin.line.devices import make_camera, registers_of
from kenpin.line.judge import Models, NotJudgedError, prepare
from kenpin.line.polling import Registers
from kenpin.line.settings import (
    LineSettings,
    ModbusServer,
    Mqtt,
    OpcUa,
    Polled,
    StationSettings,
)
from kenpin.record import Place, place_of, reading
from kenpin.sources import read_picture
from kenpin.text import Notice

Found = tuple[bool, Notice]
_PATIENCE = 5.0  # seconds for a picture, and for a controller


async def check_line(settings: LineSettings) -> AsyncIterator[Found]:
    """One after the other: whether it is as it must be, and the sentence that says so."""
    try:
        place = place_of(settings.record)
        with reading(place):
            pass
    except KenpinError as error:
        yield False, error.notice
        return
    yield True, Notice("line_record_there", path=place.name)
    models = Models()
    for station in settings.station:
        for found in _releases(station, place, models):
            yield found
        yield await _camera(station, place)
        if station.controller.kind != "none":
            yield await _controller(station)


def _releases(station: StationSettings, place: Place, models: Models) -> Iterator[Found]:
    for number, part in station.parts.items():
        try:
            made = prepare(place, models, part)
        except NotJudgedError as error:
            yield False, error.notice
        else:
            told = {"station": station.name, "number": number, "part": part}
            yield True, Notice("line_release_there", **told, hash=made.hash[:12])


async def _camera(station: StationSettings, place: Place) -> Found:
    """One picture; of a folder only whether it is there, for nobody is writing now."""
    camera = make_camera(station, place)
    began = perf_counter()
    try:
        async with asyncio.timeout(_PATIENCE):
            await camera.open(lambda: None, lambda _: None)
            if station.camera.kind == "folder":
                told = {"station": station.name, "path": station.camera.path}
                return True, Notice("line_folder_there", **told)
            shot = await camera.grab()
        picture = read_picture(shot.source)
    except (CameraError, TimeoutError, KenpinError) as error:
        told = {"code": getattr(error, "code", "camera_late"), "detail": error}
        return False, Notice("line_camera_not", station=station.name, **told)
    finally:
        await camera.close()
    height, width = picture.size
    ms = round(1000 * (perf_counter() - began))
    told = {"width": width, "height": height, "ms": ms}
    return True, Notice("line_camera_there", station=station.name, **told)


async def _controller(station: StationSettings) -> Found:
    """Whether it answers, or its port is free; nothing is written, for a line may be at work."""
    own, told = station.controller, {"station": station.name}
    try:
        async with asyncio.timeout(_PATIENCE):
            if isinstance(own, Polled):
                await _read(registers_of(own))
            elif isinstance(own, Mqtt):
                await _reach(own.host, own.port)
            elif isinstance(own, ModbusServer | OpcUa):
                with socket.create_server((own.host, own.port)):
                    return True, Notice("line_port_free", **told, port=own.port)
        return True, Notice("line_controller_there", **told)
    except (OSError, TimeoutError):
        return False, Notice("line_controller_not", **told, code="controller_lost")


async def _read(registers: Registers) -> None:
    try:
        await registers.open()
        await registers.read()
    finally:
        with contextlib.suppress(OSError):
            await registers.close()


async def _reach(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    await writer.wait_closed()
