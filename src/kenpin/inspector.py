"""The one way from a picture to a verdict; everything that judges goes through it."""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.bundle import Bundle, Part
from kenpin.difference import absolute_difference, compare, squared_difference
from kenpin.errors import CalibrationError, DatasetError
from kenpin.judge import Calibration, margin, probabilities, resemblance
from kenpin.pictures import read_picture
from kenpin.prepare import distorts
from kenpin.score import places, score
from kenpin.types import Evidence, Floats, Outcome, Picture, PictureSource, Verdict


class Inspector:
    """Judges pictures with a learned bundle.

    Raises CalibrationError for a bundle without calibration: there is no limit to judge by, and
    kenpin has no default one.
    """

    def __init__(self, bundle: Bundle) -> None:
        calibrations = [part.calibration for part in bundle.parts if part.calibration is not None]
        if len(calibrations) < len(bundle.parts):
            raise CalibrationError(messages.NOT_CALIBRATED.format(name=bundle.name))
        self.bundle = bundle
        self.calibrations = calibrations
        how = bundle.recipe.score
        self._how: Literal["max", "mean", "top"] = "max" if how is None or how == "auto" else how

    @property
    def calibration(self) -> Calibration:
        """That of the first label; the only one where there are no labels."""
        return self.calibrations[0]

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """An inspector from a .kenpin file; raises BundleError or CalibrationError."""
        return cls(Bundle.load(path))

    def inspect(self, source: PictureSource, expect: str | None = None) -> Verdict:
        """Judge one picture: a path, an array as `read_picture` takes it, or a `Picture`.

        expect: the label that the part should have; left out, the part is judged as what it looks
        like. Raises PictureError when it cannot be read, DatasetError for an unknown label.
        """
        told = self._number(expect)
        clock = _Clock()
        picture = read_picture(source)
        clock.lap("decode")
        prepared = self.bundle.preparation.prepare(picture)
        clock.lap("prepare")
        views = [self._view(prepared, number) for number in range(len(self.bundle.parts))]
        clock.lap("model")
        likeness = resemblance(np.array([view.score for view in views]))
        alike = int(likeness.argmin())
        number = alike if told is None else told
        view, calibration = views[number], self.calibrations[number]
        alike_fits = views[alike].score <= self.calibrations[alike].limit
        outcome, between = self._decide(calibration, view.score, likeness, number, alike_fits)
        found = places(view.difference, calibration.level) if outcome is not Outcome.OK else ()
        to_picture = self.bundle.preparation.region_in_picture
        regions = tuple(to_picture(region, picture.size) for region in found)
        clock.lap("judge")
        labels = self.bundle.labels
        sure = probabilities(likeness, self.bundle.temperature)[alike]
        return Verdict(
            picture=picture.name,
            outcome=outcome,
            score=view.score,
            limit=calibration.limit,
            p_value=calibration.p_value(view.score),
            regions=regions,
            l1=absolute_difference(view.residual),
            l2=squared_difference(view.residual),
            size=picture.size,
            notes=(*self._notes(picture), *between),
            milliseconds=clock.laps,
            evidence=Evidence(prepared, view.reconstruction, view.difference),
            expected=expect,
            label=labels[alike] if labels else None,
            sure=float(sure) if labels else None,
            margin=margin(likeness, number) if labels else None,
            margin_limit=calibration.margin_limit,
            level=calibration.level,
        )

    def check_label(self, label: str | None) -> None:
        """Raise DatasetError now if `inspect` could not be told to expect this label."""
        self._number(label)

    def calibration_of(self, verdict: Verdict) -> Calibration:
        """The calibration by which the verdict was made."""
        label = verdict.label if verdict.expected is None else verdict.expected
        return self.calibrations[self._number(label) or 0]

    def _number(self, label: str | None) -> int | None:
        labels = self.bundle.labels
        if label is None:
            return None
        if label not in labels:
            known = ", ".join(labels)
            text = messages.LABEL_UNKNOWN if labels else messages.NO_LABELS
            raise DatasetError(text.format(name=self.bundle.name, label=label, known=known))
        return labels.index(label)

    def _view(self, prepared: Floats, number: int) -> "_View":
        part: Part = self.bundle.parts[number]
        residuals, reconstructions = compare(self.bundle.model, prepared[None], np.array([number]))
        difference = part.measure.map(prepared, residuals[0])
        value = part.svm.value(difference) if part.svm else score(difference, self._how)
        reconstruction = None if reconstructions is None else reconstructions[0]
        return _View(residuals[0], reconstruction, difference, value)

    def _decide(
        self,
        calibration: Calibration,
        value: float,
        likeness: NDArray[np.float64],
        number: int,
        alike_fits: bool,
    ) -> tuple[Outcome, tuple[str, ...]]:
        """The outcome, and a note when it is NG for its margin alone.

        Between two labels that both do not fit, a comparison says little: the part is NG then.
        """
        most = calibration.margin_limit
        if most is None or margin(likeness, number) <= most:
            return calibration.judge(value), ()
        first, second = (self.bundle.labels[int(n)] for n in likeness.argsort()[:2])
        if first != self.bundle.labels[number]:
            if alike_fits:
                return Outcome.WRONG_PART, ()
            second = first
        if calibration.judge(value) is Outcome.NG:
            return Outcome.NG, ()
        label = self.bundle.labels[number]
        return Outcome.NG, (messages.NOTE_BETWEEN.format(label=label, other=second),)

    def _notes(self, picture: Picture) -> tuple[str, ...]:
        if distorts(picture.size, self.bundle.provenance.size):
            return *picture.notes, messages.NOTE_PROPORTIONS
        return picture.notes


@dataclass(frozen=True, eq=False)
class _View:
    """A picture as seen under one label."""

    residual: Floats
    reconstruction: Floats | None
    difference: Floats
    score: float


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        now = perf_counter()
        self.laps[stage] = 1000 * (now - self._last)
        self._last = now
