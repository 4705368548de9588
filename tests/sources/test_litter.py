"""What computers put among pictures by themselves, in folders and in zips alike."""

import zipfile
from pathlib import PurePosixPath

import pytest

from conftest import good_pictures, write_pictures
from helpers import zipped
from kenpin.errors import DatasetError
from kenpin.sources.find import (
    find_good,
    find_good_of_labels,
    find_labelled,
    find_pictures,
)
from kenpin.sources.litter import is_litter
from kenpin.sources.picture import write_png

LITTER = (
    ".ipynb_checkpoints/000-checkpoint.png", "@eaDir/000.png/SYNOPHOTO_THUMB_M.jpg",
    ".@__thumb/s100.jpg", "$RECYCLE.BIN/S-1-5/$R12.png", "System Volume Information/a.png",
    "#recycle/a.png", ".Trashes/501/old.png", "__MACOSX/._000.png", "._000.png", "~$a.png",
    "@Recycle/a.png", "lost+found/a.png",
)  # fmt: skip


@pytest.mark.parametrize("place", LITTER)
def test_litter_is_no_picture_in_a_folder_or_a_zip(tmp_path, place):
    folder = write_pictures(tmp_path / "good", good_pictures(3))
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    write_png(folder / place, good_pictures(1, first=9)[0])
    assert len(find_good(folder)) == 3
    assert len(find_pictures(zipped(tmp_path / "a.zip", folder, "good/"))) == 3


def test_litter_is_no_label_and_no_kind_of_defect(tmp_path):
    for part in ("A", "B"):
        write_pictures(tmp_path / "labels" / part, good_pictures(2))
        write_pictures(tmp_path / "set/test" / {"A": "good", "B": "stain"}[part], good_pictures(2))
    for folder in ("labels/@eaDir", "set/test/.ipynb_checkpoints", "set/test/good/@eaDir"):
        write_pictures(tmp_path / folder, good_pictures(1, first=5))
    assert {label for _, label in find_good_of_labels(tmp_path / "labels", "folders")} == {"A", "B"}
    kinds = [item.kind for item in find_labelled(tmp_path / "set")]
    assert kinds == ["good", "good", "stain", "stain"]


def test_what_only_looks_like_litter_is_kept():
    for place in ("a.b/c.png", "..png/x.png", "recycle/a.png", "thumbs.db.png", "部品@2/a.png"):
        assert is_litter(PurePosixPath(place)) == (place == "..png/x.png")
    assert is_litter(PurePosixPath("a/Thumbs.db")) and is_litter(PurePosixPath("desktop.INI"))


def test_a_folder_that_is_itself_hidden_may_be_named(tmp_path):
    folder = write_pictures(tmp_path / ".cache" / "good", good_pictures(3))
    assert len(find_good(folder)) == 3


def test_nothing_in_a_folder_or_a_zip_is_passed_over_in_silence(tmp_path):
    folder = write_pictures(tmp_path / "good", good_pictures(2))
    (folder / "001.png").rename(folder / "001.jfif")
    elsewhere = write_pictures(tmp_path / "elsewhere", good_pictures(1, first=5))
    (folder / "more").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(folder)
    assert sorted(path.name for path in find_pictures(folder)) == ["000.png", "000.png", "001.jfif"]
    archive = tmp_path / "twice.zip"
    with zipfile.ZipFile(archive, "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("a.png", b"1")
        file.writestr("a.png", b"2")
    with pytest.raises(DatasetError, match="two files of one name"):
        find_pictures(archive)
    (folder / "readme.csv").write_text("x,y\n1,2\n")
    (folder / "more").unlink()
    assert len(find_pictures(zipped(tmp_path / "b.zip", folder))) == 2
