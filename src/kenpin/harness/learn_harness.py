"""From good pictures to what their harnesses have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.harness.bands import learn_bands
from kenpin.harness.contrast import FAINT, best_board, colours_of, contrast_of_ends
from kenpin.harness.harness import Harness, Leaving
from kenpin.harness.line import length_of
from kenpin.harness.lines import Lines, lines_of
from kenpin.harness.match_ends import Match, Named, Seen, learn_pattern
from kenpin.harness.pattern import TRUNK
from kenpin.harness.read_picture import laid, own_parts
from kenpin.harness.sheet import layout_of
from kenpin.harness.strips import owned
from kenpin.harness.view import View
from kenpin.system import cores, in_order
from kenpin.types import Pixels

_WIDEST, _MARGIN = 0.995, 8.0  # share of what belongs to a line; pixels around it
_BEYOND = 10.0  # pixels that a strip goes on behind a line
_UNDER = 0.8  # of the trunk's thickness: so much of a branch is not told from it


@dataclass(frozen=True, eq=False)
class _Followed:
    """One good picture, without its pixels."""

    seen: Seen
    coarser: float
    contrast: dict[int, float]
    colours: NDArray[np.float32]


def learn_harness(pictures: Iterable[Pixels], named: Named) -> Harness | None:
    """From good ones, (H, W) or (H, W, 3) uint8 each, at least two that can be followed and have as
    many ends as most; else None. named: of ends, x, y in the first of them; the rest have names
    as `learn_pattern` gives them.
    """
    found = in_order(_followed, pictures, cores())
    followed = [one for one in found if one is not None]
    counts = [len(one.seen.tree.ends) for one in followed]
    most = max(set(counts), key=counts.count, default=0)
    alike = [one for one in followed if len(one.seen.tree.ends) == most]
    if len(alike) < 2:
        return None
    coarser = alike[0].coarser
    near = {name: (x / coarser, y / coarser) for name, (x, y) in named.items()}
    pattern, matches = learn_pattern([one.seen for one in alike], near)
    sizes: dict[str, list[tuple[float, float]]] = {name: [] for name in (TRUNK, *pattern.ends)}
    seen: dict[str, list[tuple[float, float]]] = {
        name: [] for name in pattern.ends if name != pattern.last
    }
    for one, own in zip(alike, matches, strict=True):
        lines = lines_of(one.seen.tree, own.start, own.named[pattern.last])
        for name, size in _sizes(one, own, lines, pattern.last).items():
            sizes[name].append(size)
        for name in seen.keys() & own.named.keys():
            branch = lines.branches[own.named[name]]
            seen[name].append((branch.at * one.coarser, branch.length * one.coarser))
    usual = {name: np.median(own, axis=0).tolist() for name, own in sizes.items()}
    layout = layout_of({name: (high, long) for name, (high, long) in usual.items()})
    worst = max(own.cost for own in matches)
    board = best_board([one.colours for one in alike])
    leaves = {name: _leaving(np.array(both)) for name, both in seen.items()}
    return Harness(pattern, layout, worst, leaves, faint=_faint(alike, matches), board=board)


def with_sheets(harness: Harness, sheets: Sequence[Pixels]) -> Harness:
    """The same that knows the usual sheet and its bands, from those of good ones, (H, W, 3)."""
    usual = np.median(np.stack(sheets).astype(np.float32), axis=0).astype(np.uint8)
    return replace(harness, usual=usual, bands=learn_bands(sheets, harness.layout))


def _leaving(seen: NDArray[np.float64]) -> Leaving:
    """seen: (n, 2), where a branch leaves the trunk and how long it is, in pixels of the picture.

    The share with which the lengths vary least.
    """
    at, length = (seen - np.median(seen, axis=0)).T
    share = -float(at @ length) / max(float(at @ at), 1e-9)
    return Leaving(float(np.median(seen[:, 0])), float(np.clip(share, 0, 1)))


def _followed(pixels: Pixels) -> _Followed | None:
    view = View.of(pixels)
    if view.fault() is not None:
        return None
    lab = cv2.cvtColor(view.pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    contrast, colours = contrast_of_ends(view.tree, view.ground), colours_of(view.tree, lab)
    return _Followed(Seen(view.tree, view.pixels, view.ground), view.coarser, contrast, colours)


def _faint(alike: Sequence[_Followed], matches: Sequence[Match]) -> tuple[str, ...]:
    """The lines that have nearly the board's colour."""
    found: dict[str, list[float]] = {}
    for one, own in zip(alike, matches, strict=True):
        for name, end in (*own.named.items(), (TRUNK, own.start)):
            found.setdefault(name, []).append(one.contrast[end])
    return tuple(name for name, values in found.items() if np.median(values) < FAINT)


def _sizes(one: _Followed, own: Match, lines: Lines, last: str) -> dict[str, tuple[float, float]]:
    """(height, width) of the strip that shows all of a line but where a branch leaves the trunk."""
    every = laid(own, lines, last)
    numbers, away = owned(one.seen.tree.mask, one.seen.tree.half, own_parts(own, lines, last))
    sizes = {}
    for number, (name, line) in enumerate(every.items(), start=1):
        wide = 2 * float(np.quantile(away[numbers == number], _WIDEST)) + _MARGIN
        hidden = -_BEYOND if name in (TRUNK, last) else lines.thick * _UNDER
        sizes[name] = wide * one.coarser, (length_of(line) - hidden) * one.coarser
    return sizes
