"""Promised against measured false rejects on good pieces that took no part in learning.

    python benchmarks/coverage.py [--set NAME] [--model NAME] [--held-out kfold|split]
        [--folds N] [--untold] [--learn 100] [--draws 200] [--fresh 200] [--data DIR]
        [--processes 2] [--on local|ray|ray://HOST:PORT]

Each draw learns from 100 new good pieces, or as many as --learn says, and judges others. Sets:
terminals (drawn anew each time), two_parts (drawn connectors of four and of six terminals in one
file with labels, 100 of each), noisy_and_tight (the same connector by a good and by a bad camera,
as two labels), windows (drawn connectors, each terminal a window of its own), and the real sets, of
which each draw takes another 100 at random and judges the rest. review is terminals learned with
three answers: at 5 % the share that is NG, at 30 % that which is REVIEW or NG. --untold: nobody
says which label a piece should have.

One JSON line for each stated rate and, of one part, each rule of the limit: the mean measured rate
over the draws with its 95 % interval, and what was promised; by the rule "tail" what is expected.
`kept` is false when even the low end is above it. Whatever is not
OK, or with three answers REVIEW, is a false reject: NG, WRONG_PART and UNUSABLE alike; `unusable`
is the share of the last.
"""

import argparse
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

import kenpin
from kenpin.drawn.terminals import draw_terminals
from kenpin.scale import workers_on
from kenpin.sources.find import find_good, find_labelled
from kenpin.sources.picture import read_picture

RATES = (0.05, 0.02, 0.01)
RULES = ("rank", "tail")
SIZE = (96, 128)
PARTS = {"four": 4, "six": 6}
CAMERAS = {"tight": 0.0, "noisy": 12.0}  # grey levels of noise
WINDOWS = {f"terminal {n + 1}": (8 + 19 * n, 20, 17, 56) for n in range(6)}
LABELLED = ("two_parts", "noisy_and_tight")
DRAWN = ("terminals", "windows", "review", *LABELLED)
REVIEW = (0.05, 0.3)
SHARED = Path(__file__).parents[2] / "shared" / "data"

Pieces = list[tuple[str | None, object]]
"""Of each piece which part it is, where there are several, and its picture."""


def drawn(name: str, first: int, count: int) -> Pieces:
    """`count` good pieces, of each part where there are several."""
    if name == "noisy_and_tight":
        return [
            (camera, noisy(draw_terminals(first + n, size=SIZE).pixels, noise, first + n))
            for camera, noise in CAMERAS.items()
            for n in range(count)
        ]
    return [
        (part, draw_terminals(first + n, size=SIZE, terminals=terminals).pixels)
        for part, terminals in (PARTS if name == "two_parts" else {None: 6}).items()
        for n in range(count)
    ]


