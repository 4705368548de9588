"""The measurements behind docs/decisions: what each default was chosen against.

    python benchmarks/choices.py [scales] [components] [size] [order] [decode] [simulated]
                                 [automatic] [luck] [--data DIR]

One JSON line for each alternative. Drawn terminals with drawn defects are what the choices were
made on; the real sets are shown beside them as a check and chose nothing.
"""

import argparse
import io
import json
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
from PIL import Image

import kenpin
from kenpin.drawn.shapes import shapes16
from kenpin.drawn.terminals import draw_terminals
from kenpin.experiments import mnist19
from kenpin.experiments import shapes16 as shapes16_experiment
from kenpin.experiments.common import learn_ours
from kenpin.judge.variation import SCALES
from kenpin.learning.choose import candidates_of, choose
from kenpin.learning.good_pictures import GoodPictures
from kenpin.prepare.preparation import Preparation
from kenpin.sources.find import find_good
from kenpin.statistics.ranks import auroc
from quality import DRAWN, REAL, SHARED, TO_LEARN, material

SEED = 0


def area(inspector: kenpin.Inspector, labelled: list[kenpin.Labelled]) -> float:
    return round(kenpin.evaluate(inspector, labelled).auroc, 4)


def scales(data: Path) -> None:
    """Each neighbourhood alone, against the largest over all five."""
    for name in (DRAWN, *REAL):
        good, labelled = material(name, data, SEED)
        bundle = kenpin.learn(good, kenpin.Recipe(model="pca", seed=SEED))
        line = {"all five": area(kenpin.Inspector(bundle), labelled)}
        for index, scale in enumerate(SCALES):
            alone = np.zeros(len(SCALES), np.float32)
            alone[index] = 1
            (part,) = bundle.parts
            (measure,) = part.measures
            measure = replace(measure, variation=replace(measure.variation, weights=alone))
            single = replace(bundle, parts=(replace(part, measures=(measure,)),))
            line[f"1/{round(1 / scale)} alone"] = area(kenpin.Inspector(single), labelled)
        show("scales", name, line)


def components(data: Path) -> None:
    for name in (DRAWN, *REAL):
        good, labelled = material(name, data, SEED)
        line = {}
        for number in (5, 10, 20, 40, None):
            recipe = kenpin.Recipe(model="pca", seed=SEED).but(pca={"components": number})
            bundle = kenpin.learn(good, recipe)
            label = f"chosen: {bundle.recipe.pca.components}" if number is None else str(number)
            line[label] = area(kenpin.Inspector(bundle), labelled)
        show("components", name, line)


def size(data: Path) -> None:
    """The longer side that the model sees."""
    for name in (DRAWN, *REAL):
        good, labelled = material(name, data, SEED)
        height, width = kenpin.learn(good[:10]).recipe.size
        line = {}
        for longest in (64, 96, 128, 192, 256):
            share = longest / max(height, width)
            sides = (max(16, round(height * share)), max(16, round(width * share)))
            bundle = kenpin.learn(good, kenpin.Recipe(model="pca", seed=SEED, size=sides))
            line[str(longest)] = area(kenpin.Inspector(bundle), labelled)
        show("size", name, line)


def order(data: Path) -> None:
    """False rejects at a promised 1 %: 100 pictures drawn at random, or the first 100 by name."""
    for name in REAL:
        _, labelled = material(name, data, SEED)
        files = find_good(data / name)
        drawn = np.random.default_rng(SEED).permutation(len(files))[:TO_LEARN]
        line = {}
        for label, chosen in (("at random", drawn), ("first by name", range(TO_LEARN))):
            bundle = kenpin.learn([files[index] for index in chosen])
            test = [item for item in labelled if item.good]
            line[label] = round(
                kenpin.evaluate(kenpin.Inspector(bundle), test).false_reject.rate, 4
            )
        show("order", name, line)


def decode(data: Path) -> None:
    """Reading with Pillow, as kenpin does, against OpenCV: ratio of medians in one run."""
    pixels = np.repeat(draw_terminals(0, size=(512, 512)).pixels[:, :, None], 3, axis=2)
    for kind in ("JPEG", "PNG"):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, kind)
        content = np.frombuffer(buffer.getvalue(), np.uint8)
        times: dict[str, list[float]] = {"pillow": [], "opencv": []}
        for _ in range(60):
            start = time.perf_counter()
            np.asarray(Image.open(io.BytesIO(content.tobytes())).convert("RGB"))
            middle = time.perf_counter()
            cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            times["pillow"].append(middle - start)
            times["opencv"].append(time.perf_counter() - middle)
        medians = {name: float(np.median(values)) for name, values in times.items()}
        ratio = round(medians["pillow"] / medians["opencv"], 2)
        show("decode", kind, {"pillow time / opencv time": ratio})


