"""How well defects are found: our judge beside plain MSE on the same reconstructions.

    python benchmarks/quality.py [SET ...] [--data DIR] [--seeds 3] [--model NAME] [--recipe TOML]

One JSON line for each set and seed, then one with mean and spread for each set. At most 100 good
pictures to learn from, drawn by the seed; defaults otherwise. Test labels choose nothing here (what
was seen before defaults were fixed is said in docs/decisions/feature.md).
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import kenpin
from kenpin.drawn.terminals import TERMINAL_DEFECTS, draw_terminals
from kenpin.sources.contents import Labelled
from kenpin.sources.find import find_good, find_labelled

TO_LEARN = 100
SHARED = Path(__file__).parents[2] / "shared" / "data"
REAL = ("metal_nut", "juice_bottle", "screw", "solar_cell", "magnetic_tile", "tire")
DRAWN = "terminals"


def material(name: str, data: Path, seed: int) -> tuple[list, list[Labelled]]:
    if name != DRAWN:
        good = find_good(data / name)
        chosen = np.random.default_rng(seed).permutation(len(good))[:TO_LEARN]
        return [good[index] for index in sorted(chosen)], find_labelled(data / name)
    first = 100_000 * (seed + 1)
    good = [draw_terminals(first + n).pixels for n in range(TO_LEARN)]
    fresh = [draw_terminals(first + 10_000 + n) for n in range(100)]
    ng = [draw_terminals(first + 20_000 + n, kind) for kind in TERMINAL_DEFECTS for n in range(25)]
    return good, [Labelled(d.pixels, d.kind, d.mask) for d in (*fresh, *ng)]


def measure(name: str, recipe: kenpin.Recipe, data: Path, seed: int) -> dict:
    good, labelled = material(name, data, seed)
    start = time.perf_counter()
    bundle = kenpin.learn(good, recipe.but(seed=seed))
    seconds = time.perf_counter() - start
    result = kenpin.evaluate(kenpin.Inspector(bundle), labelled)
    return {
        "benchmark": "quality",
        "set": name,
        "model": recipe.model,
        "seed": seed,
        "learned_from": len(good),
        "auroc": round(result.auroc, 4),
        "auroc_mse": round(result.auroc_mse, 4),
        "false_reject": round(result.false_reject.rate, 4),
        "escape": round(result.escape.rate, 4),
        "escape_mse": round(result.escape_mse.rate, 4),
        "pixel_auroc": result.pixel_auroc and round(result.pixel_auroc, 4),
        "aupro": result.aupro and round(result.aupro, 4),
        "by_kind": {kind: round(area, 4) for kind, (_, area) in result.by_kind.items()},
        "learn_s": round(seconds, 2),
    }


def summary(lines: list[dict]) -> dict:
    first = lines[0]
    figures = ("auroc", "auroc_mse", "false_reject", "escape", "escape_mse", "learn_s")
    return {
        "benchmark": "quality summary",
        "set": first["set"],
        "model": first["model"],
        "seeds": len(lines),
        "learned_from": first["learned_from"],
        **{key: round(float(np.mean([line[key] for line in lines])), 4) for key in figures},
        "auroc_spread": round(float(np.ptp([line["auroc"] for line in lines])), 4),
        "by_kind": {
            kind: round(float(np.mean([line["by_kind"][kind] for line in lines])), 4)
            for kind in first["by_kind"]
        },
    }


def run(arguments: argparse.Namespace) -> Iterator[dict]:
    recipe = kenpin.Recipe.read(arguments.recipe) if arguments.recipe else kenpin.Recipe()
    recipe = recipe.but(model=arguments.model)
    for name in arguments.sets or (*REAL, DRAWN):
        lines = []
        for seed in range(arguments.seeds):
            lines.append(measure(name, recipe, arguments.data, seed))
            yield lines[-1]
        yield summary(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--model", default="both")
    parser.add_argument("--recipe", type=Path)
    for line in run(parser.parse_args()):
        print(json.dumps(line))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
