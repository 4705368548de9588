"""Whether simulated defects rank judges as the real defects of open sets do.

    python benchmarks/standins.py judges [SET ...] [--encoder NAME=GRAPH.onnx ...] > judges.jsonl
    python benchmarks/standins.py ranks judges.jsonl [--kinds KIND ...]

`judges`: each of some twenty judges (models, sizes, encoders, differences, scores) learns from two
thirds of 100 good pictures of a set. One JSON line for each judge and set: its AUROC on the set's
own test pictures (at most 60 good and 150 NG, drawn once) and on each kind of simulated defect on
the other third. `ranks`: Spearman's and Kendall's rank correlation between the real AUROC and the
mean over the kinds, one JSON line for each set and one with the mean; only some kinds on request.

Test labels take part here, and only here, to find out what stands for a real defect: so two sets,
`tire` and `solar_cell`, take no part in choosing the kinds, and no judge is chosen by this.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau, spearmanr

import kenpin
from kenpin.learning.good_pictures import GoodPictures
from kenpin.learning.read import read_good_pictures
from kenpin.learning.trial import areas, learn_trial, mean_area
from kenpin.sources.contents import Labelled
from kenpin.sources.picture import read_picture
from kenpin.statistics.ranks import auroc
from quality import REAL, SHARED, material

CHOSEN_ON = ("metal_nut", "juice_bottle", "screw", "magnetic_tile")
LEFT_OUT = ("tire", "solar_cell")
_GOOD, _NG = 60, 150

Way = tuple[str, dict[str, object], list[tuple[str, str, float]]]
"""A name, what is set in the recipe, and differences, scores and smoothings to judge by."""


def ways(encoders: list[str]) -> Iterator[Way]:
    eyes, squared = [("eyes", "max", 0.0)], [("l2", "max", 1 / 32), ("l2", "mean", 0.0)]
    yield "both", {"model": "both"}, eyes
    yield "both, two sizes", {"model": "both", "feature": {"two_sizes": True}}, eyes
    yield "feature", {"model": "feature"}, [*squared, ("units", "max", 0.0)]
    for components in (3, 10):
        few = {"model": "feature", "feature": {"components": components}}
        yield f"feature, {components} components", few, squared[:1]
    for side in (96, 128, 256):
        yield f"feature {side}", {"model": "feature", "longest": side}, squared[:1]
    for encoder in encoders:
        name, _, graph = encoder.partition("=")
        own = {"backbone": graph}
        yield f"both by {name}", {"model": "both", "feature": own}, eyes
        yield f"feature by {name}", {"model": "feature", "feature": own}, squared[:1]
    every = [("units", "max", 0.0), ("units", "mean", 0.0), *squared, ("ssim", "max", 1 / 32)]
    yield "pca", {"model": "pca"}, every
    yield "pca, 5 components", {"model": "pca", "pca": {"components": 5}}, every[:1]
    yield "pca 64", {"model": "pca", "longest": 64}, [every[0], every[2]]
    yield "mt", {"model": "mt"}, squared
    yield "rt", {"model": "rt"}, squared[:1]


def measured(name: str, data: Path, encoders: list[str]) -> Iterator[dict]:
    given, labelled = material(name, data, 0)
    tested = _drawn(labelled)
    read: dict[object, tuple[GoodPictures, np.ndarray]] = {}
    for way, settings, judged in ways(encoders):
        longest = settings.pop("longest", None)
        if longest not in read:
            read[longest] = _read(given, tested, longest)
        good, others = read[longest]
        recipe = kenpin.Recipe(size=good.pictures.shape[1:3] if longest else None).but(**settings)
        trial = learn_trial(good, recipe.settled(), lambda *_: None)
        spoiled = dict(trial.simulated(lambda *_: None))
        real, bad = trial.others(others), np.array([not one.good for one in tested])
        for difference, score, smoothing in judged:
            own = trial.measures(difference, smoothing)
            whole = [trial.measure(difference, smoothing)] * len(others)
            each = {kind: seen.scores(own, score) for kind, seen in spoiled.items()}
            found = areas(trial.untouched.scores(own, score), each)
            yield {
                "benchmark": "standins",
                "set": name,
                "judge": f"{way}: {difference} {score}",
                "real": round(float(auroc(real.scores(whole, score), bad) or 0), 4),
                "simulated": {kind: round(area, 4) for kind, area in found.items()},
            }


def _drawn(labelled: list[Labelled]) -> list[Labelled]:
    rng = np.random.default_rng(0)
    drawn = []
    for good, most in ((True, _GOOD), (False, _NG)):
        own = [one for one in labelled if one.good is good]
        drawn += [own[n] for n in sorted(rng.permutation(len(own))[:most])]
    return drawn


def _read(given: list, tested: list[Labelled], longest: object) -> tuple[GoodPictures, np.ndarray]:
    """The good pictures as `--model auto` reads them, and test pictures prepared alike."""
    size = None
    if isinstance(longest, int):
        height, width = read_picture(given[0]).size
        share = longest / max(height, width)
        size = (round(height * share), round(width * share))
    recipe = kenpin.Recipe(model="auto", size=size).settled()
    good = read_good_pictures(given, None, recipe, lambda *_: None)
    prepared = [good.preparation.prepare(read_picture(one.source)) for one in tested]
    return good, np.concatenate([one.windows for one in prepared])


def ranks(lines: list[dict], kinds: list[str], drawn: str, plainly: bool) -> Iterator[dict]:
    mean_of = np.mean if plainly else mean_area
    every: dict[str, list[float]] = {}
    for name in dict.fromkeys(line["set"] for line in lines):
        own = [line for line in lines if line["set"] == name]
        real = [line["real"] for line in own]
        simulated = [mean_of([line["simulated"][k] for k in kinds or line["simulated"]])
                     for line in own]  # fmt: skip
        values = spearmanr(real, simulated).statistic, kendalltau(real, simulated).statistic
        every[name] = [float(value) for value in values]
    means = {"chosen on": CHOSEN_ON, "left out": LEFT_OUT, "mean": tuple(every)}
    for name, names in means.items():
        each = [every[one] for one in names if one in every]
        if each:
            every[name] = [float(value) for value in np.mean(each, axis=0)]
    for name, (spearman, kendall) in every.items():
        yield {"benchmark": "standins ranks", "drawn": drawn, "set": name, "judges": len(own),
               "spearman": round(spearman, 3), "kendall": round(kendall, 3)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("judges", "ranks"))
    parser.add_argument("of", nargs="*", help="sets, or the file of `judges`")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--encoder", action="append", default=[])
    parser.add_argument("--kinds", nargs="+", default=[])
    parser.add_argument("--plainly", action="store_true", help="plain means over the kinds")
    parser.add_argument("--drawn", default="now", help="what to call these kinds in the table")
    arguments = parser.parse_args()
    if arguments.what == "ranks":
        (file,) = arguments.of
        read = [json.loads(line) for line in Path(file).read_text().splitlines()]
        own = [line for line in read if line["benchmark"] == "standins"]
        lines = [line for line in own if line.get("drawn", "now") == arguments.drawn]
        for line in ranks(lines, arguments.kinds, arguments.drawn, arguments.plainly):
            print(json.dumps(line))
        return
    for name in arguments.of or REAL:
        for line in measured(name, arguments.data, arguments.encoder):
            print(json.dumps(line))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
