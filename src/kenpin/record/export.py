"""Rows of the record as tables for other programs; nothing in them that a spreadsheet computes."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import IO, Any

from kenpin.record.history import COLUMNS, plain_row
from kenpin.text import inert


def csv_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A line after the other, its heads first; begins with a byte order mark, as Excel wants it."""
    text = io.StringIO()
    writer = csv.writer(text)
    for number, line in enumerate(_cells(rows)):
        writer.writerow(line)
        yield ("" if number else "\N{BYTE ORDER MARK}") + text.getvalue()
        text.seek(0)
        text.truncate()


def write_xlsx(file: IO[bytes], rows: Iterable[dict[str, Any]]) -> None:
    """An Excel workbook of one sheet."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow to load

    book = Workbook(write_only=True)
    sheet = book.create_sheet("history")
    for line in _cells(rows):
        sheet.append(line)
    book.save(file)


def _cells(rows: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    yield list(COLUMNS)
    for row in rows:
        told = plain_row(row)
        yield [inert(told[name]) for name in COLUMNS]
