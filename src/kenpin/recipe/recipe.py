"""Everything a person may decide about learning and judging a part; TOML in, TOML out."""

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from kenpin.errors import RecipeError
from kenpin.recipe.complaint import complaint
from kenpin.recipe.settings import (
    LARGEST_SIDE,
    MOST_FALSE_REJECT,
    PRESETS,
    PUBLISHED_JUDGE,
    SMALLEST_SIDE,
    AeSettings,
    CompressionSettings,
    CvaeSettings,
    DenseAeSettings,
    FeatureSettings,
    MtSettings,
    PcaSettings,
    Rectangle,
    RtSettings,
    Settings,
    VaeSettings,
)
from kenpin.text import Notice

_NOWHERE = Notice("recipe_builtin")


class Recipe(Settings):
    """How a part is learned and judged.

    Raises RecipeError, one sentence with the setting's name, when a setting is not possible.
    """

    model: Literal["auto", "feature", "pca", "mt", "rt", "dense-ae", "ae", "vae", "cvae"] = Field(
        "feature",
        description="What learns the picture. 'auto' is the one that finds simulated defects best.",
    )
    size: tuple[int, int] | None = Field(
        None,
        description="(height, width) in pixels that the model sees. Left out: the longer side is "
        "192 (128 for pixel models, 64 for networks, 256 before a compression) and the "
        "proportions are those of most of the pictures.",
    )
    color: Literal["auto", "grey", "rgb"] = Field(
        "auto", description="'auto' is 'rgb' when any good picture has colour, else 'grey'."
    )
    crop: Rectangle | None = Field(
        None,
        description="[x, y, width, height] in pixels of the picture: what of it is looked at. "
        "Places are those of a picture with the size that most of the good ones have; with "
        "'align', of the first good picture.",
    )
    windows: dict[str, Rectangle] = Field(
        {},
        description="Name and [x, y, width, height] of each place that is judged on its own, such "
        "as each terminal of a connector; the worst one rules. Left out: the whole picture, or "
        "its crop.",
    )
    ignore: tuple[Rectangle, ...] = Field(
        (), description="Rectangles [x, y, width, height] in which nothing counts."
    )
    ignore_mask: str | None = Field(
        None,
        description="A picture of the same size as the good ones that is white where nothing "
        "counts.",
    )
    align: Literal["none", "translation", "rotation", "scale"] = Field(
        "none",
        description="Parts that do not always lie alike are found and brought to lie as in the "
        "first good picture: 'translation' moves, 'rotation' also turns, 'scale' also makes them "
        "larger or smaller.",
    )
    light: Literal["none", "level", "shading"] = Field(
        "none",
        description="'level' brings every picture to the same mean brightness; 'shading' also "
        "evens out what changes slowly over the picture.",
    )
    difference: Literal["auto", "units", "l1", "l2", "ssim"] | None = Field(
        None,
        description="How a picture and its reconstruction are compared at each place: 'units' of "
        "good-part variation, absolute ('l1') or squared ('l2') grey levels, or 1 - structural "
        "similarity ('ssim'). 'auto' is what finds simulated defects best. Left out: 'units'; "
        "with the model 'feature' 'l2' of good parts' standard deviations, with 'auto' 'auto'.",
    )
    score: Literal["auto", "max", "mean", "top"] | None = Field(
        None,
        description="What of the difference map counts: its largest value, its mean, or the mean "
        "of its largest 1 %. 'auto' is what finds simulated defects best. Left out: 'max'; with "
        "the model 'feature' 'top', with 'auto' 'auto'.",
    )
    smoothing: float | None = Field(
        None,
        ge=0,
        le=0.5,
        description="Share of the longer side over which the map is averaged first. Left out: 0 "
        "for 'units', which looks at several scales itself, and for the mean, else 1/32.",
    )
    false_reject: float = Field(
        0.01,
        gt=0,
        le=MOST_FALSE_REJECT,
        description="The share of good parts you accept to see rejected.",
    )
    review: float | None = Field(
        None,
        gt=0,
        le=0.5,
        description="The share of good parts you accept not to be OK at once: between the limits "
        "of the two shares a part is REVIEW, for a person to look at. Left out: two answers.",
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
        description="Folds of 'kfold'. Left out: 5 for networks, 10 for the others, which learn "
        "in no time.",
    )
    split_share: float = Field(
        0.4, gt=0, lt=1, description="Share of the good pictures that 'split' keeps apart."
    )
    budget: float = Field(
        60,
        gt=0,
        le=86_400,
        description="Seconds that 'auto' may spend on trying models before it decides.",
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**32,
        description="The same seed gives the same result; but a model chosen by 'auto' also "
        "depends on how many the machine can try within the budget.",
    )
    compression: CompressionSettings = Field(
        default_factory=CompressionSettings, description="Compression by Taguchi's RT method."
    )
    feature: FeatureSettings = Field(
        default_factory=FeatureSettings, description="The feature autoencoder."
    )
    pca: PcaSettings = Field(default_factory=PcaSettings, description="The linear autoencoder.")
    mt: MtSettings = Field(default_factory=MtSettings, description="Taguchi's MT method.")
    rt: RtSettings = Field(default_factory=RtSettings, description="Taguchi's RT method.")
    dense_ae: DenseAeSettings = Field(
        default_factory=DenseAeSettings, description="The dense autoencoder (torch)."
    )
    ae: AeSettings = Field(
        default_factory=AeSettings, description="The convolutional autoencoder (torch)."
    )
    vae: VaeSettings = Field(
        default_factory=VaeSettings, description="The variational autoencoder (torch)."
    )
    cvae: CvaeSettings = Field(
        default_factory=CvaeSettings, description="The conditional one (torch)."
    )

    @field_validator("review")
    @classmethod
    def _above_false_reject(cls, review: float | None, before: ValidationInfo) -> float | None:
        if review is not None and review <= before.data.get("false_reject", 0):
            raise ValueError(Notice("rule_review"))
        return review

    @field_validator("windows")
    @classmethod
    def _names(cls, windows: dict[str, Rectangle]) -> dict[str, Rectangle]:
        if not all(name.strip() and name.isprintable() and len(name) <= 64 for name in windows):
            raise ValueError(Notice("rule_window_names"))
        return windows

    @field_validator("size")
    @classmethod
    def _sides(cls, size: tuple[int, int] | None) -> tuple[int, int] | None:
        if size and not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in size):
            raise ValueError(Notice("rule_sides", least=SMALLEST_SIDE, most=LARGEST_SIDE))
        return size

    def __init__(self, /, _where: str | Notice = _NOWHERE, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise RecipeError.about(complaint(error, type(self), _where)) from None

    @classmethod
    def parse(cls, settings: dict[str, Any], where: str | Notice = _NOWHERE) -> Self:
        """A recipe from plain values; `where` names their origin in errors."""
        return cls(where, **settings)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """A recipe from a TOML file."""
        path = Path(path)
        if not path.is_file():
            raise RecipeError("recipe_missing", path=path)
        try:
            settings = tomllib.loads(path.read_text("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise RecipeError("recipe_not_toml", path=path, reason=error) from None
        mask = settings.get("ignore_mask")
        if isinstance(mask, str) and (path.parent / mask).is_file():
            settings["ignore_mask"] = str(path.parent / mask)  # beside the recipe that names it
        backbone = settings.get("feature", {}).get("backbone")
        if isinstance(backbone, str) and (path.parent / backbone).is_file():
            settings["feature"]["backbone"] = str(path.parent / backbone)
        return cls.parse(settings, str(path))

    @classmethod
    def preset(cls, name: str) -> Self:
        """The settings of a published experiment: network, epochs, and judging by the plain MSE."""
        if name not in PRESETS:
            raise RecipeError("preset_unknown", name=name, known=", ".join(PRESETS))
        return cls.parse(PUBLISHED_JUDGE | PRESETS[name], name)

    def but(self, **changes: object) -> Self:
        """This recipe with some settings changed, checked like any other."""
        return self.parse(self.model_dump() | changes)

    def settled(self) -> Self:
        """This recipe with what is left out about difference and score decided."""
        usual = _USUAL.get(self.model, ("units", "max"))
        difference, score = self.difference or usual[0], self.score or usual[1]
        smoothing = self.smoothing
        if smoothing is None and "auto" not in (difference, score):
            smoothing = 0.0 if difference == "units" or score == "mean" else 1 / 32
        return self.but(difference=difference, score=score, smoothing=smoothing)

    @property
    def own(self) -> Settings:
        """The settings of the recipe's model."""
        settings: Settings = getattr(self, self._section)
        return settings

    def with_own(self, settings: Settings) -> Self:
        """This recipe with other settings of its model."""
        return self.but(**{self._section: settings.model_dump()})

    @property
    def _section(self) -> str:
        return self.model.replace("-", "_")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, without the settings of the models that are not used."""
        others = set(SECTIONS) - {self._section}
        if self.compression.steps:
            others -= {"compression"}
        return self.model_dump(mode="json", exclude=others)

    def flat(self) -> dict[str, Any]:
        """The settings that count, those of groups as 'group.setting'."""
        flat: dict[str, Any] = {}
        for key, value in self.to_dict().items():
            inside = value if isinstance(value, dict) else None
            flat |= {key: value} if inside is None else {f"{key}.{k}": v for k, v in inside.items()}
        return {key: value for key, value in flat.items() if value is not None}

    def to_toml(self) -> str:
        """The recipe as TOML that `read` accepts; settings left out stay out."""
        settings = self.to_dict()
        return tomli_w.dumps(_without_none(settings))


_USUAL = {"auto": ("auto", "auto"), "feature": ("l2", "top")}
"""Difference and score that are taken where the recipe leaves them out, if not units and max."""

SECTIONS = tuple(
    name for name, field in Recipe.model_fields.items() if field.default_factory is not None
)
"""The settings that are groups of settings."""


def _without_none(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if value is not None
    }


def with_windows_in(path: Path, recipe: Recipe) -> str:
    """The TOML of the file, if it is there, with the windows of the recipe and nothing else new."""
    settings = tomllib.loads(path.read_text("utf-8-sig")) if path.exists() else {}
    windows = {name: list(place) for name, place in recipe.windows.items()}
    return tomli_w.dumps(settings | {"windows": windows}, multiline_strings=False)
