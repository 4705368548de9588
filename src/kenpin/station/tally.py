"""Counts of a station for the page at the line: of this shift, of the last hour, the last parts."""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

from kenpin.record import began, now
from kenpin.types import Outcome

STRIP = 30
HOUR = 3_600_000  # milliseconds


class Tally:
    """Kept in memory as answers come; what was before this program comes from the record, once.

    shifts: when each begins, by the place's clock. began_at: from when on answers are counted here,
    in milliseconds.
    """

    def __init__(self, shifts: Sequence[time]) -> None:
        self._shifts, self.began_at = shifts, now()[0]
        self._lock = threading.Lock()
        self._since = began(shifts)
        self._shift: Counter[str] = Counter()
        self._hour: deque[tuple[int, bool]] = deque()
        self._not_ok = 0  # of that hour
        self._last: deque[tuple[str, str]] = deque(maxlen=STRIP)
        self.seeded = False

    @property
    def since(self) -> datetime:
        """When this shift began."""
        with self._lock:
            self._turn_over()
            return self._since

    def seed(
        self,
        shift: dict[str, int],
        hour: Iterable[tuple[int, bool]],
        last: Iterable[tuple[str, str]],
    ) -> None:
        """What was before. shift: by outcome; hour: moments and whether OK; last: ids of rows and
        outcomes; both the oldest first.
        """
        with self._lock:
            if self.seeded:  # two pages may have asked at once
                return
            self.seeded = True
            self._shift.update(shift)
            before = list(hour)
            self._hour.extendleft(reversed(before))
            self._not_ok += sum(not ok for _, ok in before)
            self._last = deque([*last, *self._last], maxlen=STRIP)

    def add(self, outcome: str, row: str | None) -> None:
        """An answer; row: its id in the record, None where it has none."""
        with self._lock:
            self._turn_over()
            self._shift[outcome] += 1
            if row is not None:
                ok = outcome == Outcome.OK.value
                self._hour.append((now()[0], ok))
                self._not_ok += not ok
                self._last.append((row, outcome))

    def told(self) -> dict[str, Any]:
        """For a browser."""
        with self._lock:
            self._turn_over()
            oldest = now()[0] - HOUR
            while self._hour and self._hour[0][0] < oldest:
                self._not_ok -= not self._hour.popleft()[1]
            return {"since": f"{self._since:%H:%M}", "shift": dict(self._shift),
                    "hour": [len(self._hour), self._not_ok], "last": list(self._last)}  # fmt: skip

    def _turn_over(self) -> None:
        since = began(self._shifts)
        if since > self._since:
            self._since = since
            self._shift.clear()
