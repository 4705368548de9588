"""kenpin run: a line at work."""

from typing import Any

from kenpin.cli import options
from kenpin.cli.program import STOPPED, command, complain, out
from kenpin.text import say

_PATIENCE = 3.0  # seconds until it ends, whatever happens


@command()
def run(line_file: options.LineFile) -> None:
    import asyncio

    room = options.line_room()
    settings = room.LineSettings.read(line_file)
    try:
        asyncio.run(_until_told(room, settings))
    except asyncio.CancelledError:  # told twice
        raise KeyboardInterrupt from None
    out.print(say("line_stopped"))


async def _until_told(room: Any, settings: Any) -> None:
    """Ctrl-C and a shutdown end it after the part under way; a second one as soon as outputs are
    off, and in any case after a few seconds.
    """
    import asyncio
    import os
    import signal
    import threading

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    working = asyncio.current_task()

    def end() -> None:
        if stop.is_set() and working is not None:
            working.cancel()
            given_up = threading.Timer(_PATIENCE, os._exit, (STOPPED,))
            given_up.daemon = True
            given_up.start()  # threads may wait for what never comes
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))
    names = ", ".join(one.name for one in settings.station)
    out.print(say("line_runs", stations=names))
    await room.run_line(settings, stop, lambda notice: complain(str(notice)))
