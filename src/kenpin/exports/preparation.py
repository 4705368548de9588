"""The preparation of a picture, and whether it can be used, in a graph."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from kenpin.errors import ExportError
from kenpin.exports.filters import Filters
from kenpin.exports.graph import Name
from kenpin.judge import DARKEST, NOISE, WHITE, Rule, Usability, small_size, told_of_size
from kenpin.models import STRIDE, Encoder
from kenpin.prepare import (
    LEAST,
    MOST,
    MOST_TINT,
    REACH,
    Depth,
    Light,
    Map,
    Mask,
    Preparation,
    from_rectangle,
    rectangle_of,
    scaling,
)
from kenpin.statistics import COLOURS, FINER, explained_power
from kenpin.types import Floats, Reason, ReasonCode

REASONS = tuple(ReasonCode)


@dataclass(frozen=True)
class Inputs:
    """windows: (h, w, C) as the model sees each.

    reason: int64, 0 where the picture is usual, else one more than the place in `REASONS`. beyond:
    int64, not 0 where it cannot be used whatever its score.
    """

    windows: list[Name]
    reason: Name
    beyond: Name


def inputs_of(
    filters: Filters,
    picture: Name,
    size: tuple[int, int],
    channels: int,
    preparation: Preparation,
    usability: Usability | None,
    encoder: Encoder | None,
) -> Inputs:
    """What becomes of a picture (H, W, C); raises ExportError for what no graph can do."""
    if preparation.alignment is not None:
        raise ExportError("export_aligned")
    graph = filters.graph
    pixels = graph.op("Transpose", graph.cast(picture, np.float32), perm=[2, 0, 1])
    grey = filters.grey(pixels) if channels == 3 else pixels
    depth, white = preparation.depth, _white(filters, preparation)
    overview_size, there = preparation.view(size)
    overview = _cut(filters, grey, there, overview_size, size, white)
    overview = _hidden(filters, overview, preparation)
    reason = beyond = graph.constant(0, np.int64)
    if usability is not None:
        values = _facts(filters, overview, overview_size, usability)
        values["proportions"] = graph.constant(np.float32(np.log(size[0] / size[1])))
        usual = usability.rules(usability.bounds)
        reason = _reason(filters, values, usual, size, preparation.frame or size)
        beyond = _reason(filters, values, usability.rules(usability.outer))
    if filters.wide:
        reason, beyond = _by_depth(filters, pixels, depth, [reason, beyond])
    source = grey if preparation.color == "grey" else pixels
    pose = scaling(preparation.frame or size, size)
    seen = preparation.size
    windows = [
        _cut(filters, source, pose @ from_rectangle(one, seen), seen, size, white)
        for one in preparation.rectangles(size)
    ]
    shown = _finished(filters, windows, preparation)
    return Inputs(
        [_as_input(filters, one, n, preparation, encoder) for n, one in enumerate(shown)],
        reason,
        beyond,
    )


def _white(filters: Filters, preparation: Preparation) -> int:
    kind: Any = np.uint16 if filters.wide else np.uint8
    return preparation.depth.white(np.zeros((1, 1), kind))


def _by_depth(filters: Filters, pixels: Name, depth: Depth, found: list[Name]) -> list[Name]:
    """As `Depth.misfit`: what was found, or before all else that the depth is another."""
    graph = filters.graph
    peak = graph.reduced("ReduceMax", pixels)
    low, high = graph.constant(depth.lowest), graph.constant(2**depth.bits - 1)
    fits = graph.op("And", graph.op("GreaterOrEqual", peak, low),
                    graph.op("LessOrEqual", peak, high))  # fmt: skip
    other = graph.constant(1 + REASONS.index(ReasonCode.DEPTH), np.int64)
    return [graph.op("Where", fits, one, other) for one in found]


def _cut(
    filters: Filters, pixels: Name, there: Map, size: tuple[int, int], whole: tuple[int, int],
    white: int,
) -> Name:  # fmt: skip
    """The rectangle that a map shows, at `size` (h, w), in [0, 1]."""
    inside = rectangle_of(there, size, whole)
    if inside is None:
        raise ExportError("export_size", width=whole[1], height=whole[0])
    x, y, width, height = inside
    graph = filters.graph
    if (width, height) != whole[::-1]:
        pixels = graph.sliced(graph.sliced(pixels, 1, y, y + height), 2, x, x + width)
    pixels = filters.resized(pixels, (height, width), size)
    return graph.op("Min", graph.op("Div", pixels, graph.constant(white)), graph.constant(1))


def _hidden(filters: Filters, overview: Name, preparation: Preparation) -> Name:
    hidden, graph = preparation.hidden, filters.graph
    if hidden is None:
        return overview
    fill = graph.constant(0.5)
    if not hidden.all():
        known = graph.op("Mul", overview, graph.constant(~hidden[None]))
        total = graph.reduced("ReduceSum", known)
        fill = graph.op("Div", total, graph.constant((~hidden).sum()))
    return graph.op("Where", graph.constant(hidden[None], bool), fill, overview)


# --- windows -----------------------------------------------------------------------------------


def _finished(filters: Filters, windows: list[Name], preparation: Preparation) -> list[Name]:
    """In the standard light, filled where nothing is seen."""
    graph, ignored = filters.graph, preparation.ignored
    if preparation.light is not None:
        windows = _lit(filters, windows, preparation.light, ignored)
    if ignored is None or preparation.filling is None:
        return windows
    return [
        graph.op(
            "Where",
            graph.constant(ignored[n][None], bool),
            graph.constant(preparation.filling[n].transpose(2, 0, 1)),
            window,
        )
        for n, window in enumerate(windows)
    ]


def _lit(filters: Filters, windows: list[Name], light: Light, ignored: Mask | None) -> list[Name]:
    graph = filters.graph
    unseen = np.zeros(light.standard.shape[:3], bool) if ignored is None else ignored
    least = graph.constant(LEAST)
    if light.kind == "level":
        counted = ~unseen[:, None]
        known = [
            graph.op("Mul", w, graph.constant(c)) for w, c in zip(windows, counted, strict=True)
        ]
        # In double precision: the score follows every step of the gain.
        total = graph.reduced("ReduceSum", graph.cast(graph.stacked(known), np.float64))
        count = graph.constant(counted.sum() * light.standard.shape[3], np.float64)
        own = graph.cast(graph.op("Div", total, count), np.float32)
        own = graph.op("Max", own, least)
        usual = float(light.standard[~unseen].mean())
        gain = graph.op("Div", graph.constant(usual), own)
        if light.tinted and light.standard.shape[3] > 1:
            gain = _tinted(filters, known, light.standard[~unseen], gain)
        gains = [gain] * len(windows)
    else:
        gains = []
        for standard, mask, window in zip(light.standard, unseen, windows, strict=True):
            usual_here = graph.constant(standard.transpose(2, 0, 1))
            known_here = graph.op("Where", graph.constant(mask[None], bool), usual_here, window)
            size = standard.shape[:2]
            slow = filters.blurred(known_here, size, REACH * max(size), cv2.BORDER_REFLECT)
            gains.append(graph.op("Div", usual_here, graph.op("Max", slow, least)))
    low, high, zero, one = (graph.constant(v) for v in (1 / MOST, MOST, 0, 1))
    return [
        graph.op("Clip", graph.op("Mul", w, graph.op("Clip", gain, low, high)), zero, one)
        for w, gain in zip(windows, gains, strict=True)
    ]


def _tinted(filters: Filters, known: list[Name], usual: Floats, gain: Name) -> Name:
    """As `Light`: the gain of each colour; known: of each window what counts, else 0."""
    graph, kind = filters.graph, np.float64
    total = graph.reduced("ReduceSum", graph.cast(graph.stacked(known), kind), 0, 2, 3)
    mean = graph.op("Div", total, graph.constant(len(usual), kind))
    mean = graph.op("Max", mean, graph.constant(LEAST, kind))
    wanted = graph.constant(usual.mean(axis=0, dtype=np.float64), kind)
    shares = graph.op("Div", graph.op("Div", wanted, mean), graph.cast(gain, kind))
    shares = graph.op("Clip", graph.cast(shares, np.float32),
                      graph.constant(1 / MOST_TINT), graph.constant(MOST_TINT))  # fmt: skip
    clipped = graph.op("Clip", gain, graph.constant(1 / MOST), graph.constant(MOST))
    return graph.shaped(graph.op("Mul", clipped, shares), -1, 1, 1)


def _as_input(
    filters: Filters, window: Name, number: int, preparation: Preparation, encoder: Encoder | None
) -> Name:
    """(C, h, w) -> (h, w, C) as the model sees it."""
    value, graph = window, filters.graph
    if encoder is not None:
        seen = _encoded(filters, value, preparation.size, encoder)
        if encoder.pixels:
            small = _in_squares(filters, value, preparation.size, encoder)
            seen = graph.op("Concat", seen, small, axis=0)
        value = seen
    for mean, grid in zip(preparation.means, preparation.grids, strict=True):
        value = _compressed(filters, value, mean[number], grid)
    return graph.op("Transpose", value, perm=[1, 2, 0])


def _encoded(filters: Filters, window: Name, size: tuple[int, int], encoder: Encoder) -> Name:
    """(C, h, w) -> (D, rows, columns)."""
    graph, grid = filters.graph, encoder.grid(size)
    whole = encoder.input_size(size)
    picture = filters.enlarged(window, size, whole)
    *half, own = encoder.input_shapes(size)
    found = _features(filters, picture, own[2:], encoder, encoder.packing.finest(grid))
    if not half:
        return found
    small = filters.averaged(picture, whole, half[0][2:])
    coarse = _features(filters, small, half[0][2:], encoder, grid)
    finer = squares(filters, found, encoder.channels, grid, FINER)
    return graph.op("Concat", coarse, finer, axis=0)


def _features(
    filters: Filters,
    picture: Name,
    size: tuple[int, int],
    encoder: Encoder,
    grid: tuple[int, int],
) -> Name:
    """(C, h, w) of a size that the encoder can see -> (D, *grid)."""
    graph, (height, width) = filters.graph, size
    colour = graph.op("Expand", picture, graph.constant([3, height, width], np.int64))
    features = graph.include(encoder.graph, [graph.shaped(colour, 1, 3, height, width)])
    rows, columns = height // STRIDE, width // STRIDE
    value = graph.shaped(features, encoder.channels, rows, columns)
    while rows >= 2 * grid[0] and columns >= 2 * grid[1]:
        rows, columns = rows // 2, columns // 2
        value = graph.sliced(graph.sliced(value, 1, 0, 2 * rows), 2, 0, 2 * columns)
        value = graph.shaped(value, encoder.channels, rows, 2, columns, 2)
        value = graph.reduced("ReduceMean", value, 2, 4)
    return graph.sliced(graph.sliced(value, 1, 0, grid[0]), 2, 0, grid[1])


def _in_squares(filters: Filters, window: Name, size: tuple[int, int], encoder: Encoder) -> Name:
    """As the encoder's `squares_of`, (C, h, w) -> (numbers, rows, columns)."""
    graph, grid, side = filters.graph, encoder.grid(size), encoder.packing.side
    height, width = side * grid[0], side * grid[1]
    small = filters.averaged(window, size, (height, width))
    colour = graph.op("Expand", small, graph.constant([COLOURS, height, width], np.int64))
    return squares(filters, colour, COLOURS, grid, side)


