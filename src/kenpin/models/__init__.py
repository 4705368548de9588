"""The models, by name. Asking for one loads its file, and only its file."""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, cast

import numpy as np

from kenpin.errors import ExtraError
from kenpin.models import per_label
from kenpin.models.backbones import encoder_for, packing_of, seeing_for
from kenpin.models.both import Both
from kenpin.models.contract import Drawer, Labels, Model, Reconstructor, Residual, State, within
from kenpin.models.encoder import (
    MULTIPLE,
    STRIDE,
    Encoder,
    encoder_of,
    own_encoder,
)
from kenpin.models.feature import Feature
from kenpin.models.mt import Mt
from kenpin.models.network import GRAPH, Network
from kenpin.models.pca import Pca, Together, most_components
from kenpin.models.rt import Rt
from kenpin.recipe import Recipe, Settings
from kenpin.types import Floats, Progress

_CONDITIONAL = frozenset({"cvae"})  # told the label itself; the others learn one model for each
NETWORKS = frozenset({"dense-ae", "ae", "vae", "cvae"})
"""Learned with torch, kept as ONNX graphs."""

WITH_FEATURES = frozenset({"both", "feature"})
"""They see what an encoder makes of pictures."""

WITHOUT_RECONSTRUCTION = frozenset({"both", "feature", "mt", "rt"})
"""They answer with a residual."""

LEARNS_SHIFTED = frozenset({"both"})
"""They also learn the features of the same pictures shifted a little."""

UPDATABLE = frozenset({"both", "feature", "pca"})
"""They can learn more pictures without the old ones."""

# Learning may need torch; loading never does.
_LEARNERS = {
    "both": "kenpin.models.both",
    "feature": "kenpin.models.feature",
    "pca": "kenpin.models.pca",
    "mt": "kenpin.models.mt",
    "rt": "kenpin.models.rt",
    "dense-ae": "kenpin.models.dense_ae",
    "ae": "kenpin.models.ae",
    "vae": "kenpin.models.vae",
    "cvae": "kenpin.models.vae",
}
NAMES = tuple(_LEARNERS)


def learn_model(
    pictures: Floats,
    recipe: Recipe,
    progress: Progress,
    labels: Labels | None = None,
    shifted: Floats | None = None,
) -> Model:
    """Learn the recipe's model from (N, h, w, C) float32 pictures in [0, 1].

    labels: of each picture, every number 0...K-1 at least once; the model is then conditional.
    shifted: (N, h, w, C) features of the same pictures shifted, for a model of `LEARNS_SHIFTED`.
    Raises ExtraError when a package it learns with is not installed.
    """
    learner, settings = _learner(recipe.model), recipe.own
    also = () if shifted is None else (shifted,)
    if labels is None:
        learned: Model = learner.learn(pictures, settings, recipe.seed, progress, *also)
        return learned
    if recipe.model in _CONDITIONAL:
        conditional: Model = learner.learn_conditional(
            pictures, labels, settings, recipe.seed, progress
        )
        return conditional
    return per_label.per_label(
        [
            learner.learn(
                pictures[labels == label],
                settings,
                recipe.seed,
                progress,
                *(own[labels == label] for own in also),
            )
            for label in range(int(labels.max()) + 1)
        ]
    )


def left_over(
    pictures: Floats, recipe: Recipe, seen: Floats, shifted: Floats | None = None
) -> Floats | None:
    """(M, h, w, D) what `learn_model` from the pictures cannot rebuild of others, in less time.

    None where the model has no such short way.
    """
    learner, also = _learner(recipe.model), () if shifted is None else (shifted,)
    if not hasattr(learner, "left_over"):
        return None
    found: Floats = learner.left_over(pictures, recipe.own, seen, recipe.seed, *also)
    return found


def of_each_label(model: Model, labels: int) -> list[Model]:
    """The models of which a conditional one is made; itself where there is one label."""
    return [model] if labels == 1 else list(cast(Any, model).models)


def as_one_model(models: Sequence[Model]) -> Model:
    """Models, one for each number in order, as one that is told the number."""
    return models[0] if len(models) == 1 else per_label.per_label(models)


def settle_model(
    pictures: Floats, recipe: Recipe, least: int, labels: Labels | None = None
) -> Recipe:
    """The recipe with what the model chooses for itself, from (N, h, w, C) good pictures.

    least: the fewest pictures (of a label, where there are labels) that a model with this recipe
    will learn from.
    """
    if labels is not None and recipe.model not in _CONDITIONAL:
        pictures = pictures[labels == np.bincount(labels).argmin()]
    settled: Settings = _learner(recipe.model).settle(pictures, recipe.own, least, recipe.seed)
    return recipe.with_own(settled)


def updated_model(
    model: Model,
    pictures: Floats,
    count: int,
    components: int,
    labels: Labels | None = None,
    shifted: Floats | None = None,
) -> Model:
    """The model had it also learned these (M, h, w, C) pictures, after `count` others.

    It must be one of `UPDATABLE`. components: how many it has then. labels, shifted: as in
    `learn_model`; shifted where the others were shifted too.
    """
    told = (pictures,) if labels is None else (pictures, labels)
    also = () if shifted is None else (shifted,)
    updated: Model = cast(Any, model).updated(*told, count, components, *also)
    return updated


def grown_components(recipe: Recipe, count: int, more: int) -> int:
    """The number of components once a model of `count` pictures has learned from `more`.

    What the user asked for stays; what followed from the number of pictures follows it.
    """
    own: int = cast(Any, recipe.own).components
    if recipe.model not in WITH_FEATURES:
        return own
    folds = recipe.folds or 2
    before, after = (most_components(n - -(-n // folds)) for n in (count, more))
    return after if own == before else own


def load_model(name: str, state: State) -> Model:
    """The model that `state` was taken from; raises ValueError when they do not fit."""
    if name not in _LEARNERS:
        raise ValueError(f"name must be one of {NAMES}. Got {name!r} instead.")
    loader = import_module("kenpin.models.network" if name in NETWORKS else _LEARNERS[name])
    if "models" in state.config:
        return per_label.load(state, loader.load)
    model: Model = loader.load(state)
    return model


def check_installed(name: str) -> None:
    """Raise ExtraError when learning this model needs something that is not installed."""
    _learner(name)


def _learner(name: str) -> ModuleType:
    try:
        return import_module(_LEARNERS[name])
    except ModuleNotFoundError as error:
        raise ExtraError("extra_torch", model=name) from error
