"""The handshake of a station as a state machine, without any input or output.

`step` takes what a station is and what happened, and gives what it is then and what is to be done.
One rule holds whatever happens in whatever order: every trigger that was accepted ends in exactly
one answer with its own id, and no answer is OK unless that part was judged OK.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from kenpin.types import Outcome

ERROR = "ERROR"
"""The answer of a part that could not be judged; every other answer is an `Outcome`."""
LATE, HALTED_CODE, BUSY, NOT_READY = "late", "halted", "busy", "not_ready"
MASTER, SETTINGS, RELEASE, TEST = "master", "settings", "release", "test"


class State(StrEnum):
    """What a station is doing; names as MERLIC and OPC 40100-1 use them, JUDGING for EXECUTING."""

    PREOPERATIONAL = "PREOPERATIONAL"
    INITIALIZED = "INITIALIZED"
    READY = "READY"
    ACQUIRING = "ACQUIRING"
    JUDGING = "JUDGING"
    RESULT = "RESULT"
    ERROR = "ERROR"
    HALTED = "HALTED"


UNDER_WAY = (State.ACQUIRING, State.JUDGING, State.RESULT)


@dataclass(frozen=True)
class Job:
    """A part that was accepted. number: counts up; trigger: the id that the controller gave.

    lot, serial: of the part, where the controller tells them.
    """

    number: int
    trigger: int
    lot: str | None = None
    serial: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a job came to. code: why it is ERROR; None otherwise."""

    job: Job
    outcome: str
    code: str | None = None


@dataclass(frozen=True)
class Station:
    """All that a station knows of itself.

    part: the id that is prepared. asked: how often a part was asked for; preparing: whether the
    latest is not there yet. holds: why nothing is judged now. faults: of each lost device, why.
    trigger_on, acknowledge_on: the levels of these inputs, whose edges count. job: accepted and not
    answered; judging: whether its picture is there. answer: told and not yet acknowledged.
    accepted, answered, missed: counts.
    """

    part: int | None = None
    asked: int = 0
    preparing: bool = False
    running: bool = False
    holds: frozenset[str] = frozenset()
    halted: bool = False
    faults: dict[str, str] = field(default_factory=dict)
    trigger_on: bool = False
    acknowledge_on: bool = False
    job: Job | None = None
    judging: bool = False
    answer: Answer | None = None
    accepted: int = 0
    answered: int = 0
    missed: int = 0

    @property
    def state(self) -> State:
        """What it is doing. A part under way is finished and told first, whatever else there is."""
        told = (
            (State.JUDGING, self.job is not None and self.judging),
            (State.ACQUIRING, self.job is not None),
            (State.RESULT, self.answer is not None),
            (State.HALTED, self.halted),
            (State.ERROR, bool(self.faults)),
            (State.PREOPERATIONAL, self.part is None),
            (State.INITIALIZED, not self.running or bool(self.holds)),
        )
        return next((state for state, holds in told if holds), State.READY)

    @property
    def testing(self) -> bool:
        """Whether outputs are as a person sets them: nothing is accepted, nothing is under way."""
        return TEST in self.holds and self.state not in UNDER_WAY

    @property
    def error(self) -> str | None:
        """Why it is in ERROR: of the devices that are lost, one that the controller can read of."""
        others = _without(self.faults, "controller")
        return next(iter((others or self.faults).values()), None)


@dataclass(frozen=True)
class ChangePart:
    """The controller, or a person, asks for a part by its id (品種切替)."""

    part: int


@dataclass(frozen=True)
class Prepared:
    """The part that was asked for as `asked` can be judged."""

    part: int
    asked: int


@dataclass(frozen=True)
class NotPrepared:
    """It cannot."""

    asked: int
    code: str


@dataclass(frozen=True)
class Run:
    """Automatic from now on; off: no more triggers, the part under way is answered."""

    on: bool


@dataclass(frozen=True)
class Halt:
    """Stop at once: the part under way is answered ERROR; off: out of it."""

    on: bool


@dataclass(frozen=True)
class Hold:
    """Nothing is judged for this reason: the master check of this shift is missing (MASTER),
    somebody changes settings (SETTINGS), another release is in use now (RELEASE), somebody sets
    outputs by hand (TEST); off: no longer.
    """

    reason: str
    on: bool


@dataclass(frozen=True)
class Trigger:
    """The controller asks for a part to be judged."""

    id: int
    lot: str | None = None
    serial: str | None = None


@dataclass(frozen=True)
class TriggerLevel:
    """The trigger input as it is now; its rising edge is a trigger."""

    on: bool
    id: int


@dataclass(frozen=True)
class AcknowledgeLevel:
    """The acknowledge input as it is now; its rising edge takes the answer."""

    on: bool


@dataclass(frozen=True)
class Acquired:
    """The picture of a job is there."""

    job: int


@dataclass(frozen=True)
class Judged:
    """A job was judged, and its row is durable."""

    job: int
    outcome: Outcome


@dataclass(frozen=True)
class Failed:
    """A job cannot be judged: no picture, not readable, not kept, or out of time."""

    job: int
    code: str


@dataclass(frozen=True)
class Expired:
    """The answer was shown long enough."""

    job: int


@dataclass(frozen=True)
class Lost:
    """A device is lost: camera, controller, record."""

    device: str
    code: str


