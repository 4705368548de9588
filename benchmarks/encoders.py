"""How well simulated defects are found with each encoder: only good pictures are used.

    python benchmarks/encoders.py NAME=GRAPH.onnx ... [--data DIR] [--seeds 2]

`kenpin` without a file is the encoder in the package. One JSON line for each encoder and set, then
one with the mean over the sets. 100 good pictures of each set, drawn by the seed, of which a third
is kept from the model and gets simulated defects: what `--model auto` does. This is what choices
about the encoder are made by; no test picture is opened.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

import kenpin
from kenpin.learning.choose import candidates_of
from kenpin.learning.read import read_good_pictures
from kenpin.sources.find import find_good
from quality import SHARED, TO_LEARN

SETS = ("metal_nut", "juice_bottle", "screw", "solar_cell", "magnetic_tile")


def simulated(backbone: str, folder: Path, seed: int, size: tuple[int, int] | None) -> float:
    good = find_good(folder)
    drawn = np.random.default_rng(seed).permutation(len(good))[:TO_LEARN]
    recipe = kenpin.Recipe(feature={"backbone": backbone}, seed=seed, size=size).settled()
    material = read_good_pictures([good[n] for n in sorted(drawn)], None, recipe, lambda *_: None)
    (row,) = candidates_of(material, recipe, lambda *_: None)
    return row["auroc"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoders", nargs="+")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--size", type=int, help="of both sides, instead of the default")
    arguments = parser.parse_args()
    size = (arguments.size, arguments.size) if arguments.size else None
    for encoder in arguments.encoders:
        name, _, graph = encoder.partition("=")
        means = []
        for set_name in SETS:
            values = [
                simulated(graph or name, arguments.data / set_name, seed, size)
                for seed in range(arguments.seeds)
            ]
            means.append(float(np.mean(values)))
            line = {"set": set_name, "auroc_simulated": round(means[-1], 4), "seeds": len(values)}
            print(json.dumps({"benchmark": "encoders", "encoder": name} | line))
        line = {"set": "mean", "auroc_simulated": round(float(np.mean(means)), 4)}
        print(json.dumps({"benchmark": "encoders", "encoder": name, "size": arguments.size} | line))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
