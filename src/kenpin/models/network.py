"""Networks stored as ONNX graphs: torch learned them, ONNX Runtime answers for them."""

import numpy as np

from kenpin.models.contract import Labels, State
from kenpin.system import Graph, operations_of
from kenpin.types import Floats

GRAPH, DECODER = "model", "decoder"
"""The names of the graphs in a `State`; the second is there where the network can draw."""


class Network:
    """Pictures (N, C, h, w) float32 in, the same shape out.

    A conditional network has a second input: (N, K) float32, 1 at the label that is told, else 0.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._graph = Graph(state.graphs[GRAPH])

    def reconstruct(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """See `Reconstructor.reconstruct`; raises ValueError when labels are needed and missing."""
        given = [np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))]
        if self.labels:
            if labels is None:
                raise ValueError("a conditional network must be told the label of each picture")
            given.append(np.eye(self.labels, dtype=np.float32)[labels])
        answer = self._graph.run(*given)
        return np.ascontiguousarray(answer.transpose(0, 2, 3, 1))

    @property
    def engine(self) -> str:
        """What ran it last."""
        return self._graph.engine

    @property
    def labels(self) -> int:
        """How many labels it knows; 0 where it is told none."""
        return int(self._graph.shapes[1][1]) if len(self._graph.shapes) == 2 else 0

    def draw(self, count: int, rng: np.random.Generator, label: int = 0) -> Floats:
        """See `Drawer.draw`; raises ValueError when the network cannot."""
        if DECODER not in self._state.graphs:
            raise ValueError("this network has no decoder to draw with")
        decoder = Graph(self._state.graphs[DECODER])
        latent, *told = decoder.shapes
        given = [rng.normal(size=(count, latent[1])).astype(np.float32)]
        for shape in told:
            one = np.eye(shape[1], dtype=np.float32)[label]
            given.append(np.repeat(one[None], count, axis=0))
        answer = decoder.run(*given)
        return np.ascontiguousarray(answer.transpose(0, 2, 3, 1))

    def operations(self, shape: tuple[int, int, int]) -> int:
        """Multiplications and additions for one picture (h, w, C)."""
        shapes = [(1, shape[2], *shape[:2]), *([(1, self.labels)] if self.labels else [])]
        return operations_of(self._state.graphs[GRAPH], shapes)

    def state(self) -> State:
        """See `Model.state`."""
        return self._state


def load(state: State) -> Network:
    """The model again; raises ValueError when a graph cannot be loaded."""
    if DECODER in state.graphs:
        Graph(state.graphs[DECODER])
    return Network(state)
