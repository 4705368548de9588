"""Whether a stream is still exchangeable with what it began with, tested part by part.

Each new value gets a conformal p-value: its rank among all values before it. While nothing changes
these are independent and uniform, so a bet on them at fair odds has no expectation to grow, and the
chance that its capital ever reaches 1/a is at most a (Ville, "Étude critique de la notion de
collectif", 1939). A capital that grows is evidence of a change (Vovk, Gammerman and Shafer,
"Algorithmic learning in a random world", 2005).
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sides = Literal["high", "both"]

_POWERS = (0.2, 0.4, 0.6, 0.8)  # of the bets: the smaller, the more is bet on small p-values
_FIRST = 10.0  # parts: starts of a bet are about equally likely before it
_START_SHARE = log(_FIRST)  # makes the chances of all starts add up to less than 1


def p_values(
    reference: Mapping[Hashable, Iterable[float]],
    values: Iterable[tuple[Hashable, float]],
    seed: int = 0,
) -> NDArray[np.float64]:
    """(T,) in (0, 1): small where a value is high among all those before it of its own kind.

    reference: the values of each kind that the stream goes on from. Ties are broken at random, as
    an exact p-value needs.
    """
    rng = np.random.default_rng(seed)
    before: dict[Hashable, list[float]] = defaultdict(list)
    for kind, known in reference.items():
        before[kind] = sorted(known)
    found = []
    for kind, value in values:
        own = before[kind]
        above = len(own) - bisect_right(own, value)
        alike = len(own) - above - bisect_left(own, value)
        # 1 - [0, 1) is never 0, for which no bet is possible.
        found.append((above + (1 - rng.random()) * (alike + 1)) / (len(own) + 1))
        insort(own, value)
    return np.array(found)


def log_capital(p_values: NDArray[np.float64], sides: Sides) -> NDArray[np.float64]:
    """(T,) natural logarithm of what a capital of 1 has become after each p-value.

    sides: "high" bets on small p-values only, "both" also on large ones. The capital is spread over
    every moment at which a change may begin, so it does not melt away while there is none; and over
    bets p -> a p^(a-1) of several strengths.
    """
    tails = [p_values] if sides == "high" else [p_values, np.nextafter(1 - p_values, 1)]
    powers = np.repeat(_POWERS, len(tails))
    logs = np.stack([np.log(tail) for tail in tails] * len(_POWERS), axis=1)  # (T, bets)
    gains = np.log(powers) + (powers - 1) * logs
    starts, kept = _starts(len(p_values))
    staked = np.full(len(powers), -np.inf)
    capital = np.empty(len(p_values))
    for number, gain in enumerate(gains):
        staked = np.logaddexp(staked, starts[number] - log(len(powers))) + gain
        capital[number] = np.logaddexp(kept[number], np.logaddexp.reduce(staked))
    return capital


def _starts(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(T,) logarithms: the share of the capital whose bet begins at each part, and what is kept.

    1 / (t log² t) adds up, and falls hardly faster than 1 / t: a late change costs little more.
    """
    t = np.arange(count) + _FIRST + 1
    shares = _START_SHARE / (t * np.log(t) ** 2)  # less than the integral of 1 / (t log² t)
    return np.log(shares), np.log1p(-np.cumsum(shares))
