"""A part as one ONNX graph, for programs without Python."""

from kenpin.exports.folder import FILES, Exported, export
