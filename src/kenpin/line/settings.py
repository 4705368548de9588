"""LINE.toml: stations, their cameras and controllers; checked whole before anything is opened."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from kenpin.errors import LineError
from kenpin.line.controller_settings import (
    S7,
    Finite,
    Milliseconds,
    ModbusClient,
    ModbusServer,
    Mqtt,
    Nobody,
    OpcUa,
    Polled,
    Port,
    Slmp,
    Strict,
    Webhook,
)
from kenpin.text import Notice

_MOST_BYTES = 2**20
_WORD = 0xFFFF
_KINDS = ("bool", "int", "float", "str")  # pydantic tells each that a value may be
_LONGEST_NAME = 200  # bytes, for it is part of a file's name


class Trigger(Strict):
    """by: "controller", or "picture": each picture that comes is a part. limit_ms: from trigger to
    answer, at most. hold_ms: how long an answer is shown that nobody acknowledges.
    """

    by: Literal["controller", "picture"] = "controller"
    limit_ms: Milliseconds = 2000
    hold_ms: Milliseconds = 2000


class FolderCamera(Strict):
    """Pictures that another program writes. whole: when a file is: it has not changed for still_ms,
    or a marker lies beside it (its name and `marker`). polling: for network shares, where nobody
    tells of changes. after: what becomes of a file that was judged.
    """

    by_itself: ClassVar[bool] = True

    kind: Literal["folder"]
    path: Path
    whole: Literal["still", "marker"] = "still"
    marker: str = Field(".done", min_length=1)
    still_ms: Milliseconds = 200
    polling: bool = False
    after: Literal["leave", "delete"] = "leave"


class Streaming(Strict):
    """A camera that gives frame after frame. trigger: what takes one; "free": it always does.

    latency_ms: how far a free one is behind what it sees. frozen: so many equal pictures.
    """

    kind: str
    trigger: str = "free"
    latency_ms: int = Field(100, ge=0, le=10_000)
    frozen: int = Field(50, ge=2)

    @property
    def by_itself(self) -> bool:
        """Whether pictures come that kenpin did not ask for, each of a part."""
        return self.trigger not in ("free", "software")


class VideoCamera(Streaming):
    """A USB camera by its number, or a stream by its URL."""

    kind: Literal["video"]
    trigger: Literal["free"] = "free"
    source: Annotated[int, Field(ge=0, le=63, strict=True)] | Annotated[str, Field(min_length=1)]
    width: Annotated[int, Field(ge=1, le=65535)] | None = None
    height: Annotated[int, Field(ge=1, le=65535)] | None = None


class _Triggered(Streaming):
    """An industrial camera. trigger: "software", "free", or the input that it is wired to, as
    "Line1". device: which one; left out, the only one. features: set when it is opened, by their
    GenICam names.
    """

    trigger: Annotated[str, Field(pattern=r"^(free|software|Line[0-9]{1,2})$")] = "software"
    device: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    features: dict[str, bool | int | Finite | str] = Field(default_factory=dict)


class GenicamCamera(_Triggered):
    """A GigE Vision camera; device: its IP or MAC address."""

    kind: Literal["genicam"]


class BaslerCamera(_Triggered):
    """A Basler camera, by Basler's own library; device: its serial number."""

    kind: Literal["basler"]


class DrawnCamera(Strict):
    """Drawn connector terminals, for trials; ng: share of parts with a defect. every_ms: how often
    one comes by itself, where each picture is a part.
    """

    by_itself: ClassVar[bool] = True

    kind: Literal["drawn"]
    seed: int = Field(0, ge=0)
    ng: float = Field(0.05, ge=0, le=1)
    delay_ms: int = Field(20, ge=0, le=60_000)
    every_ms: Milliseconds = 1000


class UploadCamera(Strict):
    """Pictures that other programs send to the API of the pages; each is a part. most_waiting: so
    many at once, and one more is refused.
    """

    by_itself: ClassVar[bool] = True

    kind: Literal["upload"]
    most_waiting: int = Field(8, ge=1, le=100)


Camera = Annotated[
    FolderCamera | VideoCamera | GenicamCamera | BaslerCamera | UploadCamera | DrawnCamera,
    Field(discriminator="kind"),
]
Controller = Annotated[
    Nobody | ModbusServer | ModbusClient | Slmp | S7 | Mqtt | OpcUa, Field(discriminator="kind")
]
Listener = Annotated[Mqtt | Webhook, Field(discriminator="kind")]


