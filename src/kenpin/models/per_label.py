"""One model for each label: any model is conditional that way.

Told "this is connector A", it answers with what it learned from connectors A only, so a connector B
is reproduced badly.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kenpin.models.contract import Labels, Model, State, within
from kenpin.types import Floats


class _PerLabel:
    def __init__(self, models: Sequence[Any]) -> None:
        self.models = models

    def state(self) -> State:
        """See `Model.state`; the models' states one after the other, numbered."""
        states = [model.state() for model in self.models]
        return State(
            {"models": [state.config for state in states]},
            {f"{n}.{k}": a for n, state in enumerate(states) for k, a in state.arrays.items()},
            {f"{n}.{k}": g for n, state in enumerate(states) for k, g in state.graphs.items()},
        )

    def draw(self, count: int, rng: np.random.Generator, label: int = 0) -> Floats:
        """See `Drawer.draw`; raises AttributeError when the models cannot."""
        drawn: Floats = self.models[label].draw(count, rng)
        return drawn

    def updated(
        self, pictures: Floats, labels: Labels, count: int, components: int, *also: Floats
    ) -> Model:
        """The models, each with those of the (M, h, w, C) pictures that are its own.

        also: what else its `updated` takes, of each picture.
        """
        return per_label(
            [
                model.updated(
                    pictures[labels == number],
                    count,
                    components,
                    *(a[labels == number] for a in also),
                )
                for number, model in enumerate(self.models)
            ]
        )

    def _each(self, method: str, pictures: Floats, labels: Labels | None) -> Floats:
        if labels is None:
            raise ValueError("a model learned with labels must be told the label of each picture")
        answers: list[Any] = [None] * len(pictures)
        for number in np.unique(labels):
            inside = np.flatnonzero(labels == number)
            found = getattr(self.models[number], method)(pictures[inside])
            for index, answer in zip(inside, found, strict=True):
                answers[index] = answer
        return np.stack(answers)


class PerLabelReconstructor(_PerLabel):
    """A `Reconstructor` for each label."""

    def reconstruct(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """See `Reconstructor.reconstruct`; raises ValueError without labels."""
        return self._each("reconstruct", pictures, labels)


class PerLabelResidual(_PerLabel):
    """A `Residual` for each label."""

    def residual(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """See `Residual.residual`; raises ValueError without labels."""
        return self._each("residual", pictures, labels)


def per_label(models: Sequence[Model]) -> Model:
    """The models, one for each label in order, as one."""
    kind = PerLabelReconstructor if hasattr(models[0], "reconstruct") else PerLabelResidual
    return kind(models)


def load(state: State, load_one: Callable[[State], Model]) -> Model:
    """The models again from `per_label(models).state()`."""
    states = [
        State(config, within(state.arrays, f"{number}."), within(state.graphs, f"{number}."))
        for number, config in enumerate(state.config["models"])
    ]
    return per_label([load_one(one) for one in states])
