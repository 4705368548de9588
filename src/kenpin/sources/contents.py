"""What one path names: a file, a table, an idx file, or all that lies in a folder or a zip."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import DatasetError
from kenpin.sources.idx_file import is_idx, read_idx
from kenpin.sources.litter import is_litter
from kenpin.sources.picture import FOREIGN_SUFFIXES, SUFFIXES, PictureSource
from kenpin.sources.picture_table import Layout, PictureTable, read_table
from kenpin.sources.table_file import FOREIGN_SUFFIXES as FOREIGN_TABLES
from kenpin.sources.table_file import SUFFIXES as TABLES
from kenpin.sources.zip_file import MOST_BYTES, Zip, ZipMember
from kenpin.text import Notice
from kenpin.types import Picture

GOOD = "good"
FOLDERS = "folders"

_PICTURES = SUFFIXES | FOREIGN_SUFFIXES
_STAGES = ("train", "test", "ground_truth")  # the folders of MVTec's layout
_IDX_TRUTH = "label"
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class LeftOut:
    """A picture that was not used, and why."""

    name: str
    reason: Notice
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


@dataclass(frozen=True)
class Single:
    """A file; whether it is a picture is found when it is read."""

    path: Path

    @property
    def sources(self) -> list[PictureSource]:
        """All pictures."""
        return [self.path]

    def good(self) -> list[PictureSource]:
        """The good ones to learn from."""
        return self.sources

    def labels(self, name: str) -> list[tuple[PictureSource, str]]:
        """The good ones, each with its label; see `find_good_of_labels`."""
        text = "labels_folders" if name == FOLDERS else "labels_column"
        raise DatasetError(text, path=self.path, labels=name)

    def labelled(self) -> list[Labelled]:
        """The ones to test with; see `find_labelled`."""
        raise DatasetError("not_labelled", path=self.path)


@dataclass(frozen=True)
class Table:
    """The rows of a table or of an idx file.

    cells: every column. truths: whether each is good; None when it does not say.
    """

    name: str
    sources: list[PictureSource]
    table: PictureTable | None
    truths: list[str] | None
    layout: Layout

    def good(self) -> list[PictureSource]:
        """The good ones to learn from."""
        return [source for source, good in zip(self.sources, self._are_good, strict=True) if good]

    @property
    def _are_good(self) -> list[bool]:
        """Of each row; all where nothing says otherwise."""
        if self.truths is None and self.layout.good:
            raise self._unknown()
        column = self.table.unnamed_truth() if self.table and self.truths is None else None
        if column is not None:
            raise DatasetError("truth_unnamed", path=self.name, column=column)
        if self.truths is None or (self.table is None and not self.layout.good):
            return [True] * len(self.sources)
        good = [self.layout.is_good(truth) for truth in self.truths]
        if not any(good):
            found = ", ".join(list(dict.fromkeys(self.truths))[:5])
            raise DatasetError("none_good", path=self.name, found=found)
        return good

    def _unknown(self) -> DatasetError:
        if self.table is None:
            return DatasetError("idx_truth", path=self.name)
        return self.table.missing_truth()

    def labels(self, name: str) -> list[tuple[PictureSource, str]]:
        """The good ones, each with its label; see `find_good_of_labels`."""
        if self.table is not None:
            cells = self.table.column(name)
        elif name == _IDX_TRUTH and self.truths is not None:
            cells = self.truths
        else:
            raise DatasetError("labels_column", path=self.name, labels=name)
        pairs = zip(self.sources, cells, strict=True)
        if cells == self.truths:  # the column says which part it is, not whether it is good
            return list(pairs)
        return [pair for pair, good in zip(pairs, self._are_good, strict=True) if good]

    def labelled(self) -> list[Labelled]:
        """The ones to test with; see `find_labelled`."""
        if self.truths is None or (self.table is None and not self.layout.good):
            raise self._unknown()
        parts: Sequence[str | None] = [None] * len(self.sources)
        if self.table is not None and self.layout.part is not None:
            parts = self.table.column(self.layout.part)
        labelled = [
            Labelled(source, GOOD if self.layout.is_good(truth) else truth, None, part)
            for source, truth, part in zip(self.sources, self.truths, parts, strict=True)
        ]
        return sorted(labelled, key=lambda item: not item.good)


@dataclass(frozen=True)
class Tree:
    """What lies below a folder, or in a zip: each file and each folder by its place there."""

    name: str
    files: dict[PurePosixPath, PictureSource]
    folders: frozenset[PurePosixPath] = field(default_factory=frozenset)

    @property
    def sources(self) -> list[PictureSource]:
        """All pictures."""
        if not self.files:
            raise DatasetError("no_pictures", path=self.name)
        return list(self.files.values())

    def good(self) -> list[PictureSource]:
        """The good ones to learn from."""
        return self._train_good().sources

    def labels(self, name: str) -> list[tuple[PictureSource, str]]:
        """The good ones, each with its label; see `find_good_of_labels`."""
        if name != FOLDERS:
            raise DatasetError("labels_column", path=self.name, labels=name)
        root = self._train_good()
        if any(len(place.parts) == 1 for place in root.files) or not root.sources:
            raise DatasetError("labels_folders", path=root.name)
        labels = {place.parts[0] for place in root.files}
        for folder in sorted(root.folders):
            if len(folder.parts) == 1 and folder.parts[0] not in labels:
                path = f"{root.name}/{folder}"
                raise DatasetError("label_folder_empty", path=path)
        return [(source, place.parts[0]) for place, source in root.files.items()]

    def labelled(self) -> list[Labelled]:
        """The ones to test with; see `find_labelled`."""
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
            raise DatasetError("not_labelled", path=self.name)
        return sorted(labelled, key=lambda item: not item.good)

    def test(self) -> list[PictureSource]:
        """What lies in the test folder of MVTec's layout; nothing where there is none."""
        return list(self._below("test").files.values())

    def _train_good(self) -> "Tree":
        if PurePosixPath("train", GOOD) in self.folders:
            return self._below(f"train/{GOOD}")
        for name in ("test", "ground_truth", GOOD):  # beside them lie NG pictures and masks
            if PurePosixPath(name) in self.folders:
                raise DatasetError("good_and_others", path=self.name, inside=name)
        return self

    def _below(self, folder: str) -> "Tree":
        def inside(place: PurePosixPath) -> bool:
            return place.is_relative_to(folder) and place != PurePosixPath(folder)

        files = {p.relative_to(folder): s for p, s in self.files.items() if inside(p)}
        folders = frozenset(p.relative_to(folder) for p in self.folders if inside(p))
        return Tree(f"{self.name}/{folder}", files, folders)


