"""A network stored as an ONNX graph: torch learned it, ONNX Runtime answers for it."""

import numpy as np
import onnxruntime as ort

from kenpin.models.base import State
from kenpin.types import Floats


class Network:
    """One input (N, C, h, w) float32, one output of the same shape."""

    def __init__(self, graph: bytes) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 3  # a model file's oddities are not the user's
        self._graph = graph
        self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def reconstruct(self, pictures: Floats) -> Floats:
        """See `Model.reconstruct`."""
        channels_first = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
        answer = self._session.run(None, {self._input: channels_first})[0]
        return np.ascontiguousarray(answer.transpose(0, 2, 3, 1))

    def state(self) -> State:
        """See `Model.state`."""
        return State(graph=self._graph)


def load(state: State) -> Network:
    """The model again; raises ValueError when the graph cannot be loaded."""
    try:
        return Network(state.graph)
    except Exception as error:  # onnxruntime's errors have no common public base
        raise ValueError(f"the network cannot be loaded: {error}") from error
