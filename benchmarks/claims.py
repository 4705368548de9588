"""What each model needs and sees: learning curves, and the smallest spot.

    python benchmarks/claims.py curves [--models pca mt ...] [--seeds 2] [--data DIR]
    python benchmarks/claims.py spots [--models pca mt ...] [--seeds 1]

curves: AUROC after learning from 10 to 200 good pictures, drawn terminals and two real sets, one
JSON line for each set, model, number and seed. Networks learn with two folds here instead of five,
which changes the limit and hardly the AUROC.

spots: the share of drawn terminals with one dark spot that are caught at a promised 1 % false
reject, after learning from 100, one line for each model, size and contrast.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import kenpin
from kenpin.drawn.marks import spot_at
from kenpin.drawn.terminals import draw_terminals
from kenpin.models import NAMES, NETWORKS
from kenpin.sources.contents import Labelled
from kenpin.sources.find import find_good
from quality import SHARED, material

NUMBERS = (10, 20, 50, 100, 200)
SETS = ("terminals", "juice_bottle", "metal_nut")
RADII = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)  # pixels of a picture 256 wide
CONTRASTS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)  # grey levels of 1
SPOTTED = 30
MODELS = tuple(name for name in NAMES if name != "cvae")  # without labels it is the vae


def good_of(name: str, number: int, data: Path, seed: int) -> list:
    if name == "terminals":
        return [draw_terminals(100_000 * (seed + 1) + n).pixels for n in range(number)]
    good = find_good(data / name)
    return [good[index] for index in np.random.default_rng(seed).permutation(len(good))[:number]]


def curves(arguments: argparse.Namespace) -> Iterator[dict]:
    for name in SETS:
        for seed in range(arguments.seeds):
            labelled = material(name, arguments.data, seed)[1]
            labelled = [Labelled(item.source, item.kind) for item in labelled]  # no pixel figures
            for model in arguments.models:
                recipe = kenpin.Recipe(model=model, seed=seed)
                if model in NETWORKS:
                    recipe = recipe.but(folds=2)
                for number in NUMBERS:
                    good = good_of(name, number, arguments.data, seed)
                    bundle = kenpin.learn(good, recipe)
                    used = len(bundle.provenance.pictures)
                    result = kenpin.evaluate(kenpin.Inspector(bundle), labelled)
                    yield {
                        "benchmark": "curves",
                        "set": name,
                        "model": model,
                        "seed": seed,
                        "learned_from": used,
                        "auroc": round(result.auroc, 4),
                    }


def spots(arguments: argparse.Namespace) -> Iterator[dict]:
    for seed in range(arguments.seeds):
        good = good_of("terminals", 100, arguments.data, seed)
        fresh = [draw_terminals(100_000 * (seed + 1) + 50_000 + n).pixels for n in range(SPOTTED)]
        for model in arguments.models:
            inspector = kenpin.Inspector(kenpin.learn(good, kenpin.Recipe(model=model, seed=seed)))
            clean = np.mean([inspector.inspect(pixels).outcome != "OK" for pixels in fresh])
            for radius in RADII:
                for contrast in CONTRASTS:
                    rng = np.random.default_rng([seed, 7])  # the same places for all
                    caught = [
                        inspector.inspect(spotted(pixels, contrast, radius, rng)).outcome != "OK"
                        for pixels in fresh
                    ]
                    yield {
                        "benchmark": "spots",
                        "model": model,
                        "seed": seed,
                        "radius": radius,
                        "contrast": contrast,
                        "caught": round(float(np.mean(caught)), 4),
                        "good_rejected": round(float(clean), 4),
                        "pieces": len(fresh),
                    }


def spotted(
    pixels: np.ndarray, contrast: float, radius: float, rng: np.random.Generator
) -> np.ndarray:
    """The picture with one dark spot somewhere in the middle four fifths."""
    height, width = pixels.shape
    place = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
    changed = spot_at(pixels[..., None].astype(np.float32) / 255, -contrast, radius, place)
    return np.clip(changed[..., 0] * 255 + 0.5, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["curves", "spots"])
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data", type=Path, default=SHARED)
    arguments = parser.parse_args()
    for line in curves(arguments) if arguments.what == "curves" else spots(arguments):
        print(json.dumps(line))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
