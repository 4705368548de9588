from dataclasses import replace

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from kenpin.errors import CalibrationError, DatasetError, PictureError, RecipeError
from kenpin.learning.cross_fit import assign_folds
from kenpin.learning.windows import Windows
from kenpin.models import learn_model, settle_model
from kenpin.report.pictures import triple
from kenpin.sources.picture import encode, read_picture, write_png
from kenpin.text import Notice


def test_a_folder_files_and_arrays_give_the_same_bundle(tmp_path):
    pictures = good_pictures(20)
    folder = write_pictures(tmp_path / "good", pictures)

    def learned(good):
        bundle = kenpin.learn(good)  # the remarks name pictures, and arrays have no name
        return replace(bundle, provenance=replace(bundle.provenance, remarks=())).to_bytes()

    assert learned(folder) == learned(sorted(folder.iterdir())) == learned(pictures)


def test_the_same_seed_gives_the_same_file_and_another_seed_another():
    pictures = good_pictures(20)
    first = kenpin.learn(pictures, kenpin.Recipe(seed=1)).to_bytes()
    assert kenpin.learn(pictures, kenpin.Recipe(seed=1)).to_bytes() == first
    assert kenpin.learn(pictures, kenpin.Recipe(seed=2)).to_bytes() != first


def test_every_picture_gets_one_unseen_score(bundle):
    assert bundle.calibration.count == 40
    assert len(bundle.provenance.pictures) == 40
    assert bundle.calibration.held_out == "kfold" and bundle.calibration.folds == 10


def test_unseen_scores_are_higher_than_scores_of_pictures_the_model_learned(bundle):
    seen = [kenpin.Inspector(bundle).inspect(pixels).score for pixels in good_pictures(40)]
    assert np.median(seen) < 0.8 * np.median(bundle.calibration.scores)


def test_a_split_keeps_its_pictures_out_of_learning():
    pictures = good_pictures(40)
    bundle = kenpin.learn(pictures, kenpin.Recipe(model="pca", held_out="split", split_share=0.25))
    assert bundle.calibration.count == 10
    inspector = kenpin.Inspector(bundle)
    order = np.random.default_rng(0).permutation(40)
    apart = sorted(inspector.inspect(pictures[index]).score for index in order[:10])
    np.testing.assert_allclose(apart, bundle.calibration.scores, rtol=1e-4)
    # The model is the one learned from the other thirty alone, its size chosen on them alone.
    prepared = np.concatenate(
        [bundle.preparation.prepare(read_picture(pixels)).windows for pixels in pictures]
    )
    others = learn_model(prepared[np.sort(order[10:])], bundle.recipe, lambda *_: None)
    np.testing.assert_array_equal(others.components, bundle.model.components)
    assert (
        bundle.recipe.pca.components
        == settle_model(prepared[np.sort(order[10:])], bundle.recipe.but(pca={}), 27).pca.components
    )


def test_the_final_model_learns_from_every_picture(bundle):
    pictures = [
        bundle.preparation.prepare(read_picture(pixels)).windows[0] for pixels in good_pictures(40)
    ]
    everything = learn_model(np.stack(pictures), bundle.recipe, lambda *_: None)
    np.testing.assert_array_equal(everything.components, bundle.model.components)
    np.testing.assert_allclose(bundle.model.mean, np.mean(pictures, axis=0), atol=1e-6)


def test_folds_are_drawn_at_random():
    """Pictures come in the order they were taken; folds in that order would share its drift."""
    blank, labels = np.zeros((40, 16, 16, 1), np.float32), np.zeros(40, np.intp)
    _, folds = assign_folds(Windows(blank, labels), kenpin.Recipe(model="pca", folds=5))
    assert (np.bincount(folds) == 8).all()
    assert (folds != np.arange(40) % 5).any() and (folds != np.sort(folds)).any()


def test_components_that_are_not_possible_are_not_recorded():
    bundle = kenpin.learn(good_pictures(12), kenpin.Recipe(model="pca", pca={"components": 1000}))
    assert bundle.recipe.pca.components == bundle.model.components.shape[0] == 9


def test_a_part_that_never_varies_can_be_shown():
    pixels = np.full((32, 32), 100, np.uint8)
    same = [np.pad(pixels, ((0, n), (0, 0)), constant_values=100) for n in range(12)]
    inspector = kenpin.Inspector(kenpin.learn(same))
    assert inspector.calibration.limit == 0
    picture = read_picture(pixels)
    assert triple(picture, inspector.inspect(picture)).shape[2] == 3


