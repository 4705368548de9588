"""Many pictures: which files they are, what they are called, which of them test a model."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import DatasetError, PictureError
from kenpin.sources.contents import GOOD, Labelled, Tree, contents_of
from kenpin.sources.litter import is_litter
from kenpin.sources.picture import FOREIGN_SUFFIXES, SUFFIXES, PictureSource, read_picture
from kenpin.sources.picture_table import Layout
from kenpin.sources.zip_file import ZipMember

Paths = str | Path | Sequence[str | Path]


def find_pictures(given: Paths, layout: Layout | None = None) -> list[PictureSource]:
    """The pictures that `given` names: files as they are, folders with all inside, sorted.

    A CSV or Excel file names pictures, one in each row; an idx file such as MNIST's holds them; a
    zip holds any of these. layout: what the columns of a table mean.

    Raises DatasetError when a path does not exist or a folder holds no picture.
    """
    found = [source for path in _paths(given) for source in contents_of(path, layout).sources]
    return list(dict.fromkeys(found))


def find_good(given: Paths, layout: Layout | None = None) -> list[PictureSource]:
    """Like `find_pictures`, but of a folder in MVTec layout only train/good is taken.

    And of a table that says which are good, only those.
    """
    found = [source for path in _paths(given) for source in contents_of(path, layout).good()]
    return list(dict.fromkeys(found))


def find_good_of_labels(
    given: Paths, labels: str, layout: Layout | None = None
) -> list[tuple[PictureSource, str]]:
    """The good pictures, each with its label.

    labels: "folders", and the sub-folders of `given` are the labels; or the name of a column, and
    `given` is a table. Raises DatasetError when there is no label to be had.
    """
    paths = _paths(given)
    if len(paths) != 1:
        raise DatasetError("labels_of_one")
    return contents_of(paths[0], layout).labels(labels)


def find_labelled(given: str | Path, layout: Layout | None = None) -> list[Labelled]:
    """The test pictures of a folder in MVTec layout, good ones first, or of a table.

    test/good/*, test/DEFECT/* and, where there are masks, ground_truth/DEFECT/STEM_mask.png. In a
    table a column says what is known: 0, good or OK, else the defect. An idx file has the labels
    of its pictures in the file beside it. Raises DatasetError when there is no such layout.
    """
    return contents_of(Path(given), layout).labelled()


def files_of(sources: Sequence[PictureSource]) -> list[Path]:
    """The files that pictures are read from: their own, or the zip."""
    owners = (
        source.archive.path if isinstance(source, ZipMember) else source for source in sources
    )
    return [Path(owner) for owner in dict.fromkeys(o for o in owners if isinstance(o, str | Path))]


def find_tested(given: Paths) -> list[PictureSource]:
    """The test pictures that belong to good ones: of MVTec's layout, or nothing.

    given: the folder or zip of the whole set, or its train/good.
    """
    found: list[PictureSource] = []
    for path in _paths(given):
        of_set = path.parts[-2:] == ("train", GOOD)
        whole = path.parent.parent if of_set else path
        if (whole / "test").is_dir() or whole.suffix.lower() == ".zip":
            named = contents_of(whole, None)
            found += named.test() if isinstance(named, Tree) else []
    return found


def read_mask(mask: PictureSource | NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask as (H, W) bool, True on the defect; raises DatasetError if it is not `size`."""
    name, marked = "mask", mask
    if not isinstance(marked, np.ndarray):
        name = str(marked)
        try:
            pixels = read_picture(marked, finished=False).pixels
        except PictureError as error:
            raise DatasetError.about(error.notice) from None
        brightest = pixels if pixels.ndim == 2 else pixels.max(axis=2)
        marked = brightest > np.iinfo(pixels.dtype).max / 2
    if marked.shape != size:
        raise DatasetError(
            "mask_size",
            path=name,
            mask=f"{marked.shape[1]}x{marked.shape[0]}",
            picture=f"{size[1]}x{size[0]}",
        )
    return np.asarray(marked, bool)


def _paths(given: Paths) -> list[Path]:
    paths = [given] if isinstance(given, str | Path) else list(given)
    if not paths:
        raise DatasetError("no_paths")
    return [Path(path) for path in paths]


def is_picture_name(name: str) -> bool:
    """Whether a file of this name, below what was named, is a picture: one that cannot be read too.

    What computers put there by themselves is none.
    """
    place = PurePosixPath(name)
    return place.suffix.lower() in SUFFIXES | FOREIGN_SUFFIXES and not is_litter(place)
