"""The table of verdicts that Excel opens: codes and numbers."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kenpin.sources import FORMULAS
from kenpin.system import written_at_once

_COLUMNS = ("picture", "verdict", "reason", "reason_value", "reason_limit", "expected", "label",
            "sure", "margin", "margin_limit", "score", "limit", "review_limit", "p_value",
            "regions", "x", "y", "width", "height", "peak", "window", "fit", "brightness",
            "sharpness", "shown", "notes")  # fmt: skip


@contextmanager
def csv_table(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Written row by row: what takes a record, one for each picture.

    x to peak are those of the most abnormal region. Whatever stops it, the rows so far are kept;
    until then the file does not exist. Raises OutputError when it cannot be written.
    """
    stopped = None
    with written_at_once(path) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
        writer = csv.DictWriter(text, _COLUMNS, restval="", extrasaction="ignore")
        writer.writeheader()

        def write(record: dict[str, Any]) -> None:
            regions, reason = record.get("regions", []), record.get("reason", {})
            flat = {
                "regions": len(regions),
                "reason": reason.get("code", ""),
                "reason_value": reason.get("value", ""),
                "reason_limit": reason.get("limit", ""),
                "notes": "; ".join(note["code"] for note in record.get("notes", [])),
            }
            row = record | (regions[0] if regions else {}) | flat
            writer.writerow({name: _inert(cell) for name, cell in row.items()})

        try:
            yield write
        except BaseException as error:
            stopped = error
        text.flush()
        text.detach()
    if stopped:
        raise stopped


def _inert(cell: Any) -> Any:
    """A cell that Excel shows and does not compute, whatever a file or a label is called."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell
