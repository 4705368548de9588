"""What this process is and what it may use of the machine."""

import os

VERSION = "0.1.0"
"""Of this kenpin."""

_share: list[int] = []  # of this process, where it is one of several


def cores() -> int:
    """How many threads this process may run at once."""
    if hasattr(os, "sched_getaffinity"):  # a container or a service may be given fewer
        there = len(os.sched_getaffinity(0))
    else:
        there = os.cpu_count() or 1
    return min([there, *_share])


def limit_cores(count: int) -> None:
    """From now on this process may run so many threads: others have the rest."""
    _share[:] = [count]
