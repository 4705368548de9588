"""How far good pictures are best shifted, and whether the map is averaged, on simulated defects.

    python benchmarks/shifts.py [SET ...] [--data DIR] [--seeds 2]

100 good pictures of each set, a third kept from everything and given simulated defects; the others
are learned, and give the limit by folds. No test picture is opened; `tire` and `solar_cell` took no
part in the choice. One JSON line for each way: the AUROC of each set, its mean, and the share of
simulated defects that are not above the limit.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np

import kenpin
from eyes import SETS
from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.judge import compare
from kenpin.learning import windows
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.held_out import learn_held_out
from kenpin.learning.read import read_good_pictures
from kenpin.learning.windows import shifted_inputs
from kenpin.statistics.ranks import auroc
from quality import SHARED, material

SHARES = (0.0, 0.01)
"""Of the longer side; 0: not shifted."""
SMOOTHINGS = (0.0, 1 / 32)


def found(
    few: GoodPictures, held: np.ndarray, spoiled: dict[str, np.ndarray], recipe: kenpin.Recipe
) -> tuple[float, float]:
    """The mean AUROC over the kinds, and the share that is not above the largest held-out score.

    few: to learn from. held: inputs of the others; spoiled: the same with simulated defects.
    """
    learned = learn_held_out(few, recipe, lambda *_: None)
    measure = learned.measures[0].final

    def scores(inputs: np.ndarray) -> np.ndarray:
        residuals, _ = compare(learned.model, inputs)
        pairs = zip(inputs, residuals, strict=True)
        return np.array([measure.map(one, residual).max() for one, residual in pairs])

    good, truth = scores(held), np.arange(2 * len(held)) >= len(held)
    bad = [scores(one) for one in spoiled.values()]
    areas = [auroc(np.concatenate([good, one]), truth) or 0.0 for one in bad]
    limit = learned.scores.own.max()
    return float(np.mean(areas)), float(np.mean(np.concatenate(bad) <= limit))


def spoiled_third(good: GoodPictures, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(N,) True for a third of them, and by kind the inputs of those with simulated defects."""
    rng = np.random.default_rng(seed)
    held = np.isin(np.arange(len(good.pictures)), rng.permutation(len(good.pictures))[::3])
    pictures = good.pictures[held]
    return held, {
        kind: good.encoder.encode(np.stack([simulate(one, kind, rng)[0] for one in pictures]))
        for kind in SIMULATED
    }


def of_set(
    good: GoodPictures, recipe: kenpin.Recipe
) -> Iterator[tuple[tuple[float, float], tuple]]:
    """For each way what `found` says."""
    encoder, (held, spoiled) = good.encoder, spoiled_third(good, recipe.seed)
    for share in SHARES:
        with patch.object(windows, "_FURTHEST", share):
            shifted = shifted_inputs(good.pictures, encoder, recipe) if share else None
        few = replace(good, shifted=shifted).without(held)
        for smoothing in SMOOTHINGS:
            way = recipe.but(smoothing=smoothing)
            yield (share, smoothing), found(few, good.inputs[held], spoiled, way)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    every: dict[tuple[float, float], dict[str, list]] = {}
    for name in arguments.sets:
        for seed in range(arguments.seeds):
            recipe = kenpin.Recipe(seed=seed).settled()
            given = material(name, arguments.data, seed)[0]
            good = read_good_pictures(given, None, recipe, lambda *_: None)
            for way, figures in of_set(good, recipe):
                every.setdefault(way, {}).setdefault(name, []).append(figures)
    for (share, smoothing), sets in every.items():
        each = {name: np.mean(those, axis=0) for name, those in sets.items()}
        mean = np.mean(list(each.values()), axis=0)
        line = {"benchmark": "shifts", "shift": share, "smoothing": round(smoothing, 4),
                "seeds": arguments.seeds, "mean": round(float(mean[0]), 4),
                "missed": round(float(mean[1]), 4),
                **{name: round(float(area), 4) for name, (area, _) in each.items()}}  # fmt: skip
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
