"""The student and its teacher: inverted residual blocks up to stride 16, of one of two layouts.

MobileNetV2 (Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018) and
EfficientNet-Lite0 (Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural
networks", 2019; the Lite variant has no squeeze-and-excitation). The teacher is such a network with
the weights of ImageNet; the student has the same blocks with weights of its own, drawn at random,
so that each block can first be taught for itself (see train.py).
"""

import copy
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


@dataclass(frozen=True)
class Layout:
    """stages: of each the expansion, channels, blocks, stride of the first block, and the side of
    the windows. taps: the blocks whose outputs are features, of strides 4, 8, 16 and 16. eps: of
    the teacher's normalisations.
    """

    stages: tuple[tuple[int, int, int, int, int], ...]
    taps: tuple[int, int, int, int]
    eps: float


LAYOUTS = {
    "mobilenetv2_100": Layout(
        ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 32, 3, 2, 3), (6, 64, 4, 2, 3), (6, 96, 3, 1, 3)),
        (2, 5, 9, 12), 1e-5,
    ),
    "efficientnet_lite0": Layout(
        ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5)),
        (2, 4, 7, 10), 1e-3,
    ),
}  # fmt: skip
"""By the beginning of the name of the teacher's file."""


class Conv(nn.Conv2d):
    """A convolution; with stride 2 padded as TensorFlow does, more below and to the right."""

    def __init__(self, inside: int, outside: int, stride: int, side: int, groups: int = 1) -> None:
        padding = side // 2 if stride == 1 else 0
        super().__init__(inside, outside, side, stride, padding, groups=groups, bias=False)
        before, after = (side - 2) // 2, (side - 1) // 2
        self.around = (before, after, before, after)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self.padding[0] else nn.functional.pad(x, self.around))


class Block(nn.Module):
    """An inverted residual block: wider, each channel filtered, narrower; added to what came in."""

    def __init__(self, inside: int, outside: int, stride: int, expansion: int, side: int) -> None:
        super().__init__()
        wide = inside * expansion
        widen = [nn.Conv2d(inside, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6()]
        self.layers = nn.Sequential(
            *(widen if expansion > 1 else []),
            Conv(wide, wide, stride, side, groups=wide),
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

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.stem = nn.Sequential(Conv(3, 32, 2, 3), nn.BatchNorm2d(32), nn.ReLU6())
        blocks, inside = [], 32
        for expansion, outside, count, stride, side in layout.stages:
            for number in range(count):
                first = stride if number == 0 else 1
                blocks.append(Block(inside, outside, first, expansion, side))
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


def layout_of(teacher_file: Path) -> Layout:
    """By the name of the teacher's file."""
    for name, layout in LAYOUTS.items():
        if teacher_file.name.startswith(name):
            return layout
    raise SystemExit(f"{teacher_file} is none of {', '.join(LAYOUTS)}; name the file like that.")


def teacher(path: Path) -> Encoder:
    """From a safetensors file with timm's names, frozen, without what lies deeper."""
    given, layout = load_file(path), layout_of(path)
    encoder, names = Encoder(layout), ["conv_stem", "bn1"]
    names_of = {True: ("conv_pw", "conv_dw", "conv_pwl"), False: ("conv_dw", "conv_pw")}
    for stage, (expansion, _, count, _, _) in enumerate(layout.stages):
        for number in range(count):
            for order, convolution in enumerate(names_of[expansion > 1], start=1):
                names += [f"blocks.{stage}.{number}.{n}" for n in (convolution, f"bn{order}")]
    own = [m for m in encoder.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    for module, name in zip(own, names, strict=True):
        mark = f"{name}."
        inside = {k.removeprefix(mark): v for k, v in given.items() if k.startswith(mark)}
        counted = {k: v.float() for k, v in inside.items()}
        # A count of batches, which some files leave out, changes nothing in eval mode.
        module.load_state_dict(counted, strict=isinstance(module, nn.Conv2d))
        if isinstance(module, nn.BatchNorm2d):
            module.eps = layout.eps
    return folded(encoder)
