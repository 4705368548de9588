"""How soon a line answers, beside others and after something was away.

    python benchmarks/line.py [latency] [stations] [reconnect] [--parts 300] [--times 5]

latency: a virtual PLC triggers over Modbus on this machine, drawn pictures of one megapixel,
`feature`; milliseconds from trigger to answer as the PLC sees it (median, 99th percentile), those
of `Inspector.inspect` alone on the same pictures in the same run, and inside kenpin (means): until
the picture is there, from it to the durable row, and all from trigger to answer. The PLC is
a process of its own on the same two cores. stations: the same beside a station whose PLC takes
connections and never answers, beside one whose PLC is not there, and beside one that is at work.
reconnect: the other side is stopped for three to four seconds, `times` times; milliseconds from
when it is back until a trigger is accepted (median, longest), for each PLC that kenpin calls and
each camera. The simulators are those of the tests. One JSON line for each; `line_soak.py` tries
faults.
"""

import argparse
import asyncio
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.drawn import draw_terminals
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.line import LineSettings
from kenpin.line.cameras import DRAWN_SIZE, Shot
from kenpin.line.line import run_line
from kenpin.line.simulate import PART, STATION, VirtualPlc, free_port, release_part
from kenpin.recipe import Recipe
from kenpin.types import Picture

sys.path.append(str(Path(__file__).parents[1] / "tests" / "line"))
from lenses import EYES, gige_port
from plants import PLCS

_MEGAPIXEL = (864, 1152)
_LEARNED, _PICTURES = 40, 20


class Prepared:
    """A camera that has its pictures in memory already."""

    def __init__(self, pictures: list[Any]) -> None:
        self.pictures, self.number = pictures, 0

    waiting = 0

    def pass_over(self) -> int:
        return 0

    async def open(self, arrived: Any, lost: Any) -> None:
        pass

    async def grab(self) -> Shot:
        self.number += 1
        name = f"{self.number:06}"
        return Shot(Picture(self.pictures[self.number % len(self.pictures)], name), name)

    async def close(self) -> None:
        pass


def latency(folder: Path, parts: int) -> Iterator[dict[str, Any]]:
    drawn = [draw_terminals(n, size=_MEGAPIXEL).pixels for n in range(_LEARNED + _PICTURES)]
    part = folder / "part.kenpin"
    learn(drawn[:_LEARNED], Recipe(model="feature"), search=False).save(part)
    place = release_part(folder, part)
    port = free_port()
    settings = LineSettings.model_validate({
        "record": str(place.folder),
        "station": [{"name": STATION, "parts": {1: PART}, "trigger": {"limit_ms": 5000},
                     "camera": {"kind": "drawn"},
                     "controller": {"kind": "modbus-server", "port": port}}],
    })  # fmt: skip
    shown = drawn[_LEARNED:]
    seconds, inside = asyncio.run(_answered(settings, port, shown, parts))
    inspector = Inspector.open(part)
    alone = []
    for number in range(parts):
        began = time.perf_counter()
        inspector.inspect(shown[number % len(shown)])
        alone.append(time.perf_counter() - began)
    (median, p99), (own, own_p99) = (
        1000 * np.percentile(times, (50, 99)) for times in (seconds, alone)
    )
    yield {"what": "latency", "parts": len(seconds), "pixels": int(np.prod(_MEGAPIXEL)),
           "answer_ms": round(median, 1), "answer_p99_ms": round(p99, 1),
           "inspect_ms": round(own, 1), "inspect_p99_ms": round(own_p99, 1),
           "added_ms": round(median - own, 1), **inside}  # fmt: skip


async def _answered(
    settings: LineSettings, port: int, pictures: list[Any], parts: int, second: int | None = None
) -> tuple[list[float], dict[str, float]]:
    """What the PLC saw, in a process of its own, and what kenpin counted.

    second: the port of another station, whose PLC triggers as well.
    """
    end = asyncio.Event()
    line = asyncio.create_task(
        run_line(settings, end, lambda _: None, lambda _: Prepared(pictures))
    )
    ports = [port] if second is None else [port, second]
    commands = [(sys.executable, __file__, "plc", "--port", str(one), "--parts", str(parts))
                for one in ports]  # fmt: skip
    plcs = [await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            for command in commands]  # fmt: skip
    (told, _), *_ = await asyncio.gather(*(plc.communicate() for plc in plcs))
    end.set()
    metrics = await line
    return json.loads(told)[5:], _means(metrics)  # the first ones warm up


async def _trigger(port: int, parts: int) -> list[float]:
    over = asyncio.Event()
    plc = VirtualPlc("127.0.0.1", port, 0, 100, random.Random(0), 0.0)
    working = asyncio.create_task(plc.run(over))
    while plc.counts.answers.total() < parts:
        await asyncio.sleep(0.05)
    over.set()
    await working
    return plc.counts.seconds


