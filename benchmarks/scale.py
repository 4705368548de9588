"""An archive judged on one core, on two, and on Ray; and how time and memory grow.

    python benchmarks/scale.py [speedup] [growth] [parts] [sizes] [--data SET]
        [--counts 1000 10000 100000 200000]
    python benchmarks/scale.py plot

Drawn connectors of 256 by 192 pixels as JPEGs, by `pca` and by `both`, the default. The files are
links to 500 different ones: reading them costs the same, drawing 200,000 does not. `speedup`: one
run each, in turn, three times, medians of pictures a second and of each turn's ratio: here on one
core, bound to it, and on two, on a Ray started for it with one core and with two, whose own
processes are bound to none, and the seconds that Ray takes to start and end.
`growth`: of each number of pictures the seconds, the most memory of the process that gives out the
work and of a worker, and how long it takes to find that all is done. `parts`: 200 parts with a
recipe each, by `pca`, three of them broken. `sizes`: bytes of a real picture of 512 pixels, and
pictures a second of one core by the default. One JSON line for each result. `plot` draws the growth
that is kept in benchmarks/results/scale.jsonl into docs/scale-growth.png.
"""

import argparse
import csv
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

ROOT = Path(__file__).parents[1]
METAL_NUT = ROOT.parent / "shared" / "data" / "metal_nut"
DIFFERENT, IN_A_FOLDER = 500, 10_000
PARTS, OF_A_PART = 200, 40
BLOCK = 500
RUN = """
import json, os, resource, sys, time
part, pictures, out, on, cores = sys.argv[1:]
if (on, cores) == ("local", "1"):  # or it would read pictures on another one
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from kenpin.scale import judge_archive, workers_on
began = time.perf_counter()
with workers_on(on, int(cores)) as workers:
    ready = time.perf_counter()
    told = judge_archive(part, pictures, out, workers, block=500)
    done = time.perf_counter()
with open("/proc/self/status") as file:  # getrusage would count what forked us too
    most = next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps({"done": told.done, "before": told.before, "seconds": done - ready,
                  "around": ready - began + time.perf_counter() - done,
                  "megabytes": most, "worker": worker}))
"""


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("what", nargs="*", default=["speedup", "growth", "parts", "sizes"])
    told.add_argument("--data", type=Path, default=METAL_NUT)
    told.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 100_000, 200_000])
    told.add_argument("--models", nargs="+", default=["pca", "both"])
    a = told.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        draw(place / "drawn", range(DIFFERENT))
        draw(place / "good", range(10_000, 10_100))
        how = {"speedup": lambda: (row for model in a.models for row in speedup(place, model)),
               "growth": lambda: growth(place, a.counts), "parts": lambda: parts(place),
               "sizes": lambda: sizes(place, a.data), "plot": plot}  # fmt: skip
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
    part, count = part_of(place, model), 18_000 if model == "pca" else 6000
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
        rate = statistics.median(rates[way])
        turns = zip(rates[way], rates[way[0], 1], strict=True)  # what is measured soon after
        times = statistics.median(many / one for many, one in turns)
        yield {"what": "speedup", "model": model, "on": way[0], "cores": way[1], "pictures": count,
               "per_second": round(rate, 1), "times_one_core": round(times, 2),
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
               "worker_megabytes": round(told["worker"], 1),
               "again_s": round(time.perf_counter() - began, 1),
               "bytes_of_a_row": round(size / count, 1)}  # fmt: skip


def parts(place: Path) -> Iterator[dict[str, Any]]:
    """Learned two at a time; three have no pictures, too few, and a recipe that is none."""
    rows = []
    for number in range(PARTS):
        pictures, recipe = place / "parts" / f"{number:03}", place / f"{number:03}.toml"
        pictures.mkdir(parents=True)
        for seed in range(3 if number == 17 else OF_A_PART):
            drawn = draw_terminals(100_000 + 100 * number + seed, size=(96, 128))
            cv2.imwrite(str(pictures / f"{seed}.png"), drawn.pixels)
        rate = 0.03 + 0.001 * (number % 20)
        wrong = "colour = 'blue'" if number == 99 else ""
        recipe.write_text(f'model = "pca"\nfalse_reject = {rate}\n{wrong}\n')
        there = place / "nowhere" if number == 150 else pictures
        rows.append((f"part {number:03}", there, recipe))
    with (place / "parts.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("part", "pictures", "recipe"), *rows])
    command = [sys.executable, "-m", "kenpin", "archive", "learn", place / "parts.csv", "--out",
               place / "learned", "--cores", 2]  # fmt: skip
    began = time.perf_counter()
    done = subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    with (place / "learned" / "learned.csv").open(encoding="utf-8-sig", newline="") as file:
        told = list(csv.DictReader(file))
    failed = {one["part"]: one["error"] for one in told if one["state"] == "failed"}
    files = sum(path.suffix == ".kenpin" for path in (place / "learned").iterdir())
    yield {"what": "parts", "parts": len(told), "learned": files, "failed": failed,
           "status": done.returncode, "seconds": round(seconds, 1)}  # fmt: skip


def sizes(place: Path, data: Path) -> Iterator[dict[str, Any]]:
    found = sorted(one for one in (data / "train" / "good").iterdir() if one.is_file())
    folder = place / "real"
    folder.mkdir()
    for number, path in enumerate(found[:100] * 5):
        pixels = cv2.resize(cv2.imread(str(path)), (512, 512), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{number:03}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])
    learn(found[:100], Recipe()).save(place / "real.kenpin")
    told = run(place / "real.kenpin", folder, place / "real-out", "local", 1)
    size = statistics.mean(path.stat().st_size for path in folder.iterdir())
    yield {"what": "sizes", "bytes_of_a_picture": round(size),
           "per_second": round(told["done"] / told["seconds"], 1)}  # fmt: skip


def plot() -> Iterator[dict[str, Any]]:
    from matplotlib.figure import Figure  # noqa: PLC0415

    with (ROOT / "benchmarks" / "results" / "scale.jsonl").open() as file:
        lines = [one for one in map(json.loads, file) if one["what"] == "growth"]
    counts = [one["pictures"] for one in lines]
    figure = Figure(figsize=(7, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.loglog(counts, [one["seconds"] for one in lines], "o-", color="#1f4e79")
    left.set(xlabel="pictures", ylabel="seconds, two cores")
    for name, label in (("megabytes", "gives out"), ("worker_megabytes", "judges")):
        right.semilogx(counts, [one[name] for one in lines], "o-", label=label)
    top = 1.2 * max(one["worker_megabytes"] for one in lines)
    right.set(xlabel="pictures", ylabel="most memory of a process, MB", ylim=(0, top))
    right.legend(frameon=False)
    figure.savefig(ROOT / "docs" / "scale-growth.png", dpi=110)
    yield {"what": "plot", "lines": len(lines)}


if __name__ == "__main__":
    main()
