"""One block of an archive: its pictures judged, and their rows written."""

import hashlib
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from kenpin.errors import ArchiveError, PictureError
from kenpin.inspection import Inspector
from kenpin.scale.rows import as_parquet, row_of, row_of_error, tally
from kenpin.scale.storage import Storage
from kenpin.sources import MOST_BYTES, Taken
from kenpin.system import VERSION, in_order, on_one_core
from kenpin.text import Notice

_REMEMBERED = 4  # parts that a worker keeps open
_READERS = 4  # pictures read at a time, beside the one that is judged


@dataclass(frozen=True)
class Order:
    """What is the same for all blocks. part: the content of the .kenpin file, hash: its SHA-256.

    kenpin: the version that gave the order.
    """

    part: bytes
    hash: str
    kenpin: str
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

    def about(self, order: Order) -> dict[str, Any]:
        """What its file says of itself: a file of anything else is not taken for it."""
        names = hashlib.sha256("\n".join(name for name, _ in self.pictures).encode())
        return {"part": order.hash, "expect": order.expect, "block": self.number,
                "pictures": names.hexdigest()}  # fmt: skip


def judge_block(order: Order, block: Block) -> tuple[str, dict[str, int]]:
    """Write its rows; their file, and how many there are of each outcome, "" of those without one.

    Raises ArchiveError where this worker is another kenpin, does not see the pictures at all, or
    cannot write the rows.
    """
    check_same(order.kenpin)
    order.pictures.check_there()
    rows = on_one_core(partial(_rows, order, _opened(order), block))
    order.out.write(block.file, as_parquet(rows, block.about(order)))
    return block.file, tally([row.get("outcome") for row in rows])


def check_same(version: str) -> None:
    """Raises ArchiveError where this worker is another kenpin than the one that asks."""
    if version != VERSION:
        raise ArchiveError("archive_worker", wanted=version, found=VERSION)


def _rows(order: Order, inspector: Inspector, block: Block) -> list[dict[str, Any]]:
    """Some pictures are read while one is judged: a store far away takes its time for each."""
    with closing(in_order(partial(_content, order), block.pictures, _READERS)) as contents:
        return [
            row_of_error(*picture, content)
            if isinstance(content, Notice)
            else _judged(order, inspector, *picture, content)
            for picture, content in zip(block.pictures, contents, strict=True)
        ]


def _content(order: Order, picture: tuple[str, int]) -> bytes | Notice:
    """Of the file; or why it is not read."""
    name, size = picture
    if size > MOST_BYTES:
        return Notice("archive_large", size=size, most=MOST_BYTES)
    try:
        return order.pictures.read(name)
    except ArchiveError as error:
        return error.notice


def _judged(
    order: Order, inspector: Inspector, name: str, size: int, content: bytes
) -> dict[str, Any]:
    try:
        verdict = inspector.inspect(Taken(Path(name), content), order.expect)
    except PictureError as error:
        return row_of_error(name, size, error.notice)
    return row_of(name, size, hashlib.sha256(content).hexdigest(), verdict)


_lock = Lock()
_open: OrderedDict[str, Inspector] = OrderedDict()


def _opened(order: Order) -> Inspector:
    """The part, opened once in each process."""
    with _lock:
        if order.hash not in _open:
            with TemporaryDirectory() as folder:
                path = Path(folder) / "part.kenpin"
                path.write_bytes(order.part)
                _open[order.hash] = Inspector.open(path)
            while len(_open) > _REMEMBERED:
                _open.popitem(last=False)
        return _open[order.hash]
