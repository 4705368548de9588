"""What this process is and what it may use of the machine."""

import os

VERSION = "0.1.0"
"""Of this kenpin."""


def cores() -> int:
    """How many threads this process may run at once."""
    if hasattr(os, "sched_getaffinity"):  # a container or a service may be given fewer
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
