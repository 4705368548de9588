"""What a report says, and what it must not be led astray by."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from databases import change, filled, rows, verdict, wrong
from kenpin.cli.history import times_of
from kenpin.errors import RecordError
from kenpin.record import (
    Circumstances,
    Filter,
    Record,
    Word,
    add_review,
    draw_sample,
    found,
    period,
    reading,
    told_of,
    writing,
)
from kenpin.types import Outcome, Region


def numbers(place, **chosen):
    with reading(place) as engine:
        return period(engine, Filter(**chosen))


def written(place, judge_file, lots, picture=None):
    """lots: of each its name and the outcomes of its parts; every picture counts as kept."""
    with Record(place, "line") as record:
        release = record.release(judge_file, "P")
        for lot, outcomes in lots:
            for outcome in outcomes:
                record.write(verdict(0, outcome), release.id, Circumstances(lot=lot))
    change(place, "UPDATE inspections SET kept = 'pictures/2026-01-01/x.png'")


def reviewed(place, word, **chosen):
    with reading(place) as engine:
        ids = [row["id"] for row in found(engine, Filter(**chosen))]
    with writing(place) as connection:
        for identity in ids:
            add_review(connection, identity, word, "sato", "x")


def test_a_draw_from_one_lot_says_nothing_of_the_others(place, judge_file):
    written(place, judge_file, [("A", [Outcome.OK] * 10), ("B", [Outcome.OK] * 90)])
    rng = np.random.default_rng(0)
    with writing(place) as connection:
        assert draw_sample(connection, Filter(lot="A"), 10, 0, rng) == 10
    reviewed(place, Word("ng"), lot="A")
    assert numbers(place, lot="A").escapes.rate == 1.0
    assert numbers(place).escapes.of == 0
    with writing(place) as connection:
        assert draw_sample(connection, Filter(), 20, 0, rng) == 20
    both = numbers(place)
    drawn_of_a = sum(row["lot"] == "A" for row in rows(place, Filter(reviewed=True)))
    assert drawn_of_a == 10 and both.escapes.of == both.escapes.wrong <= 10
    reviewed(place, Word("good"), lot="B")
    assert numbers(place).escapes.wrong == 10 and numbers(place).escapes.of == 100
    assert wrong(place) == ["verify_picture"] * 100  # the pictures above are not theirs


def test_a_draw_says_nothing_of_parts_that_came_later(place, judge_file):
    written(place, judge_file, [("A", [Outcome.OK] * 10)])
    with writing(place) as connection:
        draw_sample(connection, Filter(), 5, 0, np.random.default_rng(0))
    with reading(place) as engine, engine.connect() as connection:
        (told,) = told_of(connection, "sample")
    reviewed(place, Word("good"))
    change(place, f"UPDATE inspections SET at = {told['until_now']} - 5")
    with Record(place, "line") as record:
        record.write(verdict(1), record.release(judge_file, "P").id)
    change(place, f"UPDATE inspections SET at = {told['until_now']} + 5 WHERE number = 11")
    assert numbers(place).escapes.of == 0
    assert numbers(place, until=told["until_now"]).escapes.of == 10


def test_review_is_no_false_reject(place, judge_file):
    outcomes = [Outcome.OK] * 6 + [Outcome.REVIEW] * 3 + [Outcome.NG] * 2
    written(place, judge_file, [("A", outcomes)])
    reviewed(place, Word("good"), outcomes=("OK", "REVIEW"))
    reviewed(place, Word("ng", "scratch"), outcomes=("NG",))
    day = numbers(place)
    assert day.false_rejects.rate == 0 and day.false_rejects.among == 2
    assert day.reviewed_good.rate == 1 and day.reviewed_good.among == 3
    assert day.rejected_of_good[0] == 0 and day.not_ok == 5
    assert day.kinds.named == {"scratch": 2} and day.kinds.good == 3
    reviewed(place, Word("good"), outcomes=("NG",))
    assert numbers(place).rejected_of_good[0] == pytest.approx(2 / 11)


def test_where_all_are_ng_the_reviews_say_how_many_were_good(place, judge_file):
    written(place, judge_file, [("A", [Outcome.NG] * 4)])
    assert numbers(place).rejected_of_good is None
    reviewed(place, Word("good"))
    assert numbers(place).rejected_of_good[0] == 1.0


def test_no_kind_is_taken_for_something_else(place, judge_file):
    written(place, judge_file, [("A", [Outcome.NG] * 4)])
    names = ["-", "?", "=", "cost $5 or $6"]
    with reading(place) as engine:
        ids = [row["id"] for row in found(engine, Filter())]
    with writing(place) as connection:
        for identity, name in zip(ids, names, strict=True):
            add_review(connection, identity, Word("ng", name), "sato", "x")
        for name in ("good", "GOOD", "a\x07b"):
            with pytest.raises(RecordError, match="no name for a kind"):
                add_review(connection, ids[0], Word("ng", name), "sato", "x")
    day = numbers(place)
    assert day.kinds.named == dict.fromkeys(sorted(names), 1)
    assert (day.kinds.unnamed, day.kinds.good, day.kinds.not_reviewed) == (0, 0, 0)


def test_a_later_word_counts_when_the_clock_went_back(place, judge_file):
    written(place, judge_file, [("A", [Outcome.NG])])
    reviewed(place, Word("ng"))
    change(place, "UPDATE reviews SET at = at + 3600000")
    reviewed(place, Word("good"))
    assert numbers(place).kinds.good == 1


def test_a_report_is_of_one_moment_while_others_write(place, judge_file):
    stop = threading.Event()

    def write():
        with Record(place, "line") as record:
            release = record.release(judge_file, "P")
            number = 0
            while not stop.is_set():
                record.write(verdict(number), release.id, Circumstances(lot="L"))
                number += 1

    filled(place, judge_file, 5)
    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(10):
            day = numbers(place)
            assert day.parts == sum(hour.parts for hour in day.hours) == sum(day.stations.values())
            assert day.parts == sum(one.count for one in day.releases) == sum(day.lots.values())
    finally:
        stop.set()
        thread.join()


def test_a_region_at_the_edge_is_on_the_map(place, judge_file):
    regions = (Region(240, 90, 10, 7, 5.0, None, None), Region(0, 0, 250, 97, 5.0, None, None))
    with Record(place, "line") as record:
        release = record.release(judge_file, "P")
        edge = replace(verdict(0, Outcome.NG), size=(97, 250), regions=regions)
        record.write(edge, release.id)
    heat = numbers(place).heat
    assert heat[-1, -1] == 2 and heat.min() == 1


def test_a_file_of_two_parts_is_told_of_each(place, judge_file):
    with Record(place, "line") as record:
        for part, count in (("A-1", 3), ("B-2", 2)):
            release = record.release(judge_file, part)
            for number in range(count):
                record.write(verdict(number), release.id)
    assert [(one.part, one.count) for one in numbers(place).releases] == [("A-1", 3), ("B-2", 2)]
    assert [one.part for one in numbers(place, part="B-2").releases] == ["B-2"]


def test_a_limit_of_nothing_costs_no_report(place, judge_file):
    with Record(place, "line") as record:
        release = record.release(judge_file, "P")
        for number in range(3):
            record.write(replace(verdict(number, Outcome.NG), limit=0.0), release.id)
    assert [row["score"] for row in numbers(place).worst] == [7 / 3, 4 / 3, 1 / 3]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2026-11-01", 25), ("America/New_York", "2026-03-08", 23),
        ("Asia/Kolkata", "2026-03-08", 24), ("Asia/Tokyo", "2026-11-27", 24),
    ],
)  # fmt: skip
def test_a_day_has_the_hours_of_its_place(zone, day, hours, monkeypatch):
    import time  # noqa: PLC0415

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        begin, end = times_of(day, None)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert end - begin == hours * 3_600_000


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE reviews SET number = number + 100", "verify_review"),
        ("UPDATE steps SET who = 'other'", "verify_step"),
        ("DELETE FROM steps", "verify_step"),
        ("DELETE FROM samples", "verify_sample"),
        ("UPDATE inspections SET kept = 'pictures/other.png'", "verify_picture"),
        ("UPDATE releases SET file = ''", "verify_release"),
        ("UPDATE events SET told = '[]' WHERE kind = 'review'", "verify_unreadable"),
        ("UPDATE events SET told = '\"x\"' WHERE kind = 'release'", "verify_unreadable"),
    ],
)
def test_what_was_altered_is_named_and_never_a_traceback(place, judge_file, statement, code):
    filled(place, judge_file, 10)
    change(place, "UPDATE inspections SET kept = 'pictures/' || id || '.png'")
    with writing(place) as connection:
        draw_sample(connection, Filter(), 3, 1, np.random.default_rng(0))
    reviewed(place, Word("good"))
    change(place, statement)
    assert code in wrong(place)


def test_missed_triggers_and_pictures_without_a_verdict_are_counted(place, judge_file):
    filled(place, judge_file, 5)
    with Record(place, "line 1") as record:
        record.event("missed", trigger=4, code="busy")
        record.event("unreadable", picture="a.png", part="ABC-1", lot="L1")
    with Record(place, "line 2") as record:
        record.event("missed", trigger=5, code="busy")
    day = numbers(place, since=0)
    assert (day.missed, day.errors, day.parts) == (2, 1, 5)
    assert numbers(place, since=0, station="line 1").missed == 1
