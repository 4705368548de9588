"""Each good picture is also learned a little shifted, by the model that asks for it."""

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import connectors
from kenpin.learning.read import read_good_pictures
from kenpin.learning.windows import Windows, shifted_inputs
from kenpin.models import learn_model, own_encoder
from kenpin.sources.picture import read_picture

RECIPE = kenpin.Recipe(model="both", feature={"components": 8, "pixel_components": 3}).settled()


def silent(*_):
    pass


@pytest.fixture(scope="module")
def good():
    return read_good_pictures(connectors(24), None, RECIPE, silent)


def test_only_the_model_that_asks_for_it_is_shown_shifted_pictures(good):
    assert good.shifted.shape == (*good.inputs.shape[:3], own_encoder().channels)
    for model in ("feature", "pca"):
        other = kenpin.Recipe(model=model).settled()
        assert read_good_pictures(connectors(12), None, other, silent).shifted is None


def test_they_are_shifted_but_little(good):
    features = good.inputs[..., : own_encoder().channels]
    assert 0.8 < np.corrcoef(good.shifted.ravel(), features.ravel())[0, 1] < 0.9999


def test_the_same_recipe_shifts_the_same_way_each_picture_its_own(good):
    again = shifted_inputs(good.pictures, good.encoder, RECIPE)
    np.testing.assert_array_equal(again, good.shifted)
    same = np.repeat(good.pictures[:1], 3, axis=0)
    moved = shifted_inputs(same, good.encoder, RECIPE)
    assert np.abs(moved[0] - moved[1]).max() > 0 and np.abs(moved[1] - moved[2]).max() > 0
    later = shifted_inputs(same, good.encoder, RECIPE, first=7)
    assert np.abs(later - moved).max() > 0
    other = shifted_inputs(good.pictures, good.encoder, RECIPE.but(seed=1))
    assert np.abs(other - good.shifted).max() > 0


def test_what_a_shift_changes_is_no_difference(good):
    """Pictures not learned from, moved by a hundredth: the model that knows shifts minds less."""
    learned = np.arange(24) < 16
    windows = good.windows.of(learned)
    knows = windows.model(RECIPE, silent)
    plain = learn_model(windows.inputs, RECIPE, silent)
    fresh = good.windows.of(~learned)
    numbers = own_encoder().channels
    moved = np.concatenate([fresh.shifted, fresh.inputs[..., numbers:]], axis=3)

    def power(model, inputs):
        return np.square(model.features.residual(inputs[..., :numbers])).mean()

    rise = {
        name: power(model, moved) / power(model, fresh.inputs)
        for name, model in (("knows", knows), ("plain", plain))
    }
    assert rise["knows"] < rise["plain"]


def test_windows_keep_what_belongs_together(good):
    some = good.windows.of(np.arange(24) % 2 == 0)
    assert len(some.inputs) == len(some.shifted) == len(some.numbers) == 12
    assert some.told is None
    several = Windows(good.inputs, np.tile([0, 1, 2, 3], 6), windows=2)
    assert several.labels.tolist() == [0, 1] * 6
    assert several.told is not None


def test_pictures_left_out_take_their_shifted_ones_along(good):
    left = good.without(np.arange(24) == 3)
    np.testing.assert_array_equal(left.shifted, np.delete(good.shifted, 3, axis=0))


def test_added_pictures_are_shifted_too(tmp_path):
    """Added in one go or one after the other: as many are learned, and the limit is near."""
    part = kenpin.learn(connectors(30), RECIPE, search=False)
    more = connectors(10, first=400)
    once = kenpin.add(part, more)
    each = part
    for picture in more:
        each = kenpin.add(each, [picture])
    assert once.provenance.learned == each.provenance.learned == 40
    fresh = connectors(10, first=900)
    for one, other in (
        (kenpin.Inspector(once).inspect(p).score, kenpin.Inspector(each).inspect(p).score)
        for p in fresh
    ):
        assert one == pytest.approx(other, rel=0.15)


def test_tiles_are_not_shifted(tmp_path):
    """There would be no room for them."""
    folder = write_pictures(tmp_path, good_pictures(10, size=(700, 900)))
    recipe = RECIPE.but(feature={"components": 3, "smallest_defect": 4, "pixel_components": 2})
    read = read_good_pictures(folder, None, recipe, silent)
    assert read.preparation.tiles and read.shifted is None
    assert read_picture(next(folder.iterdir())).size == (700, 900)
