"""Losses for TensorBoard. Needs torch and tensorboard."""

from collections.abc import Sequence
from pathlib import Path

from kenpin import messages
from kenpin.errors import ExtraError


def write_losses(folder: Path, history: Sequence[tuple[float, float | None]]) -> None:
    """Write the losses of each epoch into `folder`; raises ExtraError without tensorboard."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ExtraError(messages.EXTRA_TENSORBOARD) from error
    with SummaryWriter(str(folder)) as writer:
        for epoch, (learned, held_out) in enumerate(history, start=1):
            writer.add_scalar("loss/learned from", learned, epoch)
            if held_out is not None:
                writer.add_scalar("loss/held out", held_out, epoch)
