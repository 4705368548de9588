"""What a record holds out, and how fast it is.

    python benchmarks/record.py [rate] [kill] [large] [--kills 200] [--rows N]

rate: durable rows a second from one and from four threads, and what a write adds to a verdict, in
milliseconds (median). kill: a process that writes and tells is killed at random moments; how many
told verdicts are lost, whether the chain is whole, how many pictures are half. large: a day's
history and report, and one serial, among so many rows; bytes of a row. On SQLite and, where it is
installed, on a PostgreSQL server that is started in a temporary folder. One JSON line for each.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.record import (  # fmt: skip
    Circumstances,
    Filter,
    Keep,
    Place,
    Record,
    found,
    place_of,
    reading,
    status,
    verify,
)
from kenpin.record.entry import Entry
from kenpin.record.numbers import period
from kenpin.record.pictures import Pictures
from kenpin.record.rows import add_inspections, station_id
from kenpin.report import About, write_period
from kenpin.sources import read_picture, write_png
from kenpin.types import Outcome, Region, Verdict
from postgres import programs, server_in

_ROWS, _THREADS = 1000, 4


def verdict(number: int) -> Verdict:
    ng = number % 50 == 0
    regions = (Region(3, 4, 20, 10, 5.5, None, "shape"),) if ng else ()
    return Verdict(
        picture=f"{number}.png", outcome=Outcome.NG if ng else Outcome.OK, score=1.5 + number % 7,
        limit=8.0, p_value=0.3, regions=regions, l1=0.1, l2=0.2, size=(480, 640), notes=(),
        milliseconds={"decode": 3.0, "prepare": 1.0, "model": 9.0, "judge": 1.0}, evidence=None,
        fit=0.98, brightness=0.4, sharpness=0.2,
    )  # fmt: skip


def judge_file(folder: Path) -> Path:
    path = folder / "part.kenpin"
    path.write_bytes(b"stands for what judges")
    return path


def rate(place: Place, folder: Path) -> Iterator[dict[str, Any]]:
    with Record(place, "rate") as record:
        release = record.release(judge_file(folder), "P")
        alone = []
        for number in range(_ROWS // 4):
            start = time.perf_counter()
            record.write(verdict(number), release.id)
            alone.append(1000 * (time.perf_counter() - start))

        def write() -> None:
            for number in range(_ROWS):
                record.write(verdict(number), release.id)

        threads = [threading.Thread(target=write) for _ in range(_THREADS)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
    middle, slowest = (round(float(value), 2) for value in np.percentile(alone, (50, 99)))
    yield {"what": "rate", "threads": _THREADS, "rows": _THREADS * _ROWS,
           "rows_per_s": round(_THREADS * _ROWS / seconds), "write_ms": middle,
           "write_ms_p99": slowest}  # fmt: skip


def tell(place: Place, folder: Path, pictures: bool) -> None:
    """Write for ever, and tell each number when its row is durable; to be killed."""
    picture = folder / "picture.png"
    with Record(place, "line", keep=Keep("all" if pictures else "none")) as record:
        release = record.release(judge_file(folder), "P")
        number = 0
        while True:
            identity = record.write(verdict(number), release.id, source=picture)
            print(identity, flush=True)
            number += 1


def kill(place: Place, folder: Path, kills: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(0)
    write_png(folder / "picture.png", rng.integers(0, 255, (120, 160, 3), np.uint8))
    for pictures, count in ((False, kills), (True, max(1, kills // 4))):
        told: set[str] = set()
        for _ in range(count):
            command = [sys.executable, __file__, "tell", "--place", given(place), "--folder",
                       str(folder), *(["--with-pictures"] if pictures else [])]  # fmt: skip
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout
                told.add(process.stdout.readline().strip())
                time.sleep(random.Random(len(told)).uniform(0, 0.3))
                process.send_signal(signal.SIGKILL)
                lines = process.stdout.read().splitlines(keepends=True)
                told |= {line.strip() for line in lines if line.endswith("\n")}
        told.discard("")
        with reading(place) as engine:
            rows = {str(row["id"]): row for row in found(engine, Filter(station="line"))}
            wrong = sum(1 for _ in verify(engine))
        kept = Pictures(place.folder)
        halves = sum(not _whole(path) for _, path in kept.every())
        yield {"what": "kill", "pictures": pictures, "kills": count, "told": len(told),
               "lost": len(told - rows.keys()), "rows": len(rows), "chain_whole": not wrong,
               "half_pictures": halves,
               "waiting": status(place).waiting}  # fmt: skip


def _whole(path: Path) -> bool:
    try:
        read_picture(path)
    except Exception:
        return False
    return True


def fill(place: Place, folder: Path, rows: int, start: int) -> None:
    """One in two seconds from `start` on, in milliseconds."""
    with Record(place, "large") as record:
        release = record.release(judge_file(folder), "P")
        writing = record.engine.execution_options(writes=True)
        for first in range(0, rows, 2000):
            entries = []
            for number in range(first, min(rows, first + 2000)):
                told = Circumstances("cam", f"L{number // 5000}", f"S{number}", "sato")
                entry = Entry.of(verdict(number), release.id, told)
                entry.values["at"] = start + 2000 * number
                entries.append(entry)
            with writing.begin() as connection:
                add_inspections(connection, station_id(connection, "large"), entries)


def large(place: Place, folder: Path, rows: int) -> Iterator[dict[str, Any]]:
    """Rows of many days at one in two seconds, through what every row goes through."""
    start, began = 1_700_000_000_000, time.perf_counter()
    fill(place, folder, rows, start)
    seconds = time.perf_counter() - began
    day = Filter(part="P", since=start + 86_400_000, until=start + 2 * 86_400_000)
    with reading(place) as engine:
        timed = {}
        for name, work in (
            ("serial", lambda: list(found(engine, Filter(serial=f"S{rows // 2}")))),
            ("history", lambda: list(found(engine, day, 1000))),
            ("report", lambda: period(engine, day)),
            ("page", lambda: _page(engine, day, place, folder)),
        ):
            times = []
            for _ in range(5):
                begin = time.perf_counter()
                work()
                times.append(time.perf_counter() - begin)
            timed[f"{name}_ms"] = round(1000 * float(np.median(times)), 1)
    size = status(place)
    yield {"what": "large", "rows": rows, "made_in_s": round(seconds), **timed,
           "bytes_per_row": round(size.bytes_of_rows / rows)}  # fmt: skip


def _page(engine: Any, day: Filter, place: Place, folder: Path) -> None:
    kept = Pictures(place.folder)
    about = About("day", "a day", "P", None, place.name, (), {}, kept.path)
    write_period(folder / "page.html", period(engine, day), about)


def given(place: Place) -> str:
    return str(place.folder) if place.is_sqlite else place.url.render_as_string(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["rate", "kill", "large"])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--place", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--with-pictures", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.what == ["tell"]:
        tell(place_of(arguments.place), arguments.folder, arguments.with_pictures)
    for what in arguments.what:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for database, place in databases(folder):
                for line in measured(what, place, folder, arguments):
                    told = {"benchmark": "record", "database": database, **line}
                    print(json.dumps(told), flush=True)


def databases(folder: Path) -> Iterator[tuple[str, Place]]:
    """A new record in each."""
    yield "sqlite", place_of(folder / "record")
    if programs() is None:
        return
    os.environ["KENPIN_STORE"] = str(folder / "store")
    with server_in(folder / "server") as server:
        yield "postgres", place_of(server.url())


def measured(
    what: str, place: Place, folder: Path, arguments: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    if what == "rate":
        return rate(place, folder)
    if what == "kill":
        return kill(place, folder, arguments.kills)
    return large(place, folder, arguments.rows)


if __name__ == "__main__":
    main()
