"""One .kenpin file: a zip with a manifest, arrays, for networks a graph, and two previews.

It is data only: no pickle, no code. The manifest lists every other member with its size and
SHA-256, and carries a SHA-256 of itself, so damage and careless edits are found. That is not a
signature: whoever can write the file can also write the hashes.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from kenpin import messages
from kenpin.difference import SCALES, GoodVariation
from kenpin.errors import BundleError, KenpinError, RecipeError
from kenpin.files import write_atomically
from kenpin.judge import Calibration
from kenpin.models import NAMES, Model, State, load_model
from kenpin.prepare import Preparation
from kenpin.recipe import Recipe
from kenpin.version import VERSION

FORMAT = 1
_MAX_UNPACKED = 2**30
_MAX_MANIFEST = 64 * 2**20
_MANIFEST, _ARRAYS, _GRAPH = "manifest.json", "weights.safetensors", "model.onnx"
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same result gives the same bytes


@dataclass(frozen=True)
class Provenance:
    """What a bundle was learned from: counts and hashes, never the pictures.

    pictures: SHA-256 of the pixels of every good picture used. size: (H, W) of most of them.
    left_out: (name, reason) pairs.
    remarks: sentences about the pictures that the user should read.
    """

    pictures: tuple[str, ...]
    size: tuple[int, int]
    left_out: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    kenpin: str = VERSION


@dataclass(frozen=True, eq=False)
class Bundle:
    """Everything needed to judge a part.

    calibration is None when no good picture was held out: such a bundle refuses to judge.
    previews: PNG files by name, for people.
    """

    recipe: Recipe
    model: Model
    variation: GoodVariation
    calibration: Calibration | None
    provenance: Provenance
    previews: dict[str, bytes] = field(default_factory=dict)
    name: str = "this model"

    @cached_property
    def preparation(self) -> Preparation:
        """How a picture becomes what the model sees."""
        return Preparation.of(self.recipe)

    def save(self, path: str | Path) -> None:
        """Write the file, atomically; raises OutputError."""
        write_atomically(Path(path), self.to_bytes())

    def to_bytes(self) -> bytes:
        """The file's content; the same bundle always gives the same bytes."""
        members = self._members()
        manifest = self._manifest(members)
        manifest["sha256"] = _manifest_hash(manifest)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, _MANIFEST, json.dumps(manifest, indent=1).encode())
            for name, content in members.items():
                _add(archive, name, content)
        return buffer.getvalue()

    @classmethod
    def load(cls, path: str | Path) -> "Bundle":
        """Read a file; raises BundleError with one sentence when anything is wrong with it."""
        path = Path(path)
        if path.is_dir():
            raise BundleError(messages.BUNDLE_FOLDER.format(path=path))
        if not path.exists():
            raise BundleError(messages.BUNDLE_MISSING.format(path=path))
        if not path.is_file():
            raise BundleError(messages.BUNDLE_NOT_ZIP.format(path=path))
        try:
            content = path.read_bytes()
        except OSError as error:
            reason = error.strerror
            raise BundleError(messages.FILE_UNREADABLE.format(path=path, reason=reason)) from None
        if not zipfile.is_zipfile(io.BytesIO(content)):
            raise BundleError(messages.BUNDLE_NOT_ZIP.format(path=path))
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                manifest = _read_manifest(archive, path)
                members = _read_members(archive, manifest, path)
            return _assemble(manifest, members, str(path))
        except RecipeError as error:
            raise _damaged(path, str(error)) from None
        except (KenpinError, MemoryError):
            raise
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise _damaged(path, f"manifest.json, {where}: {first['msg']}") from None
        except Exception as error:  # zipfile, zlib, json, safetensors, onnxruntime: almost anything
            raise _damaged(path, str(error) or type(error).__name__) from None

    def _members(self) -> dict[str, bytes]:
        state = self.model.state()
        arrays = {f"model.{name}": array for name, array in state.arrays.items()}
        arrays |= {f"spread.{n}": spread for n, spread in enumerate(self.variation.spreads)}
        arrays["scale_weights"] = self.variation.weights
        members = {_ARRAYS: save_arrays({k: np.ascontiguousarray(v) for k, v in arrays.items()})}
        if state.graph:
            members[_GRAPH] = state.graph
        return members | {f"previews/{name}": png for name, png in self.previews.items()}

    def _manifest(self, members: dict[str, bytes]) -> dict[str, Any]:
        c = self.calibration
        return {
            "format": FORMAT,
            "kenpin": self.provenance.kenpin,
            "recipe": self.recipe.model_dump(mode="json"),
            "model": self.model.state().config,
            "calibration": c
            and {
                "scores": c.scores.tolist(),
                "mse_scores": c.mse_scores.tolist(),
                "limit": c.limit,  # for readers; computed again from the scores on loading
            },
            "learned_from": {
                "count": len(self.provenance.pictures),
                "pictures": self.provenance.pictures,
                "size": self.provenance.size,
                "left_out": self.provenance.left_out,
                "remarks": self.provenance.remarks,
            },
            "members": {
                name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for name, content in members.items()
            },
        }


def describe(bundle: Bundle) -> dict[str, Any]:
    """The bundle's manifest as JSON-able values: everything but the weights themselves."""
    return bundle._manifest(bundle._members())


# --- what a manifest must look like ------------------------------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Member(_Strict):
    bytes: int = Field(ge=0)
    sha256: str


