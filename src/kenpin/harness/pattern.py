"""What good harnesses have in common: their ends, where each leaves, how long, how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kenpin.types import Floats

TRUNK = "trunk"
LOOK = 16  # a side of what an end looks like
LEAST_FAR, LEAST_APART = 15.0, 6.0  # pixels along lines; of Lab: how much ends vary at least
OTHER = 5.0  # what it costs that an end has none like it
_OTHER_SIDE = 2.0


@dataclass(frozen=True, eq=False)
class End:
    """Where a line ends. at: pixels along the trunk's way where it leaves it, length: from there,
    each with how much it varies. side: 1 to the right of the trunk, -1 to the left, 0 for its own
    two ends. look: (16, 16, 3) float32 Lab of its last piece, and how far good ones are from it.
    """

    at: float
    length: float
    side: int
    look: Floats
    far: tuple[float, float] = (LEAST_FAR, LEAST_FAR)
    apart: float = 2 * LEAST_APART

    def unlike(self, other: "End") -> float:
        """How badly another end fits this one; 0 is well."""
        lengths = (
            abs(other.at - self.at) / self.far[0],
            abs(other.length - self.length) / self.far[1],
        )
        look = float(np.abs(other.look - self.look).mean()) / self.apart
        aside = _OTHER_SIDE * (other.side != self.side)
        return sum(min(one, OTHER) for one in lengths) / 2 + look + aside


@dataclass(frozen=True, eq=False)
class Pattern:
    """start: where the trunk begins. ends: the others by their names, the trunk's own end last."""

    start: End
    ends: Mapping[str, End]

    @property
    def last(self) -> str:
        """The name of the end that the trunk itself goes to."""
        return list(self.ends)[-1]
