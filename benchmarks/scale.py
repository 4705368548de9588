"""An archive judged on one core, on two, and on Ray; and how time and memory grow.

    python benchmarks/scale.py [speedup] [growth] [--counts 1000 10000 100000 200000]

Drawn connectors of 256 by 192 pixels as JPEGs, by `pca` and by `both`, the default. The files are
links to 500 different ones: reading them costs the same, drawing 200,000 does not. `speedup`: one
run each, in turn, three times, medians of pictures a second: here on one core and on two, on a Ray
started for it with one core and with two, and the seconds that Ray takes to start and end.
`growth`: of each number of pictures the seconds, the most memory of the process, and how long it
takes to find that all is done. One JSON line for each result.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from kenpin.drawn.terminals import draw_terminals
from kenpin.learning import learn
from kenpin.recipe import Recipe

DIFFERENT, IN_A_FOLDER = 500, 10_000
BLOCK = 500
RUN = """
import json, resource, sys, time
from kenpin.scale import judge_archive, workers_on
part, pictures, out, on, cores = sys.argv[1:]
began = time.perf_counter()
with workers_on(on, int(cores)) as workers:
    ready = time.perf_counter()
    told = judge_archive(part, pictures, out, workers, block=500)
    done = time.perf_counter()
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"done": told.done, "before": told.before, "seconds": done - ready,
                  "around": ready - began + time.perf_counter() - done, "megabytes": most}))
"""


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("what", nargs="*", default=["speedup", "growth"])
    told.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 100_000, 200_000])
    told.add_argument("--models", nargs="+", default=["pca", "both"])
    a = told.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        draw(place / "drawn", range(DIFFERENT))
        draw(place / "good", range(10_000, 10_100))
        how = {"speedup": lambda: (row for model in a.models for row in speedup(place, model)),
               "growth": lambda: growth(place, a.counts)}  # fmt: skip
        for what in a.what:
            for row in how[what]():
                print(json.dumps({"benchmark": "scale"} | row), flush=True)


def draw(folder: Path, seeds: range) -> None:
    folder.mkdir()
    for number, seed in enumerate(seeds):
        cv2.imwrite(str(folder / f"{number:03}.jpg"), draw_terminals(seed).pixels[..., ::-1])


def linked(place: Path, count: int) -> Path:
    """So many pictures, in folders of ten thousand."""
    root = place / f"pictures-{count}"
    for number in range(count):
        folder = root / f"{number // IN_A_FOLDER:03}"
        if number % IN_A_FOLDER == 0:
            folder.mkdir(parents=True)
        os.link(place / "drawn" / f"{number % DIFFERENT:03}.jpg", folder / f"{number:06}.jpg")
    return root


def part_of(place: Path, model: str) -> Path:
    path = place / f"{model}.kenpin"
    if not path.exists():
        learn(place / "good", Recipe(model=model)).save(path)
    return path


def run(part: Path, pictures: Path, out: Path, on: str, cores: int) -> dict[str, Any]:
    command = [sys.executable, "-c", RUN, part, pictures, out, on, cores]
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def speedup(place: Path, model: str, rounds: int = 3) -> Iterator[dict[str, Any]]:
    part, count = part_of(place, model), 6000 if model == "pca" else 2000
    pictures = place / f"pictures-{count}"
    pictures = pictures if pictures.exists() else linked(place, count)
    ways = [("local", 1), ("local", 2), ("ray", 1), ("ray", 2)]
    rates: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
    around: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
    for turn in range(rounds):
        for way in ways:
            out = place / f"{model}-{turn}-{way[0]}-{way[1]}"
            told = run(part, pictures, out, *way)
            assert told["done"] == count, told
            rates[way].append(count / told["seconds"])
            around[way].append(told["around"])
    for way in ways:
        rate, one = statistics.median(rates[way]), statistics.median(rates[way[0], 1])
        yield {"what": "speedup", "model": model, "on": way[0], "cores": way[1], "pictures": count,
               "per_second": round(rate, 1), "times_one_core": round(rate / one, 2),
               "start_and_end_s": round(statistics.median(around[way]), 2)}  # fmt: skip


def growth(place: Path, counts: list[int]) -> Iterator[dict[str, Any]]:
    part = part_of(place, "pca")
    for count in counts:
        pictures = place / f"pictures-{count}"
        pictures = pictures if pictures.exists() else linked(place, count)
        out = place / f"out-{count}"
        told = run(part, pictures, out, "local", 2)
        assert told["done"] == count, told
        began = time.perf_counter()
        again = run(part, pictures, out, "local", 2)
        assert again["before"] == count, again
        size = sum(path.stat().st_size for path in (out / "verdicts").iterdir())
        yield {"what": "growth", "pictures": count, "seconds": round(told["seconds"], 1),
               "megabytes": round(told["megabytes"], 1),
               "again_s": round(time.perf_counter() - began, 1),
               "bytes_of_a_row": round(size / count, 1)}  # fmt: skip


if __name__ == "__main__":
    main()
