"""Whether a stream is still exchangeable with what it began with, tested part by part.

Each new value gets a conformal p-value: its rank among all values before it. While nothing changes
these are independent and uniform, so a bet on them at fair odds has no expectation to grow, and the
chance that its capital ever reaches 1/a is at most a (Ville, "Étude critique de la notion de
collectif", 1939). A capital that grows is evidence of a change (Vovk, Gammerman and Shafer,
"Algorithmic learning in a random world", 2005).
"""

from collections.abc import Mapping
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sides = Literal["high", "both"]
Values = NDArray[np.float64]

_POWERS = (0.2, 0.4, 0.6, 0.8)  # of the bets: the smaller, the more is bet on small p-values
_LOSS = 0.05  # for each value: the logarithm of what a bet on the wrong end loses at least
_BLOCK = 512  # values that are ranked at once
_FIRST = 10.0  # parts: starts of a bet are about equally likely before it
_START_SHARE = log(_FIRST)  # makes the chances of all starts add up to less than 1


def p_values(
    reference: Mapping[int, Values], kinds: NDArray[np.intp], values: Values, seed: int = 0
) -> Values:
    """(T,) in (0, 1): small where a value is high among all those before it of its own kind.

    reference: the values of each kind that the stream goes on from. kinds, values: (T,). Ties are
    broken at random, as an exact p-value needs.
    """
    found = np.empty(len(values))
    # 1 - [0, 1) is never 0, for which no bet is possible.
    chance = 1 - np.random.default_rng(seed).random(len(values))
    for kind in np.unique(kinds):
        places = np.flatnonzero(kinds == kind)
        before = np.sort(reference.get(int(kind), np.empty(0)))
        for start in range(0, len(places), _BLOCK):
            block = places[start : start + _BLOCK]
            above, alike = _ranks(before, values[block])
            count = len(before) + np.arange(len(block))
            found[block] = (above + chance[block] * (alike + 1)) / (count + 1)
            before = np.sort(np.concatenate([before, values[block]]), kind="stable")
    return found


def _ranks(before: Values, block: Values) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """How many are above each value of a block, and how many alike: before it, in it or not."""
    upto, below = (np.searchsorted(before, block, side) for side in ("right", "left"))
    earlier = np.tri(len(block), k=-1, dtype=bool)
    above = len(before) - upto + (earlier & (block[None] > block[:, None])).sum(axis=1)
    alike = upto - below + (earlier & (block[None] == block[:, None])).sum(axis=1)
    return above, alike


def log_capital(p_values: Values, sides: Sides) -> Values:
    """(T,) natural logarithm of what a capital of 1 has become after each p-value.

    sides: "high" bets on small p-values only, "both" also on large ones. The capital is spread over
    every moment at which a change may begin, so it does not melt away while there is none; and over
    bets p -> a p^(a-1) of several strengths.
    """
    begun, grown = _bets(p_values, sides)
    staked = np.logaddexp.accumulate(begun, axis=0) + grown
    kept = _starts(len(p_values))[1]
    return np.asarray(np.logaddexp(kept, np.logaddexp.reduce(staked, axis=1)))


def best_bet(p_values: Values, sides: Sides) -> tuple[int, bool]:
    """Of all bets the one that has won most: from which value on, and whether on high values."""
    begun, grown = _bets(p_values, sides)
    start, bet = np.unravel_index(int((begun + grown[-1]).argmax()), begun.shape)
    return int(start), sides == "high" or int(bet) % 2 == 0


def one_sided(p_values: Values, high: bool) -> bool:
    """Whether every bet on the other end has lost, so that values moved and did not just spread.

    On normal values it tells most alarms from a spread that doubled or tripled apart, and takes no
    shift of a standard deviation for one (tests/assurance/test_drift_watch.py).
    """
    others = np.log(np.nextafter(1 - p_values, 1) if high else p_values)
    powers = np.array(_POWERS)
    return bool(
        (len(others) * np.log(powers) + (powers - 1) * others.sum()).max() <= -_LOSS * len(others)
    )


def _bets(p_values: Values, sides: Sides) -> tuple[Values, Values]:
    """(T, bets) logarithms: what is staked at each value by the gains before it, and all gains.

    A bet that begins at s has become exp(begun[s] + grown[t]) at t, the product of its gains from s
    on. With both sides they take turns, the one on high values first.
    """
    tails = [p_values] if sides == "high" else [p_values, np.nextafter(1 - p_values, 1)]
    powers = np.repeat(_POWERS, len(tails))
    logs = np.stack([np.log(tail) for tail in tails] * len(_POWERS), axis=1)
    gains = np.log(powers) + (powers - 1) * logs
    grown = np.cumsum(gains, axis=0)
    starts = _starts(len(p_values))[0]
    return starts[:, None] - log(len(powers)) - (grown - gains), grown


def _starts(count: int) -> tuple[Values, Values]:
    """(T,) logarithms: the share of the capital whose bet begins at each part, and what is kept.

    1 / (t log² t) adds up, and falls hardly faster than 1 / t: a late change costs little more.
    """
    t = np.arange(count) + _FIRST + 1
    shares = _START_SHARE / (t * np.log(t) ** 2)  # less than the integral of 1 / (t log² t)
    return np.log(shares), np.log1p(-np.cumsum(shares))
