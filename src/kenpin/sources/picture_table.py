"""A table of pictures, CSV or Excel: which file, and what is known of it."""

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kenpin.errors import DatasetError
from kenpin.sources.zip_file import ZipMember
from kenpin.text import Notice

SUFFIXES = frozenset({".csv", ".xlsx"})
FILE_COLUMNS = ("path", "file", "filename", "picture", "out_sianame",
                "ファイル", "ファイル名", "画像", "画像ファイル", "パス")  # fmt: skip
FOLDER_COLUMNS = ("dirname", "folder", "フォルダ", "フォルダー", "フォルダ名")
TRUTH_COLUMNS = ("label", "ラベル", "判定")
"""Columns that are understood without being told; of each the first one there is taken."""
NAMES_OF_GOOD = ("0", "good", "ok", "良品", "良", "合格")

_ENCODINGS = ("utf-8-sig", "cp932")


@dataclass(frozen=True)
class Layout:
    """What the columns of a table mean; None or empty: as they are usually called.

    file: the column that names the picture. folder: the one that names its folder, if any. truth:
    the one that says whether it is good. good: what it says of good ones. part: the one that says
    which part it is, where a model of several parts is evaluated.
    """

    file: str | None = None
    folder: str | None = None
    truth: str | None = None
    good: tuple[str, ...] = ()
    part: str | None = None

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
        column = self._chosen(layout.file, FILE_COLUMNS)
        if column is None:
            columns = ", ".join(self.columns)
            raise DatasetError("column_of_files", path=self.name, columns=columns)
        folder = self._chosen(layout.folder, FOLDER_COLUMNS)
        folders = [row[folder] for row in self.rows] if folder else [""] * len(self.rows)
        names = self.column(column)
        return [
            PurePosixPath(place.replace("\\", "/"), name.replace("\\", "/"))
            for place, name in zip(folders, names, strict=True)
        ]

    def truths(self, layout: Layout, needed: bool = True) -> list[str] | None:
        """What is known of each row; None when there is no such column and it is not needed."""
        column = self._chosen(layout.truth, TRUTH_COLUMNS)
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
        if name not in self.columns:
            raise self._missing(name)
        cells = [row[name] for row in self.rows]
        if "" in cells:
            raise DatasetError(
                "cell_empty", path=self.name, column=name, row=self.lines[cells.index("")]
            )
        return cells

    def _chosen(self, told: str | None, usual: Sequence[str]) -> str | None:
        if told is not None and told not in self.columns:
            raise self._missing(told)
        return told or next((name for name in usual if name in self.columns), None)

    def _missing(self, name: str) -> DatasetError:
        columns = ", ".join(self.columns)
        return DatasetError("column_missing", path=self.name, column=name, columns=columns)


def read_table(table: Path | ZipMember) -> PictureTable:
    """Read a CSV (UTF-8 or Shift-JIS) or Excel file whose first row names the columns.

    Raises DatasetError when it cannot be read or holds no row.
    """
    name = str(table)
    try:
        content = table.read_bytes() if isinstance(table, Path) else table.read_whole()
        lines = _excel(content) if name.lower().endswith(".xlsx") else _csv(content)
    except MemoryError:
        raise
    except Exception as error:  # openpyxl raises almost anything on a damaged file
        raise DatasetError("table_damaged", path=name, reason=error) from None
    numbered = [(n, [cell.strip() for cell in line]) for n, line in enumerate(lines, start=1)]
    numbered = [(n, line) for n, line in numbered if any(line)]
    if len(numbered) < 2:
        raise DatasetError("table_empty", path=name)
    (_, columns), *rest = numbered
    numbers, cells = zip(*rest, strict=True)
    rows = tuple(
        dict(zip(columns, [*line, *[""] * (len(columns) - len(line))], strict=False))
        for line in cells
    )
    return PictureTable(name, tuple(columns), rows, tuple(numbers))


def _csv(content: bytes) -> list[list[str]]:
    for encoding in _ENCODINGS:
        try:
            return list(csv.reader(io.StringIO(content.decode(encoding), newline="")))
        except UnicodeDecodeError:
            continue
    raise ValueError(Notice("table_encoding"))


def _excel(content: bytes) -> list[list[str]]:
    import openpyxl  # noqa: PLC0415 - slow to load, for Excel files only

    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        sheet = workbook.worksheets[0]
        return [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    finally:
        workbook.close()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    # Excel keeps every number as a decimal one: 0 is not to become "0.0".
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _folded(text: str) -> str:
    """Without what differs between keyboards: full-width letters, case, spaces around."""
    return unicodedata.normalize("NFKC", text).strip().casefold()