def test_without_held_out_pictures_there_is_no_judging():
    bundle = kenpin.learn(good_pictures(20), kenpin.Recipe(held_out="none"))
    with pytest.raises(CalibrationError, match="no calibration"):
        kenpin.Inspector(bundle)


def test_the_recipe_in_the_bundle_is_the_one_that_was_used():
    bundle = kenpin.learn(good_pictures(20), kenpin.Recipe(model="pca", size=(32, 40)))
    assert bundle.recipe.size == bundle.preparation.size == (32, 40)
    assert bundle.recipe.color == "grey"
    assert bundle.recipe.folds == 10
    assert bundle.recipe.pca.components == bundle.model.components.shape[0]
    again = kenpin.learn(good_pictures(20), bundle.recipe)
    assert again.to_bytes() == bundle.to_bytes()


def test_colour_is_used_when_there_is_any():
    grey = [np.repeat(pixels[:, :, None], 3, axis=2) for pixels in good_pictures(12)]
    assert kenpin.learn(grey).recipe.color == "grey"
    grey[5] = grey[5].copy()
    grey[5][:10, :10, 0] = 255
    assert kenpin.learn(grey).recipe.color == "rgb"


def test_a_defect_in_colour_only_is_found_in_rgb():
    rng = np.random.default_rng(0)
    pictures = [
        np.clip(pixels[:, :, None] + rng.normal(0, 2, (*pixels.shape, 3)), 0, 255).astype(np.uint8)
        for pixels in good_pictures(40)
    ]
    wrong = pictures[0].copy()
    wrong[20:26, 20:26, 0] += 60  # 0.30 red + 0.59 green stays the same: invisible in grey
    wrong[20:26, 20:26, 1] -= 30
    for color, expected in (("rgb", "NG"), ("grey", "OK")):
        bundle = kenpin.learn(pictures[1:], kenpin.Recipe(color=color))
        assert kenpin.Inspector(bundle).inspect(wrong).outcome == expected


def test_duplicates_are_used_once_and_named(tmp_path):
    folder = write_pictures(tmp_path, good_pictures(12))
    (folder / "copy.bmp").write_bytes(encode(good_pictures(1)[0], "BMP"))
    provenance = kenpin.learn(folder).provenance
    assert len(provenance.pictures) == 12
    assert provenance.left_out == (
        (f"{tmp_path.name}/copy.bmp", Notice("duplicate", other=f"{tmp_path.name}/000.png")),
    )


def test_unreadable_pictures_are_left_out_and_named(tmp_path):
    folder = write_pictures(tmp_path / "良品", good_pictures(12))
    (folder / "empty.png").write_bytes(b"")
    ((name, reason),) = kenpin.learn(folder).provenance.left_out
    assert name == "良品/empty.png" and "is empty" in str(reason)


def test_different_sizes_are_resized_and_said(tmp_path):
    folder = write_pictures(tmp_path, good_pictures(12))
    write_png(folder / "other.png", good_pictures(1, first=99, size=(60, 60))[0])
    remarks = kenpin.learn(folder, kenpin.Recipe(model="pca")).provenance.remarks
    assert str(remarks[0]) == (
        "The pictures have 2 different sizes, from 64x48 to 60x60 (width x height); all were "
        "resized, as to a 'size' of 48x64."
    )
    assert remarks[1].code == "shapes_differ"


def test_what_was_done_to_read_them_is_said():
    deep = [pixels.astype(np.uint16) * 257 for pixels in good_pictures(12)]
    alpha = np.dstack([good_pictures(1, first=50)[0]] * 4)
    remarks = kenpin.learn([*deep, alpha]).provenance.remarks
    told = "1 of the pictures: what is transparent was laid over black."
    assert told in [str(remark) for remark in remarks]


@pytest.mark.parametrize("count", [1, 9])
def test_too_few_pictures_are_refused_with_the_reason(tmp_path, count):
    folder = write_pictures(tmp_path, good_pictures(count))
    write_png(folder / "copy.png", good_pictures(1)[0])
    (folder / "empty.png").write_bytes(b"")
    with pytest.raises(DatasetError) as caught:
        kenpin.learn(folder)
    text = str(caught.value)
    assert f"Usable good pictures: {count} of {count + 2}" in text
    assert "1 repeat another picture" in text and "1 cannot be read" in text