def noisy(pixels: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """The picture as a worse camera takes it."""
    added = np.random.default_rng(seed).normal(0, 1, pixels.shape) * noise
    return np.clip(pixels + added + 0.5, 0, 255).astype(np.uint8)


@cache
def pool(folder: Path) -> list[kenpin.Picture]:
    """Every good picture of a real set, whichever folder it is in."""
    tested = [item.source for item in find_labelled(folder) if item.good]
    read = [read_picture(source) for source in (*find_good(folder), *tested)]
    return list({picture.hash: picture for picture in read}.values())


def pieces(name: str, data: Path, draw: int, count: int, fresh: int) -> tuple[Pieces, Pieces]:
    """Those to learn from and those to judge."""
    if name in DRAWN:
        first = 1_000_000 + draw * 100_000
        return drawn(name, first, count), drawn(name, first + 10_000, fresh)
    every = pool(data / name)
    order = np.random.default_rng(draw).permutation(len(every))
    own: Pieces = [(None, every[index]) for index in order]
    return own[:count], own[count : count + fresh]


def measured(
    draw: int,
    count: int,
    fresh: int,
    name: str,
    data: Path,
    recipe: kenpin.Recipe,
    untold: bool,
) -> np.ndarray:
    """(rates, 3): the share of fresh good pieces rejected, the promise, the share UNUSABLE.

    Of one part for every rule of the limit, one after the other.
    """
    to_learn, to_judge = pieces(name, data, draw, count, fresh)
    own = recipe.but(seed=draw, windows=WINDOWS if name == "windows" else {})
    if name == "review":
        own = own.but(false_reject=REVIEW[0], review=REVIEW[1])
    labels = [part for part, _ in to_learn] if name in LABELLED else None
    bundle = kenpin.learn([p for _, p in to_learn], own, labels=labels, search=False)
    expected = [None if untold else part for part, _ in to_judge]
    pictures = [picture for _, picture in to_judge]
    if name == "review":
        return answered(kenpin.Inspector(bundle), pictures)
    if name in LABELLED:
        return np.array([judged_at(bundle, rate, pictures, expected) for rate in RATES])
    inspector = kenpin.Inspector(bundle)
    verdicts = [inspector.inspect(picture) for picture in pictures]
    unusable = np.array([one.outcome is kenpin.Outcome.UNUSABLE for one in verdicts])
    scores, found = np.array([one.score for one in verdicts]), []
    for rule in RULES:
        for rate in RATES:
            asked = replace(inspector.calibration, false_reject=rate, rule=rule)
            rejected = (scores > asked.limit) | unusable
            promised = rate if rule == "tail" else asked.promised_false_reject
            found.append((rejected.mean(), promised, unusable.mean()))
    return np.array(found)


def judged_at(
    bundle: kenpin.Bundle, rate: float, pictures: list, expected: list
) -> tuple[float, float, float]:
    """As `measured`, by the whole decision at this rate."""
    parts = tuple(
        replace(one, calibration=replace(one.calibration, false_reject=rate))
        for one in bundle.parts
    )
    inspector = kenpin.Inspector(replace(bundle, parts=parts))
    outcomes = [
        inspector.inspect(p, told).outcome for p, told in zip(pictures, expected, strict=True)
    ]
    promised = max(one.promised_false_reject for one in inspector.calibrations)
    rejected = np.mean([one is not kenpin.Outcome.OK for one in outcomes])
    return rejected, promised, np.mean([one is kenpin.Outcome.UNUSABLE for one in outcomes])


def answered(inspector: kenpin.Inspector, pictures: list) -> np.ndarray:
    """(2, 3): of NG, WRONG_PART and UNUSABLE, and the same of REVIEW with them."""
    outcomes = [inspector.inspect(picture).outcome for picture in pictures]
    not_ok = np.mean([one is not kenpin.Outcome.OK for one in outcomes])
    review = np.mean([one is kenpin.Outcome.REVIEW for one in outcomes])
    unusable = np.mean([one is kenpin.Outcome.UNUSABLE for one in outcomes])
    calibration = inspector.calibration
    return np.array(
        [
            (not_ok - review, calibration.promised_false_reject, unusable),
            (not_ok, calibration.promised_review, unusable),
        ]
    )


def numbered(work: partial, draw: int) -> tuple[int, np.ndarray]:
    return draw, work(draw)


def lines(arguments: argparse.Namespace) -> Iterator[dict]:
    a = arguments
    recipe = kenpin.Recipe(model=a.model, held_out=a.held_out, folds=a.folds)
    how = {"name": a.set, "data": a.data, "recipe": recipe, "untold": a.untold}
    work = partial(measured, count=a.learn, fresh=a.fresh, **how)
    with workers_on(a.on, a.processes) as workers:
        found = dict(workers.map(numbered, work, range(a.draws)))
    results = np.array([found[draw] for draw in range(a.draws)])  # (draws, rates, 3)
    rules = ("rank",) if a.set == "review" or a.set in LABELLED else RULES
    rates = REVIEW if a.set == "review" else RATES
    for index, (rule, rate) in enumerate(itertools.product(rules, rates)):
        column, promised = results[:, index, 0], float(results[0, index, 1])
        error = float(column.std(ddof=1) / np.sqrt(a.draws))
        mean = float(column.mean())
        low, high = max(0.0, mean - 1.96 * error), mean + 1.96 * error
        yield {
            "benchmark": "coverage",
            "set": f"{a.set}, untold" if a.untold else a.set,
            "model": a.model,
            "held_out": a.held_out,
            "folds": a.folds or "default",
            "limit": rule,
            "learned_from": a.learn,
            "draws": a.draws,
            "fresh": a.fresh,
            "stated": rate,
            "promised": round(promised, 5),
            "measured": round(mean, 5),
            "low": round(low, 5),
            "high": round(high, 5),
            "unusable": round(float(results[:, index, 2].mean()), 5),
            "ratio": round(mean / promised, 3),
            "kept": low <= promised,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="terminals")
    parser.add_argument("--model", default="pca")
    parser.add_argument("--held-out", default="kfold")
    parser.add_argument("--folds", type=int)
    parser.add_argument("--untold", action="store_true")
    parser.add_argument("--learn", type=int, default=100)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--fresh", type=int, default=200)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--on", default="local")
    for line in lines(parser.parse_args()):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
