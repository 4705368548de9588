"""How networks learn: the one training loop, and what is kept of a network. Needs torch."""

import copy
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import one_hot

from kenpin.errors import ExtraError
from kenpin.models.contract import Labels, State
from kenpin.models.network import DECODER, GRAPH
from kenpin.models.to_onnx import exported
from kenpin.recipe import NetworkSettings
from kenpin.text import say
from kenpin.types import Floats, Progress

_AT_ONCE = 64  # pictures reconstructed together

Loss = Callable[[Any, Tensor, Tensor | None], Tensor]
"""(network, pictures (B, C, h, w), labels (B, K) one-hot or None) -> what is to become small."""

_Given = tuple[Tensor, Tensor | None]  # pictures and their labels
History = list[tuple[float, float | None]]
"""For each epoch the loss on what is learned from, and on what is held out if anything is."""


class Learned:
    """The network as learned, still in torch."""

    def __init__(self, network: nn.Module, labels: int, history: History) -> None:
        self.network = network.eval()
        self.history = history
        self._labels = labels

    @torch.inference_mode()
    def reconstruct(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """See `Reconstructor.reconstruct`; raises ValueError when labels are needed and missing."""
        if self._labels and labels is None:
            raise ValueError("a conditional network must be told the label of each picture")
        tensor, told = to_tensor(pictures), self._hot(labels)
        answers = []
        for first in range(0, len(tensor), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            given = (tensor[part],) if told is None else (tensor[part], told[part])
            answers.append(self.network(*given))
        return np.ascontiguousarray(torch.cat(answers).numpy().transpose(0, 2, 3, 1))

    def state(self) -> State:
        """See `Model.state`; the graphs take any number of pictures."""
        network: Any = self.network
        shape = tuple(network.mean.shape)
        told = [torch.zeros(2, self._labels)] if self._labels else []
        graphs = {GRAPH: _graph_of(network, [torch.zeros(2, *shape), *told])}
        if hasattr(network, "latent"):
            latent = torch.zeros(2, network.latent)
            graphs[DECODER] = _graph_of(_Decoder(network), [latent, *told])
        return State({"history": [list(losses) for losses in self.history]}, graphs=graphs)

    def _hot(self, labels: Labels | None) -> Tensor | None:
        return to_hot(labels, self._labels) if self._labels else None


class _Decoder(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        answer: Tensor = self.network.decode(latent, labels)
        return answer


def train(
    make: Callable[[Tensor, float], nn.Module],
    loss: Loss,
    pictures: Floats,
    labels: Labels | None,
    settings: NetworkSettings,
    seed: int,
    progress: Progress,
) -> Learned:
    """The network that `make` gives for a mean picture (C, h, w) and a scale, learned.

    pictures: (N, h, w, C) in [0, 1]. Adam with a falling step size; the epoch with the smallest
    loss on good pictures held out for it is kept. A published network is learned as published: a
    constant step size, all epochs.
    """
    settings = settled(settings, len(pictures))
    order = np.random.default_rng(seed).permutation(len(pictures))
    share = settings.validation or 0.0
    held_out, rest = np.split(order, [max(1, round(share * len(pictures))) if share else 0])
    count = 0 if labels is None else int(labels.max()) + 1

    def given(indices: NDArray[np.intp]) -> _Given:
        hot = None if labels is None else to_hot(labels[indices], count)
        return to_tensor(pictures[indices]), hot

    learning = given(rest)
    mean = learning[0].mean(dim=0)
    scale = float((learning[0] - mean).std()) or 1.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make(mean, scale).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        history = _run(network, loss, learning, given(held_out), settings, progress)
    return Learned(network, count, history)


S = TypeVar("S", bound=NetworkSettings)


def settled(settings: S, count: int, depth: int | None = None) -> S:
    """The settings with epochs and batch chosen for `count` pictures, if the user left them open.

    depth: what to use where the settings have a depth and it was left open.
    """
    decided: dict[str, float | None] = {
        "epochs": settings.epochs or epochs_for(count),
        "batch": settings.batch or batch_for(count),
    }
    if settings.validation is None:
        decided["validation"] = round(min(0.15, 200 / count), 4)
    if getattr(settings, "depth", 0) is None:
        decided["depth"] = depth
    return settings.model_copy(update=decided)


def epochs_for(count: int, most: int = 75) -> int:
    """As many as show 60,000 pictures, but at least 20 and at most so many."""
    return min(most, max(20, 60_000 // count))


def batch_for(count: int, least: int = 4) -> int:
    """A twentieth of the pictures, but at least so many and at most 128."""
    return min(128, max(least, count // 20))


def to_tensor(pictures: Floats) -> Tensor:
    """(N, h, w, C) -> (N, C, h, w), in memory as it was: channels last."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)


def to_hot(labels: Labels | None, count: int) -> Tensor:
    """(N,) labels -> (N, count) float32, 1 at the label."""
    return one_hot(torch.from_numpy(np.ascontiguousarray(labels, np.int64)), count).float()


def depth_for(side: int, code_side: int) -> int:
    """How often to halve so that about `code_side` pixels of the longer side are left."""
    return max(2, round(math.log2(side / code_side)))


def _run(
    network: nn.Module,
    loss: Loss,
    learning: _Given,
    validation: _Given,
    settings: NetworkSettings,
    progress: Progress,
) -> History:
    """Leaves the network as it was at the best epoch, or with patience 0 as it is at the end."""
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    epochs = settings.epochs or 1
    last = settings.learning_rate if settings.published else 0.0
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs, last)
    best, best_error, best_epoch = None, math.inf, 0
    history: History = []
    for epoch in range(1, epochs + 1):
        learned = _epoch(network, loss, learning, optimizer, settings)
        schedule.step()
        held_out = _held_out_loss(network, loss, validation) if len(validation[0]) else None
        history.append((learned, held_out))
        alone = held_out is None
        stage = "stage_epochs_alone" if alone else "stage_epochs"
        progress(say(stage, error=f"{learned if alone else held_out:.3g}"), epoch, epochs)
        if not settings.patience or held_out is None:
            continue
        if held_out < best_error:
            best = copy.deepcopy(network.state_dict())
            best_error, best_epoch = held_out, epoch
        elif epoch - best_epoch >= settings.patience:
            break
    if best is not None:
        network.load_state_dict(best)
    return history


def _epoch(
    network: nn.Module,
    loss: Loss,
    learning: _Given,
    optimizer: torch.optim.Optimizer,
    settings: NetworkSettings,
) -> float:
    """One pass over the pictures in random order; the mean loss."""
    network.train()
    total, batches = 0.0, 0
    for chosen in torch.split(torch.randperm(len(learning[0])), settings.batch or 16):
        if len(chosen) == 1 and batches:
            continue  # a batch of one has no spread to normalise by
        with half_precision():
            error = loss(network, *_rows(learning, chosen))
        optimizer.zero_grad(set_to_none=True)
        error.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total, batches = total + float(error.detach()), batches + 1
    return total / batches


@torch.inference_mode()
def _held_out_loss(network: nn.Module, loss: Loss, validation: _Given) -> float:
    network.eval()
    with half_precision():
        return float(loss(network, *validation))


def _rows(given: tuple[Tensor, Tensor | None], chosen: Tensor) -> tuple[Tensor, Tensor | None]:
    pictures, labels = given
    return pictures[chosen], None if labels is None else labels[chosen]


def half_precision() -> torch.autocast:
    """bfloat16 where the processor computes with it; elsewhere it would only be slow."""
    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # not in older torch
    fast = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=fast)


def _graph_of(network: nn.Module, given: Sequence[Tensor]) -> bytes:
    """The network as a graph that takes any number of rows."""
    count = torch.export.Dim("count")
    names = ["given", "labels"][: len(given)]
    return exported(network, given, names, "pictures", [{0: count} for _ in given])


def write_losses(folder: Path, history: Sequence[tuple[float, float | None]]) -> None:
    """Write the losses of each epoch into `folder`; raises ExtraError without tensorboard."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ExtraError("extra_tensorboard") from error
    with SummaryWriter(str(folder)) as writer:
        for epoch, (learned, held_out) in enumerate(history, start=1):
            writer.add_scalar("loss/learned from", learned, epoch)
            if held_out is not None:
                writer.add_scalar("loss/held out", held_out, epoch)
