"""What two parts say of the same archive: counts, every picture that changed, days beside days.

Both archives are read block by block, side by side in the order of their names; only the pictures
that are to be looked at are kept in memory.
"""

import csv
import hashlib
import heapq
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from kenpin.errors import ArchiveError, PictureError
from kenpin.prepare import Depth, learn_depth
from kenpin.scale.archive import ABOUT, rows_of
from kenpin.scale.storage import Storage
from kenpin.sources import Taken, read_picture
from kenpin.system import make_folder, write_atomically, written_at_once
from kenpin.text import inert, visible

UNREADABLE = "UNREADABLE"
CHANGES, FOLDERS, COMPARED = "changes.csv", "folders.csv", "compared.json"
_READ = ("picture", "sha256", "outcome", "score", "limit")
_PASSED = ("OK", "REVIEW")
_MOST_FOLDERS = 20  # that are told beside the table
_COLUMNS = ("picture", "was", "now", "was_score", "was_limit", "now_score", "now_limit")
_OF_FOLDER = ("folder", "pictures", "ok_before", "ok_now", "newly_rejected", "newly_passed")


class Row(NamedTuple):
    """What one archive says of a picture; outcome: UNREADABLE for one without a verdict."""

    picture: str
    sha256: str | None
    outcome: str
    score: float | None
    limit: float | None

    @property
    def above(self) -> float:
        """How many times its limit the score is; 0 where it has none."""
        return self.score / self.limit if self.score is not None and self.limit else 0.0


class Pair(NamedTuple):
    """What both say of one picture."""

    was: Row
    now: Row

    @property
    def far(self) -> float:
        """How far its score has moved, in units of each part's own limit."""
        return abs(self.now.above - self.was.above)


@dataclass
class Changes:
    """counts: how many pictures by outcome before and now. only_before, only_now: that are in one
    archive alone. replaced: whose content is another one in each, which says nothing of the parts.
    folders: how many first folders; moved: those with the most changes, by their names, each with
    its numbers as in folders.csv. farthest: of each kind of change the pictures whose scores moved
    most, the farthest first.
    """

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    only_before: int = 0
    only_now: int = 0
    replaced: int = 0
    folders: int = 0
    moved: dict[str, list[int]] = field(default_factory=dict)
    farthest: dict[tuple[str, str], list[Pair]] = field(default_factory=dict)

    @property
    def pictures(self) -> int:
        """That were judged by both."""
        return sum(self.counts.values())

    @property
    def changed(self) -> int:
        """Of these, with another outcome now."""
        return sum(count for (was, now), count in self.counts.items() if was != now)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        counts = [{"was": was, "now": now, "pictures": count}
                  for (was, now), count in sorted(self.counts.items())]  # fmt: skip
        folders = [dict(zip(_OF_FOLDER, (name, *numbers), strict=True))
                   for name, numbers in self.moved.items()]  # fmt: skip
        return {"pictures": self.pictures, "changed": self.changed, "counts": counts,
                "only_before": self.only_before, "only_now": self.only_now,
                "replaced": self.replaced, "folders": self.folders,
                "moved_most": folders}  # fmt: skip


def compare_archives(before: str, after: str, out: Path, most: int) -> Changes:
    """Compare what `judge_archive` wrote into two storages; every change goes into a table.

    out: a folder, for changes.csv and folders.csv; what is there of the same two is made anew.
    most: pictures to look at, of each kind of change. Raises ArchiveError for what is no archive,
    is not done, or torn, and where `out` is of two others; OutputError.
    """
    old, new = Storage.of(before), Storage.of(after)
    found = Changes()
    kept: dict[tuple[str, str], list[tuple[float, int, Pair]]] = {}
    make_folder(out)
    _claim(out, old.url, new.url)
    with (
        _table(out / CHANGES, _COLUMNS) as write,
        _table(out / FOLDERS, _OF_FOLDER) as tell,
    ):
        folders = _Folders(found, tell)
        for number, pair in enumerate(_pairs(_rows_of(old), _rows_of(new), found)):
            kind = pair.was.outcome, pair.now.outcome
            found.counts[kind] = found.counts.get(kind, 0) + 1
            folders.take(pair)
            if pair.was.outcome != pair.now.outcome:
                write(_told(pair))
                own = kept.setdefault(kind, [])
                heapq.heappush(own, (pair.far, -number, pair))
                if len(own) > most:
                    heapq.heappop(own)
        folders.end()
    for kind, every in sorted(kept.items()):
        found.farthest[kind] = [pair for _, _, pair in sorted(every, reverse=True)]
    return found


