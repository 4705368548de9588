"""What OpenCV does to pictures, as products with matrices.

Blurs and resizings treat rows and columns alike and one after the other, so each is two products.
The matrices are asked of OpenCV itself: it is shown one bright column after the other. That leaves
no formula of it to be written here again, and the export's self-test says if it was ever wrong.
"""

from collections.abc import Callable
from functools import reduce
from math import gcd
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.exports.graph import Graph, Name
from kenpin.judge import structural_window
from kenpin.types import Floats

_RED, _GREEN, _BLUE, _ONE = 9798, 19235, 3735, 32768  # OpenCV's shares of grey

_STEPS = 2048
_SAME = 1e-7  # weights that differ by less were meant to be the same


class Filters:
    """Blurs and resizings of (C, h, w) values in a graph; wide: of pictures with 16 bits."""

    def __init__(self, graph: Graph, wide: bool = False) -> None:
        self.graph = graph
        self.wide = wide

    def grey(self, colour: Name) -> Name:
        """(3, H, W) whole numbers, red green blue -> (1, H, W), rounded as OpenCV does."""
        graph, kind = self.graph, np.float64  # what 16 bits give is too much for float32
        shares = graph.constant(np.reshape([_RED, _GREEN, _BLUE], (3, 1, 1)), kind)
        total = graph.op("Mul", graph.cast(colour, kind), shares)
        total = graph.reduced("ReduceSum", total, 0, keep=True)
        half = graph.op("Add", total, graph.constant(_ONE // 2, kind))
        grey = graph.op("Floor", graph.op("Div", half, graph.constant(_ONE, kind)))
        return graph.cast(grey, np.float32)

    def resized(self, value: Name, before: tuple[int, int], after: tuple[int, int]) -> Name:
        """As kenpin.prepare's `resize` of pictures: (C, h, w) of whole numbers to such."""
        if before == after:
            return value
        smaller = before[0] * before[1] > after[0] * after[1]
        if not smaller or any(b < a for b, a in zip(before, after, strict=True)):
            return self._enlarged_whole(value, before, after, by_area=smaller)
        if before[0] % after[0] == before[1] % after[1] == 0:
            return self._reduced_by_whole_steps(value, before, after)
        return self._reduced_whole(value, before, after)

    def _reduced_by_whole_steps(
        self, value: Name, before: tuple[int, int], after: tuple[int, int]
    ) -> Name:
        """As OpenCV adds up so many pixels by so many, and divides once."""
        graph, (h, w) = self.graph, after
        down, right = before[0] // h, before[1] // w
        total = graph.shaped(value, -1, h, down, w, right)
        total = graph.reduced("ReduceSum", total, 2, 4)
        mean = graph.op("Mul", total, graph.constant(np.float32(1) / np.float32(down * right)))
        if (down, right) == (2, 2):  # halves go up, else to the even number
            return graph.op("Floor", graph.op("Add", mean, graph.constant(0.5)))
        return graph.op("Round", mean)

    def _reduced_whole(self, value: Name, before: tuple[int, int], after: tuple[int, int]) -> Name:
        """As OpenCV adds up shares of pixels, one after the other.

        A product of matrices adds in another order, and halves would be rounded to the other side.
        """
        graph = self.graph
        down, across = self._matrices(before, after, cv2.INTER_AREA)
        for axis, rows, shape in ((1, across, (1, -1)), (0, down, (-1, 1))):
            places = [np.flatnonzero(row) for row in rows]
            shares = []
            for tap in range(max(len(one) for one in places)):
                index = np.array([one[min(tap, len(one) - 1)] for one in places])
                weight = np.array(
                    [
                        row[one[tap]] if tap < len(one) else 0
                        for row, one in zip(rows, places, strict=True)
                    ]
                )
                taken = graph.op("Gather", value, graph.constant(index, np.int64), axis=axis + 1)
                shares.append(graph.op("Mul", taken, graph.constant(weight.reshape(shape))))
            value = reduce(lambda total, share: graph.op("Add", total, share), shares)
        return graph.op("Round", value)

    def _enlarged_whole(
        self, value: Name, before: tuple[int, int], after: tuple[int, int], by_area: bool
    ) -> Name:
        """As OpenCV enlarges whole numbers: in steps of 1/2048, cutting off what is finer.

        by_area: as it does when asked for areas although one side grows.
        """
        graph = self.graph
        if self.wide:
            return self._enlarged_wide(value, before, after, by_area)

        def of(axis: int, one: Name, kind: Any) -> tuple[Name, Name]:
            """What is taken of the places before and after each new one."""
            places, share = _between(before[axis], after[axis], by_area)
            if axis == 1:  # back to the first and last place in columns, but not in rows
                share[(places < 0) | (places >= before[1] - 1)] = 0
                places = np.clip(places, 0, before[1] - 1)
            shape = (-1, 1) if axis == 0 else (1, -1)
            weights = (np.rint(_STEPS * (1 - share)), np.rint(_STEPS * share))
            sides = (places, places + 1)
            found = []
            for place, weight in zip(sides, weights, strict=True):
                index = graph.constant(np.clip(place, 0, before[axis] - 1), np.int64)
                taken = graph.cast(graph.op("Gather", one, index, axis=axis + 1), kind)
                found.append(graph.op("Mul", taken, graph.constant(weight.reshape(shape), kind)))
            return found[0], found[1]

        def cut(number: Name, divisor: float, kind: Any) -> Name:
            return graph.op("Floor", graph.op("Div", number, graph.constant(divisor, kind)))

        across = cut(graph.op("Add", *of(1, value, np.float32)), 16, np.float32)
        upper, lower = (cut(one, 65536, np.float64) for one in of(0, across, np.float64))
        total = graph.op("Add", graph.op("Add", upper, lower), graph.constant(2, np.float64))
        return graph.cast(cut(total, 4, np.float64), np.float32)

    def _enlarged_wide(
        self, value: Name, before: tuple[int, int], after: tuple[int, int], by_area: bool
    ) -> Name:
        """As OpenCV enlarges 16 bits: first along the rows, each step rounded once only."""
        graph = self.graph
        for axis in (1, 0):
            places, share = _between(before[axis], after[axis], by_area, np.float64)
            share[(places < 0) | (places >= before[axis] - 1)] = 0
            sides = (np.clip(one, 0, before[axis] - 1) for one in (places, places + 1))
            low, high = (
                graph.op("Gather", value, graph.constant(side, np.int64), axis=axis + 1)
                for side in sides
            )
            apart = graph.cast(graph.op("Sub", high, low), np.float64)
            shape = (-1, 1) if axis == 0 else (1, -1)
            exact = share.astype(np.float32).astype(np.float64).reshape(shape)
            step = graph.op("Mul", apart, graph.constant(exact, np.float64))
            total = graph.op("Add", graph.cast(low, np.float64), step)
            value = graph.cast(total, np.float32)
        return graph.op("Round", value)

    def enlarged(self, value: Name, before: tuple[int, int], after: tuple[int, int]) -> Name:
        """(C, h, w) of any numbers to another size, between the places linearly."""
        return value if before == after else self._scaled(value, before, after, cv2.INTER_LINEAR)

    def averaged(self, value: Name, before: tuple[int, int], after: tuple[int, int]) -> Name:
        """(C, h, w) of any numbers to a smaller size, by areas."""
        return value if before == after else self._scaled(value, before, after, cv2.INTER_AREA)

    def blurred(
        self, value: Name, size: tuple[int, int], sigma: float, border: int = cv2.BORDER_DEFAULT
    ) -> Name:
        """(C, h, w), by a Gaussian of this deviation in places; border: as OpenCV calls it."""

        def act(line: Floats) -> Any:
            return cv2.GaussianBlur(line, (0, 0), sigma, borderType=border)

        rows, columns = (_matrix(side, act) for side in size)
        return self._product(value, rows, columns, size)

    def boxed(self, value: Name, size: tuple[int, int], window: tuple[int, int]) -> Name:
        """The mean over a window (height, width) around each place, in double precision."""

        def of(side: int) -> NDArray[np.float64]:
            def act(line: Floats) -> Any:
                return cv2.blur(line, (window[side], 1), borderType=cv2.BORDER_REFLECT)

            counts = np.rint(window[side] * _matrix(size[side], act).astype(np.float64))
            return np.asarray(counts / window[side])

        return self._product(value, of(0), of(1), size, np.float64)

    def windowed(self, value: Name, size: tuple[int, int]) -> Name:
        """The window of the structural similarity, in double precision."""

        def act(line: Floats) -> Any:
            return structural_window(line.astype(np.float64)[..., None])

        rows, columns = (_matrix(side, act, np.float64) for side in size)
        return self._product(value, rows, columns, size, np.float64)

    def curvature(self, value: Name, size: tuple[int, int]) -> Name:
        """As OpenCV's Laplacian: of the columns and of the rows together."""

        def act(line: Floats) -> Any:
            return cv2.Laplacian(line, cv2.CV_32F)

        rows, columns = (_matrix(side, act) for side in size)
        graph = self.graph
        across = graph.op("MatMul", value, graph.constant(columns.T))
        return graph.op("Add", across, graph.op("MatMul", graph.constant(rows), value))

    def _scaled(
        self, value: Name, before: tuple[int, int], after: tuple[int, int], method: int
    ) -> Name:
        return self._product(value, *self._matrices(before, after, method), before)

    def _matrices(
        self, before: tuple[int, int], after: tuple[int, int], method: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """For the rows and for the columns."""

        # OpenCV takes another way when either side grows: the other side is shown to do the same.
        def of(side: int) -> NDArray[np.float32]:
            other = before[1 - side], after[1 - side]
            thick, thin = (2, 1) if other[0] > other[1] else (1, 2 if other[0] < other[1] else 1)

            def act(line: Floats) -> Any:
                tall = np.repeat(line, thick, axis=0)
                return cv2.resize(tall, (after[side], thin), interpolation=method)[:1]

            return _matrix(before[side], act)

        return of(0), of(1)

    def _product(
        self,
        value: Name,
        rows: NDArray[Any],
        columns: NDArray[Any],
        size: tuple[int, int],
        kind: Any = np.float32,
    ) -> Name:
        """rows (h', h) @ value (C, h, w) @ columns' (w, w')."""
        graph = self.graph
        (h, w), (height, width) = (rows.shape[0], columns.shape[0]), size
        # What repeats is multiplied block by block: a picture of 2048 pixels that becomes 192
        # needs 3 products for each of its pixels, and not 192.
        down, right = _block(rows), _block(columns)
        n, m = height // down.shape[1], width // right.shape[1]
        across = graph.shaped(value, -1, height, m, right.shape[1])
        across = graph.op("MatMul", across, graph.constant(right.T, kind))
        upright = graph.shaped(across, -1, n, down.shape[1], w)
        return graph.shaped(graph.op("MatMul", graph.constant(down, kind), upright), -1, h, w)


def _between(
    before: int, after: int, by_area: bool, kind: Any = np.float32
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each of `after` places the one of `before` that lies before it, and how far beyond.

    kind: in which OpenCV reckons the place, for 8 bits or for 16.
    """
    new = np.arange(after)
    if by_area:
        places = np.floor(new * (before / after)).astype(np.intp)
        beyond = np.asarray((new + 1) - (places + 1) * (after / before), np.float32)
        return places, np.where(beyond <= 0, 0, beyond - np.floor(beyond)).astype(np.float32)
    there = np.asarray((new + 0.5) * (before / after) - 0.5, kind)
    places = np.floor(there).astype(np.intp)
    return places, np.asarray(there - places, np.float32)


def _matrix(side: int, act: Callable[[Floats], Any], kind: Any = np.float32) -> NDArray[Any]:
    """(after, side): column j is what becomes of a line (1, side) that is bright at j only."""
    lines = np.eye(side, dtype=np.float32)
    return np.stack([np.asarray(act(line[None]), kind).ravel() for line in lines], axis=1)


def _block(matrix: NDArray[Any]) -> NDArray[Any]:
    """The smallest block that, repeated along the diagonal, is the whole matrix."""
    after, before = matrix.shape
    for count in range(gcd(after, before), 1, -1):
        if after % count or before % count:
            continue
        block = matrix[: after // count, : before // count]
        if np.allclose(np.kron(np.eye(count), block), matrix, rtol=0, atol=_SAME):
            return np.asarray(block)
    return matrix
