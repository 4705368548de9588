"""Many pictures: which files they are, what they are called, which of them test a model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.errors import DatasetError, PictureError
from kenpin.manifest import SUFFIXES as TABLE_SUFFIXES
from kenpin.manifest import Layout, Manifest, read_manifest
from kenpin.packed import Zip, ZipMember, is_idx, read_idx
from kenpin.pictures import FOREIGN_SUFFIXES, SUFFIXES, read_picture
from kenpin.types import Picture, PictureSource

GOOD = "good"
FOLDERS = "folders"
Paths = str | Path | Sequence[str | Path]

_PICTURES = SUFFIXES | FOREIGN_SUFFIXES
_STAGES = ("train", "test", "ground_truth")  # the folders of MVTec's layout
_IDX_TRUTH = "label"


@dataclass(frozen=True)
class LeftOut:
    """A picture that was not used, and the sentence or phrase that says why."""

    name: str
    reason: str
    duplicate: bool = False
    source: PictureSource | None = None


@dataclass(frozen=True)
class Labelled:
    """A test picture whose truth is known.

    kind: "good" or the defect's name. mask: where the defect is, as a picture that is white there,
    or an (H, W) bool array; None where nobody drew one. expected: the label that the inspector is
    told, where it knows that label.
    """

    source: PictureSource
    kind: str
    mask: "PictureSource | NDArray[np.bool_] | None" = None
    expected: str | None = None

    @property
    def good(self) -> bool:
        """Whether the piece is good."""
        return self.kind == GOOD


def find_pictures(given: Paths, layout: Layout | None = None) -> list[PictureSource]:
    """The pictures that `given` names: files as they are, folders with all inside, sorted.

    A CSV or Excel file names pictures, one in each row; an idx file such as MNIST's holds them; a
    zip holds any of these. layout: what the columns of a table mean.

    Raises DatasetError when a path does not exist or a folder holds no picture.
    """
    found = [source for path in _paths(given) for source in _collection(path, layout).sources]
    return list(dict.fromkeys(found))


def find_good(given: Paths, layout: Layout | None = None) -> list[PictureSource]:
    """Like `find_pictures`, but of a folder in MVTec layout only train/good is taken.

    And of a table that says which are good, only those.
    """
    found = [source for path in _paths(given) for source in _collection(path, layout).good()]
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
        raise DatasetError(messages.LABELS_OF_ONE)
    return _collection(paths[0], layout).labels(labels)


def find_labelled(given: str | Path, layout: Layout | None = None) -> list[Labelled]:
    """The test pictures of a folder in MVTec layout, good ones first, or of a table.

    test/good/*, test/DEFECT/* and, where there are masks, ground_truth/DEFECT/STEM_mask.png. In a
    table a column says what is known: 0, good or OK, else the defect. An idx file has the labels
    of its pictures in the file beside it. Raises DatasetError when there is no such layout.
    """
    return _collection(Path(given), layout).labelled()


def files_of(sources: Sequence[PictureSource]) -> list[Path]:
    """The files that pictures are read from: their own, or the zip."""
    owners = (
        source.archive.path if isinstance(source, ZipMember) else source for source in sources
    )
    return [Path(owner) for owner in dict.fromkeys(o for o in owners if isinstance(o, str | Path))]


def read_mask(mask: PictureSource | NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask as (H, W) bool, True on the defect; raises DatasetError if it is not `size`."""
    name, marked = "mask", mask
    if not isinstance(marked, np.ndarray):
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
    return np.asarray(marked, bool)


# --- what one path names -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Single:
    """A file; whether it is a picture is found when it is read."""

    path: Path

    @property
    def sources(self) -> list[PictureSource]:
        return [self.path]

    def good(self) -> list[PictureSource]:
        return self.sources

    def labels(self, name: str) -> list[tuple[PictureSource, str]]:
        text = messages.LABELS_FOLDERS if name == FOLDERS else messages.LABELS_COLUMN
        raise DatasetError(text.format(path=self.path, labels=name))

    def labelled(self) -> list[Labelled]:
        raise DatasetError(messages.NOT_LABELLED.format(path=self.path))


@dataclass(frozen=True)
class _Table:
    """The rows of a table or of an idx file.

    cells: every column. truths: whether each is good; None when it does not say.
    """

    name: str
    sources: list[PictureSource]
    manifest: Manifest | None
    truths: list[str] | None
    layout: Layout

    def good(self) -> list[PictureSource]:
        if self.truths is None or (self.manifest is None and not self.layout.good):
            return self.sources
        pairs = zip(self.sources, self.truths, strict=True)
        return [source for source, truth in pairs if self.layout.is_good(truth)]

    def labels(self, name: str) -> list[tuple[PictureSource, str]]:
        if self.manifest is not None:
            cells = self.manifest.column(name)
        elif name == _IDX_TRUTH and self.truths is not None:
            cells = self.truths
        else:
            raise DatasetError(messages.LABELS_COLUMN.format(path=self.name, labels=name))
        return list(zip(self.sources, cells, strict=True))

    def labelled(self) -> list[Labelled]:
        truths = self.truths
        if self.manifest is not None:
            truths = self.manifest.truths(self.layout)
        elif not self.layout.good or truths is None:
            raise DatasetError(messages.IDX_TRUTH.format(path=self.name))
        labelled = [
            Labelled(source, GOOD if self.layout.is_good(truth) else truth)
            for source, truth in zip(self.sources, truths or [], strict=True)
        ]
        return sorted(labelled, key=lambda item: not item.good)


@dataclass(frozen=True)
class _Tree:
    """What lies below a folder, or in a zip: each file and each folder by its place there."""

    name: str
    files: dict[PurePosixPath, PictureSource]
    folders: frozenset[PurePosixPath] = field(default_factory=frozenset)

    @property
    def sources(self) -> list[PictureSource]:
        if not self.files:
            raise DatasetError(messages.NO_PICTURES.format(path=self.name))
        return list(self.files.values())

    def good(self) -> list[PictureSource]:
        return self._train_good().sources

    def labels(self, name: str) -> list[tuple[PictureSource, str]]:
        if name != FOLDERS:
            raise DatasetError(messages.LABELS_COLUMN.format(path=self.name, labels=name))
        root = self._train_good()
        if any(len(place.parts) == 1 for place in root.files) or not root.sources:
            raise DatasetError(messages.LABELS_FOLDERS.format(path=root.name))
        labels = {place.parts[0] for place in root.files}
        for folder in sorted(root.folders):
            if len(folder.parts) == 1 and folder.parts[0] not in labels:
                path = f"{root.name}/{folder}"
                raise DatasetError(messages.LABEL_FOLDER_EMPTY.format(path=path))
        return [(source, place.parts[0]) for place, source in root.files.items()]

    def labelled(self) -> list[Labelled]:
        test, masks = self._below("test"), self._below("ground_truth").files
        labelled = [
            Labelled(
                source,
                place.parts[0],
                masks.get(place.with_name(f"{place.stem}_mask.png")),
                place.parts[1] if len(place.parts) > 2 else None,  # test/good/A/1.png: of part A
            )
            for place, source in test.files.items()
            if len(place.parts) > 1
        ]
        if not labelled:
            raise DatasetError(messages.NOT_LABELLED.format(path=self.name))
        return sorted(labelled, key=lambda item: not item.good)

    def _train_good(self) -> "_Tree":
        if PurePosixPath("train", GOOD) in self.folders:
            return self._below(f"train/{GOOD}")
        for name in ("test", "ground_truth", GOOD):  # beside them lie NG pictures and masks
            if PurePosixPath(name) in self.folders:
                raise DatasetError(messages.GOOD_AND_OTHERS.format(path=self.name, inside=name))
        return self

    def _below(self, folder: str) -> "_Tree":
        def inside(place: PurePosixPath) -> bool:
            return place.is_relative_to(folder) and place != PurePosixPath(folder)

        files = {p.relative_to(folder): s for p, s in self.files.items() if inside(p)}
        folders = frozenset(p.relative_to(folder) for p in self.folders if inside(p))
        return _Tree(f"{self.name}/{folder}", files, folders)


def _paths(given: Paths) -> list[Path]:
    paths = [given] if isinstance(given, str | Path) else list(given)
    if not paths:
        raise DatasetError(messages.NO_PATHS)
    return [Path(path) for path in paths]


def _collection(path: Path, layout: Layout | None) -> _Single | _Table | _Tree:
    layout = layout or Layout()
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise DatasetError(messages.FILE_MISSING.format(path=path))
    if not path.is_file():
        return _Single(path)
    if path.suffix.lower() == ".zip":
        return _zip(Zip(path), layout)
    if path.suffix.lower() in TABLE_SUFFIXES:
        return _table(read_manifest(path), {}, path.parent, layout)
    if is_idx(path.name):
        return _idx(path, layout)
    return _Single(path)


def _folder(path: Path) -> _Tree:
    files: dict[PurePosixPath, PictureSource] = {}
    folders = set()
    for inside in sorted(path.rglob("*")):
        place = PurePosixPath(inside.relative_to(path).as_posix())
        if inside.is_dir():
            folders.add(place)
        elif inside.suffix.lower() in _PICTURES and not inside.name.startswith("."):
            files[place] = inside  # a dangling link stays in, to be complained about
    return _Tree(str(path), files, frozenset(folders))


def _zip(archive: Zip, layout: Layout) -> _Table | _Tree:
    members = _without_outer_folder(archive.members)
    tables = [place for place in members if place.suffix.lower() in TABLE_SUFFIXES]
    if len(tables) == 1:
        table = tables[0]
        inside = {
            place.relative_to(table.parent): member
            for place, member in members.items()
            if place.is_relative_to(table.parent)
        }
        return _table(read_manifest(members[table]), inside, None, layout)
    files: dict[PurePosixPath, PictureSource] = {
        place: members[place] for place in sorted(members) if place.suffix.lower() in _PICTURES
    }
    idx = [place for place in members if is_idx(place.name) and "labels" not in place.name]
    if not files and len(idx) == 1:
        return _idx(members[idx[0]], layout, list(members.values()))
    if not files:
        raise DatasetError(messages.NO_PICTURES.format(path=archive.path))
    folders = {parent for place in members for parent in place.parents if parent.parts}
    return _Tree(str(archive.path), files, frozenset(folders))


def _without_outer_folder(
    members: dict[PurePosixPath, ZipMember],
) -> dict[PurePosixPath, ZipMember]:
    """A zip of a folder holds that folder; what counts is what is in it."""
    first = {place.parts[0] for place in members}
    if len(first) != 1 or not all(len(place.parts) > 1 for place in members) or first & {*_STAGES}:
        return members
    return _without_outer_folder({p.relative_to(p.parts[0]): m for p, m in members.items()})


def _table(
    manifest: Manifest,
    members: dict[PurePosixPath, ZipMember],
    folder: Path | None,
    layout: Layout,
) -> _Table:
    sources: list[PictureSource] = []
    for row, place in enumerate(manifest.places(layout), start=2):
        if folder is not None:
            sources.append(folder / place)
        elif place in members:
            sources.append(members[place])
        else:
            text = messages.NOT_IN_ZIP.format(path=manifest.name, row=row, place=place)
            raise DatasetError(text)
    truths = manifest.truths(layout, needed=False)
    return _Table(manifest.name, sources, manifest, truths, layout)


def _idx(
    source: Path | ZipMember, layout: Layout, beside: Sequence[ZipMember] | None = None
) -> _Table:
    """The pictures of an idx file as arrays, and the labels in the file that belongs to it."""
    name = str(source)
    pictures = read_idx(_content(source), name)
    if pictures.ndim != 3:
        raise DatasetError(messages.IDX_NO_PICTURES.format(path=name))
    of_labels = name.replace("images", "labels").replace("idx3", "idx1")
    others: Sequence[Path | ZipMember] = beside or [p for p in [Path(of_labels)] if p.is_file()]
    labels = next((other for other in others if str(other) == of_labels != name), None)
    truths = None
    if labels is not None:
        truths = [str(number) for number in read_idx(_content(labels), of_labels).tolist()]
        if len(truths) != len(pictures):
            raise DatasetError(
                messages.LABELS_COUNT.format(labels=len(truths), pictures=len(pictures))
            )
    sources: list[PictureSource] = [
        Picture(pixels, f"{name}[{number}]") for number, pixels in enumerate(pictures)
    ]
    return _Table(name, sources, None, truths, layout)


def _content(source: Path | ZipMember) -> bytes:
    try:
        return source.read_bytes() if isinstance(source, Path) else source.read()
    except OSError as error:
        raise DatasetError(
            messages.FILE_UNREADABLE.format(path=source, reason=error.strerror)
        ) from None
