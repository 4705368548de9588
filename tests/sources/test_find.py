import numpy as np
import pytest

from kenpin.errors import DatasetError
from kenpin.sources.find import find_good, find_labelled, find_pictures, read_mask
from kenpin.sources.picture import write_png

PIXELS = np.zeros((8, 8), np.uint8)


def test_folders_are_searched_and_sorted_and_hidden_files_skipped(tmp_path):
    for name in ("b.png", "a.PNG", "sub/c.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)]
    assert found == ["a.PNG", "b.png", "sub/c.jpg"]


def test_a_file_named_twice_counts_once(tmp_path):
    write_png(tmp_path / "a.png", PIXELS)
    assert find_pictures([tmp_path, tmp_path / "a.png"]) == [tmp_path / "a.png"]


def test_of_an_mvtec_folder_only_train_good_is_learned(mvtec):
    assert find_good(mvtec) == sorted((mvtec / "train/good").iterdir())


@pytest.mark.parametrize("name", ["test", "ground_truth", "good"])
def test_a_test_set_is_not_learned_as_good(tmp_path, name):
    (tmp_path / name / "bent").mkdir(parents=True)
    write_png(tmp_path / name / "bent" / "a.png", PIXELS)
    with pytest.raises(DatasetError, match=f"holds a folder {name} and so perhaps NG"):
        find_good(tmp_path)


def test_nested_folders_have_masks_of_their_own(tmp_path):
    for side in ("left", "right"):
        for place, stem in (("test/bent", "0"), ("ground_truth/bent", "0_mask")):
            (tmp_path / place / side).mkdir(parents=True, exist_ok=True)
            write_png(tmp_path / place / side / f"{stem}.png", PIXELS)
    masks = [item.mask.relative_to(tmp_path).as_posix() for item in find_labelled(tmp_path)]
    assert masks == [f"ground_truth/bent/{side}/0_mask.png" for side in ("left", "right")]


def test_labelled_pictures_come_good_first_with_their_masks(mvtec):
    labelled = find_labelled(mvtec)
    assert [item.kind for item in labelled] == ["good"] * 6 + ["bent"] * 4
    assert all(item.mask is None for item in labelled[:6])
    mask = read_mask(labelled[6].mask, (48, 64))
    assert mask.dtype == bool and 0 < mask.sum() < mask.size / 10


@pytest.mark.parametrize("find", [find_pictures, find_good, find_labelled])
def test_a_missing_or_empty_folder_is_one_sentence(tmp_path, find):
    with pytest.raises(DatasetError, match="does not exist"):
        find(tmp_path / "missing")
    with pytest.raises(DatasetError, match=r"holds no picture|has no folder test/good"):
        find(tmp_path)


def test_no_path_at_all_is_refused():
    with pytest.raises(DatasetError, match="No picture was given"):
        find_pictures([])


def test_a_mask_of_another_size_is_refused(tmp_path):
    write_png(tmp_path / "mask.png", PIXELS)
    with pytest.raises(DatasetError, match=r"mask.png is 8x8 pixels and its picture is 9x8"):
        read_mask(tmp_path / "mask.png", (8, 9))
