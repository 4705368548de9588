"""Promised against measured false rejects on fresh drawn terminals.

    python benchmarks/coverage.py [--draws 40] [--fresh 500] [--folds N] [--held-out kfold|split]

Each draw learns from 100 new good pieces and judges new good pieces. One JSON line for each stated
rate: the mean measured rate over the draws, its standard error, and its ratio to the stated rate.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

import kenpin
from kenpin.synth.terminals import draw_terminals

RATES = (0.05, 0.01)
TO_LEARN = 100
SIZE = (96, 128)


def measured(
    draw: int, fresh: int, model: str, held_out: str, folds: int | None
) -> list[tuple[float, float]]:
    """For each of RATES the share of fresh good pieces rejected, and what was promised."""
    first = 1_000_000 + draw * 100_000
    good = [draw_terminals(first + n, size=SIZE).pixels for n in range(TO_LEARN)]
    recipe = kenpin.Recipe(model=model, seed=draw, held_out=held_out, folds=folds)
    inspector = kenpin.Inspector(kenpin.learn(good, recipe))
    scores = np.array(
        [
            inspector.inspect(draw_terminals(first + 10_000 + n, size=SIZE).pixels).score
            for n in range(fresh)
        ]
    )
    asked = [replace(inspector.calibration, false_reject=rate) for rate in RATES]
    return [(float((scores > c.limit).mean()), c.promised_false_reject) for c in asked]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--fresh", type=int, default=500)
    parser.add_argument("--model", default="pca")
    parser.add_argument("--held-out", default="kfold")
    parser.add_argument("--folds", type=int)
    a = parser.parse_args()
    work = partial(measured, fresh=a.fresh, model=a.model, held_out=a.held_out, folds=a.folds)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = np.array(list(pool.map(work, range(a.draws))))  # (draws, rates, 2)
    for index, rate in enumerate(RATES):
        column, promised = results[:, index, 0], results[0, index, 1]
        line = {
            "benchmark": "coverage",
            "model": a.model,
            "held_out": a.held_out,
            "folds": a.folds or "default",
            "learned_from": TO_LEARN,
            "draws": a.draws,
            "fresh": a.fresh,
            "stated": rate,
            "promised": round(float(promised), 5),
            "measured": round(float(column.mean()), 5),
            "standard_error": round(float(column.std(ddof=1) / np.sqrt(a.draws)), 5),
            "ratio": round(float(column.mean() / rate), 3),
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main()
