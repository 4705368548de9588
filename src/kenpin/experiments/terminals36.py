"""terminals36: connector terminals; the published network is a VAE on a small compressed picture,
judged by its mean squared error.

The published pictures are not public, so kenpin draws terminals. Ours looks at the larger picture
that step 1 of the compression gives, and judges in good-part units.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import TERMINAL_DEFECTS, draw_terminals
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
    counts,
    figures,
    good_by_verdict,
    learn_ours,
    learn_published,
    losses_plate,
    mean_squared,
    rejected,
    roc_plate,
    run_of,
    scores_of,
    training_limit,
)
from kenpin.prepare import Preparation, learn_compression
from kenpin.recipe import CompressionSettings, Recipe
from kenpin.report import say_drawn
from kenpin.statistics import auroc
from kenpin.text import say
from kenpin.types import Floats, Progress

NAME = "terminals36"
TO_LEARN, TO_TEST, OF_EACH_KIND = 100, 100, 25
FINE = ("black_spot", "stain", "scratch")
SIZE, STEP_1, STEP_2 = (288, 208), (144, 104), (36, 26)
_SEEDS, _TEST, _NG = 1_000_000, 100_000, 200_000  # no piece is drawn twice


def recipe(seed: int) -> Recipe:
    """Our settings: on the picture of step 1."""
    return Recipe(model="pca", seed=seed, compression=_compression(1))


def run_ours(seed: int, progress: Progress) -> Judged:
    """Our way alone; "mse_auroc" is the plain judge on the very same reconstructions."""
    return _judge(seed, progress, *_material(seed))


def run_published(seed: int, progress: Progress) -> Row:
    """The published way alone."""
    return _published(2, seed, progress, *_material(seed))[0]


def _judge(
    seed: int,
    progress: Progress,
    good: NDArray[np.uint8],
    test: NDArray[np.uint8],
    kinds: NDArray[np.str_],
) -> Judged:
    ours = learn_ours(good, recipe(seed), progress)
    verdicts = ours.judge(test)
    found = _all_figures(scores_of(verdicts), rejected(verdicts), kinds)
    squares = np.array([verdict.l2 for verdict in verdicts])
    found |= {
        "mse_auroc": auroc(squares, kinds != "good") or 0.0,
        "limit": ours.inspector.calibration.limit,
        "learn_s": ours.seconds,
    }
    return Judged(Row(NAME, OURS, seed, found), ours, verdicts)


def run(seed: int, progress: Progress, draw: bool) -> Run:
    """Both ways with one seed; draw: make the pictures too."""
    good, test, kinds = _material(seed)
    judged = _judge(seed, progress, good, test, kinds)
    row, theirs, learned, tested = _published(2, seed, progress, good, test, kinds)
    rows = (row, _published(1, seed, progress, good, test, kinds)[0], judged.row)
    shown = _plates(theirs, learned, tested, judged, test, kinds, rows) if draw else ()
    return run_of(rows, theirs, judged.ours, shown)


def _published(
    step: int,
    seed: int,
    progress: Progress,
    good: NDArray[np.uint8],
    test: NDArray[np.uint8],
    kinds: NDArray[np.str_],
) -> tuple[Row, Published, Floats, Floats]:
    """The published network after so many steps, with the pictures that it saw."""
    learned, tested = _compressed(step, good, test)
    theirs = learn_published(learned, NAME, seed, progress)
    name = PUBLISHED if step == 2 else f"{PUBLISHED} network at step 1"
    row = Row(NAME, name, seed, _their_figures(theirs, learned, tested, kinds))
    return row, theirs, learned, tested


def _compression(steps: int) -> CompressionSettings:
    return CompressionSettings(steps=2 if steps == 2 else 1, step1=STEP_1, step2=STEP_2)


def _material(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.str_]]:
    """What is learned from, what is tested with, and the kind of each of that."""
    kinds = np.array(
        ["good"] * TO_TEST + [kind for kind in TERMINAL_DEFECTS for _ in range(OF_EACH_KIND)]
    )
    test = [_drawn(seed * _SEEDS + _TEST, "good", TO_TEST)]
    test += [_drawn(seed * _SEEDS + _NG, kind, OF_EACH_KIND) for kind in TERMINAL_DEFECTS]
    return _drawn(seed * _SEEDS, "good", TO_LEARN), np.concatenate(test), kinds


def _drawn(first: int, kind: str, count: int) -> NDArray[np.uint8]:
    drawings = [draw_terminals(first + n, kind, SIZE, terminals=4) for n in range(count)]
    return np.stack([drawing.pixels for drawing in drawings])


def _compressed(
    steps: int, good: NDArray[np.uint8], test: NDArray[np.uint8]
) -> tuple[Floats, Floats]:
    """The sensitivity channel after so many steps: the published picture is grey."""
    settings = Recipe(model="pca", size=SIZE, color="grey", compression=_compression(steps))
    plain = Preparation(SIZE, "grey")
    nothing = np.zeros(len(good), bool)
    preparation, learned = learn_compression(plain, settings, as_floats(good), nothing)
    tested = np.stack([preparation.steps(picture)[-1] for picture in as_floats(test)])
    return learned[..., :1], tested[..., :1]


def _their_figures(
    theirs: Published, learned: Floats, tested: Floats, kinds: NDArray[np.str_]
) -> dict[str, float]:
    errors = mean_squared(tested, theirs.reconstruct(tested))
    limit = training_limit(mean_squared(learned, theirs.reconstruct(learned)))
    found = _all_figures(errors, errors > limit, kinds)
    return {**found, "limit": limit, "learn_s": theirs.seconds}


def _all_figures(
    scores: NDArray[np.float64], ng: NDArray[np.bool_], kinds: NDArray[np.str_]
) -> dict[str, float]:
    good = kinds == "good"
    found = figures(scores, ng, good)
    fine = np.isin(kinds, FINE)
    found["fine_auroc"] = auroc(scores[good | fine], fine[good | fine]) or 0.0
    for kind in TERMINAL_DEFECTS:
        inside = good | (kinds == kind)
        found[f"auroc_{kind}"] = auroc(scores[inside], ~good[inside]) or 0.0
    return found


def _plates(
    theirs: Published,
    learned: Floats,
    tested: Floats,
    judged: Judged,
    test: NDArray[np.uint8],
    kinds: NDArray[np.str_],
    rows: Sequence[Row],
) -> tuple[Plate, ...]:
    rng = np.random.default_rng(judged.row.seed)
    good = kinds == "good"
    answers = theirs.reconstruct(tested)
    errors, limit = mean_squared(tested, answers), rows[0].figures["limit"]
    verdicts = judged.verdicts
    scores, ng = scores_of(verdicts), rejected(verdicts)
    five = rng.choice(len(tested), 5, replace=False)
    differences = [v.evidence.difference[0] for v in (verdicts[i] for i in five) if v.evidence]
    tables = {who: counts(no, good) for who, no in ((PUBLISHED, errors > limit), (OURS, ng))}
    sets = {say_drawn("drawn_ok_to_learn"): learned, say_drawn("drawn_ok_to_test"): tested[good],
            say_drawn("drawn_ng_to_test"): tested[~good]}  # fmt: skip
    our_limit = judged.ours.inspector.calibration.limit
    original, rebuilt = say_drawn("panel_original"), say_drawn("panel_reconstruction")
    difference = say_drawn("drawn_difference")
    return (
        *(Plate(f"heat-maps-{n}", say("plate_heat", what=name),
                plates.heat_maps(list(rng.permutation(pictures)[:16, ..., 0]), name))
          for n, (name, pictures) in enumerate(sets.items())),
        losses_plate({PUBLISHED: theirs.history}),
        Plate("histogram", say("plate_histogram"), plates.histograms({
            f"{PUBLISHED}: MSE": (errors[good], errors[~good], limit),
            say_drawn("drawn_units", who=OURS): (scores[good], scores[~good], our_limit)})),
        Plate("confusion", say("plate_right_wrong"),
              plates.confusion(tables, *good_by_verdict())),
        Plate("pictures-published", say("plate_five", who=PUBLISHED),
              plates.rows_of_pictures({
                  original: list(tested[five, ..., 0]),
                  rebuilt: list(answers[five, ..., 0]),
                  difference: list(np.abs(tested - answers)[five, ..., 0])},
                  list(kinds[five]), {original: 1.0, rebuilt: 1.0, difference: 1.0})),
        Plate("pictures-kenpin", say("plate_same_five"),
              plates.rows_of_pictures({
                  original: list(as_floats(test[five])[..., 0]),
                  say_drawn("drawn_step_1"): [
                      v.evidence.prepared[0, ..., 0] for v in (verdicts[i] for i in five)
                      if v.evidence],
                  difference: differences}, list(kinds[five]), {difference: 2 * our_limit})),
        roc_plate({PUBLISHED: (errors, ~good), OURS: (scores, ~good)}),
    )  # fmt: skip
