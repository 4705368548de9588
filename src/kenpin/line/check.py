"""Whether all is there that a line needs: record, releases, cameras, controllers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import Any

from kenpin.errors import KenpinError
from kenpin.line import machine as m
from kenpin.line.cameras import CameraError
from kenpin.line.judge import Models, NotJudgedError, prepare
from kenpin.line.line import make_camera, make_controllers
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
            await camera.open(lambda: None)
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
    """Whether it speaks within some seconds."""
    heard: asyncio.Queue[Any] = asyncio.Queue()
    controller = make_controllers(station)[0]
    serving = asyncio.create_task(controller.run(heard.put_nowait))
    try:
        async with asyncio.timeout(_PATIENCE):
            while not isinstance(await heard.get(), m.Back):
                pass
        return True, Notice("line_controller_there", station=station.name)
    except TimeoutError:
        return False, Notice("line_controller_not", station=station.name, code="controller_lost")
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
