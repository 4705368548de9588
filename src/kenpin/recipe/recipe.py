"""Everything a person may decide about learning and judging a part; TOML in, TOML out."""

import re
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
    Place,
    Rectangle,
    RtSettings,
    ScaleSettings,
    Settings,
    VaeSettings,
)
from kenpin.text import Notice

ModelName = Literal["auto", "both", "feature", "pca", "mt", "rt", "dense-ae", "ae", "vae", "cvae"]

_NOWHERE = Notice("recipe_builtin")
_MOST_BYTES = 2**20  # of a recipe file


class Recipe(Settings):
    """How a part is learned and judged; what each setting means: docs/recipe.md.

    Raises RecipeError, one sentence with the setting's name, when a setting is not possible.
    """

    kind: Literal["part", "harness"] = "part"
    model: ModelName = "both"
    size: tuple[int, int] | None = None
    color: Literal["auto", "grey", "rgb"] = "auto"
    bits: Literal[8, 10, 12, 14, 16] | None = None
    crop: Rectangle | None = None
    windows: dict[str, Rectangle] = Field({})
    ignore: tuple[Rectangle, ...] = ()
    ignore_mask: str | None = None
    align: Literal["none", "translation", "rotation", "scale"] = "none"
    mark: Rectangle | None = None
    ends: dict[str, tuple[Place, Place]] = Field({})
    scale: ScaleSettings | None = None
    light: Literal["none", "level", "shading"] = "none"
    difference: Literal["auto", "eyes", "units", "l1", "l2", "ssim"] | None = None
    score: Literal["auto", "max", "mean", "top"] | None = None
    smoothing: float | None = Field(None, ge=0, le=0.5)
    false_reject: float = Field(0.01, gt=0, le=MOST_FALSE_REJECT)
    review: float | None = Field(None, gt=0, le=0.5)
    limit: Literal["rank", "tail"] = "rank"
    held_out: Literal["kfold", "split", "none"] = "kfold"
    folds: int | None = Field(None, ge=2, le=100)
    split_share: float = Field(0.4, gt=0, lt=1)
    budget: float = Field(60, gt=0, le=86_400)
    seed: int = Field(0, ge=0, lt=2**32)
    compression: CompressionSettings = CompressionSettings()
    feature: FeatureSettings = FeatureSettings()
    pca: PcaSettings = PcaSettings()
    mt: MtSettings = MtSettings()
    rt: RtSettings = RtSettings()
    dense_ae: DenseAeSettings = DenseAeSettings()
    ae: AeSettings = AeSettings()
    vae: VaeSettings = VaeSettings()
    cvae: CvaeSettings = CvaeSettings()

    @field_validator("review")
    @classmethod
    def _above_false_reject(cls, review: float | None, before: ValidationInfo) -> float | None:
        if review is not None and review <= before.data.get("false_reject", 0):
            raise ValueError(Notice("rule_review"))
        return review

    @field_validator("mark")
    @classmethod
    def _of_alignment(cls, mark: Rectangle | None, before: ValidationInfo) -> Rectangle | None:
        if mark is not None and before.data.get("align") == "none":
            raise ValueError(Notice("rule_mark"))
        return mark

    @field_validator("windows", "ends")
    @classmethod
    def _names(cls, named: dict[str, Any]) -> dict[str, Any]:
        if not all(name.strip() and name.isprintable() and len(name) <= 64 for name in named):
            raise ValueError(Notice("rule_window_names"))
        return named

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
            if path.stat().st_size > _MOST_BYTES:
                raise RecipeError("recipe_not_toml", path=path)
            settings = tomllib.loads(path.read_text("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            where = re.search(r"line (\d+), column (\d+)", str(error))
            if where is None:
                raise RecipeError("recipe_not_toml", path=path) from None
            line, column = where.groups()
            raise RecipeError("recipe_not_toml_at", path=path, line=line, column=column) from None
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
        """This recipe with what is left out about difference and score decided.

        Raises RecipeError for settings that do not go together.
        """
        self._check_harness()
        usual = _USUAL.get(self.model, ("units", "max"))
        difference, score = self.difference or usual[0], self.score or usual[1]
        if self.model == "both" and difference == "auto":
            difference = "eyes"  # there is no other
        if (self.model == "both") != (difference == "eyes"):
            raise RecipeError("eyes_only", model=self.model, difference=difference)
        smoothing = self.smoothing
        if smoothing is None and "auto" not in (difference, score):
            smoothing = 0.0 if difference in _UNSMOOTHED or score == "mean" else 1 / 32
        return self.but(difference=difference, score=score, smoothing=smoothing)

    def _check_harness(self) -> None:
        """What says where to look means places of a picture, which a harness does not keep."""
        if self.kind != "harness":
            if self.ends or self.scale:
                raise RecipeError("harness_only", setting="ends" if self.ends else "scale")
            return
        usual = type(self)()
        places = ("crop", "windows", "ignore", "ignore_mask", "align", "mark", "light")
        others = [name for name in places if getattr(self, name) != getattr(usual, name)]
        others += ["compression"] if self.compression.steps else []
        others += ["feature.smallest_defect"] if self.feature.smallest_defect else []
        if others:
            raise RecipeError("harness_without", settings=", ".join(others))
        if self.model not in _OF_HARNESSES:
            raise RecipeError("harness_model", model=self.model, known=", ".join(_OF_HARNESSES))

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
        return "feature" if self.model == "both" else self.model.replace("-", "_")

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


_USUAL = {"auto": ("auto", "auto"), "both": ("eyes", "max"), "feature": ("l2", "top")}
"""Difference and score that are taken where the recipe leaves them out, if not units and max."""

_UNSMOOTHED = ("units", "eyes")
"""Differences that look over neighbourhoods themselves, or are of features that do."""

_OF_HARNESSES = ("both", "feature", "pca")

SECTIONS = tuple(name for name, value in Recipe() if isinstance(value, Settings))
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
