"""A network stored as an ONNX graph: torch learned it, ONNX Runtime answers for it."""

import numpy as np
import onnxruntime as ort

from kenpin import messages
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
    """The model again; raises ValueError when the graph cannot be loaded.

    A graph may keep its weights in other files, which it names under the key "location"; ONNX
    Runtime would follow even ../, so any graph in which the word occurs is refused.
    """
    if b"location" in state.graph:
        raise ValueError(messages.BUNDLE_EXTERNAL)
    try:
        return Network(state.graph)
    except Exception as error:  # onnxruntime's errors have no common public base
        raise ValueError(messages.BUNDLE_GRAPH.format(reason=error)) from error
