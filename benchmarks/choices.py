"""The measurements behind docs/decisions: what each default was chosen against.

    python benchmarks/choices.py [scales] [components] [size] [order] [decode] [--data DIR]

One JSON line for each alternative. Drawn terminals with drawn defects are what the choices were
made on; the real sets are shown beside them as a check and chose nothing.
"""

import argparse
import io
import json
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import kenpin
from kenpin.dataset import find_good
from kenpin.difference import SCALES
from kenpin.synth.terminals import draw_terminals
from quality import DRAWN, REAL, SHARED, TO_LEARN, material

SEED = 0


def area(inspector: kenpin.Inspector, labelled: list[kenpin.Labelled]) -> float:
    return round(kenpin.evaluate(inspector, labelled).auroc, 4)


def scales(data: Path) -> None:
    """Each neighbourhood alone, against the largest over all five."""
    for name in (DRAWN, *REAL):
        good, labelled = material(name, data, SEED)
        bundle = kenpin.learn(good, kenpin.Recipe(seed=SEED))
        line = {"all five": area(kenpin.Inspector(bundle), labelled)}
        for index, scale in enumerate(SCALES):
            alone = np.zeros(len(SCALES), np.float32)
            alone[index] = 1
            single = replace(bundle, variation=replace(bundle.variation, weights=alone))
            line[f"1/{round(1 / scale)} alone"] = area(kenpin.Inspector(single), labelled)
        show("scales", name, line)


def components(data: Path) -> None:
    for name in (DRAWN, *REAL):
        good, labelled = material(name, data, SEED)
        line = {}
        for number in (5, 10, 20, 40, None):
            recipe = kenpin.Recipe(seed=SEED).but(pca={"components": number})
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
            bundle = kenpin.learn(good, kenpin.Recipe(seed=SEED, size=sides))
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


def show(choice: str, name: str, line: dict[str, float]) -> None:
    print(json.dumps({"benchmark": "choices", "choice": choice, "set": name, **line}), flush=True)


def main() -> None:
    choices = {"scales": scales, "components": components, "size": size, "order": order,
               "decode": decode}  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("choices", nargs="*", default=list(choices))
    parser.add_argument("--data", type=Path, default=SHARED)
    a = parser.parse_args()
    for choice in a.choices:
        choices[choice](a.data)


if __name__ == "__main__":
    main()
