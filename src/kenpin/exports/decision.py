"""Difference, score and verdict in a graph: what kenpin.inspection does after the model."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from kenpin.exports.filters import Filters
from kenpin.exports.graph import END, Name
from kenpin.exports.models import residual, whole_pictures
from kenpin.exports.preparation import Inputs, inputs_of
from kenpin.judge import (
    GRID,
    LEAST,
    LEAST_SCORE,
    SCALES,
    SHARES,
    SMOOTHINGS,
    SSIM_FLOORS,
    TOP_SHARE,
    Calibration,
    GoodVariation,
    Measure,
    Svm,
    neighbourhood,
)
from kenpin.part import Bundle, LabelJudge
from kenpin.statistics import IN_SQUARE, PIXELS
from kenpin.types import Outcome

_OUTCOMES = tuple(Outcome)
_OK, _NG, _WRONG, _UNUSABLE, _REVIEW = (
    _OUTCOMES.index(outcome)
    for outcome in (
        Outcome.OK,
        Outcome.NG,
        Outcome.WRONG_PART,
        Outcome.UNUSABLE,
        Outcome.REVIEW,
    )
)

_FAR = 1e6  # more than any two logarithms of scores differ by

_Size = tuple[int, int]


@dataclass(frozen=True)
class Decided:
    """All of the label that it is judged as. difference: (K, h, w); the others are numbers."""

    score: Name
    limit: Name
    p_value: Name
    difference: Name
    verdict: Name
    unusable: Name
    label: Name


def decide(
    filters: Filters,
    bundle: Bundle,
    picture: Name,
    size: _Size,
    channels: int,
    expected: Name | None,
) -> Decided:
    """The verdict on a picture (H, W, C). expected: int64, the label's number or -1."""
    graph = filters.graph
    found = inputs_of(
        filters, picture, size, channels, bundle.preparation, bundle.usability, bundle.encoder
    )
    views = [_view(filters, bundle, found, number) for number in range(len(bundle.parts))]
    scores = graph.stacked([score for score, _ in views])
    calibrations = [part.calibration for part in bundle.parts if part.calibration is not None]
    alike = number = graph.constant(0, np.int64)
    each = _as_each(filters, calibrations, scores)
    if len(views) > 1:
        least = graph.constant(LEAST_SCORE, np.float64)
        likeness = graph.op("Log", graph.op("Max", scores, least))
        each = _by_margin(filters, calibrations, likeness, scores, each)
        number = _best(filters, each, likeness)
        alike = number
        if expected is not None:
            told = graph.op("GreaterOrEqual", expected, graph.constant(0, np.int64))
            nearest = graph.op("ArgMin", likeness, axis=0, keepdims=0)
            alike = graph.op("Where", told, nearest, number)
            number = graph.op("Where", told, expected, number)
    limits = graph.constant([c.limit for c in calibrations], np.float64)
    score, limit = graph.op("Gather", scores, number), graph.op("Gather", limits, number)
    verdict = graph.op("Gather", each, number)
    unusable = _is_unusable(filters, found, verdict)
    none = graph.constant(0, np.int64)
    return Decided(
        score=score,
        limit=limit,
        p_value=_p_value(filters, calibrations, score, number),
        difference=graph.op("Gather", graph.stacked([maps for _, maps in views]), number),
        verdict=graph.op("Where", unusable, graph.constant(_UNUSABLE, np.int64), verdict),
        unusable=graph.op("Where", unusable, found.reason, none),
        label=alike,
    )


def _is_unusable(filters: Filters, found: Inputs, verdict: Name) -> Name:
    """Where the picture is beyond the outer bounds, or unusual and its part is rejected."""
    graph = filters.graph
    none, ok, review = (graph.constant(code, np.int64) for code in (0, _OK, _REVIEW))
    passed = graph.op("Or", graph.op("Equal", verdict, ok), graph.op("Equal", verdict, review))
    unusual = graph.op("Not", graph.op("Equal", found.reason, none))
    beyond = graph.op("Not", graph.op("Equal", found.beyond, none))
    return graph.op("Or", beyond, graph.op("And", unusual, graph.op("Not", passed)))


def _as_each(filters: Filters, calibrations: list[Calibration], scores: Name) -> Name:
    """(L,) the verdict on the score as each label."""
    graph = filters.graph
    limits = graph.constant([c.limit for c in calibrations], np.float64)
    passed = _when_within(filters, [c.review_limit for c in calibrations], scores)
    ng = graph.constant(_NG, np.int64)
    return graph.op("Where", graph.op("LessOrEqual", scores, limits), passed, ng)


