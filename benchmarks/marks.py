"""How exactly a part is found by a mark, and by the whole of it, where the rest lies anywhere.

    python benchmarks/marks.py [--pictures 60]

Plates of 256 x 192 pixels with a cross and a hole, turned about their middle by up to so many
degrees and shifted by up to 12 pixels; to the right of it four discs of any grey that lie anywhere.
20 are learned, the first neither turned nor shifted. error_px: at the corners of the mark, the
largest of the four; lost: the share of pictures with more than 3. One JSON line for each way.
"""

import argparse
import json
import time

import cv2
import numpy as np

from kenpin.prepare.align import learn_alignment
from kenpin.prepare.geometry import sample, turning
from kenpin.types import Floats

SIZE, MARK = (192, 256), (80, 70, 52, 54)
CORNERS = np.array([[80, 70, 1], [132, 70, 1], [80, 124, 1], [132, 124, 1]]).T
LEARNED, LOST = 20, 3.0


def plate(seed: int, degrees: float) -> tuple[Floats, np.ndarray]:
    """(192, 256) float32 in [0, 1], and its pose."""
    rng = np.random.default_rng(seed)
    drawn = np.full(SIZE, 0.5, np.float32)
    cv2.rectangle(drawn, (84, 84), (124, 94), 0.9, -1)
    cv2.rectangle(drawn, (98, 74), (108, 120), 0.9, -1)
    cv2.circle(drawn, (116, 110), 5, 0.1, -1)
    for _ in range(4):
        middle = int(rng.integers(175, 250)), int(rng.integers(20, 180))
        cv2.circle(drawn, middle, int(rng.integers(10, 28)), float(rng.uniform()), -1)
    shift = (0.0, 0.0) if seed == 0 else tuple(rng.uniform(-12, 12, 2))
    pose = turning(degrees, 1.0, shift, SIZE)
    seen = sample(drawn, np.linalg.inv(pose), SIZE) + rng.normal(0, 0.02, SIZE)
    return np.clip(seen, 0, 1).astype(np.float32), pose


def tried(most: int, marked: bool, pictures: int) -> dict[str, object]:
    turns = np.random.default_rng(1).uniform(-most, most, LEARNED + pictures)
    turns[0] = 0
    good = [plate(n, turns[n])[0] for n in range(LEARNED)]
    motion = "rotation" if most else "translation"
    size, mark = (SIZE, MARK) if marked else ((SIZE[0] // 2, SIZE[1] // 2), None)
    alignment = learn_alignment(good, motion, size, mark)
    errors, times = [], []
    for n in range(LEARNED, LEARNED + pictures):
        seen, pose = plate(n, turns[n])
        began = time.perf_counter()
        found = alignment.find(seen)
        times.append(time.perf_counter() - began)
        errors.append(float(np.abs((found @ CORNERS - pose @ CORNERS)[:2]).max()))
    middle, most_95 = np.quantile(errors, (0.5, 0.95))
    by = "the mark" if marked else "the whole"
    return {"benchmark": "prepare marks", "turned": most, "by": by,
            "pictures": pictures, "error_px": round(float(middle), 2),
            "error_px_95": round(float(most_95), 2),
            "lost": round(float(np.mean(np.array(errors) > LOST)), 3),
            "ms": round(1000 * float(np.median(times)), 1)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=60)
    pictures = parser.parse_args().pictures
    cv2.setNumThreads(1)
    for most in (0, 15, 180):
        for marked in (False, True):
            print(json.dumps(tried(most, marked, pictures)), flush=True)


if __name__ == "__main__":
    main()
