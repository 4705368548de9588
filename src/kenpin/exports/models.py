"""What the models make of a picture, in a graph."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kenpin.exports.filters import Filters
from kenpin.exports.graph import Name
from kenpin.exports.preparation import rt_numbers
from kenpin.models import GRAPH, Both, Feature, Mt, Network, Pca, Rt
from kenpin.statistics import FINER, Packing

Shape = tuple[int, int, int]


def residual(filters: Filters, model: Any, seen: Name, shape: Shape, number: int) -> Name:
    """As kenpin.judge.difference's `compare`, of one picture (h, w, C): (h, w, D).

    number: of the label and window it is told.
    """
    graph = filters.graph
    if isinstance(model, Network):
        given = [graph.shaped(graph.op("Transpose", seen, perm=[2, 0, 1]), 1, shape[2], *shape[:2])]
        if model.labels:
            given.append(graph.constant(np.eye(model.labels)[[number]]))
        answer = graph.include(model.state().graphs[GRAPH], given)
        answer = graph.op("Transpose", graph.shaped(answer, shape[2], *shape[:2]), perm=[1, 2, 0])
        return graph.op("Sub", seen, answer)
    if hasattr(model, "models"):
        return residual(filters, model.models[number], seen, shape, 0)
    for kind, act in _ACTS.items():
        if isinstance(model, kind):
            return act(filters, model, seen, shape)
    raise TypeError(f"no graph can be made of {type(model).__name__}")


def residual_shape(model: Any, shape: Shape) -> Shape:
    """(h, w, D) of the residual of what has this shape, where D matters: of two eyes."""
    if hasattr(model, "models"):
        return residual_shape(model.models[0], shape)
    if not isinstance(model, Both):
        return shape
    packing = model.packing
    whitened = model.features.whitening.shape[1] * packing.sizes
    return (shape[0], shape[1], whitened + packing.in_square)


def _of_pixels(filters: Filters, model: Pca, seen: Name, shape: Shape) -> Name:
    return filters.graph.op("Sub", seen, _rebuilt(filters, model, seen, shape))


def _rebuilt(filters: Filters, model: Pca, seen: Name, shape: Shape) -> Name:
    graph = filters.graph
    mean = graph.constant(model.mean)
    components = graph.constant(model.components)
    flat = graph.shaped(graph.op("Sub", seen, mean), 1, -1)
    amounts = graph.op("Gemm", flat, components, transB=1)
    rebuilt = graph.shaped(graph.op("MatMul", amounts, components), *shape)
    return graph.op("Add", rebuilt, mean)


def _of_features(filters: Filters, model: Feature, seen: Name, shape: Shape) -> Name:
    graph = filters.graph
    white = graph.op("MatMul", seen, graph.constant(model.whitening))
    comparable = graph.op("Div", white, graph.constant(model.deviations))
    own = (shape[0], shape[1], model.whitening.shape[1])
    return graph.op("Sub", comparable, _rebuilt(filters, model.pca, comparable, own))


def _of_both(filters: Filters, model: Both, seen: Name, shape: Shape) -> Name:
    graph, packing, grid = filters.graph, model.packing, (shape[0], shape[1])
    parts = parted(filters, seen, shape, packing)
    own = (*grid, parts.channels)
    features = [_of_features(filters, model.features, parts.features, own)]
    if model.finer is not None and parts.finer is not None:
        finest = packing.finest(grid)
        finer = _of_features(filters, model.finer, parts.finer, (*finest, parts.channels))
        features.append(_packed(filters, finer, grid, FINER))
    whole = model.pixels.mean.shape
    apart = graph.op("Sub", parts.pixels, _rebuilt(filters, model.pixels, parts.pixels, whole))
    return graph.op("Concat", *features, _packed(filters, apart, grid, packing.side), axis=2)


@dataclass(frozen=True)
class Parts:
    """As kenpin.statistics' `Parts`, each (h, w, C). channels: of the features."""

    features: Name
    finer: Name | None
    pixels: Name
    channels: int


def parted(filters: Filters, packed: Name, shape: Shape, packing: Packing) -> Parts:
    """As `Packing.parted`, of one picture (h, w, C)."""
    graph, grid = filters.graph, (shape[0], shape[1])
    many = shape[2] - packing.in_square
    own = many // packing.sizes
    finer = None
    if packing.twice:
        finer = _unpacked(filters, graph.sliced(packed, 2, own, many), grid, FINER)
    pixels = _unpacked(filters, graph.sliced(packed, 2, many, shape[2]), grid, packing.side)
    return Parts(graph.sliced(packed, 2, 0, own), finer, pixels, own)


def _packed(filters: Filters, value: Name, grid: tuple[int, int], side: int) -> Name:
    """As `as_squares`, of one picture: (h * side, w * side, C) -> (h, w, side * side * C)."""
    graph, (height, width) = filters.graph, grid
    apart = graph.op("Transpose", graph.shaped(value, height, side, width, side, -1),
                     perm=[0, 2, 1, 3, 4])  # fmt: skip
    return graph.shaped(apart, height, width, -1)


def _unpacked(filters: Filters, squares: Name, grid: tuple[int, int], side: int) -> Name:
    """`_packed` undone."""
    graph, (height, width) = filters.graph, grid
    apart = graph.op("Transpose", graph.shaped(squares, height, width, side, side, -1),
                     perm=[0, 2, 1, 3, 4])  # fmt: skip
    return graph.shaped(apart, height * side, width * side, -1)


def _whitened(filters: Filters, model: Mt, seen: Name, shape: Shape) -> Name:
    graph, space = filters.graph, model.space
    flat = graph.op("Sub", graph.shaped(seen, 1, -1), graph.constant(space.mean[None]))
    z = graph.op("Div", flat, graph.constant(space.spread[None]))
    along, outside = space.factors()
    amounts = graph.op("Gemm", z, graph.constant(space.axes), transB=1)
    amounts = graph.op("Mul", amounts, graph.constant(along[None]))
    within = graph.op("MatMul", amounts, graph.constant(space.axes))
    white = graph.op("Add", within, graph.op("Mul", z, graph.constant(outside)))
    return graph.shaped(white, *shape)


def _around_pixels(filters: Filters, model: Rt, seen: Name, _: Shape) -> Name:
    graph = filters.graph
    value = graph.op("Transpose", seen, perm=[2, 0, 1])
    numbers = rt_numbers(filters, value, model.mean, (model.window, model.window))
    apart = graph.op("Transpose", numbers, perm=[1, 2, 0])
    apart = graph.op("Sub", apart, graph.constant(model.centre))
    columns = graph.op("Unsqueeze", apart, graph.constant([3], np.int64))
    white = graph.op("MatMul", graph.constant(model.whitening), columns)
    return graph.op("Squeeze", white, graph.constant([3], np.int64))


_ACTS: dict[type, Callable[[Filters, Any, Name, Shape], Name]] = {
    Pca: _of_pixels,
    Both: _of_both,
    Feature: _of_features,
    Mt: _whitened,
    Rt: _around_pixels,
}
