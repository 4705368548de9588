"""The variational autoencoder, plain and conditional.

A picture is described by a few numbers drawn from a distribution (Kingma and Welling,
"Auto-encoding variational Bayes", 2014); when judging nothing is drawn, the mean is taken. The
conditional one is told the label (Sohn, Lee and Yan, "Learning structured output representation
using deep conditional generative models", 2015).

In the published conditional network the encoder sees the label too, and its 128 numbers have room
for the true label: a wrong one then changes little. Ours shows the label to the decoder only and
has few numbers, and the judge compares the error under the told label with that under the others.
The squared error is weighed by a noise level that follows the pictures' own variance.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from kenpin.models.contract import Labels
from kenpin.models.training import Learned, depth_for, settled, train
from kenpin.recipe import VaeSettings
from kenpin.types import Floats, Progress

_CODE_SIDE = 4  # pixels of the innermost layer's longer side at which halving stops


class _Encoding(nn.Module):
    """What both VAEs share: `encode` to mean and log variance, `decode` back."""

    mean: Tensor  # (C, h, w)
    encoder: nn.Module
    describe: nn.Module
    decoder: nn.Module
    latent: int
    conditional_encoder = False

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, h, w) and, where conditional, (B, K) -> (B, C, h, w), nothing drawn."""
        return self.decode(self.encode(pictures, labels)[0], labels)

    def encode(self, pictures: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and log variance, each (B, latent)."""
        code = self.encoder(pictures - self.mean)
        if self.conditional_encoder and labels is not None:
            code = torch.cat([code, labels], 1)
        means, spreads = self.describe(code).chunk(2, 1)
        return means, spreads

    def decode(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(B, latent) and (B, K) -> (B, C, h, w)."""
        given = latent if labels is None else torch.cat([latent, labels], 1)
        height, width = self.mean.shape[1:]
        answer: Tensor = self.decoder(given)[:, :, :height, :width]
        return self.finish(answer)

    def finish(self, answer: Tensor) -> Tensor:
        """The decoder's last layer as a picture."""
        return answer


class Vae(_Encoding):
    """Ours: stride-2 convolutions down, doubling and convolutions up, for any size."""

    def __init__(
        self, mean: Tensor, noise: float, labels: int, width: int, latent: int, depth: int
    ) -> None:
        super().__init__()
        self.noise = noise
        self.latent = latent
        channels, height, wide = mean.shape
        step = 2**depth
        rows, columns = -(-height // step), -(-wide // step)
        widths = [min(width * 2**n, 4 * width) for n in range(depth)]
        down: list[nn.Module] = [
            nn.ReplicationPad2d((0, columns * step - wide, 0, rows * step - height))
        ]
        for before, after in zip([channels, *widths], widths, strict=False):
            down += [nn.Conv2d(before, after, 3, 2, 1, bias=False), *_normed(after)]
        inner = widths[-1] * rows * columns
        self.encoder = nn.Sequential(*down, nn.Flatten())
        self.describe = nn.Linear(inner, 2 * latent)
        up: list[nn.Module] = [
            nn.Linear(latent + labels, inner), nn.ReLU(),
            nn.Unflatten(1, (widths[-1], rows, columns)),
        ]  # fmt: skip
        for before, after in zip(widths[::-1], [*widths[-2::-1], width], strict=True):
            up += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, 1, 1, bias=False)]
            up += _normed(after)
        up += [nn.Conv2d(width, channels, 3, 1, 1)]
        self.decoder = nn.Sequential(*up)
        self.register_buffer("mean", mean)

    def finish(self, answer: Tensor) -> Tensor:
        """A deviation from the mean good picture, like what the encoder is given."""
        return answer + self.mean


