"""Rows that wait on this machine's disk while the record cannot be reached."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from kenpin.errors import RecordError
from kenpin.record.entry import Entry
from kenpin.system import make_folder, write_atomically

_FOLDER = "waiting"
_MOST = 2**24  # bytes of a row


class Waiting:
    """A folder with one file for each row that is durable here and not yet in the record."""

    def __init__(self, folder: Path, station: str) -> None:
        self._folder = folder / _FOLDER / station
        make_folder(self._folder)
        self.count = sum(1 for _ in self._files())

    def put(self, entry: Entry) -> None:
        """When this returns the row is on the disk. Raises OutputError where that is impossible."""
        write_atomically(self._folder / f"{entry.id}.json", entry.to_json())
        self.count += 1

    def entries(self, most: int) -> Iterator[tuple[Path, Entry]]:
        """The oldest first: ids begin with the time. Raises RecordError for a damaged file."""
        for path in self._files()[:most]:
            try:
                if path.stat().st_size > _MOST:
                    raise ValueError
                yield path, Entry.from_json(path.read_bytes())
            except ValueError:
                raise RecordError("record_waiting_damaged", path=path) from None

    def taken(self, paths: list[Path]) -> None:
        """They are in the record now."""
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink()
        self.count = max(0, self.count - len(paths))

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))
