"""Adding good pictures to a part beside learning from all of them at once.

    python benchmarks/adding.py [SET ...] [--data DIR] [--seeds 2] [--models feature pca]

Of 100 good pictures of each set, drawn by the seed, 50 are learned and 50 are added. One JSON line
for each set and model, means over the seeds.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

import kenpin
from encoders import SETS
from kenpin.learning.more_pictures import add
from kenpin.sources.find import find_good, find_labelled
from quality import SHARED, TO_LEARN


def measure(folder: Path, model: str, seed: int) -> dict[str, float]:
    good = find_good(folder)
    drawn = np.random.default_rng(seed).permutation(len(good))[:TO_LEARN]
    pictures = [good[n] for n in drawn]
    recipe = kenpin.Recipe(model=model, seed=seed)
    half = kenpin.learn(pictures[: TO_LEARN // 2], recipe)
    parts = {
        "half": half,
        "added": add(half, pictures[TO_LEARN // 2 :]),
        "at_once": kenpin.learn(pictures, recipe),
    }
    labelled = find_labelled(folder)
    figures = {}
    for way, part in parts.items():
        result = kenpin.evaluate(kenpin.Inspector(part), labelled)
        figures[way] = result.auroc
        figures[f"{way}_false_reject"] = result.false_reject.rate
        figures[f"{way}_limit"] = part.parts[0].calibration.limit
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--models", nargs="*", default=["feature", "pca"])
    arguments = parser.parse_args()
    for name in arguments.sets or SETS:
        for model in arguments.models:
            found = [measure(arguments.data / name, model, seed) for seed in range(arguments.seeds)]
            means = {key: round(float(np.mean([f[key] for f in found])), 4) for key in found[0]}
            print(json.dumps({"benchmark": "adding", "set": name, "model": model} | means))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
