"""The .kenpin file: a zip with a manifest, arrays, for networks graphs, and previews.

It is data only: no pickle, no code. The manifest lists every other member with its size and
SHA-256, and carries a SHA-256 of itself, so damage and careless edits are found. That is not a
signature: whoever can write the file can also write the hashes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from kenpin.errors import BundleError, KenpinError, RecipeError
from kenpin.models import NAMES
from kenpin.part.older_formats import as_format_13
from kenpin.prepare import MOST_TILES
from kenpin.recipe import Recipe, Rectangle
from kenpin.system import VERSION
from kenpin.text import Notice, exists

FORMAT = 13
_MANIFEST = "manifest.json"
_MAX_UNPACKED = 2**30
_LONGEST_SHEET, _MOST_ENDS, _MOST_BANDS = 8192, 100, 1000
_MAX_MANIFEST = 64 * 2**20
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same result gives the same bytes


def _known_defect(kind: str) -> str:
    if not exists(f"defect_{kind}"):
        raise ValueError("it is no simulated defect")
    return kind


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Member(_Strict):
    bytes: int = Field(ge=0)
    sha256: str


class CalibrationEntry(_Strict):
    """The calibration of one label."""

    scores: list[float] = Field(min_length=1)
    mse_scores: list[float] = Field(min_length=1)
    margins: list[float]
    level: float
    limit: float


class PartEntry(_Strict):
    """One label; "" where there are none."""

    label: str
    calibration: CalibrationEntry | None


class LeftOutEntry(_Strict):
    """A picture that was not used, and the code and values that say why."""

    picture: str
    reason: dict[str, Any]


class _LearnedFrom(_Strict):
    count: int
    pictures: list[str]
    size: tuple[PositiveInt, PositiveInt]
    left_out: list[LeftOutEntry]
    remarks: list[dict[str, Any]]
    learned: int | None = Field(None, ge=1)


class CandidateEntry(_Strict):
    """A candidate that 'auto' compared."""

    model: str
    two_sizes: bool = False
    difference: str
    score: str
    smoothing: float
    auroc: float
    worst: Annotated[str, AfterValidator(_known_defect)]
    worst_auroc: float


class UnfinishedEntry(_Strict):
    """A model that 'auto' could not try, and the code that says why."""

    model: str
    two_sizes: bool = False
    reason: Literal["out_of_budget"]


class NgEntry(_Strict):
    """What came of NG pictures."""

    pictures: int
    escapes: int
    svm_escapes: int
    kept: bool


class EncoderEntry(_Strict):
    """Which encoder it was learned with; its graph is a member unless kenpin brings it."""

    name: str
    sha256: str


class SketchEntry(_Strict):
    """What rebuilds pictures for people."""

    size: tuple[PositiveInt, PositiveInt]
    model: dict[str, Any]


_Bounds = tuple[float | None, float | None]


class BoundsEntry(_Strict):
    """The lowest and highest value of each measure of a picture."""

    contrast: _Bounds
    brightness: _Bounds
    saturated: _Bounds
    focus: _Bounds
    proportions: _Bounds
    likeness: _Bounds


class UsableEntry(_Strict):
    """Beyond which bounds a picture is unusual, and beyond which it cannot be used."""

    usual: BoundsEntry
    outer: BoundsEntry


class DepthEntry(_Strict):
    """How many bits the pictures use, see `Depth`."""

    bits: Literal[8, 10, 12, 14, 16]
    wide: bool
    least: int = Field(ge=0, lt=2**16)


class SightEntry(_Strict):
    """How fine a defect is seen, see `Sight`."""

    diameter: float | None = Field(gt=0)
    largest: float = Field(gt=0)
    contrast: float = Field(gt=0, le=1)


_Pixels = Annotated[float, Field(ge=0, le=1e6)]
_Level = Annotated[float, Field(ge=-1e6, le=1e6)]
_Whole = Annotated[int, Field(ge=0, le=_LONGEST_SHEET)]


class EndEntry(_Strict):
    """One end of a harness, see `kenpin.harness`."""

    at: _Pixels
    length: _Pixels
    side: Literal[-1, 0, 1]
    far: tuple[PositiveFloat, PositiveFloat]
    apart: PositiveFloat


class RowEntry(_Strict):
    """Where on its sheet a line of a harness is."""

    x: _Whole
    y: _Whole
    width: _Whole
    height: _Whole


class LayoutEntry(_Strict):
    """The sheet of a harness."""

    rows: dict[str, RowEntry] = Field(min_length=2)
    size: tuple[_Whole, _Whole]
    scale: PositiveFloat


class LeavingEntry(_Strict):
    """Where a branch leaves the trunk of a harness, see `kenpin.harness`."""

    at: _Pixels
    share: float = Field(ge=0, le=1)


class BandEntry(_Strict):
    """What is wound around a line of a harness, see `kenpin.harness`."""

    line: str
    begin: _Whole
    stop: _Whole
    edges: tuple[tuple[_Level, ...], tuple[_Level, ...]]


class HarnessEntry(_Strict):
    """What the good harnesses have in common, without how their ends look."""

    start: EndEntry
    ends: dict[str, EndEntry] = Field(min_length=1, max_length=_MOST_ENDS)
    layout: LayoutEntry
    worst: float = Field(ge=0)
    leaves: dict[str, LeavingEntry] = Field(max_length=_MOST_ENDS)
    bands: list[BandEntry] = Field(max_length=_MOST_BANDS)


class Manifest(_Strict):
    """What manifest.json must look like."""

    format: Literal[13]
    kenpin: str
    recipe: Recipe
    model: dict[str, Any]
    parts: list[PartEntry] = Field(min_length=1)
    temperature: float = Field(ge=1e-3, le=10)
    choice: list[CandidateEntry | UnfinishedEntry]
    ng: NgEntry | None
    usable: UsableEntry | None
    depth: DepthEntry
    tiles: list[Rectangle] = Field(max_length=MOST_TILES)
    harness: HarnessEntry | None
    sight: SightEntry | None
    encoder: EncoderEntry | None
    sketch: SketchEntry | None
    learned_from: _LearnedFrom
    members: dict[str, _Member]
    sha256: str


def pack(manifest: dict[str, Any], members: dict[str, bytes]) -> bytes:
    """The file's content; the same manifest and members always give the same bytes."""
    signed = manifest | {"sha256": manifest_hash(manifest)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, _MANIFEST, json.dumps(signed, indent=1).encode())
        for name, content in members.items():
            _add(archive, name, content)
    return buffer.getvalue()


