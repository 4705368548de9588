from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenpin.judge.limits import Calibration, Worth, pictures_needed
from kenpin.part.in_words import how_held_out, promise, promise_spread
from kenpin.statistics.ranks import exact, rank_limit
from kenpin.text import one_in, percent
from kenpin.types import Outcome


def calibration(count, false_reject=0.01, held_out="kfold"):
    scores = np.arange(1.0, count + 1)
    return Calibration(scores, scores / 100, false_reject, held_out, 10, level=scores[-1])


@pytest.mark.parametrize(
    ("count", "false_reject", "rank"),
    [(99, 0.01, 99), (100, 0.01, 100), (199, 0.01, 198), (100, 0.05, 96), (19, 0.05, 19),
     (10, 0.5, 6), (999, 0.001, 999)],
)  # fmt: skip
def test_the_limit_is_the_rank_that_keeps_the_promise(count, false_reject, rank):
    assert calibration(count, false_reject).limit == rank
    # ceil((n + 1)(1 - alpha)) in exact arithmetic, not in floats
    assert (count + 1 - rank) / (count + 1) <= false_reject + 1e-12
    assert (count + 2 - rank) / (count + 1) > false_reject


def test_a_promise_that_cannot_be_kept_is_refused_with_the_number_it_takes():
    few = calibration(20, 0.01)
    assert not few.kept
    assert few.limit == 20
    assert few.promised_false_reject == pytest.approx(1 / 21)
    assert promise(few) == (
        "20 held-out good pictures cannot promise 1 %: that takes 99; the best that can be "
        "promised is that at most 1 good part in 21 (4.8 %) is rejected."
    )


def test_a_promise_that_is_kept_says_what_ten_times_better_would_take():
    assert promise(calibration(100)) == (
        "At most 1 good part in 101 (0.99 %) is rejected; promising 0.1 % would take 999 "
        "held-out good pictures."
    )
    assert calibration(100).kept
    assert "nothing is promised" in promise(None)


@pytest.mark.parametrize(("rate", "needed"), [(0.01, 99), (0.001, 999), (0.05, 19), (0.3, 3)])
def test_pictures_needed(rate, needed):
    assert pictures_needed(rate) == needed
    assert calibration(needed, rate).kept
    assert not calibration(needed - 1, rate).kept


def test_the_worst_rate_of_one_machine_is_the_beta_quantile():
    # Beta(1, 100): 1 - 0.05^(1/100), by hand.
    assert calibration(100).worst_false_reject == pytest.approx(1 - 0.05**0.01, abs=1e-12)
    assert "stays under 3 % with 95 % confidence" in promise_spread(calibration(100))


def test_the_plain_judge_has_its_limit_by_the_same_rule():
    assert calibration(100, 0.05).mse_limit == 96 / 100


def test_p_values_count_the_held_out_scores_at_least_as_high():
    c = calibration(99)
    assert c.p_value(1000.0) == pytest.approx(1 / 100)
    assert c.p_value(99.0) == pytest.approx(2 / 100)
    assert c.p_value(0.0) == 1.0
    assert c.p_value(50.5) == pytest.approx(50 / 100)


def test_only_above_the_limit_is_ng():
    c = calibration(100)
    assert c.judge(c.limit) is Outcome.OK
    assert c.judge(np.nextafter(c.limit, np.inf)) is Outcome.NG
    assert c.judge(float("nan")) is Outcome.NG


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=300),
    st.floats(0.001, 0.5),
    st.floats(0, 1e6),
)
def test_a_small_p_value_and_ng_are_the_same_thing(scores, false_reject, score):
    c = Calibration(np.sort(scores), np.sort(scores), false_reject, "split", 1, level=1.0)
    if c.kept:  # compared exactly: the nearest float to a third is not a third
        p_value = Fraction(round(c.p_value(score) * (c.count + 1)), c.count + 1)
        assert (c.judge(score) is Outcome.NG) == (p_value <= exact(false_reject))


def test_a_third_as_a_float_is_less_than_a_third_and_is_not_promised():
    assert not Calibration(np.zeros(2), np.zeros(2), 1 / 3, "split", 1, level=1.0).kept
    assert Calibration(np.zeros(2), np.zeros(2), 0.34, "split", 1, level=1.0).kept


def test_the_promise_holds_on_average_for_exchangeable_scores():
    rng = np.random.default_rng(0)
    for count, rate in ((100, 0.05), (99, 0.01), (40, 0.1)):
        scores = np.sort(rng.standard_normal((4000, count)), axis=1)
        limits = np.array([rank_limit(row, rate) for row in scores])
        rejected = (rng.standard_normal(4000) > limits).mean()
        expected = calibration(count, rate).promised_false_reject
        assert expected <= rate
        assert abs(rejected - expected) < 4 * np.sqrt(rate / 4000)


def test_words():
    assert how_held_out(None).startswith("none")
    assert how_held_out(calibration(100)).startswith("10-fold: each of 100")
    assert how_held_out(calibration(40, held_out="split")).startswith("split: 40")
    assert [percent(v) for v in (0.05, 0.0123, 0.001, 0.5, 1.0, 0.0)] == [
        "5 %", "1.2 %", "0.1 %", "50 %", "100 %", "0 %",
    ]  # fmt: skip
    assert one_in(1 / 101) == "101" and percent(1 / 101) == "0.99 %"


def test_a_departure_counts_as_a_score_only_beyond_what_is_usual():
    scores, departures = np.arange(1.0, 101), np.full(100, 0.9)
    worth = Worth.of(scores)
    assert worth.middle == 50.5 and worth.step == pytest.approx(2 * (90.1 - 50.5))
    assert np.array_equal(worth.counted(scores, departures), scores)
    departures[0] = 2.0
    numbers = worth.counted(scores, departures)
    assert numbers[0] == pytest.approx(50.5 + 2 * worth.step) and np.array_equal(
        numbers[1:], scores[1:]
    )


def test_the_outer_bounds_lie_where_a_departure_is_worth_the_limit():
    worth = Worth(middle=10.0, step=4.0)
    assert worth.room(18.0) == 2.0
    assert worth.room(11.0) == 1.0  # never nearer than what is usual
    alike = Worth.of(np.ones(5))  # then the departure of one held out decides
    numbers = alike.counted(np.ones(5), np.array([0.5, 1.7, 0, 0, 0]))
    assert alike.room(float(numbers.max())) == pytest.approx(1.7)


@given(st.integers(0, 10_000), st.integers(5, 60), st.sampled_from([0.01, 0.05, 0.2]))
def test_score_and_departure_together_reject_no_more_than_the_rank_allows(seed, count, rate):
    """Of n + 1 exchangeable pictures each takes the place of tomorrow's in turn."""
    rng = np.random.default_rng(seed)
    scores = rng.lognormal(size=count + 1)
    departures = rng.lognormal(-0.5, 0.6, size=count + 1)
    worth = Worth.of(scores)  # of all: then it is exact
    rejected = 0
    for one in range(count + 1):
        others = np.arange(count + 1) != one
        numbers = np.sort(worth.counted(scores[others], departures[others]))
        limit = rank_limit(numbers, rate)
        room = worth.room(limit)
        rejected += scores[one] > limit or departures[one] > room
    allowed = max(rate * (count + 1), 1)
    assert rejected <= np.floor(allowed + 1e-9)