def contents_of(path: Path, layout: Layout | None) -> Single | Table | Tree:
    """What the path names; raises DatasetError when it is not there or cannot be opened."""
    layout = layout or Layout()
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise DatasetError("file_missing", path=path)
    if not path.is_file():
        return Single(path)
    if path.suffix.lower() == ".zip":
        return _zip(Zip(path), layout)
    if path.suffix.lower() in TABLES | FOREIGN_TABLES:
        return _table(read_table(path), {}, path.parent, layout)
    if is_idx(path.name):
        return _idx(path, layout)
    return Single(path)


def _folder(path: Path) -> Tree:
    files: dict[PurePosixPath, PictureSource] = {}
    folders = set()
    for inside, is_folder in _walked(path, frozenset()):
        place = PurePosixPath(inside.relative_to(path).as_posix())
        if is_folder:
            folders.add(place)
        elif inside.suffix.lower() in _PICTURES:
            files[place] = inside  # a dangling link stays in, to be complained about
    ordered = {place: files[place] for place in sorted(files)}
    return Tree(str(path), ordered, frozenset(folders))


def _walked(folder: Path, above: frozenset[Path]) -> Iterator[tuple[Path, bool]]:
    """What lies below, links followed but not in a circle, and whether each is a folder."""
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:  # what is in it would be passed over without a word
        raise DatasetError("file_unreadable", path=folder, reason=error.strerror) from None
    own = above | {folder.resolve()}
    for one in inside:
        if is_litter(PurePosixPath(one.name)):
            continue
        if not one.is_dir():
            yield one, False
        elif one.resolve() not in own:
            yield one, True
            yield from _walked(one, own)


def _zip(archive: Zip, layout: Layout) -> Table | Tree:
    if not archive.members:
        raise DatasetError("no_pictures", path=archive.path)
    members = _without_outer_folder(archive.members)
    tables = [place for place in members if place.suffix.lower() in TABLES]
    pictures = any(place.suffix.lower() in _PICTURES for place in members)
    if len(tables) == 1 and not (pictures and not _of_pictures(members[tables[0]], layout)):
        table = tables[0]
        inside = {
            place.relative_to(table.parent): member
            for place, member in members.items()
            if place.is_relative_to(table.parent)
        }
        return _table(read_table(members[table]), inside, None, layout)
    files: dict[PurePosixPath, PictureSource] = {
        place: members[place] for place in sorted(members) if place.suffix.lower() in _PICTURES
    }
    idx = [place for place in members if is_idx(place.name) and "labels" not in place.name]
    if not files and len(idx) == 1:
        return _idx(members[idx[0]], layout, list(members.values()))
    if not files:
        raise DatasetError("no_pictures", path=archive.path)
    folders = {parent for place in members for parent in place.parents if parent.parts}
    return Tree(str(archive.path), files, frozenset(folders))