def squares(filters: Filters, value: Name, channels: int, grid: tuple[int, int], side: int) -> Name:
    """As kenpin.statistics' `as_squares`: (C, h * side, w * side) -> (side * side * C, h, w)."""
    graph, (rows, columns) = filters.graph, grid
    apart = graph.shaped(value, channels, rows, side, columns, side)
    together = graph.op("Transpose", apart, perm=[2, 4, 0, 1, 3])
    return graph.shaped(together, side**2 * channels, rows, columns)


def _compressed(filters: Filters, value: Name, mean: Floats, grid: tuple[int, int]) -> Name:
    """As kenpin.prepare's `compress`, (C, h, w) -> (2, rows, columns)."""
    graph, (height, width) = filters.graph, mean.shape[:2]
    window = tuple(max(2, round(2 * s / n)) for s, n in zip((height, width), grid, strict=True))
    numbers = rt_numbers(filters, value, mean, (window[0], window[1]))
    for axis, (n, side) in enumerate(zip(grid, (height, width), strict=True), start=1):
        places = graph.constant(((np.arange(n) + 0.5) * side / n).astype(int), np.int64)
        numbers = graph.op("Gather", numbers, places, axis=axis)
    scaled = graph.op("Mul", numbers, graph.constant(np.reshape([0.5, 2.0], (2, 1, 1))))
    return graph.op("Clip", scaled, graph.constant(0), graph.constant(1))


