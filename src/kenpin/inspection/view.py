"""A picture as seen under one label, and the places of it that are to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kenpin.judge import (
    Calibration,
    blurred_errors,
    regions_drawn_in,
    regions_to_show,
    seen_by,
    spread_over,
)
from kenpin.part import LabelJudge
from kenpin.prepare import region_through
from kenpin.types import Evidence, Floats, Outcome, Region, WindowVerdict


@dataclass(frozen=True, eq=False)
class View:
    """A picture as seen under one label: each of its windows, and the score of them together.

    found: (K, h, w) the differences as they were found. size: (h, w) of the prepared windows.
    ignored: (K, *size) where nothing counts, of what features are seen in.
    """

    residuals: Floats
    reconstructions: Floats | None
    found: Floats
    scores: tuple[float, ...]
    score: float
    size: tuple[int, ...]
    ignored: NDArray[np.bool_] | None

    @cached_property
    def differences(self) -> Floats:
        """(K, *size) the differences of each pixel; made when they are asked for first."""
        spread = np.stack(
            [spread_over(found, (self.size[0], self.size[1])) for found in self.found]
        )
        if self.ignored is not None:
            spread[self.ignored] = 0
        return spread

    @property
    def peaks(self) -> tuple[float, ...]:
        """The largest difference of each window."""
        return tuple(float(difference.max()) for difference in self.differences)


def judge_windows(
    view: View,
    outcome: Outcome,
    calibration: Calibration,
    names: Sequence[str | None],
    by_machine: bool,
) -> tuple[WindowVerdict, ...]:
    """Of a part that is not OK the windows above the limit; if there is none, the worst one."""
    # A judge that learned from NG pictures has no limit for one window: the level is for places.
    values = view.peaks if by_machine else view.scores
    most = calibration.level if by_machine else calibration.limit
    if outcome is Outcome.REVIEW and not by_machine:
        most = min(most, calibration.review_limit or most)
    above = [value > most for value in values]
    if not any(above):
        above = [value == max(values) for value in values]
    all_alike = outcome in (Outcome.OK, Outcome.UNUSABLE)
    return tuple(
        WindowVerdict(name or "", outcome if all_alike or guilty else Outcome.OK, value)
        for name, guilty, value in zip(names, above, view.scores, strict=True)
    )


def is_guilty(window: WindowVerdict) -> bool:
    """Whether there is something in it to look at."""
    return window.outcome not in (Outcome.OK, Outcome.UNUSABLE)


def regions_of(
    windows: Sequence[WindowVerdict],
    part: LabelJudge,
    level: float,
    view: View,
    evidence: Evidence,
    size: tuple[int, int],
    of_features: bool,
) -> tuple[Region, ...]:
    """The places to look at, of all windows that are not OK, in the picture of `size` (H, W).

    part: as which the picture is judged; level: of its calibration; view: under its label.
    of_features: whether the difference is of features, which see far around.
    """
    guilty = [is_guilty(window) for window in windows]
    found, errors = [], None
    if any(guilty) and of_features and evidence.reconstruction is not None:
        errors = blurred_errors(evidence.prepared, evidence.reconstruction)
    for number, (window, there) in enumerate(zip(windows, evidence.to_picture, strict=True)):
        if not guilty[number]:
            continue
        difference, places = evidence.difference[number], evidence.places[number]
        those = (
            regions_to_show(difference, level)
            if errors is None
            else regions_drawn_in(difference, places, errors[number], level)
        )
        eyes = part.measures[number].by_eye(view.residuals[number])
        for region in those:
            told = seen_by(region, eyes, difference.shape)
            named = replace(told, window=window.name or None)
            found.append(region_through(there, named, size))
    return tuple(sorted(found, key=lambda region: -region.peak))
