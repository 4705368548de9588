"""The convolutional autoencoder; torch learns it, the bundle keeps it as an ONNX graph.

The published network (convolution 3x3, ReLU, halve; and back by doubling; a linear last layer)
for pictures of any size, grey or RGB. Unlike the published one it is given the picture's deviation
from the mean good picture and answers with a deviation, the learning rate falls, and the epoch
that reconstructs good pictures held out for it best is kept.
"""

import copy
import logging
import math
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, pad

from kenpin import messages
from kenpin.models.base import State
from kenpin.recipe import AeSettings
from kenpin.types import Floats, Progress

_CODE_SIDE = 8  # pixels of the code's longer side at which halving stops
_HELD_OUT_SHARE = 0.15  # of the pictures, to find the best epoch; takes no part in calibration
_AT_ONCE = 32  # pictures reconstructed together


class AutoEncoder(nn.Module):
    """(B, C, h, w) in about [0, 1] -> the same."""

    mean: Tensor  # (C, h, w)

    def __init__(self, mean: Tensor, scale: float, width: int, code: int, depth: int) -> None:
        super().__init__()
        channels = mean.shape[0]
        widths = [width] + [code] * (depth - 1)
        layers: list[nn.Module] = []
        for before, after in zip([channels, *widths], widths, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Conv2d(widths[-1], code, 3, padding=1), nn.ReLU()]
        for before, after in zip([code, *widths[:0:-1]], widths[::-1], strict=False):
            layers += [
                nn.Upsample(scale_factor=2),
                nn.Conv2d(before, after, 3, padding=1),
                nn.ReLU(),
            ]
        layers += [nn.Conv2d(width, channels, 3, padding=1)]
        self.layers = nn.Sequential(*layers)
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


class Learned:
    """The network as learned, still in torch."""

    def __init__(self, network: AutoEncoder) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def reconstruct(self, pictures: Floats) -> Floats:
        """See `Model.reconstruct`."""
        tensor = _to_tensor(pictures)
        batches = [tensor[n : n + _AT_ONCE] for n in range(0, len(tensor), _AT_ONCE)]
        answers = torch.cat([self.network(batch) for batch in batches])
        return np.ascontiguousarray(answers.numpy().transpose(0, 2, 3, 1))

    def state(self) -> State:
        """See `Model.state`; the graph takes any number of pictures."""
        size = tuple(self.network.mean.shape)
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own, nothing a user can act on
            program = torch.onnx.export(
                self.network,
                (torch.zeros(2, *size),),
                dynamo=True,
                verbose=False,
                input_names=["pictures"],
                output_names=["reconstruction"],
                dynamic_shapes=({0: torch.export.Dim("count")},),
            )
        graph = program.model_proto  # type: ignore[union-attr]
        # What the exporter tells of its own source files belongs to nobody who opens the bundle.
        del graph.metadata_props[:], graph.graph.metadata_props[:]
        for item in (*graph.graph.node, *graph.graph.value_info, *graph.graph.initializer):
            del item.metadata_props[:]
            item.ClearField("doc_string")
        return State(graph=graph.SerializeToString())


def settle(pictures: Floats, settings: AeSettings, least: int, seed: int) -> AeSettings:
    """The settings with the depth chosen from the pictures' size, if the user left it open."""
    return settings.model_copy(update={"depth": _depth(settings, pictures)})


def learn(pictures: Floats, settings: AeSettings, seed: int, progress: Progress) -> Learned:
    """Learn from (N, h, w, C) float32 pictures in [0, 1]; see `learn_model`."""
    order = np.random.default_rng(seed).permutation(len(pictures))
    held_out, rest = np.split(order, [max(1, round(_HELD_OUT_SHARE * len(pictures)))])
    learning, validation = _to_tensor(pictures[rest]), _to_tensor(pictures[held_out])
    mean = learning.mean(dim=0)
    scale = float((learning - mean).std()) or 1.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        depth = _depth(settings, pictures)
        network = AutoEncoder(mean, scale, settings.width, settings.code, depth)
        return Learned(_train(network, learning, validation, settings, progress))


def _depth(settings: AeSettings, pictures: Floats) -> int:
    return settings.depth or max(2, round(math.log2(max(pictures.shape[1:3]) / _CODE_SIDE)))


def _train(
    network: AutoEncoder,
    learning: Tensor,
    validation: Tensor,
    settings: AeSettings,
    progress: Progress,
) -> AutoEncoder:
    """The network as it was at the epoch that reconstructed the validation pictures best."""
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs)
    best, best_error, best_epoch = copy.deepcopy(network.state_dict()), math.inf, 0
    for epoch in range(1, settings.epochs + 1):
        network.train()
        order = torch.randperm(len(learning))
        for first in range(0, len(order), settings.batch):
            pictures = learning[order[first : first + settings.batch]]
            with _half_precision():
                error = mse_loss(network(pictures), pictures)
            optimizer.zero_grad(set_to_none=True)
            (error / network.scale**2).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        network.eval()
        with torch.inference_mode(), _half_precision():
            held_out_error = float(mse_loss(network(validation), validation))
        progress(messages.STAGE_EPOCHS, epoch, settings.epochs)
        if held_out_error < best_error:
            best, best_error, best_epoch = (
                copy.deepcopy(network.state_dict()),
                held_out_error,
                epoch,
            )
        elif epoch - best_epoch >= settings.patience:
            break
    network.load_state_dict(best)
    return network


def _half_precision() -> torch.autocast:
    """bfloat16 where the processor computes with it; elsewhere it would only be slow."""
    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # not in older torch
    fast = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=fast)


def _to_tensor(pictures: Floats) -> Tensor:
    """(N, h, w, C) -> (N, C, h, w), in memory as it was: channels last."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)
