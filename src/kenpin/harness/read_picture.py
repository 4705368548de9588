"""The reading of one picture of a harness."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kenpin.harness.bands import bands_in
from kenpin.harness.harness import Harness, Leaving
from kenpin.harness.line import Line, length_of
from kenpin.harness.lines import Branch, Lines, lines_of
from kenpin.harness.match_ends import Match, Seen, match
from kenpin.harness.pattern import TRUNK
from kenpin.harness.reading import Measure, Reading
from kenpin.harness.strips import Strip, owned, strip_of
from kenpin.harness.tips import turned_in
from kenpin.harness.view import Fault, View
from kenpin.types import Floats, Pixels, ReasonCode

_BEYOND = 10  # pixels of the trunk's end that its strip also shows
_LEAST_PART = 20  # pixels of the trunk, at least, on either side of where its last branch leaves
_ANOTHER, _ANOTHER_EACH = 2.0, 2.5  # times the worst good one, and of each end: that is another one

_TIMES = 3  # as many ends are those of another one, whatever they are like

_Found = dict[Measure, tuple[float, Sequence[float] | NDArray[np.float64]]]


def read(harness: Harness, pixels: Pixels) -> Reading:
    """See `Harness.read`."""
    view = View.of(pixels)
    fault = view.fault()
    if fault is not None:
        return _faulty(harness, fault)
    pattern = harness.pattern
    if len(view.tree.ends) > _TIMES * (len(pattern.ends) + 1):
        return _faulty(harness, (ReasonCode.ANOTHER_HARNESS, None))
    own = match(pattern, Seen(view.tree, view.pixels, view.ground))
    if own.cost > _ANOTHER * harness.worst + _ANOTHER_EACH * len(pattern.ends):
        return _faulty(harness, (ReasonCode.ANOTHER_HARNESS, None))
    lines = lines_of(view.tree, own.start, own.named[pattern.last])
    sheet, where = harness.layout.sheet(_strips(harness, view, own, lines), harness.usual)
    named = laid(own, lines, pattern.last)
    found = _found(harness, view, own, lines) | _banded(harness, sheet, where, view.coarser)
    found |= _turned(harness, sheet, named)
    nothing = (np.nan, (np.nan, np.nan))
    measured = [found.get(one, nothing) for one in harness.measures]
    values, places = zip(*measured, strict=True)
    followed = {name: end for name, end in own.named.items() if end in lines.branches}
    shown = {TRUNK: lines.main} | {n: lines.branches[end].line for n, end in followed.items()}
    shown[pattern.last] = named[pattern.last][::-1]
    return Reading(
        sheet=sheet,
        where=where,
        values=np.array(values, np.float64),
        places=np.array(places, np.float64) * view.coarser,
        lines={name: line * view.coarser for name, line in shown.items()},
    )


def laid(own: Match, lines: Lines, last: str) -> dict[str, Line]:
    """The lines as they are laid straight: the trunk from its beginning, the others from their
    tips. last: the name of the trunk's own end.
    """
    leaves = [branch.at for branch in lines.branches.values()]
    parted = int(max(leaves, default=len(lines.main) / 2))
    parted = min(max(parted, _LEAST_PART), len(lines.main) - _LEAST_PART)
    named = {TRUNK: lines.main[: parted + _BEYOND]}
    for name, end in own.named.items():
        if end in lines.branches:
            named[name] = lines.branches[end].line[::-1]
    return named | {last: lines.main[parted:][::-1]}


def own_parts(own: Match, lines: Lines, last: str) -> list[Line]:
    """Of each line that is laid straight, in their order, what is not near another: what lies
    nearest to that belongs to it.
    """
    parts = laid(own, lines, last)
    for name, end in own.named.items():
        if end in lines.branches:
            parts[name] = lines.branches[end].line[lines.branches[end].clear :]
    return list(parts.values())


def _faulty(harness: Harness, fault: Fault) -> Reading:
    sheet, where = harness.layout.sheet({}, harness.usual)
    count = len(harness.measures)
    values, places = np.full(count, np.nan), np.full((count, 2), np.nan)
    return Reading(sheet, where, values, places, {}, *fault)


def _strips(harness: Harness, view: View, own: Match, lines: Lines) -> dict[str, Strip]:
    named = laid(own, lines, harness.pattern.last)
    extra = [lines.branches[end].line for end in own.extra]
    parts = own_parts(own, lines, harness.pattern.last)
    numbers, _ = owned(view.ground.mask, view.tree.half, [*parts, *extra])
    scale = harness.layout.scale / view.coarser
    strips = {}
    for number, (name, line) in enumerate(named.items(), start=1):
        row = harness.layout.rows[name]
        size = row.height, row.width
        strip = strip_of(view.pixels, view.ground, numbers == number, line, size, scale)
        strips[name] = replace(strip, where=strip.where * view.coarser)
    return strips


def _found(harness: Harness, view: View, own: Match, lines: Lines) -> _Found:
    """What could be measured, in pixels of the picture, and where, in those of the view."""
    last, coarser, main = harness.pattern.last, view.coarser, lines.main
    found: _Found = {
        Measure(last, "length"): (length_of(main) * coarser, main[-1]),
        Measure(TRUNK, "thick"): (lines.thick * coarser, main[len(main) // 2]),
    }
    for name, end in own.named.items():
        if end in lines.branches:
            found |= _of_branch(name, lines.branches[end], harness.leaves[name], coarser)
    for name in own.missing:
        at = min(int(harness.pattern.ends[name].at / coarser), len(main) - 1)
        found[Measure(name, "missing")] = 1.0, main[at]
    extra = [lines.branches[end].line for end in own.extra]
    found[Measure("", "extra")] = float(len(extra)), extra[0][-1] if extra else main[0]
    beside = [one for one in view.tree.others if not one.at_edge]
    side = float(np.sqrt(beside[0].area)) * coarser if beside else 0.0
    found[Measure("", "foreign")] = side, beside[0].at if beside else main[0]
    return found


def _of_branch(name: str, branch: Branch, leaves: Leaving, coarser: float) -> _Found:
    line, at, length = branch.line, branch.at * coarser, branch.length * coarser
    return {
        Measure(name, "at"): (at, line[0]),
        Measure(name, "length"): (leaves.length(at, length), line[-1]),
        Measure(name, "thick"): (branch.thick * coarser, line[len(line) // 2]),
        Measure(name, "missing"): (0.0, line[0]),
    }


def _banded(harness: Harness, sheet: Pixels, where: Floats, coarser: float) -> _Found:
    """The bands of all lines that are there, alike."""
    found: _Found = {}
    layout, every = harness.layout, [one for one in harness.measures if one.kind == "band_at"]
    facts = bands_in(harness.bands, sheet, layout)
    for measure, band, (at, wide, missing) in zip(every, harness.bands, facts, strict=True):
        row = layout.rows[band.line]
        seen = at if np.isfinite(at) else (band.begin + band.stop) / 2
        place = where[row.y + row.height // 2, row.x + min(int(seen), row.width - 1)] / coarser
        if np.isfinite(place).all():
            line, number = measure.line, measure.number
            found[measure] = at * layout.scale, place
            found[Measure(line, "band_width", number)] = wide * layout.scale, place
            found[Measure(line, "band_missing", number)] = missing, place
    return found


def _turned(harness: Harness, sheet: Pixels, named: Mapping[str, Line]) -> _Found:
    """What is on the ends of the lines that are there. named: the lines from their tips."""
    if harness.usual is None:
        return {}
    turned = turned_in(sheet, harness.usual, harness.layout)
    values = zip(harness.layout.rows, turned, strict=True)
    return {Measure(name, "turned"): (value, named[name][0])
            for name, value in values if name in named}  # fmt: skip
