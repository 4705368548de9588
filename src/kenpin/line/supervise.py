"""Work that must never end while a station runs."""

import asyncio
from collections.abc import Awaitable, Callable

_PAUSE = 1.0  # seconds before it is begun again


async def for_ever(
    work: Callable[[], Awaitable[object]], broke: Callable[[BaseException], None]
) -> None:
    """Do the work, and again whenever it ended by itself, until cancelled.

    broke: told each time, before it is begun again.
    """
    while True:
        try:
            await work()
            broke(RuntimeError("ended"))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            broke(error)  # a library let out one of its own
        except Exception as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # it was to end, and fell over that
                raise asyncio.CancelledError from error
            broke(error)
        await asyncio.sleep(_PAUSE)
