"""Drawn wire harnesses: what is found, what is thrown away, how long it takes.

    python benchmarks/harness.py [defects] [plain] [coverage] [ranks] [speed] [lengths]
        [names] [--designs 5] [--draws 40]
    python benchmarks/harness.py pictures --out harness.png
    python benchmarks/harness.py kinds --out harness-kinds.jpg
    python benchmarks/harness.py folders --out DIR

Five designs of two to six branches on a green board; each piece lies anew. `defects`: 50 good ones
are learned; of 40 others and four pieces of each kind of defect, the area under the curve of the
scores (what cannot be followed counts as the highest), how many are found, and how many good ones
are not OK; a branch too short or too long by 3, 5 and 10 % apart. `plain`: the same pictures,
judged by features as any part. `coverage`: how many of 100 good ones are not OK, over draws of 50
to learn from, as many of each design, with features alone, which learn faster. `ranks`: of other
draws how many of 60 good ones score above the first, third … of those held out. `speed`:
milliseconds for a picture of two megapixels, and seconds to learn 50. `lengths`: over 36 drawn
pieces, the standard deviation of what is measured less the truth, in pixels. `names`: of 100 pieces
beside 36 learned how many branches have the name they had on the first. One JSON line for each
result. `pictures`: three defects with what is shown of them. `kinds`: of each kind the first that
is found and, where one of twenty is, the first that is missed. `folders`: the pictures of `defects`
as files, for other tools.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from textwrap import fill
from time import perf_counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kenpin.drawn import HARNESS_DEFECTS, draw_harness
from kenpin.harness import TRUNK
from kenpin.harness.learn_harness import learn_harness
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.recipe import Recipe
from kenpin.report import triple
from kenpin.sources import write_png
from kenpin.types import Outcome, Picture, Pixels, Verdict

DESIGNS = ((4, 2), (5, 1), (3, 4), (6, 5), (2, 7))  # branches, and which design
GROSS = ("branch_missing", "branch_added", "branch_moved", "tape_missing", "connector_missing",
         "connector_wrong", "crushed")  # fmt: skip
RANKS = (1, 3, 5, 10, 25)  # of held-out scores, from the largest
TO_LEARN, GOOD, OF_EACH = 50, 40, 4
RECIPE = Recipe(kind="harness", false_reject=0.02)


def drawn(design: tuple[int, int], seed: int, kind: str = "good", **how: Any) -> Pixels:
    return draw_harness(seed, kind, branches=design[0], design=design[1], board="green",
                        **how).pixels  # fmt: skip


def score_of(verdict: Verdict) -> float:
    return np.inf if verdict.outcome is Outcome.UNUSABLE else verdict.score


def found(verdict: Verdict) -> bool:
    return verdict.outcome is not Outcome.OK


def area(good: Sequence[float], bad: Sequence[float]) -> float:
    """Under the curve; ties count half."""
    one, other = np.array(bad)[:, None], np.array(good)[None]
    return float(((one > other) + 0.5 * (one == other)).mean())


def judged(inspector: Inspector, design: tuple[int, int], kind: str, count: int, first: int,
           **how: Any) -> list[Verdict]:  # fmt: skip
    return [inspector.inspect(drawn(design, first + n, kind, **how)) for n in range(count)]


def defects(designs: Sequence[tuple[int, int]], what: str = "defects") -> Iterator[dict[str, Any]]:
    recipe = RECIPE if what == "defects" else Recipe(model="feature", false_reject=0.02)
    for design in designs:
        good = [drawn(design, seed) for seed in range(TO_LEARN)]
        began = perf_counter()
        inspector = Inspector(learn(good, recipe, search=False))
        seconds = perf_counter() - began
        fine = judged(inspector, design, "good", GOOD, 1000)
        usual = [score_of(one) for one in fine]
        row = {"what": what, "branches": design[0], "design": design[1], "learned": TO_LEARN,
               "learn_s": round(seconds, 1), "limit": round(inspector.calibration.limit, 3),
               "good": GOOD, "rejected": sum(map(found, fine)),
               "unusable": sum(one.outcome is Outcome.UNUSABLE for one in fine)}  # fmt: skip
        every: list[float] = []
        kinds = {}
        for kind in HARNESS_DEFECTS:
            own = judged(inspector, design, kind, OF_EACH, 2000)
            scores = [score_of(one) for one in own]
            every += scores
            kinds[kind] = {"auroc": round(area(usual, scores), 4), "found": sum(map(found, own)),
                           "of": OF_EACH}  # fmt: skip
        lengths = {}
        for amount in (0.03, 0.05, 0.1) if what == "defects" else ():
            tried = inspector, design
            own = [*judged(*tried, "too_short", OF_EACH, 3000, amount=amount),
                   *judged(*tried, "too_long", OF_EACH, 3000, amount=amount)]  # fmt: skip
            lengths[f"{amount:.0%}"] = {"found": sum(map(found, own)), "of": len(own)}
        yield row | {"auroc": round(area(usual, every), 4), "kinds": kinds, "lengths": lengths}


def coverage(design: tuple[int, int], draws: int) -> Iterator[dict[str, Any]]:
    recipe = RECIPE.but(model="feature", difference=None, score=None, smoothing=None)
    rejected, by_sizes, outcomes, promised = [], [], Counter[str](), 0.0
    for draw in range(draws):
        first = 10_000 * (draw + 1)
        good = [drawn(design, first + seed) for seed in range(TO_LEARN)]
        inspector = Inspector(learn(good, recipe, search=False))
        verdicts = judged(inspector, design, "good", 100, first + 5000)
        bad = [one for one in verdicts if found(one)]
        rejected.append(len(bad))
        by_sizes.append(sum(any(s.outcome is Outcome.NG for s in one.sizes) for one in bad))
        outcomes.update(one.outcome.value for one in verdicts)
        promised = inspector.calibration.promised_false_reject
    yield {"what": "coverage", "branches": design[0], "design": design[1], "draws": draws,
           "learned": TO_LEARN, "tested": 100, "promised": round(promised, 4),
           "rejected": round(float(np.mean(rejected)) / 100, 4), "of_each_draw": rejected,
           "by_sizes": by_sizes, "outcomes": dict(outcomes)}  # fmt: skip


def ranks(design: tuple[int, int], draws: int) -> Iterator[dict[str, Any]]:
    recipe = RECIPE.but(model="feature", difference=None, score=None, smoothing=None)
    above = []
    for draw in range(draws):
        first = 10_000 * (draw + 9)  # others than those of `coverage`
        good = [drawn(design, first + seed) for seed in range(TO_LEARN)]
        inspector = Inspector(learn(good, recipe, search=False))
        held_out = np.sort(inspector.calibration.scores)[::-1]
        verdicts = judged(inspector, design, "good", 60, first + 5000)
        scores = np.array([score_of(verdict) for verdict in verdicts])
        above.append([int((scores > held_out[rank - 1]).sum()) for rank in RANKS])
    yield {"what": "ranks", "branches": design[0], "design": design[1], "draws": draws,
           "learned": TO_LEARN, "tested": 60, "ranks": RANKS, "above": above}  # fmt: skip


def speed(design: tuple[int, int]) -> Iterator[dict[str, Any]]:
    size = 1224, 1632  # two megapixels
    good = [drawn(design, seed, size=size) for seed in range(TO_LEARN)]
    began = perf_counter()
    inspector = Inspector(learn(good, RECIPE, search=False))
    seconds = perf_counter() - began
    times = []
    for picture in good[:25]:
        began = perf_counter()
        inspector.inspect(picture)
        times.append(1000 * (perf_counter() - began))
    yield {"what": "speed", "branches": design[0], "pixels": size[0] * size[1],
           "learn_s": round(seconds, 1), "median_ms": round(float(np.median(times)), 1),
           "slowest_ms": round(max(times), 1)}  # fmt: skip


def lengths(design: tuple[int, int]) -> Iterator[dict[str, Any]]:
    pieces = [draw_harness(seed, branches=design[0], design=design[1], board="green")
              for seed in range(36)]  # fmt: skip
    harness = learn_harness([piece.pixels for piece in pieces], {})
    assert harness is not None
    errors: dict[str, list[float]] = {}
    for piece in pieces:
        trunk, known = piece.lines[TRUNK], piece.lengths
        found = dict(zip(harness.measures, harness.read(piece.pixels).values, strict=True))
        for measure, value in found.items():
            if measure.line == harness.pattern.last and measure.kind == "length":
                truth = (known[TRUNK] + known[measure.line]) * piece.scale
            elif measure.kind in ("at", "length"):
                at = float(np.linalg.norm(trunk - piece.lines[measure.line][0], axis=1).argmin())
                at *= float(np.linalg.norm(np.diff(trunk, axis=0), axis=1).mean())
                long = known[measure.line] * piece.scale
                truth = {"at": at, "length": long}[measure.kind]
            else:
                continue
            errors.setdefault(f"{measure.line}.{measure.kind}", []).append(value - truth)
    spread = {name: round(float(np.nanstd(own)), 2) for name, own in errors.items()}
    yield {"what": "lengths", "branches": design[0], "design": design[1], "pieces": len(pieces),
           "spread_px": spread}  # fmt: skip


def names(design: tuple[int, int]) -> Iterator[dict[str, Any]]:
    pieces = [draw_harness(seed, branches=design[0], design=design[1], board="green")
              for seed in range(136)]  # fmt: skip
    harness = learn_harness([piece.pixels for piece in pieces[:36]], {})
    assert harness is not None
    right = ends = read = 0
    of_first = _names_of(harness.read(pieces[0].pixels).lines, pieces[0].lines)
    for piece in pieces[36:]:
        reading = harness.read(piece.pixels)
        read += reading.fault is None
        found = _names_of(reading.lines, piece.lines)
        ends += len(found)
        right += sum(of_first[name] == true for name, true in found.items())
    yield {"what": "names", "branches": design[0], "design": design[1], "pieces": 100,
           "followed": read, "ends": ends, "named_right": right}  # fmt: skip


def _names_of(lines: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, str]:
    """Of each branch that was found the drawn one whose tip is nearest to its own."""
    tips = {name: line[-1] for name, line in known.items() if name != TRUNK}
    return {
        name: min(tips, key=lambda one: float(np.linalg.norm(tips[one] - line[-1])))
        for name, line in lines.items()
        if name != TRUNK
    }


def pictures(design: tuple[int, int], out: Path) -> None:
    recipe = RECIPE.but(scale={"pixels": 1280, "mm": 420})
    inspector = Inspector(learn([drawn(design, seed) for seed in range(TO_LEARN)], recipe))
    shown = []
    for seed, kind, amount in ((4001, "too_short", 0.15), (4002, "tape_missing", 0),
                               (4004, "connector_wrong", 0)):  # fmt: skip
        picture = Picture(drawn(design, seed, kind, amount=amount), kind)
        verdict = inspector.inspect(picture)
        words = "; ".join(str(note) for note in verdict.notes[:1])
        shown.append(triple(picture, verdict, largest=300, name=words))
        print(json.dumps({"benchmark": "harness", "what": "picture", "kind": kind,
                          "verdict": verdict.outcome.value, "words": words}))  # fmt: skip
    wide = max(one.shape[1] for one in shown)
    padded = [np.pad(one, ((0, 8), (0, wide - one.shape[1]), (0, 0)), constant_values=255)
              for one in shown]  # fmt: skip
    write_png(out, np.concatenate(padded))


def kinds(design: tuple[int, int], out: Path) -> None:
    inspector = Inspector(learn([drawn(design, seed) for seed in range(TO_LEARN)], RECIPE))
    shown: list[tuple[str, str, Pixels]] = []
    for kind in HARNESS_DEFECTS:
        seen = set()
        for seed in range(5000, 5020):
            piece = draw_harness(seed, kind, branches=design[0], design=design[1], board="green")
            verdict = inspector.inspect(Picture(piece.pixels, kind))
            if (caught := found(verdict)) not in seen:
                seen.add(caught)
                words = str(verdict.notes[0]) if caught and verdict.notes else ""
                title = f"{kind.replace('_', ' ')}: {'found' if caught else 'MISSED'}"
                shown.append((title, words, close(piece.pixels, piece.mask)))
                row = {"benchmark": "harness", "what": "kind", "kind": kind, "seed": seed,
                       "verdict": verdict.outcome.value, "words": words,
                       "in_limits": round(verdict.score / verdict.limit, 3)}  # fmt: skip
                print(json.dumps(row))
    across = 5
    figure = Figure(figsize=(13, 3.05 * -(-len(shown) // across)), dpi=100, layout="constrained")
    for number, (title, words, pixels) in enumerate(shown, start=1):
        axes = figure.add_subplot(-(-len(shown) // across), across, number)
        axes.imshow(pixels)
        axes.set_title(title, fontsize=10, color="#a02030" if "MISSED" in title else "black")
        axes.set_xlabel(fill(words, 42), fontsize=7.5)
        axes.set(xticks=[], yticks=[])
    figure.savefig(out)


def close(pixels: Pixels, mask: NDArray[np.bool_]) -> Pixels:
    """The defect in a square with something around it; all of the piece where it is long."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    height, width = mask.shape
    side = min(height, max(200, int(1.5 * max(np.ptp(rows), np.ptp(columns)))))
    top = min(max((rows[0] + rows[-1] - side) // 2, 0), height - side)
    left = min(max((columns[0] + columns[-1] - side) // 2, 0), width - side)
    return pixels[top : top + side, left : left + side]


def folders(designs: Sequence[tuple[int, int]], out: Path) -> None:
    """The pictures of `defects` as files, in the layout of MVTec AD, for other tools."""
    for design in designs:
        place = out / f"harness-{design[0]}"
        for kind, count, first, folder in (
            ("good", TO_LEARN, 0, "train/good"),
            ("good", GOOD, 1000, "test/good"),
            *((kind, OF_EACH, 2000, f"test/{kind}") for kind in HARNESS_DEFECTS),
        ):
            (place / folder).mkdir(parents=True, exist_ok=True)
            for n in range(count):
                write_png(place / folder / f"{n:03}.png", drawn(design, first + n, kind))


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("what", nargs="*", default=["defects", "plain", "coverage", "speed"])
    told.add_argument("--designs", type=int, default=len(DESIGNS))
    told.add_argument("--draws", type=int, default=40)
    told.add_argument("--out", type=Path)
    a = told.parse_args()
    if a.out is not None:
        how_written = {"kinds": lambda: kinds(DESIGNS[0], a.out),
                       "pictures": lambda: pictures(DESIGNS[0], a.out),
                       "folders": lambda: folders(DESIGNS[: a.designs], a.out)}  # fmt: skip
        for what in a.what:
            how_written[what]()
        return
    how = {"defects": lambda: defects(DESIGNS[: a.designs]),
           "plain": lambda: defects(DESIGNS[: a.designs], "plain"),
           "ranks": lambda: chain.from_iterable(
               ranks(one, a.draws // a.designs) for one in DESIGNS[: a.designs]),
           "coverage": lambda: chain.from_iterable(
               coverage(one, a.draws // a.designs) for one in DESIGNS[: a.designs]),
           "speed": lambda: speed(DESIGNS[0]),
           "names": lambda: chain.from_iterable(map(names, DESIGNS[: a.designs])),
           "lengths": lambda: chain.from_iterable(map(lengths, DESIGNS[: a.designs]))}  # fmt: skip
    for what in a.what:
        for row in how[what]():
            print(json.dumps({"benchmark": "harness"} | row), flush=True)


if __name__ == "__main__":
    main()
