"""What the experiments share: a row of figures, a page of pictures, learning from arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.experiments import plates
from kenpin.inspection import Inspector
from kenpin.judge import compare
from kenpin.learning import GoodPictures, learn_from
from kenpin.models import Labels, Model, learn_model, load_model, settle_model
from kenpin.part import Bundle
from kenpin.prepare import Preparation
from kenpin.recipe import Recipe
from kenpin.report import say_drawn
from kenpin.statistics import auroc
from kenpin.text import say
from kenpin.types import Floats, Outcome, Progress, Verdict

PUBLISHED, OURS = "published", "kenpin"


@dataclass(frozen=True)
class Row:
    """The figures of one way to do an experiment with one seed."""

    experiment: str
    who: str
    seed: int
    figures: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        rounded = {key: round(value, 5) for key, value in self.figures.items()}
        return {"experiment": self.experiment, "who": self.who, "seed": self.seed, **rounded}


@dataclass(frozen=True)
class Plate:
    """A picture (PNG bytes) of an experiment's report. name: of its file, without ending."""

    name: str
    title: str
    png: bytes


@dataclass(frozen=True, eq=False)
class Run:
    """What came of an experiment with one seed. models: as files to keep, by name."""

    rows: tuple[Row, ...]
    plates: tuple[Plate, ...] = ()
    histories: dict[str, list[tuple[float, float | None]]] = field(default_factory=dict)
    models: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Judged:
    """Our way: the figures, what was learned, and the verdicts on the test pictures."""

    row: Row
    ours: "Ours"
    verdicts: list[Verdict]


@dataclass(frozen=True, eq=False)
class Published:
    """A network learned as published, and its reconstructions."""

    model: Model
    seconds: float
    history: list[tuple[float, float | None]]
    graph: bytes

    def reconstruct(self, pictures: Floats, labels: Labels | None = None) -> Floats:
        """(N, h, w, C) -> the same."""
        return reconstruct(self.model, pictures, labels)


@dataclass(frozen=True, eq=False)
class Ours:
    """A part learned by kenpin, and how long that took in all, calibration included."""

    inspector: Inspector
    seconds: float

    @property
    def bundle(self) -> Bundle:
        """What was learned."""
        return self.inspector.bundle

    @property
    def history(self) -> list[tuple[float, float | None]]:
        """The losses of a network; empty for other models."""
        losses = self.bundle.model.state().config.get("history", [])
        return [(learned, held_out) for learned, held_out in losses]

    def judge(self, pixels: NDArray[np.uint8], told: Sequence[str] | None = None) -> list[Verdict]:
        """A verdict for each of (N, H, W) pictures, told its label where there are labels."""
        labels: Sequence[str | None] = told or [None] * len(pixels)
        return [self.inspector.inspect(p, label) for p, label in zip(pixels, labels, strict=True)]


def reconstruct(model: Model, pictures: Floats, labels: Labels | None = None) -> Floats:
    """(N, h, w, C) -> the same, by a model that reconstructs."""
    return pictures - compare(model, pictures, labels)[0]


def reconstructions_of(verdicts: Sequence[Verdict]) -> Floats:
    """(N, h, w, C) what our model made of the pictures."""
    evidence = [verdict.evidence for verdict in verdicts]
    return np.concatenate(
        [e.reconstruction for e in evidence if e and e.reconstruction is not None]
    )


def averaged_absolute(seed: int, split_share: float) -> Recipe:
    """The dense autoencoder and the largest absolute difference averaged over an eighth.

    How that was chosen: docs/decisions/experiments.md.
    """
    return Recipe(
        model="dense-ae",
        difference="l1",
        score="max",
        smoothing=1 / 8,
        held_out="split",
        split_share=split_share,
        seed=seed,
    )


def run_of(rows: Sequence[Row], theirs: Published, ours: Ours, plates: Sequence[Plate] = ()) -> Run:
    """The run, with the losses and the models of both ways."""
    histories = histories_of(theirs, ours)
    models = {"published.onnx": theirs.graph, "kenpin.kenpin": ours.bundle.to_bytes()}
    return Run(tuple(rows), tuple(plates), histories, models)


def histories_of(theirs: Published, ours: Ours) -> dict[str, list[tuple[float, float | None]]]:
    """The losses of both ways."""
    return {PUBLISHED: theirs.history, OURS: ours.history}


