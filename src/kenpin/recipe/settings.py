"""The groups of settings in a recipe: what each model and the compression may be told."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SMALLEST_SIDE = 16
LARGEST_SIDE = 2048
MOST_FALSE_REJECT = 0.5

Side = Annotated[int, Field(ge=4, le=LARGEST_SIDE)]
Place = Annotated[int, Field(ge=0, le=100_000)]
Length = Annotated[int, Field(ge=4, le=100_000)]
Rectangle = tuple[Place, Place, Length, Length]
"""(x, y, width, height) in pixels of the picture, from its upper left corner."""


class Settings(BaseModel):
    """Some settings; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ScaleSettings(Settings):
    """How large things are: so many pixels of the picture are so many millimetres."""

    pixels: float = Field(gt=0, le=100_000)
    mm: float = Field(gt=0, le=100_000)


class FeatureSettings(Settings):
    """The feature autoencoder, alone or with the pixels."""

    components: int | None = Field(None, ge=1, le=1000)
    pixel_components: int | None = Field(None, ge=1, le=1000)
    two_sizes: bool = False
    backbone: str = "kenpin"
    smallest_defect: float | None = Field(None, gt=0, le=100_000)


class PcaSettings(Settings):
    """The linear autoencoder."""

    components: int | None = Field(None, ge=1, le=1000)


class MtSettings(Settings):
    """Taguchi's MT method."""

    shrinkage: float | None = Field(None, ge=0, le=1)


class RtSettings(Settings):
    """Taguchi's RT method, in a window around every pixel."""

    window: int | None = Field(None, ge=2, le=LARGEST_SIDE)


class NetworkSettings(Settings):
    """What all networks have in common (they need torch to learn)."""

    published: bool = False
    epochs: int | None = Field(None, ge=1, le=10_000)
    patience: int = Field(20, ge=0)
    validation: float | None = Field(None, ge=0, le=0.5)
    batch: int | None = Field(None, ge=2, le=1024)
    learning_rate: float = Field(2e-3, gt=0, le=1)


class DenseAeSettings(NetworkSettings):
    """The dense autoencoder (needs torch to learn)."""

    hidden: int = Field(256, ge=1, le=4096)
    code: int = Field(16, ge=1, le=1024)


class AeSettings(NetworkSettings):
    """The convolutional autoencoder (needs torch to learn)."""

    width: int = Field(32, ge=4, le=256)
    code: int = Field(32, ge=1, le=256)
    depth: int | None = Field(None, ge=1, le=7)


class VaeSettings(NetworkSettings):
    """The variational autoencoder (needs torch to learn)."""

    learning_rate: float = Field(4e-3, gt=0, le=1)
    patience: int = Field(40, ge=0)
    width: int = Field(16, ge=4, le=256)
    latent: int = Field(16, ge=1, le=1024)
    noise: float = Field(0.02, gt=0, le=10)
    depth: int | None = Field(None, ge=1, le=7)


class CvaeSettings(VaeSettings):
    """The conditional variational autoencoder (needs torch to learn)."""

    latent: int = Field(8, ge=1, le=1024)


class CompressionSettings(Settings):
    """The two-step compression by Taguchi's RT method."""

    steps: Literal[0, 1, 2] = 0
    step1: tuple[Side, Side] | None = None
    step2: tuple[Side, Side] | None = None


PUBLISHED_JUDGE: dict[str, Any] = {
    "difference": "l2",
    "score": "mean",
    "false_reject": 0.05,
    "held_out": "split",
    "split_share": 0.1,
}
_PUBLISHED = {"published": True, "epochs": 50, "learning_rate": 1e-3, "patience": 0}
PRESETS: dict[str, dict[str, Any]] = {
    "shapes16": {"model": "ae", "ae": {**_PUBLISHED, "batch": 32, "validation": 0.1}},
    "shapes27": {"model": "cvae", "cvae": {**_PUBLISHED, "batch": 64, "validation": 0.0}},
    "terminals36": {"model": "vae", "vae": {**_PUBLISHED, "batch": 64, "validation": 0.0}},
    "mnist19": {
        "model": "dense-ae",
        "difference": "l1",
        "dense_ae": _PUBLISHED | {"epochs": 300, "batch": 32, "patience": 10, "validation": 0.1},
    },
}
"""Of each published experiment what differs from the defaults; see kenpin.experiments."""
