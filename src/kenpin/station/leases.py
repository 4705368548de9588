"""Who has which part before him: two people never review the same at once."""

import threading
from time import monotonic
from uuid import UUID

_HELD = 120.0  # seconds that a part stays with a person who says nothing
_LATER = 600.0  # seconds until one that was left for later comes again to the same person
_MOST = 100_000


class Leases:
    """In memory: after a restart two may once see the same, and both words are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[UUID, tuple[str, float]] = {}
        self._later: dict[tuple[UUID, str], float] = {}

    def take(self, part: UUID, who: str) -> bool:
        """Whether this person may look at it now; then nobody else may for a while."""
        now = monotonic()
        with self._lock:
            if self._later.get((part, who), 0.0) > now:
                return False
            holder, until = self._held.get(part, (who, 0.0))
            if holder != who and until > now:
                return False
            if len(self._held) > _MOST:
                self._held.clear()
            self._held[part] = (who, now + _HELD)
            return True

    def give_back(self, part: UUID) -> None:
        """A word was said."""
        with self._lock:
            self._held.pop(part, None)

    def put_last(self, part: UUID, who: str) -> None:
        """This person wants to see another first."""
        with self._lock:
            self._held.pop(part, None)
            if len(self._later) > _MOST:
                self._later.clear()
            self._later[part, who] = monotonic() + _LATER
