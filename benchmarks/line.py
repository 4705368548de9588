"""How soon a line answers, and whether it keeps its rule while things fail.

    python benchmarks/line.py [latency] [soak] [--parts 300] [--seconds 600] [--faults 0.05]

latency: a virtual PLC triggers over Modbus on this machine, drawn pictures of one megapixel,
`feature`; milliseconds from trigger to answer as the PLC sees it (median, 99th percentile), those
of `Inspector.inspect` alone on the same pictures in the same run, and inside kenpin (means): until
the picture is there, from it to the durable row, and all from trigger to answer. The PLC is
a process of its own on the same two cores. soak: the
PLC triggers as fast as it is answered while camera, PLC and triggers fail at random; what the PLC
counted, what is in the record, and how memory grew. One JSON line for each.
"""

import argparse
import asyncio
import json
import random
import resource
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
from kenpin.line import LineSettings, make_demo, simulate
from kenpin.line.cameras import Shot
from kenpin.line.line import run_line
from kenpin.line.simulate import PART, STATION, VirtualPlc, free_port, release_part
from kenpin.recipe import Recipe
from kenpin.types import Picture

_MEGAPIXEL = (864, 1152)
_LEARNED, _PICTURES = 40, 20


class Prepared:
    """A camera that has its pictures in memory already."""

    def __init__(self, pictures: list[Any]) -> None:
        self.pictures, self.number = pictures, 0

    waiting = 0

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
    settings: LineSettings, port: int, pictures: list[Any], parts: int
) -> tuple[list[float], dict[str, float]]:
    """What the PLC saw, in a process of its own, and what kenpin counted."""
    end = asyncio.Event()
    line = asyncio.create_task(
        run_line(settings, end, lambda _: None, lambda _: Prepared(pictures))
    )
    command = (sys.executable, __file__, "plc", "--port", str(port), "--parts", str(parts))
    plc = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    told, _ = await plc.communicate()
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


def soak(folder: Path, seconds: float, faults: float) -> Iterator[dict[str, Any]]:
    settings = make_demo(folder / "line")
    before = _memory()
    found = asyncio.run(simulate(settings, seconds, faults, say=lambda _: None))
    told = {name: round(value, 1) if isinstance(value, float) else value
            for name, value in found.to_dict().items()}  # fmt: skip
    yield {"what": "soak", "seconds": seconds, "faults": faults, **told, "kept": found.kept,
           "memory_grew_mb": round((_memory() - before) / 1024, 1)}  # fmt: skip


def _memory() -> int:
    """Kilobytes at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["latency", "soak"])
    parser.add_argument("--parts", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.what == ["plc"]:
        print(json.dumps(asyncio.run(_trigger(a.port, a.parts))))
        return
    for what in a.what:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            lines = (
                latency(folder, a.parts) if what == "latency" else soak(folder, a.seconds, a.faults)
            )
            for line in lines:
                print(json.dumps({"benchmark": "line", **line}), flush=True)


if __name__ == "__main__":
    main()
