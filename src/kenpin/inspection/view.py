"""A picture as seen under one label, and the places of it that are to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kenpin.judge import Calibration, blurred_errors, refined, regions_to_show
from kenpin.prepare import region_through
from kenpin.types import Evidence, Floats, Outcome, Region, WindowVerdict


@dataclass(frozen=True, eq=False)
class View:
    """A picture as seen under one label: each of its windows, and the score of them together."""

    residuals: Floats
    reconstructions: Floats | None
    differences: Floats
    scores: tuple[float, ...]
    score: float

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


def regions_of(
    view: View,
    windows: Sequence[WindowVerdict],
    calibration: Calibration,
    evidence: Evidence,
    size: tuple[int, int],
    of_features: bool,
) -> tuple[Region, ...]:
    """The places to look at, of all windows that are not OK, in the picture of `size` (H, W).

    of_features: whether the difference is of features, which see far around.
    """
    guilty = [window.outcome not in (Outcome.OK, Outcome.UNUSABLE) for window in windows]
    found, errors = [], None
    if any(guilty) and of_features and evidence.reconstruction is not None:
        errors = blurred_errors(evidence.prepared, evidence.reconstruction)
    for number, (window, there) in enumerate(zip(windows, evidence.to_picture, strict=True)):
        if not guilty[number]:
            continue
        for region in regions_to_show(view.differences[number], calibration.level):
            named = replace(region, window=window.name or None)
            if errors is not None:
                named = refined(named, view.differences[number], errors[number])
            found.append(region_through(there, named, size))
    return tuple(sorted(found, key=lambda region: -region.peak))
