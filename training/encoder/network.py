"""The student and its teacher: MobileNetV2's inverted residual blocks up to stride 16.

Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018. The teacher is that
network with the weights of ImageNet; the student has the same blocks with weights of its own, drawn
at random, so that each block can first be taught for itself (see train.py).
"""

import copy
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1))
"""Of each stage: expansion, channels, blocks, stride of the first block."""

TAPS = (2, 5, 9, 12)
"""The blocks whose outputs are features: strides 4, 8, 16 and 16."""

CHANNELS = (24, 32, 64, 96)


class Conv(nn.Conv2d):
    """A 3x3 convolution; with stride 2 padded as TensorFlow does, below and to the right."""

    def __init__(self, inside: int, outside: int, stride: int, groups: int = 1) -> None:
        padding = 1 if stride == 1 else 0
        super().__init__(inside, outside, 3, stride, padding, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self.padding[0] else nn.functional.pad(x, (0, 1, 0, 1)))


class Block(nn.Module):
    """An inverted residual block: wider, 3x3 by channel, narrower; added to what came in."""

    def __init__(self, inside: int, outside: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inside * expansion
        widen = [nn.Conv2d(inside, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6()]
        self.layers = nn.Sequential(
            *(widen if expansion > 1 else []),
            Conv(wide, wide, stride, groups=wide),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            nn.Conv2d(wide, outside, 1, bias=False),
            nn.BatchNorm2d(outside),
        )
        self.adds = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.adds else self.layers(x)


class Encoder(nn.Module):
    """(N, 3, H, W) RGB in [0, 1] -> the output of every block, finest first."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Conv(3, 32, 2), nn.BatchNorm2d(32), nn.ReLU6())
        blocks, inside = [], 32
        for expansion, outside, count, stride in _STAGES:
            for number in range(count):
                blocks.append(Block(inside, outside, stride if number == 0 else 1, expansion))
                inside = outside
        self.blocks = nn.ModuleList(blocks)

    def enter(self, pictures: Tensor) -> Tensor:
        """What the first block gets."""
        return self.stem(2 * pictures - 1)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        x, outputs = self.enter(pictures), []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        return outputs


def folded(encoder: Encoder) -> Encoder:
    """The same in eval mode, its normalisations folded into the convolutions before them."""
    encoder = copy.deepcopy(encoder).eval()
    for chain in [encoder.stem, *(block.layers for block in encoder.blocks)]:
        for place, layer in enumerate(chain):
            if isinstance(layer, nn.BatchNorm2d):
                chain[place - 1] = fuse_conv_bn_eval(chain[place - 1], layer)
                chain[place] = nn.Identity()
    return encoder.requires_grad_(False)


def teacher(path: Path) -> Encoder:
    """MobileNetV2 from a safetensors file with timm's names, frozen, without what lies deeper."""
    given = load_file(path)
    encoder, names = Encoder(), ["conv_stem", "bn1"]
    names_of = {True: ("conv_pw", "conv_dw", "conv_pwl"), False: ("conv_dw", "conv_pw")}
    for stage, (expansion, _, count, _) in enumerate(_STAGES):
        for number in range(count):
            for order, convolution in enumerate(names_of[expansion > 1], start=1):
                names += [f"blocks.{stage}.{number}.{n}" for n in (convolution, f"bn{order}")]
    own = [m for m in encoder.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    for module, name in zip(own, names, strict=True):
        mark = f"{name}."
        inside = {k.removeprefix(mark): v for k, v in given.items() if k.startswith(mark)}
        module.load_state_dict({k: v.float() for k, v in inside.items()})
    return folded(encoder)
