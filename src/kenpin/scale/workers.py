"""Where work is done: on the cores of this computer, or on those of many, by Ray.

One port: `map` one function over items that are independent, in whatever order they are ready.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Self, TypeVar

from kenpin.errors import ArchiveError, ExtraError, KenpinError
from kenpin.system import VERSION, LostProcess, cores, engine, is_over, processes, take_share
from kenpin.types import Workers

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2  # pieces of work for each core that are given out
_RETRIES = 5  # of a piece whose machine went away
# In what Ray says of work that a worker does not have.
_UNKNOWN_THERE = ("failed to import", "ModuleNotFoundError", "AttributeError: Can't get attribute")
_QUIET: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
LOCAL, RAY, REMOTE = "local", "ray", "ray://"


Progressed = Callable[[int, int], None]
"""Is told how many are done, and of how many."""


@dataclass(frozen=True)
class Kind:
    """What makes the same verdicts to the last bit: the version of kenpin, and the engine."""

    kenpin: str
    engine: str

    @classmethod
    def here(cls) -> Self:
        """That of this process."""
        return cls(VERSION, engine())

    def check(self) -> None:
        """Raises ArchiveError where this worker is of another kind than who gives the work."""
        found = Kind.here()
        if self != found:
            wanted = f"{self.kenpin} ({self.engine})"
            told = f"{found.kenpin} ({found.engine})"
            raise ArchiveError("archive_worker", wanted=wanted, found=told)


class Here:
    """On this computer, a process for each core: threads would wait for one another in Python.

    A program of your own that uses it must be guarded by `if __name__ == "__main__"`.
    """

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes or cores()

    def map(self, work: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        """See `Workers`."""
        if self._processes == 1:
            for item in items:
                yield work(shared, item)
            return
        left = iter(items)
        with processes(self._processes, shared) as give:
            try:
                first = islice(left, _AHEAD * self._processes)
                under_way = {give(work, item) for item in first}
                while under_way:
                    ready, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    under_way |= {give(work, item) for item in islice(left, len(ready))}
                    yield from (one.result() for one in ready)
            except LostProcess as error:
                raise ArchiveError("archive_lost_workers", reason=str(error).rstrip(".")) from None


def check_going_on() -> None:
    """Asked now and then by work that takes long. Raises ArchiveError where nobody waits for it."""
    if is_over():
        raise ArchiveError("archive_stopped")


def _of_kind(kind: Kind, work: Callable[[S, T], R], shared: S, item: T) -> R:
    kind.check()
    take_share(1)  # that Ray has given it
    return work(shared, item)


class OnRay:
    """On a Ray cluster, a piece of work on each core; one whose machine goes away is done again.

    ray: the module, connected.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def map(self, work: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        """See `Workers`."""
        ray = self._ray
        task = partial(
            ray.remote(num_cpus=1, max_retries=_RETRIES)(_of_kind).remote, Kind.here(), work
        )
        sent, left = ray.put(shared), iter(items)
        most = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        under_way = [task(sent, item) for item in islice(left, most)]
        try:
            while under_way:
                ready, under_way = ray.wait(under_way, num_returns=1)
                under_way += [task(sent, item) for item in islice(left, len(ready))]
                yield from (self._answer(one) for one in ready)
        finally:
            for one in under_way:
                ray.cancel(one, force=False)

    def _answer(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, KenpinError):
                raise error.cause from None
            told = str(error.cause).strip()
            if any(mark in told for mark in _UNKNOWN_THERE):
                reason = told.splitlines()[-1]
                raise ArchiveError("archive_no_kenpin", reason=reason) from None
            raise
        except self._ray.exceptions.RayError as error:
            first = str(error).strip().splitlines()[0]
            raise ArchiveError("archive_lost_workers", reason=first) from None


@contextmanager
def workers_on(where: str, count: int | None = None) -> Iterator[Workers]:
    """where: "local", "ray" (started on this computer) or ray://HOST:PORT of a cluster's head.

    count: on how many cores, of this computer. Raises ArchiveError where there is no such thing,
    ExtraError without kenpin[scale].
    """
    if where == LOCAL:
        yield Here(count)
        return
    if where != RAY and not where.startswith(REMOTE):
        raise ArchiveError("archive_on", value=where)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray would report its use to its makers
    try:
        import ray  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ExtraError("extra_scale") from error
    try:
        if where == RAY:
            own = cores() if count is None else count
            ray.init("local", num_cpus=own, include_dashboard=False, **_QUIET)
        else:
            ray.init(where, **_QUIET)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise ArchiveError("archive_no_ray", where=where, reason=first) from None
    try:
        yield OnRay(ray)
    finally:
        ray.shutdown()
