"""shapes16: ellipses are good, rectangles are NG; the published network is a small convolutional
autoencoder judged by its mean squared error.

Ours is the dense autoencoder judged by the absolute difference averaged over an eighth of the
picture (how that was chosen: docs/decisions/experiments.md).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import shapes16
from kenpin.experiments import plates
from kenpin.experiments.common import (
    OURS,
    PUBLISHED,
    Judged,
    Plate,
    Published,
    Row,
    Run,
    as_floats,
    averaged_absolute,
    counts,
    figures,
    good_by_verdict,
    histories_of,
    learn_ours,
    learn_published,
    losses_plate,
    mean_squared,
    reconstructions_of,
    rejected,
    roc_plate,
    run_of,
    scores_of,
    training_limit,
)
from kenpin.recipe import Recipe
from kenpin.report import say_drawn
from kenpin.text import say
from kenpin.types import Progress, Verdict

NAME = "shapes16"
TO_LEARN, TO_TEST = 1000, 500
_TEST_SEED = 1_000_000  # apart from the seeds that are learned from


def recipe(seed: int) -> Recipe:
    """Our settings."""
    return averaged_absolute(seed, split_share=0.2)


def run_ours(seed: int, progress: Progress) -> Judged:
    """Our way alone."""
    return _judge(seed, progress, *_drawn(seed))


def _judge(
    seed: int,
    progress: Progress,
    good: NDArray[np.uint8],
    test: NDArray[np.uint8],
    is_good: NDArray[np.bool_],
) -> Judged:
    ours = learn_ours(good, recipe(seed), progress)
    verdicts = ours.judge(test)
    found = figures(scores_of(verdicts), rejected(verdicts), is_good)
    found |= {"limit": ours.inspector.calibration.limit, "learn_s": ours.seconds}
    return Judged(Row(NAME, OURS, seed, found), ours, verdicts)


def run(seed: int, progress: Progress, draw: bool) -> Run:
    """Both ways with one seed; draw: make the pictures too."""
    good, test, is_good = _drawn(seed)
    pictures = as_floats(test)
    theirs = learn_published(as_floats(good), NAME, seed, progress)
    errors = mean_squared(pictures, theirs.reconstruct(pictures))
    limit = training_limit(mean_squared(as_floats(good), theirs.reconstruct(as_floats(good))))
    judged = _judge(seed, progress, good, test, is_good)
    ours, verdicts = judged.ours, judged.verdicts
    scores, ng = scores_of(verdicts), rejected(verdicts)
    rows = (
        Row(NAME, PUBLISHED, seed, {**figures(errors, errors > limit, is_good), "limit": limit,
                                    "learn_s": theirs.seconds}),
        judged.row,
    )  # fmt: skip
    if not draw:
        return run_of(rows, theirs, ours)
    tables = {
        f"{who}, {say_drawn('plot_limit', limit=row.figures['limit'])}": counts(no, is_good)
        for who, no, row in zip((PUBLISHED, OURS), (errors > limit, ng), rows, strict=True)
    }
    shown = (
        losses_plate(histories_of(theirs, ours)),
        *_pictures(theirs, verdicts, test),
        Plate("confusion", say("plate_right_wrong_f1"),
              plates.confusion(tables, *good_by_verdict())),
        Plate("histogram", say("plate_histogram"), plates.histograms({
            PUBLISHED: (errors[is_good], errors[~is_good], limit),
            OURS: (scores[is_good], scores[~is_good], ours.inspector.calibration.limit)})),
        roc_plate({PUBLISHED: (errors, ~is_good), OURS: (scores, ~is_good)}),
    )  # fmt: skip
    return run_of(rows, theirs, ours, shown)


def _drawn(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """What is learned from, what is tested with, and which of that is good."""
    test = [shapes16(TO_TEST, kind, _TEST_SEED + seed) for kind in ("good", "ng")]
    return shapes16(TO_LEARN, "good", seed), np.concatenate(test), np.arange(2 * TO_TEST) < TO_TEST


def _pictures(
    theirs: Published, verdicts: Sequence[Verdict], test: NDArray[np.uint8]
) -> tuple[Plate, ...]:
    """Four good and four NG test pictures: original, reconstruction, squared error."""
    chosen = [0, 1, 2, 3, TO_TEST, TO_TEST + 1, TO_TEST + 2, TO_TEST + 3]
    pictures = as_floats(test[chosen])
    answers = {
        PUBLISHED: theirs.reconstruct(pictures),
        OURS: reconstructions_of([verdicts[index] for index in chosen]),
    }
    found = []
    for who, answer in answers.items():
        errors = say_drawn("drawn_squared")
        rows = {
            say_drawn("panel_original"): list(pictures[..., 0]),
            say_drawn("panel_reconstruction"): list(answer[..., 0]),
            errors: list(np.square(pictures - answer)[..., 0]),
        }
        titles = [say_drawn("plot_good")] * 4 + ["NG"] * 4
        png = plates.rows_of_pictures(rows, titles, {errors: 1.0})
        found.append(Plate(f"pictures-{who}", say("plate_squared", who=who), png))
    return tuple(found)
