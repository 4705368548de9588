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


class FeatureSettings(Settings):
    """The feature autoencoder."""

    components: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="How many principal components rebuild the features of a picture. Left out: "
        "64, but at most two thirds of the pictures.",
    )
    backbone: str = Field(
        "kenpin",
        description="What sees the features: 'kenpin' is the encoder in the package; 'timm:NAME' "
        "a pretrained network by its name in timm, or a file of weights whose name begins with "
        "such a name (both need kenpin[torch,timm] to learn); or an ONNX graph.",
    )
    smallest_defect: float | None = Field(
        None,
        gt=0,
        le=100_000,
        description="Pixels of the picture that the smallest defect to be found measures. The "
        "picture is then seen with 384 pixels of the longer side if with 192 the defect would "
        "have fewer than 4. Left out: 192.",
    )


class PcaSettings(Settings):
    """The linear autoencoder."""

    components: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="How many principal components rebuild a picture. Left out: chosen so that "
        "hidden blocks of held-out good pictures are reconstructed best.",
    )


class MtSettings(Settings):
    """Taguchi's MT method."""

    shrinkage: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Weight of the identity in the correlation of the pixels. Left out: 0 with "
        "three pictures for each pixel, else as Ledoit and Wolf estimate it.",
    )


class RtSettings(Settings):
    """Taguchi's RT method, in a window around every pixel."""

    window: int | None = Field(
        None,
        ge=2,
        le=LARGEST_SIDE,
        description="Side of the window in pixels. Left out: a sixteenth of the longer side.",
    )


class NetworkSettings(Settings):
    """What all networks have in common (they need torch to learn)."""

    published: bool = Field(
        False,
        description="The published network, without mean and falling step size of ours; "
        "the settings of its shape are then not used.",
    )
    epochs: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Most passes over the good pictures. Left out: as many as show 60,000 "
        "pictures, at least 20 and at most 75 (dense-ae: 150).",
    )
    patience: int = Field(
        20,
        ge=0,
        description="Stop after so many passes without progress on good pictures held out for it, "
        "and keep the best. 0: never stop, and keep the last.",
    )
    validation: float | None = Field(
        None,
        ge=0,
        le=0.5,
        description="Share of the good pictures held out for that. Left out: 0.15, but at most "
        "200 pictures.",
    )
    batch: int | None = Field(
        None,
        ge=2,
        le=1024,
        description="Pictures in one step. Left out: a twentieth of them, at least 4 "
        "(dense-ae: 16) and at most 128.",
    )
    learning_rate: float = Field(2e-3, gt=0, le=1, description="Adam's largest step size.")


class DenseAeSettings(NetworkSettings):
    """The dense autoencoder (needs torch to learn)."""

    hidden: int = Field(256, ge=1, le=4096, description="Units of the outer hidden layers.")
    code: int = Field(16, ge=1, le=1024, description="Units of the innermost layer.")


class AeSettings(NetworkSettings):
    """The convolutional autoencoder (needs torch to learn)."""

    width: int = Field(32, ge=4, le=256, description="Channels of the outer layers.")
    code: int = Field(32, ge=1, le=256, description="Channels of the innermost layers.")
    depth: int | None = Field(
        None,
        ge=1,
        le=7,
        description="How often the picture is halved. Left out: until the code is about 8 pixels.",
    )


class VaeSettings(NetworkSettings):
    """The variational autoencoder (needs torch to learn)."""

    learning_rate: float = Field(4e-3, gt=0, le=1, description="Adam's largest step size.")
    patience: int = Field(
        40,
        ge=0,
        description="As for the other networks; the loss is noisier, so it waits longer.",
    )
    width: int = Field(16, ge=4, le=256, description="Channels of the outermost layer.")
    latent: int = Field(16, ge=1, le=1024, description="Numbers a picture is described by.")
    noise: float = Field(
        0.02,
        gt=0,
        le=10,
        description="Share of the pictures' variance that is taken for noise: with more of it the "
        "description is shorter and the reconstruction coarser.",
    )
    depth: int | None = Field(
        None,
        ge=1,
        le=7,
        description="How often the picture is halved. Left out: until the code is about 4 pixels.",
    )


class CvaeSettings(VaeSettings):
    """The conditional variational autoencoder (needs torch to learn)."""

    latent: int = Field(8, ge=1, le=1024, description="Numbers a picture is described by.")


class CompressionSettings(Settings):
    """The two-step compression by Taguchi's RT method."""

    steps: Literal[0, 1, 2] = Field(
        0,
        description="0: none. 1: each window of the picture becomes its two RT numbers, against "
        "the good parts' mean there. 2: the same once more.",
    )
    step1: tuple[Side, Side] | None = Field(
        None, description="(height, width) after step 1. Left out: half of 'size'."
    )
    step2: tuple[Side, Side] | None = Field(
        None, description="(height, width) after step 2. Left out: the longer side is 36."
    )


PUBLISHED_JUDGE: dict[str, Any] = {
    "difference": "l2",
    "score": "mean",
    "false_reject": 0.05,
    "held_out": "split",
    "split_share": 0.1,
}
PRESETS: dict[str, dict[str, Any]] = {
    "shapes16": {
        "model": "ae",
        "ae": {
            "published": True,
            "epochs": 50,
            "batch": 32,
            "learning_rate": 1e-3,
            "patience": 0,
            "validation": 0.1,
        },
    },
    "shapes27": {
        "model": "cvae",
        "cvae": {
            "published": True,
            "epochs": 50,
            "batch": 64,
            "learning_rate": 1e-3,
            "patience": 0,
            "validation": 0.0,
        },
    },
    "terminals36": {
        "model": "vae",
        "vae": {
            "published": True,
            "epochs": 50,
            "batch": 64,
            "learning_rate": 1e-3,
            "patience": 0,
            "validation": 0.0,
        },
    },
    "mnist19": {
        "model": "dense-ae",
        "difference": "l1",
        "dense_ae": {
            "published": True,
            "epochs": 300,
            "batch": 32,
            "learning_rate": 1e-3,
            "patience": 10,
            "validation": 0.1,
        },
    },
}
"""Of each published experiment what differs from the defaults; see kenpin.experiments."""
