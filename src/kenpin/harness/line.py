"""A line in a picture."""

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]
"""(n, 2) points x, y in pixels, one after the other."""


def length_of(line: Line) -> float:
    """In pixels."""
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
