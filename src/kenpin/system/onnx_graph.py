"""ONNX graphs that came in a file: opened without following what they name outside of it.

ONNX Runtime runs them, or OpenVINO where KENPIN_ENGINE asks for it, with 32-bit numbers too: scores
differ by about a millionth.
"""

import json
import os
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import ExtraError
from kenpin.system.environment import cores
from kenpin.system.files import scratch_folder
from kenpin.system.quiet import onnxruntime, openvino_core
from kenpin.system.threads import is_worker
from kenpin.text import Notice
from kenpin.types import Floats

ENGINE = "KENPIN_ENGINE"
"""The environment variable that decides: onnxruntime, unless it says openvino."""


class Graph:
    """A graph with one output, run by any number of threads at once.

    Raises ValueError when it cannot be loaded, ExtraError when `engine` does. A graph may keep its
    weights in other files, which it names under the key "location"; ONNX Runtime would follow even
    ../, so any graph in which the word occurs is refused.
    """

    def __init__(self, content: bytes) -> None:
        self.engine = engine()
        """What runs it: onnxruntime or openvino."""
        if b"location" in content:
            raise ValueError(Notice("bundle_external"))
        self._content = content
        self._lock = threading.Lock()
        self._sessions = {False: _session(content, cores())}
        self._runs: dict[tuple[bool, tuple[tuple[int, ...], ...]], _Run] = {}
        session = self._sessions[False]
        if len(session.get_outputs()) != 1:
            raise ValueError(Notice("bundle_graph", reason=Notice("bundle_outputs")))
        self.shapes = [taken.shape for taken in session.get_inputs()]
        """Of each input; a side that may differ is not a number."""

    def run(self, *given: NDArray[Any]) -> Floats:
        """What the graph answers to its inputs, in their order. Raises whatever the engine does."""
        case = is_worker(), tuple(one.shape for one in given)
        with self._lock:
            if case not in self._runs:
                self._runs[case] = self._begun(*case)
        return np.asarray(self._runs[case](given))

    def _begun(self, shared: bool, shapes: Sequence[tuple[int, ...]]) -> "_Run":
        """One of several threads has one core for itself; a thread alone has them all."""
        if self.engine == "openvino":
            return _openvino(self._content, shared, shapes)
        if shared not in self._sessions:
            self._sessions[shared] = _session(self._content, 1)
        return _onnxruntime(self._sessions[shared])


_Run = Callable[[Sequence[NDArray[Any]]], NDArray[Any]]


def engine() -> str:
    """Which engine is used; raises ExtraError if it is unknown or missing."""
    wanted = os.environ.get(ENGINE, "onnxruntime")
    if wanted not in ("onnxruntime", "openvino"):
        raise ExtraError("engine_unknown", name=ENGINE, value=wanted)
    if wanted == "openvino" and not _installed():
        raise ExtraError("extra_openvino", name=ENGINE)
    return wanted


def _installed() -> bool:
    try:
        return find_spec("openvino") is not None
    except ValueError:  # it was forbidden
        return False


def _session(content: bytes, threads: int) -> Any:
    ort = onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level = 3  # a model file's oddities are not the user's
    options.intra_op_num_threads = threads
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common public base
        raise ValueError(Notice("bundle_graph", reason=error)) from error


def _onnxruntime(session: Any) -> _Run:
    names = [taken.name for taken in session.get_inputs()]

    def run(given: Sequence[NDArray[Any]]) -> NDArray[Any]:
        (answer,) = session.run(None, dict(zip(names, given, strict=True)))
        return np.asarray(answer)

    return run


def _openvino(content: bytes, shared: bool, shapes: Sequence[tuple[int, ...]]) -> _Run:
    core = openvino_core()
    model = core.read_model(content)
    # For these shapes only: without knowing them it is half as fast.
    model.reshape(dict(zip(model.inputs, shapes, strict=True)))
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # it would take 16 bits where the processor can
        "NUM_STREAMS": str(cores() if shared else 1),
        "INFERENCE_NUM_THREADS": str(cores()),
    }
    compiled = core.compile_model(model, "CPU", settings)
    own = threading.local()  # a request is for one thread

    def run(given: Sequence[NDArray[Any]]) -> NDArray[Any]:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        return np.array(own.request.infer(list(given))[0])

    return run


def operations_of(content: bytes, shapes: Sequence[Sequence[int]]) -> int:
    """Multiplications and additions of a graph for float32 inputs of these shapes.

    As ONNX Runtime tells when it is asked to write down what it did; convolutions and products of
    matrices count, the rest is little. 0 where there is no place for it to write.
    """
    ort = onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.disable_prepacking", "1")  # keeps every input told
    options.enable_profiling = True
    with scratch_folder() as folder:
        if folder is None:
            return 0
        options.profile_file_prefix = str(folder / "run")
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        _onnxruntime(session)([np.zeros(shape, np.float32) for shape in shapes])
        told = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    return sum(_operations(event["args"]) for event in told if "op_name" in event.get("args", {}))


def _operations(step: dict[str, Any]) -> int:
    if not step.get("output_type_shape"):
        return 0
    taken: list[list[int]] = [next(iter(one.values())) for one in step["input_type_shape"]]
    given: list[int] = next(iter(step["output_type_shape"][0].values()))
    if step["op_name"] == "Conv":
        return 2 * prod(given) * prod(taken[1][1:])
    if step["op_name"] == "ConvTranspose":
        return 2 * prod(taken[0]) * prod(taken[1][1:])
    if step["op_name"] in ("MatMul", "Gemm"):
        return 2 * prod(given) * int(taken[0][-1])
    return 0
