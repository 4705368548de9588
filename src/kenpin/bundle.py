"""Everything learned about a part; how it looks as a file is in kenpin.archive."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from kenpin import messages
from kenpin.archive import (
    FORMAT,
    CalibrationEntry,
    Manifest,
    PartEntry,
    described_members,
    one_sentence_about,
    pack,
    unpack,
)
from kenpin.difference import SCALES, GoodVariation, Measure, compare
from kenpin.encoder import Encoder, encoder_of
from kenpin.errors import BundleError, DatasetError
from kenpin.files import write_atomically
from kenpin.judge import Calibration
from kenpin.models import Drawer, Model, State, load_model, within
from kenpin.prepare import Preparation
from kenpin.recipe import Recipe
from kenpin.sketch import Sketch, load_sketch
from kenpin.svm import Svm
from kenpin.types import Floats
from kenpin.usable import Usability
from kenpin.version import VERSION

_MOST_DRAWN = 1000
_ARRAYS, _GRAPHS = "weights.safetensors", ".onnx"
_ENCODER = "encoder.onnx"


@dataclass(frozen=True)
class Provenance:
    """What a bundle was learned from: counts and hashes, never the pictures.

    pictures: SHA-256 of the pixels of every good picture used. size: (H, W) of most of them.
    left_out: (name, reason) pairs.
    remarks: sentences about the pictures that the user should read. learned: of how many the model
    itself learned; None in files of earlier formats.
    """

    pictures: tuple[str, ...]
    size: tuple[int, int]
    left_out: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    kenpin: str = VERSION
    learned: int | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """How the pictures of one label are judged; the only one has the label "" without labels.

    measures: one for each window. calibration: None when no good picture was held out. svm: the
    judge that has seen NG pictures, where it was kept.
    """

    label: str
    measures: tuple[Measure, ...]
    calibration: Calibration | None
    svm: Svm | None = None


@dataclass(frozen=True, eq=False)
class Bundle:
    """Everything needed to judge a part.

    parts: one for each label, at least one. A bundle without calibration refuses to judge.
    temperature: makes the probabilities of the labels honest. previews: PNG files by name, for
    people. choice: the candidates that 'auto' compared, best first, as JSON-able rows. ng: what
    came of the NG pictures, JSON-able; empty without any. usability: None in files of earlier
    formats and where it was not learned. sketch: with features, what rebuilds pictures for people.
    """

    recipe: Recipe
    preparation: Preparation
    model: Model
    parts: tuple[Part, ...]
    provenance: Provenance
    previews: dict[str, bytes] = field(default_factory=dict)
    temperature: float = 1.0
    choice: tuple[dict[str, Any], ...] = ()
    ng: dict[str, Any] = field(default_factory=dict)
    usability: Usability | None = None
    sketch: Sketch | None = None
    name: str = "this model"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it knows; empty without labels."""
        return tuple(part.label for part in self.parts if part.label)

    @property
    def calibration(self) -> Calibration | None:
        """That of the first label; the only one where there are no labels."""
        return self.parts[0].calibration

    def draw(self, count: int, label: str | None = None, seed: int = 0) -> Floats:
        """(count, h, w, C) float32 pictures in [0, 1] invented by the model, like good ones.

        label: of which part, where there are labels. Raises DatasetError for an unknown label or
        none where one is needed, and BundleError when this model cannot draw.
        """
        if not 1 <= count <= _MOST_DRAWN or seed < 0:
            raise DatasetError(messages.DRAW_COUNT.format(count=count, seed=seed))
        known = ", ".join(self.labels)
        if label is not None and label not in self.labels:
            text = messages.LABEL_UNKNOWN if self.labels else messages.NO_LABELS
            raise DatasetError(text.format(name=self.name, label=label, known=known))
        if label is None and self.labels:
            raise DatasetError(messages.LABEL_NEEDED.format(name=self.name, known=known))
        if self.preparation.windows:
            raise BundleError(messages.CANNOT_DRAW_WINDOWS.format(name=self.name))
        if self.preparation.grids:
            raise BundleError(messages.CANNOT_DRAW_COMPRESSED.format(name=self.name))
        number = self.labels.index(label) if label is not None else 0
        rng = np.random.default_rng(seed)
        try:
            drawn: Floats = cast(Drawer, self.model).draw(count, rng, number)
        except (AttributeError, ValueError):
            text = messages.CANNOT_DRAW.format(name=self.name, model=self.recipe.model)
            raise BundleError(text) from None
        return np.clip(drawn, 0, 1)

    def save(self, path: str | Path) -> None:
        """Write the file, atomically; raises OutputError."""
        write_atomically(Path(path), self.to_bytes())

    def to_bytes(self) -> bytes:
        """The file's content; the same bundle always gives the same bytes."""
        members = self._members()
        return pack(self._manifest(members), members)

    @classmethod
    def load(cls, path: str | Path) -> "Bundle":
        """Read a file; raises BundleError with one sentence when anything is wrong with it."""
        path = Path(path)
        with one_sentence_about(path):
            return _assemble(*unpack(path), str(path))

    def _members(self) -> dict[str, bytes]:
        state = self.model.state()
        arrays = {f"model.{name}": array for name, array in state.arrays.items()}
        arrays |= {f"prepare.{name}": a for name, a in self.preparation.arrays().items()}
        windows = self.preparation.count
        for label, part in enumerate(self.parts):
            for window, measure in enumerate(part.measures):
                mark = f"{label * windows + window}."
                arrays |= {mark + name: a for name, a in _arrays_of(measure).items()}
            if part.svm:
                arrays |= {f"{label}.svm.{name}": a for name, a in part.svm.arrays().items()}
        if self.usability:
            arrays |= {f"usable.{name}": a for name, a in self.usability.arrays().items()}
        if self.sketch:
            arrays |= {f"sketch.{name}": a for name, a in self.sketch.state().arrays.items()}
        members = {_ARRAYS: save_arrays({k: np.ascontiguousarray(v) for k, v in arrays.items()})}
        members |= {f"{name}{_GRAPHS}": graph for name, graph in state.graphs.items()}
        encoder = self.preparation.encoder
        if encoder and not encoder.own:
            members[_ENCODER] = encoder.graph
        return members | {f"previews/{name}": png for name, png in self.previews.items()}

    def _manifest(self, members: dict[str, bytes]) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "kenpin": self.provenance.kenpin,
            "recipe": self.recipe.to_dict(),
            "model": self.model.state().config,
            "encoder": _named(self.preparation.encoder),
            "sketch": self.sketch.state().config if self.sketch else None,
            "parts": [
                {"label": part.label, "calibration": _described(part.calibration)}
                for part in self.parts
            ],
            "temperature": self.temperature,
            "choice": list(self.choice),
            "ng": self.ng or None,
            "usable": self.usability.bounds if self.usability else None,
            "learned_from": {
                "count": len(self.provenance.pictures),
                "pictures": self.provenance.pictures,
                "size": self.provenance.size,
                "left_out": self.provenance.left_out,
                "remarks": self.provenance.remarks,
                "learned": self.provenance.learned,
            },
            "members": described_members(members),
        }


