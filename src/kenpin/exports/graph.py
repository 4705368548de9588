"""An ONNX graph being built, one operation after the other (needs onnx)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import compose, helper, inliner, numpy_helper, version_converter

Name = str
"""Of a value in the graph."""

OPSET = 20
END = 2**31 - 1
"""Of an axis, however long it is."""
_OUTPUTS = {"TopK": 2}  # of the operations that have not one
_IR_VERSION = 10  # of the file format: what ONNX Runtime 1.18 and later read
_KINDS = {
    np.dtype(np.float64): "DOUBLE",
    np.dtype(np.float32): "FLOAT",
    np.dtype(np.float16): "FLOAT16",
    np.dtype(np.int64): "INT64",
    np.dtype(np.uint8): "UINT8",
    np.dtype(np.uint16): "UINT16",
    np.dtype(bool): "BOOL",
}


class Graph:
    """Operations and constants; values are known by their names."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Name] = {}
        self._initializers: list[Any] = []
        self._count = 0

    def constant(self, values: Any, kind: Any = np.float32) -> Name:
        """The values as a constant; the same values are kept once.

        What 16 bits can say exactly is kept with 16 bits: components are.
        """
        array = np.array(values, kind, order="C")
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._constants:
            name = self._name("c")
            small = array.astype(np.float16) if array.dtype == np.float32 else array
            if small is not array and array.size > 1 and (small.astype(np.float32) == array).all():
                self._initializers.append(numpy_helper.from_array(small, name))
                name = self.cast(name, np.float32)
            else:
                self._initializers.append(numpy_helper.from_array(array, name))
            self._constants[key] = name
        return self._constants[key]

    def op(self, kind: str, *given: Name, **attributes: Any) -> Name:
        """The name of what the operation gives; of the first, where it gives several."""
        names = [self._name("v") for _ in range(_OUTPUTS.get(kind, 1))]
        self._nodes.append(helper.make_node(kind, list(given), names, **attributes))
        return names[0]

    def cast(self, value: Name, kind: Any) -> Name:
        """The value as another kind of number."""
        number = getattr(onnx.TensorProto, _KINDS[np.dtype(kind)])
        return self.op("Cast", value, to=number)

    def shaped(self, value: Name, *shape: int) -> Name:
        """The value in another shape."""
        return self.op("Reshape", value, self.constant(shape, np.int64))

    def sliced(self, value: Name, axis: int, start: int, stop: int) -> Name:
        """Part of the value along one axis."""
        bounds = [self.constant([v], np.int64) for v in (start, stop, axis)]
        return self.op("Slice", value, *bounds)

    def reduced(self, kind: str, value: Name, *axes: int, keep: bool = False) -> Name:
        """ReduceMean and its like over some axes; over all without."""
        given = [self.constant(axes, np.int64)] if axes else []
        return self.op(kind, value, *given, keepdims=int(keep))

    def stacked(self, values: Sequence[Name]) -> Name:
        """The values along a new first axis."""
        axis = self.constant([0], np.int64)
        return self.op("Concat", *(self.op("Unsqueeze", v, axis) for v in values), axis=0)

    def include(self, content: bytes, given: Sequence[Name]) -> Name:
        """What another graph with one output makes of values, in the order of its inputs."""
        model = inliner.inline_local_functions(onnx.load_from_string(content))
        versions = {entry.domain: entry.version for entry in model.opset_import}
        if versions.get("", OPSET) != OPSET:
            model = version_converter.convert_version(model, OPSET)
        own = compose.add_prefix(model, f"{self._name('g')}_").graph
        constants = {initializer.name for initializer in own.initializer}
        inputs = [taken.name for taken in own.input if taken.name not in constants]
        for value, name in zip(given, inputs, strict=True):
            self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._initializers.extend(own.initializer)
        self._nodes.extend(own.node)
        return str(own.output[0].name)

    def finished(
        self,
        inputs: dict[Name, tuple[Any, Sequence[int]]],
        outputs: dict[str, tuple[Name, Any, Sequence[int]]],
        about: dict[str, str],
    ) -> bytes:
        """The file. inputs: kind and shape of each. outputs: value, kind and shape of each."""

        def told(name: str, kind: Any, shape: Sequence[int]) -> Any:
            number = getattr(onnx.TensorProto, _KINDS[np.dtype(kind)])
            return helper.make_tensor_value_info(name, number, list(shape))

        for name, (value, _, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [value], [name]))
        # A constant that nothing takes would be warned of wherever the graph is opened.
        taken = {name for node in self._nodes for name in node.input}
        nodes = [n for n in self._nodes if n.op_type != "Cast" or taken & set(n.output)]
        taken = {name for node in nodes for name in node.input}
        constants = [constant for constant in self._initializers if constant.name in taken]
        graph = helper.make_graph(
            nodes,
            "kenpin",
            [told(name, *rest) for name, rest in inputs.items()],
            [told(name, kind, shape) for name, (_, kind, shape) in outputs.items()],
            constants,
        )
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], producer_name="kenpin")
        model.ir_version = _IR_VERSION
        helper.set_model_props(model, about)
        onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString()
        return content

    def _name(self, mark: str) -> Name:
        self._count += 1
        return f"{mark}{self._count}"
