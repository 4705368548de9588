"""What bfloat16 and the channels-last layout are worth when the autoencoder learns on this CPU.

    python benchmarks/ae_speed.py [--epochs 10] [--rounds 5]

Alternates the settings in one run; prints one JSON line with the ratios of the median times.
"""

import argparse
import contextlib
import json
import time

import numpy as np
import torch

from kenpin.drawn.terminals import draw_terminals
from kenpin.models import ae, training
from kenpin.recipe.settings import AeSettings

SIZE = (48, 64)


def seconds(pictures: np.ndarray, epochs: int, half: bool, last: bool) -> float:
    own_precision, own_layout = training.half_precision, torch.channels_last
    try:
        if not half:
            training.half_precision = contextlib.nullcontext
        if not last:
            torch.channels_last = torch.contiguous_format
        start = time.perf_counter()
        ae.learn(pictures, AeSettings(epochs=epochs, patience=epochs), 0, lambda *_: None)
        return time.perf_counter() - start
    finally:
        training.half_precision, torch.channels_last = own_precision, own_layout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    drawn = [draw_terminals(n, size=SIZE).pixels for n in range(100)]
    pictures = np.stack(drawn)[..., None].astype(np.float32) / 255
    settings = {"float32": (False, False), "float32 channels last": (False, True),
                "bfloat16": (True, False), "bfloat16 channels last": (True, True)}  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in settings}
    for _ in range(a.rounds):
        for name, (half, last) in settings.items():
            times[name].append(seconds(pictures, a.epochs, half, last))
    medians = {name: float(np.median(values)) for name, values in times.items()}
    slowest = medians["float32"]
    ratios = {name: round(slowest / median, 2) for name, median in medians.items()}
    print(
        json.dumps({"benchmark": "ae speed", "threads": torch.get_num_threads(), "ratios": ratios})
    )


if __name__ == "__main__":
    main()
