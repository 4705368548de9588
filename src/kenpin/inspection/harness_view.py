"""What the lines of a harness came to: sizes, places, and what is wrong in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kenpin.harness import (
    GREY,
    TIP,
    TRUNK,
    Harness,
    Measure,
    Reading,
    end_named,
    line_named,
    tip_of,
    unlike,
)
from kenpin.judge import Calibration, Sizes
from kenpin.part import Bundle
from kenpin.text import Notice
from kenpin.types import DIGITS, Outcome, Region, SizeVerdict, Verdict

_BOX = 0.02  # of the picture's longer side, on either side of a place that is measured
_BESIDE, _CLEAR = 6, 20.0  # columns of a strip; levels from where there is nothing
_SAME = 0.25  # of how far colours are from those at their height: they are those at others
_ALIKE = 20.0  # levels, at most, between two tips that are the same kind of connector
_CLEARLY = 0.7  # times as far from the usual look: so much nearer is what explains it
_REST = 0.5  # of how far something is off: so much is left of what another finding explains
_UNITLESS = frozenset({"missing", "extra", "band_missing", "turned"})
_PASSED = (Outcome.OK, Outcome.UNUSABLE)


@dataclass(frozen=True, eq=False)
class _Read:
    """A picture of a harness, with what it is judged by. mm: of a pixel, where that is known."""

    harness: Harness
    sizes: Sizes
    reading: Reading
    calibration: Calibration
    mm: float | None


@dataclass(frozen=True, eq=False)
class UsualSize:
    """One thing that is measured of a harness, and what good ones have.

    name, unit, and low and high, between which they are: see `SizeVerdict`. learned: (N,) of each
    in that unit, as `Verdict.measured`, not a number where it is missing; N is 0 where they were
    not kept.
    """

    name: str
    unit: str
    low: float
    high: float
    learned: NDArray[np.float64]


def usual_sizes(bundle: Bundle) -> tuple[UsualSize, ...]:
    """Of each measure of a harness, in their order; empty of what is none."""
    harness, sizes = bundle.preparation.harness, bundle.sizes
    if harness is None or sizes is None:
        return ()
    found = []
    for n, measure in enumerate(harness.measures):
        factor, unit = _unit(measure, _mm(bundle))
        low, high = float(sizes.low[n]) * factor, float(sizes.high[n]) * factor
        learned = np.round(sizes.learned[:, n] * factor, DIGITS)
        found.append(UsualSize(str(measure), unit, low, high, learned))
    return tuple(found)


def size_scores(bundle: Bundle, reading: Reading | None) -> NDArray[np.float64]:
    """(M,) what each measure of a harness is worth as a score; empty of what is none."""
    if bundle.sizes is None or reading is None:
        return np.empty(0)
    return bundle.sizes.scores(reading.values)


def as_harness(
    verdict: Verdict,
    bundle: Bundle,
    reading: Reading | None,
    calibration: Calibration,
    strips_score: float,
) -> Verdict:
    """The verdict on its strips with what was measured, where that is, and what is wrong; of what
    is no harness as it is. strips_score: the score of its strips alone.
    """
    harness = bundle.preparation.harness
    if harness is None or bundle.sizes is None or reading is None or reading.fault is not None:
        return verdict
    read = _Read(harness, bundle.sizes, reading, calibration, _mm(bundle))
    sizes = tuple(_judged(read, verdict.outcome))
    guilty = [one for one in sizes if one.outcome not in _PASSED]
    strips = verdict.regions if strips_score > _least(verdict.outcome, calibration) else ()
    banded = frozenset(one.line for one in guilty if one.number)
    ends = frozenset(one.line for one in guilty if one.kind == "turned")
    told = [*_of_sizes(read, guilty), *_of_strips(read, strips, banded, ends)]
    wrong = any(one.code == "finding_other_end" for one in told)
    regions = (*strips, *(_region(one, verdict.size) for one in guilty))
    return replace(
        verdict,
        outcome=Outcome.WRONG_PART if wrong else verdict.outcome,
        sizes=sizes,
        regions=tuple(sorted(regions, key=lambda region: -region.peak)),
        notes=(*told, *verdict.notes),
    )


def _least(outcome: Outcome, calibration: Calibration) -> float:
    """Above which score something is what makes a part not OK."""
    doubtful = calibration.review_limit if outcome is Outcome.REVIEW else None
    return calibration.limit if doubtful is None else min(calibration.limit, doubtful)


def _judged(read: _Read, outcome: Outcome) -> Iterator[SizeVerdict]:
    values, most = read.reading.values, _least(outcome, read.calibration)
    scores, sizes = read.sizes.scores(values), read.sizes
    for n, measure in enumerate(read.harness.measures):
        known = bool(np.isfinite(values[n]))
        factor, unit = _unit(measure, read.mm)
        guilty = known and outcome not in _PASSED and scores[n] > most
        x, y = read.reading.places[n].tolist()
        yield SizeVerdict(
            name=str(measure),
            line=measure.line,
            kind=measure.kind,
            number=measure.number,
            value=float(values[n]) * factor if known else None,
            low=float(sizes.low[n]) * factor,
            high=float(sizes.high[n]) * factor,
            unit=unit,
            outcome=outcome if guilty or outcome is Outcome.UNUSABLE else _unguilty(known),
            score=float(scores[n]),
            p_value=read.calibration.p_value(float(scores[n])),
            x=x if known else None,
            y=y if known else None,
        )


def _unguilty(known: bool) -> Outcome:
    """Of what is not amiss: what was not measured is not OK."""
    return Outcome.OK if known else Outcome.UNUSABLE


def _mm(bundle: Bundle) -> float | None:
    """Of a pixel; None where nobody told it."""
    scale = bundle.recipe.scale
    return None if scale is None else scale.mm / scale.pixels


def _unit(measure: Measure, mm: float | None) -> tuple[float, str]:
    if measure.kind in _UNITLESS:
        return 1.0, ""
    return (1.0, "px") if mm is None else (mm, "mm")


def _region(one: SizeVerdict, size: tuple[int, int]) -> Region:
    side = max(4, round(2 * _BOX * max(size)))
    x = min(max(round((one.x or 0) - side / 2), 0), max(size[1] - side, 0))
    y = min(max(round((one.y or 0) - side / 2), 0), max(size[0] - side, 0))
    return Region(x, y, min(side, size[1]), min(side, size[0]), one.score, one.line or None)


# --- in words ----------------------------------------------------------------------------------


def _of_sizes(read: _Read, guilty: Sequence[SizeVerdict]) -> Iterator[Notice]:
    """Of each band the worst, and not what another finding explains."""
    told = set()
    for one in sorted(guilty, key=lambda one: -one.score):
        about = one.line, one.number or one.kind
        if one.kind == "turned":
            yield _of_tip(read, one.line, turned=(one.value or 0.0) > 0)
        elif about not in told and not any(_explains(read, other, one) for other in guilty):
            yield _of_size(one)
        told.add(about)


def _explains(read: _Read, other: SizeVerdict, one: SizeVerdict) -> bool:
    """Whether, but for what the other finding of its line says, this one would be as in good ones.

    The length of a branch is corrected for where it leaves the trunk, and a band is measured from
    the end of a branch.
    """
    share = {("length", "band_at"): 1.0}
    if one.line in read.harness.leaves:
        share["at", "length"] = read.harness.leaves[one.line].share
    if one.line != other.line or (other.kind, one.kind) not in share:
        return False
    left = _off(one) - share[other.kind, one.kind] * _off(other)
    return abs(left) < _REST * abs(_off(one))


def _off(one: SizeVerdict) -> float:
    """From the middle of the good ones."""
    return (one.value or 0.0) - (one.low + one.high) / 2


def _of_size(one: SizeVerdict) -> Notice:
    code, off = f"finding_{one.kind}", _off(one)
    if one.kind == "length":
        code += "_short" if off < 0 else "_long"
    facts = {"by": abs(off), "value": one.value or 0.0, "low": one.low, "high": one.high}
    names = {"line": line_named(one.line), "end": end_named(one.line)}
    return Notice(code, **names, number=one.number, unit=one.unit, **facts)


def _of_strips(
    read: _Read, regions: Sequence[Region], banded: frozenset[str], ends: frozenset[str]
) -> Iterator[Notice]:
    """Of each line the worst place, and what is plugged on its end. banded: lines of whose bands it
    is told already what is wrong; ends: of whose ends.
    """
    told = {(line, True) for line in ends}
    for region in regions:
        place = region.x + (region.width - 1) / 2, region.y + (region.height - 1) / 2
        line, from_end, of = _along(read, place)
        at_tip = from_end < TIP * read.harness.layout.scale
        if (line, at_tip) in told:
            continue
        told.add((line, at_tip))
        factor, unit = (1.0, "px") if read.mm is None else (read.mm, "mm")
        if at_tip:
            yield _of_tip(read, line)
        elif line not in banded:
            at = of - from_end if line != TRUNK else from_end
            code = "finding_order" if _in_another_order(read, line, from_end) else "finding_strip"
            yield Notice(code, line=line_named(line), at=at * factor, unit=unit)


def _along(read: _Read, place: tuple[float, float]) -> tuple[str, float, float]:
    """The nearest line to a place, how far that is from its tip, and how long the line is; of the
    trunk's own end how long that is with the trunk.
    """
    found, last = [], read.harness.pattern.last
    for name, line in read.reading.lines.items():
        if name == last:  # it is on the trunk's line
            continue
        away = np.hypot(*(line - place).T)
        nearest, steps = int(away.argmin()), np.hypot(*np.diff(line, axis=0).T)
        before, after = float(steps[:nearest].sum()), float(steps[nearest:].sum())
        found.append((float(away[nearest]), name, before if name == TRUNK else after,
                      before + after))  # fmt: skip
    _, name, from_end, of = min(found)
    if name == TRUNK and of - from_end < read.harness.layout.rows[last].width * (
        read.harness.layout.scale
    ):  # the trunk's own end
        return last, of - from_end, of
    return name, from_end, of


def _of_tip(read: _Read, line: str, turned: bool = False) -> Notice:
    """What is plugged on an end: turned round, what belongs on another end, or unlike any. turned:
    whether it is more like the usual one turned round than as it lies.
    """
    harness, usual = read.harness, read.harness.usual
    name = line_named(line)
    if usual is None:
        return Notice("finding_tip", line=name)
    rows = harness.layout.rows
    seen, own = tip_of(read.reading.sheet, rows[line]), tip_of(usual, rows[line])
    apart = unlike(seen, own)
    others = {
        other: unlike(seen, tip_of(usual, row)) for other, row in rows.items() if other != line
    }
    nearest = min(others, key=lambda other: others[other])
    round_about = unlike(seen[::-1], own)
    if turned and round_about < min(_ALIKE, _CLEARLY * others[nearest]):
        return Notice("finding_turned", line=name)
    if others[nearest] < min(_ALIKE, _CLEARLY * apart):
        return Notice("finding_other_end", line=name, other=line_named(nearest))
    return Notice("finding_tip", line=name)


def _in_another_order(read: _Read, line: str, from_end: float) -> bool:
    """Whether at a place of its strip a line has the colours of the usual one at other heights.

    Not where it is covered by a band.
    """
    usual, column = read.harness.usual, round(from_end / read.harness.layout.scale)
    covered = any(band.line == line and band.begin - 3 * _BESIDE < column < band.stop + 3 * _BESIDE
                  for band in read.harness.bands)  # fmt: skip
    if usual is None or covered:
        return False
    row = read.harness.layout.rows[line]
    first = min(max(column - _BESIDE, 0), max(row.width - 2 * _BESIDE, 0))
    place = np.s_[row.y : row.y + row.height, row.x + first : row.x + first + 2 * _BESIDE]
    seen, own = (
        sheet[place].astype(np.float32).mean(axis=1) for sheet in (read.reading.sheet, usual)
    )
    there = (np.abs(seen - GREY).max(axis=1) > _CLEAR) & (np.abs(own - GREY).max(axis=1) > _CLEAR)
    seen, own = seen[there], own[there]
    if not len(seen):
        return False
    between = np.abs(seen[:, None] - own[None]).mean(axis=2)
    nearest = (between.min(axis=0).mean() + between.min(axis=1).mean()) / 2
    return bool(nearest < _SAME * np.diagonal(between).mean())
