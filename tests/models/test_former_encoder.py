"""The encoder's graph as it was written before: the same features, to the last bit."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper

from kenpin.models.encoder import own_encoder


def former(graph):
    """Features put together first, and averaged over 3 by 3 places then."""
    model = onnx.load_from_string(graph)
    *nodes, together = model.graph.node
    assert together.op_type == "Concat"
    pools = [node for node in nodes if node.output[0] in together.input]
    assert [node.op_type for node in pools] == ["AveragePool"] * 3
    told = {one.name: helper.get_attribute_value(one) for one in pools[0].attribute}
    del model.graph.node[:]
    model.graph.node.extend(node for node in nodes if node not in pools)
    inputs = [node.input[0] for node in pools]
    model.graph.node.append(helper.make_node("Concat", inputs, ["together"], axis=1))
    model.graph.node.append(
        helper.make_node("AveragePool", ["together"], list(together.output), **told)
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.mark.parametrize("threads", [1, 2])
def test_features_are_those_of_the_former_graph(threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    graph = own_encoder().graph
    now, before = (ort.InferenceSession(one, options) for one in (graph, former(graph)))
    rng = np.random.default_rng(0)
    for height, width in ((32, 32), (96, 160), (192, 192), (256, 320)):
        picture = {"picture": rng.random((1, 3, height, width), np.float32)}
        np.testing.assert_array_equal(now.run(None, picture)[0], before.run(None, picture)[0])
