"""Networks stored as ONNX graphs: torch learned them, ONNX Runtime answers for them."""

import numpy as np

from kenpin.graphs import open_graph
from kenpin.models.base import Labels, State
from kenpin.types import Floats

GRAPH, DECODER = "model", "decoder"
"""The names of the graphs in a `State`; the second is there where the network can draw."""


class Network:
    """Pictures (N, C, h, w) float32 in, the same shape out.

    A conditional network has a second input: (N, K) float32, 1 at the label that is told, else 0.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._session = open_graph(state.graphs[GRAPH])
        self._inputs = self._session.get_inputs()

    def reconstruct(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """See `Reconstructor.reconstruct`; raises ValueError when labels are needed and missing."""
        given = [np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))]
        if len(self._inputs) == 2:
            if labels is None:
                raise ValueError("a conditional network must be told the label of each picture")
            given.append(np.eye(self._inputs[1].shape[1], dtype=np.float32)[labels])
        named = {taken.name: value for taken, value in zip(self._inputs, given, strict=True)}
        answer = self._session.run(None, named)[0]
        return np.ascontiguousarray(answer.transpose(0, 2, 3, 1))

    def draw(self, count: int, rng: np.random.Generator, label: int = 0) -> Floats:
        """See `Drawer.draw`; raises ValueError when the network cannot."""
        if DECODER not in self._state.graphs:
            raise ValueError("this network has no decoder to draw with")
        session = open_graph(self._state.graphs[DECODER])
        latent, *told = session.get_inputs()
        given = {latent.name: rng.normal(size=(count, latent.shape[1])).astype(np.float32)}
        for taken in told:
            one = np.eye(taken.shape[1], dtype=np.float32)[label]
            given[taken.name] = np.repeat(one[None], count, axis=0)
        answer = session.run(None, given)[0]
        return np.ascontiguousarray(answer.transpose(0, 2, 3, 1))

    def state(self) -> State:
        """See `Model.state`."""
        return self._state


def load(state: State) -> Network:
    """The model again; raises ValueError when a graph cannot be loaded."""
    if DECODER in state.graphs:
        open_graph(state.graphs[DECODER])
    return Network(state)