def _means(metrics: Any) -> dict[str, float]:
    """Mean milliseconds of each stage inside kenpin."""
    sums: dict[str, dict[str, float]] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            kind = sample.name.removeprefix("kenpin_stage_seconds_")
            if kind in ("sum", "count"):
                sums.setdefault(sample.labels["stage"], {})[kind] = sample.value
    return {f"{stage}_mean_ms": round(1000 * one["sum"] / one["count"], 1)
            for stage, one in sums.items()}  # fmt: skip


def stations(folder: Path, parts: int) -> Iterator[dict[str, Any]]:
    """One station, whose answers are looked at, and another beside it."""
    drawn = [draw_terminals(n, size=_MEGAPIXEL).pixels for n in range(_LEARNED + _PICTURES)]
    part = folder / "part.kenpin"
    learn(drawn[:_LEARNED], Recipe(model="feature"), search=False).save(part)
    place = release_part(folder, part)
    with socket.create_server(("127.0.0.1", 0), backlog=100) as deaf:
        polled = {"kind": "modbus-client", "host": "127.0.0.1", "silence_ms": 500}
        others: dict[str, dict[str, Any] | None] = {
            "alone": None,
            "a deaf PLC": polled | {"port": deaf.getsockname()[1]},
            "a PLC that is away": polled | {"port": free_port()},
            "one at work": {"kind": "modbus-server", "port": free_port()},
        }
        for name, other in others.items():
            port = free_port()
            own = _station(STATION, {"kind": "modbus-server", "port": port})
            beside = [] if other is None else [_station("other", other)]
            settings = LineSettings.model_validate(
                {"record": str(place.folder), "station": [own, *beside]}
            )
            second = other["port"] if other and other["kind"] == "modbus-server" else None
            seconds, _ = asyncio.run(_answered(settings, port, drawn[_LEARNED:], parts, second))
            median, p99 = 1000 * np.percentile(seconds, (50, 99))
            yield {"what": "stations", "beside": name, "parts": len(seconds),
                   "answer_ms": round(median, 1), "answer_p99_ms": round(p99, 1)}  # fmt: skip


def _station(name: str, controller: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "parts": {1: PART}, "trigger": {"limit_ms": 5000},
            "camera": {"kind": "drawn"}, "controller": controller}  # fmt: skip


def reconnect(folder: Path, times: int) -> Iterator[dict[str, Any]]:
    part = folder / "part.kenpin"
    good = [draw_terminals(n, size=DRAWN_SIZE).pixels for n in range(_LEARNED)]
    learn(good, Recipe(model="pca", size=(48, 64)), search=False).save(part)
    place = release_part(folder, part)
    for kind in ("modbus-client", "slmp", "s7"):
        plc = PLCS[kind]()
        yield _told(kind, asyncio.run(_away(place, plc.settings, {"kind": "drawn"}, plc, times)))
    for kind in ("folder", "video", "genicam"):
        camera = EYES[kind](folder)
        plc = PLCS["modbus-server"]()
        camera.start()
        try:
            with gige_port():
                took = asyncio.run(_away(place, plc.settings, camera.settings, plc, times, camera))
        finally:
            camera.stop()
        yield _told(kind, took)


def _told(kind: str, seconds: list[float]) -> dict[str, Any]:
    return {"what": "reconnect", "kind": kind, "times": len(seconds),
            "median_ms": round(1000 * float(np.median(seconds))),
            "longest_ms": round(1000 * max(seconds))}  # fmt: skip


async def _away(
    place: Any, controller: Any, camera: Any, plc: Any, times: int, eye: Any = None
) -> list[float]:
    """Seconds from when the PLC, or the camera, is back until a trigger is accepted."""
    own = _station(STATION, controller) | {"camera": camera}
    settings = LineSettings.model_validate({"record": str(place.folder), "station": [own]})
    end, took = asyncio.Event(), []
    line = asyncio.create_task(run_line(settings, end, lambda _: None))
    await plc.start()
    for _ in range(times):
        await plc.until(lambda seen: seen[0] & 1)
        if eye is None:
            await plc.stop()
        else:
            await asyncio.to_thread(eye.stop)
            await plc.until(lambda seen: not seen[0] & 1)
        await asyncio.sleep(random.uniform(3, 4))  # not in step with its tries
        await (plc.start() if eye is None else asyncio.to_thread(eye.start))
        back = time.perf_counter()
        await plc.until(lambda seen: seen[0] & 1)
        took.append(time.perf_counter() - back)
    end.set()
    await line
    await plc.stop()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["latency", "stations", "reconnect"])
    parser.add_argument("--parts", type=int, default=300)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.what == ["plc"]:
        print(json.dumps(asyncio.run(_trigger(a.port, a.parts))))
        return
    for what in a.what:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            ways = {"latency": (latency, a.parts), "stations": (stations, a.parts),
                    "reconnect": (reconnect, a.times)}  # fmt: skip
            way, count = ways[what]
            for line in way(folder, count):
                print(json.dumps({"benchmark": "line", **line}), flush=True)


if __name__ == "__main__":
    main()
