"""The table of verdicts that Excel opens: codes and numbers."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kenpin.errors import OutputError
from kenpin.system import check_free, check_writable
from kenpin.text import inert

_COLUMNS = ("picture", "verdict", "reason", "reason_value", "reason_limit", "expected", "label",
            "sure", "margin", "margin_limit", "score", "limit", "review_limit", "p_value",
            "regions", "x", "y", "width", "height", "peak", "window", "seen_by", "fit",
            "brightness", "sharpness", "shown", "notes")  # fmt: skip


def check_table(path: Path, force: bool) -> None:
    """Refuse now a table that could not be written, or would replace what is no such table."""
    check_writable(path)
    check_free(path, force)
    try:
        if path.exists() and path.stat().st_size:
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                if not file.readline().startswith(f"{_COLUMNS[0]},{_COLUMNS[1]}"):
                    raise OutputError("output_not_table", path=path)
    except OSError as error:
        raise OutputError("output_denied", path=path, reason=error.strerror) from error


@contextmanager
def csv_table(path: Path, sizes: Sequence[str] = ()) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Written as it goes: what takes a record, one for each picture.

    sizes: columns for what is measured of a harness, as "A.length".

    Whatever stops it, the rows so far are there. x to peak are those of the most abnormal region.
    Raises OutputError when it cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
            writer = csv.DictWriter(file, (*_COLUMNS, *sizes), restval="", extrasaction="ignore")
            writer.writeheader()
            file.flush()

            def write(record: dict[str, Any]) -> None:
                try:
                    writer.writerow({name: inert(cell) for name, cell in _flat(record).items()})
                    file.flush()
                except OSError as error:  # a full disk
                    raise _denied(path, error) from error

            yield write
    except OSError as error:
        raise _denied(path, error) from error


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    regions, reason = record.get("regions", []), record.get("reason", {})
    flat = {
        "regions": len(regions),
        "reason": reason.get("code", ""),
        "reason_value": reason.get("value", ""),
        "reason_limit": reason.get("limit", ""),
        "notes": "; ".join(note["code"] for note in record.get("notes", [])),
    }
    sizes = {one["name"]: one["value"] for one in record.get("sizes", [])}
    return record | (regions[0] if regions else {}) | flat | sizes


def _denied(path: Path, error: OSError) -> OutputError:
    return OutputError("output_denied", path=path, reason=error.strerror or error)
