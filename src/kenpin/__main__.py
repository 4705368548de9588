"""The `kenpin` command, and python -m kenpin.

Ctrl-C at any moment ends it with one line and status 130: also while it is loading, and while
Python is ending.
"""

import signal

IGNORED = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # in the background of a shell
if not IGNORED:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is a sentence to say: end, silently

import gc  # noqa: E402
import os  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

from kenpin.text import say  # noqa: E402

STOPPED = 130
_SELDOM = 50_000  # objects made since the last look for what nobody refers to any more


def main() -> None:
    """Load the command line and run it."""
    _when_interrupted(_stop)
    # To look through all that loading makes, and keeps, again and again takes time.
    gc.set_threshold(_SELDOM, *gc.get_threshold()[1:])
    # Or pydantic would ask every installed package whether it wants to look on.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from kenpin.cli import main as run  # noqa: PLC0415 - takes a few tenths of a second

    try:
        _when_interrupted(signal.default_int_handler)
        run()
    except KeyboardInterrupt:  # a second one, while the first was told
        _stop()
    finally:
        _when_interrupted(signal.SIG_IGN)  # all is said and written: end as it is


def _when_interrupted(then: Callable[[int, Any], Any] | signal.Handlers) -> None:
    if not IGNORED:
        signal.signal(signal.SIGINT, then)


def _stop(*_: object) -> None:
    os.write(2, f"\nkenpin: {say('stopped')}\n".encode(errors="replace"))
    os._exit(STOPPED)  # nothing is being written now


if __name__ == "__main__":
    main()
