"""kenpin beside anomalib's PaDiM and PatchCore on the same pictures, in one run on one machine.

    python benchmarks/peers.py [SET ...] --python PEERS/bin/python --script anomalib_run.py
        [--data DIR] [--good 100] [--seeds 1] [--peers padim patchcore]

One JSON line for each set, seed and judge. The good pictures are those that the peers' script draws
by the seed. Times are those of this run: from the files to the learned part, and from the file of
one picture to its verdict; only their ratios mean anything on a busy machine.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SHARED = Path(__file__).parents[2] / "shared"
SETS = ("metal_nut", "juice_bottle", "screw", "solar_cell", "magnetic_tile")
OURS = "kenpin"


def ours(folder: Path, good: int, seed: int) -> dict:
    """In a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--only", str(folder), "--good", str(good)]
    done = subprocess.run(
        [*command, "--seed", str(seed)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def only(folder: Path, good: int, seed: int) -> dict:
    import kenpin  # noqa: PLC0415 - after the process has begun
    from kenpin.sources.find import find_good, find_labelled  # noqa: PLC0415

    found = sorted(find_good(folder), key=str)
    drawn = np.random.RandomState(seed).permutation(len(found))[:good]
    start = time.perf_counter()
    bundle = kenpin.learn([found[n] for n in sorted(drawn)])
    learn_s = time.perf_counter() - start
    labelled = find_labelled(folder)
    inspector = kenpin.Inspector(bundle)
    inspector.inspect(labelled[0].source)
    start = time.perf_counter()
    for item in labelled:
        inspector.inspect(item.source)
    each = (time.perf_counter() - start) / len(labelled)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # before the maps of all are kept
    result = kenpin.evaluate(inspector, labelled)
    return {
        "learned_from": len(drawn),
        "auroc": round(result.auroc, 4),
        "aupro": result.aupro and round(result.aupro, 4),
        "false_reject": round(result.false_reject.rate, 4),
        "escape": round(result.escape.rate, 4),
        "learn_s": round(learn_s, 2),
        "ms": round(1000 * each, 2),
        "file_mb": round(len(bundle.to_bytes()) / 1e6, 1),
        "peak_mb": round(peak / 1e3),
    }


def theirs(python: Path, script: Path, model: str, folder: Path, good: int, seed: int) -> dict:
    command = [python, script, folder, model, "--train-limit", str(good), "--seed", str(seed)]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    line = json.loads(done.stdout.splitlines()[-1])
    return {
        "learned_from": line["train"],
        "auroc": line["auroc"],
        "aupro": line["aupro"],
        "learn_s": line["learn_s"],
        "ms": line["ms_per_image"],
    }


def run(arguments: argparse.Namespace) -> Iterator[dict]:
    for name in arguments.sets or SETS:
        folder = arguments.data / name
        for seed in range(arguments.seeds):
            head = {"benchmark": "peers", "set": name, "seed": seed}
            yield head | {"who": OURS} | ours(folder, arguments.good, seed)
            for model in arguments.peers:
                found = theirs(
                    arguments.python, arguments.script, model, folder, arguments.good, seed
                )
                yield head | {"who": model} | found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--python", type=Path, default=Path(".peers/anomalib/bin/python"))
    parser.add_argument("--script", type=Path, default=SHARED / "peers/anomalib_run.py")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--good", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peers", nargs="*", default=["padim", "patchcore"])
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(only(arguments.only, arguments.good, arguments.seed)))
        return
    for line in run(arguments):
        print(json.dumps(line))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
