"""Fine defects in large pictures, with and without --smallest-defect.

    python benchmarks/fine.py [--learn 16] [--test 12]

Drawn pictures with a grain of their own and noise: a strip of 4096 x 200 pixels with dark squares
of 12 pixels, a plate of 6000 x 4000 with squares of 10. One JSON line for each way: what is found,
what good ones are rejected, how fine the part says that it sees, seconds a picture on all cores,
and the memory of a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import cv2
import numpy as np

import kenpin
from kenpin.learning import with_sight

SIZES = {"strip": ((200, 4096), 12), "plate": ((4000, 6000), 10)}


def surface(name: str, rng: np.random.Generator, defect: bool) -> np.ndarray:
    (height, width), side = SIZES[name]
    values = np.full((height, width), 120, np.float32)
    if name == "strip":
        values += 15 * np.sin(np.arange(width, dtype=np.float32) / 40)[None]
        values[60:140] += 50
    else:
        cv2.rectangle(values, (900, 700), (5100, 3300), 170, -1)
        for x in range(1200, 5000, 400):
            cv2.circle(values, (x, 2000), 120, 60, -1)
    values = np.roll(values, rng.integers(-8, 9, 2), (0, 1)) * (1 + rng.normal(0, 0.02))
    grain = rng.normal(0, 4, (max(3, height // 100), width // 100)).astype(np.float32)
    values += cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
    values += rng.normal(0, 4, (height, width)).astype(np.float32)
    if defect:
        y, x = (int(rng.integers(n // 6, 5 * n // 6)) for n in (height, width))
        values[y : y + side, x : x + side] = 20
    return np.clip(values, 0, 255).astype(np.uint8)


def measure(name: str, told: bool, learned: int, tested: int) -> dict[str, object]:
    _, side = SIZES[name]
    rng = np.random.default_rng(4)
    good = [surface(name, rng, False) for _ in range(learned)]
    recipe = kenpin.Recipe(feature={"smallest_defect": side} if told else {})
    begun = time.perf_counter()
    bundle = kenpin.learn(good, recipe)
    taken = time.perf_counter() - begun
    bundle = with_sight(bundle, good)
    judge = kenpin.Inspector(bundle)
    fresh = [surface(name, rng, n >= tested) for n in range(2 * tested)]
    begun = time.perf_counter()
    verdicts = list(judge.inspect_many(fresh))
    each = (time.perf_counter() - begun) / len(fresh)
    outcomes = [verdict.outcome for verdict in verdicts]
    return {
        "tiles": len(bundle.preparation.tiles),
        "found": outcomes[tested:].count(kenpin.Outcome.NG),
        "rejected": tested - outcomes[:tested].count(kenpin.Outcome.OK),
        "tested": tested,
        "learned": learned,
        "sees_px": bundle.sight and bundle.sight.diameter and round(bundle.sight.diameter, 1),
        "learn_s": round(taken, 1),
        "seconds_each": round(each, 2),
        "file_mb": round(len(bundle.to_bytes()) / 1e6, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learn", type=int, default=16)
    parser.add_argument("--test", type=int, default=12)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, told = arguments.one
        line = {
            "benchmark": "fine",
            "set": name,
            "smallest_defect": SIZES[name][1] if told else None,
        }
        found = measure(name, bool(told), arguments.learn, arguments.test)
        print(json.dumps(line | found), flush=True)
        return
    for name in SIZES:
        for told in ("", "yes"):
            counts = ["--learn", str(arguments.learn), "--test", str(arguments.test)]
            subprocess.run([sys.executable, __file__, *counts, "--one", name, told], check=True)


if __name__ == "__main__":
    main()
