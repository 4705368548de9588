"""A table of pictures, CSV or Excel: which file, and what is known of it."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kenpin.errors import DatasetError
from kenpin.sources.table_file import lines_of
from kenpin.sources.zip_file import ZipMember

FILE_COLUMNS = ("path", "file", "filename", "picture", "out_sianame",
                "ファイル", "ファイル名", "画像", "画像ファイル", "パス")  # fmt: skip
FOLDER_COLUMNS = ("dirname", "folder", "フォルダ", "フォルダー", "フォルダ名")
TRUTH_COLUMNS = ("label", "ラベル", "判定")
"""Columns that are understood without being told; of each the first one there is taken."""
NAMES_OF_GOOD = ("0", "good", "ok", "pass", "passed", "良品", "良", "合格", "合", "○", "〇", "◯")


@dataclass(frozen=True)
class Layout:
    """What the columns of a table mean; None or empty: as they are usually called.

    file: the column that names the picture. folder: the one that names its folder, if any. truth:
    the one that says whether it is good. good: what it says of good ones. part: the one that says
    which part it is, where a model of several parts is evaluated. outside: whether it may name
    pictures that are not below its own folder.
    """

    file: str | None = None
    folder: str | None = None
    truth: str | None = None
    good: tuple[str, ...] = ()
    part: str | None = None
    outside: bool = False

    @classmethod
    def named(cls, name: str) -> "Layout":
        """A published layout; raises DatasetError for an unknown one."""
        if name not in LAYOUTS:
            known = ", ".join(LAYOUTS)
            raise DatasetError("layout_unknown", name=name, known=known)
        return LAYOUTS[name]

    def is_good(self, truth: str) -> bool:
        """Whether a cell of the column `truth` says that the piece is good."""
        names = self.good or NAMES_OF_GOOD
        return _folded(truth) in {_folded(name) for name in names}


LAYOUTS = {"terminals": Layout("out_sianame", "dirname", "label", ("0",))}
"""Of published data: the connector terminals of the two-step compression by the RT method."""


@dataclass(frozen=True)
class PictureTable:
    """name: of the table. columns: in order. rows: every cell as text, without empty rows.

    lines: the number that each row has in the table.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]

    def files(self, layout: Layout) -> list[PurePosixPath]:
        """The picture of each row: its file, in its folder if there is one, from the table's own.

        Raises DatasetError when no column names files, or a cell is empty.
        """
        column = self._chosen(layout.file, FILE_COLUMNS, "file")
        if column is None:
            columns = ", ".join(filter(None, self.columns))
            raise DatasetError("column_of_files", path=self.name, columns=columns)
        folder = self._chosen(layout.folder, FOLDER_COLUMNS, "folder")
        folders = [row[folder] for row in self.rows] if folder else [""] * len(self.rows)
        names = self.column(column)
        return [
            PurePosixPath(place.replace("\\", "/"), name.replace("\\", "/"))
            for place, name in zip(folders, names, strict=True)
        ]

    def truths(self, layout: Layout, needed: bool = True) -> list[str] | None:
        """What is known of each row; None when there is no such column and it is not needed."""
        column = self._chosen(layout.truth, TRUTH_COLUMNS, "truth")
        if column is None and not needed:
            return None
        if column is None:
            raise self.missing_truth()
        return self.column(column)

    def missing_truth(self) -> DatasetError:
        """That nothing says which are good."""
        return self._missing(" / ".join(TRUTH_COLUMNS))

    def column(self, name: str) -> list[str]:
        """The cells of a column; raises DatasetError when it is not there or a cell is empty."""
        found = self._named(name)
        if found is None:
            raise self._missing(name)
        cells = [row[found] for row in self.rows]
        if "" in cells:
            raise DatasetError(
                "cell_empty", path=self.name, column=found, row=self.lines[cells.index("")]
            )
        return cells

    def cells(self, name: str) -> list[str]:
        """Those of a column, empty ones too; all empty where it is not there."""
        found = self._named(name)
        return [row[found] if found else "" for row in self.rows]

    def unknown(self, names: Sequence[str]) -> list[str]:
        """Columns that are called like none of these."""
        known = {self._named(name) for name in names}
        return [column for column in self.columns if column not in known]

    def names_files(self, layout: Layout) -> bool:
        """Whether a column does."""
        return layout.file is not None or any(self._named(one) for one in FILE_COLUMNS)

    def unnamed_truth(self) -> str | None:
        """A column that seems to say which are good, though it is not called so."""
        for column in self.columns:
            words = {_folded(row[column]) for row in self.rows}
            if words & _SAY_GOOD and words & _SAY_NG and words <= _SAY_GOOD | _SAY_NG | {""}:
                return column
        return None

    def _chosen(self, told: str | None, usual: Sequence[str], role: str) -> str | None:
        if told is not None:
            if self._named(told) is None:
                raise self._missing(told)
            return self._named(told)
        found = list(dict.fromkeys(filter(None, (self._named(name) for name in usual))))
        if len(found) > 1:
            told_of = {"columns": ", ".join(found), "role": role}
            raise DatasetError("columns_of_kind", path=self.name, **told_of)
        return found[0] if found else None

    def _named(self, name: str) -> str | None:
        """The column called so, in letters of either case and width; None: there is none."""
        return next((own for own in self.columns if _folded(own) == _folded(name)), None)

    def _missing(self, name: str) -> DatasetError:
        columns = ", ".join(self.columns)
        return DatasetError("column_missing", path=self.name, column=name, columns=columns)


def read_table(table: Path | ZipMember) -> PictureTable:
    """Read a CSV or Excel file whose first row names the columns; see `lines_of`.

    Raises DatasetError when it cannot be read, holds no row, names two columns alike, or has a row
    with more cells than there are columns.
    """
    name = str(table)
    lines = lines_of(table)
    if len(lines) < 2:
        raise DatasetError("table_empty", path=name)
    (_, columns), *rest = lines
    while columns and not columns[-1]:
        columns.pop()
    _check_different(columns, name)
    rows = []
    for number, cells in rest:
        if any(cells[len(columns) :]):
            raise DatasetError("row_long", path=name, row=number, columns=len(columns))
        filled = [*cells, *[""] * (len(columns) - len(cells))]
        rows.append(dict(zip(columns, filled, strict=False)))
    return PictureTable(name, tuple(columns), tuple(rows), tuple(number for number, _ in rest))


def _check_different(columns: Sequence[str], name: str) -> None:
    known: dict[str, str] = {}
    for column in filter(None, columns):
        other = known.setdefault(_folded(column), column)
        if other is not column:
            raise DatasetError("columns_alike", path=name, one=other, other=column)


def _folded(text: str) -> str:
    """Without what differs between keyboards, and what nobody sees: width, case, spaces around."""
    seen = "".join(one for one in text if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFKC", seen).strip().casefold()


_SAY_GOOD = {_folded(name) for name in NAMES_OF_GOOD if name != "0"}
_SAY_NG = {"ng", "bad", "defect", "fail", "failed", "不良", "不合格", "否", "×", "✕"}
