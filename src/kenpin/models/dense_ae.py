"""The dense autoencoder: every pixel connected with every unit, as published for MNIST.

Ours is given the deviation from the mean good picture, has a linear code, and its output is
linear too; see `kenpin.models.ae` for how it learns.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from kenpin.models.training import Learned, batch_for, epochs_for, settled, train
from kenpin.recipe import DenseAeSettings
from kenpin.types import Floats, Progress

_MOST_EPOCHS, _LEAST_BATCH = 150, 16
_PUBLISHED = (392, 64)  # units of the hidden layers and of the code


class DenseAutoEncoder(nn.Module):
    """(B, C, h, w) in about [0, 1] -> the same."""

    mean: Tensor  # (C, h, w)

    def __init__(self, mean: Tensor, scale: float, hidden: int, code: int, last: nn.Module) -> None:
        super().__init__()
        items = mean.numel()
        coded: nn.Module = nn.ReLU() if isinstance(last, nn.Sigmoid) else nn.Identity()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(items, hidden), nn.ReLU(), nn.Linear(hidden, code), coded,
            nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, items), last,
            nn.Unflatten(1, tuple(mean.shape)),
        )  # fmt: skip
        self.register_buffer("mean", mean)
        self.scale = scale

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        answer: Tensor = self.layers((pictures - self.mean) / self.scale)
        return answer * self.scale + self.mean


def settle(pictures: Floats, settings: DenseAeSettings, least: int, seed: int) -> DenseAeSettings:
    """The settings with what the user left open chosen from the pictures' number.

    A step costs what its many weights cost, however few pictures are in it: so larger batches than
    those of the other networks, and more epochs.
    """
    count = len(pictures)
    usual = {"epochs": epochs_for(count, _MOST_EPOCHS), "batch": batch_for(count, _LEAST_BATCH)}
    open_ones = {key: value for key, value in usual.items() if getattr(settings, key) is None}
    return settled(settings.model_copy(update=open_ones), count)


def learn(pictures: Floats, settings: DenseAeSettings, seed: int, progress: Progress) -> Learned:
    """Learn from (N, h, w, C) float32 pictures in [0, 1]; see `learn_model`."""

    def make(mean: Tensor, scale: float) -> nn.Module:
        if settings.published:
            return DenseAutoEncoder(torch.zeros_like(mean), 1.0, *_PUBLISHED, nn.Sigmoid())
        return DenseAutoEncoder(mean, scale, settings.hidden, settings.code, nn.Identity())

    decided = settle(pictures, settings, len(pictures), seed)
    return train(make, _loss, pictures, None, decided, seed, progress)


def _loss(network: Any, pictures: Tensor, labels: Tensor | None) -> Tensor:
    error: Tensor = mse_loss(network(pictures), pictures) / network.scale**2
    return error
