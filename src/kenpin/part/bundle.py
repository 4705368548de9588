"""Everything learned about a part; how it looks as a file is in kenpin.part.file."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from kenpin.errors import ArgumentError, BundleError, DatasetError
from kenpin.judge import Calibration, Measure, Sizes, Usability, compare
from kenpin.models import (
    WITH_FEATURES,
    Drawer,
    Encoder,
    Labels,
    Model,
    State,
    encoder_of,
    load_model,
    seeing_for,
    within,
)
from kenpin.part.file import (
    FORMAT,
    Manifest,
    content_of,
    described_members,
    one_sentence_about,
    pack,
    unpack,
)
from kenpin.part.kept import (
    LabelJudge,
    Provenance,
    Sight,
    following_of,
    label_judge_of,
    provenance_of,
    shown_of,
    sizes_of,
    usability_of,
)
from kenpin.part.shown_reconstruction import ShownReconstruction, resized
from kenpin.prepare import Depth, Preparation
from kenpin.recipe import Recipe
from kenpin.system import write_atomically
from kenpin.text import Notice
from kenpin.types import Floats, Shown

_MOST_DRAWN = 1000
_ARRAYS, _GRAPHS = "weights.safetensors", ".onnx"
_ENCODER = "encoder.onnx"


@dataclass(frozen=True, eq=False, repr=False)
class Bundle(Shown):
    """Everything needed to judge a part.

    parts: one for each label, at least one. A bundle without calibration refuses to judge.
    temperature: makes the probabilities of the labels honest. previews: PNG files by name, for
    people. choice: the candidates that 'auto' compared, best first, as JSON-able rows. ng: what
    came of the NG pictures, JSON-able; empty without any. usability: None in files of earlier
    formats and where it was not learned. encoder: what makes features of the prepared pictures,
    where the model learned from features; shown: what rebuilds pictures for people then. sight: how
    fine a defect it sees, where that was measured. sizes: what judges what is
    measured of a harness.
    """

    recipe: Recipe
    preparation: Preparation
    model: Model
    parts: tuple[LabelJudge, ...]
    provenance: Provenance
    previews: dict[str, bytes] = field(default_factory=dict)
    temperature: float = 1.0
    choice: tuple[dict[str, Any], ...] = ()
    ng: dict[str, Any] = field(default_factory=dict)
    usability: Usability | None = None
    encoder: Encoder | None = None
    shown: ShownReconstruction | None = None
    sight: Sight | None = None
    sizes: Sizes | None = None
    name: str = ""

    @property
    def title(self) -> str | Notice:
        """What it is called in sentences: its file, or that it is in no file yet."""
        return self.name or Notice("this_part")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it knows; empty without labels."""
        return tuple(part.label for part in self.parts if part.label)

    def model_input(self, pictures: Floats) -> Floats:
        """(N, h, w, C) prepared pictures -> what the model sees: features, or the very same."""
        return pictures if self.encoder is None else self.encoder.encode(pictures)

    def rebuilt_for_people(
        self, pictures: Floats, seen: Floats, residuals: Floats, numbers: Labels
    ) -> Floats | None:
        """(K, h, w, C) prepared pictures as pixels rebuild them, where the model answers otherwise.

        seen, residuals: what the model sees of them, and what it answers. numbers: as models are
        told them.
        """
        if self.shown is not None:
            return self.shown.reconstruct(pictures, numbers)
        if self.recipe.model != "both":
            return None
        packing = self.parts[0].measures[0].packing
        rebuilt = packing.pixels(seen) - packing.pixels(residuals)
        colours = rebuilt[..., : pictures.shape[3]]  # grey ones have three that are the same
        return resized(colours, (pictures.shape[1], pictures.shape[2]))

    @property
    def engine(self) -> str:
        """What runs its graph, chosen when it was opened; "" where it has none."""
        runs: Any = self.encoder or self.model
        return str(getattr(runs, "engine", ""))

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(h, w, C) of what the model sees of a window."""
        return input_shape(self.preparation, self.encoder)

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
            raise DatasetError("draw_count", count=count, seed=seed)
        known = ", ".join(self.labels)
        if label is not None and label not in self.labels:
            text = "label_unknown" if self.labels else "no_labels"
            raise DatasetError(text, name=self.title, label=label, known=known)
        if label is None and self.labels:
            raise DatasetError("label_needed", name=self.title, known=known)
        if self.preparation.count > 1:
            raise BundleError("cannot_draw_windows", name=self.title)
        if self.preparation.grids:
            raise BundleError("cannot_draw_compressed", name=self.title)
        number = self.labels.index(label) if label is not None else 0
        rng = np.random.default_rng(seed)
        try:
            drawn: Floats = cast(Drawer, self.model).draw(count, rng, number)
        except (AttributeError, ValueError):
            told = {"name": self.title, "model": self.recipe.model}
            raise BundleError("cannot_draw", **told) from None
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
        if not isinstance(path, str | Path):
            raise ArgumentError("not_a_path", kind=type(path).__name__)
        return cls.from_bytes(content_of(Path(path)), str(path))

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "") -> "Bundle":
        """The bundle that a file with this content holds; name: of the file, for people."""
        path = Path(name)
        with one_sentence_about(path):
            return _assemble(*unpack(content, path), name)

    def __reduce__(self) -> tuple[Any, ...]:
        return Bundle.from_bytes, (self.to_bytes(), self.name)

    def __repr__(self) -> str:
        limit = f", limit {self.calibration.limit:#.4g}" if self.calibration else ""
        labels = f", labels {', '.join(self.labels)}" if self.labels else ""
        return (
            f"<Bundle {self.name or 'unsaved'}: {self.recipe.model} learned from "
            f"{len(self.provenance.pictures)} good pictures{limit}{labels}>"
        )

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
        if self.preparation.harness and self.sizes:
            arrays |= {f"harness.{n}": a for n, a in self.preparation.harness.arrays().items()}
            arrays |= {f"sizes.{name}": a for name, a in self.sizes.arrays().items()}
        if self.shown:
            arrays |= {f"sketch.{name}": a for name, a in self.shown.state().arrays.items()}
        members = {_ARRAYS: save_arrays({k: np.ascontiguousarray(v) for k, v in arrays.items()})}
        members |= {f"{name}{_GRAPHS}": graph for name, graph in state.graphs.items()}
        if self.encoder and not self.encoder.own:
            members[_ENCODER] = self.encoder.graph
        return members | {f"previews/{name}": png for name, png in self.previews.items()}

    def _manifest(self, members: dict[str, bytes]) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "kenpin": self.provenance.kenpin,
            "recipe": self.recipe.to_dict(),
            "model": self.model.state().config,
            "encoder": _named(self.encoder),
            "sketch": self.shown.state().config if self.shown else None,
            "parts": [
                {"label": part.label, "calibration": _described(part.calibration)}
                for part in self.parts
            ],
            "temperature": self.temperature,
            "choice": list(self.choice),
            "ng": self.ng or None,
            "usable": _described_bounds(self.usability),
            "depth": asdict(self.preparation.depth),
            "tiles": self.preparation.tiles,
            "harness": self.preparation.harness and self.preparation.harness.config(),
            "sight": asdict(self.sight) if self.sight else None,
            "learned_from": {
                "count": len(self.provenance.pictures),
                "pictures": self.provenance.pictures,
                "size": self.provenance.size,
                "left_out": [
                    {"picture": name, "reason": reason.to_dict()}
                    for name, reason in self.provenance.left_out
                ],
                "remarks": [remark.to_dict() for remark in self.provenance.remarks],
                "learned": self.provenance.learned,
            },
            "members": described_members(members),
        }


def _arrays_of(measure: Measure) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    if measure.variation:
        arrays |= {f"spread.{n}": a for n, a in enumerate(measure.variation.spreads)}
        arrays["scale_weights"] = measure.variation.weights
    if measure.exchange:
        arrays["exchange"] = np.array([measure.exchange.factor, measure.exchange.power])
    if measure.finer:
        arrays["exchange_of_finer"] = np.array([measure.finer.factor, measure.finer.power])
    return arrays


def input_shape(preparation: Preparation, encoder: Encoder | None) -> tuple[int, int, int]:
    """(h, w, C) of what a model sees of a prepared window."""
    if encoder is None:
        return preparation.shape
    return (*encoder.grid(preparation.size), encoder.numbers)


def _named(encoder: Encoder | None) -> dict[str, str] | None:
    return {"name": encoder.name, "sha256": encoder.sha256} if encoder else None


def _described_bounds(usability: Usability | None) -> dict[str, Any] | None:
    return {"usual": usability.bounds, "outer": usability.outer} if usability else None


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
        raise ValueError(Notice("bundle_disagrees", what="count, pictures"))
    arrays = load_arrays(members[_ARRAYS])
    if "scale_weights" in arrays:  # format 1
        arrays = {k if k.startswith("model.") else f"0.{k}": v for k, v in arrays.items()}
    graphs = {
        member.removesuffix(_GRAPHS): content
        for member, content in members.items()
        if member.endswith(_GRAPHS) and member != _ENCODER
    }
    preparation = _preparation_of(manifest)
    if (recipe.model in WITH_FEATURES) != (manifest.encoder is not None):
        raise ValueError(Notice("bundle_disagrees", what="recipe, encoder"))
    encoder = None
    if manifest.encoder is not None:
        told, graph = manifest.encoder, members.get(_ENCODER)
        encoder = encoder_of(told.sha256, told.name, graph, name)
        encoder = seeing_for(recipe, encoder)
    preparation = preparation.with_arrays(recipe, within(arrays, "prepare."))
    preparation = following_of(manifest, preparation, arrays)
    bundle = Bundle(
        recipe=recipe,
        preparation=preparation,
        model=load_model(recipe.model, State(manifest.model, within(arrays, "model."), graphs)),
        parts=tuple(
            label_judge_of(
                number, kept, recipe, preparation, input_shape(preparation, encoder), arrays
            )
            for number, kept in enumerate(manifest.parts)
        ),
        provenance=provenance_of(manifest),
        previews=within(members, "previews/"),
        temperature=manifest.temperature,
        choice=tuple(entry.model_dump() for entry in manifest.choice),
        ng=manifest.ng.model_dump() if manifest.ng else {},
        usability=usability_of(manifest, recipe, arrays),
        encoder=encoder,
        shown=shown_of(manifest, arrays),
        sight=Sight(**manifest.sight.model_dump()) if manifest.sight else None,
        sizes=sizes_of(preparation, arrays),
        name=name,
    )
    _check_fit(bundle)
    return bundle


def _preparation_of(manifest: Manifest) -> Preparation:
    """Without what it learned as arrays."""
    recipe, depth = manifest.recipe, Depth(**manifest.depth.model_dump())
    if manifest.tiles and (recipe.windows or recipe.model not in WITH_FEATURES):
        raise ValueError(Notice("bundle_disagrees", what="recipe, tiles"))
    frame = recipe.size if manifest.harness else manifest.learned_from.size
    return Preparation.of(recipe, frame, depth, manifest.tiles)


def _check_fit(bundle: Bundle) -> None:
    """Send one blank picture through, so that parts that do not fit fail now and not in use."""
    blank = np.zeros((1, *bundle.input_shape), np.float32)
    measures = [measure for part in bundle.parts for measure in part.measures]
    for number, measure in enumerate(measures):
        residual, reconstruction = compare(bundle.model, blank, np.array([number]))
        fits = residual.shape[:3] == blank.shape[:3] and bool(np.isfinite(residual).all())
        if reconstruction is None:
            fits = fits and bundle.recipe.difference != "ssim"
        else:
            fits = fits and reconstruction.shape == blank.shape
        if not fits or not measure.fits(residual.shape[1:]):
            raise ValueError(Notice("bundle_misfit"))
    if (bundle.shown is None) == (bundle.recipe.model == "feature"):
        raise ValueError(Notice("bundle_disagrees", what="encoder, sketch"))
    if bundle.shown is not None:
        grey = np.full((1, *bundle.preparation.shape), 0.5, np.float32)
        bundle.model_input(grey)
        for number in range(len(measures)):
            bundle.shown.reconstruct(grey, np.array([number]))
    labels = [part.label for part in bundle.parts]
    several = len(labels) > 1
    with_margins = {bool(len(p.calibration.margins)) for p in bundle.parts if p.calibration}
    if (
        len(set(labels)) != len(labels)
        or ("" in labels) == several
        or with_margins not in (set(), {several})
    ):
        raise ValueError(Notice("bundle_disagrees", what="labels"))
