"""What is wound or clamped around a line, as tape and clips are: a band.

A band is found where, in all good ones, a line laid straight looks different from one column to
the next and soon after changes back: in colour, in thickness, or in how motley it is. What covers
wires is no thinner and no more motley than they are, so that a gap between two tapes is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kenpin.harness.sheet import Layout
from kenpin.harness.strips import GREY
from kenpin.types import Floats, Pixels

_FACTS = 5  # that are known of a column: red, green, blue, thickness, how motley
_APART = 10.0  # levels by which something differs from where there is nothing
_STEP = 5  # columns on either side of an edge
_THICK = 4.0  # levels that a pixel of thickness counts as
_PLUG, _FORK = 64, 40  # columns of a strip, at its tip and at its other end, that have no band
_CLEAR, _NEAR = 25.0, 8  # levels that an edge changes at least; columns within which it is one
_BACK, _ALIKE = -0.7, 2.5  # cosine between both edges at most; times as strong at most
_COVERS = -0.5  # how much more both edges look like those of something that covers, at least
_AWAY, _WIDER = 56, 14  # columns that a band is looked for from its place; that it may be wider
_DEAR = 0.01  # of its edges' strength, that a column counts as
_SEEN = 0.4  # of its edges' strength: else it has no place
_STEADY = 8.0  # columns, standard deviation in good ones at most


@dataclass(frozen=True, eq=False)
class Band:
    """line: around which. begin, stop: the columns of its strip where both edges are. edges: (2, 5)
    float64, what changes there.
    """

    line: str
    begin: int
    stop: int
    edges: NDArray[np.float64]

    def fits(self, width: int) -> bool:
        """Whether it is one of a strip so wide: where bands are, and with edges that are any."""
        strong = bool((np.abs(self.edges).sum(axis=-1) > 0).all())
        inside = _PLUG <= self.begin < self.stop < width - _FORK
        return inside and self.edges.shape == (2, _FACTS) and strong


def learn_bands(sheets: Sequence[Pixels], layout: Layout) -> tuple[Band, ...]:
    """Those that are at the same place in all good ones. sheets: (H, W, 3) each, at least one."""
    found = []
    for name, row in layout.rows.items():
        each = np.stack([_changes(sheet[row.place]) for sheet in sheets])
        usual = np.median(each, axis=0)
        for begin, stop in _pairs(usual):
            band = Band(name, begin, stop, usual[[begin, stop]].astype(np.float64))
            own = np.array([_measured(band, changes) for changes in each])
            if np.isfinite(own).all() and own[:, 0].std() < _STEADY:
                found.append(band)
    return tuple(found)


def bands_in(bands: Sequence[Band], sheet: Pixels, layout: Layout) -> NDArray[np.float64]:
    """(N, 3) of each band the column of its middle, how many columns it is wide, and how much of
    its edges is not to be seen, from 0 to 1; the first two are not a number of what is missing.
    """
    lines = {band.line for band in bands}
    changes = {name: _changes(sheet[layout.rows[name].place]) for name in lines}
    found = [_measured(band, changes[band.line]) for band in bands]
    return np.array(found, np.float64).reshape(-1, 3)


def _changes(strip: Pixels) -> Floats:
    """(w, 5) how much each fact changes at each column."""
    own = np.abs(strip - np.float32(GREY)).max(axis=2) > _APART
    count = own.sum(axis=0)
    shown = np.float32(strip) * own[..., None]
    mean = shown.sum(axis=0) / np.maximum(count, 1)[:, None]
    squares = (shown**2).sum(axis=(0, 2)) / np.maximum(count, 1)
    motley = np.sqrt(np.maximum(squares - (mean**2).sum(axis=1), 0))
    mean[count < 2] = GREY
    facts = np.column_stack([mean, _THICK * count, motley])
    sums = np.concatenate([np.zeros((1, _FACTS)), np.cumsum(facts, axis=0)])
    steps = (sums[_STEP:] - sums[:-_STEP]) / _STEP
    changes = np.zeros_like(facts)
    changes[_STEP:-_STEP] = (steps[_STEP:] - steps[:-_STEP])[:-1]
    return np.asarray(changes, np.float32)


def _pairs(usual: Floats) -> list[tuple[int, int]]:
    """The columns of both edges of each band, in order. Narrow ones come first: a clip sits on a
    tape, and none lies half on another.
    """
    strong = np.linalg.norm(usual, axis=1)
    clear = (x for x in range(_PLUG, len(usual) - _FORK) if strong[x] > _CLEAR)
    edges = [x for x in clear if strong[x] == strong[x - _NEAR : x + _NEAR + 1].max()]
    pairs = [both for both in combinations(edges, 2) if _is_band(usual[list(both)])]
    kept: list[tuple[int, int]] = []
    for begin, stop in sorted(pairs, key=lambda both: both[1] - both[0]):
        apart = all({begin, stop}.isdisjoint(own) and (own[0] < begin < own[1])
                    == (own[0] < stop < own[1]) for own in kept)  # fmt: skip
        if apart:
            kept.append((begin, stop))
    return sorted(kept)


def _is_band(edges: Floats) -> bool:
    """What begins at one edge ends at the other, and covers what is beside it."""
    strong = np.linalg.norm(edges, axis=1)
    back = float(edges[0] @ edges[1]) / float(strong.prod())
    covers = edges[:, 3] / 8 - edges[:, 4] / 20
    alike = strong.max() < _ALIKE * strong.min()
    return back < _BACK and bool(alike) and float(covers[0] - covers[1]) > _COVERS


def _measured(band: Band, changes: Floats) -> tuple[float, float, float]:
    """Where both edges fit best together, near where they usually are."""
    begins, stops = (np.minimum(changes @ edge / (edge @ edge), 1) for edge in band.edges)
    wide = band.stop - band.begin
    first = max(band.begin - _AWAY, _STEP)
    last = min(band.begin + _AWAY, len(changes) - wide - _WIDER - _STEP)
    narrowest = max(wide - _WIDER, _STEP)
    after = sliding_window_view(stops[first + narrowest : last + wide + _WIDER + 1],
                                wide + _WIDER - narrowest + 1)  # fmt: skip
    columns = np.arange(first, first + len(after))
    other = after.argmax(axis=1)
    fit = begins[columns] + after.max(axis=1) - _DEAR * np.abs(columns - band.begin)
    best = int(fit.argmax())
    width = narrowest + int(other[best])
    seen = float(np.clip(min(begins[columns[best]], after[best, other[best]]), 0, 1))
    if seen < _SEEN:
        return np.nan, np.nan, 1 - seen
    return columns[best] + width / 2, float(width), 1 - seen