def _arrays_of(measure: Measure) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    if measure.variation:
        arrays |= {f"spread.{n}": a for n, a in enumerate(measure.variation.spreads)}
        arrays["scale_weights"] = measure.variation.weights
    return arrays


def _named(encoder: Encoder | None) -> dict[str, str] | None:
    return {"name": encoder.name, "sha256": encoder.sha256} if encoder else None


def _described(c: Calibration | None) -> dict[str, Any] | None:
    if c is None:
        return None
    return {
        "scores": c.scores.tolist(),
        "mse_scores": c.mse_scores.tolist(),
        "margins": c.margins.tolist(),
        "level": c.level,
        "limit": c.limit,  # for readers; computed again from the scores on loading
    }


def describe(bundle: Bundle) -> dict[str, Any]:
    """The bundle's manifest as JSON-able values: everything but the weights themselves."""
    return bundle._manifest(bundle._members())


# --- reading -----------------------------------------------------------------------------------


def _assemble(manifest: Manifest, members: dict[str, bytes], name: str) -> Bundle:
    recipe, learned = manifest.recipe, manifest.learned_from
    if learned.count != len(learned.pictures):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="count and pictures"))
    arrays = load_arrays(members[_ARRAYS])
    if "scale_weights" in arrays:  # format 1
        arrays = {k if k.startswith("model.") else f"0.{k}": v for k, v in arrays.items()}
    graphs = {
        member.removesuffix(_GRAPHS): content
        for member, content in members.items()
        if member.endswith(_GRAPHS) and member != _ENCODER
    }
    preparation = Preparation.of(recipe, learned.size)
    if (recipe.model == "feature") != (manifest.encoder is not None):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="recipe and encoder"))
    if manifest.encoder is not None:
        told, graph = manifest.encoder, members.get(_ENCODER)
        encoder = encoder_of(told.sha256, told.name, graph, name)
        preparation = replace(preparation, encoder=encoder)
    preparation = preparation.with_arrays(recipe, within(arrays, "prepare."))
    bundle = Bundle(
        recipe=recipe,
        preparation=preparation,
        model=load_model(recipe.model, State(manifest.model, within(arrays, "model."), graphs)),
        parts=tuple(
            _part(number, kept, recipe, preparation, arrays)
            for number, kept in enumerate(manifest.parts)
        ),
        provenance=Provenance(
            tuple(learned.pictures),
            learned.size,
            tuple(learned.left_out),
            tuple(learned.remarks),
            manifest.kenpin,
            learned.learned,
        ),
        previews=within(members, "previews/"),
        temperature=manifest.temperature,
        choice=tuple(entry.model_dump() for entry in manifest.choice),
        ng=manifest.ng.model_dump() if manifest.ng else {},
        usability=_usability(manifest, recipe, arrays),
        sketch=_sketch(manifest, arrays),
        name=name,
    )
    _check_fit(bundle)
    return bundle


