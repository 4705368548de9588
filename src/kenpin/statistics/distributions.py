"""The few chances that limits and reports speak of.

SciPy knows many more and takes 140 MB; docs/decisions/size.md.
"""

import numpy as np
from numpy.typing import NDArray

_HALVINGS = 60

STUDENT_QUARTILE = 0.7406970841126829
"""Above it lies a quarter of Student's distribution with four degrees of freedom.

Four are measured to describe good pictures: docs/decisions/doctor.md.
"""


def beta_quantile(share: float, a: int, b: int) -> float:
    """Below which value a Beta(a, b) distributed one lies with this probability."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _below(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def exact_interval(errors: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """(low, high) in [0, 1] of a rate of which `errors` of `n` were seen.

    Clopper and Pearson, "The use of confidence or fiducial limits", 1934.
    """
    beyond = (1 - confidence) / 2
    low = beta_quantile(beyond, errors, n - errors + 1) if errors else 0.0
    high = beta_quantile(1 - beyond, errors + 1, n - errors) if errors < n else 1.0
    return low, high


def heads_or_more(heads: int, throws: int) -> float:
    """How likely a fair coin shows heads at least so often, 1 <= heads <= throws."""
    return _below(0.5, heads, throws - heads + 1)


def student_tail(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely Student's distribution with four degrees of freedom is above each value.

    Abramowitz and Stegun, "Handbook of mathematical functions", 1964, 26.7.4.
    """
    v = np.asarray(values, np.float64)
    r = np.sqrt(v**2 + 4)
    sine = v / r
    # 1 - sine without losing its last digits far out on the right.
    short = np.where(v > 0, 4 / (r * (r + np.abs(v))), 1 - sine)
    return np.asarray(short**2 * (2 + sine) / 4)


def _below(value: float, a: int, b: int) -> float:
    """How likely a Beta(a, b) distributed one is below the value, 0 < value < 1."""
    # With whole numbers it is how likely a of a + b - 1 throws succeed, or more.
    throws = a + b - 1
    heads = np.arange(a, throws + 1)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, throws + 1)))])
    ways = factorials[throws] - factorials[heads] - factorials[throws - heads]
    chances = ways + heads * np.log(value) + (throws - heads) * np.log1p(-value)
    return float(np.exp(chances).sum())
