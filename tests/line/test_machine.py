"""The one rule of the line, whatever happens in whatever order."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kenpin.line import machine as m
from kenpin.line import words
from kenpin.types import Outcome

CODES = st.sampled_from(["late", "camera_lost", "record_failed"])
DEVICES = st.sampled_from(["camera", "controller", "record"])
IDS = st.integers(0, 3)  # few, so that ids come again
OTHERS = [m.Run(True), m.Run(False), m.Halt(True), m.Halt(False), m.Hold("master", True),
          m.Hold("master", False), m.Hold("settings", True), m.Hold("settings", False),
          m.Hold("test", True), m.Hold("test", False)]  # fmt: skip
BACK = st.integers(0, 3)  # how many jobs ago: late answers of parts long gone


class AnyOrder(RuleBasedStateMachine):
    """Random events, delays and faults; what a controller saw is kept beside."""

    def __init__(self):
        super().__init__()
        self.station = m.Station()
        self.accepted, self.told, self.triggers, self.missed = {}, {}, 0, 0
        self.prepares = []

    def do(self, event):
        before = self.station
        self.station, actions = m.step(before, event)
        for action in actions:
            if isinstance(action, m.Acquire):
                assert before.state is m.State.READY
                assert action.job.number not in self.accepted
                self.accepted[action.job.number] = action.job.trigger
            elif isinstance(action, m.Tell):
                job = action.answer.job
                assert job.number not in self.told, "answered twice"
                assert self.accepted[job.number] == job.trigger, "the answer of another part"
                self.told[job.number] = action.answer
                ok = action.answer.outcome == "OK"
                assert not ok or event == m.Judged(job.number, Outcome.OK)
                assert (action.answer.code is None) == (action.answer.outcome != m.ERROR)
            elif isinstance(action, m.Missed):
                assert before.state is not m.State.READY
                self.missed += 1
            elif isinstance(action, m.Prepare):
                self.prepares.append(action)
        return actions

    def job(self, back):
        return max(1, self.station.accepted - back)

    @rule(number=IDS)
    def trigger(self, number):
        self.triggers += 1
        self.do(m.Trigger(number))

    @rule(on=st.booleans(), number=IDS)
    def trigger_level(self, on, number):
        self.triggers += on and not self.station.trigger_on
        self.do(m.TriggerLevel(on, number))

    @rule(on=st.booleans())
    def acknowledge(self, on):
        self.do(m.AcknowledgeLevel(on))

    @rule(back=BACK)
    def acquired(self, back):
        self.do(m.Acquired(self.job(back)))

    @rule(back=BACK, outcome=st.sampled_from(Outcome))
    def judged(self, back, outcome):
        self.do(m.Judged(self.job(back), outcome))

    @rule(back=BACK, code=CODES)
    def failed(self, back, code):
        self.do(m.Failed(self.job(back), code))

    @rule(back=BACK)
    def expired(self, back):
        self.do(m.Expired(self.job(back)))

    @rule(part=IDS)
    def change_part(self, part):
        self.do(m.ChangePart(part))

    @rule(back=BACK)
    def prepared(self, back):
        if self.prepares:
            asked = self.prepares[max(0, len(self.prepares) - 1 - back)]
            self.do(m.Prepared(asked.part, asked.asked))

    @rule(back=BACK)
    def not_prepared(self, back):
        if self.prepares:
            asked = self.prepares[max(0, len(self.prepares) - 1 - back)]
            self.do(m.NotPrepared(asked.asked, "part_unknown"))

    @rule(event=st.sampled_from(OTHERS))
    def other(self, event):
        self.do(event)

    @rule(device=DEVICES, code=CODES)
    def lost(self, device, code):
        self.do(m.Lost(device, code))
        assert self.station.job is None

    @rule(device=DEVICES)
    def back(self, device):
        self.do(m.Back(device))

    @rule(number=IDS, outcome=st.sampled_from(Outcome))
    def a_part_as_it_should_be(self, number, outcome):
        """So that the deep states are reached often."""
        self.do(m.Halt(False))
        for event in (
            m.Hold("master", False),
            m.Hold("settings", False),
            m.Hold("test", False),
            m.Run(True),
            m.AcknowledgeLevel(False),
            m.AcknowledgeLevel(True),
            *(m.Back(d) for d in list(self.station.faults)),
        ):
            self.do(event)  # fmt: skip
        if self.station.state is m.State.PREOPERATIONAL:
            (asked,) = self.do(m.ChangePart(1))
            self.do(m.Prepared(asked.part, asked.asked))
        if self.station.state is m.State.READY:
            self.trigger(number)
            self.do(m.Acquired(self.station.accepted))
            self.do(m.Judged(self.station.accepted, outcome))
            assert self.station.answer.outcome == outcome.value

    @invariant()
    def every_trigger_is_answered_or_missed(self):
        station = self.station
        under_way = station.job is not None
        assert len(self.accepted) == len(self.told) + under_way == station.accepted
        assert self.triggers == len(self.accepted) + self.missed
        assert (station.answered, station.missed) == (len(self.told), self.missed)

    @invariant()
    def outputs_say_ok_only_with_that_answer(self):
        station = self.station
        bits, state, result, outcome, code, *_ = words.shown(station)
        valid, ok = bits >> words.VALID & 1, bits >> words.OK & 1
        assert valid == (station.state is m.State.RESULT)
        assert not ok or self.told[station.accepted].outcome == "OK"
        assert valid == (ok + (bits >> words.NOT_OK & 1)) == bool(outcome)
        assert not valid or result == self.told[station.accepted].job.trigger
        assert (bits & 1) == (station.state is m.State.READY) and words.STATES[
            state
        ] is station.state
        if station.testing:
            assert station.state is not m.State.READY and not valid
            assert station.job is None and station.answer is None
        if station.state is m.State.READY:
            assert station.part is not None and station.running
            assert not (station.faults or station.holds or station.halted)
        assert code or not (bits >> words.IN_ERROR & 1) or station.halted


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)


def ready(part=1):
    station, (asked,) = m.step(m.Station(running=True), m.ChangePart(part))
    return m.step(station, m.Prepared(asked.part, asked.asked))[0]


def after(station, *events):
    for event in events:
        station, _ = m.step(station, event)
    return station


def test_a_part_goes_from_its_trigger_to_its_acknowledged_answer():
    station, (acquire,) = m.step(ready(), m.TriggerLevel(True, 77))
    assert acquire.job == m.Job(1, 77) and station.state is m.State.ACQUIRING
    station, (judge,) = m.step(station, m.Acquired(1))
    assert judge.job == acquire.job and station.state is m.State.JUDGING
    station, (tell,) = m.step(station, m.Judged(1, Outcome.NG))
    assert tell.answer == m.Answer(m.Job(1, 77), "NG") and station.state is m.State.RESULT
    assert words.shown(station)[2:4] == [77, words.OUTCOMES.index("NG")]
    assert after(station, m.AcknowledgeLevel(True)).state is m.State.READY
    assert after(station, m.Expired(1)).state is m.State.READY


def test_a_level_that_stays_is_one_trigger():
    station = after(ready(), m.TriggerLevel(True, 1), m.Failed(1, "late"), m.Expired(1))
    assert after(station, m.TriggerLevel(True, 1)).accepted == 1
    assert after(station, m.TriggerLevel(False, 1), m.TriggerLevel(True, 2)).accepted == 2


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ((m.Trigger(1),), "busy"),
        ((m.Trigger(1), m.Failed(1, "late")), "busy"),
        ((m.Run(False),), "not_ready"), ((m.Hold("master", True),), "not_ready"),
        ((m.Hold("settings", True),), "not_ready"), ((m.Halt(True),), "not_ready"),
        ((m.Hold("test", True),), "not_ready"),
        ((m.Lost("camera", "camera_lost"),), "not_ready"), ((m.ChangePart(2),), "not_ready"),
    ],
)  # fmt: skip
def test_a_trigger_at_a_wrong_moment_is_missed(events, code):
    station = after(ready(), *events)
    station, actions = m.step(station, m.Trigger(9))
    assert actions == (m.Missed(9, code),) and station.missed == 1


def test_an_unknown_part_is_an_error_and_not_the_old_part():
    station, (asked,) = m.step(ready(1), m.ChangePart(99))
    assert station.state is m.State.PREOPERATIONAL
    station = after(station, m.NotPrepared(asked.asked, "part_unknown"))
    assert station.state is m.State.ERROR and station.part is None
    assert words.shown(station)[4] == words.CODES.index("part_unknown")
    station, (again,) = m.step(station, m.ChangePart(2))
    assert after(station, m.Prepared(2, again.asked)).state is m.State.READY
    assert after(station, m.Prepared(99, asked.asked)).part is None  # it came too late


def test_what_is_lost_ends_the_part_under_way():
    station = after(ready(), m.Trigger(5), m.Acquired(1))
    station, (tell,) = m.step(station, m.Lost("camera", "camera_lost"))
    assert tell.answer == m.Answer(m.Job(1, 5), m.ERROR, "camera_lost")
    assert after(station, m.Judged(1, Outcome.OK)).answer.outcome == m.ERROR
    assert after(station, m.Expired(1)).state is m.State.ERROR
    assert after(station, m.Expired(1), m.Back("camera")).state is m.State.READY


def test_words_are_read_as_they_are_written():
    said = words.Asked(trigger=True, change=True, trigger_id=513, part=7)
    assert words.asked(words.as_words(said)) == said
    with pytest.raises(ValueError, match="bits"):
        words.asked([0xFFFF, 0, 0])
    with pytest.raises(ValueError, match="few"):
        words.asked([1])
    assert words.number_of("what is this") == words.CODES.index("internal") > 0
    big = replace(ready(), answered=0x12345, missed=0x1FFFF)
    assert words.shown(big)[5] == 0xFFFF and words.shown(big)[7:9] == [0x2345, 1]
