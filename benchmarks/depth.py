"""The same real pictures as cameras of 8, 10, 12 and 16 bits give them: AUROC, misses, rejects.

    python benchmarks/depth.py [--data DIR] [--models feature pca]

Of each set 60 good pictures are learned and all test pictures judged, in grey and in colour, each
kept with 16 bits where it has more than 8. The pictures are reduced to half their size before they
are cut to their bits, so that the higher bits hold something. One JSON line for each.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

import kenpin
from kenpin.sources import find_good, find_labelled, read_picture
from kenpin.statistics import auroc
from quality import SHARED

SETS = ("metal_nut", "juice_bottle")
BITS = (8, 10, 12, 16)
TO_LEARN = 60


def as_camera(path: object, bits: int, coloured: bool) -> np.ndarray:
    pixels = read_picture(path).pixels
    if not coloured and pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    size = pixels.shape[1] // 2, pixels.shape[0] // 2
    half = cv2.resize(pixels.astype(np.float32), size, interpolation=cv2.INTER_AREA) / 255
    return np.rint(half * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)


def measure(folder: Path, model: str, bits: int, coloured: bool) -> dict[str, object]:
    good = [as_camera(path, bits, coloured) for path in find_good(folder)[:TO_LEARN]]
    judge = kenpin.Inspector(kenpin.learn(good, kenpin.Recipe(model=model)))
    tested = find_labelled(folder)
    verdicts = [judge.inspect(as_camera(one.source, bits, coloured)) for one in tested]
    abnormal = np.array([not one.good for one in tested])
    passed = np.array([one.outcome is kenpin.Outcome.OK for one in verdicts])
    return {
        "learned_bits": judge.bundle.preparation.depth.bits,
        "auroc": round(auroc(np.array([one.score for one in verdicts]), abnormal) or 0, 4),
        "missed": int(passed[abnormal].sum()),
        "ng": int(abnormal.sum()),
        "rejected": int((~passed[~abnormal]).sum()),
        "good": int((~abnormal).sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--models", nargs="*", default=["feature", "pca"])
    arguments = parser.parse_args()
    for name in SETS:
        for model in arguments.models:
            for coloured in (False, True):
                for bits in BITS:
                    told = {"benchmark": "depth", "set": name, "model": model,
                            "colour": coloured, "bits": bits}  # fmt: skip
                    found = measure(arguments.data / name, model, bits, coloured)
                    print(json.dumps(told | found), flush=True)


if __name__ == "__main__":
    main()
