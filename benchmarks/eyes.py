"""How features and pixels are best put together, on simulated defects on good pictures.

    python benchmarks/eyes.py [SET ...] [--data DIR] [--seeds 3]

100 good pictures of each set, drawn by the seed, of which a third is kept from both models and gets
simulated defects, as for `--model auto`. What each eye sees at most in a picture is brought to
deviations of the logarithm of what it sees in good ones; the ways to put the two together differ
after that. One JSON line for each way: the AUROC of each set, its mean over the sets and the share
of simulated defects that are no worse than the worst good picture. No test picture is opened. The
sets `tire` and `solar_cell` were left out of the choice.
"""

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import kenpin
from kenpin.drawn.defects import SIMULATED
from kenpin.learning.read import read_good_pictures
from kenpin.learning.trial import learn_trial
from kenpin.statistics.ranks import auroc
from quality import SHARED, material

SETS = ("metal_nut", "juice_bottle", "screw", "magnetic_tile", "terminals")
Peaks = NDArray[np.float64]
"""(N, 2) deviations above the usual good picture, of features and of pixels."""


def log_tail(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of how many good pictures are farther, were they normally distributed."""
    tail = np.vectorize(lambda one: 0.5 * math.erfc(one / math.sqrt(2)))(z)
    return np.log(np.maximum(tail, 1e-300))


def cauchy(peaks: Peaks) -> NDArray[np.float64]:
    """Nearly: the mean of the reciprocal tail probabilities (Liu and Xie, 2020, in the tail)."""
    tails = -log_tail(peaks)
    return np.logaddexp(tails[:, 0], tails[:, 1])


WAYS: dict[str, Callable[[Peaks], NDArray[np.float64]]] = {
    "features alone": lambda peaks: peaks[:, 0],
    "pixels alone": lambda peaks: peaks[:, 1],
    "the larger": lambda peaks: peaks.max(axis=1),
    "the sum": lambda peaks: peaks.sum(axis=1),
    "Fisher": lambda peaks: -log_tail(peaks).sum(axis=1),
    "Cauchy": cauchy,
    **{
        f"the larger, pixels by what they are above {handicap:g}": (
            lambda peaks, handicap=handicap: np.maximum(peaks[:, 0], peaks[:, 1] - handicap)
        )
        for handicap in (0.5, 1.0, 1.5, 2.0, 3.0)
    },
}


def peaks_of(name: str, data: Path, seed: int) -> dict[str, Peaks]:
    """Of held-out good pictures and, by kind, of the same with simulated defects."""
    recipe = kenpin.Recipe(model="both", seed=seed).settled()
    good = read_good_pictures(material(name, data, seed)[0], None, recipe, lambda *_: None)
    trial = learn_trial(good, recipe, lambda *_: None)
    measures = trial.measures("eyes", recipe.smoothing or 0.0)
    seen = {"good": trial.untouched, **dict(trial.simulated(lambda *_: None))}
    logarithms = {
        kind: np.log([
            [eye.max() for eye in measure.eyes(residual)]
            for measure, residual in zip(measures, one.residuals, strict=True)
        ])
        for kind, one in seen.items()
    }  # fmt: skip
    usual = logarithms["good"]
    middle, spread = np.median(usual, axis=0), usual.std(axis=0)
    return {kind: (one - middle) / spread for kind, one in logarithms.items()}


def found(peaks: dict[str, Peaks], way: str) -> tuple[float, float]:
    """The AUROC, its mean over the kinds, and the share that is no worse than any good picture."""
    good = WAYS[way](peaks["good"])
    bad = [WAYS[way](peaks[kind]) for kind in SIMULATED]
    truth = np.arange(2 * len(good)) >= len(good)
    areas = [auroc(np.concatenate([good, one]), truth) or 0.0 for one in bad]
    return float(np.mean(areas)), float(np.mean(np.concatenate(bad) <= good.max()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    seen = {
        name: [peaks_of(name, arguments.data, seed) for seed in range(arguments.seeds)]
        for name in arguments.sets
    }
    for way in WAYS:
        each = {name: np.mean([found(one, way) for one in those], axis=0)
                for name, those in seen.items()}  # fmt: skip
        mean = np.mean(list(each.values()), axis=0)
        line = {"benchmark": "eyes", "way": way, "seeds": arguments.seeds,
                "mean": round(float(mean[0]), 4), "missed": round(float(mean[1]), 4),
                **{name: round(float(area), 4) for name, (area, _) in each.items()}}  # fmt: skip
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
