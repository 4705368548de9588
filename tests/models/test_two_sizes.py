"""The default model looks at a picture twice where that is asked for, and 'auto' tries it."""

import numpy as np
import pytest

import kenpin
from conftest import good_pictures
from helpers import FILES
from kenpin.learning import choose
from kenpin.learning.sizes import seen_for
from kenpin.models import learn_model, load_model, own_encoder, updated_model
from kenpin.models.contract import State
from kenpin.prepare import resize
from kenpin.recipe import Recipe

LARGE = (192, 256)
FEW = {"components": 5, "pixel_components": 3}
TWICE = Recipe(model="both", feature={**FEW, "two_sizes": True}).settled()


def silent(*_):
    pass


def large(count, first=0):
    return good_pictures(count, first, LARGE)


def prepared(count, first=0):
    return np.stack(large(count, first))[..., None].astype(np.float32) / 255


@pytest.fixture(scope="module")
def seen():
    return own_encoder().seeing(twice=True, pixels=True).encode(prepared(16))


@pytest.fixture(scope="module")
def inspector():
    recipe = Recipe(feature={**FEW, "two_sizes": True})
    return kenpin.Inspector(kenpin.learn(large(24), recipe, search=False))


def test_the_encoder_gives_both_sizes_and_the_pixels():
    encoder = own_encoder().seeing(twice=True, pixels=True)
    pictures = prepared(2)
    parts = encoder.packing.parted(encoder.encode(pictures))
    half = np.stack([resize(one, (96, 128)) for one in pictures])
    half = half.reshape(2, 96, 128, 1)
    np.testing.assert_allclose(parts.features, own_encoder().encode(half), atol=1e-5)
    np.testing.assert_allclose(parts.finer, own_encoder().encode(pictures), atol=1e-5)
    assert parts.pixels.shape == (2, 96, 128, 3)


@pytest.mark.parametrize(
    "size", [(64, 64), (100, 230), (32, 40), (256, 192), (512, 384), (1088, 320), (1088, 64)]
)
def test_every_size_is_seen_twice_where_it_is_asked_for(size):
    encoder = own_encoder().seeing(twice=True)
    answer = encoder.encode(np.random.default_rng(0).random((1, *size, 1), np.float32))
    assert answer.shape == (1, *encoder.grid(size), 5 * encoder.channels)
    features, finer = encoder.packing.unpacked(answer)
    assert finer.shape[1:3] == (2 * features.shape[1], 2 * features.shape[2])
    assert max(finer.shape[1:3]) <= 32 or min(features.shape[1:3]) == 1
    assert np.isfinite(answer).all()


@pytest.mark.parametrize(
    ("frame", "settings", "size"),
    [
        ((480, 640), {}, (128, 192)),
        ((480, 640), {"two_sizes": True}, (192, 256)),
        ((96, 128), {"two_sizes": True}, (192, 256)),
        ((480, 640), {"two_sizes": True, "smallest_defect": 12}, (192, 256)),
        ((480, 640), {"two_sizes": True, "smallest_defect": 7}, (288, 384)),
    ],
)
def test_pictures_are_seen_large_enough_for_it(frame, settings, size):
    assert seen_for(frame, Recipe(model="both", feature=settings)).size == size
    alone = seen_for(frame, Recipe(model="feature", feature=settings)).size
    assert alone == seen_for(frame, Recipe(feature=settings | {"two_sizes": False})).size


def test_auto_tries_both_ways_and_says_which_it_took(monkeypatch):
    """Small pictures are not enlarged for it."""
    monkeypatch.setattr(choose, "_CHEAP_FIRST", ("both",))
    assert seen_for((150, 150), Recipe(model="auto")).size == (160, 160)
    recipe = Recipe(model="auto", feature=FEW)
    bundle = kenpin.learn(large(24), recipe, search=False)
    assert sorted(row["two_sizes"] for row in bundle.choice) == [False, True]
    best = bundle.choice[0]
    assert bundle.recipe.feature.two_sizes == best["two_sizes"]
    assert bundle.preparation.size == (LARGE if best["two_sizes"] else (128, 192))
    small = kenpin.learn(good_pictures(24, 0, (96, 128)), recipe, search=False)
    assert [row["two_sizes"] for row in small.choice] == [False]


