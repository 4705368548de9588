"""ONNX graphs that came in a file: opened without following what they name outside of it."""

import onnxruntime as ort

from kenpin import messages


def open_graph(graph: bytes) -> ort.InferenceSession:
    """A session on the processor; raises ValueError when the graph cannot be loaded.

    A graph may keep its weights in other files, which it names under the key "location"; ONNX
    Runtime would follow even ../, so any graph in which the word occurs is refused.
    """
    if b"location" in graph:
        raise ValueError(messages.BUNDLE_EXTERNAL)
    options = ort.SessionOptions()
    options.log_severity_level = 3  # a model file's oddities are not the user's
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common public base
        raise ValueError(messages.BUNDLE_GRAPH.format(reason=error)) from error
