"""Work for several processes of this computer: threads would wait for one another in Python."""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor as LostProcess
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from kenpin.system.environment import cores
from kenpin.system.threads import take_share

__all__ = ["LostProcess", "is_over", "processes"]

_MOST_ON_WINDOWS = 61  # that it lets one process wait for

T = TypeVar("T")
R = TypeVar("R")

_shared: list[Any] = []  # of this process, where it is one of several
_over: list[Any] = []  # the event that says that nobody waits for its work any more


@contextmanager
def processes(count: int, shared: Any) -> Iterator[Callable[..., Future[Any]]]:
    """Start so many; `give(work, item)` is the future of `work(shared, item)`, done by one of them.

    shared: sent to each process once. Each takes its share of the cores. When it is left, what has
    not begun is dropped, and what is under way should end as soon as `is_over`. A future raises
    LostProcess where a process died. A program that uses it must be guarded by
    `if __name__ == "__main__"`.
    """
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - takes a while
    from multiprocessing import get_context  # noqa: PLC0415

    context = get_context("spawn")
    count = min(count, _MOST_ON_WINDOWS) if sys.platform == "win32" else count
    over, each = context.Event(), max(1, cores() // count)
    with ProcessPoolExecutor(count, context, _begin, (shared, over, each)) as pool:
        try:
            yield lambda work, item: pool.submit(_done, work, item)
        finally:
            over.set()
            pool.shutdown(cancel_futures=True)


def is_over() -> bool:
    """Whether this is one of several processes, and nobody waits for its work any more."""
    return bool(_over) and bool(_over[0].is_set())


def _begin(shared: Any, over: Any, share: int) -> None:
    """Ctrl-C is for the one that gives out the work; when that is gone, so is this."""
    _shared[:], _over[:] = [shared], [over]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # of libraries, about odd pictures: not for the user
    threading.Thread(target=_end_with_parent, daemon=True).start()
    take_share(share)


def _end_with_parent() -> None:
    from multiprocessing import parent_process  # noqa: PLC0415

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _done(work: Callable[[Any, T], R], item: T) -> R:
    return work(_shared[0], item)
