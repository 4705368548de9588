"""What every controller does, whatever it speaks; and how levels become events."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from kenpin.line import machine as m
from kenpin.line.words import Asked
from kenpin.types import Verdict

Post = Callable[[Any], None]
"""Takes an event of the machine, from the loop's thread."""


@dataclass(frozen=True)
class Shown:
    """All that a controller is shown: the same for each, in words or as JSON.

    words: see `words.shown`. told: of the answer that is valid now what a message says. asked: what
    the controller said last, where it speaks in words. release: the hash of what judges. verdict:
    behind the answer that is valid now, for people who look at its pictures.
    """

    station: m.Station
    words: tuple[int, ...]
    told: dict[str, Any] | None
    asked: Asked | None = None
    release: str | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Said:
    """What a controller says has changed; for people who look at its bits. None: not known."""

    asked: Asked | None


class Controller(Protocol):
    """A controller, or somebody who is told only."""

    async def run(self, post: Post) -> None:
        """Serve until cancelled. Posts what it asks, and when it is lost and back; never raises."""

    def show(self, shown: Shown) -> None:
        """Take what is to be shown from now on; returns at once. What was before is forgotten."""

    def missed(self, trigger: int, code: str) -> None:
        """Tell that a trigger was not accepted; returns at once."""


class Nobody:
    """No controller."""

    async def run(self, post: Post) -> None:
        """Nobody asks for anything."""
        await asyncio.Event().wait()

    def show(self, shown: Shown) -> None:
        """Nobody looks."""

    def missed(self, trigger: int, code: str) -> None:
        """Nobody triggered."""


class Levels:
    """Turns what is asked, again and again, into events: those that count are edges.

    first: the levels that are known to hold. Left out, the first that are seen are no edges, for
    nobody knows when they rose; a trigger that is high already is told as long as the controller
    still counts as lost, so that it is missed, unless it is the one that was taken last.
    """

    def __init__(self, post: Post, first: Asked | None = None) -> None:
        self._post, self._before = post, first
        self._latest: int | None = None

    def take(self, asked: Asked) -> None:
        """What is asked now."""
        before, self._before = self._before, asked
        if asked != before:
            self._post(Said(asked))
        if before is None:
            self._first(asked)
            before = asked
        if asked.stop != before.stop:
            self._post(m.Run(not asked.stop))
        for name, event in (("halt", m.Halt(True)), ("reset", m.Halt(False))):
            if getattr(asked, name) and not getattr(before, name):
                self._post(event)
                if name == "reset" and not asked.stop:
                    self._post(m.Run(True))
        if asked.change and (not before.change or asked.part != before.part):
            self._post(m.ChangePart(asked.part))
        if asked.acknowledge != before.acknowledge:
            self._post(m.AcknowledgeLevel(asked.acknowledge))
        again = asked.trigger and before.trigger and asked.trigger_id != before.trigger_id
        if again:  # it fell and rose between two looks
            self._post(m.TriggerLevel(False, 0))
        if again or asked.trigger != before.trigger:
            self._post(m.TriggerLevel(asked.trigger, asked.trigger_id))
            self._latest = asked.trigger_id if asked.trigger else None

    def _first(self, asked: Asked) -> None:
        """What holds when it is first seen: a stop, a halt or a part that was asked for counts."""
        self._post(m.TriggerLevel(False, 0))
        if asked.trigger and asked.trigger_id != self._latest:
            self._post(m.TriggerLevel(True, asked.trigger_id))
        if asked.stop:
            self._post(m.Run(False))
        if asked.halt:
            self._post(m.Halt(True))
        if asked.change:
            self._post(m.ChangePart(asked.part))

    def forget(self) -> None:
        """The connection was lost: levels may have changed unseen."""
        self._before = None
        self._post(Said(None))
        self._post(m.AcknowledgeLevel(False))


class Presence:
    """Posts once that the controller is lost, and once that it is back."""

    def __init__(self, post: Post) -> None:
        self._post, self._code = post, ""

    def lost(self, code: str = "controller_lost") -> None:
        """It cannot be reached, or says nonsense."""
        if code != self._code:
            self._code = code
            self._post(m.Lost("controller", code))

    def back(self) -> None:
        """It speaks again."""
        if self._code:
            self._code = ""
            self._post(m.Back("controller"))
