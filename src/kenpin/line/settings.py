"""LINE.toml: stations, their cameras and controllers; checked whole before anything is opened."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kenpin.errors import LineError
from kenpin.line.words import IN_WORDS, OUT_WORDS
from kenpin.text import Notice

_MOST_BYTES = 2**20
_WORD = 0xFFFF

Host = Annotated[str, Field(min_length=1, max_length=255)]
Port = Annotated[int, Field(ge=1, le=65535)]
Milliseconds = Annotated[int, Field(ge=1, le=600_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Trigger(_Strict):
    """by: "controller", or "picture": each picture that comes is a part. limit_ms: from trigger to
    answer, at most. hold_ms: how long an answer is shown that nobody acknowledges.
    """

    by: Literal["controller", "picture"] = "controller"
    limit_ms: Milliseconds = 2000
    hold_ms: Milliseconds = 2000


class FolderCamera(_Strict):
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


class Streaming(_Strict):
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
    source: Annotated[int, Field(ge=0, le=63)] | Annotated[str, Field(min_length=1)]
    width: Annotated[int, Field(ge=1, le=65535)] | None = None
    height: Annotated[int, Field(ge=1, le=65535)] | None = None


class _Triggered(Streaming):
    """An industrial camera. trigger: "software", "free", or the input that it is wired to, as
    "Line1". device: which one; left out, the only one. features: set when it is opened, by their
    GenICam names.
    """

    trigger: Annotated[str, Field(pattern=r"^(free|software|Line\d{1,2})$")] = "software"
    device: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    features: dict[str, bool | int | float | str] = {}


class GenicamCamera(_Triggered):
    """A GigE Vision camera; device: its IP or MAC address."""

    kind: Literal["genicam"]


class BaslerCamera(_Triggered):
    """A Basler camera, by Basler's own library; device: its serial number."""

    kind: Literal["basler"]


class DrawnCamera(_Strict):
    """Drawn connector terminals, for trials; ng: share of parts with a defect. every_ms: how often
    one comes by itself, where each picture is a part.
    """

    by_itself: ClassVar[bool] = True

    kind: Literal["drawn"]
    seed: int = Field(0, ge=0)
    ng: float = Field(0.05, ge=0, le=1)
    delay_ms: int = Field(20, ge=0, le=60_000)
    every_ms: Milliseconds = 1000


class Nobody(_Strict):
    """No controller: answers are in the record, and go to whom is told."""

    kind: Literal["none"]


class Words(_Strict):
    """Where both blocks of words are: what is asked, and what is shown.

    STEP: how many addresses a word takes.
    """

    STEP: ClassVar[int] = 1

    asked_at: int = Field(0, ge=0, le=_WORD)
    shown_at: int = Field(100, ge=0, le=_WORD)
    silence_ms: Milliseconds = 2000

    def address(self, word: int, bit: int | None = None) -> str:
        """How the PLC's programmer calls a word, or the word that a bit is in."""
        return str(word)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        asked = range(self.asked_at, self.asked_at + self.STEP * len(IN_WORDS))
        shown = range(self.shown_at, self.shown_at + self.STEP * len(OUT_WORDS))
        if max(asked.stop, shown.stop) - 1 > _WORD:
            raise ValueError(Notice("rule_words_end", most=_WORD))
        if asked.start < shown.stop and shown.start < asked.stop:
            raise ValueError(
                Notice("rule_words_overlap", asked=len(IN_WORDS), shown=len(OUT_WORDS))
            )
        return self


class ModbusServer(Words):
    """kenpin holds the registers; the PLC reads and writes them."""

    kind: Literal["modbus-server"]
    host: Host = "127.0.0.1"
    port: Port = 5020


class Polled(Words):
    """The PLC holds the words; kenpin polls them."""

    host: Host
    poll_ms: Milliseconds = 20


class ModbusClient(Polled):
    """Holding registers of a Modbus TCP server."""

    kind: Literal["modbus-client"]
    port: Port = 502
    unit: int = Field(1, ge=0, le=247)


class Slmp(Polled):
    """A MELSEC PLC by SLMP (MC protocol, 3E binary, TCP): both blocks are D registers."""

    kind: Literal["slmp"]
    port: Port = 5007
    profile: str = "melsec:iq-r"
    asked_at: int = Field(1000, ge=0, le=_WORD)
    shown_at: int = Field(1100, ge=0, le=_WORD)

    def address(self, word: int, bit: int | None = None) -> str:
        """D1000."""
        return f"D{word}"


class S7(Polled):
    """A Siemens PLC by S7 communication: both blocks lie in one data block, at these bytes."""

    STEP: ClassVar[int] = 2

    kind: Literal["s7"]
    port: Port = 102
    rack: int = Field(0, ge=0, le=7)
    slot: int = Field(1, ge=0, le=31)
    db: int = Field(ge=1, le=_WORD)
    asked_at: int = Field(0, ge=0, le=_WORD, multiple_of=2)
    shown_at: int = Field(10, ge=0, le=_WORD, multiple_of=2)

    def address(self, word: int, bit: int | None = None) -> str:
        """DB5.DBW10; of a bit DB5.DBX11.0, for the high byte of a word comes first."""
        if bit is None:
            return f"DB{self.db}.DBW{word}"
        return f"DB{self.db}.DBX{word + 1 - bit // 8}.{bit % 8}"


class Mqtt(_Strict):
    """Triggers, results and a retained status as JSON, below TOPIC/STATION."""

    kind: Literal["mqtt"]
    host: Host = "127.0.0.1"
    port: Port = 1883
    topic: str = Field("kenpin", min_length=1, pattern=r"^[^+#\x00]+$")
    user: str | None = None
    password_variable: str | None = None
    silence_ms: Milliseconds = 2000


class OpcUa(_Strict):
    """kenpin as an OPC UA server; anybody who reaches the port may ask."""

    kind: Literal["opc-ua"]
    host: Host = "127.0.0.1"
    port: Port = 4840


class Webhook(_Strict):
    """Each answer is posted as JSON; signed with the secret in a variable of the environment."""

    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://[^\s/]+")
    secret_variable: str | None = None
    retries: int = Field(3, ge=0, le=20)
    timeout_ms: Milliseconds = 2000


Camera = Annotated[
    FolderCamera | VideoCamera | GenicamCamera | BaslerCamera | DrawnCamera,
    Field(discriminator="kind"),
]
Controller = Annotated[
    Nobody | ModbusServer | ModbusClient | Slmp | S7 | Mqtt | OpcUa, Field(discriminator="kind")
]
Listener = Annotated[Mqtt | Webhook, Field(discriminator="kind")]


class StationSettings(_Strict):
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
        return self


class LineSettings(_Strict):
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
        folders = [one.camera.path for one in self.station if isinstance(one.camera, FolderCamera)]
        shared = next((one for one in folders if folders.count(one) > 1), None)
        if shared is not None:
            raise ValueError(Notice("rule_folder_twice", path=shared))
        return self

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Raises LineError, one sentence with the setting's name; paths are beside the file."""
        path = Path(path)
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise LineError("line_large", path=path)
            told = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise LineError("line_file", path=path, reason=error.strerror) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise LineError("line_toml", path=path, reason=str(error)) from None
        try:
            return cls.model_validate(_beside(told, path.parent))
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
    setting = ".".join(str(one) for one in first["loc"]) or "…"
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
