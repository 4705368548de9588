"""A learning curve beyond its end: estimates, to be marked as such."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FEWEST = 3
"""Numbers of pictures that a curve is fitted to, the last ones: it bends least there."""

_POWERS = (0.5, 1.0)

Values = NDArray[np.float64]


def expected_at(counts: Sequence[int], figures: Sequence[float], beyond: Sequence[int]) -> Values:
    """(M,) what a falling figure may be at numbers of pictures that are not there.

    A floor plus a falling power of the number, fitted by least squares to the last counts (Cortes
    et al., "Learning curves: asymptotic values and rate of convergence", 1994); of two powers the
    better one. Never above the last figure, and never below 0. With fewer numbers of pictures than
    `FEWEST` there is nothing to tell it from: the last figure.
    """
    x, y = np.array(counts[-FEWEST:], float), np.array(figures[-FEWEST:], float)
    last = float(y[-1])
    best, values = np.inf, np.full(len(beyond), last)
    then = np.array(beyond, float)
    for power in _POWERS if len(x) == FEWEST else ():
        fall, floor = np.polyfit(x**-power, y, 1)
        error = float(np.square(floor + fall * x**-power - y).sum())
        if fall > 0 and error < best:
            # From the last figure that was measured, as the curve falls from there; one that would
            # fall below 0 falls in proportion instead.
            best, values = error, last + fall * (then**-power - x[-1] ** -power)
            if floor < 0:
                values = last * (then / x[-1]) ** -power
    return np.asarray(np.clip(values, 0.0, last))
