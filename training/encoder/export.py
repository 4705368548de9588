"""Write a student as the graph that kenpin ships.

    python training/encoder/export.py student-end.safetensors src/kenpin/assets/encoder.onnx

The weights are kept as 16-bit floats, which halves the file; ONNX Runtime widens them once when it
loads the graph. Prints size, SHA-256, and how much the features differ from those of 32 bits.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file
from torch import Tensor, nn

from kenpin.models.encoder import Encoder as Graph
from kenpin.models.pretrained import Features, graph_of
from network import LAYOUTS, Encoder, folded

_SMALLEST = 64  # numbers: smaller tensors are not worth a node


class _Stages(nn.Module):
    """The blocks up to the last that is used, with the outputs of strides 4, 8 and 16."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        outputs = self.encoder(pictures)
        fine, middle, _, coarse = self.encoder.layout.taps
        return outputs[fine], outputs[middle], outputs[coarse]


def halved(graph: bytes) -> bytes:
    """The graph with its weights in 16 bits, widened again where they are used."""
    model = onnx.load_from_string(graph)
    kept, nodes = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < _SMALLEST:
            kept.append(tensor)
            continue
        name = f"{tensor.name}.half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), name))
        nodes.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes += model.graph.node
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def graph_from(student: Path, layout: str) -> bytes:
    encoder = Encoder(LAYOUTS[layout])
    encoder.load_state_dict(load_file(student))
    with torch.no_grad():  # the student takes [0, 1] as it comes
        return graph_of(Features(_Stages(folded(encoder))).eval())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("student", type=Path)
    parser.add_argument("graph", type=Path)
    parser.add_argument("--layout", choices=LAYOUTS, default="mobilenetv2_100")
    arguments = parser.parse_args()
    full = graph_from(arguments.student, arguments.layout)
    written = halved(full)
    arguments.graph.parent.mkdir(parents=True, exist_ok=True)
    arguments.graph.write_bytes(written)
    pictures = np.random.default_rng(0).random((2, 96, 64, 3), np.float32)
    exact, given = (Graph(g, "").encode(pictures) for g in (full, written))
    line = {
        "bytes": len(written),
        "sha256": hashlib.sha256(written).hexdigest(),
        "relative_difference": round(float(np.abs(exact - given).mean() / exact.std()), 6),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
