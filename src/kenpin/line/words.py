"""What controllers that know only words and bits are shown, and what they say; one map for all.

Both blocks are of 16-bit words. Bits are numbered from the lowest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kenpin.line.machine import ERROR, State, Station
from kenpin.types import Outcome

READY, ACQUIRING, JUDGING, VALID, OK, NOT_OK, IN_ERROR, HEARTBEAT, MISSED = range(9)
TRIGGER, ACKNOWLEDGE, CHANGE, RESET, STOP, HALT = range(6)
OUT_BITS = ("ready", "acquiring", "judging", "valid", "ok", "not_ok", "error", "heartbeat",
            "missed")  # fmt: skip
IN_BITS = ("trigger", "acknowledge", "change", "reset", "stop", "halt")
OUT_WORDS = ("bits", "state", "result_id", "outcome", "error_code", "missed", "part", "count_low",
             "count_high", "permille")  # fmt: skip
IN_WORDS = ("bits", "trigger_id", "part")
STATES = tuple(State)
"""Their numbers are their places."""
OUTCOMES = ("", *(outcome.value for outcome in Outcome), ERROR)
"""The same; 0 is no answer."""
CODES = (
    "", "late", "halted", "busy", "not_ready", "camera_lost", "camera_late", "camera_frozen",
    "picture_unreadable", "picture_size", "record_failed", "judge_failed", "part_unknown",
    "part_not_released", "part_failed", "controller_lost", "controller_nonsense", "internal",
    "camera_black", "camera_frame_lost", "camera_setting",
)  # fmt: skip
_MOST = 0xFFFF


@dataclass(frozen=True)
class Asked:
    """What a controller says: the levels of its bits, and two numbers."""

    trigger: bool = False
    acknowledge: bool = False
    change: bool = False
    reset: bool = False
    stop: bool = False
    halt: bool = False
    trigger_id: int = 0
    part: int = 0


def shown(
    station: Station, heartbeat: bool = False, missed: bool = False, score: float = 0.0
) -> list[int]:
    """The words that a controller reads.

    heartbeat: turns over while the program is alive. missed: whether the latest trigger was. score:
    of the latest answer, in limits.
    """
    state, answer = station.state, station.answer
    told = answer if state is State.RESULT else None
    ok = told is not None and told.outcome == Outcome.OK.value
    levels = (
        state is State.READY, state is State.ACQUIRING, state is State.JUDGING, told is not None,
        ok, told is not None and not ok, state in (State.ERROR, State.HALTED), heartbeat, missed,
    )  # fmt: skip
    code = told.code if told is not None else station.error
    count = station.answered & 0xFFFFFFFF
    return [
        sum(1 << place for place, level in enumerate(levels) if level),
        STATES.index(state),
        (told.job.trigger if told else 0) & _MOST,
        OUTCOMES.index(told.outcome) if told else 0,
        number_of(code),
        station.missed & _MOST,
        (station.part or 0) & _MOST,
        count & _MOST,
        count >> 16,
        min(_MOST, max(0, round(1000 * score))) if told else 0,
    ]


def number_of(code: str | None) -> int:
    """The number of an error code; an unknown one is `internal`, so that it is never 0."""
    if not code:
        return 0
    return CODES.index(code) if code in CODES else CODES.index("internal")


def asked(words: Sequence[int]) -> Asked:
    """What the words say. Raises ValueError for too few, or bits that mean nothing."""
    if len(words) < len(IN_WORDS):
        raise ValueError("too few words")
    bits, trigger_id, part = words[: len(IN_WORDS)]
    if bits >> len(IN_BITS):
        raise ValueError(f"bits {bits:#x}")
    levels = {name: bool(bits >> place & 1) for place, name in enumerate(IN_BITS)}
    return Asked(**levels, trigger_id=trigger_id, part=part)


def as_words(said: Asked) -> list[int]:
    """The same the other way round: what a controller would write."""
    bits = sum(1 << place for place, name in enumerate(IN_BITS) if getattr(said, name))
    return [bits, said.trigger_id & _MOST, said.part & _MOST]