def _when_within(filters: Filters, doubtful: list[float | None], values: Name) -> Name:
    """OK, or REVIEW above a label's doubtful value where there are such."""
    graph = filters.graph
    ok = graph.constant(_OK, np.int64)
    if None in doubtful:
        return ok
    most = graph.constant(doubtful, np.float64)
    review = graph.constant(_REVIEW, np.int64)
    return graph.op("Where", graph.op("LessOrEqual", values, most), ok, review)


def _by_margin(
    filters: Filters, calibrations: list[Calibration], likeness: Name, scores: Name, each: Name
) -> Name:
    """(L,) as `Inspector` decides as each label, where there are several."""
    graph = filters.graph
    count = len(calibrations)
    places = graph.constant(np.arange(count), np.int64)
    itself = graph.constant(np.where(np.eye(count, dtype=bool), np.inf, 0.0), np.float64)
    others = graph.reduced("ReduceMin", graph.op("Add", itself, likeness), 1)
    margins = graph.op("Sub", likeness, others)
    most = graph.constant([c.margin_limit for c in calibrations], np.float64)
    alike = graph.op("ArgMin", likeness, axis=0, keepdims=0)
    limits = graph.constant([c.limit for c in calibrations], np.float64)
    other_fits = graph.op("Gather", graph.op("LessOrEqual", scores, limits), alike)
    another = graph.op("Not", graph.op("Equal", alike, places))
    wrong, ng = (graph.constant(code, np.int64) for code in (_WRONG, _NG))
    beyond = graph.op("Where", graph.op("And", another, other_fits), wrong, ng)
    doubtful = _when_within(filters, [c.review_margin_limit for c in calibrations], margins)
    fine = graph.op("Equal", each, graph.constant(_OK, np.int64))
    within = graph.op("LessOrEqual", margins, most)
    return graph.op("Where", within, graph.op("Where", fine, doubtful, each), beyond)


def _best(filters: Filters, each: Name, likeness: Name) -> Name:
    """As which label a part is judged that was told none: OK, else REVIEW, else the nearest."""
    graph = filters.graph
    behind = graph.constant(2 * _FAR, np.float64)
    for outcome, place in ((_REVIEW, _FAR), (_OK, 0.0)):
        there = graph.op("Equal", each, graph.constant(outcome, np.int64))
        behind = graph.op("Where", there, graph.constant(place, np.float64), behind)
    return graph.op("ArgMin", graph.op("Add", behind, likeness), axis=0, keepdims=0)


def _p_value(filters: Filters, calibrations: list[Calibration], score: Name, number: Name) -> Name:
    graph = filters.graph
    chances = []
    for calibration in calibrations:
        held_out = graph.constant(calibration.scores, np.float64)
        above = graph.cast(graph.op("GreaterOrEqual", held_out, score), np.float64)
        count = graph.reduced("ReduceSum", above)
        more = graph.op("Add", count, graph.constant(1, np.float64))
        chances.append(graph.op("Div", more, graph.constant(calibration.count + 1, np.float64)))
    return graph.op("Gather", graph.stacked(chances), number)


# --- one label ---------------------------------------------------------------------------------


def _view(filters: Filters, bundle: Bundle, found: Inputs, number: int) -> tuple[Name, Name]:
    """The score (float64) under a label, and the difference of each window for people."""
    graph, part, count = filters.graph, bundle.parts[number], len(found.windows)
    shape = bundle.input_shape
    maps = []
    for window, measure in enumerate(part.measures):
        told = number * count + window
        rest = residual(filters, bundle.model, found.windows[window], shape, told)
        maps.append(_map(filters, measure, found.windows[window], rest, shape))
    side = PIXELS if bundle.recipe.difference == "eyes" else 1
    size = (side * shape[0], side * shape[1])
    worst = _worst(filters, bundle, part, maps, size)
    shown = bundle.preparation.shape[:2]
    spread = [_spread_over(filters, one, size, (shown[0], shown[1])) for one in maps]
    ignored = bundle.preparation.ignored
    together = graph.op("Concat", *spread, axis=0)
    if bundle.encoder is not None and ignored is not None:
        together = graph.op("Mul", together, graph.constant(~ignored))
    return worst, together


def _worst(
    filters: Filters, bundle: Bundle, part: LabelJudge, maps: list[Name], size: _Size
) -> Name:
    graph = filters.graph
    if part.svm is not None:
        return _by_machine(filters, part.svm, maps, size)
    how: Any = bundle.recipe.score
    scores = graph.stacked([_score(filters, one, size, how) for one in maps])
    return graph.reduced("ReduceMax", scores)


