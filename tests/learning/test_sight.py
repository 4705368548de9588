"""What a part says that it sees is what it catches."""

import numpy as np
import pytest

from conftest import good_pictures
from helpers import connectors
from kenpin.inspection import Inspector
from kenpin.learning import learn, with_sight
from kenpin.learning.sight import CONTRAST
from kenpin.part import Bundle
from kenpin.recipe import Recipe
from kenpin.types import Outcome


def spots_caught(inspector, pictures, diameter, seed=7):
    rng = np.random.default_rng(seed)
    caught = 0
    for pixels in pictures:
        height, width = pixels.shape[:2]
        x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height
        rows, columns = np.mgrid[:height, :width]
        inside = np.hypot(columns - x, rows - y) <= diameter / 2
        most = int(pixels.max())
        sign = -1 if pixels[int(y), int(x)].mean() >= most / 2 else 1
        changed = pixels.astype(float)
        changed[inside] += sign * CONTRAST * most
        changed = np.clip(changed, 0, most).astype(pixels.dtype)
        caught += inspector.inspect(changed).outcome is not Outcome.OK
    return caught / len(pictures)


@pytest.mark.parametrize("model", ["feature", "pca"])
def test_much_larger_spots_are_caught_and_much_smaller_ones_are_not(model):
    good = connectors(30, size=(192, 256))
    part = with_sight(learn(good, Recipe(model=model)), good)
    sight = part.sight
    assert 2 <= sight.diameter <= sight.largest
    fresh = connectors(24, first=500, size=(192, 256))
    inspector = Inspector(part)
    assert spots_caught(inspector, fresh, 2.5 * sight.diameter) > 0.6
    assert spots_caught(inspector, fresh, sight.diameter / 2.5) < 0.5


def test_it_is_kept_in_the_file_and_the_same_each_time():
    good = good_pictures(20)
    part = with_sight(learn(good, Recipe(model="pca")), good)
    assert Bundle.from_bytes(part.to_bytes()).sight == part.sight
    assert with_sight(learn(good, Recipe(model="pca")), good).sight == part.sight


def test_windows_labels_and_parts_that_cannot_judge():
    good = good_pictures(24)
    recipe = Recipe(model="pca", windows={"left": (0, 0, 32, 48), "right": (32, 0, 32, 48)})
    assert with_sight(learn(good, recipe), good).sight is not None
    two = [*good, *[255 - one for one in good]]
    labels = ["a"] * 24 + ["b"] * 24
    part = learn(two, Recipe(model="pca"), labels=labels)
    assert with_sight(part, two, labels=labels).sight is not None
    unheld = learn(good, Recipe(model="pca", held_out="none"))
    assert with_sight(unheld, good).sight is None
    assert learn(good, Recipe(model="pca")).sight is None


def test_of_16_bits_and_of_what_is_ignored():
    good = [one.astype(np.uint16) * 16 for one in good_pictures(20)]
    recipe = Recipe(model="pca", ignore=[(0, 0, 64, 20)])
    sight = with_sight(learn(good, recipe), good).sight
    plain = with_sight(learn(good_pictures(20), recipe), good_pictures(20)).sight
    assert sight.diameter == pytest.approx(plain.diameter, rel=0.5)