def test_what_is_kept_answers_the_same(seen):
    model = learn_model(seen, TWICE, silent)
    again = load_model("both", model.state())
    np.testing.assert_array_equal(model.residual(seen[:3]), again.residual(seen[:3]))
    assert model.residual(seen).shape[:3] == seen.shape[:3]


def test_the_finer_features_are_a_model_of_their_own(seen):
    """Each place rebuilt from what all of the picture has at that size."""
    model = learn_model(seen, TWICE, silent)
    parts = model.packing.parted(model.residual(seen))
    finer = model.packing.parted(seen).finer
    np.testing.assert_array_equal(parts.finer, model.finer.residual(finer))
    assert model.finer.deviations.shape[:2] == finer.shape[1:3]


def test_it_can_learn_more(seen):
    old, every = (learn_model(part, TWICE, silent) for part in (seen[:12], seen))
    grown = updated_model(old, seen[12:], 12, 5)
    fresh = own_encoder().seeing(twice=True, pixels=True).encode(prepared(4, first=500))

    def power(model):
        return np.square(model.packing.parted(model.residual(fresh)).finer).mean()

    assert abs(power(grown) - power(every)) < abs(power(old) - power(every))


def test_parts_of_other_sizes_are_refused(seen):
    state = learn_model(seen, TWICE, silent).state()
    other = learn_model(seen[:, 1:], TWICE, silent).state()
    for eye in ("finer.", "features.", "pixels."):
        mixed = {k: (other if k.startswith(eye) else state).arrays[k] for k in state.arrays}
        with pytest.raises(ValueError, match="fit"):
            load_model("both", State({}, mixed))


def test_the_part_says_that_it_looks_twice_and_judges_the_same_from_its_file(inspector, tmp_path):
    assert inspector.bundle.recipe.feature.two_sizes
    inspector.bundle.save(tmp_path / "a.kenpin")
    again = kenpin.Inspector.open(tmp_path / "a.kenpin")
    for picture in large(3, first=900):
        assert again.inspect(picture).score == inspector.inspect(picture).score


def test_what_is_small_is_outlined_where_it_is(inspector):
    picture = large(1, first=900)[0].copy()
    picture[60:66, 150:156] = 255 - picture[60:66, 150:156]
    verdict = inspector.inspect(picture)
    assert verdict.outcome is kenpin.Outcome.NG
    worst = verdict.regions[0]
    assert worst.x <= 153 <= worst.x + worst.width and worst.y <= 63 <= worst.y + worst.height


def test_more_good_pictures_can_be_added(inspector):
    grown = kenpin.add(inspector.bundle, large(8, first=300))
    assert grown.provenance.learned == 32 and grown.recipe.feature.two_sizes
    verdict = kenpin.Inspector(grown).inspect(large(1, first=900)[0])
    assert verdict.score == pytest.approx(inspector.inspect(large(1, first=900)[0]).score, rel=0.3)


def test_labels_windows_and_places_that_do_not_count():
    settings = {
        "windows": {"a": (0, 0, 256, 192), "b": (20, 10, 230, 170)},
        "ignore": [(0, 0, 60, 60)],
        "feature": {**FEW, "two_sizes": True},
    }
    good, labels = [*large(12), *(255 - one for one in large(12))], ["A"] * 12 + ["B"] * 12
    judge = kenpin.Inspector(kenpin.learn(good, Recipe(**settings), labels=labels, search=False))
    assert judge.bundle.recipe.feature.two_sizes
    picture = large(1, first=900)[0]
    hidden = picture.copy()
    hidden[5:25, 5:25] = 255 - hidden[5:25, 5:25]
    plain, same = judge.inspect(picture, "A"), judge.inspect(hidden, "A")
    assert same.score == pytest.approx(plain.score) and same.outcome is plain.outcome
    assert judge.inspect(255 - picture, "A").outcome is kenpin.Outcome.WRONG_PART


def test_an_older_file_looks_once():
    judge = kenpin.Inspector.open(FILES / "format-9.kenpin")
    assert judge.bundle.recipe.feature.two_sizes is False
    assert judge.bundle.model.finer is None
    scores = [judge.inspect(one).score for one in good_pictures(3, 900, (64, 64))]
    assert scores == pytest.approx([2.6778137, 2.0782859, 2.5031235], rel=1e-4)
