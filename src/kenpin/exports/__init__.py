"""The whole decision about a part as one ONNX graph, for programs that have no Python."""
