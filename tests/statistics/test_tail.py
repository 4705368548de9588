"""The upper tail of scores as a power law."""

import numpy as np
import pytest

from kenpin.statistics.tail import LEAST_OF_TAIL, Tail

SHARE = 0.01


def pareto(count, index=0.25, seed=0):
    return np.sort((1 - np.random.default_rng(seed).random(count)) ** -index)


def test_of_a_power_law_it_finds_the_law():
    tail = Tail.of(pareto(20_000))
    assert tail.index == pytest.approx(0.25, rel=0.05)
    assert tail.limit(SHARE) == pytest.approx(SHARE**-0.25, rel=0.02)


def test_the_share_above_a_limit_is_the_one_it_was_made_for():
    tail = Tail.of(pareto(100))
    for share in (0.001, 0.01, 0.1):
        assert tail.above(tail.limit(share)) == pytest.approx(share)


def test_it_rises_as_the_share_falls_and_begins_where_the_ranks_end():
    tail = Tail.of(pareto(40))
    limits = [tail.limit(share) for share in (0.24, 0.1, 0.01, 0.0001)]
    assert limits == sorted(limits) and limits[0] >= tail.least
    assert tail.above(tail.least * 0.999) is None


def test_the_largest_score_alone_moves_it_little():
    """The rank would take it."""
    scores = pareto(100)
    odd = np.append(scores[:-1], 10 * scores[-1])
    ratio = Tail.of(odd).limit(SHARE) / Tail.of(scores).limit(SHARE)
    assert 1 < ratio < 2


def test_scores_that_are_all_the_same_are_their_own_limit():
    tail = Tail.of(np.full(30, 2.0))
    assert tail.limit(SHARE) == 2.0 and tail.above(3.0) is None
    assert Tail.of(np.zeros(30)).limit(SHARE) <= 1e-9


def test_no_share_is_zero_and_what_is_no_number_is_not_reached():
    tail = Tail.of(pareto(100, index=0.001))
    assert tail.above(1e6) > 0 and tail.above(float("nan")) is None
    wild = np.append(np.full(30, 1e-12), np.full(10, 1e300))
    assert Tail.of(wild).limit(1e-9) == np.inf


@pytest.mark.parametrize("count", [LEAST_OF_TAIL, 30, 100])
@pytest.mark.parametrize("law", ["lognormal", "exponential", "chi-square", "normal"])
def test_on_average_no_more_is_above_it_than_was_asked(law, count):
    """Over 400 sets of scores, of laws whose tails are no heavier than a power."""
    draw = {
        "lognormal": lambda rng, n: np.exp(0.3 * rng.normal(size=n)),
        "exponential": lambda rng, n: 1 + rng.exponential(size=n),
        "chi-square": lambda rng, n: rng.chisquare(20, size=n),
        "normal": lambda rng, n: 10 + rng.normal(size=n),
    }[law]
    rng = np.random.default_rng(1)
    many = np.sort(draw(rng, 200_000))
    limits = [Tail.of(np.sort(draw(rng, count))).limit(SHARE) for _ in range(400)]
    above = 1 - np.searchsorted(many, limits) / len(many)
    assert above.mean() < 1.3 * SHARE
