"""A CSV or Excel file as lines of cells, whichever program wrote it."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kenpin.errors import DatasetError
from kenpin.sources.zip_file import ZipMember
from kenpin.text import FORMULAS, Notice

SUFFIXES = frozenset({".csv", ".tsv", ".xlsx", ".xlsm"})
FOREIGN_SUFFIXES = frozenset({".xls", ".xlsb", ".ods", ".numbers"})
"""Tables that kenpin does not read: refused with a sentence."""

_WORKBOOKS = (".xlsx", ".xlsm")
_MOST_BYTES = 2**26  # unpacked: a million rows have 40 MB
_MOST_ROWS = 1_000_000
_ENCODINGS = ("utf-8-sig", "cp932")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SEPARATORS = (",", ";", "\t")
_TOLD_SEPARATOR = "sep="  # a first line by which Excel is told

Lines = list[tuple[int, list[str]]]
"""Of each line that is not empty its number, from 1, and its cells without spaces around them."""


def lines_of(table: Path | ZipMember) -> Lines:
    """The lines of a CSV (UTF-8, UTF-16 or Shift-JIS; comma, semicolon or tab) or Excel file.

    Raises DatasetError when it is too large, which is found before it is read, or no table.
    """
    name = str(table)
    suffix = Path(name).suffix.lower()
    if suffix in FOREIGN_SUFFIXES:
        raise DatasetError("table_foreign", path=name, suffix=suffix)
    try:
        content = _content(table)
        lines = _excel(content) if suffix in _WORKBOOKS else _csv(content)
        return [
            (number, cells)
            for number, line in lines
            if any(cells := [_plain(cell) for cell in line])
        ]
    except (MemoryError, DatasetError):
        raise
    except Exception as error:  # openpyxl raises almost anything on a damaged file
        raise DatasetError("table_damaged", path=name, reason=error) from None


def _plain(cell: str) -> str:
    """Without spaces around it, and without what kenpin's own tables put before a formula."""
    cell = cell.strip()
    return cell[1:] if cell.startswith(FORMULAS, 1) and cell[0] == "'" else cell


def _content(table: Path | ZipMember) -> bytes:
    size = table.stat().st_size if isinstance(table, Path) else table.length
    if size > _MOST_BYTES:
        raise _too_large(str(table), size)
    return table.read_bytes() if isinstance(table, Path) else table.read(_MOST_BYTES + 1)


def _too_large(name: str, size: int) -> DatasetError:
    return DatasetError(
        "file_too_large", path=name, megabytes=size // 2**20, limit=_MOST_BYTES // 2**20
    )


def _csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    if content.startswith(_OLD_EXCEL):
        raise ValueError(Notice("table_old_excel"))
    text = _decoded(content).lstrip("\ufeff")
    if "\0" in text:
        raise ValueError(Notice("table_nul"))
    first, start = text.splitlines()[0] if text else "", 1
    separator = _separator(text)
    if first.strip().strip('"').lower().startswith(_TOLD_SEPARATOR):
        told = first.strip().strip('"')[len(_TOLD_SEPARATOR) :] or "\t"
        separator, start = told[:1] if set(told) <= {told[0], ","} else "", 2
        text = text[len(first) :].removeprefix("\r").removeprefix("\n")
    if not separator:
        raise ValueError(Notice("table_separator", row=1))
    number = start - 1
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, line in enumerate(lines, start=start):
            yield number, line
    except csv.Error:  # said in English only, and of the line where it noticed
        raise ValueError(Notice("table_quotes", row=number + 1)) from None


def _decoded(content: bytes) -> str:
    if content.startswith(_UTF_16_MARKS):
        return content.decode("utf-16", errors="replace")
    encodings: Sequence[str] = _ENCODINGS
    if b"\0" in content:
        encodings = ("utf-16-le", "utf-16-be", "utf-8-sig")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        names = text.lstrip().partition("\n")[0]
        if "utf-16" not in encoding or any(" " < one < "\x7f" for one in names):
            return text  # read from the wrong end there is no plain letter in it
    raise ValueError(Notice("table_encoding"))


def _separator(text: str) -> str:
    """The one that is there most often, outside of quotes, in the line that names the columns."""
    names = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(names.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def _excel(content: bytes) -> Iterable[tuple[int, list[str]]]:
    import openpyxl  # noqa: PLC0415 - slow to load, for Excel files only

    if content.startswith(_OLD_EXCEL):
        raise ValueError(Notice("table_old_excel"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:  # its library would unpack any amount
        if sum(info.file_size for info in archive.infolist()) > _MOST_BYTES:
            raise ValueError(Notice("table_unpacks", limit=_MOST_BYTES // 2**20))
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        first, *others = workbook.worksheets
        lines = list(_rows(first))
        heads = [next((line for _, line in _rows(sheet)), []) for sheet in others]
        if lines and lines[0][1] in heads:
            raise ValueError(Notice("table_sheets"))
        return lines
    finally:
        workbook.close()


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Those that are not empty."""
    sheet.reset_dimensions()  # what it says of its size need not be so
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > _MOST_ROWS:
            raise ValueError(Notice("table_rows", limit=_MOST_ROWS))
        if any(cell is not None for cell in row):
            yield number, [_text(cell) for cell in row]


def _text(cell: object) -> str:
    if cell is None:
        return ""
    # Excel keeps every number as a decimal one: 0 is not to become "0.0".
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
