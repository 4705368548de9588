"""Many pictures judged by several processes: threads wait for one another in Python."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache

from kenpin.errors import DatasetError, PictureError
from kenpin.inspection.inspector import Inspector
from kenpin.part import Bundle
from kenpin.sources import PictureSource, Taken, ZipMember, take
from kenpin.system import LostProcess, cores, is_over, processes, stay_on_one_core
from kenpin.types import Verdict

_AT_ONCE = 8  # pictures: to give them to a process one by one would take longer
_MOST_BYTES = 4 * 2**20  # of a piece: after that no more is added
_AHEAD = 2  # pieces of work given out for each process

Judgement = Verdict | PictureError


@dataclass(frozen=True)
class _Order:
    """What is the same for all pictures. content: of the part's file, name: its name."""

    content: bytes
    name: str
    review: float | None
    expect: str | None


def inspect_in_processes(
    inspector: Inspector,
    sources: Iterable[PictureSource],
    expect: str | None = None,
    count: int | None = None,
) -> Generator[Judgement]:
    """The same as `Inspector.inspect_many` gives without evidence, by a process on each core.

    It takes a second or two to begin, and is faster for thousands of pictures. count: of processes.
    A program of your own that uses it must be guarded by `if __name__ == "__main__"`. Raises
    DatasetError for an unknown label, and where a process ends by itself.
    """
    inspector.check_label(expect)
    own = inspector.bundle
    order = _Order(own.to_bytes(), own.name, inspector.review, expect)
    count = count or cores()
    left, waiting = _read(sources), deque[Future[list[Judgement]]]()
    with processes(count, order) as give:
        try:
            while some := _piece(left):
                waiting.append(give(_judged, some))
                if len(waiting) >= _AHEAD * count:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        except LostProcess as error:
            raise DatasetError("process_lost", reason=str(error).rstrip(".")) from None


def _piece(left: Iterator[PictureSource | PictureError]) -> list[PictureSource | PictureError]:
    """The next few; fewer of large files that were read already."""
    some: list[PictureSource | PictureError] = []
    size = 0
    for one in left:
        some.append(one)
        size += len(one.content) if isinstance(one, Taken) else 0
        if len(some) == _AT_ONCE or size > _MOST_BYTES:
            break
    return some


def _read(sources: Iterable[PictureSource]) -> Iterator[PictureSource | PictureError]:
    """An open zip cannot be sent, what is in it can."""
    for source in sources:
        try:
            yield take(source) if isinstance(source, ZipMember) else source
        except PictureError as error:
            yield error


def _judged(order: _Order, given: list[PictureSource | PictureError]) -> list[Judgement]:
    inspector = _opened(order)

    def judged(one: PictureSource | PictureError) -> Judgement:
        if isinstance(one, PictureError):
            return one
        if is_over():  # nobody reads the answer, whatever it is
            return PictureError("process_lost", reason="")
        try:
            return inspector.inspect(one, order.expect, evidence=False)
        except PictureError as error:
            return error

    return [judged(one) for one in given]


@cache
def _opened(order: _Order) -> Inspector:
    """The part, opened once in each process."""
    stay_on_one_core()
    return Inspector(Bundle.from_bytes(order.content, order.name), order.review)