def test_ten_pictures_are_enough_to_learn_and_say_how_little_they_promise():
    calibration = kenpin.learn(good_pictures(10)).calibration
    assert not calibration.kept
    assert calibration.promised_false_reject == pytest.approx(1 / 11)


def test_a_constant_part_is_learned():
    rng = np.random.default_rng(0)
    pictures = [np.full((32, 32), 100, np.uint8) for _ in range(12)]
    for number, pixels in enumerate(pictures):
        pixels[0, 0] = number  # not duplicates
    inspector = kenpin.Inspector(kenpin.learn(pictures))
    spotted = pictures[0].copy()
    spotted[10:14, 10:14] = rng.integers(0, 40)
    assert inspector.inspect(spotted).outcome is kenpin.Outcome.NG


def test_a_verdict_is_in_the_coordinates_of_the_given_picture(inspector):
    pixels = good_pictures(1, first=800, size=(480, 640))[0].copy()
    pixels[300:340, 200:260] = 0
    verdict = inspector.inspect(pixels)
    assert verdict.outcome is kenpin.Outcome.NG
    worst = verdict.regions[0]
    assert worst.x < 230 < worst.x + worst.width
    assert worst.y < 320 < worst.y + worst.height
    assert verdict.size == (480, 640)
    assert worst.peak == pytest.approx(verdict.score)


def test_ng_has_a_region_and_ok_has_none(inspector, labelled):
    verdicts = [inspector.inspect(item.source) for item in labelled]
    assert {verdict.outcome for verdict in verdicts} == {kenpin.Outcome.OK, kenpin.Outcome.NG}
    for verdict in verdicts:
        assert bool(verdict.regions) == (verdict.outcome is kenpin.Outcome.NG)
        assert (verdict.score > verdict.limit) == (verdict.outcome is kenpin.Outcome.NG)


def test_unreadable_input_raises_a_picture_error(inspector, tmp_path):
    with pytest.raises(PictureError, match="does not exist"):
        inspector.inspect(tmp_path / "missing.png")


def test_a_recipe_is_checked():
    with pytest.raises(RecipeError, match="false_reject"):
        kenpin.Recipe().but(false_reject=0)
    with pytest.raises(RecipeError, match="did you mean 'seed'"):
        kenpin.Recipe(sed=1)


@pytest.mark.parametrize("model", ["mt", "rt"])
def test_a_difference_that_the_model_cannot_have_is_refused_before_learning(model):
    with pytest.raises(RecipeError, match=f"'{model}' gives none"):
        kenpin.learn(good_pictures(12), kenpin.Recipe(model=model, difference="ssim"))
    with pytest.raises(RecipeError, match="None of the candidates"):
        recipe = kenpin.Recipe(model=model, difference="ssim", score="auto")
        kenpin.learn(good_pictures(12), recipe)


def test_the_model_that_is_told_the_part_needs_labels():
    pytest.importorskip("torch")
    with pytest.raises(DatasetError, match="needs labels"):
        kenpin.learn(good_pictures(12), kenpin.Recipe(model="cvae"))


def test_what_split_keeps_apart_takes_no_part_in_anything_else():
    """Neither in the compression nor in the choice: with the others alone all is the same."""
    pictures = good_pictures(40)
    settings = {"score": "auto", "size": (32, 40), "compression": {"steps": 1}}
    recipe = kenpin.Recipe(model="pca", held_out="split", split_share=0.25, **settings)
    bundle = kenpin.learn(pictures, recipe)
    order = np.random.default_rng(0).permutation(40)
    strange = [p if n in order[10:] else 255 - p for n, p in enumerate(pictures)]
    other = kenpin.learn(strange, recipe)
    assert other.recipe == bundle.recipe and other.choice == bundle.choice
    np.testing.assert_array_equal(other.preparation.means[0], bundle.preparation.means[0])
    np.testing.assert_array_equal(other.model.components, bundle.model.components)
    assert other.calibration.limit > bundle.calibration.limit


def test_the_mt_method_says_that_it_had_few_pictures():
    remarks = kenpin.learn(good_pictures(20), kenpin.Recipe(model="mt")).provenance.remarks
    assert "The MT method has 20 good pictures for 3072 pixels" in str(remarks[-1])


@pytest.mark.parametrize(("given", "match"), [(5, "got int"), (None, "got NoneType")])
def test_what_is_no_picture_is_one_sentence(given, match):
    with pytest.raises(DatasetError, match=match):
        kenpin.learn(given)
    with pytest.raises(RecipeError, match="got dict"):
        kenpin.learn(good_pictures(12), {"model": "pca"})