class _Calibration(_Strict):
    scores: list[float] = Field(min_length=1)
    mse_scores: list[float] = Field(min_length=1)
    limit: float


class _LearnedFrom(_Strict):
    count: int
    pictures: list[str]
    size: tuple[PositiveInt, PositiveInt]
    left_out: list[tuple[str, str]]
    remarks: list[str]


class _Manifest(_Strict):
    format: Literal[1]
    kenpin: str
    recipe: Recipe
    model: dict[str, Any]
    calibration: _Calibration | None
    learned_from: _LearnedFrom
    members: dict[str, _Member]
    sha256: str


# --- reading -----------------------------------------------------------------------------------


def _read_manifest(archive: zipfile.ZipFile, path: Path) -> _Manifest:
    if _MANIFEST not in archive.namelist():
        raise BundleError(messages.BUNDLE_NOT_ZIP.format(path=path))
    raw = json.loads(_read_member(archive, _MANIFEST, _MAX_MANIFEST, path))
    if isinstance(raw, dict) and isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise BundleError(
            messages.BUNDLE_NEWER.format(
                path=path, found=raw["format"], version=raw.get("kenpin"), own=VERSION, known=FORMAT
            )
        )
    if raw["sha256"] != _manifest_hash(raw):
        raise _damaged(path, messages.BUNDLE_HASH.format(member=_MANIFEST))
    if raw["recipe"]["model"] not in NAMES:
        raise BundleError(messages.BUNDLE_MODEL.format(path=path, model=raw["recipe"]["model"]))
    return _Manifest.model_validate(raw)


def _read_members(archive: zipfile.ZipFile, manifest: _Manifest, path: Path) -> dict[str, bytes]:
    names = archive.namelist()
    if sorted(names) != sorted([_MANIFEST, *manifest.members]):
        raise _damaged(path, messages.BUNDLE_MEMBERS)
    if sum(member.bytes for member in manifest.members.values()) > _MAX_UNPACKED:
        raise _too_large(path)
    contents = {}
    for name, member in manifest.members.items():
        content = _read_member(archive, name, member.bytes, path)
        if len(content) != member.bytes or hashlib.sha256(content).hexdigest() != member.sha256:
            raise _damaged(path, messages.BUNDLE_HASH.format(member=name))
        contents[name] = content
    return contents


def _read_member(archive: zipfile.ZipFile, name: str, most: int, path: Path) -> bytes:
    """The member, unpacking no more than `most` bytes whatever the file claims."""
    with archive.open(name) as member:
        content = member.read(min(most, _MAX_UNPACKED) + 1)
    if len(content) > most:
        raise _too_large(path)
    return content


def _assemble(manifest: _Manifest, members: dict[str, bytes], name: str) -> Bundle:
    recipe, learned = manifest.recipe, manifest.learned_from
    if learned.count != len(learned.pictures):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="count and pictures"))
    arrays = load_arrays(members[_ARRAYS])
    own = {k.removeprefix("model."): v for k, v in arrays.items() if k.startswith("model.")}
    spreads = tuple(arrays[f"spread.{n}"] for n in range(len(SCALES)))
    bundle = Bundle(
        recipe=recipe,
        model=load_model(recipe.model, State(manifest.model, own, members.get(_GRAPH, b""))),
        variation=GoodVariation(spreads, arrays["scale_weights"]),
        calibration=_calibration(manifest.calibration, recipe),
        provenance=Provenance(
            tuple(learned.pictures),
            learned.size,
            tuple(learned.left_out),
            tuple(learned.remarks),
            manifest.kenpin,
        ),
        previews={
            member.removeprefix("previews/"): content
            for member, content in members.items()
            if member.startswith("previews/")
        },
        name=name,
    )
    _check_fit(bundle)
    return bundle


def _calibration(kept: _Calibration | None, recipe: Recipe) -> Calibration | None:
    if kept is None:
        return None
    if recipe.held_out == "none" or recipe.folds is None:
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="recipe and calibration"))
    calibration = Calibration(
        scores=np.sort(kept.scores),
        mse_scores=np.sort(kept.mse_scores),
        false_reject=recipe.false_reject,
        held_out=recipe.held_out,
        folds=recipe.folds,
    )
    if calibration.limit != kept.limit or len(kept.mse_scores) != len(kept.scores):
        raise ValueError(messages.BUNDLE_DISAGREES.format(what="limit and scores"))
    return calibration


def _check_fit(bundle: Bundle) -> None:
    """Send one blank picture through, so that parts that do not fit fail now and not in use."""
    shape = bundle.preparation.shape
    blank = np.zeros((1, *shape), np.float32)
    answer = bundle.model.reconstruct(blank)
    fits = answer.shape == blank.shape and bool(np.isfinite(answer).all())
    if not fits or not bundle.variation.fits(shape):
        raise ValueError(messages.BUNDLE_MISFIT)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _STAMP)
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, content, compresslevel=1)


def _manifest_hash(manifest: dict[str, Any]) -> str:
    own = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path, reason: str) -> BundleError:
    return BundleError(messages.BUNDLE_DAMAGED.format(path=path, reason=reason.rstrip(".")))


def _too_large(path: Path) -> BundleError:
    return BundleError(messages.BUNDLE_TOO_LARGE.format(path=path, limit=_MAX_UNPACKED // 2**20))
