"""What the models make of a picture, in a graph."""

from typing import Any

import numpy as np

from kenpin.exports.filters import Filters
from kenpin.exports.graph import Name
from kenpin.exports.preparation import rt_numbers
from kenpin.models import GRAPH, Feature, Mt, Network, Pca, Rt

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
    if isinstance(model, Pca):
        return graph.op("Sub", seen, _rebuilt(filters, model, seen, shape))
    if isinstance(model, Feature):
        return _of_features(filters, model, seen, shape)
    if isinstance(model, Mt):
        return _whitened(filters, model, seen, shape)
    if isinstance(model, Rt):
        return _around_pixels(filters, model, seen)
    raise TypeError(f"no graph can be made of {type(model).__name__}")


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


def _around_pixels(filters: Filters, model: Rt, seen: Name) -> Name:
    graph = filters.graph
    value = graph.op("Transpose", seen, perm=[2, 0, 1])
    numbers = rt_numbers(filters, value, model.mean, (model.window, model.window))
    apart = graph.op("Transpose", numbers, perm=[1, 2, 0])
    apart = graph.op("Sub", apart, graph.constant(model.centre))
    columns = graph.op("Unsqueeze", apart, graph.constant([3], np.int64))
    white = graph.op("MatMul", graph.constant(model.whitening), columns)
    return graph.op("Squeeze", white, graph.constant([3], np.int64))
