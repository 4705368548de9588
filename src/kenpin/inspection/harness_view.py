"""What the lines of a harness came to: sizes, places, and what is wrong in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kenpin.harness import TRUNK, Harness, Measure, Reading, Row, line_named
from kenpin.judge import Calibration, Sizes
from kenpin.part import Bundle
from kenpin.text import Notice
from kenpin.types import Outcome, Pixels, Region, SizeVerdict, Verdict

_BOX = 0.02  # of the picture's longer side, on either side of a place that is measured
_TIP = 64  # pixels of a strip from its tip: what is plugged on
_CLEARLY = 0.7  # times as far from the usual look: so much nearer is what explains it
_COUNTED = frozenset({"missing", "extra"})
_PASSED = (Outcome.OK, Outcome.UNUSABLE)


@dataclass(frozen=True, eq=False)
class _Read:
    """A picture of a harness, with what it is judged by. mm: of a pixel, where that is known."""

    harness: Harness
    sizes: Sizes
    reading: Reading
    calibration: Calibration
    mm: float | None


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
    harness, scale = bundle.preparation.harness, bundle.recipe.scale
    if harness is None or bundle.sizes is None or reading is None or reading.fault is not None:
        return verdict
    mm = None if scale is None else scale.mm / scale.pixels
    read = _Read(harness, bundle.sizes, reading, calibration, mm)
    sizes = tuple(_judged(read, verdict.outcome))
    guilty = [one for one in sizes if one.outcome not in _PASSED]
    strips = verdict.regions if strips_score > _least(verdict.outcome, calibration) else ()
    told = [*_of_sizes(sizes, guilty), *_of_strips(read, strips)]
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
            line=measure.line,
            kind=measure.kind,
            value=float(values[n]) * factor if known else None,
            low=float(sizes.low[n]) * factor,
            high=float(sizes.high[n]) * factor,
            unit=unit,
            outcome=outcome if guilty or outcome in _PASSED else Outcome.OK,
            score=float(scores[n]),
            p_value=read.calibration.p_value(float(scores[n])),
            x=x if known else None,
            y=y if known else None,
        )


def _unit(measure: Measure, mm: float | None) -> tuple[float, str]:
    if measure.kind in _COUNTED:
        return 1.0, ""
    return (1.0, "px") if mm is None else (mm, "mm")


def _region(one: SizeVerdict, size: tuple[int, int]) -> Region:
    side = max(4, round(2 * _BOX * max(size)))
    x = min(max(round((one.x or 0) - side / 2), 0), max(size[1] - side, 0))
    y = min(max(round((one.y or 0) - side / 2), 0), max(size[0] - side, 0))
    return Region(x, y, min(side, size[1]), min(side, size[0]), one.score, one.line or None)


# --- in words ----------------------------------------------------------------------------------


def _of_sizes(sizes: Sequence[SizeVerdict], guilty: Sequence[SizeVerdict]) -> Iterator[Notice]:
    """Of each line the worst: where a branch leaves, its length and its reach go together.

    A reach that is wrong where the branch leaves rightly is told as a length.
    """
    for line in dict.fromkeys(one.line for one in guilty):
        own = [one for one in guilty if one.line == line]
        along = [one for one in own if one.kind in ("at", "length", "reach")]
        worst = max(along, key=lambda one: one.score) if along else None
        for one in own:
            if one is worst and one.kind == "reach" and not any(o.kind == "at" for o in own):
                (length,) = (o for o in sizes if (o.line, o.kind) == (line, "length"))
                yield _of_size(length, _off(one))
            elif one is worst or one not in along:
                yield _of_size(one, _off(one))


def _off(one: SizeVerdict) -> float:
    """From the middle of the good ones."""
    return (one.value or 0.0) - (one.low + one.high) / 2


def _of_size(one: SizeVerdict, off: float) -> Notice:
    code = f"finding_{one.kind}"
    if one.kind in ("length", "reach"):
        code += "_short" if off < 0 else "_long"
    return Notice(code, line=line_named(one.line), by=abs(off), value=one.value or 0.0, low=one.low,
                  high=one.high, unit=one.unit)  # fmt: skip


def _of_strips(read: _Read, regions: Sequence[Region]) -> Iterator[Notice]:
    """Of each line the worst place, and what is plugged on its end."""
    told = set()
    for region in regions:
        place = region.x + (region.width - 1) / 2, region.y + (region.height - 1) / 2
        line, from_end, of = _along(read, place)
        at_tip = from_end < _TIP * read.harness.layout.scale
        if (line, at_tip) in told:
            continue
        told.add((line, at_tip))
        factor, unit = (1.0, "px") if read.mm is None else (read.mm, "mm")
        if at_tip:
            yield _of_tip(read, line)
        else:
            at = of - from_end if line != TRUNK else from_end
            yield Notice("finding_strip", line=line_named(line), at=at * factor, unit=unit)


def _along(read: _Read, place: tuple[float, float]) -> tuple[str, float, float]:
    """The nearest line to a place, how far that is from its tip, and how long the line is."""
    found = []
    for name, line in read.reading.lines.items():
        away = np.hypot(*(line - place).T)
        nearest, steps = int(away.argmin()), np.hypot(*np.diff(line, axis=0).T)
        before, after = float(steps[:nearest].sum()), float(steps[nearest:].sum())
        found.append((float(away[nearest]), name, before if name == TRUNK else after,
                      before + after))  # fmt: skip
    last = read.harness.pattern.last
    _, name, from_end, of = min(found)
    if name == TRUNK and of - from_end < read.harness.layout.rows[last].width * (
        read.harness.layout.scale
    ):  # the trunk's own end
        return last, of - from_end, of
    return name, from_end, of


def _of_tip(read: _Read, line: str) -> Notice:
    """What is plugged on an end: turned round, what belongs on another end, or unlike any."""
    harness, usual = read.harness, read.harness.usual
    name = line_named(line)
    if usual is None:
        return Notice("finding_tip", line=name)
    rows = harness.layout.rows
    seen, own = _tip(read.reading.sheet, rows[line]), _tip(usual, rows[line])
    apart = _unlike(seen, own)
    others = {
        other: _unlike(seen, _tip(usual, row)) for other, row in rows.items() if other != line
    }
    nearest = min(others, key=lambda other: others[other])
    if _unlike(seen[::-1], own) < _CLEARLY * min(apart, others[nearest]):
        return Notice("finding_turned", line=name)
    if others[nearest] < _CLEARLY * apart:
        return Notice("finding_other_end", line=name, other=line_named(nearest))
    return Notice("finding_tip", line=name)


def _tip(sheet: Pixels, row: Row) -> NDArray[np.float32]:
    """(64, 64, 3) the first of a strip, with nothing around it."""
    strip = sheet[row.y : row.y + row.height, row.x : row.x + min(row.width, _TIP)]
    strip = strip[max(0, (row.height - _TIP) // 2) :][:_TIP]
    tip = np.full((_TIP, _TIP, 3), 127.5, np.float32)
    top = (_TIP - len(strip)) // 2
    tip[top : top + len(strip), : strip.shape[1]] = strip
    return tip


def _unlike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(one - other).mean())
