"""kenpin run: a line at work."""

from typing import Any

from kenpin.cli import options
from kenpin.cli.program import STOPPED, command, complain, out
from kenpin.text import say


@command()
def run(line_file: options.LineFile) -> None:
    import asyncio

    room = options.line_room()
    settings = room.LineSettings.read(line_file)
    asyncio.run(_until_told(room, settings))
    out.print(say("line_stopped"))


async def _until_told(room: Any, settings: Any) -> None:
    """Ctrl-C and a shutdown end it after the part under way; a second one at once."""
    import asyncio
    import os
    import signal

    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            os._exit(STOPPED)  # threads may wait for what never comes
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))
    names = ", ".join(one.name for one in settings.station)
    out.print(say("line_runs", stations=names))
    await room.run_line(settings, stop, lambda notice: complain(str(notice)))
