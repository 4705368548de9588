"""From good pictures to what their harnesses have in common."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kenpin.harness.harness import Harness
from kenpin.harness.line import length_of
from kenpin.harness.lines import Lines, lines_of
from kenpin.harness.match_ends import Match, Named, Seen, learn_pattern
from kenpin.harness.pattern import TRUNK
from kenpin.harness.read_picture import laid, own_parts
from kenpin.harness.sheet import layout_of
from kenpin.harness.strips import owned
from kenpin.harness.view import View
from kenpin.types import Pixels

_WIDEST, _MARGIN = 0.995, 8.0  # share of what belongs to a line; pixels around it
_BEYOND = 10.0  # pixels that a strip goes on behind a line
_UNDER = 0.8  # of the trunk's thickness: so much of a branch is not told from it


@dataclass(frozen=True, eq=False)
class _Followed:
    """One good picture, without its pixels."""

    seen: Seen
    coarser: float


def learn_harness(pictures: Iterable[Pixels], named: Named) -> Harness | None:
    """From good ones, (H, W) or (H, W, 3) uint8 each, at least two that can be followed and have as
    many ends as most; else None. named: of ends, x, y in the first of them; the rest have names
    as `learn_pattern` gives them.
    """
    followed = [one for pixels in pictures if (one := _followed(pixels)) is not None]
    counts = [len(one.seen.tree.ends) for one in followed]
    most = max(set(counts), key=counts.count, default=0)
    alike = [one for one in followed if len(one.seen.tree.ends) == most]
    if len(alike) < 2:
        return None
    coarser = alike[0].coarser
    near = {name: (x / coarser, y / coarser) for name, (x, y) in named.items()}
    pattern, matches = learn_pattern([one.seen for one in alike], near)
    sizes: dict[str, list[tuple[float, float]]] = {name: [] for name in (TRUNK, *pattern.ends)}
    for one, own in zip(alike, matches, strict=True):
        lines = lines_of(one.seen.tree, own.start, own.named[pattern.last])
        for name, size in _sizes(one, own, lines, pattern.last).items():
            sizes[name].append(size)
    usual = {name: np.median(own, axis=0).tolist() for name, own in sizes.items()}
    layout = layout_of({name: (high, long) for name, (high, long) in usual.items()})
    return Harness(pattern, layout, max(own.cost for own in matches))


def _followed(pixels: Pixels) -> _Followed | None:
    view = View.of(pixels)
    if view.fault() is not None:
        return None
    return _Followed(Seen(view.tree, view.pixels, view.ground), view.coarser)


def _sizes(one: _Followed, own: Match, lines: Lines, last: str) -> dict[str, tuple[float, float]]:
    """(height, width) of the strip that shows all of a line but where a branch leaves the trunk."""
    every = laid(own, lines, last)
    numbers, away = owned(one.seen.tree.mask, own_parts(own, lines, last))
    sizes = {}
    for number, (name, line) in enumerate(every.items(), start=1):
        wide = 2 * float(np.quantile(away[numbers == number], _WIDEST)) + _MARGIN
        hidden = -_BEYOND if name in (TRUNK, last) else lines.thick * _UNDER
        sizes[name] = wide * one.coarser, (length_of(line) - hidden) * one.coarser
    return sizes
