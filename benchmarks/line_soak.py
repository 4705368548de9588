"""Whether a line keeps its rule while everything fails: 100,000 parts, a PLC that counts.

    python benchmarks/line_soak.py [--parts 100000] [--kills 20] [--faults 0.004] [--seed 0]

kenpin runs in a process of its own, which is killed `kills` times (SIGKILL) and started again. The
virtual PLC is this process and is never killed; what it triggered and was answered is what is told
here. Meanwhile, at random: the camera is lost or late, gives half a picture, or is not there when
it is opened; the PLC drops its connection, triggers twice, does not acknowledge; another program
locks the record's file for up to 3 s, or makes the disk busy; the clock goes back an hour and forth
again (libfaketime, where Debian has it; "clock" says whether). The pictures are drawn before, the
model is a small `pca`, so that many parts pass.

One JSON line. triggers = answers + missed + ended, where ended are parts under way when the program
was killed: no answer came, which is NG. memory_mb: of the last process, after its 2,000th
part; memory_grew_mb: to its end; memory_every_2000_mb: all the way. in_use_mb: of that, what its
C code holds (glibc's malloc), and blocks: how many small objects Python holds, each every minute;
what a process has but does not use is kept by the allocators for the next time.
"""

import argparse
import asyncio
import contextlib
import ctypes
import json
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.drawn import TERMINAL_DEFECTS, draw_terminals
from kenpin.learning import learn
from kenpin.line import LineSettings
from kenpin.line.cameras import DRAWN_SIZE
from kenpin.line.line import run_line
from kenpin.line.simulate import (
    PART,
    STATION,
    Faulty,
    VirtualPlc,
    beside_record,
    free_port,
    release_part,
)
from kenpin.recipe import Recipe
from line import Prepared

_PICTURES = 60
_WARM = 2000  # parts of a process until its memory is looked at
_FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


def settings_of(folder: Path, port: int) -> dict[str, Any]:
    return {
        "record": str(folder / "record"),
        "station": [{
            "name": STATION, "parts": {1: PART}, "trigger": {"limit_ms": 5000, "hold_ms": 300},
            "camera": {"kind": "drawn"},
            "controller": {"kind": "modbus-server", "port": port},
        }],
    }  # fmt: skip


def make(folder: Path) -> None:
    """A part that is released, and the pictures of the line."""
    part = folder / "part.kenpin"
    good = [draw_terminals(n, size=DRAWN_SIZE).pixels for n in range(60)]
    learn(good, Recipe(model="pca", size=(48, 64)), search=False).save(part)
    release_part(folder, part)
    kinds = [*["good"] * (_PICTURES - 6), *TERMINAL_DEFECTS[:6]]
    shown = [draw_terminals(1000 + n, kind, size=DRAWN_SIZE).pixels for n, kind in enumerate(kinds)]
    np.save(folder / "shown.npy", np.stack(shown))


class _Heap(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]  # fmt: skip


async def tell_memory(file: Path) -> None:
    """A line each minute: megabytes that C code holds, and how many small objects Python does."""
    told = ctypes.CDLL(None).mallinfo2
    told.restype = _Heap
    while True:
        await asyncio.sleep(60)
        heap = told()
        used = round((heap.uordblks + heap.hblkhd) / 2**20, 1)
        with file.open("a") as out:
            out.write(f"{json.dumps([used, sys.getallocatedblocks()])}\n")


async def child(folder: Path, port: int, faults: float, seed: int) -> None:
    """The line itself, until it is told to end or killed."""
    rng = random.Random(seed)
    shown = list(np.load(folder / "shown.npy"))
    rng.shuffle(shown)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = LineSettings.model_validate(settings_of(folder, port))
    file = folder / "memory"
    file.unlink(missing_ok=True)
    telling = asyncio.create_task(tell_memory(file))
    await run_line(settings, stop, lambda _: None, lambda _: Faulty(Prepared(shown), rng, faults))
    telling.cancel()


