"""Promised against measured false rejects on good pieces that took no part in learning.

    python benchmarks/coverage.py [--set NAME] [--model NAME] [--held-out kfold|split]
        [--folds N] [--draws 200] [--fresh 200] [--data DIR] [--processes 2]

Each draw learns from 100 new good pieces and judges others. Sets: terminals (drawn anew each
time), two_parts (drawn connectors of four and of six terminals in one file with labels, 100 of
each), windows (drawn connectors, each terminal a window of its own), and the real sets, of which
each draw takes another 100 at random and judges the rest. review is terminals learned with three
answers: at 5 % the share that is NG, at 30 % that which is REVIEW or NG.

One JSON line for each stated rate: the mean measured rate over the draws with its 95 % interval,
and what was promised. `kept` is false when even the low end is above the promise. A piece is
rejected when its score is above the limit, or with labels its margin above that of its own part;
pictures that cannot be used are another matter.
"""

import argparse
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

import kenpin
from kenpin.drawn.terminals import draw_terminals
from kenpin.judge.limits import Calibration
from kenpin.sources.find import find_good, find_labelled
from kenpin.sources.picture import read_picture

RATES = (0.05, 0.02, 0.01)
TO_LEARN = 100
SIZE = (96, 128)
PARTS = {"four": 4, "six": 6}
WINDOWS = {f"terminal {n + 1}": (8 + 19 * n, 20, 17, 56) for n in range(6)}
DRAWN = ("terminals", "two_parts", "windows", "review")
REVIEW = (0.05, 0.3)
SHARED = Path(__file__).parents[2] / "shared" / "data"

Pieces = list[tuple[str | None, object]]
"""Of each piece which part it is, where there are several, and its picture."""


def drawn(name: str, first: int, count: int) -> Pieces:
    """`count` good pieces, of each part where there are several."""
    return [
        (part, draw_terminals(first + n, size=SIZE, terminals=terminals).pixels)
        for part, terminals in (PARTS if name == "two_parts" else {None: 6}).items()
        for n in range(count)
    ]


@cache
def pool(folder: Path) -> list[kenpin.Picture]:
    """Every good picture of a real set, whichever folder it is in."""
    tested = [item.source for item in find_labelled(folder) if item.good]
    read = [read_picture(source) for source in (*find_good(folder), *tested)]
    return list({picture.hash: picture for picture in read}.values())


def pieces(name: str, data: Path, draw: int, fresh: int) -> tuple[Pieces, Pieces]:
    """Those to learn from and those to judge."""
    if name in DRAWN:
        first = 1_000_000 + draw * 100_000
        return drawn(name, first, TO_LEARN), drawn(name, first + 10_000, fresh)
    every = pool(data / name)
    order = np.random.default_rng(draw).permutation(len(every))
    own: Pieces = [(None, every[index]) for index in order]
    return own[:TO_LEARN], own[TO_LEARN : TO_LEARN + fresh]


def measured(draw: int, fresh: int, name: str, data: Path, recipe: kenpin.Recipe) -> np.ndarray:
    """(rates, 2): for each of RATES the share of fresh good pieces rejected, and the promise."""
    to_learn, to_judge = pieces(name, data, draw, fresh)
    own = recipe.but(seed=draw, windows=WINDOWS if name == "windows" else {})
    if name == "review":
        own = own.but(false_reject=REVIEW[0], review=REVIEW[1])
    labels = [part for part, _ in to_learn] if name == "two_parts" else None
    inspector = kenpin.Inspector(kenpin.learn([p for _, p in to_learn], own, labels=labels))
    verdicts = [inspector.inspect(picture, part) for part, picture in to_judge]
    if name == "review":
        return answered(inspector.calibration, verdicts)
    found = []
    for rate in RATES:
        rejected, promised = [], []
        for verdict in verdicts:
            asked = replace(inspector.calibration_of(verdict), false_reject=rate)
            above = verdict.score > asked.limit
            if asked.margin_limit is not None and verdict.margin is not None:
                above = above or verdict.margin > asked.margin_limit
            rejected.append(above)
            promised.append(asked.promised_false_reject)
        found.append((np.mean(rejected), max(promised)))
    return np.array(found)


def answered(calibration: Calibration, verdicts: list[kenpin.Verdict]) -> np.ndarray:
    """(2, 2): the share judged NG and what was promised, and the same of REVIEW and NG together."""
    judged = [verdict for verdict in verdicts if verdict.outcome is not kenpin.Outcome.UNUSABLE]
    ng = np.mean([verdict.outcome is kenpin.Outcome.NG for verdict in judged])
    not_ok = np.mean([verdict.outcome is not kenpin.Outcome.OK for verdict in judged])
    promises = calibration.promised_false_reject, calibration.promised_review
    return np.array([(ng, promises[0]), (not_ok, promises[1])])


def lines(arguments: argparse.Namespace) -> Iterator[dict]:
    a = arguments
    recipe = kenpin.Recipe(model=a.model, held_out=a.held_out, folds=a.folds)
    work = partial(measured, fresh=a.fresh, name=a.set, data=a.data, recipe=recipe)
    with ProcessPoolExecutor(a.processes) as workers:
        results = np.array(list(workers.map(work, range(a.draws))))  # (draws, rates, 2)
    for index, rate in enumerate(REVIEW if a.set == "review" else RATES):
        column, promised = results[:, index, 0], float(results[0, index, 1])
        error = float(column.std(ddof=1) / np.sqrt(a.draws))
        mean = float(column.mean())
        low, high = max(0.0, mean - 1.96 * error), mean + 1.96 * error
        yield {
            "benchmark": "coverage",
            "set": a.set,
            "model": a.model,
            "held_out": a.held_out,
            "folds": a.folds or "default",
            "learned_from": TO_LEARN,
            "draws": a.draws,
            "fresh": a.fresh,
            "stated": rate,
            "promised": round(promised, 5),
            "measured": round(mean, 5),
            "low": round(low, 5),
            "high": round(high, 5),
            "ratio": round(mean / promised, 3),
            "kept": low <= promised,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="terminals")
    parser.add_argument("--model", default="pca")
    parser.add_argument("--held-out", default="kfold")
    parser.add_argument("--folds", type=int)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--fresh", type=int, default=200)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    for line in lines(parser.parse_args()):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
