"""A record under stress: many at once, a server that restarts, a disk that fills up.

    python benchmarks/record_stress.py [crowd] [restart] [full] [--seconds 300] [--restarts 10]

crowd: 4 processes write, each as a station of its own, and 4 read, for so many seconds; whether the
counts agree, the chain is whole, and how many errors a person would have seen. restart: PostgreSQL
is stopped as by a crash and started again while a process writes; how many told verdicts are lost,
and what was said. full: a record with pictures on a small file system of its own (needs root), in
which nothing fits any more; how many told verdicts are lost, and what was kept. PostgreSQL from
Debian is started in a temporary folder. One JSON line for each.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.record import (
    Filter,
    Keep,
    Place,
    Record,
    count,
    found,
    place_of,
    reading,
    status,
    verify,
)
from kenpin.sources import write_png
from postgres import Server, programs, server_in
from record import given, judge_file, verdict

_WRITERS, _READERS = 4, 4
_SMALL = 64  # megabytes of the file system that fills up
_PART = "P"


def write(place: Place, folder: Path, station: str, seconds: float) -> None:
    """Write as fast as it goes; print how many were told, and what was said beside."""
    said: Counter[str] = Counter()
    told, end = 0, time.monotonic() + seconds
    with Record(place, station, keep="none", tell=lambda notice: said.update([notice.code])) as one:
        release = one.release(judge_file(folder), _PART)
        while time.monotonic() < end:
            one.write(verdict(told), release.id)
            told += 1
    print(json.dumps({"told": told, "said": said}), flush=True)


def read(place: Place, seconds: float) -> None:
    """Ask for the newest, one outcome and a count, again and again; print how often."""
    asked, last, end = 0, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with reading(place) as engine:
            newest = list(found(engine, Filter(part=_PART), 200))
            list(found(engine, Filter(outcomes=("NG",)), 50))
            with engine.connect() as connection:
                total = count(connection, Filter())
        assert len(newest) <= 200 and total >= last, "a count went back"
        last = total
        asked += 3
    print(json.dumps({"asked": asked}), flush=True)


def crowd(place: Place, folder: Path, seconds: float) -> dict[str, Any]:
    with Record(place, "first") as record:
        record.release(judge_file(folder), _PART)
    started = [_start("write", place, folder, seconds, f"station {n}") for n in range(_WRITERS)]
    started += [_start("read", place, folder, seconds) for _ in range(_READERS)]
    ended = [process.communicate() for process in started]
    lines = [json.loads(out) if out.strip() else {} for out, _ in ended]
    told = sum(line.get("told", 0) for line in lines)
    with reading(place) as engine, engine.connect() as connection:
        rows, wrong = count(connection, Filter()), sum(1 for _ in verify(engine))
    complaints = [line["said"] for line in lines if line.get("said")]
    return {"what": "crowd", "writers": _WRITERS, "readers": _READERS, "seconds": seconds,
            "told": told, "rows": rows, "asked": sum(line.get("asked", 0) for line in lines),
            "failed": sum(process.returncode != 0 for process in started),
            "said": complaints, "chain_whole": not wrong}  # fmt: skip


def _start(
    what: str, place: Place, folder: Path, seconds: float, station: str = ""
) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, what, "--place", given(place), "--folder", str(folder),
               "--seconds", str(seconds), "--station", station]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def restart(server: Server, folder: Path, restarts: int) -> dict[str, Any]:
    place = place_of(server.url())
    process = _start("write", place, folder, 6.0 * restarts + 10)
    time.sleep(4)
    for _ in range(restarts):
        server.stop()
        time.sleep(2)
        server.start()
        time.sleep(3)
    out, error = process.communicate()
    assert process.returncode == 0, error
    line = json.loads(out)
    with reading(place) as engine, engine.connect() as connection:
        rows, wrong = count(connection, Filter()), sum(1 for _ in verify(engine))
    return {"what": "restart", "restarts": restarts, "told": line["told"], "rows": rows,
            "lost": line["told"] - rows, "said": line["said"], "waiting": status(place).waiting,
            "chain_whole": not wrong}  # fmt: skip


def full(folder: Path) -> dict[str, Any]:
    """Pictures of 200 kB each, three times as many as there is room for; every tenth is NG."""
    image, mounted = folder / "disk", folder / "small"
    mounted.mkdir()
    image.write_bytes(bytes(_SMALL * 2**20))
    _system("mkfs.ext4", "-q", image)
    _system("mount", "-o", "loop", image, mounted)
    try:
        return _filled(folder, mounted)
    finally:
        _system("umount", mounted)


def _filled(folder: Path, mounted: Path) -> dict[str, Any]:
    picture, said = folder / "picture.png", Counter[str]()
    write_png(picture, np.random.default_rng(0).integers(0, 255, (300, 700), np.uint8))
    many = 3 * _SMALL * 2**20 // picture.stat().st_size
    place, told = place_of(mounted / "record"), []
    rule = Keep("all", most=None, free=0)
    with Record(place, keep=rule, tell=lambda notice: said.update([notice.code])) as record:
        release = record.release(judge_file(folder), _PART)
        for number in range(many):
            told.append(record.write(verdict(5 * number), release.id, source=picture))
    with reading(place) as engine:
        rows = {row["id"]: row for row in found(engine, Filter())}
        wrong = sum(1 for _ in verify(engine))
    ng = [row for row in rows.values() if row["outcome"] == "NG"]
    newest = sorted(ng, key=lambda row: row["number"])[-20:]
    return {"what": "full", "megabytes": _SMALL, "told": len(told),
            "lost": len(set(told) - rows.keys()), "ng": len(ng),
            "newest_ng_kept": sum(row["kept"] is not None for row in newest),
            "newest_ng": len(newest), "gone": Counter(row["gone"] for row in rows.values()
                                                      if row["gone"]),
            "said": said, "chain_whole": not wrong}  # fmt: skip


def _system(*command: object) -> None:
    subprocess.run([str(one) for one in command], check=True, capture_output=True)


def measured(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for what in arguments.what:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if what == "full":
                yield {"database": "sqlite", **full(folder)}
                continue
            if what == "crowd":
                place = place_of(folder / "record")
                yield {"database": "sqlite", **crowd(place, folder, arguments.seconds)}
            if programs() is None:
                continue
            with server_in(folder / "server") as server:
                if what == "crowd":
                    place = place_of(server.url())
                    yield {"database": "postgres", **crowd(place, folder, arguments.seconds)}
                else:
                    yield {"database": "postgres", **restart(server, folder, arguments.restarts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["crowd", "restart", "full"])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--restarts", type=int, default=10)
    parser.add_argument("--place", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--station", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.what == ["write"]:
        place = place_of(arguments.place)
        write(place, arguments.folder, arguments.station or "line", arguments.seconds)
    elif arguments.what == ["read"]:
        read(place_of(arguments.place), arguments.seconds)
    else:
        for line in measured(arguments):
            print(json.dumps({"benchmark": "record stress", **line}), flush=True)


if __name__ == "__main__":
    main()