class StationSettings(Strict):
    """One station: a camera, a controller, and which part (品番) each id means.

    part: the id that it begins with. master: whether nothing is judged before a master check of the
    last `master_hours` has passed. tell: who else hears of each answer.
    """

    name: str = Field(min_length=1, max_length=100)
    parts: dict[int, str] = Field(min_length=1)
    part: int | None = None
    master: bool = False
    master_hours: float = Field(12, gt=0, le=10_000)
    trigger: Trigger = Trigger()
    camera: Camera
    controller: Controller = Nobody(kind="none")
    tell: tuple[Listener, ...] = ()

    @property
    def first_part(self) -> int:
        """The id that it begins with."""
        return self.part or next(iter(self.parts))

    @property
    def file_name(self) -> str:
        """Its name in names of files and topics."""
        return re.sub(r"[^\w-]", "_", self.name)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        wrong = next((one for one in self.parts if not 0 < one <= _WORD), None)
        if wrong is not None:
            raise ValueError(Notice("rule_part_id", most=_WORD))
        if self.part is not None and self.part not in self.parts:
            raise ValueError(Notice("rule_part_known", known=", ".join(map(str, self.parts))))
        if self.trigger.by == "controller" and self.controller.kind == "none":
            raise ValueError(Notice("rule_trigger_by"))
        if self.trigger.by == "picture" and not self.camera.by_itself:
            raise ValueError(Notice("rule_video_by"))
        if self.trigger.by == "controller" and self.camera.kind == "upload":
            raise ValueError(Notice("rule_upload_by"))
        late = getattr(self.camera, "latency_ms", 0)
        if late >= self.trigger.limit_ms:
            raise ValueError(Notice("rule_latency", latency=late, limit=self.trigger.limit_ms))
        if len(self.file_name.encode()) > _LONGEST_NAME:
            raise ValueError(Notice("rule_name_long", most=_LONGEST_NAME))
        return self


class LineSettings(Strict):
    """A line. record: a folder or a URL; metrics: a port of this machine for Prometheus."""

    record: str | None = None
    metrics: Port | None = None
    station: tuple[StationSettings, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [one.file_name for one in self.station]
        alike = (one.name for n, one in enumerate(self.station) if names[n] in names[:n])
        twice = next(alike, None)
        if twice is not None:
            raise ValueError(Notice("rule_station_twice", name=twice))
        ports = [*_ports(self.station), *([self.metrics] if self.metrics else [])]
        taken = next((port for port in ports if ports.count(port) > 1), None)
        if taken is not None:
            raise ValueError(Notice("rule_port_twice", port=taken))
        folders = [one.camera.path.resolve() for one in self.station
                   if isinstance(one.camera, FolderCamera)]  # fmt: skip
        shared = next((one for one in folders if folders.count(one) > 1), None)
        if shared is not None:
            raise ValueError(Notice("rule_folder_twice", path=shared))
        polled = [one.controller for one in self.station if isinstance(one.controller, Polled)]
        for number, one in enumerate(polled):
            if any(one.shares_words_with(other) for other in polled[:number]):
                raise ValueError(Notice("rule_words_twice", host=one.host))
        return self

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Raises LineError, one sentence with the setting's name; paths are beside the file."""
        path = Path(path)
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise LineError("line_large", path=path)
            told = tomllib.loads(path.read_text("utf-8-sig"))
            beside = _beside(told, path.parent)
        except OSError as error:
            raise LineError("line_file", path=path, reason=error.strerror) from None
        except (ValueError, RecursionError, RuntimeError) as error:  # the last: nobody's home
            raise LineError("line_toml", path=path, reason=str(error)) from None
        try:
            return cls.model_validate(beside)
        except ValidationError as error:
            raise LineError.about(_complaint(error, path)) from None


def _ports(stations: tuple[StationSettings, ...]) -> Iterator[int]:
    """Those that kenpin opens itself."""
    for one in stations:
        if isinstance(one.controller, ModbusServer | OpcUa):
            yield one.controller.port


def _beside(told: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Relative folders are meant from where the file is."""
    record = told.get("record")
    if isinstance(record, str) and record and "://" not in record:
        told["record"] = str(folder / Path(record).expanduser())
    stations = told.get("station")
    for station in stations if isinstance(stations, list) else []:
        camera = station.get("camera") if isinstance(station, dict) else None
        if isinstance(camera, dict) and isinstance(camera.get("path"), str):
            camera["path"] = str(folder / Path(camera["path"]).expanduser())
    return told


def _complaint(error: ValidationError, path: Path) -> Notice:
    first = error.errors()[0]
    where = [str(one) for one in first["loc"] if one not in _KINDS]
    setting = ".".join(where) or "…"
    told: dict[str, Any] = {"path": path, "setting": setting}
    if first["type"] == "extra_forbidden":
        return Notice("line_unknown", **told)
    if first["type"] == "missing":
        return Notice("line_missing", **told)
    if first["type"] == "value_error":
        return Notice("line_value", **told, reason=first["ctx"]["error"].args[0])
    known = first.get("ctx", {}).get("expected_tags") or first.get("ctx", {}).get("expected")
    if known:
        reason = Notice("rule_one_of", known=str(known).replace(" or ", ", "))
        return Notice("line_value", **told, reason=reason)
    return Notice("line_value_got", **told, value=repr(first["input"])[:100])
