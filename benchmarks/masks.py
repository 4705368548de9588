"""What defects of the open sets with masks look like, in numbers: no pixel of them is kept.

    python benchmarks/masks.py [SET ...] [--data DIR]

One JSON line for each set and kind: of the largest piece of each defect the 10th, 50th and 90th
percentile of its length (its longest extent, of the longer side of the picture), how many times
longer than wide it is, the share of the rectangle around it that it fills, its contrast to a rim as
wide as itself (of white, without sign), how much its grey values vary beside those of the rim, and
in how many pieces it is. `kenpin.drawn.defects` draws its kinds by these ranges. The set `tire` is
not in the default: it is one of the two that were left out of every choice.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.sources.find import find_labelled
from quality import SHARED

SETS = ("juice_bottle", "magnetic_tile")
_LEAST = 12  # pixels of a piece


def grey(path: object, how: int) -> NDArray[np.float32]:
    read = cv2.imdecode(np.fromfile(str(path), np.uint8), how)
    return np.asarray(read, np.float32) / 255


def of_defect(picture: NDArray[np.float32], mask: NDArray[np.bool_]) -> dict[str, float] | None:
    """The figures of one defect, or None where its largest piece is too small to tell."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    sizes = stats[1:, cv2.CC_STAT_AREA]
    if count < 2 or sizes.max() < _LEAST:
        return None
    piece = labels == 1 + int(sizes.argmax())
    points = np.argwhere(piece)[:, ::-1].astype(np.float32)
    _, sides, _ = cv2.minAreaRect(points)
    longer, shorter = max(sides) + 1, min(sides) + 1
    width = max(2, round(shorter / 2))
    rim = cv2.dilate(piece.astype(np.uint8), np.ones((2 * width + 1,) * 2, np.uint8)) > 0
    rim &= ~mask
    if rim.sum() < _LEAST:
        return None
    inside, around = picture[piece], picture[rim]
    return {
        "length": longer / max(mask.shape),
        "longer_than_wide": longer / shorter,
        "filled": float(piece.sum() / (longer * shorter)),
        "contrast": float(abs(inside.mean() - around.mean())),
        "variation": float(inside.std() / max(float(around.std()), 1 / 255)),
        "pieces": float((sizes >= _LEAST).sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--data", type=Path, default=SHARED)
    arguments = parser.parse_args()
    for name in arguments.sets:
        found: dict[str, list[dict[str, float]]] = {}
        for labelled in find_labelled(arguments.data / name):
            if labelled.mask is None or labelled.good:
                continue
            picture = grey(labelled.source, cv2.IMREAD_GRAYSCALE)
            one = of_defect(picture, grey(labelled.mask, cv2.IMREAD_GRAYSCALE) > 0.5)
            if one is not None:
                found.setdefault(labelled.kind, []).append(one)
        for kind, ones in sorted(found.items()):
            line: dict[str, object] = {"benchmark": "masks", "set": name, "kind": kind}
            line["defects"] = len(ones)
            for key in ones[0]:
                parts = np.percentile([one[key] for one in ones], (10, 50, 90))
                line[key] = [round(float(value), 4) for value in parts]
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
