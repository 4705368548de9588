"""The difference in a graph: what kenpin.judge makes of a picture and its residual."""

import cv2
import numpy as np

from kenpin.exports.filters import Filters
from kenpin.exports.graph import Name
from kenpin.exports.models import parted
from kenpin.judge import SCALES, SSIM_FLOORS, Exchange, GoodVariation, Measure, neighbourhood

_Size = tuple[int, int]


def spread_over(filters: Filters, difference: Name, size: _Size, target: _Size) -> Name:
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


def difference_map(
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
    """As `Measure.map` of the kind "eyes": (1, h * side, w * side)."""
    graph, packing, variation = filters.graph, measure.packing, measure.variation
    if measure.exchange is None or variation is None:
        raise TypeError("two eyes need an exchange and the variation of good parts")
    grid, side = (shape[0], shape[1]), packing.side
    size = (side * grid[0], side * grid[1])
    parts = parted(filters, rest, shape, packing)
    counted = graph.constant(measure.counted(size))
    small = graph.op("Transpose", parts.pixels, perm=[2, 0, 1])
    small = graph.op("Mul", small, counted) if measure.ignored is not None else small
    pixels = _in_units(filters, variation, small, size)
    if measure.ignored is not None:
        pixels = graph.op("Mul", pixels, counted)
    found = [_seen_large(filters, measure, parts.features, grid, size)]
    if measure.finer is not None and parts.finer is not None:
        finer = _seen_large(filters, measure, parts.finer, packing.finest(grid), size)
        found.append(_brought(filters, measure.finer, finer))
    return graph.op("Max", *found, _brought(filters, measure.exchange, pixels))


def _brought(filters: Filters, exchange: Exchange, difference: Name) -> Name:
    """As `Exchange.brought`."""
    graph = filters.graph
    worth = graph.op("Pow", difference, graph.constant(exchange.power))
    return graph.op("Mul", worth, graph.constant(exchange.factor))


def _seen_large(
    filters: Filters, measure: Measure, residual: Name, grid: _Size, size: _Size
) -> Name:
    """The squares of features (h, w, D), as large as `size`, the largest still as large."""
    graph = filters.graph
    inside = graph.constant(measure.counted(grid)[None]) if measure.ignored is not None else None
    seen = graph.op("Transpose", residual, perm=[2, 0, 1])
    seen = graph.op("Mul", seen, inside) if inside else seen
    features = graph.reduced("ReduceMean", graph.op("Mul", seen, seen), 0, keep=True)
    if measure.smoothing:
        sigma = measure.smoothing * max(grid)
        features = filters.blurred(features, grid, sigma, cv2.BORDER_REFLECT)
    features = graph.op("Max", features, graph.constant(0))
    features = graph.op("Mul", features, inside) if inside else features
    return spread_over(filters, features, grid, size)


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
