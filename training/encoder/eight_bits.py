"""The shipped encoder with 8 bits for weights and what flows between its layers: tried, not taken.

    python training/encoder/eight_bits.py PHOTOS 8.onnx

PHOTOS: a folder of photographs, of which 64 say how large the numbers become. Prints how far its
features are from the encoder's, each channel relative to its variance, on 20 others, and what one
picture of 192 by 192 pixels takes on one core with each, in turn. What is found with it,
`benchmarks/encoders.py kenpin 8=8.onnx` says.
"""

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from kenpin.models.encoder import own_encoder
from kenpin.types import Floats

SIDE, TO_CALIBRATE, TO_COMPARE = 192, 64, 20
ROUNDS = 200


def pictures(folder: Path, count: int) -> list[Floats]:
    """(1, 3, SIDE, SIDE) float32 RGB in [0, 1], drawn at random."""
    files = sorted(one for one in folder.rglob("*") if one.suffix.lower() in (".jpg", ".png"))
    found = []
    for number in np.random.default_rng(0).permutation(len(files)):
        pixels = cv2.imread(str(files[number]), cv2.IMREAD_COLOR_RGB)
        if pixels is not None:
            small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            found.append(np.float32(small.transpose(2, 0, 1)[None] / 255))
        if len(found) == count:
            return found
    raise SystemExit(f"{folder} has {len(found)} pictures; {count} are needed.")


class _Given(CalibrationDataReader):
    def __init__(self, every: list[Floats]) -> None:
        self._left = iter(every)

    def get_next(self) -> dict[str, Floats] | None:
        one = next(self._left, None)
        return None if one is None else {"picture": one}


def widened(graph: bytes) -> onnx.ModelProto:
    """With its weights in 32 bits, as the quantiser wants them."""
    model = onnx.load_from_string(graph)
    kept = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type != "Cast":
            nodes.append(node)
            continue
        values = numpy_helper.to_array(kept.pop(node.input[0])).astype(np.float32)
        kept[node.output[0]] = numpy_helper.from_array(values, node.output[0])
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(kept.values())
    return model


def quantised(graph: bytes, every: list[Floats], target: Path) -> None:
    with TemporaryDirectory() as folder:
        wide, ready = Path(folder) / "wide.onnx", Path(folder) / "ready.onnx"
        onnx.save(widened(graph), wide)
        quant_pre_process(wide, ready, skip_symbolic_shape=True)
        quantize_static(
            ready, target, _Given(every), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Clip", "Add"],
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("graph", type=Path)
    arguments = parser.parse_args()
    every = pictures(arguments.photos, TO_CALIBRATE + TO_COMPARE)
    own = own_encoder().graph
    quantised(own, every[:TO_CALIBRATE], arguments.graph)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    sessions = {
        name: ort.InferenceSession(graph, options)
        for name, graph in (("kenpin", own), ("8", arguments.graph.read_bytes()))
    }
    answers = {
        name: np.concatenate(
            [session.run(None, {"picture": one})[0] for one in every[TO_CALIBRATE:]]
        )
        for name, session in sessions.items()
    }
    squared = np.square(answers["8"] - answers["kenpin"]).mean(axis=(0, 2, 3))
    error = float((squared / answers["kenpin"].var(axis=(0, 2, 3))).mean())
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for number in range(ROUNDS):
        for name, session in sessions.items():
            start = time.perf_counter()
            session.run(None, {"picture": every[number % len(every)]})
            times[name].append(1000 * (time.perf_counter() - start))
    taken = {name: round(float(np.median(found)), 2) for name, found in times.items()}
    line = {"benchmark": "eight_bits", "error": round(error, 4), "ms": taken}
    print(json.dumps(line | {"bytes": arguments.graph.stat().st_size}))


if __name__ == "__main__":
    main()
