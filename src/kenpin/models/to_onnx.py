"""Networks written as ONNX graphs (needs torch)."""

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


def exported(
    network: nn.Module,
    given: Sequence[Tensor],
    inputs: Sequence[str],
    output: str,
    free: Sequence[dict[int, Any]],
) -> bytes:
    """The graph. given: an example of each input; free: of each the sides that may differ."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, nothing a user can act on
        program: Any = torch.onnx.export(
            network,
            tuple(given),
            dynamo=True,
            verbose=False,
            input_names=list(inputs),
            output_names=[output],
            dynamic_shapes=tuple(free),
        )
    return _without_origin(program.model_proto)


def _without_origin(graph: Any) -> bytes:
    """The graph without what the exporter tells of its own source files."""
    del graph.metadata_props[:], graph.graph.metadata_props[:]
    for item in (*graph.graph.node, *graph.graph.value_info, *graph.graph.initializer):
        del item.metadata_props[:]
        item.ClearField("doc_string")
    content: bytes = graph.SerializeToString()
    return content
