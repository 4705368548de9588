"""The convolutional autoencoder; torch learns it, the bundle keeps it as an ONNX graph.

The published network (convolution 3x3, ReLU, halve; and back by doubling; a linear last layer)
for pictures of any size, grey or RGB. Unlike the published one ours is given the picture's
deviation from the mean good picture and answers with a deviation, the learning rate falls, and the
epoch that reconstructs good pictures held out for it best is kept.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, pad

from kenpin.models.training import Learned, depth_for, settled, train
from kenpin.recipe import AeSettings
from kenpin.types import Floats, Progress

_CODE_SIDE = 8  # pixels of the code's longer side at which halving stops


class AutoEncoder(nn.Module):
    """(B, C, h, w) in about [0, 1] -> the same."""

    mean: Tensor  # (C, h, w)

    def __init__(self, mean: Tensor, scale: float, layers: nn.Sequential, depth: int) -> None:
        super().__init__()
        self.layers = layers
        self.register_buffer("mean", mean)
        self.scale = scale
        height, wide = mean.shape[1:]
        step = 2**depth
        self.pad = (0, -wide % step, 0, -height % step)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        deviation = (pictures - self.mean) / self.scale  # (B, C, h, w)
        padded = pad(deviation, self.pad, mode="replicate")
        height, width = pictures.shape[2:]
        answer: Tensor = self.layers(padded)[:, :, :height, :width]
        return answer * self.scale + self.mean


def _layers(channels: int, width: int, code: int, depth: int) -> nn.Sequential:
    widths = [width] + [code] * (depth - 1)
    layers: list[nn.Module] = []
    for before, after in zip([channels, *widths], widths, strict=False):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(widths[-1], code, 3, padding=1), nn.ReLU()]
    for before, after in zip([code, *widths[:0:-1]], widths[::-1], strict=False):
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(width, channels, 3, padding=1))


def _published_layers(channels: int) -> nn.Sequential:
    """Unlike ours there is no convolution of 16 channels between the two doublings."""
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2),
        nn.Conv2d(32, channels, 3, padding=1),
    )  # fmt: skip


def settle(pictures: Floats, settings: AeSettings, least: int, seed: int) -> AeSettings:
    """The settings with what the user left open chosen from the pictures' number and size."""
    return settled(settings, len(pictures), _depth(settings, pictures))


def learn(pictures: Floats, settings: AeSettings, seed: int, progress: Progress) -> Learned:
    """Learn from (N, h, w, C) float32 pictures in [0, 1]; see `learn_model`."""
    depth = _depth(settings, pictures)

    def make(mean: Tensor, scale: float) -> nn.Module:
        if settings.published:
            return AutoEncoder(torch.zeros_like(mean), 1.0, _published_layers(mean.shape[0]), 2)
        layers = _layers(mean.shape[0], settings.width, settings.code, depth)
        return AutoEncoder(mean, scale, layers, depth)

    return train(make, _loss, pictures, None, settings, seed, progress)


def _loss(network: Any, pictures: Tensor, labels: Tensor | None) -> Tensor:
    error: Tensor = mse_loss(network(pictures), pictures) / network.scale**2
    return error


def _depth(settings: AeSettings, pictures: Floats) -> int:
    return settings.depth or depth_for(max(pictures.shape[1:3]), _CODE_SIDE)