class PublishedVae(_Encoding):
    """As published for connector terminals: three convolutions, a dense layer, and back."""

    latent = 128

    def __init__(self, mean: Tensor, labels: int = 0) -> None:
        super().__init__()
        channels, height, wide = mean.shape
        rows, columns = (-(-side // 8) for side in (height, wide))
        down: list[nn.Module] = []
        for before, after in zip((channels, 32, 64), (32, 64, 128), strict=True):
            down += [nn.Conv2d(before, after, 3, 2, 1), nn.ReLU(), nn.BatchNorm2d(after)]
        self.encoder = nn.Sequential(*down, nn.Flatten())
        told = labels if self.conditional_encoder else 0
        self.describe = nn.Linear(128 * rows * columns + told, 2 * self.latent)
        self.decoder = self._decoder(channels, labels, height, wide)
        self.register_buffer("mean", torch.zeros_like(mean))

    def _decoder(self, channels: int, labels: int, height: int, wide: int) -> nn.Sequential:
        rows, columns = -(-height // 8), -(-wide // 8)
        up: list[nn.Module] = [
            nn.Linear(self.latent + labels, 128 * rows * columns), nn.ReLU(),
            nn.Unflatten(1, (128, rows, columns)),
        ]  # fmt: skip
        for before, after in zip((128, 128, 64), (128, 64, 32), strict=True):
            up += [nn.ConvTranspose2d(before, after, 3, 2, 1, 1), nn.ReLU(), nn.BatchNorm2d(after)]
        return nn.Sequential(*up, nn.Conv2d(32, channels, 3, 1, 1), nn.Sigmoid())

    def decode(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(B, latent) -> (B, C, h, w), the last picture resized to the size of the input."""
        given = latent if labels is None else torch.cat([latent, labels], 1)
        answer = self.decoder(given)
        size = self.mean.shape[1:]
        return answer if answer.shape[2:] == size else interpolate(answer, size, mode="bilinear")


class PublishedCvae(PublishedVae):
    """As published for four shapes: the label goes to the encoder and to the decoder."""

    conditional_encoder = True

    def _decoder(self, channels: int, labels: int, height: int, wide: int) -> nn.Sequential:
        rows, columns = -(-height // 4), -(-wide // 4)
        return nn.Sequential(
            nn.Linear(self.latent + labels, 128 * rows * columns), nn.ReLU(),
            nn.Unflatten(1, (128, rows, columns)),
            nn.Conv2d(128, 128, 3, 1, 1), nn.ReLU(), nn.BatchNorm2d(128),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 64, 3, 1, 1), nn.ReLU(), nn.BatchNorm2d(64),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(64, 32, 3, 1, 1), nn.ReLU(), nn.BatchNorm2d(32),
            nn.Conv2d(32, channels, 3, 1, 1), nn.Sigmoid(),
        )  # fmt: skip

    def decode(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """(B, latent) and (B, K) -> (B, C, h, w), what is too large cut off."""
        height, width = self.mean.shape[1:]
        answer: Tensor = self.decoder(torch.cat([latent, labels], 1))  # type: ignore[list-item]
        return answer[:, :, :height, :width]


def settle(pictures: Floats, settings: VaeSettings, least: int, seed: int) -> VaeSettings:
    """The settings with what the user left open chosen from the pictures' number and size."""
    return settled(settings, len(pictures), _depth(settings, pictures))


def learn(pictures: Floats, settings: VaeSettings, seed: int, progress: Progress) -> Learned:
    """Learn from (N, h, w, C) float32 pictures in [0, 1]; see `learn_model`."""
    return learn_conditional(pictures, None, settings, seed, progress)


def learn_conditional(
    pictures: Floats,
    labels: Labels | None,
    settings: VaeSettings,
    seed: int,
    progress: Progress,
) -> Learned:
    """Learn from (N, h, w, C) float32 pictures in [0, 1] and their labels (N,)."""
    count = 0 if labels is None else int(labels.max()) + 1
    depth = _depth(settings, pictures)

    def make(mean: Tensor, scale: float) -> nn.Module:
        if settings.published:
            return PublishedCvae(mean, count) if count else PublishedVae(mean)
        noise = settings.noise * scale**2
        return Vae(mean, noise, count, settings.width, settings.latent, depth)

    loss = _published_loss if settings.published else _loss
    return train(make, loss, pictures, labels, settings, seed, progress)


def _loss(network: Any, pictures: Tensor, labels: Tensor | None) -> Tensor:
    """Squared error in units of the noise, and what describing the picture costs."""
    answer, description = _drawn(network, pictures, labels)
    errors = (answer - pictures).square().sum(dim=(1, 2, 3)).mean()
    loss: Tensor = errors / (2 * network.noise) + description
    return loss


def _published_loss(network: Any, pictures: Tensor, labels: Tensor | None) -> Tensor:
    answer, description = _drawn(network, pictures, labels)
    return (answer - pictures).square().sum(dim=(1, 2, 3)).mean() + description


def _drawn(network: Any, pictures: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
    """A reconstruction from drawn numbers, and what describing the picture by them costs."""
    means, spreads = network.encode(pictures, labels)
    means, spreads = means.float(), spreads.float().clamp(-20, 20)
    latent = means
    if network.training:
        latent = means + torch.exp(0.5 * spreads) * torch.randn_like(means)
    cost = -0.5 * (1 + spreads - means.square() - spreads.exp()).sum(dim=1).mean()
    return network.decode(latent, labels).float(), cost


def _normed(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU()]


def _depth(settings: VaeSettings, pictures: Floats) -> int:
    return settings.depth or depth_for(max(pictures.shape[1:3]), _CODE_SIDE)