def simulated(data: Path) -> None:
    """For two published experiments: which plain difference and score finds simulated defects best.

    The mean AUROC over three seeds; the good pictures only, no test picture.
    """
    ones, labels = (mnist19.read_file(data / "mnist", name) for name in mnist19.FILES[:2])
    ones = ones[labels == mnist19.GOOD]
    found: dict[str, dict[str, list[float]]] = {"shapes16": {}, "mnist19": {}}
    for seed in range(3):
        for name, own in found.items():
            good = shapes16(1000, "good", seed) if name == "shapes16" else ones
            pictures = good[..., None].astype(np.float32) / 255
            size = pictures.shape[1:3]
            plain = Preparation(size, "grey")
            good = GoodPictures.of(pictures, plain, kenpin.Recipe(model="pca", size=size))
            for model in ("pca", "mt", "rt", "dense-ae"):
                recipe = kenpin.Recipe(model=model, size=size, seed=seed)
                for difference in ("l1", "l2", "ssim"):
                    if difference == "ssim" and model in ("mt", "rt"):
                        continue
                    wanted = recipe.but(difference=difference, score="auto").settled()
                    for row in candidates_of(good, wanted, lambda *_: None):
                        key = f"{model} {difference} {row['score']} {row['smoothing']:.3f}"
                        own.setdefault(key, []).append(row["auroc"])
    for name, aurocs in found.items():
        means = {key: round(float(np.mean(values)), 4) for key, values in aurocs.items()}
        best = sorted(means, key=lambda key: -means[key])[:10]
        show("simulated", name, {key: means[key] for key in best})


def automatic(data: Path) -> None:
    """The same two experiments with the score left to simulated defects, and with all left to them.

    AUROC on the test pictures, beside the settings that the experiments use.
    """
    ways = {
        "experiment's settings": None,
        "dense-ae l1, score auto": {"model": "dense-ae", "difference": "l1", "score": "auto"},
        "pca, all else auto": {"model": "pca", "difference": "auto", "score": "auto"},
    }
    for seed in range(2):
        sets = {
            "shapes16": shapes16_experiment._drawn(seed),
            "mnist19": mnist19._read(data / "mnist"),
        }
        for name, (good, test, is_good) in sets.items():
            module = shapes16_experiment if name == "shapes16" else mnist19
            line = {}
            for way, settings in ways.items():
                recipe = module.recipe(seed)
                if settings:
                    left_open = {"difference": None, "score": None, "smoothing": None}
                    recipe = recipe.but(**left_open | settings)
                    recipe = recipe.but(size=test.shape[1:], color="grey").settled()
                    pictures = good[..., None].astype(np.float32) / 255
                    plain = Preparation(test.shape[1:], "grey")
                    read = GoodPictures.of(pictures, plain, recipe)
                    recipe, _ = choose(read, recipe, lambda *_: None)
                ours = learn_ours(good, recipe, lambda *_: None)
                scores = np.array([verdict.score for verdict in ours.judge(test)])
                used = ours.bundle.recipe
                how = f"{used.model} {used.difference} {used.score} {used.smoothing:.3f}"
                line[f"{way}: {how}"] = round(auroc(scores, ~is_good), 5)
            show("automatic", f"{name}, seed {seed}", line)


def luck(data: Path) -> None:
    """The judge that learns from NG pictures, kept for any gain or only for one that is not luck.

    Drawn terminals so small that scratches hardly show; the mean false reject where it was kept.
    """
    size, rate = (48, 64), 0.05
    kept: dict[str, list[float]] = {"fewer escapes": [], "not by luck": [], "plain": []}
    for draw in range(12):
        first = 1_000_000 * draw
        good = [draw_terminals(first + n, size=size).pixels for n in range(60)]
        ng = [draw_terminals(first + 6_000 + n, "scratch", size=size).pixels for n in range(25)]
        fresh = [draw_terminals(first + 3_000 + n, size=size).pixels for n in range(200)]
        recipe = kenpin.Recipe(model="pca", false_reject=rate)
        for rule, significant in (("fewer escapes", 1.0), ("not by luck", 0.05), ("plain", None)):
            with mock.patch("kenpin.judge.ng_judge.SIGNIFICANT", significant):
                bundle = kenpin.learn(good, recipe, ng=None if significant is None else ng)
            if significant is None or bundle.ng["kept"]:
                inspector = kenpin.Inspector(bundle)
                kept[rule].append(np.mean([inspector.inspect(p).outcome != "OK" for p in fresh]))
    line = {f"{rule}: kept": len(values) for rule, values in kept.items()}
    line |= {f"{rule}: false reject": round(float(np.mean(values)), 4)
             for rule, values in kept.items() if values}  # fmt: skip
    show("luck", DRAWN, line | {"stated": rate})


def show(choice: str, name: str, line: dict[str, float]) -> None:
    print(json.dumps({"benchmark": "choices", "choice": choice, "set": name, **line}), flush=True)


def main() -> None:
    choices = {"scales": scales, "components": components, "size": size, "order": order,
               "decode": decode, "simulated": simulated, "automatic": automatic,
               "luck": luck}  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("choices", nargs="*", default=list(choices))
    parser.add_argument("--data", type=Path, default=SHARED)
    a = parser.parse_args()
    for choice in a.choices:
        choices[choice](a.data)


if __name__ == "__main__":
    main()
