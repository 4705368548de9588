"""The four published experiments: learned as published and as kenpin does, drawn, measured."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kenpin.errors import DatasetError
from kenpin.experiments import mnist19, shapes16, shapes27, terminals36
from kenpin.experiments.common import Row, Run
from kenpin.experiments.demo import run_demo
from kenpin.models import check_installed
from kenpin.report import experiment_html
from kenpin.system import make_folder, write_atomically
from kenpin.text import say
from kenpin.types import Progress, Workers

_SHAPES = {"shapes16": shapes16.run, "shapes27": shapes27.run, "terminals36": terminals36.run}
NAMES = (*_SHAPES, "mnist19")


def reproduce(
    name: str,
    seeds: Sequence[int],
    progress: Progress,
    mnist: Path | None = None,
    log: Path | None = None,
    workers: Workers | None = None,
) -> Iterator[Run]:
    """Do an experiment with each seed; the first run has the pictures.

    mnist: the folder of MNIST's idx files, for mnist19. log: where to write the losses for
    TensorBoard, and the models. workers: who does a seed each, with MNIST's files where they are
    here; left out, they are done here one after the other. Raises DatasetError for an unknown
    experiment or missing files, ExtraError when torch is not installed.
    """
    if name not in NAMES:
        known = ", ".join(NAMES)
        raise DatasetError("experiment_unknown", name=name, known=known)
    if name == "mnist19" and mnist is None:
        raise DatasetError("mnist_needed")
    check_installed("ae")
    runs: Iterator[Run]
    if workers is None:
        runs = (_run((name, mnist), (n, seed), progress) for n, seed in enumerate(seeds))
    else:
        runs = _by(workers, (name, mnist), seeds, progress)
    for seed, run in zip(seeds, runs, strict=True):
        if log:
            _write_log(log / name / f"seed-{seed}", run)
        yield run


def _run(told: tuple[str, Path | None], item: tuple[int, int], progress: Progress) -> Run:
    """told: the experiment, and MNIST's files; item: the place of the seed, and the seed."""
    (name, mnist), (place, seed) = told, item
    if mnist is not None and name == "mnist19":
        return mnist19.run(seed, progress, place == 0, mnist)
    return _SHAPES[name](seed, progress, place == 0)


def _by(
    workers: Workers, told: tuple[str, Path | None], seeds: Sequence[int], progress: Progress
) -> Iterator[Run]:
    """In the order of the seeds, when all are done."""
    found: dict[int, Run] = {}
    for place, run in workers.map(_placed, told, enumerate(seeds)):
        found[place] = run
        progress(say("stage_repeats"), len(found), len(seeds))
    yield from (run for _, run in sorted(found.items()))


def _placed(told: tuple[str, Path | None], item: tuple[int, int]) -> tuple[int, Run]:
    return item[0], _run(told, item, lambda *_: None)


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For each way the mean and the spread (largest less smallest) of every figure."""
    found = []
    for who in dict.fromkeys(row.who for row in rows):
        own = [row.figures for row in rows if row.who == who]
        figures = {
            key: (float(np.mean(values)), float(np.ptp(values)))
            for key in own[0]
            for values in [[figures[key] for figures in own]]
        }
        found.append({"who": who, "seeds": len(own), "figures": figures})
    return found


def write_experiment(folder: Path, name: str, runs: Sequence[Run]) -> Path:
    """Every picture as FOLDER/NAME-....png and all in FOLDER/NAME.html, whose path is returned."""
    make_folder(folder)
    shown = runs[0].plates
    for plate in shown:
        write_atomically(folder / f"{name}-{plate.name}.png", plate.png)
    path = folder / f"{name}.html"
    rows = summary([row for run in runs for row in run.rows])
    pictures = [(plate.title, plate.png) for plate in shown]
    write_atomically(path, experiment_html(name, rows, pictures, len(runs)).encode())
    return path


def _write_log(folder: Path, run: Run) -> None:
    from kenpin.models.training import write_losses  # noqa: PLC0415 - needs torch

    make_folder(folder)
    for name, content in run.models.items():
        write_atomically(folder / name, content)
    for who, history in run.histories.items():
        write_losses(folder / who, history)
