"""Many pictures: which files they are, what they are called, which of them test a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.errors import DatasetError, PictureError
from kenpin.manifest import SUFFIXES as MANIFEST_SUFFIXES
from kenpin.manifest import TRUTH_COLUMN, Manifest, read_manifest
from kenpin.pictures import FOREIGN_SUFFIXES, SUFFIXES, read_picture
from kenpin.types import PictureSource

GOOD = "good"
FOLDERS = "folders"
_NAMES_OF_GOOD = frozenset({"0", "good", "ok"})  # in the column `label` of a manifest


@dataclass(frozen=True)
class LeftOut:
    """A picture that was not used, and the sentence or phrase that says why."""

    name: str
    reason: str
    duplicate: bool = False


@dataclass(frozen=True)
class Labelled:
    """A test picture whose truth is known.

    kind: "good" or the defect's name. mask: where the defect is, as a picture file that is white
    there, or an (H, W) bool array; None where nobody drew one. expected: the label that the
    inspector is told, where it knows that label.
    """

    source: PictureSource
    kind: str
    mask: str | Path | NDArray[np.bool_] | None = None
    expected: str | None = None

    @property
    def good(self) -> bool:
        """Whether the piece is good."""
        return self.kind == GOOD


def find_pictures(given: str | Path | Sequence[str | Path], good_only: bool = False) -> list[Path]:
    """The picture files that `given` names: files as they are, folders with all inside, sorted.

    A CSV or Excel file names pictures, one in each row. good_only: only rows whose column `label`,
    if there is one, says 0, good or OK.

    Raises DatasetError when a path does not exist or a folder holds no picture.
    """
    paths = [given] if isinstance(given, str | Path) else list(given)
    if not paths:
        raise DatasetError(messages.NO_PATHS)
    found: list[Path] = []
    for path in map(Path, paths):
        if path.suffix.lower() in MANIFEST_SUFFIXES and path.is_file():
            found += _good_in(read_manifest(path)) if good_only else read_manifest(path).pictures
        elif path.is_dir():
            inside = _pictures_below(path)
            if not inside:
                raise DatasetError(messages.NO_PICTURES.format(path=path))
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DatasetError(messages.FILE_MISSING.format(path=path))
    return list(dict.fromkeys(found))


def find_good(given: str | Path | Sequence[str | Path]) -> list[Path]:
    """Like `find_pictures`, but of a folder in MVTec layout only train/good is taken.

    And of a table with a column `label` only the good ones.
    """
    paths = [given] if isinstance(given, str | Path) else list(given)
    return find_pictures([_train_good(Path(path)) for path in paths], good_only=True)


def find_good_of_labels(
    given: str | Path | Sequence[str | Path], labels: str
) -> list[tuple[Path, str]]:
    """The good pictures, each with its label.

    labels: "folders", and the sub-folders of `given` are the labels; or the name of a column, and
    `given` is a manifest. Raises DatasetError when there is no label to be had.
    """
    paths = [given] if isinstance(given, str | Path) else list(given)
    if len(paths) != 1:
        raise DatasetError(messages.LABELS_OF_ONE)
    path = Path(paths[0])
    if path.suffix.lower() in MANIFEST_SUFFIXES and path.is_file():
        manifest = read_manifest(path)
        return list(zip(manifest.pictures, manifest.column(labels), strict=True))
    if labels != FOLDERS:
        raise DatasetError(messages.LABELS_COLUMN.format(path=path, labels=labels))
    found = find_good(path)
    root = _train_good(path)
    if not root.is_dir() or any(picture.parent == root for picture in found):
        raise DatasetError(messages.LABELS_FOLDERS.format(path=root))
    labelled = [(picture, picture.relative_to(root).parts[0]) for picture in found]
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if folder.name not in {label for _, label in labelled}:
            raise DatasetError(messages.LABEL_FOLDER_EMPTY.format(path=folder))
    return labelled


def find_labelled(folder: str | Path) -> list[Labelled]:
    """The test pictures of a folder in MVTec layout, good ones first, or of a manifest.

    In a manifest the column `label` says what is known: 0, good or OK, else the defect.

    test/good/*, test/DEFECT/* and, where there are masks, ground_truth/DEFECT/STEM_mask.png.
    Raises DatasetError when there is no such layout.
    """
    folder = Path(folder)
    if not folder.exists():
        raise DatasetError(messages.FILE_MISSING.format(path=folder))
    if folder.suffix.lower() in MANIFEST_SUFFIXES and folder.is_file():
        return _labelled_in(read_manifest(folder))
    test = folder / "test"
    kinds = sorted(path.name for path in test.iterdir() if path.is_dir()) if test.is_dir() else []
    kinds.sort(key=lambda kind: kind != GOOD)
    labelled = [
        Labelled(path, kind, _mask_of(path, folder), _folder_below(path, test / kind))
        for kind in kinds
        for path in _pictures_below(test / kind)
    ]
    if not labelled:
        raise DatasetError(messages.NOT_LABELLED.format(path=folder))
    return labelled


def _folder_below(path: Path, folder: Path) -> str | None:
    """The name of the sub-folder that a picture is in: test/good/A/1.png is of the part A."""
    inside = path.relative_to(folder).parts
    return inside[0] if len(inside) > 1 else None


def _good_in(manifest: Manifest) -> list[Path]:
    if TRUTH_COLUMN not in manifest.columns:
        return manifest.pictures
    return [item.source for item in _labelled_in(manifest) if item.good]  # type: ignore[misc]


def _labelled_in(manifest: Manifest) -> list[Labelled]:
    kinds = manifest.column(TRUTH_COLUMN)
    labelled = [
        Labelled(path, GOOD if kind.casefold() in _NAMES_OF_GOOD else kind)
        for path, kind in zip(manifest.pictures, kinds, strict=True)
    ]
    return sorted(labelled, key=lambda item: not item.good)


def read_mask(mask: str | Path | NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask as (H, W) bool, True on the defect; raises DatasetError if it is not `size`."""
    name, marked = "mask", mask
    if isinstance(marked, str | Path):
        name = str(marked)
        try:
            pixels = read_picture(marked).pixels
        except PictureError as error:
            raise DatasetError(str(error)) from None
        brightest = pixels if pixels.ndim == 2 else pixels.max(axis=2)
        marked = brightest > np.iinfo(pixels.dtype).max / 2
    if marked.shape != size:
        raise DatasetError(
            messages.MASK_SIZE.format(
                path=name,
                mask=f"{marked.shape[1]}x{marked.shape[0]}",
                picture=f"{size[1]}x{size[0]}",
            )
        )
    return marked


def _train_good(path: Path) -> Path:
    inside = path / "train" / GOOD
    if inside.is_dir():
        return inside
    for name in ("test", "ground_truth", GOOD):  # beside them lie NG pictures and masks
        if (path / name).is_dir():
            raise DatasetError(messages.GOOD_AND_OTHERS.format(path=path, inside=name))
    return path


def _pictures_below(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES | FOREIGN_SUFFIXES
        and not path.name.startswith(".")
        and not path.is_dir()  # a dangling link stays in, to be complained about
    )


def _mask_of(path: Path, folder: Path) -> Path | None:
    mask = folder / "ground_truth" / path.relative_to(folder / "test")
    mask = mask.with_name(f"{path.stem}_mask.png")
    return mask if mask.is_file() else None
