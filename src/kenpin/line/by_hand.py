"""Outputs set by hand, so that the wires to the controller can be checked one by one."""

import asyncio
from dataclasses import dataclass, replace

from kenpin.errors import LineError
from kenpin.line import machine as m
from kenpin.line import words
from kenpin.line.controllers import Post, Shown
from kenpin.line.notes import Notes

SETTABLE = tuple(name for name in words.OUT_BITS if name not in ("ready", "heartbeat"))
"""READY means that a part may come, and the heartbeat that this program lives: never by hand."""
_LIMIT = 300.0  # seconds without a word from who sets them, after which all of them fall; the line
# does not go on by itself then: somebody may have his hands in it


@dataclass(frozen=True)
class ByHand:
    """A person sets outputs. bits: names of those that are on; None: no longer by hand.

    Raises LineError for what could be taken for an answer OK.
    """

    bits: frozenset[str] | None

    def __post_init__(self) -> None:
        if self.bits is None:
            return
        if not self.bits <= set(SETTABLE):
            raise LineError("line_by_hand", bits=", ".join(SETTABLE))
        if self.bits >= {"valid", "ok"}:
            raise LineError("line_by_hand_ok")


class Hand:
    """What a person sets, for as long as the machine is in its test mode."""

    def __init__(self, post: Post, notes: Notes) -> None:
        self._post, self._notes = post, notes
        self._bits: frozenset[str] = frozenset()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, told: ByHand) -> None:
        """From the loop's thread."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._bits = told.bits or frozenset()
        if told.bits:
            self._timer = asyncio.get_running_loop().call_later(_LIMIT, self._forgotten)
        self._post(m.Hold(m.TEST, told.bits is not None))

    def _forgotten(self) -> None:
        self._notes.tell("by_hand_over", "line_by_hand_over")
        self._bits, self._timer = frozenset(), None
        self._post(m.Hold(m.TEST, True))

    def close(self) -> None:
        """The line ends."""
        if self._timer is not None:
            self._timer.cancel()

    def shown(self, shown: Shown) -> Shown:
        """The same with the bits that are set by hand, if they are."""
        if not shown.station.testing:
            return shown
        return replace(shown, words=(self._set(shown.words[0]), *shown.words[1:]), told=None)

    def _set(self, bits: int) -> int:
        kept = bits & (1 << words.HEARTBEAT)
        return kept | sum(1 << words.OUT_BITS.index(name) for name in self._bits)
