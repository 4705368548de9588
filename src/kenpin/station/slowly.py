"""Signing in gets slower with each wrong password."""

import threading
from time import monotonic

_FREE = 3  # wrong ones that cost nothing
_LONGEST = 300.0  # seconds
_FORGOTTEN = 3600.0  # seconds after which a wrong one no longer counts
_MOST = 10_000  # names that are remembered


class Slowly:
    """Counts wrong passwords by name and by address; in memory, for a restart takes longer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: dict[str, tuple[int, float]] = {}

    def wait(self, *keys: str) -> float:
        """Seconds until the next try is looked at; 0 for now."""
        with self._lock:
            return max(self._left(key) for key in keys)

    def was_wrong(self, *keys: str) -> None:
        """One more wrong password."""
        now = monotonic()
        with self._lock:
            if len(self._wrong) > _MOST:
                self._wrong.clear()
            for key in keys:
                count, last = self._wrong.get(key, (0, now))
                self._wrong[key] = (1 if now - last > _FORGOTTEN else count + 1, now)

    def was_right(self, *keys: str) -> None:
        """What was wrong before is forgiven."""
        with self._lock:
            for key in keys:
                self._wrong.pop(key, None)

    def _left(self, key: str) -> float:
        count, last = self._wrong.get(key, (0, 0.0))
        if count <= _FREE:
            return 0.0
        return max(0.0, last + min(_LONGEST, 2.0 ** (count - _FREE)) - monotonic())
