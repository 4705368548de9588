"""What happened at a station: said to a person, and an event of the record."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

from kenpin.text import Notice

_MOST = 1000  # events of the record that wait to be written

Say = Callable[[Notice], None]
Note = Callable[..., None]


class Notes:
    """note: writes an event of the record (kind and values), in the thread of `writing`."""

    def __init__(self, station: str, say: Say, note: Note, writing: Executor) -> None:
        self._station, self.say, self._note, self._writing = station, say, note, writing
        self._waiting = 0

    def tell(self, kind: str, sentence: str, **values: Any) -> None:
        """Say it, and write the event."""
        self.say(Notice(sentence, station=self._station, **values))
        self.write(kind, **values)

    def unexpected(self, error: BaseException | None) -> None:
        """One sentence; the line goes on."""
        self.say(Notice("line_internal", reason=f"{type(error).__name__}: {error}"))

    def write(self, kind: str, **values: Any) -> None:
        """Only the event; never waited for, nor without end."""
        if self._waiting >= _MOST:
            return  # they are counted, by the machine and for Prometheus
        self._waiting += 1
        work = partial(self._note, kind, **values)
        written = asyncio.get_running_loop().run_in_executor(self._writing, work)
        written.add_done_callback(self._written)

    def _written(self, _: object) -> None:
        self._waiting -= 1