def _score(filters: Filters, difference: Name, size: _Size, how: str) -> Name:
    """As kenpin.judge.scoring's `score`, float64."""
    graph = filters.graph
    if how == "max":
        return graph.cast(graph.reduced("ReduceMax", difference), np.float64)
    if how == "mean":
        return graph.reduced("ReduceMean", graph.cast(difference, np.float64))
    count = max(1, round(TOP_SHARE * size[0] * size[1]))
    return _mean_of_largest(filters, graph.shaped(difference, -1), count)


def _mean_of_largest(filters: Filters, values: Name, count: int) -> Name:
    graph = filters.graph
    largest = graph.op("TopK", values, graph.constant([count], np.int64))
    return graph.reduced("ReduceMean", graph.cast(largest, np.float64))


def _spread_over(filters: Filters, difference: Name, size: _Size, target: _Size) -> Name:
    """As kenpin.judge.scoring's `spread_over`, (1, h, w)."""
    if size == target:
        return difference
    graph = filters.graph
    spread = filters.enlarged(difference, size, target)
    largest = graph.reduced("ReduceMax", spread)
    peak = graph.reduced("ReduceMax", difference)
    nothing = graph.op("Not", graph.op("Greater", largest, graph.constant(0)))
    one = graph.constant(1)
    factor = graph.op("Div", peak, graph.op("Where", nothing, one, largest))
    return graph.op("Mul", spread, graph.op("Where", nothing, one, factor))


def _by_machine(filters: Filters, machine: Svm, maps: list[Name], size: _Size) -> Name:
    """As kenpin.judge.ng_judge's `Svm.value`, float64."""
    graph = filters.graph
    features = graph.op("Concat", *(_features(filters, one, size) for one in maps), axis=0)
    z = graph.op("Sub", graph.cast(features, np.float32), graph.constant(machine.centre))
    z = graph.op("Div", z, graph.constant(machine.spread))
    apart = graph.op("Sub", z, graph.constant(machine.support))
    apart = graph.cast(graph.op("Mul", apart, apart), np.float64)
    distance = graph.reduced("ReduceSum", apart, 1)
    near = graph.op("Exp", graph.op("Mul", distance, graph.constant(-machine.gamma, np.float64)))
    weighed = graph.op("Mul", near, graph.constant(machine.weights, np.float64))
    total = graph.reduced("ReduceSum", weighed)
    return graph.op("Add", total, graph.constant(machine.intercept, np.float64))


def _features(filters: Filters, difference: Name, size: _Size) -> Name:
    """As kenpin.judge.ng_judge's `features` of one window, (d,) float64."""
    graph, pixels = filters.graph, size[0] * size[1]
    values = []
    for smoothing in SMOOTHINGS:
        smooth = difference
        if smoothing:
            sigma = max(0.5, smoothing * max(size))
            smooth = filters.blurred(difference, size, sigma, cv2.BORDER_REFLECT)
        flat = graph.shaped(smooth, -1)
        counts = [1, *(max(1, round(share * pixels)) for share in SHARES), pixels]
        values += [_mean_of_largest(filters, flat, count) for count in counts]
    for rows in np.array_split(np.arange(size[0]), GRID):
        band = graph.sliced(difference, 1, int(rows[0]), int(rows[-1]) + 1)
        for columns in np.array_split(np.arange(size[1]), GRID):
            field = graph.sliced(band, 2, int(columns[0]), int(columns[-1]) + 1)
            values.append(graph.cast(graph.reduced("ReduceMax", field), np.float64))
    least = graph.constant(LEAST, np.float64)
    return graph.op("Log", graph.op("Max", graph.stacked(values), least))


# --- the difference ----------------------------------------------------------------------------


def _map(
    filters: Filters, measure: Measure, picture: Name, rest: Name, shape: tuple[int, int, int]
) -> Name:
    """As `Measure.map`: (h, w, C) picture and (h, w, D) residual -> (1, h, w)."""
    graph, size = filters.graph, (shape[0], shape[1])
    if measure.exchange is not None:
        return _of_two_eyes(filters, measure, rest, shape)
    if measure.ignored is not None:
        rest = graph.op("Mul", rest, graph.constant(~measure.ignored[..., None]))
    value = graph.op("Transpose", rest, perm=[2, 0, 1])
    if measure.variation is not None:
        found = _in_units(filters, measure.variation, value, size)
    elif measure.kind == "ssim":
        rebuilt = graph.op("Sub", picture, rest)
        found = _unlike(filters, picture, rebuilt, size)
    else:
        apart = graph.op("Abs", value) if measure.kind == "l1" else graph.op("Mul", value, value)
        found = graph.reduced("ReduceMean", apart, 0, keep=True)
    if measure.smoothing:
        sigma = measure.smoothing * max(size)
        found = filters.blurred(found, size, sigma, cv2.BORDER_REFLECT)
    found = graph.op("Max", found, graph.constant(0))
    if measure.ignored is not None:
        found = graph.op("Mul", found, graph.constant(~measure.ignored[None]))
    return found


