"""Whether all is there that a line needs: record, releases, cameras, controllers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from time import perf_counter

from kenpin.errors import KenpinError
from kenpin.line.cameras import CameraError
from kenpin.line.controller_settings import ModbusServer, Mqtt, OpcUa, Polled
from kenpin.line.devices import make_camera, registers_of
from kenpin.line.judge import Models, NotJudgedError, Prepared, check_picture, prepare
from kenpin.line.polling import Registers
from kenpin.line.settings import LineSettings, StationSettings
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
        made: dict[int, Prepared] = {}
        for found in _releases(station, place, models, made):
            yield found
        async for found in _camera(station, place, made.get(station.first_part)):
            yield found
        if station.controller.kind != "none":
            yield await _controller(station)


def _releases(
    station: StationSettings, place: Place, models: Models, prepared: dict[int, Prepared]
) -> Iterator[Found]:
    for number, part in station.parts.items():
        try:
            made = prepare(place, models, part)
        except NotJudgedError as error:
            yield False, error.notice
        else:
            prepared[number] = made
            told = {"station": station.name, "number": number, "part": part}
            yield True, Notice("line_release_there", **told, hash=made.hash[:12])


async def _camera(
    station: StationSettings, place: Place, prepared: Prepared | None
) -> AsyncIterator[Found]:
    """One picture and its verdict, without a row; of a camera whose pictures come by themselves
    only whether it is there, for nothing may come now.
    """
    own, told = station.camera, {"station": station.name}
    camera = make_camera(station, place)
    began = perf_counter()
    try:
        async with asyncio.timeout(_PATIENCE):
            await camera.open(lambda: None, lambda _: None)
            if own.kind == "folder":
                yield True, Notice("line_folder_there", **told, path=own.path)
                return
            if own.kind == "upload":
                yield True, Notice("line_uploads_there", **told, address=station.file_name)
                return
            if own.by_itself and own.kind != "drawn":
                yield True, Notice("line_camera_waits", **told, trigger=own.trigger)
                return
            shot = await camera.grab()
        picture = read_picture(shot.source)
        came = _ms(began)
        height, width = picture.size
        yield True, Notice("line_camera_there", **told, width=width, height=height, ms=came)
        if prepared is not None:
            check_picture(prepared, picture)
            outcome = prepared.inspector.inspect(picture).outcome.value
            ms = {"ms": _ms(began) - came, "all": _ms(began)}
            yield True, Notice("line_judged", **told, outcome=outcome, **ms)
    except NotJudgedError as error:
        yield False, error.notice
    except (CameraError, TimeoutError, KenpinError) as error:
        code, detail = getattr(error, "code", "camera_late"), getattr(error, "detail", "") or error
        yield False, Notice("line_camera_not", **told, code=code, detail=detail)
    finally:
        await camera.close()


def _ms(since: float) -> int:
    return round(1000 * (perf_counter() - since))


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
