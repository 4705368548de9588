"""How well a region's box fits the defect: overlap with the box of simulated defects.

    python benchmarks/regions.py [SET ...] [--data DIR]

100 good pictures are learned, simulated defects laid on up to 30 others. Of those judged NG the
intersection over union of the first region's box with the defect's, and the share of which a region
touches it. One JSON line for each set: as it is, and without drawing the regions in to the pixels.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

import kenpin
from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.inspection import view
from kenpin.judge.regions import regions_to_show
from kenpin.sources.find import find_good
from kenpin.sources.picture import read_picture
from kenpin.types import Region
from quality import SHARED, TO_LEARN

SETS = ("juice_bottle", "metal_nut", "solar_cell")
LEAST = 10  # pixels of a defect


def overlap(region: Region, mask: np.ndarray) -> float:
    rows, columns = np.nonzero(mask)
    y, x, below, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
    wide = max(0, min(region.x + region.width, right) - max(region.x, x))
    high = max(0, min(region.y + region.height, below) - max(region.y, y))
    both = wide * high
    return both / (region.width * region.height + (right - x) * (below - y) - both)


def touches(regions: Sequence[Region], mask: np.ndarray) -> bool:
    return any(mask[one.y : one.y + one.height, one.x : one.x + one.width].any() for one in regions)


def as_found(difference: np.ndarray, places: object, error: object, level: float) -> tuple:
    return regions_to_show(difference, level)


def measure(folder: Path) -> dict[str, float]:
    good = find_good(folder)
    judge = kenpin.Inspector(kenpin.learn(good[:TO_LEARN]))
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {
        way + of: [] for way in ("drawn_in", "as_found") for of in ("", "_touch")
    }
    for source in good[TO_LEARN : TO_LEARN + 30]:
        pixels = read_picture(source).pixels.astype(np.float32) / 255
        picture = pixels if pixels.ndim == 3 else pixels[..., None]
        for kind in SIMULATED:
            changed, mask = simulate(picture, kind, rng)
            spoiled = (changed * 255 + 0.5).astype(np.uint8).squeeze()
            if mask.sum() < LEAST or judge.inspect(spoiled).outcome is not kenpin.Outcome.NG:
                continue
            regions = {"drawn_in": judge.inspect(spoiled).regions}
            with patch.object(view, "regions_drawn_in", as_found):
                regions["as_found"] = judge.inspect(spoiled).regions
            for way, own in regions.items():
                found[way].append(overlap(own[0], mask))
                found[f"{way}_touch"].append(touches(own, mask))
    means = {key: round(float(np.mean(values)), 3) for key, values in found.items()}
    return means | {"defects": len(found["drawn_in"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--data", type=Path, default=SHARED)
    arguments = parser.parse_args()
    for name in arguments.sets or SETS:
        line = {"benchmark": "regions", "set": name} | measure(arguments.data / name)
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
