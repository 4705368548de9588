"""Many things worked on at once, and answered in order."""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

from kenpin.system.environment import limit_cores

T = TypeVar("T")
R = TypeVar("R")

_THREADS = "OMP_NUM_THREADS"
_AHEAD = 2  # things begun for each thread: enough that none waits, few enough to fit in memory


_here = threading.local()


def is_worker() -> bool:
    """Whether this thread is one of several that share the cores."""
    return getattr(_here, "is_worker", False)


class _OneBlasThread:
    """While any thread is inside, linear algebra runs on one core for each thread that calls it.

    The products of judging are small: several cores would take longer to agree than to multiply,
    and would wait for one another on the cores that the encoder needs.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._limit = _libraries().limit(limits=1, user_api="blas")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


one_blas_thread = _OneBlasThread()


class _OneCoreEach:
    """While any thread is inside, nothing that a thread calls takes more than a core for it.

    That is linear algebra, and OpenCV, whose pictures are small by then: for several threads that
    share the cores, not for one that has them all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._threads = 0

    def __enter__(self) -> None:
        import cv2  # noqa: PLC0415 - takes a while, and who comes here has it already

        one_blas_thread.__enter__()
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._threads = cv2.getNumThreads()
                cv2.setNumThreads(1)

    def __exit__(self, *_: object) -> None:
        import cv2  # noqa: PLC0415

        with self._lock:
            self._inside -= 1
            if not self._inside:
                cv2.setNumThreads(self._threads)
        one_blas_thread.__exit__()


_one_core_each = _OneCoreEach()


def take_share(count: int) -> None:
    """From now on this process takes no more than so many cores: others work on the rest.

    What is loaded later, such as torch, is told by the environment.
    """
    import cv2  # noqa: PLC0415

    limit_cores(count)
    cv2.setNumThreads(min(count, cv2.getNumThreads()))
    for library in _libraries().lib_controllers:
        library.set_num_threads(min(count, library.num_threads or count))  # some do not tell
    told = os.environ.get(_THREADS, "")
    if not (told.isdigit() and 0 < int(told) <= count):
        os.environ[_THREADS] = str(count)


def stay_on_one_core() -> None:
    """From now on this thread is one of several that share the cores, those of other processes.

    For a process of its own; linear algebra and OpenCV must have been imported.
    """
    _one_core_each.__enter__()
    _become_worker()


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def on_one_core(work: Callable[[], R]) -> R:
    """What `work` gives, done as one of several threads that share the cores would."""
    with one_blas_thread, ThreadPoolExecutor(1, "kenpin", _become_worker) as pool:
        return pool.submit(work).result()


def in_order(
    work: Callable[[T], R], items: Iterable[T], threads: int, one_thread: bool = False
) -> Generator[R]:
    """What `work` makes of each item, in their order, `threads` at a time.

    Only a few items more than there are threads are begun or waiting at any time, however many
    there are. What `work` raises is raised here; what has begun by then is finished, not more.
    one_thread: linear algebra and OpenCV stay on one core for each thread until the last answer was
    taken, or the generator is closed; the caller's too.
    """
    if threads <= 1 and not one_thread:
        yield from map(work, items)
        return
    pool = ThreadPoolExecutor(max(1, threads), "kenpin", _become_worker)
    waiting: deque[Future[R]] = deque()
    # Held all the while: to change it between pictures takes as long as a picture.
    with _one_core_each if one_thread else nullcontext():
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= _AHEAD * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _become_worker() -> None:
    _here.is_worker = True
