"""A time stamp burnt into the pictures is found where it is; nothing else is taken for one."""

import json

import cv2
import numpy as np
import pytest

from helpers import connectors, run
from kenpin.learning import examine
from kenpin.recipe import Recipe
from kenpin.sources import write_png

SIZE = 384, 512


def stamped(pixels, number, x=150, y=360):
    drawn = pixels.copy()
    text = f"{(7 * number) % 24:02}:{(13 * number) % 60:02}:{(29 * number) % 60:02}"
    cv2.putText(drawn, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2, cv2.LINE_AA)
    return drawn


@pytest.mark.parametrize("depth", [1, 16])
def test_a_time_stamp_is_found_and_may_be_ignored(depth, tmp_path):
    good = [stamped(one, n).astype(np.uint16 if depth > 1 else np.uint8) * depth
            for n, one in enumerate(connectors(24, size=SIZE))]  # fmt: skip
    found = [one for one in examine(good).findings if one.kind.value == "text"]
    assert len(found) == 1
    x, y, width, height = found[0].detail.values["ignore"][0]
    assert 140 <= x <= 200 and 240 <= x + width <= 300  # the hours may not differ everywhere
    assert 325 <= y <= 345 and 358 <= y + height <= 375
    recipe = Recipe(ignore=[(140, 330, 140, 40)])
    assert not [one for one in examine(good, recipe).findings if one.kind.value == "text"]


def test_nothing_else_is_taken_for_text():
    moved = [np.roll(one, n % 7 - 3, axis=1) for n, one in enumerate(connectors(24, size=SIZE))]
    for pictures in (connectors(24, size=SIZE), moved):
        assert not [one for one in examine(pictures).findings if one.kind.value == "text"]


def test_the_command_prints_the_rectangle(tmp_path):
    (tmp_path / "good").mkdir()
    for number, pixels in enumerate(connectors(24, size=SIZE)):
        write_png(tmp_path / "good" / f"{number:02}.png", stamped(pixels, number))
    done = run("check", tmp_path / "good")
    assert done.exit_code == 1 and "ignore = [[" in " ".join(done.stdout.split())
    kinds = [
        f["kind"] for f in json.loads(run("check", tmp_path / "good", "--json").stdout)["findings"]
    ]
    assert "text" in kinds
