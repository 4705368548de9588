"""A line at work: every station of a LINE.toml in one program, until it is told to stop."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from kenpin.errors import KenpinError, LineError
from kenpin.line.cameras import Camera
from kenpin.line.controllers import Controller
from kenpin.line.devices import make_camera, make_controllers
from kenpin.line.judge import Judge, Models
from kenpin.line.metrics import Metrics
from kenpin.line.notes import Say
from kenpin.line.runner import Runner
from kenpin.line.settings import LineSettings, StationSettings
from kenpin.line.uploads import Uploads
from kenpin.record import Place, Record, events_since, now, place_of
from kenpin.system import one_blas_thread

_HOUR = 3_600_000  # milliseconds


@dataclass(frozen=True)
class _Shared:
    """What the stations of a program share."""

    place: Place
    models: Models
    metrics: Metrics
    judging: Executor
    noting: Executor
    say: Say
    wrap: Callable[[Camera], Camera] | None
    also: Callable[[StationSettings], tuple[Controller, Callable[[Camera], Camera]]] | None


async def run_line(
    settings: LineSettings,
    stop: asyncio.Event,
    say: Say,
    wrap: Callable[[Camera], Camera] | None = None,
    also: Callable[[StationSettings], tuple[Controller, Callable[[Camera], Camera]]] | None = None,
) -> Metrics:
    """Run every station until `stop` is set; what happened in figures. wrap: put around cameras.
    also: of each station one more that is told, and asks as a controller does, and what to put
    around its camera.

    Raises LineError or RecordError before anything is judged.
    """
    place, metrics = place_of(settings.record), Metrics()
    sent = next((one.name for one in settings.station if one.camera.kind == "upload"), None)
    if sent is not None and also is None:
        raise LineError("line_upload_pages", station=sent)
    if settings.metrics is not None:
        try:
            metrics.serve(settings.metrics)
        except OSError as error:
            told = {"port": settings.metrics, "reason": error.strerror}
            raise LineError("line_port", **told) from None
    try:
        with (
            one_blas_thread,  # held all the while: to change it takes as long as a picture
            ThreadPoolExecutor(1, "kenpin-judge") as judging,
            ThreadPoolExecutor(1, "kenpin-note") as noting,
            contextlib.ExitStack() as records,
        ):
            shared = _Shared(place, Models(), metrics, judging, noting, say, wrap, also)
            runners = [records.enter_context(_station(one, shared)) for one in settings.station]
            _notify("READY=1")
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(_watchdog())
                ends = await asyncio.gather(
                    *(_until_end(runner, stop) for runner in runners), return_exceptions=True
                )
                watch.cancel()
            for end in ends:
                if isinstance(end, BaseException):
                    raise end
    finally:
        _notify("STOPPING=1")
        metrics.close()
    return metrics


async def _until_end(runner: Runner, stop: asyncio.Event) -> None:
    """If one station breaks, the others end as they should: answered, outputs off."""
    try:
        await runner.run(stop)
    finally:
        stop.set()


@contextlib.contextmanager
def _station(settings: StationSettings, shared: _Shared) -> Iterator[Runner]:
    """A station with a record of its own name."""
    with Record(shared.place, settings.name, tell=shared.say) as record:
        camera = make_camera(settings, shared.place)
        controllers = make_controllers(settings)
        if isinstance(camera, Uploads):
            controllers.append(camera)
        if shared.also is not None:
            controller, around = shared.also(settings)
            controllers.append(controller)
            camera = around(camera)
        camera = shared.wrap(camera) if shared.wrap else camera
        judge = Judge(shared.place, record, shared.models, settings.camera.kind)
        yield Runner(
            settings, judge, camera, controllers, shared.judging, shared.noting,
            shared.metrics, _quietly(record), _Masters(record, settings), shared.say,
        )  # fmt: skip


def _quietly(record: Record) -> Callable[..., None]:
    """An event that cannot be written ends nothing: the record says itself that it is away."""

    def note(kind: str, **values: Any) -> None:
        with contextlib.suppress(KenpinError):
            record.event(kind, **values)

    return note


class _Masters:
    """Whether the master check of this shift is missing, at this station and for the file that
    judges. Looked at every second: only events that are new since are read.
    """

    def __init__(self, record: Record, settings: StationSettings) -> None:
        self._record, self._settings = record, settings
        self._seen, self._latest = 0, dict[str, dict[str, Any]]()

    def __call__(self, digest: str) -> bool:
        """digest: of the file. True also where the record is away."""
        try:
            with self._record.engine.connect() as connection:
                self._seen, new = events_since(connection, "master", self._seen)
        except DBAPIError:
            return True
        for one in new:  # a later check that failed locks again
            if one["station"] == self._settings.name:
                self._latest[str(one["told"].get("part"))] = one
        last = self._latest.get(digest)
        if last is None or not (last["told"].get("passed") and last["told"].get("fresh")):
            return True
        return bool(last["at"] <= now()[0] - self._settings.master_hours * _HOUR)


async def _watchdog() -> None:
    """Tell systemd that the loop is alive, twice as often as it wants to know."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    every = int(wanted) / 2e6 if wanted.isdecimal() and int(wanted) else None
    while every is not None:
        _notify("WATCHDOG=1")
        await asyncio.sleep(every)


def _notify(state: str) -> None:
    """A word to systemd, where it started us (sd_notify(3)); nothing otherwise."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as own,
    ):
        own.connect("\0" + address[1:] if address.startswith("@") else address)
        own.sendall(state.encode())