def described_members(members: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """What the manifest says of each member."""
    return {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
    }


def hash_of_file(path: str | Path) -> str:
    """SHA-256 of a .kenpin file: which part a verdict is about. Raises BundleError."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise BundleError("part_file", path=path, reason=error.strerror) from None


def is_part(path: Path) -> bool:
    """Whether a file looks like a part's, whatever may be wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _MANIFEST in archive.namelist()
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return False


def unpack(content: bytes, path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the members of a file's content, each checked against its hash.

    Raises BundleError, and inside `one_sentence_about` nothing else.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise BundleError("bundle_not_zip", path=path)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = _read_manifest(archive, path)
        return manifest, _read_members(archive, manifest, path)


@contextmanager
def one_sentence_about(path: Path) -> Iterator[None]:
    """Whatever is wrong with the file while it is opened becomes one BundleError."""
    try:
        yield
    except RecipeError as error:
        raise _damaged(path, error) from None
    except (KenpinError, MemoryError):
        raise
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise _damaged(path, Notice("manifest_value", where=where)) from None
    except Exception as error:  # zipfile, zlib, json, safetensors, onnxruntime: almost anything
        raise _damaged(path, str(error) or type(error).__name__) from None


def manifest_hash(manifest: dict[str, Any]) -> str:
    """SHA-256 of the manifest without its own hash."""
    own = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


def content_of(path: Path) -> bytes:
    """The content of a .kenpin file; raises BundleError where there is none to be read."""
    if path.is_dir():
        raise BundleError("bundle_folder", path=path)
    if not path.exists():
        raise BundleError("bundle_missing", path=path)
    if not path.is_file():
        raise BundleError("bundle_not_zip", path=path)
    try:
        if path.stat().st_size > _MAX_UNPACKED:
            raise _too_large(path)
        return path.read_bytes()
    except OSError as error:
        raise BundleError("file_unreadable", path=path, reason=error.strerror) from None


def _read_manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    if _MANIFEST not in archive.namelist():
        raise BundleError("bundle_not_zip", path=path)
    raw = json.loads(_read_member(archive, _MANIFEST, _MAX_MANIFEST, path))
    if isinstance(raw, dict) and isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise BundleError(
            "bundle_newer",
            path=path,
            found=raw["format"],
            version=raw.get("kenpin"),
            own=VERSION,
            known=FORMAT,
        )
    if raw["sha256"] != manifest_hash(raw):
        raise _damaged(path, Notice("bundle_hash", member=_MANIFEST))
    if raw["format"] == 12 and raw.get("harness") is not None:  # it measured in another way
        raise BundleError("bundle_old_harness", path=path)
    raw = as_format_13(raw)
    if raw["recipe"]["model"] not in NAMES:
        raise BundleError("bundle_model", path=path, model=raw["recipe"]["model"])
    return Manifest.model_validate(raw)


def _read_members(archive: zipfile.ZipFile, manifest: Manifest, path: Path) -> dict[str, bytes]:
    names = archive.namelist()
    if sorted(names) != sorted([_MANIFEST, *manifest.members]):
        raise _damaged(path, Notice("bundle_members"))
    if sum(member.bytes for member in manifest.members.values()) > _MAX_UNPACKED:
        raise _too_large(path)
    contents = {}
    for name, member in manifest.members.items():
        content = _read_member(archive, name, member.bytes, path)
        if len(content) != member.bytes or hashlib.sha256(content).hexdigest() != member.sha256:
            raise _damaged(path, Notice("bundle_hash", member=name))
        contents[name] = content
    return contents


def _read_member(archive: zipfile.ZipFile, name: str, most: int, path: Path) -> bytes:
    """The member, unpacking no more than `most` bytes whatever the file claims."""
    with archive.open(name) as member:
        content = member.read(min(most, _MAX_UNPACKED) + 1)
    if len(content) > most:
        raise _too_large(path)
    return content


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """What a model has learned is nearly noise: the little saved is not worth the time."""
    member = zipfile.ZipInfo(name, _STAMP)
    member.compress_type = zipfile.ZIP_DEFLATED if name == _MANIFEST else zipfile.ZIP_STORED
    archive.writestr(member, content, compresslevel=1)


def _damaged(path: Path, reason: object) -> BundleError:
    return BundleError("bundle_damaged", path=path, reason=str(reason).rstrip("."))


def _too_large(path: Path) -> BundleError:
    return BundleError("bundle_too_large", path=path, limit=_MAX_UNPACKED // 2**20)
