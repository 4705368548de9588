"""What every model can do, and what is kept of it."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kenpin.types import Floats

Labels = NDArray[np.intp]
"""(N,) the number 0...K-1 of each picture's label."""


@dataclass(frozen=True, eq=False)
class State:
    """What a bundle keeps of a model: plain values, arrays, and for networks ONNX graphs."""

    config: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    graphs: dict[str, bytes] = field(default_factory=dict)


def within(items: dict[str, Any], mark: str) -> dict[str, Any]:
    """The items whose key starts with the mark, without it."""
    return {key.removeprefix(mark): v for key, v in items.items() if key.startswith(mark)}


class Reconstructor(Protocol):
    """A model that has learned what good pictures look like and can reproduce only that."""

    def reconstruct(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """(N, h, w, C) float32 in [0, 1] -> the same shape, about in [0, 1].

        What the model cannot reproduce is abnormal. A picture's answer does not depend on the
        others in the batch. labels: what each picture is told to be, for a model that learned
        with labels; others ignore it.
        """

    def state(self) -> State:
        """What `load_model` needs to make the same model again."""


class Residual(Protocol):
    """A model that says where a picture departs from the good ones without reproducing it."""

    def residual(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """(N, h, w, C) float32 in [0, 1] -> (N, h, w, D) float32, about 0 on good pictures.

        Far from 0, either way, is abnormal. Otherwise as `Reconstructor.reconstruct`.
        """

    def state(self) -> State:
        """What `load_model` needs to make the same model again."""


class Drawer(Protocol):
    """A model that can also invent pictures like the good ones; not every model can."""

    def draw(self, count: int, rng: np.random.Generator, label: int = 0) -> Floats:
        """(count, h, w, C) float32, about in [0, 1], of the label with this number."""


Model = Reconstructor | Residual
