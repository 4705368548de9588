"""Many pictures: which files they are, what they are called, which of them test a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.errors import DatasetError, PictureError
from kenpin.pictures import FOREIGN_SUFFIXES, SUFFIXES, read_picture
from kenpin.types import PictureSource

GOOD = "good"


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
    there, or an (H, W) bool array; None where nobody drew one.
    """

    source: PictureSource
    kind: str
    mask: str | Path | NDArray[np.bool_] | None = None

    @property
    def good(self) -> bool:
        """Whether the piece is good."""
        return self.kind == GOOD


def find_pictures(given: str | Path | Sequence[str | Path]) -> list[Path]:
    """The picture files that `given` names: files as they are, folders with all inside, sorted.

    Raises DatasetError when a path does not exist or a folder holds no picture.
    """
    paths = [given] if isinstance(given, str | Path) else list(given)
    if not paths:
        raise DatasetError(messages.NO_PATHS)
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
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
    """Like `find_pictures`, but of a folder in MVTec layout only train/good is taken."""
    paths = [given] if isinstance(given, str | Path) else list(given)
    return find_pictures([_train_good(Path(path)) for path in paths])


def find_labelled(folder: str | Path) -> list[Labelled]:
    """The test pictures of a folder in MVTec layout, good ones first.

    test/good/*, test/DEFECT/* and, where there are masks, ground_truth/DEFECT/STEM_mask.png.
    Raises DatasetError when there is no such layout.
    """
    folder = Path(folder)
    if not folder.exists():
        raise DatasetError(messages.FILE_MISSING.format(path=folder))
    test = folder / "test"
    kinds = sorted(path.name for path in test.iterdir() if path.is_dir()) if test.is_dir() else []
    kinds.sort(key=lambda kind: kind != GOOD)
    labelled = [
        Labelled(path, kind, _mask_of(path, folder))
        for kind in kinds
        for path in _pictures_below(test / kind)
    ]
    if not labelled:
        raise DatasetError(messages.NOT_LABELLED.format(path=folder))
    return labelled


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
