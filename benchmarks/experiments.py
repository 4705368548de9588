"""The four published experiments: kenpin beside the originals in Keras, alternating in one run.

    python benchmarks/experiments.py [NAME ...] [--keras PYTHON] [--seeds 5] [--shared DIR]

--keras: a Python with tensorflow, scikit-image and scikit-learn, apart from the project; without it
only kenpin runs:
    python -m venv .peers && .peers/bin/pip install tensorflow-cpu scikit-image scikit-learn

One JSON line for each way, experiment and seed, then for each experiment one that holds every
figure to be beaten against the worst seed. Drawn terminals have no original that could be run
beside them: there the published network and judge are learned by kenpin.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kenpin.experiments import mnist19, shapes16, shapes27, terminals36
from kenpin.types import Progress

ROOT = Path(__file__).parents[1]
NAMES = ("shapes16", "shapes27", "terminals36", "mnist19")
Figures = list[dict[str, float]]

# Each figure to beat: its value over the seeds, and whether it has to be at least or at most.
BEAT: dict[str, dict[str, tuple[Callable[[Figures], float], str, float]]] = {
    "shapes16": {
        "auroc, worst seed": (lambda f: least(f, "auroc"), ">=", 0.9995),
        "false reject, mean (promised 1 %)": (lambda f: mean(f, "false_reject"), "<=", 0.01),
    },
    "shapes27": {
        "wrong-part auroc, worst seed": (lambda f: least(f, "wrong_part_auroc"), ">=", 0.998),
        "escape at a promised 1 %, mean": (lambda f: mean(f, "escape"), "<=", 0.02),
        "escape at a promised 1 %, worst seed": (lambda f: most(f, "escape"), "<=", 0.02),
        "false reject, mean (promised 1 %)": (lambda f: mean(f, "false_reject"), "<=", 0.01),
        "named right, mean": (lambda f: mean(f, "named"), ">=", 0.98),
        "named right, worst seed": (lambda f: least(f, "named"), ">=", 0.98),
    },
    "terminals36": {
        "auroc, worst seed": (lambda f: least(f, "auroc"), ">=", 0.99),
        "auroc of fine defects, worst seed": (lambda f: least(f, "fine_auroc"), ">=", 0.97),
    },
    "mnist19": {
        "auroc, worst seed": (lambda f: least(f, "auroc"), ">=", 0.9996),
        "f1 at a promised 1 %, mean": (lambda f: mean(f, "f1"), ">=", 0.992),
        "f1 at a promised 1 %, worst seed": (lambda f: least(f, "f1"), ">=", 0.992),
        "best f1, mean": (lambda f: mean(f, "best_f1"), ">=", 0.995),
        "best f1, worst seed": (lambda f: least(f, "best_f1"), ">=", 0.995),
    },
}
FASTER = {"shapes16": 5.0, "shapes27": 8.0, "mnist19": 5.0}


def mean(figures: Figures, key: str) -> float:
    return float(np.mean([f[key] for f in figures]))


def least(figures: Figures, key: str) -> float:
    return min(f[key] for f in figures)


def most(figures: Figures, key: str) -> float:
    return max(f[key] for f in figures)


def silent(stage: str, done: int, total: int) -> None:
    pass


def ours(name: str, seed: int, shared: Path, progress: Progress = silent) -> dict[str, float]:
    if name == "mnist19":
        return mnist19.run_ours(seed, progress, shared / "data/mnist").row.figures
    module = {"shapes16": shapes16, "shapes27": shapes27, "terminals36": terminals36}[name]
    return module.run_ours(seed, progress).row.figures


def theirs(name: str, seed: int, shared: Path, python: Path) -> dict[str, float]:
    if name == "terminals36":
        return terminals36.run_published(seed, silent).figures
    command = [str(python), str(shared / "peers/keras_experiments.py"), name, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return {key: value for key, value in found.items() if isinstance(value, int | float)}


def line(name: str, who: str, seed: int, figures: dict[str, float]) -> dict:
    rounded = {key: round(value, 5) for key, value in figures.items() if key != "seed"}
    return {"benchmark": "experiments", "set": name, "who": who, "seed": seed} | rounded


def run(arguments: argparse.Namespace) -> Iterator[dict]:
    for name in arguments.names or NAMES:
        own: Figures = []
        ratios = []
        ours(name, 99, arguments.shared)  # warms up libraries; Keras imports before its clock too
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            peer = None
            if arguments.keras:
                peer = theirs(name, seed, arguments.shared, arguments.keras)
            own.append(ours(name, seed, arguments.shared))
            if peer:
                ratios.append(peer["learn_s"] / own[-1]["learn_s"])
                who = "published network" if name == "terminals36" else "keras"
                yield line(name, who, seed, peer)
            yield line(name, "kenpin", seed, own[-1])
        checks = dict(BEAT[name])
        if name in FASTER and ratios:
            checks["times faster, median"] = (
                lambda _, found=ratios: float(np.median(found)), ">=", FASTER[name]
            )  # fmt: skip
        for figure, (value_of, how, bound) in checks.items():
            value = value_of(own)
            yield {
                "benchmark": "experiments beat",
                "set": name,
                "seeds": len(own),
                "figure": figure,
                "value": round(value, 5),
                "asked": f"{how} {bound:g}",
                "reached": value >= bound if how == ">=" else value <= bound,
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--keras", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    for found in run(parser.parse_args()):
        print(json.dumps(found))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
