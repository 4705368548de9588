"""shapes27: four parts; told "this is a solid circle", is it? The published network is a
conditional VAE whose mean squared error judges badly; the best published judge is a support vector
machine on the difference picture.

Ours is a conditional VAE whose encoder does not see the label, judged by how much better another
label explains the picture (docs/decisions/conditional.md).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import SHAPES27, shapes27
from kenpin.experiments import plates
from kenpin.experiments.common import (
    OURS,
    PUBLISHED,
    Judged,
    Ours,
    Plate,
    Published,
    Row,
    Run,
    as_floats,
    histories_of,
    learn_ours,
    learn_published,
    losses_plate,
    mean_squared,
    reconstruct,
    run_of,
    scores_of,
    training_limit,
)
from kenpin.judge import margin, resemblance
from kenpin.models import Labels
from kenpin.recipe import Recipe
from kenpin.report import say_drawn
from kenpin.statistics import auroc
from kenpin.text import say
from kenpin.types import Floats, Outcome, Progress, Verdict

NAME = "shapes27"
TO_LEARN, TO_TEST = 1000, 100
_TEST_SEED = 1_000_000  # apart from the seeds that are learned from
_SHOWN = 4


def recipe(seed: int) -> Recipe:
    """Our settings."""
    return Recipe(
        model="cvae",
        difference="l2",
        score="mean",
        held_out="split",
        split_share=0.2,
        seed=seed,
        cvae={"epochs": 66, "patience": 30, "learning_rate": 8e-3, "noise": 0.1},
    )


def run_ours(seed: int, progress: Progress) -> Judged:
    """Our way alone; the verdicts are on every test picture under every label, label by label."""
    good, labels = _drawn(TO_LEARN, seed)
    test, truth = _drawn(TO_TEST, _TEST_SEED + seed)
    return _judge(seed, progress, good, labels, test, truth)


def _judge(
    seed: int,
    progress: Progress,
    good: NDArray[np.uint8],
    labels: Labels,
    test: NDArray[np.uint8],
    truth: Labels,
) -> Judged:
    ours = learn_ours(good, recipe(seed), progress, labels, SHAPES27)
    verdicts = [verdict for told in SHAPES27 for verdict in ours.judge(test, [told] * len(test))]
    found = {**_our_figures(verdicts, truth), "learn_s": ours.seconds}
    return Judged(Row(NAME, OURS, seed, found), ours, verdicts)


def run(seed: int, progress: Progress, draw: bool) -> Run:
    """Both ways with one seed; draw: make the pictures too."""
    good, labels = _drawn(TO_LEARN, seed)
    test, truth = _drawn(TO_TEST, _TEST_SEED + seed)
    theirs = learn_published(as_floats(good), NAME, seed, progress, labels)
    judged = _judge(seed, progress, good, labels, test, truth)
    ours = judged.ours
    verdicts = [judged.verdicts[n : n + len(test)] for n in range(0, 4 * len(test), len(test))]
    rows = (
        Row(NAME, PUBLISHED, seed, _their_figures(theirs, good, labels, test, truth, seed)),
        judged.row,
    )
    shown = _plates(theirs, ours, test, truth, verdicts) if draw else ()
    return run_of(rows, theirs, ours, shown)


def _drawn(count: int, seed: int) -> tuple[NDArray[np.uint8], Labels]:
    pictures = np.concatenate([shapes27(count, kind, seed) for kind in SHAPES27])
    return pictures, np.repeat(np.arange(len(SHAPES27)), count)


def _differences(theirs: Published, pictures: Floats, told: Labels) -> Floats:
    difference: Floats = np.abs(pictures - theirs.reconstruct(pictures, told))
    return difference


def _their_figures(
    theirs: Published,
    good: NDArray[np.uint8],
    labels: Labels,
    test: NDArray[np.uint8],
    truth: Labels,
    seed: int,
) -> dict[str, float]:
    """By the mean squared error, and by a support vector machine where scikit-learn is there."""
    count, pictures, learned = len(SHAPES27), as_floats(test), as_floats(good)
    told = [np.full(len(truth), number) for number in range(count)]
    differences = np.concatenate([_differences(theirs, pictures, labels) for labels in told])
    is_wrong = told_wrong(truth)
    errors = np.square(differences).mean(axis=(1, 2, 3)).astype(np.float64)
    likeness = resemblance(errors.reshape(count, -1).T)
    margins = np.array([[margin(row, number) for row in likeness] for number in range(count)])
    own = _differences(theirs, learned, labels)
    limit = training_limit(mean_squared(own, np.zeros_like(own)))
    found = {
        "wrong_part_auroc": auroc(errors, is_wrong) or 0.0,
        "ratio_wrong_part_auroc": auroc(margins.ravel(), is_wrong) or 0.0,
        "false_reject": float((errors > limit)[~is_wrong].mean()),
        "escape": float((errors <= limit)[is_wrong].mean()),
        "learn_s": theirs.seconds,
    }
    try:
        from sklearn.svm import SVC  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return found
    turns = np.random.default_rng(seed).integers(1, count, len(labels))
    other = _differences(theirs, learned, (labels + turns) % count)
    seen = np.concatenate([own, other]).reshape(2 * len(own), -1)
    machine = SVC().fit(seen, np.arange(2 * len(own)) >= len(own))
    values = machine.decision_function(differences.reshape(len(differences), -1))
    return found | {
        "svm_wrong_part_auroc": auroc(values, is_wrong) or 0.0,
        "svm_false_reject": float((values > 0)[~is_wrong].mean()),
        "svm_escape": float((values <= 0)[is_wrong].mean()),
    }


def _our_figures(verdicts: Sequence[Verdict], truth: Labels) -> dict[str, float]:
    margins = np.array([verdict.margin for verdict in verdicts], np.float64)
    is_wrong = told_wrong(truth)
    passed = np.array([verdict.outcome is Outcome.OK for verdict in verdicts])
    named = np.array([verdict.label for verdict in verdicts[: len(truth)]])
    return {
        "wrong_part_auroc": auroc(margins, is_wrong) or 0.0,
        "mse_wrong_part_auroc": auroc(scores_of(verdicts), is_wrong) or 0.0,
        "false_reject": float((~passed)[~is_wrong].mean()),
        "escape": float(passed[is_wrong].mean()),
        "named": float((named == np.array(SHAPES27)[truth]).mean()),
    }


def told_wrong(truth: Labels) -> NDArray[np.bool_]:
    """(K * N,) whether the label is wrong, all pictures being told label 0, then label 1, ..."""
    told = np.repeat(np.arange(len(SHAPES27)), len(truth))
    return np.asarray(told != np.tile(truth, len(SHAPES27)))


# --- pictures ----------------------------------------------------------------------------------


def _plates(
    theirs: Published,
    ours: Ours,
    test: NDArray[np.uint8],
    truth: Labels,
    verdicts: Sequence[Sequence[Verdict]],
) -> tuple[Plate, ...]:
    first = {name: np.flatnonzero(truth == n) for n, name in enumerate(SHAPES27)}
    samples = {name: list(as_floats(test[i[:8]])[..., 0]) for name, i in first.items()}
    outcomes = [outcome.value for outcome in Outcome]
    by_told = np.array(
        [[sum(v.outcome == o for v, t in zip(judged, truth, strict=True) if (t == n) == right)
          for o in outcomes]
         for right in (True, False) for n, judged in enumerate(verdicts)]
    )  # fmt: skip
    named = np.array(
        [[sum(v.label == name for v, t in zip(verdicts[0], truth, strict=True) if t == n)
          for name in SHAPES27] for n in range(len(SHAPES27))]
    )  # fmt: skip
    told = [say_drawn(code, label=name) for code in ("drawn_told_right", "drawn_told_wrong")
            for name in SHAPES27]  # fmt: skip
    return (
        Plate("samples", say("plate_samples"), plates.rows_of_pictures(samples)),
        losses_plate(histories_of(theirs, ours)),
        *_triples(theirs, ours, test, first),
        Plate("drawn-published", say("plate_asked", who=PUBLISHED), _invented(theirs.model)),
        Plate("drawn-kenpin", say("plate_asked", who=OURS), _invented(ours.bundle.model)),
        Plate("confusion", say("plate_told"),
              plates.confusion({"kenpin": by_told}, told, outcomes)),
        Plate("named", say("plate_named"),
              plates.confusion({"kenpin": named}, SHAPES27, SHAPES27)),
    )  # fmt: skip


def _triples(
    theirs: Published, ours: Ours, test: NDArray[np.uint8], first: dict[str, NDArray[np.intp]]
) -> list[Plate]:
    """Of each class: original, reconstruction and difference, told right and told wrong."""
    found = []
    models = {PUBLISHED: theirs.model, OURS: ours.bundle.model}
    for who, model in models.items():
        rows: dict[str, Sequence[Floats]] = {}
        chosen = np.concatenate([indices[:1] for indices in first.values()])
        pictures = as_floats(test[chosen])
        rows[say_drawn("panel_original")] = list(pictures[..., 0])
        full = {}
        for told, name in enumerate(SHAPES27):
            answer = reconstruct(model, pictures, np.full(len(pictures), told))
            rows[say_drawn("drawn_told", label=name)] = list(answer[..., 0])
            difference = say_drawn("drawn_difference_of", number=told + 1)
            rows[difference] = list(np.abs(pictures - answer)[..., 0])
            full[difference] = 1.0
        png = plates.rows_of_pictures(rows, SHAPES27, full)
        found.append(Plate(f"pictures-{who}", say("plate_labels", who=who), png))
    return found


def _invented(model: object) -> bytes:
    rng = np.random.default_rng(0)
    rows = {
        name: list(np.clip(model.draw(8, rng, number), 0, 1)[..., 0])  # type: ignore[attr-defined]
        for number, name in enumerate(SHAPES27)
    }
    return plates.rows_of_pictures(rows)