def _of_pictures(table: ZipMember, layout: Layout) -> bool:
    """Whether it names pictures, and is not something that lies beside them."""
    return read_table(table).names_files(layout)


def _without_outer_folder(
    members: dict[PurePosixPath, ZipMember],
) -> dict[PurePosixPath, ZipMember]:
    """A zip of a folder holds that folder; what counts is what is in it."""
    outer = 0
    while True:
        first = {place.parts[outer] for place in members}
        deep = all(len(place.parts) > outer + 1 for place in members)
        if len(first) != 1 or not deep or first & {*_STAGES}:
            break
        outer += 1
    return {PurePosixPath(*place.parts[outer:]): member for place, member in members.items()}


def _table(
    table: PictureTable,
    members: dict[PurePosixPath, ZipMember],
    folder: Path | None,
    layout: Layout,
) -> Table:
    sources: list[PictureSource] = []
    places = table.files(layout)
    for row, place in zip(table.lines, places, strict=True):
        if folder is not None:
            if not layout.outside and not _is_below(folder, place):
                raise DatasetError("table_outside", path=table.name, row=row, place=place)
            sources.append(folder / place)
        elif place in members:
            sources.append(members[place])
        else:
            raise DatasetError("not_in_zip", path=table.name, row=row, place=place)
    truths = table.truths(layout, needed=False)
    if truths is not None:
        _check_one_truth(table, sources, truths, layout)
    return Table(table.name, sources, table, truths, layout)


def _is_below(folder: Path, place: PurePosixPath) -> bool:
    """Whether what a table names is below its folder, as it is written: links are the owner's."""
    if _DRIVE.match(str(place)) and not Path(place).is_absolute():  # of Windows, read elsewhere
        return False
    whole = Path(os.path.normpath(folder.absolute() / place))
    return whole.is_relative_to(os.path.normpath(folder.absolute()))


def _check_one_truth(
    table: PictureTable, sources: Sequence[PictureSource], truths: Sequence[str], layout: Layout
) -> None:
    """Refuse a table that calls the same picture good in one row and not in another."""
    told: dict[str, tuple[bool, int]] = {}
    for source, truth, row in zip(sources, truths, table.lines, strict=True):
        good = layout.is_good(truth)
        before, first = told.setdefault(os.path.normpath(str(source)), (good, row))
        if before != good:
            raise DatasetError("row_contradicts", path=table.name, row=row, other=first)


def _idx(
    source: Path | ZipMember, layout: Layout, beside: Sequence[ZipMember] | None = None
) -> Table:
    """The pictures of an idx file as arrays, and the labels in the file that belongs to it."""
    name = str(source)
    pictures = read_idx(_content(source), name)
    if pictures.ndim != 3:
        raise DatasetError("idx_no_pictures", path=name)
    inside = PurePosixPath(name).name
    of_labels = name.removesuffix(inside) + inside.replace("images", "labels").replace(
        "idx3", "idx1"
    )
    others: Sequence[Path | ZipMember] = beside or [p for p in [Path(of_labels)] if p.is_file()]
    labels = next((other for other in others if str(other) == of_labels != name), None)
    truths = None
    if labels is not None:
        truths = [str(number) for number in read_idx(_content(labels), of_labels).tolist()]
        if len(truths) != len(pictures):
            raise DatasetError("labels_count", labels=len(truths), pictures=len(pictures))
    sources: list[PictureSource] = [
        Picture(pixels, f"{name}[{number}]") for number, pixels in enumerate(pictures)
    ]
    return Table(name, sources, None, truths, layout)


def _content(source: Path | ZipMember) -> bytes:
    try:
        if isinstance(source, ZipMember):
            return source.read_whole()
        if (size := source.stat().st_size) > MOST_BYTES:
            told = {"megabytes": size // 2**20, "limit": MOST_BYTES // 2**20}
            raise DatasetError("file_too_large", path=source, **told)
        return source.read_bytes()
    except OSError as error:
        raise DatasetError("file_unreadable", path=source, reason=error.strerror) from None
