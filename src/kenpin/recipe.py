"""Everything a person may decide about learning and judging a part; TOML in, TOML out."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kenpin import messages
from kenpin.errors import RecipeError

SMALLEST_SIDE = 16
LARGEST_SIDE = 2048


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PcaSettings(_Settings):
    """The linear autoencoder."""

    components: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="How many principal components rebuild a picture. Left out: chosen so that "
        "hidden blocks of held-out good pictures are reconstructed best.",
    )


class AeSettings(_Settings):
    """The convolutional autoencoder (needs torch to learn)."""

    width: int = Field(32, ge=4, le=256, description="Channels of the outer layers.")
    code: int = Field(32, ge=1, le=256, description="Channels of the innermost layers.")
    depth: int | None = Field(
        None,
        ge=1,
        le=7,
        description="How often the picture is halved. Left out: until the code is about 8 pixels.",
    )
    epochs: int = Field(150, ge=1, le=10_000, description="Most passes over the good pictures.")
    patience: int = Field(
        20,
        ge=1,
        description="Stop after so many passes without progress on good pictures held out for it.",
    )
    batch: int = Field(16, ge=1, le=1024, description="Pictures in one step.")
    learning_rate: float = Field(2e-3, gt=0, le=1, description="Adam's largest step size.")


class Recipe(_Settings):
    """How a part is learned and judged.

    Raises RecipeError, one sentence with the setting's name, when a setting is not possible.
    """

    model: Literal["pca", "ae"] = Field("pca", description="What reconstructs the picture.")
    size: tuple[int, int] | None = Field(
        None,
        description="(height, width) in pixels that the model sees. Left out: the longer side is "
        "128 (64 for 'ae') and the proportions are those of most of the pictures.",
    )
    color: Literal["auto", "grey", "rgb"] = Field(
        "auto", description="'auto' is 'rgb' when any good picture has colour, else 'grey'."
    )
    false_reject: float = Field(
        0.01, gt=0, le=0.5, description="The share of good parts you accept to see rejected."
    )
    held_out: Literal["kfold", "split", "none"] = Field(
        "kfold",
        description="How good pictures that the model has not seen are had for the limit. "
        "'kfold' uses every picture for both; 'split' keeps some apart (exact, needs more "
        "pictures); 'none' leaves the model without a limit, so that it cannot judge.",
    )
    folds: int | None = Field(
        None,
        ge=2,
        le=100,
        description="Folds of 'kfold'. Left out: 10 for 'pca', which learns in no time, else 5.",
    )
    split_share: float = Field(
        0.4, gt=0, lt=1, description="Share of the good pictures that 'split' keeps apart."
    )
    seed: int = Field(0, ge=0, lt=2**32, description="The same seed gives the same result.")
    pca: PcaSettings = Field(default_factory=PcaSettings, description="The linear autoencoder.")
    ae: AeSettings = Field(
        default_factory=AeSettings, description="The convolutional autoencoder (torch)."
    )

    @field_validator("size")
    @classmethod
    def _sides(cls, size: tuple[int, int] | None) -> tuple[int, int] | None:
        if size and not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in size):
            raise ValueError(f"each side must be {SMALLEST_SIDE} to {LARGEST_SIDE} pixels")
        return size

    def __init__(self, /, _where: str = messages.RECIPE_BUILTIN, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise RecipeError(_sentence(error, _where)) from None

    @classmethod
    def parse(cls, settings: dict[str, Any], where: str = messages.RECIPE_BUILTIN) -> Self:
        """A recipe from plain values; `where` names their origin in errors."""
        return cls(where, **settings)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """A recipe from a TOML file."""
        path = Path(path)
        if not path.is_file():
            raise RecipeError(messages.RECIPE_MISSING.format(path=path))
        try:
            settings = tomllib.loads(path.read_text("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise RecipeError(messages.RECIPE_NOT_TOML.format(path=path, reason=error)) from None
        return cls.parse(settings, str(path))

    def but(self, **changes: object) -> Self:
        """This recipe with some settings changed, checked like any other."""
        return self.parse(self.model_dump() | changes)

    def to_toml(self) -> str:
        """The recipe as TOML that `read` accepts; settings left out stay out."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


def parse_size(text: str) -> tuple[int, int]:
    """'96x128' -> (96, 128); raises RecipeError."""
    try:
        height, width = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise RecipeError(messages.RECIPE_SIZE.format(value=text)) from None
    return height, width


def _sentence(error: ValidationError, where: str) -> str:
    """The first of pydantic's complaints as one sentence."""
    first = error.errors()[0]
    setting = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        reason = first["msg"].removeprefix("Value error, ")
        return messages.RECIPE_VALUE.format(
            setting=setting, where=where, reason=reason, value=first["input"]
        )
    section: Any = Recipe
    for part in first["loc"][:-1]:
        section = section.model_fields[str(part)].annotation
    known = list(section.model_fields)
    near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
    if near:
        return messages.RECIPE_UNKNOWN_NEAR.format(setting=setting, where=where, near=near[0])
    return messages.RECIPE_UNKNOWN.format(setting=setting, where=where, known=", ".join(known))
