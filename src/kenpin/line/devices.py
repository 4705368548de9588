"""Which camera and which controllers the settings of a station mean; loaded where they are used."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from kenpin.errors import ExtraError, KenpinError
from kenpin.line.cameras import Camera, Drawn
from kenpin.line.controller_settings import (
    S7,
    ModbusClient,
    ModbusServer,
    Mqtt,
    OpcUa,
    Polled,
    Slmp,
    Webhook,
)
from kenpin.line.controllers import Controller, Nobody
from kenpin.line.polling import Registers
from kenpin.line.settings import (
    BaslerCamera,
    DrawnCamera,
    FolderCamera,
    GenicamCamera,
    StationSettings,
    Streaming,
    UploadCamera,
    VideoCamera,
)
from kenpin.line.stream import Frames, Stream
from kenpin.line.uploads import Uploads
from kenpin.record import Filter, Place, found, reading
from kenpin.system import make_folder

if TYPE_CHECKING:
    from kenpin.line.folder import Folder

MEMORY = "line"  # folder of the record's store: which pictures were taken
_LATEST = 16


def make_camera(settings: StationSettings, place: Place) -> Camera:
    """The camera of a station, not yet opened. Raises ExtraError."""
    own = settings.camera
    if isinstance(own, DrawnCamera):
        return Drawn(own)
    if isinstance(own, UploadCamera):
        return Uploads(own)
    made: Folder | Stream = (
        _folder(own, settings, place) if isinstance(own, FolderCamera) else _stream(own)
    )
    if settings.trigger.by == "picture":
        made.each_is_a_part()
    return made


def _stream(own: Streaming) -> Stream:
    device: Callable[[], Frames]
    if isinstance(own, VideoCamera):
        from kenpin.line.video import Video  # noqa: PLC0415

        device = partial(Video, own)
    elif isinstance(own, GenicamCamera):
        device = partial(_needs("genicam", "genicam").GigE, own)
    elif isinstance(own, BaslerCamera):
        device = partial(_needs("basler", "basler").Pylon, own)
    else:
        raise TypeError(own)
    return Stream(own, device)


def _folder(own: FolderCamera, settings: StationSettings, place: Place) -> "Folder":
    from kenpin.line.folder import Folder  # noqa: PLC0415

    memory = place.folder / MEMORY / f"{settings.file_name}.jsonl"
    make_folder(memory.parent)

    def latest() -> set[tuple[str, str]]:
        """More than could be under way when the power went."""
        try:
            with reading(place) as engine:
                rows = found(engine, Filter(station=settings.name), _LATEST)
                return {(row["picture"], row["picture_hash"]) for row in rows}
        except (KenpinError, DBAPIError):  # it says itself that it is away
            return set()

    return Folder(own, memory, latest)


def make_controllers(settings: StationSettings) -> list[Controller]:
    """The controller of a station, and who else is told."""
    made: list[Controller] = [_controller(settings)]
    for one in settings.tell:
        if isinstance(one, Mqtt):
            from kenpin.line.mqtt import Messages  # noqa: PLC0415

            made.append(Messages(one, settings.name, asks=False))
        elif isinstance(one, Webhook):
            from kenpin.line.webhook import Poster  # noqa: PLC0415

            made.append(Poster(one, settings.name))
    return made


def _controller(settings: StationSettings) -> Controller:
    own = settings.controller
    if isinstance(own, ModbusServer):
        from kenpin.line.modbus import Server  # noqa: PLC0415

        return Server(own)
    if isinstance(own, Mqtt):
        from kenpin.line.mqtt import Messages  # noqa: PLC0415

        return Messages(own, settings.name, asks=True)
    if isinstance(own, OpcUa):
        from kenpin.line.opcua import Endpoint  # noqa: PLC0415

        return Endpoint(own, settings.name)
    if isinstance(own, Polled):
        from kenpin.line.polling import Polling  # noqa: PLC0415

        return Polling(registers_of(own), own.poll_ms / 1000, own.silence_ms / 1000)
    return Nobody()


def registers_of(settings: Polled) -> Registers:
    """The registers of a controller that is polled. Raises ExtraError."""
    if isinstance(settings, S7):
        made: Registers = _needs("s7", "s7").DataBlock(settings)
        return made
    if isinstance(settings, Slmp):
        from kenpin.line.slmp import DRegisters  # noqa: PLC0415

        return DRegisters(settings)
    if isinstance(settings, ModbusClient):
        from kenpin.line.modbus import ClientRegisters  # noqa: PLC0415

        return ClientRegisters(settings)
    raise TypeError(settings)


def _needs(module: str, extra: str) -> Any:
    """Cameras and PLCs of one maker need a package of their own. Raises ExtraError."""
    try:
        return import_module(f"kenpin.line.{module}")
    except Exception as error:  # not there, of another machine, or a library of it is missing
        raise ExtraError("extra_line_device", extra=extra, reason=error) from None
