"""Which encoder a recipe asks for: kenpin's own, an ONNX graph, or a pretrained network of timm.

Only learning needs timm and torch: what they make is written as a graph, which the bundle keeps.
"""

from pathlib import Path

from kenpin.errors import ExtraError, RecipeError
from kenpin.models.encoder import Encoder, own_encoder
from kenpin.recipe import Recipe
from kenpin.statistics import Packing

_TIMM = "timm:"
_MOST_BYTES = 2**29


def encoder_for(recipe: Recipe) -> Encoder:
    """The recipe's encoder, which gives what its model looks at.

    Raises RecipeError when there is no such network or file, ExtraError without timm or torch.
    """
    return seeing_for(recipe, _of_features(recipe))


def seeing_for(recipe: Recipe, encoder: Encoder) -> Encoder:
    """The encoder that gives what the recipe's model looks at."""
    if recipe.model != "both":
        return encoder
    return encoder.seeing(packing_of(recipe).twice, pixels=True)


def packing_of(recipe: Recipe) -> Packing:
    """How what the recipe's model looks at is put together, where that is more than one thing."""
    return Packing(recipe.model == "both" and recipe.feature.two_sizes)


def _of_features(recipe: Recipe) -> Encoder:
    if recipe.compression.steps:
        raise RecipeError("feature_compressed")
    name = recipe.feature.backbone
    if name == "kenpin":
        return own_encoder()
    if name.startswith(_TIMM):
        return _encoder_of_timm(name.removeprefix(_TIMM), None)
    path = Path(name)
    if not path.is_file():
        raise RecipeError("backbone_missing", name=name)
    if path.stat().st_size > _MOST_BYTES:
        raise RecipeError("backbone_large", path=path, limit=_MOST_BYTES // 2**20)
    if path.suffix == ".onnx":
        return _checked(path.read_bytes(), path.name)
    if path.suffix == ".safetensors":
        return _encoder_of_timm(path.stem, path)
    raise RecipeError("backbone_kind", path=path)


def _checked(graph: bytes, name: str) -> Encoder:
    try:
        return Encoder(graph, name)
    except ValueError as error:
        raise RecipeError("backbone_graph", path=name, reason=error) from None


def _encoder_of_timm(name: str, weights: Path | None) -> Encoder:
    try:
        from kenpin.models.pretrained import as_graph  # noqa: PLC0415 - needs torch

        graph, used = as_graph(name, weights)
    except ModuleNotFoundError as error:
        raise ExtraError("extra_timm", module=error.name) from error
    return _checked(graph, used)
