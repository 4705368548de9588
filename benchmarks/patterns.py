"""How far finished pictures, noise, colour mosaics and interlaced pictures are apart.

    python benchmarks/patterns.py [--data DIR]

Of up to 120 real pictures of each set what kenpin.sources.raw_pattern measures: how unlike the next
row is, by how unlike the one after it; of rows and of columns. One JSON line for each set.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from kenpin.sources import find_pictures, read_picture
from kenpin.sources.raw_pattern import _SIDE, _neighbours
from quality import SHARED

SETS = ("metal_nut", "juice_bottle", "screw", "solar_cell", "magnetic_tile", "tire")
LIGHT = np.array([0.7, 1.0, 0.6])  # of the colours, as a sensor sees them
MOVED = 6  # pixels between the two half pictures


def measured(grey: np.ndarray) -> tuple[float, float]:
    y, x = (max(0, (side - _SIDE) // 2) for side in grey.shape)
    middle = grey[y : y + _SIDE, x : x + _SIDE].astype(np.float32)
    return _neighbours(middle), _neighbours(middle.T)


def mosaic(pixels: np.ndarray) -> np.ndarray:
    colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    colour = colour * LIGHT
    seen = colour[..., 1].copy()
    seen[0::2, 0::2], seen[1::2, 1::2] = colour[0::2, 0::2, 0], colour[1::2, 1::2, 2]
    return seen


def interlaced(grey: np.ndarray) -> np.ndarray:
    both = grey.copy()
    both[1::2] = np.roll(grey, MOVED, axis=1)[1::2]
    return both


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED)
    arguments = parser.parse_args()
    for name in SETS:
        pictures = [p for p in find_pictures(arguments.data / name) if "ground_truth" not in str(p)]
        pixels = [read_picture(path, finished=False).pixels for path in pictures[:120]]
        greys = [one if one.ndim == 2 else one[..., 1] for one in pixels]
        line = {
            "benchmark": "patterns",
            "set": name,
            "pictures": len(pixels),
            "finished_at_most": round(max(max(measured(one)) for one in greys), 2),
            "mosaic_at_least": round(min(min(measured(mosaic(one))) for one in pixels), 2),
            "interlaced_at_least": round(min(measured(interlaced(one))[0] for one in greys), 2),
        }
        print(json.dumps(line), flush=True)
    rng = np.random.default_rng(0)
    noise = [measured(rng.integers(0, 256, (64, 64))) for _ in range(200)]
    print(json.dumps({"benchmark": "patterns", "set": "noise, 64 x 64", "pictures": len(noise),
                      "finished_at_most": round(max(map(max, noise)), 2)}))  # fmt: skip


if __name__ == "__main__":
    main()
