"""What the feature autoencoder's parts are worth, on simulated defects on good pictures.

    python benchmarks/feature.py [SET ...] [--data DIR] [--seeds 2]

Of 100 good pictures of each set, drawn by the seed, a third is kept from the model; every kind of
simulated defect is laid on each of these. One JSON line for each way: the AUROC of each set, its
mean over the sets. No test picture is opened.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import kenpin
from encoders import SETS
from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.judge.difference import Measure
from kenpin.judge.scoring import score
from kenpin.judge.variation import learn_variation
from kenpin.learning.read import read_good_pictures
from kenpin.models.encoder import own_encoder
from kenpin.models.feature import Feature, learn
from kenpin.models.pca import decompose
from kenpin.recipe.settings import FeatureSettings
from kenpin.sources.find import find_good
from kenpin.statistics.ranks import auroc
from quality import SHARED, TO_LEARN

SIZES, COMPONENTS = (128, 192, 256), (10, 20, 40)
SHIPPED = 192


def encoded(folder: Path, seed: int, side: int) -> dict[str, np.ndarray]:
    """Features of the pictures to learn from, of held-out good ones, and of these spoiled."""
    good = find_good(folder)
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(good))[:TO_LEARN]
    recipe = kenpin.Recipe(model="pca", size=(side, side), seed=seed)
    pictures = read_good_pictures([good[n] for n in drawn], None, recipe, lambda *_: None).pictures
    held_out, rest = pictures[: len(pictures) // 3], pictures[len(pictures) // 3 :]
    spoiled = [simulate(p, kind, rng)[0] for kind in SIMULATED for p in held_out]
    encode = own_encoder().encode
    return {"rest": encode(rest), "good": encode(held_out), "ng": encode(np.stack(spoiled))}


def ways(seen: dict[str, np.ndarray], shipped: bool) -> Iterator[tuple[str, float]]:
    rest = seen["rest"]
    settings = FeatureSettings(components=round(len(rest) * 2 / 3))
    model = learn(rest, settings, 0, lambda *_: None)
    yield "as shipped", found(model, seen, Measure("l2", 1 / 32), "top")
    if not shipped:
        return
    yield (
        "largest value instead of the largest hundredth",
        found(model, seen, Measure("l2", 1 / 32), "max"),
    )
    yield "mean", found(model, seen, Measure("l2", 0), "mean")
    yield "in good-part units of held-out residuals, largest value", in_units(seen, settings)
    for count in COMPONENTS:
        fewer = learn(rest, FeatureSettings(components=count), 0, lambda *_: None)
        yield f"{count} components", found(fewer, seen, Measure("l2", 1 / 32), "top")
    white = (rest @ model.whitening).astype(np.float32)
    spread = np.maximum(white.std(axis=0), 1e-3)
    for words, deviations in (
        ("no regard to how much a place varies", np.ones_like(spread)),
        ("every place in its own deviations", spread),
    ):
        pca = decompose(white / deviations, len(model.pca.components))
        other = Feature(model.whitening, deviations, pca)
        yield words, found(other, seen, Measure("l2", 1 / 32), "top")
    channels = rest.reshape(-1, rest.shape[-1]).std(axis=0)
    plain = np.diag(1 / channels).astype(np.float32)
    only = (rest @ plain).astype(np.float32)
    ones = np.ones(only.shape[1:], np.float32)
    other = Feature(plain, ones, decompose(only, len(model.pca.components)))
    yield "channels standardised, not whitened", found(other, seen, Measure("l2", 1 / 32), "top")


def found(model: Feature, seen: dict[str, np.ndarray], measure: Measure, how: str) -> float:
    values = {
        kind: [score(measure.map(r, r), how) for r in model.residual(seen[kind])]
        for kind in ("good", "ng")
    }
    return area(values["good"], values["ng"])


def in_units(seen: dict[str, np.ndarray], settings: FeatureSettings) -> float:
    rest = seen["rest"]
    folds = np.arange(len(rest)) % 10
    residuals = None
    for fold in range(10):
        part = learn(rest[folds != fold], settings, 0, lambda *_: None).residual(
            rest[folds == fold]
        )
        residuals = np.empty((len(rest), *part.shape[1:]), np.float32) if fold == 0 else residuals
        residuals[folds == fold] = part
    model = learn(rest, settings, 0, lambda *_: None)
    variation, _ = learn_variation(residuals, folds)
    return found(model, seen, Measure("units", 0, variation), "max")


def area(good: list[float], ng: list[float]) -> float:
    values = np.array([*good, *ng])
    return auroc(values, np.arange(len(values)) >= len(good)) or 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    table: dict[str, dict[str, list[float]]] = {}
    for name in arguments.sets or SETS:
        for seed in range(arguments.seeds):
            for side in SIZES:
                seen = encoded(arguments.data / name, seed, side)
                for way, value in ways(seen, side == SHIPPED):
                    words = way if side == SHIPPED else f"seen with {side} pixels"
                    table.setdefault(words, {}).setdefault(name, []).append(value)
    for way, sets in table.items():
        means = {name: round(float(np.mean(values)), 4) for name, values in sets.items()}
        mean = round(float(np.mean(list(means.values()))), 4)
        print(json.dumps({"benchmark": "feature", "way": way, "mean": mean, **means}))


if __name__ == "__main__":
    main()
