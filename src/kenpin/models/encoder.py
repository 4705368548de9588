"""The frozen network that turns a picture into features: what is where, in 152 numbers a place.

kenpin brings its own, trained in training/encoder and described in docs/encoder.md. It learns
nothing from the user's pictures.
"""

import copy
import hashlib
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np

from kenpin.errors import BundleError, KenpinError
from kenpin.statistics import COLOURS, FINER, Packing, as_squares
from kenpin.system import Graph
from kenpin.text import Notice
from kenpin.types import Floats

MULTIPLE = 32
"""Pixels of which the sides of a picture that goes into an encoder are multiples."""
STRIDE = 8
"""Pixels of a place of its features."""
_MOST_CELLS = 32
"""Of a side: a larger grid is halved, so that a picture twice the size gives as many places."""
_OWN = Path(__file__).parents[1] / "assets" / "encoder.onnx"
_SAME = frozenset({"5b3e19815f638f471a209cbc08375e31d31be4a2b941299a6c37249bcbb9bd8d"})
"""SHA-256 of files of it before, which gave the same features to the last bit, but slower."""


class Encoder:
    """A graph with (1, 3, h, w) float32 RGB in [0, 1] in, (1, D, h/8, w/8) float32 out.

    name: for people. own: whether it is the one in the package. pixels, packing: what is given
    beside the features, see `seeing`. Raises ValueError when the graph cannot be loaded or is not
    like that.
    """

    def __init__(self, graph: bytes, name: str, own: bool = False) -> None:
        self.graph = graph
        self.name = name
        self.own = own
        self.pixels = False
        self.packing = Packing()
        self.sha256 = hashlib.sha256(graph).hexdigest()
        self._graph = Graph(graph)
        if len(self._graph.shapes) != 1:
            raise ValueError(Notice("encoder_shape", name=name))
        self.channels = self._run(np.full((2 * MULTIPLE, MULTIPLE, 3), 0.5, np.float32)).shape[2]

    def seeing(self, twice: bool = False, pixels: bool = False) -> Self:
        """The same that also gives the features of the picture half as large, and small pixels.

        At each place of the coarsest grid it then gives all that is there, see `Packing`.
        """
        other = copy.copy(self)
        other.packing, other.pixels = Packing(twice), pixels
        return other

    @property
    def numbers(self) -> int:
        """How many it gives at each place: its channels, those of the finer places, the pixels."""
        own = int(self.channels) * self.packing.sizes
        return own + (self.packing.in_square if self.pixels else 0)

    @property
    def engine(self) -> str:
        """What ran it last."""
        return self._graph.engine

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """(h, w) of what it gives of a picture of this size."""
        height, width = self.rough_grid(size)
        while self._is_halved((height, width)):
            height, width = height // 2, width // 2
        return height, width

    def input_shapes(self, size: tuple[int, int]) -> tuple[tuple[int, int, int, int], ...]:
        """Of what its graph is given, one after the other, for a picture of this size."""
        height, width = self.input_size(size)
        return tuple((1, 3, height // step, width // step) for step in self._steps)

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The nearest size (h, w) that it can see, not smaller."""
        multiple = MULTIPLE * max(self._steps)
        height, width = (-(-side // multiple) * multiple for side in size)
        return height, width

    def rough_grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """As `grid`, before a large one is halved."""
        height, width = (side // STRIDE // max(self._steps) for side in self.input_size(size))
        return height, width

    def encode(self, pictures: Floats) -> Floats:
        """(N, h, w, C) float32 in [0, 1], C 1 or 3 -> (N, *grid, D) float32, D as `numbers`.

        Each picture is sent through for itself, so that its features do not depend on others.
        """
        grid = self.grid(pictures.shape[1:3])
        encoded = np.empty((len(pictures), *grid, self.numbers), np.float32)
        own = self.channels * self.packing.sizes
        for index, picture in enumerate(pictures):
            encoded[index, ..., :own] = self._features(picture)
            if self.pixels:
                encoded[index, ..., own:] = squares_of(picture, grid, self.packing.side)
        return encoded

    @property
    def _steps(self) -> tuple[int, ...]:
        """By how much the picture is made smaller before it is seen, the coarsest first."""
        return (FINER, 1) if self.packing.twice else (1,)

    def _is_halved(self, grid: tuple[int, ...]) -> bool:
        """Whether the finest grid is too large, where this is the coarsest."""
        return max(grid) * max(self._steps) > _MOST_CELLS and min(grid) > 1

    def _features(self, picture: Floats) -> Floats:
        """(h, w, C) -> (*grid, channels * sizes)."""
        *half, whole = [shape[2:] for shape in self.input_shapes(picture.shape[:2])]
        if picture.shape[:2] != whole:
            picture = _resized(picture, whole)
        every = [self._run(_resized(picture, size)) for size in half] + [self._run(picture)]
        while self._is_halved(every[0].shape[:2]):
            every = [_halved(features) for features in every]
        if not self.packing.twice:
            return every[0]
        rows, columns = self.packing.finest((every[0].shape[0], every[0].shape[1]))
        return self.packing.packed(every[0], every[1][:rows, :columns])

    def _run(self, picture: Floats) -> Floats:
        """(h, w, C) -> (h/8, w/8, channels)."""
        height, width = picture.shape[:2]
        colour = np.broadcast_to(picture.transpose(2, 0, 1), (3, height, width))
        try:
            answer = self._graph.run(np.ascontiguousarray(colour[None]))
        except KenpinError:
            raise
        except Exception as error:  # onnxruntime's errors have no common public base
            raise ValueError(Notice("encoder_shape", name=self.name)) from error
        grid = height // STRIDE, width // STRIDE
        fits = answer.shape[:1] + answer.shape[2:] == (1, *grid)
        if not fits or answer.dtype != np.float32 or not np.isfinite(answer).all():
            raise ValueError(Notice("encoder_shape", name=self.name))
        return np.asarray(answer[0].transpose(1, 2, 0))


@cache
def own_encoder() -> Encoder:
    """The one that comes with kenpin."""
    return Encoder(_OWN.read_bytes(), "kenpin", own=True)


def encoder_of(sha256: str, name: str, graph: bytes | None, path: str) -> Encoder:
    """The encoder that a bundle was learned with.

    graph: from the bundle, where it brings its own. path: of the bundle, for people. Raises
    BundleError when this kenpin has another one.
    """
    if graph is not None:
        encoder = Encoder(graph, name)
        if encoder.sha256 != sha256:
            raise ValueError(Notice("bundle_disagrees", what="encoder, sha256"))
        return encoder
    if sha256 not in {own_encoder().sha256, *_SAME}:
        raise BundleError(
            "encoder_other", path=path, theirs=sha256[:12], ours=own_encoder().sha256[:12]
        )
    return own_encoder()


def squares_of(picture: Floats, grid: tuple[int, ...], side: int) -> Floats:
    """(H, W, C) -> (*grid, side * side * 3): made small, the square of pixels at each place."""
    import cv2  # noqa: PLC0415

    height, width = (side * places for places in grid)
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    colour = np.broadcast_to(small.reshape(height, width, -1), (height, width, COLOURS))
    return as_squares(np.asarray(colour, np.float32), side)


def _halved(features: Floats) -> Floats:
    """(h, w, D) -> the means of two by two places; an odd last row or column is left out."""
    height, width = features.shape[0] // 2, features.shape[1] // 2
    fours = features[: 2 * height, : 2 * width].reshape(height, 2, width, 2, -1)
    return np.asarray(fours.mean(axis=(1, 3)), np.float32)


def _resized(picture: Floats, size: tuple[int, int]) -> Floats:
    """Enlarged, or half as large."""
    import cv2  # noqa: PLC0415

    how = cv2.INTER_AREA if size[0] < picture.shape[0] else cv2.INTER_LINEAR
    resized = cv2.resize(picture, (size[1], size[0]), interpolation=how)
    return np.asarray(resized.reshape(*size, -1), np.float32)
