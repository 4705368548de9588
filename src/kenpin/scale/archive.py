"""An archive of pictures judged by one part, block by block; goes on where it was stopped.

In OUT: archive.json, what is judged by what; pictures.parquet, the list as it was when the first
run began; verdicts/NNNNNN.parquet, the rows of one block each. A block is done when its file is
there and whole.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from kenpin.errors import ArchiveError
from kenpin.inspection import Inspector
from kenpin.scale.judging import Block, Kind, Order, judge_block
from kenpin.scale.rows import columns_of, counted
from kenpin.scale.storage import Lease, Storage
from kenpin.scale.workers import Progressed, Workers

FORMAT = 1
ABOUT = "archive.json"
"""In a storage that `judge_archive` wrote into."""
_LIST = "pictures.parquet"


@dataclass
class Told:
    """What came of it. outcomes: how many pictures of each, "" of those without a verdict; before:
    how many were judged by an earlier run; again: files of that which were made anew, see
    `counted`.
    """

    pictures: int = 0
    before: int = 0
    again: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Pictures that have a row."""
        return sum(self.outcomes.values())

    def add(self, outcomes: dict[str, int]) -> None:
        """Of one block more."""
        for name, number in outcomes.items():
            self.outcomes[name] = self.outcomes.get(name, 0) + number

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        known = {name: number for name, number in sorted(self.outcomes.items()) if name}
        return {"pictures": self.pictures, "judged": known, "unreadable": self.outcomes.get("", 0),
                "before": self.before, "again": self.again}  # fmt: skip


def judge_archive(
    part: str | Path,
    pictures: str,
    out: str,
    workers: Workers,
    *,
    expect: str | None = None,
    block: int = 1000,
    progress: Progressed | None = None,
) -> Told:
    """Judge all pictures of a storage, each once; the rows go into another.

    part: a .kenpin file. pictures, out: see `Storage`; what is in `out` from an earlier run of the
    same part and pictures is gone on with. expect: see `Inspector.inspect`. block: pictures of one
    file and one piece of work.

    Raises ArchiveError where a storage cannot be used, another run is under way there, or it
    belongs to other pictures or another part; BundleError for the part.
    """
    source, target = Storage.of(pictures), Storage.of(out)
    if source.holds(target):
        raise ArchiveError("archive_inside", out=out, url=pictures)
    inspector = Inspector.open(part)
    inspector.check_label(expect)
    content = Path(part).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    order = Order(content, digest, Kind.here(), source, target, expect)
    source.check_there()
    with target.alone() as lease:
        told = Told(pictures=_listed(order, block, lease))
        blocks = _to_do(order, told, progress)
        for file, outcomes in workers.map(judge_block, order, blocks):
            target.check_arrived(file)
            told.add(outcomes)
            lease.check()
            if progress is not None:
                progress(told.done, told.pictures)
    if told.done != told.pictures:
        raise ArchiveError("archive_torn", url=target.url, file=_LIST)
    return told


def _listed(order: Order, block: int, lease: Lease) -> int:
    """How many pictures there are; lists them where no earlier run did. A run that was stopped
    while it listed left no archive.json, and the list is made again.
    """
    own = {"format": FORMAT, "part": order.hash, "pictures": order.pictures.url,
           "expect": order.expect, **asdict(order.kind)}  # fmt: skip
    if order.out.size(ABOUT) is not None:
        kept = _kept(order.out)
        for name, value in own.items():
            if kept.get(name) != value:
                told = {"what": name, "kept": str(kept.get(name)), "now": str(value)}
                raise ArchiveError("archive_other", url=order.out.url, **told)
        return int(kept["count"])
    count = _write_list(order, block, lease)
    if not count:
        raise ArchiveError("archive_empty", url=order.pictures.url)
    content = json.dumps(own | {"count": count}, indent=2).encode()
    order.out.write(ABOUT, content)
    return count


def _kept(archive: Storage) -> dict[str, Any]:
    """What archive.json says. Raises ArchiveError."""
    try:
        kept = json.loads(archive.read(ABOUT))
        return dict(kept) | {"count": int(kept["count"])}
    except (ValueError, KeyError, TypeError):
        raise ArchiveError("archive_torn", url=archive.url, file=ABOUT) from None


def _write_list(order: Order, block: int, lease: Lease) -> int:
    """One row group for each block."""
    import pyarrow as pa  # noqa: PLC0415 - optional
    from pyarrow import parquet  # noqa: PLC0415

    schema = pa.schema([("picture", pa.string()), ("bytes", pa.int64())])
    count, found = 0, order.pictures.pictures()
    with order.out.open(_LIST, "wb") as file, parquet.ParquetWriter(file, schema) as writer:
        while batch := list(islice(found, block)):
            names, sizes = zip(*batch, strict=True)
            writer.write_table(pa.table([names, sizes], schema=schema), row_group_size=block)
            count += len(batch)
            lease.check()
    return count


def _to_do(order: Order, told: Told, progress: Progressed | None) -> Iterator[Block]:
    """Those that are not done; of those that are, the outcomes are added to what is told."""
    for one in _blocks(order.out):
        done = None
        if order.out.size(one.file) is not None:
            about = one.about(order.hash, order.expect)
            done = counted(order.out.read(one.file), about, len(one.pictures))
            told.again += done is None
        if done is None:
            yield one
            continue
        told.add(done)
        told.before += len(one.pictures)
        if progress is not None:
            progress(told.done, told.pictures)


def rows_of(archive: Storage, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """These columns of each row that `judge_archive` wrote, in the order of its list.

    Raises ArchiveError for what is no archive, is not done, or torn.
    """
    if archive.size(ABOUT) is None:
        raise ArchiveError("compare_no_archive", url=archive.url)
    kept = _kept(archive)
    for one in _blocks(archive):
        if archive.size(one.file) is None:
            raise ArchiveError("compare_unfinished", url=archive.url)
        about = one.about(str(kept.get("part")), kept.get("expect"))
        found = columns_of(archive.read(one.file), about, len(one.pictures), names)
        if found is None:
            raise ArchiveError("compare_torn", url=archive.url, file=one.file)
        yield from found


def _blocks(archive: Storage) -> Iterator[Block]:
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 - optional

    try:
        with archive.open(_LIST, "rb") as file:
            listed = parquet.ParquetFile(file)
            for number in range(listed.num_row_groups):
                names, sizes = (one.to_pylist() for one in listed.read_row_group(number).columns)
                yield Block(number, tuple(zip(names, sizes, strict=True)))
    except ArrowException:
        raise ArchiveError("archive_torn", url=archive.url, file=_LIST) from None