def _of_two_eyes(
    filters: Filters, measure: Measure, rest: Name, shape: tuple[int, int, int]
) -> Name:
    """As `Measure.map` of the kind "eyes": (1, h * PIXELS, w * PIXELS)."""
    graph, grid = filters.graph, (shape[0], shape[1])
    exchange, variation = measure.exchange, measure.variation
    if exchange is None or variation is None:
        raise TypeError("two eyes need an exchange and the variation of good parts")
    size = (PIXELS * grid[0], PIXELS * grid[1])
    if measure.ignored is not None:
        rest = graph.op("Mul", rest, graph.constant(~measure.ignored[..., None]))
    seen = graph.op("Transpose", graph.sliced(rest, 2, 0, -IN_SQUARE), perm=[2, 0, 1])
    features = graph.reduced("ReduceMean", graph.op("Mul", seen, seen), 0, keep=True)
    if measure.smoothing:
        sigma = measure.smoothing * max(grid)
        features = filters.blurred(features, grid, sigma, cv2.BORDER_REFLECT)
    features = graph.op("Max", features, graph.constant(0))
    small = whole_pictures(filters, graph.sliced(rest, 2, -IN_SQUARE, END), grid)
    pixels = _in_units(filters, variation, small, size)
    if measure.ignored is not None:
        counted = ~measure.ignored
        features = graph.op("Mul", features, graph.constant(counted[None]))
        inside = np.kron(counted, np.ones((PIXELS, PIXELS), bool))
        pixels = graph.op("Mul", pixels, graph.constant(inside[None]))
    features = filters.enlarged(features, grid, size)
    worth = graph.op("Pow", pixels, graph.constant(exchange.power))
    return graph.op("Max", features, graph.op("Mul", worth, graph.constant(exchange.factor)))


def _in_units(filters: Filters, variation: GoodVariation, value: Name, size: _Size) -> Name:
    graph = filters.graph
    maps = []
    for scale, spread, weight in zip(SCALES, variation.spreads, variation.weights, strict=True):
        sigma, coarse = neighbourhood(scale, size)
        average = filters.averaged(value, size, coarse)
        average = filters.blurred(average, coarse, sigma, cv2.BORDER_REPLICATE)
        relative = graph.op("Div", average, graph.constant(spread.transpose(2, 0, 1)))
        power = graph.reduced("ReduceMean", graph.op("Mul", relative, relative), 0, keep=True)
        found = filters.enlarged(graph.op("Sqrt", power), coarse, size)
        maps.append(graph.op("Mul", found, graph.constant(weight)))
    return graph.op("Max", *maps)


def _unlike(filters: Filters, one: Name, other: Name, size: _Size) -> Name:
    """(1 - structural similarity) / 2; in double precision like there."""
    graph = filters.graph
    x, y = (graph.op("Transpose", graph.cast(v, np.float64), perm=[2, 0, 1]) for v in (one, other))

    def mean(value: Name) -> Name:
        return filters.windowed(value, size)

    def times(a: Name, b: Name) -> Name:
        return graph.op("Mul", a, b)

    def twice(value: Name) -> Name:
        return graph.op("Add", value, value)

    c1, c2 = (graph.constant(floor, np.float64) for floor in SSIM_FLOORS)
    mean_x, mean_y = mean(x), mean(y)
    squares = graph.op("Add", times(mean_x, mean_x), times(mean_y, mean_y))
    both = times(mean_x, mean_y)
    variances = graph.op("Sub", graph.op("Add", mean(times(x, x)), mean(times(y, y))), squares)
    covariance = graph.op("Sub", mean(times(x, y)), both)
    upper = times(graph.op("Add", twice(both), c1), graph.op("Add", twice(covariance), c2))
    lower = times(graph.op("Add", squares, c1), graph.op("Add", variances, c2))
    alike = graph.cast(graph.op("Div", upper, lower), np.float32)
    alike = graph.reduced("ReduceMean", alike, 0, keep=True)
    unlike = graph.op("Sub", graph.constant(1), alike)
    return graph.op("Div", unlike, graph.constant(2))