def _claim(out: Path, before: str, after: str) -> None:
    """Write down what is compared; raises ArchiveError where tables of something else are there."""
    path, own = out / COMPARED, json.dumps({"before": before, "after": after}).encode()
    if (out / CHANGES).exists() and path.exists() and path.read_bytes() != own:
        raise ArchiveError("compare_other", path=out)
    write_atomically(path, own)


def to_look_at(pairs: Sequence[Pair], pictures: str) -> tuple[list[tuple[Taken, str]], Depth]:
    """The pictures themselves with a few words on each, and their depth.

    pictures: where they are; one that is not there, or is another one now, is empty.
    """
    source, given, peaks = Storage.of(pictures), [], []
    for pair in pairs:
        name = pair.was.picture
        try:
            taken = Taken(Path(name), source.read(name))
            if pair.was.sha256 not in (None, hashlib.sha256(taken.content).hexdigest()):
                raise ArchiveError("archive_gone", name=name)  # there is another one now
            pixels = read_picture(taken).pixels
            peaks += [int(pixels.max())] if pixels.dtype == np.uint16 else []
        except (ArchiveError, PictureError):
            taken = Taken(Path(name), b"")
        words = f"{pair.was.above:.2f} → {pair.now.above:.2f}  {visible(PurePosixPath(name).name)}"
        given.append((taken, words))
    return given, learn_depth(peaks)


def is_archive(url: str) -> bool:
    """Whether `judge_archive` wrote there."""
    return Storage.of(url).size(ABOUT) is not None


def _rows_of(archive: Storage) -> Iterator[Row]:
    """In the order of names. Raises ArchiveError."""
    for name, sha256, outcome, score, limit in rows_of(archive, _READ):
        yield Row(name, sha256, outcome or UNREADABLE, score, limit)


def _pairs(before: Iterator[Row], after: Iterator[Row], found: Changes) -> Iterator[Pair]:
    """The rows of pictures that are in both, with the same content."""
    was, now = next(before, None), next(after, None)
    while was is not None or now is not None:
        if now is None or (was is not None and _place(was) < _place(now)):
            found.only_before += 1
            was = next(before, None)
        elif was is None or _place(now) < _place(was):
            found.only_now += 1
            now = next(after, None)
        else:
            if was.sha256 and now.sha256 and was.sha256 != now.sha256:
                found.replaced += 1
            else:
                yield Pair(was, now)
            was, now = next(before, None), next(after, None)


def _place(row: Row) -> list[str]:
    """Folders are listed one after the other, each in the order of its names."""
    return row.picture.split("/")


class _Folders:
    """Counts by first folder; names come in order, so only one folder is open at a time.

    Pictures that are in none are counted together, and told last.
    """

    def __init__(self, found: Changes, tell: Callable[[Sequence[Any]], None]) -> None:
        self._found, self._tell = found, tell
        self._name, self._numbers = "", [0] * 5
        self._in_none = [0] * 5
        self._most: list[tuple[int, str, list[int]]] = []

    def take(self, pair: Pair) -> None:
        """One picture more."""
        name, folder, _ = pair.was.picture.partition("/")
        if folder and name != self._name:
            self._close()
            self._name, self._numbers = name, [0] * 5
        was, now = pair.was.outcome, pair.now.outcome
        passed, passes = was in _PASSED, now in _PASSED
        more = (1, was == "OK", now == "OK", passed and not passes, passes and not passed)
        own = self._numbers if folder else self._in_none
        own[:] = [count + one for count, one in zip(own, more, strict=True)]

    def end(self) -> None:
        """After the last one."""
        self._close()
        self._name, self._numbers = "", self._in_none
        self._close()
        self._found.moved = {
            name: own for _, name, own in sorted(self._most, key=lambda one: one[1])
        }

    def _close(self) -> None:
        if not self._numbers[0]:
            return
        self._found.folders += 1
        self._tell([self._name, *self._numbers])
        changes = sum(self._numbers[3:])
        if changes:
            heapq.heappush(self._most, (changes, self._name, self._numbers))
            if len(self._most) > _MOST_FOLDERS:
                heapq.heappop(self._most)


def _told(pair: Pair) -> list[Any]:
    was, now = pair
    return [was.picture, was.outcome, now.outcome, was.score, was.limit, now.score, now.limit]


@contextmanager
def _table(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[Any]], None]]:
    """A CSV file, there when all its rows are; what takes a row."""
    with written_at_once(path) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", "backslashreplace", newline="")
        writer = csv.writer(text)
        writer.writerow(columns)
        yield lambda cells: writer.writerow([inert(cell) for cell in cells])
        text.detach()  # after all is in the file
