"""One block of an archive: its pictures judged, and their rows written."""

import hashlib
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from kenpin.errors import ArchiveError, PictureError
from kenpin.inspection import Inspector
from kenpin.part import Bundle
from kenpin.scale.rows import NOT_GOT, as_parquet, row_of, row_of_error, tally
from kenpin.scale.storage import Storage
from kenpin.scale.workers import Kind, check_going_on
from kenpin.sources import Taken, check_bytes
from kenpin.system import in_order
from kenpin.text import Notice

_REMEMBERED = 4  # parts that a worker keeps open
_READERS = 4  # pictures read at a time, beside the one that is judged


@dataclass(frozen=True)
class Order:
    """What is the same for all blocks. part: the content of the .kenpin file, hash: its SHA-256.

    kind: of who gave the order.
    """

    part: bytes
    hash: str
    kind: Kind
    pictures: Storage
    out: Storage
    expect: str | None


@dataclass(frozen=True)
class Block:
    """number: from 0. pictures: their names and bytes."""

    number: int
    pictures: tuple[tuple[str, int], ...]

    @property
    def file(self) -> str:
        """Where its rows are written."""
        return f"verdicts/{self.number:06}.parquet"

    def about(self, part: str, expect: str | None) -> dict[str, Any]:
        """What its file says of itself: a file of anything else is not taken for it.

        part: its hash.
        """
        names = hashlib.sha256("\n".join(name for name, _ in self.pictures).encode())
        return {"part": part, "expect": expect, "block": self.number,
                "pictures": names.hexdigest()}  # fmt: skip


def judge_block(order: Order, block: Block) -> tuple[str, dict[str, int]]:
    """Write its rows; their file, and how many there are of each outcome, "" of those without one.

    Raises ArchiveError where this worker is of another kind, does not get most of the pictures, or
    cannot write the rows.
    """
    order.kind.check()
    rows = _rows(order, _opened(order), block)
    lost = [row for row in rows if row.get("error") in NOT_GOT]
    if 2 * len(lost) > len(rows):  # the store is away, not a picture
        raise ArchiveError("archive_away", url=order.pictures.url, count=len(lost), of=len(rows))
    order.out.write(block.file, as_parquet(rows, block.about(order.hash, order.expect)))
    return block.file, tally([row.get("outcome") for row in rows])


def _rows(order: Order, inspector: Inspector, block: Block) -> list[dict[str, Any]]:
    """Some pictures are read while one is judged: a store far away takes its time for each."""
    with closing(in_order(partial(_content, order), block.pictures, _READERS)) as contents:
        both = zip(block.pictures, contents, strict=True)
        with closing(in_order(partial(_row, order, inspector), both, 1, one_thread=True)) as rows:
            return list(rows)


def _content(order: Order, picture: tuple[str, int]) -> bytes | Notice:
    """Of the file; or why it is not read."""
    check_going_on()
    name, size = picture
    try:
        check_bytes(Path(name), size)
        return order.pictures.read(name)
    except (ArchiveError, PictureError) as error:
        return error.notice


def _row(
    order: Order, inspector: Inspector, read: tuple[tuple[str, int], bytes | Notice]
) -> dict[str, Any]:
    (name, size), content = read
    if isinstance(content, Notice):
        return row_of_error(name, size, content)
    check_going_on()
    try:
        verdict = inspector.inspect(Taken(Path(name), content), order.expect, evidence=False)
    except PictureError as error:
        return row_of_error(name, size, error.notice)
    return row_of(name, size, hashlib.sha256(content).hexdigest(), verdict)


_lock = Lock()
_open: OrderedDict[str, Inspector] = OrderedDict()


def _opened(order: Order) -> Inspector:
    """The part, opened once in each process."""
    with _lock:
        if order.hash not in _open:
            _open[order.hash] = Inspector(Bundle.from_bytes(order.part))
            while len(_open) > _REMEMBERED:
                _open.popitem(last=False)
        return _open[order.hash]
