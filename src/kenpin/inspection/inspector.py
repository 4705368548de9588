"""The one way from a picture to a verdict; everything that judges goes through it."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import ArgumentError, CalibrationError, DatasetError, PictureError
from kenpin.harness import check_installed
from kenpin.inspection.harness_view import UsualSize, as_harness, size_scores, usual_sizes
from kenpin.inspection.view import View, is_guilty, judge_windows, regions_of
from kenpin.judge import (
    Calibration,
    absolute_difference,
    blurred_errors,
    compare,
    drawn_in,
    facts_of,
    joined_regions,
    margin,
    of_pixels,
    probabilities,
    resemblance,
    score,
    squared_difference,
    told_of_size,
)
from kenpin.part import Bundle, LabelJudge
from kenpin.prepare import Prepared, distorts
from kenpin.sources import PictureSource, read_picture
from kenpin.system import cores, engine, in_order, one_blas_thread
from kenpin.text import Notice
from kenpin.types import (
    FACTS,
    Evidence,
    Floats,
    Judged,
    Outcome,
    Picture,
    Reason,
    Region,
    Verdict,
)


class Inspector:
    """Judges pictures with a learned bundle; any number of threads may share it.

    Raises CalibrationError for a bundle without calibration: there is no limit to judge by, and
    kenpin has no default one; ExtraError where KENPIN_ENGINE asks for an engine that is unknown or
    not installed, and for a harness without kenpin[harness].

    review: the share of good parts that need not be OK at once, in place of the recipe's; see
    `Recipe.review`. Raises RecipeError when it is not possible.
    """

    def __init__(self, bundle: Bundle, review: float | None = None) -> None:
        if not isinstance(bundle, Bundle):
            raise ArgumentError("not_a_bundle", kind=type(bundle).__name__)
        calibrations = [part.calibration for part in bundle.parts if part.calibration is not None]
        if review is not None:
            recipe = bundle.recipe.but(review=review)
            calibrations = [replace(one, review=recipe.review) for one in calibrations]
        if len(calibrations) < len(bundle.parts):
            raise CalibrationError("not_calibrated", name=bundle.title)
        engine()  # said now if it is an unknown one
        if bundle.preparation.harness is not None:
            check_installed()
        self.bundle = bundle
        self.review = review
        """As it was given."""
        self.calibrations = calibrations
        how = bundle.recipe.score
        self._how: Literal["max", "mean", "top"] = "max" if how is None or how == "auto" else how

    @property
    def calibration(self) -> Calibration:
        """That of the first label; the only one where there are no labels."""
        return self.calibrations[0]

    @property
    def usual_sizes(self) -> tuple[UsualSize, ...]:
        """What is measured of a harness, and what good ones have; empty of what is none."""
        return usual_sizes(self.bundle)

    def __repr__(self) -> str:
        return f"<Inspector of {self.bundle!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Inspector, (self.bundle, self.review)

    @classmethod
    def open(cls, path: str | Path, review: float | None = None) -> Self:
        """An inspector from a .kenpin file; raises BundleError or CalibrationError."""
        return cls(Bundle.load(path), review)

    def inspect(
        self, source: PictureSource, expect: str | None = None, evidence: bool = True
    ) -> Verdict:
        """Judge one picture: a path, an array as `read_picture` takes it, or a `Picture`.

        expect: the label that the part should have; left out, the part is OK if it is as one of
        them, else it is judged as what it is most like. evidence: whether the verdict has what is
        drawn for people; without it the same verdict takes less time. Raises PictureError when it
        cannot be read, DatasetError for an unknown label.
        """
        with one_blas_thread:
            return self._verdict(source, expect, evidence)

    def window_scores(
        self, source: PictureSource, expect: str | None = None
    ) -> tuple[tuple[float, ...], float]:
        """The score of each window or tile of a picture, and the limit for the whole of it.

        Of a judge that learned from NG pictures: the largest difference, and the level. expect: see
        `inspect`; the first label where none is told.
        """
        number = self._number(expect) or 0
        with one_blas_thread:
            prepared = self.bundle.preparation.prepare(read_picture(source))
            view = self._view(prepared, self.bundle.model_input(prepared.windows), number)
        calibration = self.calibrations[number]
        if self.bundle.parts[number].svm is not None:
            return view.peaks, calibration.level
        return view.scores, calibration.limit

    def _verdict(self, source: PictureSource, expect: str | None, wanted: bool) -> Verdict:
        told = self._number(expect)
        clock = _Clock()
        picture = read_picture(source)
        clock.lap("decode")
        cut = self.bundle.preparation.cut(picture)
        unusual, beyond, facts = self._usual(cut, picture)
        clock.lap("prepare")
        prepared = self.bundle.preparation.compressed(cut)
        given = self.bundle.model_input(prepared.windows)
        views = self._views(prepared, given)
        clock.lap("model")
        decision = self._decide(views, told)
        unusable = beyond or (unusual is not None and decision.outcome not in _PASSED)
        outcome, reason = (Outcome.UNUSABLE, unusual) if unusable else (decision.outcome, None)
        view, calibration = views[decision.number], self.calibrations[decision.number]
        by_machine = self.bundle.parts[decision.number].svm is not None
        names = self.bundle.preparation.names
        windows = judge_windows(view, outcome, calibration, names, by_machine)
        part, evidence = self.bundle.parts[decision.number], None
        regions: tuple[Region, ...] = ()
        if wanted or any(is_guilty(window) for window in windows):
            white = self.bundle.preparation.depth.white(picture.pixels)
            evidence = self._evidence(prepared, given, view, decision.number, white)
            seen = self.bundle.encoder is not None
            shown = view, evidence, picture.size, seen
            regions = regions_of(windows, part, calibration.level, *shown)
            regions = joined_regions(regions) if self.bundle.preparation.tiles else regions
        clock.lap("judge")
        differs = of_pixels(view.residuals, part.measures[0])
        verdict = Verdict(
            picture=picture.name,
            outcome=outcome,
            score=view.score,
            limit=calibration.limit,
            p_value=calibration.p_value(view.score),
            regions=regions,
            l1=absolute_difference(differs),
            l2=squared_difference(differs),
            size=picture.size,
            notes=(*self._notes(picture), *decision.notes, *self._laid(cut, picture, outcome)),
            milliseconds=clock.laps,
            evidence=evidence if wanted else None,
            level=calibration.level,
            windows=windows if self.bundle.preparation.windows else (),
            reason=reason,
            review_limit=calibration.review_limit,
            **facts,
        )
        verdict = as_harness(verdict, self.bundle, cut.reading, calibration, max(view.scores))
        return verdict if not self.bundle.labels else self._named(verdict, decision, expect)

    def inspect_many(
        self,
        sources: Iterable[PictureSource],
        expect: str | None = None,
        threads: int | None = None,
        evidence: bool = True,
    ) -> Generator[Verdict | PictureError]:
        """The verdicts on many pictures, in their order, several at a time.

        One that cannot be read comes as the PictureError it raised and does not stop the rest.
        However many there are, only a few are in memory. Close the generator if you do not take
        all: until then its threads wait. threads: left out, one for each core. evidence: see
        `inspect`.
        Raises DatasetError for an unknown label, ArgumentError for a single path.
        """
        if isinstance(sources, str | Path):
            raise ArgumentError("not_one_picture", value=sources)
        self.check_label(expect)

        def judged(source: PictureSource) -> Verdict | PictureError:
            try:
                return self.inspect(source, expect, evidence)
            except PictureError as error:
                return error

        return in_order(judged, sources, threads or cores(), one_thread=True)

    def _named(self, verdict: Verdict, decision: "_Decision", expect: str | None) -> Verdict:
        """The verdict with what the labels say."""
        likeness, number = decision.likeness, decision.number
        named = number if expect is None else decision.alike
        return replace(
            verdict,
            expected=expect,
            label=self.bundle.labels[named],
            sure=float(probabilities(likeness, self.bundle.temperature)[named]),
            margin=margin(likeness, number),
            margin_limit=self.calibrations[number].margin_limit,
        )

    def check_label(self, label: str | None) -> None:
        """Raise DatasetError now if `inspect` could not be told to expect this label."""
        self._number(label)

    def calibration_of(self, verdict: Verdict | Judged) -> Calibration:
        """The calibration by which the verdict was made."""
        label = verdict.label if verdict.expected is None else verdict.expected
        return self.calibrations[self._number(label) or 0]

    def _number(self, label: str | None) -> int | None:
        labels = self.bundle.labels
        if label is None:
            return None
        if label not in labels:
            known = ", ".join(labels)
            text = "label_unknown" if labels else "no_labels"
            raise DatasetError(text, name=self.bundle.title, label=label, known=known)
        return labels.index(label)

    def _usual(
        self, prepared: Prepared, picture: Picture
    ) -> tuple[Reason | None, bool, dict[str, Any]]:
        """What is not usual about the picture, whether it cannot be used for it, and the facts."""
        usability, misfit = self.bundle.usability, self.bundle.preparation.depth.misfit(picture)
        if usability is None:
            return misfit, misfit is not None, {}
        facts = facts_of(prepared.overview, prepared.upright, picture.size)
        told = dict(zip(FACTS, usability.told(facts), strict=True))
        if misfit is not None:
            return misfit, True, told
        if prepared.reading is not None and prepared.reading.fault is not None:
            x, y = prepared.reading.at or (0.0, 0.0)
            return Reason(prepared.reading.fault, x, y), True, told
        unusual = usability.reason(facts)
        if unusual is not None:
            unusual = told_of_size(unusual, picture.size, self.bundle.provenance.size)
        return unusual, usability.beyond(facts), told

    def _laid(self, cut: Prepared, picture: Picture, outcome: Outcome) -> tuple[Notice, ...]:
        """That a picture which is not OK lies otherwise than the good ones: mirrored or turned."""
        usability = self.bundle.usability
        if outcome in _PASSED or usability is None:
            return ()
        laid = usability.laid(facts_of(cut.overview, cut.upright, picture.size))
        return () if laid is None else (Notice(f"note_laid_{laid}"),)

    def _view(self, prepared: Prepared, given: Floats, number: int) -> View:
        """given: (K, h, w, C) what the model sees of the prepared windows."""
        part: LabelJudge = self.bundle.parts[number]
        told = number * len(given) + np.arange(len(given))
        residuals, reconstructions = compare(self.bundle.model, given, told)
        differences = np.stack(
            [measure.map(window, residual)
             for measure, window, residual in zip(part.measures, given, residuals, strict=True)]
        )  # fmt: skip
        values = tuple(score(difference, self._how) for difference in differences)
        worst = part.svm.value(list(differences)) if part.svm else max(values)
        ignored = None if self.bundle.encoder is None else self.bundle.preparation.ignored
        size = prepared.windows.shape[1:3]
        return View(residuals, reconstructions, differences, values, worst, size, ignored)

    def _views(self, prepared: Prepared, given: Floats) -> list[View]:
        """The picture under each label; of a harness the worst of strips and sizes rules."""
        views = [self._view(prepared, given, number) for number in range(len(self.bundle.parts))]
        sizes = size_scores(self.bundle, prepared.reading)
        if not len(sizes):
            return views
        return [replace(one, score=max(one.score, float(sizes.max()))) for one in views]

    def _evidence(
        self, prepared: Prepared, given: Floats, view: View, number: int, white: int
    ) -> Evidence:
        windows, rebuilt = prepared.windows, view.reconstructions
        if rebuilt is None:
            told = number * len(windows) + np.arange(len(windows))
            rebuilt = self.bundle.rebuilt_for_people(windows, given, view.residuals, told)
        for_people, coarse = self.bundle.shown is not None, view.reconstructions is None
        places = view.differences
        if self.bundle.encoder is not None and rebuilt is not None:
            errors = blurred_errors(windows, rebuilt)
            places = np.stack([drawn_in(*both) for both in zip(places, errors, strict=True)])
        shown = windows, rebuilt, view.differences, places, prepared.to_picture
        lines = {} if prepared.reading is None else prepared.reading.lines
        return Evidence(*shown, for_people, white, coarse, lines)

    def _decide(self, views: Sequence[View], told: int | None) -> "_Decision":
        """As which label it is judged, and the outcome.

        told: the label that it should have; None: it is OK if it is OK as any label, for a good
        part is OK as its own in all but the promised cases; if it is OK as none it is judged as the
        one that it is most like.
        """
        likeness = resemblance(np.array([view.score for view in views]))
        if told is not None:
            return self._decide_as(told, views, likeness)
        nearest = likeness.argsort(kind="stable")
        found = [self._decide_as(int(number), views, likeness) for number in nearest]
        passed = [one for one in found if one.outcome in _PASSED]
        return min(passed or found[:1], key=lambda one: _PASSED.get(one.outcome, 0))

    def _decide_as(
        self, number: int, views: Sequence[View], likeness: NDArray[np.float64]
    ) -> "_Decision":
        """The outcome as this label; a note when it is NG for its margin alone.

        Between two labels that both do not fit, a comparison says little: the part is NG then.
        """
        alike = int(likeness.argmin())
        calibration, labels = self.calibrations[number], self.bundle.labels
        outcome, notes = calibration.judge(views[number].score), ()
        decision = _Decision(number, alike, likeness, outcome, notes)
        most = calibration.margin_limit
        apart = margin(likeness, number) if most is not None else 0.0
        if most is None or apart <= most:
            doubtful = calibration.review_margin_limit
            if outcome is Outcome.OK and doubtful is not None and apart > doubtful:
                return replace(decision, outcome=Outcome.REVIEW)
            return decision
        if alike != number and views[alike].score <= self.calibrations[alike].limit:
            return replace(decision, outcome=Outcome.WRONG_PART)
        if outcome is Outcome.NG:
            return decision
        other = labels[int(likeness.argsort()[1]) if alike == number else alike]
        note = Notice("note_between", label=labels[number], other=other)
        return replace(decision, outcome=Outcome.NG, notes=(note,))

    def _notes(self, picture: Picture) -> tuple[Notice, ...]:
        notes = list(picture.notes)
        note = self.bundle.preparation.depth.scaled(picture)
        if note is not None:
            notes.append(note)
        if self.bundle.preparation.tiles and picture.size != self.bundle.provenance.size:
            notes.append(Notice("note_size"))
        if self.bundle.preparation.color == "rgb" and picture.pixels.ndim == 2:
            notes.append(Notice("note_grey"))
        if self.bundle.usability is None and distorts(picture.size, self.bundle.provenance.size):
            notes.append(Notice("note_proportions"))
        return tuple(notes)


_PASSED = {Outcome.OK: 0, Outcome.REVIEW: 1}
"""What is no rejection, the better one first."""


@dataclass(frozen=True, eq=False)
class _Decision:
    """As which label a picture is judged, which it is most like, and what came of it."""

    number: int
    alike: int
    likeness: NDArray[np.float64]
    outcome: Outcome
    notes: tuple[Notice, ...]


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, stage: str) -> None:
        now = perf_counter()
        self.laps[stage] = 1000 * (now - self._last)
        self._last = now
