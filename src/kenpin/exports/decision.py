"""Difference, score and verdict in a graph: what kenpin.inspection does after the model."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from kenpin.exports.difference import difference_map, spread_over
from kenpin.exports.filters import Filters
from kenpin.exports.graph import Graph, Name
from kenpin.exports.models import residual, residual_shape
from kenpin.exports.preparation import Inputs, inputs_of
from kenpin.judge import (
    GRID,
    LEAST,
    LEAST_SCORE,
    SHARES,
    SMOOTHINGS,
    TOP_SHARE,
    Calibration,
    Svm,
)
from kenpin.part import Bundle, LabelJudge
from kenpin.statistics import Tail
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
        ranked = graph.op("Div", more, graph.constant(calibration.count + 1, np.float64))
        chances.append(_in_tail(graph, calibration.tail, score, ranked))
    return graph.op("Gather", graph.stacked(chances), number)


def _in_tail(graph: Graph, tail: Tail | None, score: Name, ranked: Name) -> Name:
    """As `Tail.above` where the tail reaches, else what the ranks say."""
    if tail is None or tail.index == 0:
        return ranked
    beyond = graph.op("Div", score, graph.constant(tail.start, np.float64))
    power = graph.op("Pow", beyond, graph.constant(-1 / tail.index, np.float64))
    above = graph.op("Mul", power, graph.constant(tail.share, np.float64))
    there = graph.op("GreaterOrEqual", score, graph.constant(tail.least, np.float64))
    return graph.op("Where", there, above, ranked)


# --- one label ---------------------------------------------------------------------------------


def _view(filters: Filters, bundle: Bundle, found: Inputs, number: int) -> tuple[Name, Name]:
    """The score (float64) under a label, and the difference of each window for people."""
    graph, part, count = filters.graph, bundle.parts[number], len(found.windows)
    shape, measures = bundle.input_shape, part.measures
    apart = residual_shape(bundle.model, shape)
    maps = []
    for window, measure in enumerate(measures):
        told = number * count + window
        rest = residual(filters, bundle.model, found.windows[window], shape, told)
        maps.append(difference_map(filters, measure, found.windows[window], rest, apart))
    side = measures[0].packing.side if bundle.recipe.difference == "eyes" else 1
    size = (side * shape[0], side * shape[1])
    worst = _worst(filters, bundle, part, maps, size)
    shown = bundle.preparation.shape[:2]
    spread = [spread_over(filters, one, size, (shown[0], shown[1])) for one in maps]
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
