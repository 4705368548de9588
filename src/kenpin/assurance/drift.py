"""Whether what the camera sees today is still what the part was learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.assurance import messages
from kenpin.assurance.log import read_log
from kenpin.assurance.martingale import Sides, log_capital, p_values
from kenpin.assurance.sheet import Section, Sheet
from kenpin.errors import StudyError
from kenpin.inspector import Inspector
from kenpin.judge import percent
from kenpin.types import FACTS, Outcome

LEAST = 20  # verdicts
WEIGHT, WIDTH = 0.1, 2.7  # of the moving average; both charts cross about once in 500 when steady
SLACK, LINE = 0.5, 5.0  # of the cumulative sums (Montgomery, "Statistical quality control")
_LATEST = 200  # pictures that "now" is about

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Track:
    """One quantity of T pictures, beside the good pictures that were learned from.

    places: (T,) which of all logged pictures. values: (T,). standard: (T,) in standard deviations
    of the good pictures (of the score, its logarithm). learned: a typical value of those. capital:
    (T,) the logarithm of what betting 1 against exchangeability has become.
    """

    name: str
    places: NDArray[np.intp]
    values: Values
    standard: Values
    learned: float
    capital: Values

    @property
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

    @property
    def cusum(self) -> tuple[Values, Values]:
        """(T,) upward and downward cumulative sums of `standard` (Page, 1954)."""
        sums = np.zeros((2, len(self.standard)))
        up = down = 0.0
        for number, value in enumerate(self.standard):
            up, down = max(0.0, up + value - SLACK), max(0.0, down - value - SLACK)
            sums[:, number] = up, down
        return sums[0], sums[1]

    @property
    def now(self) -> float:
        """A typical value of the latest pictures."""
        return float(np.median(self.values[-_LATEST:]))


@dataclass(frozen=True, eq=False)
class Drift:
    """What a log says of a part.

    capital: (N,) the logarithm of the mean capital after each of the N logged pictures. alarm: the
    number of the picture (from 0) at which it reached 1 / false_alarm, None if it never did.
    rejected: (N,) True where a picture was not OK.
    """

    tracks: tuple[Track, ...]
    capital: Values
    alarm: int | None
    false_alarm: float
    times: tuple[str, ...]
    rejected: NDArray[np.bool_]
    others: int

    @property
    def advice(self) -> str:
        """One sentence: what to do, or that nothing is to be done."""
        if self.alarm is None:
            return messages.DRIFT_STEADY.format(count=len(self.times))
        track = max(self.tracks, key=self._capital_at_alarm)
        before = track.places <= self.alarm
        now = float(np.median(track.values[before][-_LATEST // 4 :]))
        way = "rose" if now > track.learned or track.name == "score" else "fell"
        share = percent(abs(now / track.learned - 1))
        return messages.DRIFT_BECAUSE[track.name, way].format(share=share)

    def _capital_at_alarm(self, track: Track) -> float:
        reached = track.capital[track.places <= (self.alarm or 0)]
        return float(reached[-1]) if len(reached) else 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "pictures": len(self.times),
            "alarm": None if self.alarm is None else self.alarm + 1,
            "alarm_time": None if self.alarm is None else self.times[self.alarm],
            "false_alarm": self.false_alarm,
            "advice": self.advice,
            "rejected": float(self.rejected[-_LATEST:].mean()),
            "quantities": {
                track.name: {
                    "learned": track.learned,
                    "now": track.now,
                    "ewma": float(track.ewma[-1]),
                    "cusum": float(max(track.cusum[0][-1], track.cusum[1][-1])),
                    "log10_capital": float(track.capital.max() / log(10)),
                }
                for track in self.tracks
            },
        }


def drift(
    part: str | Path, log_file: str | Path, false_alarm: float = 0.01, since: str | None = None
) -> Drift:
    """Watch the log of a part (see `Log`) for a change of light, focus, place or score.

    part: the .kenpin file. false_alarm: how likely an alarm may ever be while nothing changes.
    since: ISO date or time, such as that of the last repair; what was before is passed over.

    Raises LogError when the log cannot be read or is about another part, StudyError when it is too
    short.
    """
    if not 0 < false_alarm <= 0.5:
        raise StudyError(messages.DRIFT_RATE.format(value=false_alarm))
    inspector = Inspector.open(part)
    logged = read_log(log_file, part, since)
    if len(logged.rows) < LEAST:
        raise StudyError(
            messages.DRIFT_TOO_FEW.format(path=log_file, count=len(logged.rows), least=LEAST)
        )
    tracks = tuple(_tracks(inspector, logged.rows))
    capital = _mean_capital(tracks, len(logged.rows))
    reached = np.flatnonzero(capital >= -log(false_alarm))
    return Drift(
        tracks=tracks,
        capital=capital,
        alarm=int(reached[0]) if len(reached) else None,
        false_alarm=false_alarm,
        times=tuple(row["time"] for row in logged.rows),
        rejected=np.array([row["verdict"] != Outcome.OK for row in logged.rows], bool),
        others=logged.others,
    )


def _tracks(inspector: Inspector, rows: Sequence[dict[str, Any]]) -> list[Track]:
    labels = inspector.bundle.labels or ("",)
    kinds = np.array([labels.index(row["expected"] or row["label"] or "") for row in rows], np.intp)
    # Parts above the limit say what is wrong with parts, and the good pictures have none: of the
    # score those that pass are compared.
    scores = np.array([np.nan if row["score"] is None else row["score"] for row in rows])
    limits = np.array([row["limit"] for row in rows])
    passed = scores <= limits
    held_out = [c.scores[c.scores <= c.limit] for c in inspector.calibrations]
    tracks = [_track("score", "high", held_out, kinds, np.where(passed, scores, np.nan))]
    usability = inspector.bundle.usability
    if usability is None or not len(usability.learned):
        return tracks
    for place, name in enumerate(FACTS):
        own = usability.learned[:, place].astype(np.float64)
        known = [own[usability.labels == number] for number in range(len(labels))]
        values = np.array([np.nan if row[name] is None else row[name] for row in rows])
        tracks.append(_track(name, "both", known, kinds, values))
    return tracks


def _track(
    name: str, sides: Sides, known: Sequence[Values], kinds: NDArray[np.intp], values: Values
) -> Track:
    """values: (N,) of all logged pictures, not a number where this one does not count."""
    places = np.flatnonzero(np.isfinite(values))
    own, kind = values[places], kinds[places]
    ranks = p_values(dict(enumerate(known)), zip(kind.tolist(), own.tolist(), strict=True))
    centres, spreads = np.array([_normal(one, name) for one in known]).T
    standard = (_shown(own, name) - centres[kind]) / spreads[kind]
    learned = float(np.median(np.concatenate(known)))
    return Track(name, places, own, standard, learned, log_capital(ranks, sides))


def _normal(known: Values, name: str) -> tuple[float, float]:
    """Mean and standard deviation of the good pictures, as they are charted."""
    shown = _shown(known, name)
    return float(shown.mean()), max(float(shown.std(ddof=1)) if len(shown) > 1 else 0.0, 1e-12)


def _shown(values: Values, name: str) -> Values:
    """Scores are lopsided, their logarithms hardly."""
    return np.log(np.maximum(values, 1e-12)) if name == "score" else values


def _mean_capital(tracks: Sequence[Track], count: int) -> Values:
    """(N,) where a picture does not count for a quantity, its capital stays as it is."""
    each = np.zeros((len(tracks), count))
    for number, track in enumerate(tracks):
        steps = np.searchsorted(track.places, np.arange(count), side="right")
        each[number] = np.concatenate([[0.0], track.capital])[steps]
    return np.asarray(np.logaddexp.reduce(each, axis=0) - log(len(tracks)))


def _capital_chart(found: Drift) -> bytes:
    from kenpin.assurance.plots import capital_chart  # noqa: PLC0415 - matplotlib, for pages only

    names = {track.name: (track.places, track.capital) for track in found.tracks}
    return capital_chart(names, found.capital, found.false_alarm)


def _control_charts(track: Track) -> bytes:
    from kenpin.assurance.plots import control_charts  # noqa: PLC0415 - as above

    return control_charts(track.places, track.ewma, track.ewma_limit, track.cusum, LINE)


def drift_sheet(found: Drift) -> Sheet:
    """The result as people read it."""
    count = len(found.times)
    first = found.advice
    if found.alarm is not None:
        alarm = messages.DRIFT_ALARM.format(
            number=found.alarm + 1, count=count, time=found.times[found.alarm]
        )
        first = f"{alarm} {found.advice}"
    more = [messages.DRIFT_OTHERS.format(count=found.others)] if found.others else []
    more += [messages.DRIFT_OLD] if len(found.tracks) == 1 else []
    rows = [
        (
            track.name, f"{track.learned:.4g}", f"{track.now:.4g}", f"{track.ewma[-1]:+.2f}",
            f"{max(track.cusum[0][-1], track.cusum[1][-1]):.1f}",
            f"{np.exp(min(track.capital.max(), 50.0)):.3g}",
        )
        for track in found.tracks
    ]  # fmt: skip
    rejected = percent(float(found.rejected[-_LATEST:].mean()))
    rows.append(("not OK", "", rejected, "", "", ""))
    heads = ("", "learned", f"latest {min(_LATEST, count)}", "EWMA", "CUSUM", "capital")
    return Sheet(
        name="drift",
        title="Drift",
        sections=(
            Section("What is to be done", (first, *more)),
            Section("The figures", (), heads, tuple(rows)),
            Section("The test", plot=partial(_capital_chart, found)),
            *(
                Section(track.name, (messages.DRIFT_CHARTS,) if not number else (),
                        plot=partial(_control_charts, track))
                for number, track in enumerate(found.tracks)
            ),
        ),
        how={
            name: text.format(
                quantity="score, brightness, sharpness and fit", rate=f"{found.false_alarm:g}",
                weight=WEIGHT, limit=WIDTH * sqrt(WEIGHT / (2 - WEIGHT)), line=LINE, window=_LATEST,
            )
            for name, text in messages.DRIFT_HOW.items()
        },
    )  # fmt: skip
