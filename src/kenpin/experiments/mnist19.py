"""mnist19: the digit 1 is good, the digit 9 is NG; the published network is a dense autoencoder
judged by the sum of absolute differences, with the limit that suits the test set best (a flaw).

Ours is a dense autoencoder too, judged by the absolute difference averaged over an eighth of the
picture (how that was chosen: docs/decisions/experiments.md).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import DatasetError
from kenpin.experiments import plates
from kenpin.experiments.common import (
    OURS,
    PUBLISHED,
    Judged,
    Plate,
    Row,
    Run,
    as_floats,
    averaged_absolute,
    best_f1,
    counts,
    figures,
    histories_of,
    learn_ours,
    learn_published,
    losses_plate,
    reconstructions_of,
    rejected,
    roc_plate,
    run_of,
    scores_of,
)
from kenpin.recipe import Recipe
from kenpin.report import say_drawn
from kenpin.sources import read_idx
from kenpin.text import say
from kenpin.types import Floats, Progress

NAME = "mnist19"
GOOD, NG = 1, 9
FILES = (
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
)  # fmt: skip


def recipe(seed: int) -> Recipe:
    """Our settings."""
    return averaged_absolute(seed, split_share=0.1)


def run_ours(seed: int, progress: Progress, folder: Path) -> Judged:
    """Our way alone."""
    return _judge(seed, progress, *_read(folder))


def _judge(
    seed: int,
    progress: Progress,
    good: NDArray[np.uint8],
    test: NDArray[np.uint8],
    is_good: NDArray[np.bool_],
) -> Judged:
    ours = learn_ours(good, recipe(seed), progress)
    verdicts = ours.judge(test)
    scores = scores_of(verdicts)
    found = figures(scores, rejected(verdicts), is_good)
    found |= {
        "limit": ours.inspector.calibration.limit,
        "best_f1": best_f1(scores, is_good)[0],
        "learn_s": ours.seconds,
    }
    return Judged(Row(NAME, OURS, seed, found), ours, verdicts)


def run(seed: int, progress: Progress, draw: bool, folder: Path) -> Run:
    """Both ways with one seed; folder: with the four idx files of MNIST."""
    good, test, is_good = _read(folder)
    pictures = as_floats(test)
    theirs = learn_published(as_floats(good), NAME, seed, progress)
    answers = theirs.reconstruct(pictures)
    sums = np.abs(pictures - answers).sum(axis=(1, 2, 3)).astype(np.float64)
    their_f1, limit = best_f1(sums, is_good)
    judged = _judge(seed, progress, good, test, is_good)
    ours, verdicts = judged.ours, judged.verdicts
    scores, ng = scores_of(verdicts), rejected(verdicts)
    our_limit = ours.inspector.calibration.limit
    rows = (
        Row(NAME, PUBLISHED, seed, {**figures(sums, sums > limit, is_good), "limit": limit,
                                    "best_f1": their_f1, "learn_s": theirs.seconds}),
        judged.row,
    )  # fmt: skip
    if not draw:
        return run_of(rows, theirs, ours)
    titles = [
        say_drawn("drawn_limit_of_test", who=PUBLISHED),
        say_drawn("drawn_limit_held_out", who=OURS),
    ]
    tables = {
        title: counts(no, is_good) for title, no in zip(titles, (sums > limit, ng), strict=True)
    }
    shown = (
        losses_plate(histories_of(theirs, ours)),
        Plate("pictures-published", say("plate_l1", who=PUBLISHED),
              _pictures(pictures, answers, is_good)),
        Plate("pictures-kenpin", say("plate_l1", who=OURS),
              _pictures(pictures, reconstructions_of(verdicts), is_good)),
        Plate("histogram", say("plate_histogram"), plates.histograms({
            titles[0]: (sums[is_good], sums[~is_good], limit),
            titles[1]: (scores[is_good], scores[~is_good], our_limit)})),
        Plate("confusion", say("plate_right_wrong"),
              plates.confusion(tables, ("1", "9"), [
                  say_drawn("drawn_judged", what=1), say_drawn("drawn_judged_not", what=1)])),
        roc_plate({PUBLISHED: (sums, ~is_good), OURS: (scores, ~is_good)}),
    )  # fmt: skip
    return run_of(rows, theirs, ours, shown)


def _read(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """The ones to learn from, the ones and nines to test with, and which of these are ones."""
    images, labels, test_images, test_labels = (read_file(folder, name) for name in FILES)
    test = np.concatenate([test_images[test_labels == digit] for digit in (GOOD, NG)])
    return images[labels == GOOD], test, np.arange(len(test)) < int((test_labels == GOOD).sum())


def read_file(folder: Path, name: str) -> NDArray[np.uint8]:
    """The array in an idx file, with or without .gz; raises DatasetError."""
    path = next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)
    if path is None:
        raise DatasetError("idx_missing", folder=folder, name=name)
    return read_idx(path.read_bytes(), str(path))


def _pictures(pictures: Floats, answers: Floats, is_good: NDArray[np.bool_]) -> bytes:
    """Four ones and four nines."""
    chosen = [*np.flatnonzero(is_good)[:4], *np.flatnonzero(~is_good)[:4]]
    differences = np.abs(pictures - answers)[chosen, ..., 0]
    difference_row = say_drawn("drawn_difference")
    return plates.rows_of_pictures(
        {
            say_drawn("panel_original"): list(pictures[chosen, ..., 0]),
            say_drawn("panel_reconstruction"): list(answers[chosen, ..., 0]),
            difference_row: list(differences),
        },
        [f"L1 {difference.sum():.1f}" for difference in differences],
        {difference_row: 1.0},
    )