def rt_numbers(filters: Filters, value: Name, mean: Floats, window: tuple[int, int]) -> Name:
    """As kenpin.statistics' `local_numbers`, (C, h, w) -> (2, h, w); in double precision too."""
    graph, (height, width, channels) = filters.graph, mean.shape
    k = window[0] * window[1] * channels
    power = graph.constant(explained_power(mean, window), np.float64)
    x = graph.cast(value, np.float64)

    def summed(one: Name) -> Name:
        found = filters.boxed(one, (height, width), window)
        found = graph.reduced("ReduceMean", found, 0)
        return graph.op("Mul", found, graph.constant(k, np.float64))

    line = summed(graph.op("Mul", graph.constant(mean.transpose(2, 0, 1), np.float64), x))
    square = summed(graph.op("Mul", x, x))
    rest = graph.op("Sub", square, graph.op("Div", graph.op("Mul", line, line), power))
    rest = graph.op("Div", rest, graph.constant(max(1, k - 1), np.float64))
    error = graph.op("Sqrt", graph.op("Max", rest, graph.constant(0, np.float64)))
    return graph.cast(graph.stacked([graph.op("Div", line, power), error]), np.float32)


# --- usable ------------------------------------------------------------------------------------


def _reason(
    filters: Filters,
    values: dict[str, Name],
    rules: list[Rule],
    size: tuple[int, int] = (1, 1),
    usual: tuple[int, int] = (1, 1),
) -> Name:
    """One more than the place in `REASONS` of the first rule that a picture breaks; 0: none.

    size, usual: (H, W) of the picture, and of the good ones; see `told_of_size`.
    """
    graph = filters.graph
    reason = graph.constant(0, np.int64)
    for measure, low, high in reversed(rules):  # the first one speaks last
        for bound, right in ((high, "LessOrEqual"), (low, "GreaterOrEqual")):
            if bound is not None:
                good = graph.op(right, values[measure], graph.constant(bound[0]))
                told = told_of_size(Reason(bound[1], 0, 0), size, usual)
                why = graph.constant(1 + REASONS.index(told.code), np.int64)
                reason = graph.op("Where", good, reason, why)
    return reason


