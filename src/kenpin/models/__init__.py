"""The models, by name. Asking for one loads its file, and only its file."""

from importlib import import_module
from types import ModuleType

from kenpin import messages
from kenpin.errors import ExtraError
from kenpin.models.base import Model, State
from kenpin.recipe import Recipe
from kenpin.types import Floats, Progress

__all__ = [
    "NAMES",
    "Model",
    "State",
    "check_installed",
    "learn_model",
    "load_model",
    "settle_model",
]

# Learning may need torch; loading never does.
_LEARNERS = {"pca": "kenpin.models.pca", "ae": "kenpin.models.ae"}
_LOADERS = {"pca": "kenpin.models.pca", "ae": "kenpin.models.network"}
NAMES = tuple(_LEARNERS)


def learn_model(pictures: Floats, recipe: Recipe, progress: Progress) -> Model:
    """Learn the recipe's model from (N, h, w, C) float32 pictures in [0, 1].

    Raises ExtraError when a package it learns with is not installed.
    """
    settings = getattr(recipe, recipe.model)
    learned = _learner(recipe.model).learn(pictures, settings, recipe.seed, progress)
    model: Model = learned
    return model


def settle_model(pictures: Floats, recipe: Recipe, least: int) -> Recipe:
    """The recipe with what the model chooses for itself, from (N, h, w, C) good pictures.

    least: the fewest pictures that a model with this recipe will learn from.
    """
    settings = getattr(recipe, recipe.model)
    settled = _learner(recipe.model).settle(pictures, settings, least, recipe.seed)
    return recipe.but(**{recipe.model: settled.model_dump()})


def load_model(name: str, state: State) -> Model:
    """The model that `state` was taken from; raises ValueError when they do not fit."""
    if name not in _LOADERS:
        raise ValueError(f"name must be one of {NAMES}. Got {name!r} instead.")
    model: Model = import_module(_LOADERS[name]).load(state)
    return model


def check_installed(name: str) -> None:
    """Raise ExtraError when learning this model needs something that is not installed."""
    _learner(name)


def _learner(name: str) -> ModuleType:
    try:
        return import_module(_LEARNERS[name])
    except ModuleNotFoundError as error:
        raise ExtraError(messages.EXTRA_TORCH.format(model=name)) from error
