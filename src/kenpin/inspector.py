"""The one way from a picture to a verdict; everything that judges goes through it."""

from pathlib import Path
from time import perf_counter
from typing import Self

from kenpin import messages
from kenpin.bundle import Bundle
from kenpin.difference import absolute_difference, squared_difference
from kenpin.errors import CalibrationError
from kenpin.pictures import read_picture
from kenpin.prepare import distorts
from kenpin.score import regions, score
from kenpin.types import Evidence, Picture, PictureSource, Verdict


class Inspector:
    """Judges pictures with a learned bundle.

    Raises CalibrationError for a bundle without calibration: there is no limit to judge by, and
    kenpin has no default one.
    """

    def __init__(self, bundle: Bundle) -> None:
        if bundle.calibration is None:
            raise CalibrationError(messages.NOT_CALIBRATED.format(name=bundle.name))
        self.bundle = bundle
        self.calibration = bundle.calibration

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """An inspector from a .kenpin file; raises BundleError or CalibrationError."""
        return cls(Bundle.load(path))

    def inspect(self, source: PictureSource) -> Verdict:
        """Judge one picture: a path, an array as `read_picture` takes it, or a `Picture`.

        Raises PictureError when it cannot be read.
        """
        clock = _Clock()
        picture = read_picture(source)
        clock.lap("decode")
        prepared = self.bundle.preparation.prepare(picture)
        clock.lap("prepare")
        reconstruction = self.bundle.model.reconstruct(prepared[None])[0]
        clock.lap("model")
        residual = prepared - reconstruction
        difference = self.bundle.variation.difference(residual)
        highest = score(difference)
        limit = self.calibration.limit
        to_picture = self.bundle.preparation.region_in_picture
        places = tuple(to_picture(r, picture.size) for r in regions(difference, limit))
        clock.lap("judge")
        return Verdict(
            picture=picture.name,
            outcome=self.calibration.judge(highest),
            score=highest,
            limit=limit,
            p_value=self.calibration.p_value(highest),
            regions=places,
            l1=absolute_difference(residual),
            l2=squared_difference(residual),
            size=picture.size,
            notes=self._notes(picture),
            milliseconds=clock.laps,
            evidence=Evidence(prepared, reconstruction, difference),
        )

    def _notes(self, picture: Picture) -> tuple[str, ...]:
        if distorts(picture.size, self.bundle.provenance.size):
            return *picture.notes, messages.NOTE_PROPORTIONS
        return picture.notes


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        now = perf_counter()
        self.laps[stage] = 1000 * (now - self._last)
        self._last = now