def counts(rejected: NDArray[np.bool_], good: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(2, 2): good and NG pieces by rows, judged OK and judged NG by columns."""
    return np.array([[(~rejected & g).sum(), (rejected & g).sum()] for g in (good, ~good)])


def losses_plate(histories: dict[str, list[tuple[float, float | None]]]) -> Plate:
    """The loss of each epoch, by way."""
    return Plate("losses", say("plate_losses"), plates.loss_curves(histories))


def roc_plate(curves: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> Plate:
    """By way the scores (N,) and which are NG (N,)."""
    return Plate("roc", say("plate_roc"), plates.roc(curves))


def good_by_verdict() -> tuple[tuple[str, str], tuple[str, str]]:
    """What the rows and the columns of `counts` are called on a plate."""
    judged = say_drawn("drawn_judged", what="OK"), say_drawn("drawn_judged", what="NG")
    return (say_drawn("plot_good"), "NG"), judged


def as_floats(pixels: NDArray[np.uint8]) -> Floats:
    """(N, H, W) uint8 -> (N, H, W, 1) float32 in [0, 1]."""
    return np.asarray(pixels[..., None], np.float32) / np.float32(255)


def learn_published(
    pictures: Floats, name: str, seed: int, progress: Progress, labels: Labels | None = None
) -> Published:
    """The network of a published experiment, learned with its settings."""
    recipe = Recipe.preset(name).but(seed=seed)
    started = perf_counter()
    recipe = settle_model(pictures, recipe, len(pictures), labels)
    model = learn_model(pictures, recipe, progress, labels)
    seconds = perf_counter() - started
    state = model.state()
    loaded = load_model(recipe.model, state)
    return Published(loaded, seconds, state.config["history"], state.graphs["model"])


def learn_ours(
    pixels: NDArray[np.uint8],
    recipe: Recipe,
    progress: Progress,
    labels: Labels | None = None,
    names: Sequence[str] = ("",),
) -> Ours:
    """The part from (N, H, W) good pictures.

    Unlike `kenpin.learn` a picture that repeats another one counts again: drawn pictures repeat by
    chance, and tomorrow's will too.
    """
    started = perf_counter()
    pictures = as_floats(pixels)
    recipe = recipe.settled().but(size=pictures.shape[1:3], color="grey")
    plain = Preparation(pictures.shape[1:3], "grey")
    good = GoodPictures.of(pictures, plain, recipe, labels, names)
    bundle = learn_from(good, recipe, progress)
    return Ours(Inspector(bundle), perf_counter() - started)


def figures(
    scores: NDArray[np.float64], rejected: NDArray[np.bool_], good: NDArray[np.bool_]
) -> dict[str, float]:
    """AUROC, false reject, escape and, with good as positive, precision, recall and F1."""
    kept_good, kept_ng = int((~rejected & good).sum()), int((~rejected & ~good).sum())
    return {
        "auroc": auroc(scores, ~good) or 0.0,
        "false_reject": float(rejected[good].mean()),
        "escape": float((~rejected)[~good].mean()),
        "precision": kept_good / max(1, kept_good + kept_ng),
        "recall": kept_good / int(good.sum()),
        "f1": 2 * kept_good / (kept_good + kept_ng + int(good.sum())),
    }


def best_f1(scores: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[float, float]:
    """The largest F1 (good is positive) that any limit gives on these pictures, and that limit.

    It looks at the truth, so it is no figure that a user will see; the publication reports it.
    """
    order = np.argsort(scores, kind="stable")
    kept_good = np.cumsum(good[order])
    f1 = 2 * kept_good / (np.arange(1, len(order) + 1) + good.sum())
    last = np.append(np.diff(scores[order]) > 0, True)  # ties are kept or rejected together
    best = int(np.argmax(np.where(last, f1, -1)))
    return float(f1[best]), float(scores[order][best])


def rejected(verdicts: Sequence[Verdict]) -> NDArray[np.bool_]:
    """(N,) True where the verdict is not OK."""
    return np.array([verdict.outcome is not Outcome.OK for verdict in verdicts])


def scores_of(verdicts: Sequence[Verdict]) -> NDArray[np.float64]:
    """(N,) the scores."""
    return np.array([verdict.score for verdict in verdicts])


def mean_squared(pictures: Floats, reconstructions: Floats) -> NDArray[np.float64]:
    """(N,) the mean squared error of each picture: the published judge."""
    return np.asarray(np.square(pictures - reconstructions).mean(axis=(1, 2, 3)), np.float64)


def training_limit(errors: NDArray[np.float64]) -> float:
    """The published limit: the 95th percentile of the errors of the pictures learned from."""
    return float(np.percentile(errors, 95))
