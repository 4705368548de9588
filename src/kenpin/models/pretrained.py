"""A pretrained network of timm as an encoder's graph (needs torch and timm)."""

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from kenpin.errors import ExtraError, RecipeError
from kenpin.models.encoder import MULTIPLE
from kenpin.models.to_onnx import exported
from kenpin.text import Notice

_STRIDES = (4, 8, 16)


class Features(nn.Module):
    """(1, 3, h, w) RGB in [0, 1] -> features of strides 4, 8 and 16 brought to stride 8.

    Each is averaged over 3x3 places, as in Roth et al., "Towards total recall in industrial
    anomaly detection", 2022. mean, std: of each colour, what the network wants taken off and
    divided by; left out, it takes pictures as they come.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: Any,
        mean: tuple[float, ...] | None = None,
        std: tuple[float, ...] | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.normalises = mean is not None and std is not None
        if self.normalises:
            self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
            self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        given = (picture - self.mean) / self.std if self.normalises else picture
        fine, middle, coarse = self.network(given)
        fine = nn.functional.avg_pool2d(fine, 2)
        coarse = nn.functional.interpolate(coarse, scale_factor=2.0, mode="bilinear")
        # Averaged before they are put together: ONNX Runtime is far faster so (docs/encoder.md).
        every = [
            nn.functional.avg_pool2d(one, 3, 1, 1, count_include_pad=False)
            for one in (fine, middle, coarse)
        ]
        return torch.cat(every, 1)


def as_graph(name: str, weights: Path | None) -> tuple[bytes, str]:
    """The ONNX graph of timm's network, and its name.

    weights: a safetensors file whose name begins with that of the network; None: timm's own
    weights, which it may have to download. Raises RecipeError when that cannot be done.
    """
    timm = _timm()
    if weights is not None:
        known = [n for n in timm.list_models() if re.match(rf"{re.escape(n)}([_.-]|$)", name)]
        if not known:
            raise RecipeError("backbone_name", path=weights)
        name = max(known, key=len)
    elif name.split(".")[0] not in timm.list_models():
        raise RecipeError("backbone_unknown", name=name)
    network, config = _network(timm, name, weights)
    encoder = Features(network, config["mean"], config["std"]).eval()
    return graph_of(encoder), f"timm:{name}"


def graph_of(encoder: nn.Module) -> bytes:
    """The graph of a module that takes (1, 3, h, w) pictures, for sides of any multiple of 32."""
    example = torch.rand(1, 3, 3 * MULTIPLE, 2 * MULTIPLE)
    sides = {2: MULTIPLE * torch.export.Dim("rows"), 3: MULTIPLE * torch.export.Dim("columns")}
    return exported(encoder, [example], ["picture"], "features", [sides])


def _timm() -> Any:
    try:
        import timm  # noqa: PLC0415 - says what is missing
    except ModuleNotFoundError:
        raise
    except Exception as error:  # torchvision that does not fit torch: a RuntimeError
        raise ExtraError("timm_broken", reason=str(error).splitlines()[0]) from error
    return timm


def _network(timm: Any, name: str, weights: Path | None) -> tuple[Any, dict[str, Any]]:
    """The network with its features of the three strides, and how it takes pictures."""
    try:
        network = timm.create_model(name, pretrained=weights is None, features_only=True)
        reductions = network.feature_info.reduction()
        indices = [reductions.index(stride) for stride in _STRIDES]
        network = timm.create_model(
            name, pretrained=weights is None, features_only=True, out_indices=indices
        )
    except (ValueError, AttributeError, TypeError):  # a transformer, or without these strides
        raise RecipeError("backbone_strides", name=name) from None
    except Exception as error:  # of the hub, of the network: they have no common base
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RecipeError("backbone_offline", name=name, reason=reason) from None
    if weights is not None:
        _load(network, weights)
    return network.eval(), timm.get_pretrained_cfg(name).to_dict()


def _load(network: Any, weights: Path) -> None:
    try:
        missing = network.load_state_dict(load_file(weights), strict=False).missing_keys
    except Exception as error:  # a damaged file, or other shapes
        reason = str(error).splitlines()[0]
        raise RecipeError("backbone_weights", path=weights, reason=reason) from None
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    if missing:
        lacks = Notice("backbone_lacks", key=missing[0])
        raise RecipeError("backbone_weights", path=weights, reason=lacks)