@dataclass(frozen=True)
class Back:
    """A device is there again."""

    device: str


@dataclass(frozen=True)
class Prepare:
    """Open what judges this part."""

    part: int
    asked: int


@dataclass(frozen=True)
class Acquire:
    """Get the picture of a job."""

    job: Job


@dataclass(frozen=True)
class Judge:
    """Judge the picture of a job, and keep it."""

    job: Job


@dataclass(frozen=True)
class Tell:
    """Tell the controller."""

    answer: Answer


@dataclass(frozen=True)
class Missed:
    """A trigger was not accepted: tell the controller, and count it."""

    trigger: int
    code: str


@dataclass(frozen=True)
class Refused:
    """A part change came at a wrong moment."""

    part: int
    code: str


Action = Prepare | Acquire | Judge | Tell | Missed | Refused
Step = tuple[Station, tuple[Action, ...]]
PART = "part"  # the device that is lost where no part is prepared


def step(station: Station, event: Any) -> Step:
    """What the station is after the event, and what is to be done, in this order."""
    return _STEPS[type(event)](station, event)


def _trigger(station: Station, event: Trigger) -> Step:
    if station.state is not State.READY:
        code = BUSY if station.state in UNDER_WAY else NOT_READY
        return replace(station, missed=station.missed + 1), (Missed(event.id, code),)
    job = Job(station.accepted + 1, event.id, event.lot, event.serial)
    return replace(station, job=job, judging=False, accepted=job.number), (Acquire(job),)


def _trigger_level(station: Station, event: TriggerLevel) -> Step:
    rises = event.on and not station.trigger_on
    station = replace(station, trigger_on=event.on)
    return _trigger(station, Trigger(event.id)) if rises else (station, ())


def _acknowledge(station: Station, event: AcknowledgeLevel) -> Step:
    rises = event.on and not station.acknowledge_on
    answer = None if rises else station.answer
    return replace(station, acknowledge_on=event.on, answer=answer), ()


def _acquired(station: Station, event: Acquired) -> Step:
    job = station.job
    if job is None or job.number != event.job or station.judging:
        return station, ()  # that part was answered already
    return replace(station, judging=True), (Judge(job),)


def _judged(station: Station, event: Judged) -> Step:
    job = station.job
    if job is None or job.number != event.job or not station.judging:
        return station, ()
    return _answered(station, Answer(job, event.outcome.value))


def _failed(station: Station, event: Failed) -> Step:
    job = station.job
    if job is None or job.number != event.job:
        return station, ()
    return _answered(station, Answer(job, ERROR, event.code))


def _answered(station: Station, answer: Answer) -> Step:
    now = replace(station, job=None, judging=False, answer=answer, answered=station.answered + 1)
    return now, (Tell(answer),)


def _given_up(station: Station, code: str) -> Step:
    """The part under way, if there is one, is answered ERROR."""
    if station.job is None:
        return station, ()
    return _answered(station, Answer(station.job, ERROR, code))


def _expired(station: Station, event: Expired) -> Step:
    told = station.answer
    if told is None or told.job.number != event.job:
        return station, ()
    return replace(station, answer=None), ()


def _change_part(station: Station, event: ChangePart) -> Step:
    if station.job is not None or station.answer is not None:
        return station, (Refused(event.part, BUSY),)
    if station.halted:
        return station, (Refused(event.part, HALTED_CODE),)
    asked = station.asked + 1
    faults = _without(station.faults, PART)
    # The part before is let go at once: if this one is not there, nothing is judged.
    station = replace(station, part=None, asked=asked, preparing=True, faults=faults)
    return station, (Prepare(event.part, asked),)


def _prepared(station: Station, event: Prepared) -> Step:
    if event.asked != station.asked or not station.preparing:
        return station, ()  # another part was asked for since
    return replace(station, part=event.part, preparing=False), ()


def _not_prepared(station: Station, event: NotPrepared) -> Step:
    if event.asked != station.asked or not station.preparing:
        return station, ()
    return replace(station, preparing=False, faults=station.faults | {PART: event.code}), ()


def _run(station: Station, event: Run) -> Step:
    return replace(station, running=event.on), ()


def _halt(station: Station, event: Halt) -> Step:
    station, told = _given_up(station, HALTED_CODE) if event.on else (station, ())
    return replace(station, halted=event.on, running=False), told


def _hold(station: Station, event: Hold) -> Step:
    holds = station.holds | {event.reason} if event.on else station.holds - {event.reason}
    return replace(station, holds=holds), ()


def _lost(station: Station, event: Lost) -> Step:
    station = replace(station, faults=station.faults | {event.device: event.code})
    return _given_up(station, event.code)


def _back(station: Station, event: Back) -> Step:
    return replace(station, faults=_without(station.faults, event.device)), ()


def _without(faults: dict[str, str], device: str) -> dict[str, str]:
    return {name: code for name, code in faults.items() if name != device}


_STEPS: dict[type, Callable[[Station, Any], Step]] = {
    Trigger: _trigger, TriggerLevel: _trigger_level, AcknowledgeLevel: _acknowledge,
    Acquired: _acquired, Judged: _judged, Failed: _failed, Expired: _expired,
    ChangePart: _change_part, Prepared: _prepared, NotPrepared: _not_prepared, Run: _run,
    Halt: _halt, Hold: _hold, Lost: _lost, Back: _back,
}  # fmt: skip
