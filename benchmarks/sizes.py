"""Whether features better look at two sizes of a picture than at one, on simulated defects.

    python benchmarks/sizes.py [SET ...] [--data DIR] [--seeds 3]

100 good pictures of each set, a third kept from everything and given simulated defects; the others
are learned, and give the limit by folds. No test picture is opened; `tire` and `solar_cell` took no
part in the choice. One JSON line for each way: the AUROC of each set, its mean, and the share of
simulated defects that are not above the limit.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import kenpin
from eyes import SETS
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.read import read_good_pictures
from quality import SHARED, material
from shifts import found, spoiled_third

WAYS = {"192": False, "256 and 128": True}
"""Pixels of the longer side."""


def of_set(good: GoodPictures, recipe: kenpin.Recipe) -> tuple[float, float]:
    """What `found` says."""
    held, spoiled = spoiled_third(good, recipe.seed)
    return found(good.without(held), good.inputs[held], spoiled, recipe)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    for way, twice in WAYS.items():
        each: dict[str, list[tuple[float, float]]] = {name: [] for name in arguments.sets}
        for name, figures in each.items():
            for seed in range(arguments.seeds):
                recipe = kenpin.Recipe(seed=seed, feature={"two_sizes": twice}).settled()
                given = material(name, arguments.data, seed)[0]
                good = read_good_pictures(given, None, recipe, lambda *_: None)
                figures.append(of_set(good, recipe))
        means = {name: np.mean(those, axis=0) for name, those in each.items()}
        mean = np.mean(list(means.values()), axis=0)
        line = {"benchmark": "sizes", "way": way, "seeds": arguments.seeds,
                "mean": round(float(mean[0]), 4), "missed": round(float(mean[1]), 4),
                **{name: round(float(area), 4) for name, (area, _) in means.items()}}  # fmt: skip
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
