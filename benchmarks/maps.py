"""How well the map and the outlines say where a real defect is.

    python benchmarks/maps.py [SET ...] [--data DIR] [--seeds 1]

As benchmarks/quality.py, on the sets that have masks. One JSON line for each set and seed: AUPRO of
the difference as it is judged and as people see it, drawn in to the pixels; and of the NG pictures
found, the share of which an outline touches the mask, for the worst outline and for any of them.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import kenpin
from kenpin.evaluation.evaluation import _pixels, aupro
from kenpin.sources import Labelled, read_mask
from quality import SHARED, material
from regions import overlap, touches

SETS = ("juice_bottle", "magnetic_tile", "tire", "terminals")


def mask_of(item: Labelled, size: tuple[int, int]) -> np.ndarray | None:
    if item.mask is None or isinstance(item.mask, np.ndarray):
        return item.mask
    return read_mask(item.mask, size)


def measure(name: str, data: Path, seed: int) -> dict[str, float | None]:
    good, labelled = material(name, data, seed)
    inspector = kenpin.Inspector(kenpin.learn(good, kenpin.Recipe(seed=seed), search=False))
    maps: dict[str, list] = {"judged": [], "drawn_in": [], "masks": []}
    touched, first, boxes = [], [], []
    for item in labelled:
        verdict = inspector.inspect(item.source)
        mask, evidence = mask_of(item, verdict.size), verdict.evidence
        if evidence is None or (mask is None and not item.good):
            continue
        seen, own = _pixels(evidence, item, verdict.size)
        plain = replace(evidence, places=evidence.difference)
        maps["judged"].append(_pixels(plain, item, verdict.size)[0])
        maps["drawn_in"].append(seen)
        maps["masks"].append(own)
        if mask is not None and mask.any() and verdict.outcome is kenpin.Outcome.NG:
            touched.append(touches(verdict.regions, mask))
            first.append(touches(verdict.regions[:1], mask))
            boxes.append(overlap(verdict.regions[0], mask))
    found = {key: aupro(maps[key], maps["masks"]) for key in ("judged", "drawn_in")}
    of_found = {"touched": touched, "first": first, "overlap": boxes}
    shares = {key: float(np.mean(values)) for key, values in of_found.items()}
    rounded = {key: value and round(value, 4) for key, value in (found | shares).items()}
    return rounded | {"found": len(touched)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    for name in arguments.sets:
        for seed in range(arguments.seeds):
            line = {"benchmark": "maps", "set": name, "seed": seed}
            print(json.dumps(line | measure(name, arguments.data, seed)), flush=True)


if __name__ == "__main__":
    main()