def _part(
    number: int, kept: PartEntry, recipe: Recipe, preparation: Preparation, arrays: dict[str, Any]
) -> Part:
    if recipe.difference in (None, "auto") or recipe.score in (None, "auto"):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="recipe and parts"))
    windows = range(preparation.count)
    measures = tuple(
        _measure(recipe, within(arrays, f"{number * len(windows) + n}."), preparation.ignored_at(n))
        for n in windows
    )
    machine = within(arrays, f"{number}.svm.")
    return Part(
        label=kept.label,
        measures=measures,
        calibration=_calibration(kept.calibration, recipe),
        svm=Svm.of(machine, len(windows)) if machine else None,
    )


def _measure(recipe: Recipe, arrays: dict[str, Any], ignored: Any) -> Measure:
    variation = None
    if recipe.difference == "units":
        spreads = tuple(arrays[f"spread.{n}"] for n in range(len(SCALES)))
        variation = GoodVariation(spreads, arrays["scale_weights"])
    kind: Any = recipe.difference
    return Measure(kind, recipe.smoothing or 0.0, variation, ignored)


def _sketch(manifest: Manifest, arrays: dict[str, Any]) -> Sketch | None:
    if manifest.sketch is None:
        return None
    config = manifest.sketch.model_dump()
    return load_sketch(State(config, within(arrays, "sketch.")))


def _usability(manifest: Manifest, recipe: Recipe, arrays: dict[str, Any]) -> Usability | None:
    if manifest.usable is None:
        return None
    own = within(arrays, "usable.")
    labels = own.get("labels", np.empty(0, np.intp)).astype(np.intp)
    learned = own.get("learned", np.empty((0, 3), np.float32))
    usability = Usability(
        manifest.usable.model_dump(), own["references"], recipe.align != "none", learned, labels
    )
    if not usability.fits(len(manifest.parts)):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="usable and parts"))
    return usability


def _calibration(kept: CalibrationEntry | None, recipe: Recipe) -> Calibration | None:
    if kept is None:
        return None
    if recipe.held_out == "none" or recipe.folds is None:
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="recipe and calibration"))
    order = np.argsort(kept.scores, kind="stable")
    if len(kept.mse_scores) != len(order) or len(kept.margins) not in (0, len(order)):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="limit and scores"))
    calibration = Calibration(
        scores=np.array(kept.scores)[order],
        mse_scores=np.sort(kept.mse_scores),
        false_reject=recipe.false_reject,
        held_out=recipe.held_out,
        folds=recipe.folds,
        level=kept.level,
        margins=np.array(kept.margins)[order] if kept.margins else np.empty(0),
        review=recipe.review,
    )
    if calibration.limit != kept.limit:
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="limit and scores"))
    return calibration


def _check_fit(bundle: Bundle) -> None:
    """Send one blank picture through, so that parts that do not fit fail now and not in use."""
    blank = np.zeros((1, *bundle.preparation.shape), np.float32)
    measures = [measure for part in bundle.parts for measure in part.measures]
    for number, measure in enumerate(measures):
        residual, reconstruction = compare(bundle.model, blank, np.array([number]))
        fits = residual.shape[:3] == blank.shape[:3] and bool(np.isfinite(residual).all())
        if reconstruction is None:
            fits = fits and bundle.recipe.difference != "ssim"
        else:
            fits = fits and reconstruction.shape == blank.shape
        variation = measure.variation
        if not fits or (variation and not variation.fits(residual.shape[1:])):
            raise ValueError(messages.BUNDLE_MISFIT)
    if (bundle.sketch is None) != (bundle.preparation.encoder is None):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="encoder and sketch"))
    if bundle.sketch is not None:
        shown = np.full((1, *bundle.preparation.shapes[0]), 0.5, np.float32)
        bundle.preparation.seen(shown[0])
        for number in range(len(measures)):
            bundle.sketch.reconstruct(shown, np.array([number]))
    labels = [part.label for part in bundle.parts]
    several = len(labels) > 1
    with_margins = {bool(len(p.calibration.margins)) for p in bundle.parts if p.calibration}
    if (
        len(set(labels)) != len(labels)
        or ("" in labels) == several
        or with_margins not in (set(), {several})
    ):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="labels"))
