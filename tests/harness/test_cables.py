"""Flat cables and tubes: harnesses of one line, wide and of one colour."""

import cv2
import numpy as np
import pytest

from kenpin.harness import Measure
from kenpin.harness.learn_harness import learn_harness, with_sheets

BOARD, POINTS, LONG = (133, 168, 143), 400, 700.0


def cable(seed, width, ribs=0, plugs=True, longer=1.0):
    """(960, 1280, 3) of one that lies in a bend, and how long it is in pixels."""
    rng = np.random.default_rng(seed)
    along = np.linspace(0, 1, POINTS)
    turn = rng.uniform(-0.9, 0.9) + rng.uniform(-0.6, 0.6) * np.sin(np.pi * along)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(turn) / POINTS
    length = LONG * longer * (1 + rng.normal(0, 0.004))
    ahead = np.column_stack([np.cos(heading), np.sin(heading)])
    line = np.cumsum(ahead * length / POINTS, axis=0)
    line += (640, 480) - (line.max(axis=0) + line.min(axis=0)) / 2
    aside = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    picture = np.full((960, 1280, 3), BOARD, np.float32)

    def band(begin, stop, wide, colour):
        sides = [line[begin:stop] + side * wide / 2 * aside[begin:stop] for side in (1, -1)]
        corners = np.concatenate([sides[0], sides[1][::-1]])
        cv2.fillPoly(picture, [np.round(corners * 8).astype(np.int32)], colour, cv2.LINE_AA, 3)

    band(0, POINTS, width, (60, 60, 70))
    for rib in range(ribs):
        off = (rib - (ribs - 1) / 2) * width / (ribs + 1)
        points = np.round((line + off * aside) * 8).astype(np.int32)
        cv2.polylines(picture, [points], False, (30, 30, 35), 2, cv2.LINE_AA, 3)
    if plugs:
        band(0, 26, width + 14, (225, 225, 220))
        band(POINTS - 26, POINTS, width + 14, (30, 30, 32))
    noisy = cv2.GaussianBlur(picture, (0, 0), 0.8) + rng.normal(0, 2, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), length


@pytest.mark.parametrize("how", [
    {"width": 30, "ribs": 4}, {"width": 110, "ribs": 12}, {"width": 50, "plugs": False},
], ids=["flat", "wide", "tube"])  # fmt: skip
def test_it_is_followed_and_measured_to_a_millimetre_of_three_pixels(how):
    good = [cable(seed, **how)[0] for seed in range(8)]
    learned = learn_harness(good, {})
    harness = with_sheets(learned, [learned.read(pixels).sheet for pixels in good])
    assert list(harness.pattern.ends) == ["A"]
    number = harness.measures.index(Measure("A", "length"))
    errors = []
    for seed in range(50, 58):
        pixels, length = cable(seed, **how, longer=1.0 if seed % 2 else 1.03)
        reading = harness.read(pixels)
        assert reading.fault is None
        errors.append(reading.values[number] - length)
    assert np.abs(errors).max() < 3
