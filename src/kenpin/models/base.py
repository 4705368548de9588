"""What every model can do, and what is kept of it."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kenpin.types import Floats


@dataclass(frozen=True, eq=False)
class State:
    """What a bundle keeps of a model: plain values, arrays, and for networks an ONNX graph."""

    config: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    graph: bytes = b""


class Model(Protocol):
    """A model has learned what good pictures look like and can reproduce only that."""

    def reconstruct(self, pictures: Floats) -> Floats:
        """(N, h, w, C) float32 in [0, 1] -> the same shape, about in [0, 1].

        What the model cannot reproduce is abnormal. A picture's answer does not depend on the
        others in the batch.
        """

    def state(self) -> State:
        """What `load_model` needs to make the same model again."""