def _facts(
    filters: Filters, overview: Name, size: tuple[int, int], usability: Usability
) -> dict[str, Name]:
    """As kenpin.judge.usability's `facts_of`."""
    graph = filters.graph

    def logarithm(value: Name) -> Name:
        return graph.op("Log", value)

    mean = graph.reduced("ReduceMean", overview)
    apart = graph.op("Sub", overview, mean)
    variance = graph.reduced("ReduceMean", graph.op("Mul", apart, apart))
    darkest = graph.constant(DARKEST)
    bright = graph.op("Max", mean, darkest)
    spread = graph.op("Max", graph.op("Sqrt", variance), darkest)
    white = graph.op("GreaterOrEqual", overview, graph.constant(WHITE))
    fine = filters.curvature(filters.blurred(overview, size, NOISE), size)
    detail = graph.reduced("ReduceMean", graph.op("Mul", fine, fine))
    return {
        "contrast": logarithm(graph.op("Div", spread, bright)),
        "brightness": logarithm(bright),
        "saturated": graph.reduced("ReduceMean", graph.cast(white, np.float32)),
        "focus": logarithm(
            graph.op(
                "Div",
                graph.op("Add", detail, graph.constant(1e-9)),
                graph.op("Add", variance, graph.constant(1e-6)),
            )
        ),
        "likeness": _likeness(filters, overview, size, usability),
    }


def _likeness(
    filters: Filters, overview: Name, size: tuple[int, int], usability: Usability
) -> Name:
    graph = filters.graph
    small = graph.cast(filters.averaged(overview, size, small_size(size)), np.float16)
    own = graph.shaped(graph.cast(small, np.float32), 1, -1)
    own = graph.op("Sub", own, graph.reduced("ReduceMean", own))
    others = usability.references.reshape(len(usability.references), -1)
    others = others - others.mean(axis=1, keepdims=True)
    length = graph.op("Sqrt", graph.reduced("ReduceSum", graph.op("Mul", own, own)))
    sizes = graph.op("Mul", length, graph.constant(np.linalg.norm(others, axis=1)[None]))
    alike = graph.op("MatMul", own, graph.constant(others.T))
    alike = graph.op("Div", alike, graph.op("Max", sizes, graph.constant(1e-6)))
    return graph.reduced("ReduceMax", alike)
