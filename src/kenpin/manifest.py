"""A table of pictures, CSV or Excel: which file, and what is known of it."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from kenpin import messages
from kenpin.errors import DatasetError

SUFFIXES = frozenset({".csv", ".xlsx"})
FILE_COLUMNS = ("path", "file", "filename", "picture", "out_sianame")
"""Columns that may name the picture; the first one there is taken."""
FOLDER_COLUMN, TRUTH_COLUMN = "dirname", "label"

_ENCODINGS = ("utf-8-sig", "cp932")


@dataclass(frozen=True)
class Manifest:
    """path: of the table. columns: in order. rows: every cell as text, without empty rows."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    @property
    def pictures(self) -> list[Path]:
        """The picture of each row: its file, in its `dirname` if there is one, from the table's
        own folder. Raises DatasetError when no column names files.
        """
        column = next((name for name in FILE_COLUMNS if name in self.columns), None)
        if column is None:
            raise self._missing(" / ".join(FILE_COLUMNS))
        base = self.path.parent
        return [base / row.get(FOLDER_COLUMN, "") / row[column] for row in self.rows]

    def column(self, name: str) -> list[str]:
        """The cells of a column; raises DatasetError when it is not there or a cell is empty."""
        if name not in self.columns:
            raise self._missing(name)
        cells = [row[name] for row in self.rows]
        if "" in cells:
            raise DatasetError(
                messages.CELL_EMPTY.format(path=self.path, column=name, row=cells.index("") + 2)
            )
        return cells

    def _missing(self, name: str) -> DatasetError:
        columns = ", ".join(self.columns)
        return DatasetError(
            messages.COLUMN_MISSING.format(path=self.path, column=name, columns=columns)
        )


def read_manifest(path: Path) -> Manifest:
    """Read a CSV (UTF-8 or Shift-JIS) or Excel file whose first row names the columns.

    Raises DatasetError when it cannot be read or holds no row.
    """
    try:
        lines = _excel(path) if path.suffix.lower() == ".xlsx" else _csv(path)
    except Exception as error:  # openpyxl raises almost anything on a damaged file
        raise DatasetError(messages.TABLE_DAMAGED.format(path=path, reason=error)) from None
    lines = [[cell.strip() for cell in line] for line in lines]
    lines = [line for line in lines if any(line)]
    if len(lines) < 2:
        raise DatasetError(messages.TABLE_EMPTY.format(path=path))
    columns, *cells = lines
    rows = tuple(
        dict(zip(columns, [*line, *[""] * (len(columns) - len(line))], strict=False))
        for line in cells
    )
    return Manifest(path, tuple(columns), rows)


def _csv(path: Path) -> list[list[str]]:
    content = path.read_bytes()
    for encoding in _ENCODINGS:
        try:
            return list(csv.reader(io.StringIO(content.decode(encoding), newline="")))
        except UnicodeDecodeError:
            continue
    raise ValueError(messages.TABLE_ENCODING)


def _excel(path: Path) -> list[list[str]]:
    import openpyxl  # noqa: PLC0415 - slow to load, for Excel files only

    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
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