class Line:
    """The process, started again whenever it was killed."""

    def __init__(self, folder: Path, port: int, faults: float, seed: int) -> None:
        self.folder, self.port, self.faults, self.seed = folder, port, faults, seed
        self.clock = folder / "clock"
        self.clock.write_text("+0")
        self.start()

    def start(self) -> None:
        self.seed += 1
        told = (
            "child",
            self.folder,
            "--port",
            self.port,
            "--faults",
            self.faults,
            "--seed",
            self.seed,
        )
        own = os.environ | {"OMP_NUM_THREADS": "1"}
        if _FAKETIME.exists():
            own |= {"LD_PRELOAD": str(_FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                    "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
        command = [sys.executable, __file__, *map(str, told)]
        self.process = subprocess.Popen(command, env=own)

    async def kill(self) -> None:
        self.process.kill()
        await asyncio.to_thread(self.process.wait)
        self.start()

    async def end(self) -> int:
        """Its exit status."""
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait)

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


class Trouble:
    """What happens beside the line, and how often it did."""

    def __init__(self, line: Line, rng: random.Random) -> None:
        self.line, self.rng = line, rng
        self.counts = {"locked": 0, "disk_busy": 0, "clock_back": 0}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.rng.uniform(10, 25))
            await self.rng.choice((self.lock, self.busy, self.turn_clock))()

    async def lock(self) -> None:
        """Another program holds the record's file."""
        file = self.line.folder / "record" / "record.sqlite"
        with contextlib.suppress(sqlite3.OperationalError):
            own = sqlite3.connect(file, isolation_level=None, timeout=1)
            try:
                own.execute("BEGIN EXCLUSIVE")
                self.counts["locked"] += 1
                await asyncio.sleep(self.rng.uniform(0.1, 3))
            finally:
                own.close()

    async def busy(self) -> None:
        """Another program writes 60 MB, each megabyte to the platter."""
        self.counts["disk_busy"] += 1
        to = f"of={self.line.folder / 'busy'}"
        command = ("dd", "if=/dev/zero", to, "bs=1M", "count=60", "oflag=dsync", "status=none")
        process = await asyncio.create_subprocess_exec(*command)
        await process.wait()

    async def turn_clock(self) -> None:
        """An hour back, and later forth again."""
        self.counts["clock_back"] += 1
        self.line.clock.write_text("-1h")
        await asyncio.sleep(self.rng.uniform(1, 4))
        self.line.clock.write_text("+0")


async def soak(folder: Path, parts: int, kills: int, faults: float, seed: int) -> dict[str, Any]:
    rng, port = random.Random(seed), free_port()
    line = Line(folder, port, faults, seed)
    plc = VirtualPlc("127.0.0.1", port, 0, 100, rng, faults)
    trouble = Trouble(line, rng)
    over, began = asyncio.Event(), time.monotonic()
    working = asyncio.create_task(plc.run(over))
    troubling = asyncio.create_task(trouble.run())
    at = sorted(rng.randrange(parts // 100, parts * 7 // 10) for _ in range(kills))
    done, killed, last = 0, 0, began
    memory: list[float] = []
    while plc.counts.triggers < parts and not troubling.done():
        assert line.process.poll() is None, "the line ended by itself"
        await asyncio.sleep(0.02)
        if done < kills and plc.counts.triggers >= at[done]:
            done += 1
            await line.kill()
            killed = plc.counts.triggers
        after = killed + _WARM * (1 + len(memory))
        if done == kills and plc.counts.triggers >= after:
            memory.append(round(line.memory_mb(), 1))
        if time.monotonic() - last > 60:
            last = time.monotonic()
            print(f"{plc.counts.triggers} triggers, {done} kills", file=sys.stderr, flush=True)
    over.set()
    counts = await working
    troubling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await troubling
    status = await line.end()
    file = folder / "memory"
    held = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    told = beside_record(LineSettings.model_validate(settings_of(folder, port)), counts, done)
    found = told.to_dict()
    return {"benchmark": "line soak", "kills": done, "faults": faults, "seed": seed,
            "seconds": round(time.monotonic() - began), **found, **trouble.counts,
            "clock": _FAKETIME.exists(), "kept": told.kept and status == 0,
            "memory_mb": memory[0] if memory else None,
            "memory_grew_mb": round(memory[-1] - memory[0], 1) if memory else None,
            "memory_every_2000_mb": memory,
            "in_use_mb": [mb for mb, _ in held], "blocks": [n for _, n in held]}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=[])
    parser.add_argument("--parts", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--faults", type=float, default=0.004)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)  # the PLC expects such faults
    if a.what:
        asyncio.run(child(Path(a.what[1]), a.port, a.faults, a.seed))
        return
    with tempfile.TemporaryDirectory() as name:
        make(Path(name))
        found = asyncio.run(soak(Path(name), a.parts, a.kills, a.faults, a.seed))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
