"""Whether what the camera sees today is still what the part was learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf, isfinite, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import StudyError
from kenpin.inspection import Inspector
from kenpin.statistics import Sides, best_bet, log_capital, one_sided, p_values
from kenpin.text import Notice, local_time
from kenpin.types import FACTS, Judged, Outcome

LEAST = 20  # verdicts
WEIGHT, WIDTH = 0.1, 2.814  # of the average: crossed once in 500 when steady (Lucas, Saccucci 1990)
SLACK, LINE = 0.5, 5.0  # of the cumulative sums (Montgomery, "Statistical quality control")
LATEST = 200  # pictures that "now" is about
_CLOCK = 1000  # milliseconds that a clock may be set back without a word
_MOST = 0.5  # of the latest pictures not OK: then they matter more than any drift

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Track:
    """One quantity of T > 0 pictures, beside the good pictures that were learned from.

    numbers: (T,) which of all pictures. values: (T,). standard: (T,) in standard deviations
    of the good pictures of its label (of a score above 0, its logarithm). learned: (T,) a typical
    value of those. p_values: (T,), see `martingale`; capital: (T,) the logarithm of what betting 1
    on them has become. sides: at which ends. unit: of what is measured of a harness, which is
    called as `SizeVerdict.name` has it; None of the picture's own quantities.
    """

    name: str
    numbers: NDArray[np.intp]
    values: Values
    standard: Values
    learned: Values
    p_values: Values
    capital: Values
    sides: Sides
    unit: str | None = None

    @property
    def notice(self) -> Notice:
        """What it is called, for people."""
        return quantity(self.name)

    @cached_property
    def ewma(self) -> Values:
        """(T,) exponentially weighted moving average of `standard` (Roberts, 1959)."""
        smooth, last = np.empty(len(self.standard)), 0.0
        for number, value in enumerate(self.standard):
            last = (1 - WEIGHT) * last + WEIGHT * value
            smooth[number] = last
        return smooth

    @property
    def ewma_limit(self) -> float:
        """Where the chart has its lines."""
        return WIDTH * sqrt(WEIGHT / (2 - WEIGHT))

    @cached_property
    def cusum(self) -> tuple[Values, Values]:
        """(T,) upward and downward cumulative sums of `standard` (Page, 1954)."""
        sums = np.zeros((2, len(self.standard)))
        up = down = 0.0
        for number, value in enumerate(self.standard):
            up, down = max(0.0, up + value - SLACK), max(0.0, down - value - SLACK)
            sums[:, number] = up, down
        return sums[0], sums[1]

    @property
    def usual(self) -> float:
        """A typical value of the good pictures of the labels that were logged."""
        return float(np.median(self.learned[-LATEST:]))

    @property
    def now(self) -> float:
        """A typical value of the latest pictures."""
        return float(np.median(self.values[-LATEST:]))


@dataclass(frozen=True, eq=False)
class Drift:
    """What a series of verdicts says of a part.

    alarm: the number of the picture (from 0) at which the capital of a quantity reached `line`;
    None if none ever did. line: the logarithm of the number of quantities by `false_alarm`: then
    any of them ever reaches it with probability at most `false_alarm` while nothing changes.
    not_ok: (N,) True where a picture was not OK. backwards: the places before which the clock went
    back by more than a second.
    """

    tracks: tuple[Track, ...]
    alarm: int | None
    line: float
    false_alarm: float
    times: tuple[str, ...]
    not_ok: NDArray[np.bool_]
    backwards: tuple[int, ...] = ()

    @property
    def guilty(self) -> Track | None:
        """The quantity that gave the alarm."""
        return None if self.alarm is None else max(self.tracks, key=self._capital_at_alarm)

    @property
    def began(self) -> int | None:
        """The picture (from 0) from which on a bet against exchangeability has won most."""
        track = self.guilty
        return None if track is None else int(track.numbers[self._change(track)[0]])

    @property
    def advice(self) -> Notice:
        """What to do, or that nothing is to be done."""
        track = self.guilty
        if track is None:
            return Notice("drift_steady", count=len(self.times))
        if track.name == "score":
            others = [one.notice for one in self.tracks if one is not track and one.unit is None]
            return Notice("drift_score", others=others) if others else Notice("drift_score_alone")
        start, high = self._change(track)
        here = int(np.searchsorted(track.numbers, self.alarm or 0, side="right"))
        # Where nothing was logged before, the good pictures learned from are what it changed from:
        # they stand at 0, and at 1 of themselves.
        before = np.median(np.append(track.standard[:start], [0.0] * LEAST))
        shift = float(np.median(track.standard[start:here]) - before)
        if (shift > 0) != high or not one_sided(track.p_values[start:here], high):
            return Notice("drift_spread", name=track.notice)
        way = "rose" if high else "fell"
        if track.unit is not None:
            told = {"name": track.notice, "unit": track.unit, "usual": track.usual}
            now = float(np.median(track.values[start:here]))
            return Notice(f"drift_size_{way}", now=now, **told)
        ratio = track.values / np.where(track.learned == 0, np.nan, track.learned)
        usual = np.median(np.append(ratio[:start], [1.0] * LEAST))
        share = abs(float(np.median(ratio[start:here]) / usual) - 1)
        if not isfinite(share):
            return Notice("drift_spread", name=track.notice)
        return Notice(f"drift_{track.name}_{way}", share=share)

    def _change(self, track: Track) -> tuple[int, bool]:
        """From which of its values on it changed, and whether upward."""
        here = int(np.searchsorted(track.numbers, self.alarm or 0, side="right"))
        return best_bet(track.p_values[:here], track.sides)

    def _capital_at_alarm(self, track: Track) -> float:
        reached = track.capital[track.numbers <= (self.alarm or 0)]
        return float(reached[-1]) if len(reached) else -inf

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "pictures": len(self.times),
            "clock_went_back": [place + 1 for place in self.backwards],
            "alarm": None if self.alarm is None else self.alarm + 1,
            "began": None if self.began is None else self.began + 1,
            "alarm_time": None if self.alarm is None else self.times[self.alarm],
            "false_alarm": self.false_alarm,
            "advice": self.advice.to_dict(),
            "not_ok": float(self.not_ok[-LATEST:].mean()),
            "quantities": {
                track.name: {
                    "learned": track.usual,
                    "now": track.now,
                    "ewma": float(track.ewma[-1]),
                    "cusum": float(max(track.cusum[0][-1], track.cusum[1][-1])),
                    "log10_capital": float(track.capital.max() / log(10)),
                }
                for track in self.tracks
            },
        }


def drift(
    part: str | Path | Inspector, verdicts: Sequence[Judged], false_alarm: float = 0.01
) -> Drift:
    """Watch the verdicts on a part for a change of light, focus, place or score.

    part: the .kenpin file that gave them. verdicts: in the order they were given, whatever the
    clock says. false_alarm: how likely an alarm may ever be while nothing changes.

    Raises StudyError when they are too few, of labels that the part does not have, or none passed,
    or the rate is impossible; BundleError or CalibrationError when the part cannot judge.
    """
    if not 0 < false_alarm <= 0.5:
        raise StudyError("drift_rate", value=false_alarm)
    inspector = part if isinstance(part, Inspector) else Inspector.open(part)
    if len(verdicts) < LEAST:
        raise StudyError("drift_too_few", count=len(verdicts), least=LEAST)
    tracks = tuple(_tracks(inspector, verdicts))
    if not tracks:
        raise StudyError("drift_none")
    line = log(len(tracks) / false_alarm)
    reached = [track.numbers[track.capital >= line][:1] for track in tracks]
    first = np.concatenate(reached)
    moments = [one.at for one in verdicts]
    return Drift(
        tracks=tracks,
        alarm=int(first.min()) if len(first) else None,
        line=line,
        false_alarm=false_alarm,
        times=tuple(local_time(one.at, one.offset) for one in verdicts),
        not_ok=np.array([one.outcome is not Outcome.OK for one in verdicts], bool),
        backwards=tuple(
            place
            for place, (one, following) in enumerate(pairwise(moments), start=1)
            if following < one - _CLOCK
        ),
    )


def _tracks(inspector: Inspector, verdicts: Sequence[Judged]) -> list[Track]:
    labels = {label: number for number, label in enumerate(inspector.bundle.labels or ("",))}
    told = [one.expected or one.label or "" for one in verdicts]
    unknown = next((label for label in told if label not in labels), None)
    if unknown is not None:
        raise StudyError("drift_label", value=unknown)
    kinds = np.array([labels[label] for label in told], np.intp)
    scores, limits = (_column(verdicts, name) for name in ("score", "limit"))
    usable = np.array([one.outcome is not Outcome.UNUSABLE for one in verdicts])
    # NG parts say what is wrong with parts, and the good pictures learned from have none: those
    # that pass are compared, with those held out that are below the one at the limit.
    passed = usable & (scores <= limits)
    held_out = [c.scores[c.scores < c.limit] for c in inspector.calibrations]
    tracks = [_track("score", "high", held_out, kinds, np.where(passed, scores, np.nan))]
    usability = inspector.bundle.usability
    if usability is not None and len(usability.learned):
        for place, name in enumerate(FACTS):
            own = usability.learned[:, place].astype(np.float64)
            known = [own[usability.labels == number] for number in range(len(labels))]
            values = np.where(passed, _column(verdicts, name), np.nan)
            tracks.append(_track(name, "both", known, kinds, values))
    for size in inspector.usual_sizes:
        measured = [(one.sizes or {}).get(size.name) for one in verdicts]
        values = np.where(passed, _numbers(measured), np.nan)
        own = size.learned[np.isfinite(size.learned)]
        if len(own) and np.ptp(own) > 0:  # what never varies is the verdict's own matter
            tracks.append(_track(size.name, "both", [own], kinds, values, size.unit))
    return [track for track in tracks if track is not None]


def quantity(name: str) -> Notice:
    """What a track is called, for people."""
    if name in ("score", *FACTS):
        return Notice(f"quantity_{name}")
    return Notice("quantity_size", name=name)


def _column(verdicts: Sequence[Judged], name: str) -> Values:
    return _numbers([getattr(one, name) for one in verdicts])


def _numbers(values: Sequence[float | None]) -> Values:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _track(
    name: str,
    sides: Sides,
    known: Sequence[Values],
    kinds: NDArray[np.intp],
    values: Values,
    unit: str | None = None,
) -> Track | None:
    """values: (N,) of all pictures, not a number where this one does not count."""
    counts = np.isfinite(values) & np.array([len(one) > 1 for one in known])[kinds]
    places = np.flatnonzero(counts)
    if not len(places):
        return None
    own, kind = values[places], kinds[places]
    ranks = p_values(dict(enumerate(known)), kind, own)
    lopsided = name == "score" and min(own.min(), *(one.min() for one in known if len(one))) > 0
    shown = [np.log(one) if lopsided else one for one in known]
    centres = np.array([one.mean() if len(one) else 0.0 for one in shown])
    spreads = np.array([max(float(one.std(ddof=1)), 1e-12) if len(one) > 1 else 1 for one in shown])
    standard = ((np.log(own) if lopsided else own) - centres[kind]) / spreads[kind]
    typical = np.array([np.median(one) if len(one) else 0.0 for one in known])
    capital = log_capital(ranks, sides)
    return Track(name, places, own, standard, typical[kind], ranks, capital, sides, unit)
