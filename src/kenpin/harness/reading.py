"""How one picture of a harness reads: what is measured, and why it cannot be judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kenpin.harness.line import Line
from kenpin.types import Floats, Pixels, ReasonCode

Kind = Literal["at", "length", "thick", "missing", "extra", "foreign", "turned", "band_at",
               "band_width", "band_missing"]  # fmt: skip

LEAST = {"at": 2.0, "length": 1.0, "thick": 0.5, "missing": 0.01, "extra": 0.01, "foreign": 4.0,
         "turned": 1.0, "band_at": 2.0, "band_width": 2.0, "band_missing": 0.1}  # fmt: skip
"""Of each kind how much good ones vary at least: what is finer, no picture tells."""


@dataclass(frozen=True)
class Measure:
    """What is measured, in pixels of the picture. line: a branch or the trunk; "" of the whole.

    kind: "at": along the trunk from its beginning, where a branch leaves it; "length": of a branch
    from there to its tip, see `Leaving`, of the trunk's own end from the trunk's beginning;
    "thick". "missing": 1 where a branch is not there; "extra": how many ends there are that good
    ones do not have. "foreign": the side of the largest thing beside the harness, as if it were
    square. "turned": of what is on a line's end, see `turned_in`. Of a band, which has a number,
    from 1 on from the line's outer end: "band_at", of its middle from that end; "band_width";
    "band_missing", how much of its edges is not to be seen, from 0 to 1.
    """

    line: str
    kind: Kind
    number: int = 0

    def __str__(self) -> str:
        return f"{self.line}.{self.kind}" + (f".{self.number}" if self.number else "")


@dataclass(frozen=True, eq=False)
class Reading:
    """A picture read. sheet: (H, W, 3) uint8, all lines laid straight; where: (H, W, 2) float32 x,
    y in the picture of each of its pixels, not a number where there is none. values: (M,) float64
    of the measures, not a number of what is missing; places: (M, 2) x, y in the picture, alike.
    lines: by name, (n, 2) x, y, of the trunk with its own end, which is there by its name too.
    fault: why it cannot be judged, and at: where, if that is known.
    """

    sheet: Pixels
    where: Floats
    values: NDArray[np.float64]
    places: NDArray[np.float64]
    lines: Mapping[str, Line]
    fault: ReasonCode | None = None
    at: tuple[float, float] | None = None
