"""Outputs set by hand: every wire can be tried, and no part passes by that."""

import asyncio

import pytest
from plants import ModbusMaster, release, running, served, settings

from kenpin.errors import LineError
from kenpin.line import SETTABLE, ByHand, by_hand, words
from kenpin.line import machine as m
from kenpin.line.controllers import Shown
from kenpin.record import events_of, reading


class Person:
    """Who stands at the page: sees what a controller is shown, and asks."""

    def __init__(self):
        self.shown = None

    async def run(self, post):
        self.post = post
        await asyncio.Event().wait()

    def show(self, shown):
        self.shown = shown

    def missed(self, trigger, code):
        pass

    async def until(self, holds):
        async with asyncio.timeout(20):
            while self.shown is None or not holds(self.shown):
                await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return release(tmp_path_factory.mktemp("by hand"))


def at_work(place, work):
    """Run a line with a PLC and a person, and what they do."""

    async def run():
        plc, person = ModbusMaster(), Person()
        line = settings(place, plc.settings)
        async with running(line, also=lambda _: (person, lambda camera: camera)), served(plc):
            await plc.until(lambda seen: "ready" in set_by(seen[0]))
            await work(plc, person)

    asyncio.run(run())


def set_by(bits):
    """Of the words that a PLC reads, the bits that are on but for the heartbeat."""
    return {name for place, name in enumerate(words.OUT_BITS)
            if bits >> place & 1 and name != "heartbeat"}  # fmt: skip


def test_each_output_can_be_tried_and_no_part_is_accepted_meanwhile(place):
    async def work(plc, person):
        for name in SETTABLE:
            person.post(ByHand(frozenset({name})))
            seen = await plc.until(lambda seen, name=name: set_by(seen[0]) == {name})
            assert seen[1] == words.STATES.index(m.State.INITIALIZED) and seen[2:4] == [0, 0]
        await plc.write(words.Asked(trigger=True, trigger_id=7))
        await person.until(lambda shown: shown.station.missed == 1)
        assert person.shown.asked == words.Asked(trigger=True, trigger_id=7)
        await plc.write(words.Asked())
        person.post(ByHand(None))
        await plc.until(lambda seen: set_by(seen[0]) == {"ready", "missed"})
        plc.number = 8
        _, back, given = await plc.part()
        assert back == given == 9

    at_work(place, work)


def test_a_part_under_way_is_answered_before_a_hand_counts(place):
    async def work(plc, person):
        await plc.write(words.Asked(trigger=True, trigger_id=5))
        await plc.until(lambda seen: seen[0] >> words.VALID & 1)
        person.post(ByHand(frozenset({"error"})))
        await person.until(lambda shown: m.TEST in shown.station.holds)
        seen = await plc.read()
        assert seen[2] == 5 and seen[3] and "valid" in set_by(seen[0])
        await plc.write(words.Asked(acknowledge=True))
        await plc.until(lambda seen: set_by(seen[0]) == {"error"})

    at_work(place, work)


def test_outputs_fall_when_nobody_sets_them_any_more(place, monkeypatch):
    monkeypatch.setattr(by_hand, "_LIMIT", 0.3)

    async def work(plc, person):
        person.post(ByHand(frozenset({"ok"})))
        await plc.until(lambda seen: set_by(seen[0]) == {"ok"})
        await plc.until(lambda seen: not set_by(seen[0]))
        await asyncio.sleep(0.5)
        assert not set_by((await plc.read())[0])  # the line does not go on by itself
        person.post(ByHand(None))
        await plc.until(lambda seen: "ready" in set_by(seen[0]))

    at_work(place, work)
    with reading(place) as engine, engine.connect() as connection:
        assert len(events_of(connection, "by_hand_over")) == 1


@pytest.mark.parametrize(
    "bits", [{"ready"}, {"heartbeat"}, {"valid", "ok"}, {"valid", "ok", "error"}, {"x"}]
)
def test_what_could_pass_a_part_cannot_be_set(bits):
    with pytest.raises(LineError):
        ByHand(frozenset(bits))


def test_no_hand_reaches_the_outputs_outside_the_test_mode():
    hand = by_hand.Hand(lambda _: None, None)
    hand._bits = frozenset({"ok"})
    for station in (m.Station(), m.Station(part=1, running=True)):
        shown = Shown(station, tuple(words.shown(station)), None)
        assert hand.shown(shown) is shown
