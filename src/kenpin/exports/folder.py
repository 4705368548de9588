"""The folder of an export: the graph, what it answers to some pictures, and how to call it."""

import hashlib
import io
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import drawn_like
from kenpin.errors import ExportError, ExtraError, OutputError, PictureError
from kenpin.inspection import Inspector
from kenpin.judge import Calibration
from kenpin.part import Bundle
from kenpin.prepare import Depth, as_option, white_of
from kenpin.recipe import Rectangle
from kenpin.sources import MOST_PIXELS, SMALLEST_PICTURE, PictureSource, read_picture
from kenpin.system import VERSION, check_writable, make_folder, onnxruntime, write_atomically
from kenpin.types import Outcome, Picture, Pixels, ReasonCode, Verdict

GRAPH, ABOUT, GOLDEN, EXAMPLE = "part.onnx", "part.json", "golden.npz", "example.py"
_TOLERANCE = 1e-4  # relative, of scores
_MOST_GIVEN = 20
_NARROW, _WIDE = 8, 16  # bits of a picture

FILES = (GRAPH, ABOUT, GOLDEN, EXAMPLE)
"""All that an export writes."""

Answer = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Exported:
    """folder: what was written into. pictures: how many the self-test compared.

    verdicts: how often each was right, under every label that may be expected. farthest: the
    largest difference of a score in it, relative to the score or its limit.
    """

    folder: Path
    pictures: int
    farthest: float
    verdicts: dict[str, int]


def export(
    bundle: Bundle,
    folder: str | Path,
    pictures: Sequence[PictureSource] = (),
    size: tuple[int, int] | None = None,
    colour: bool | None = None,
    bits: int | None = None,
) -> Exported:
    """Write the whole decision as an ONNX graph, with pictures and their verdicts to check it by.

    pictures: for the check, of one size; left out, they are drawn from what the bundle knows of
    good parts. size: (H, W) of the pictures that the graph will be given; left out, that of the
    pictures, or of those learned from. colour: whether it is given RGB; left out, as the part is
    seen. bits: 8 or 16, of the pictures that the graph will be given; it must be told where the
    part was learned from pictures kept with 16 bits, else it is 8.

    Nothing is written where the graph and kenpin disagree about a picture: a verdict, or a score
    by more than a ten-thousandth. Raises ExportError then, and for a part that no graph can be made
    of; ExtraError without onnx; CalibrationError, PictureError and OutputError as elsewhere.
    """
    folder = Path(folder)
    _check_free(folder)
    if bundle.preparation.harness is not None:
        raise ExportError("export_harness", name=bundle.title)
    inspector = Inspector(bundle)
    _check_bits(bits, bundle.preparation.depth)
    spread = np.linspace(0, len(pictures) - 1, min(len(pictures), _MOST_GIVEN)).round().astype(int)
    given = [read_picture(pictures[n]) for n in spread]
    size = size or (given[0].size if given else bundle.provenance.size)
    if min(size) < SMALLEST_PICTURE or size[0] * size[1] > MOST_PIXELS:
        raise ExportError("export_large", height=size[0], width=size[1])
    if colour is None:
        colour = bundle.preparation.color == "rgb"
    takes = _Takes(size, colour, bits == _WIDE, bundle.preparation.depth)
    graph = _graph_of(bundle, takes)
    shown = [takes.picture(one) for one in given] or [
        takes.drawn(one) for one in drawn_like(bundle.previews, size, colour)
    ]
    golden, farthest, verdicts = _golden(inspector, graph, shown)
    if given and set(verdicts) == {Outcome.UNUSABLE.value}:
        raise ExportError("export_unusable", as_option=as_option(bundle.provenance.size))
    about = json.dumps(_about(bundle, graph, takes), ensure_ascii=False, indent=2)
    example = files("kenpin").joinpath("assets", "example.py.txt").read_bytes()
    contents = {GRAPH: graph, GOLDEN: _as_arrays(golden), ABOUT: about.encode(), EXAMPLE: example}
    _write_together(folder, contents)
    return Exported(folder, len(shown), farthest, verdicts)


def _write_together(folder: Path, contents: dict[str, bytes]) -> None:
    """All of the files or none: an old graph beside a new picture would be worse than neither."""
    make_folder(folder)
    for name in contents:
        check_writable(folder / name)
    with tempfile.TemporaryDirectory(prefix=".kenpin-", dir=folder) as aside:
        for name, content in contents.items():
            write_atomically(Path(aside) / name, content)
        for name in contents:
            (Path(aside) / name).replace(folder / name)


def _check_free(folder: Path) -> None:
    """Raise OutputError where a file of another's would be overwritten."""
    taken = [name for name in FILES if (folder / name).exists()]
    if not taken:
        return
    try:
        ours = "kenpin" in json.loads((folder / ABOUT).read_text("utf-8"))
    except (OSError, ValueError, TypeError):
        ours = False
    if not ours:
        raise OutputError("export_folder", path=folder / taken[0])


def _check_bits(bits: int | None, depth: Depth) -> None:
    """Raise ExportError where nobody knows what the graph will be given."""
    if bits is None and depth.wide and depth.least:
        raise ExportError("export_bits", bits=depth.bits, white=white_of(depth.bits))
    if bits not in (None, _NARROW, _WIDE):
        raise ExportError("export_bits_other", bits=bits)
    if bits == _WIDE and not depth.wide:
        raise ExportError("export_bits_8")


def _graph_of(bundle: Bundle, takes: "_Takes") -> bytes:
    try:
        from kenpin.exports.decision import decide  # noqa: PLC0415 - needs onnx, an extra
        from kenpin.exports.filters import Filters  # noqa: PLC0415
        from kenpin.exports.graph import Graph  # noqa: PLC0415
    except ImportError as error:  # missing, or it does not work
        raise ExtraError("extra_onnx") from error
    size, channels = takes.size, takes.channels
    if channels == 1 and bundle.preparation.color == "rgb":
        raise ExportError("export_colour")
    graph, several = Graph(), len(bundle.parts) > 1
    expected = "expected" if several else None
    found = decide(Filters(graph, takes.wide), bundle, "picture", size, channels, expected)
    inputs: dict[str, tuple[Any, Sequence[int]]] = {"picture": (takes.kind, (*size, channels))}
    outputs: dict[str, tuple[str, Any, Sequence[int]]] = {
        "verdict": (found.verdict, np.int64, ()),
        "score": (found.score, np.float64, ()),
        "limit": (found.limit, np.float64, ()),
        "p_value": (found.p_value, np.float64, ()),
        "unusable": (found.unusable, np.int64, ()),
    }
    height, width, _ = bundle.preparation.shape
    outputs["difference"] = (
        found.difference,
        np.float32,
        (bundle.preparation.count, height, width),
    )
    if several:
        inputs["expected"] = (np.int64, ())
        outputs["label"] = (found.label, np.int64, ())
    try:
        return graph.finished(inputs, outputs, {"kenpin": VERSION})
    except Exception as error:  # of onnx's checker: an operator that is not standard
        reason = str(error).strip().splitlines()[0]
        raise ExportError("export_graph", reason=reason) from error


# --- pictures to check it by -------------------------------------------------------------------


@dataclass(frozen=True)
class _Takes:
    """What pictures the graph takes: (H, W) size, RGB or grey, 16 bits or 8."""

    size: tuple[int, int]
    colour: bool
    wide: bool
    depth: Depth

    @property
    def channels(self) -> int:
        return 3 if self.colour else 1

    @property
    def kind(self) -> Any:
        return np.uint16 if self.wide else np.uint8

    @property
    def white(self) -> int:
        """The value that is white in what it takes."""
        return self.depth.white(np.zeros((1, 1), self.kind))

    def picture(self, picture: Picture) -> Pixels:
        """(H, W, C) as the graph takes it; raises PictureError for one of another kind."""
        if picture.size != self.size:
            raise PictureError(
                "export_other_size",
                path=picture.name,
                width=picture.size[1],
                height=picture.size[0],
                wanted=f"{self.size[1]}x{self.size[0]}",
                as_option=as_option(picture.size),
            )
        pixels = self._in_depth(picture)
        if self.colour and pixels.ndim == 2:
            pixels = cast(Pixels, np.repeat(pixels[..., None], 3, axis=2))
        if not self.colour and pixels.ndim == 3:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        return cast(Pixels, pixels.reshape(*self.size, -1))

    def _in_depth(self, picture: Picture) -> Pixels:
        """Its pixels, of 16 bits the uppermost that are used where the graph takes 8."""
        pixels = picture.pixels
        if pixels.dtype == self.kind:
            return pixels
        if self.wide or not self.depth.wide or self.depth.misfit(picture) is not None:
            bits = 8 * pixels.dtype.itemsize
            takes = _WIDE if self.wide else _NARROW
            raise PictureError("export_depth", path=picture.name, bits=bits, takes=takes)
        narrow: Pixels = (pixels >> (self.depth.bits - _NARROW)).astype(np.uint8)
        return narrow

    def drawn(self, pixels: NDArray[np.uint8]) -> Pixels:
        """A drawn picture of 8 bits as the graph takes it."""
        if not self.wide:
            return pixels
        scaled = pixels.astype(np.float32) * np.float32(self.white / np.iinfo(np.uint8).max)
        return cast(Pixels, np.rint(scaled).astype(np.uint16))


def _golden(
    inspector: Inspector, graph: bytes, pictures: list[Pixels]
) -> tuple[list[tuple[Pixels, int, Answer]], float, dict[str, int]]:
    """Each picture, the label expected and the answer; the worst score; the verdicts counted."""

    session = onnxruntime().InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    labels = inspector.bundle.labels
    golden, farthest = [], 0.0
    verdicts: Counter[str] = Counter()
    for number, picture in enumerate(pictures):
        for expected in range(-1, len(labels)):
            told = {"expected": np.array(expected, np.int64)} if labels else {}
            answer = dict(zip(names, session.run(None, {"picture": picture} | told), strict=True))
            verdict = inspector.inspect(picture, labels[expected] if expected >= 0 else None)
            # A machine's score may be about 0: then its limit says what is much.
            much = max(abs(verdict.score), abs(verdict.limit), 1e-9)
            apart = abs(float(answer["score"]) - verdict.score) / much
            outcome = tuple(Outcome)[int(answer["verdict"])]
            limits = inspector.calibration_of(verdict)
            same = outcome is verdict.outcome or _on_the_limit(verdict, limits, _TOLERANCE * much)
            if not same or not apart <= _TOLERANCE or not _same(answer, verdict, labels):
                raise ExportError(
                    "export_disagrees",
                    number=number + 1,
                    theirs=outcome,
                    score=float(answer["score"]),
                    ours=verdict.outcome,
                    own=verdict.score,
                )
            golden.append((picture, expected, answer))
            farthest = max(farthest, apart)
            verdicts[verdict.outcome.value] += 1
    return golden, farthest, dict(verdicts)


def _on_the_limit(verdict: Verdict, limits: Calibration, hair: float) -> bool:
    """Whether the last digit decides: a picture that set the limit scores exactly that."""

    def at(value: float, limit: float | None, near: float) -> bool:
        return limit is not None and abs(value - limit) <= near

    if at(verdict.score, limits.limit, hair) or at(verdict.score, limits.review_limit, hair):
        return True
    return verdict.margin is not None and (
        at(verdict.margin, limits.margin_limit, _TOLERANCE)
        or at(verdict.margin, limits.review_margin_limit, _TOLERANCE)
    )


def _same(answer: Answer, verdict: Verdict, labels: Sequence[str]) -> bool:
    """Whether what is not the score agrees too; the difference to a thousandth of its largest."""
    reason = int(answer["unusable"])
    told = list(ReasonCode)[reason - 1] if reason else None
    if told is not (verdict.reason.code if verdict.reason else None):
        return False
    if float(answer["limit"]) != verdict.limit:
        return False
    if verdict.label is not None and labels[int(answer["label"])] != verdict.label:
        return False
    if verdict.evidence is None or verdict.outcome is Outcome.UNUSABLE:
        return True
    differences = verdict.evidence.difference
    most = max(float(np.abs(differences).max()), 1e-9)
    return bool(np.abs(answer["difference"] - differences).max() <= 10 * _TOLERANCE * most)


def _as_arrays(golden: list[tuple[Pixels, int, Answer]]) -> bytes:
    arrays = {"picture": np.stack([picture for picture, _, _ in golden])}
    arrays["expected"] = np.array([expected for _, expected, _ in golden], np.int64)
    for name in golden[0][2]:
        arrays[name] = np.stack([answer[name] for _, _, answer in golden])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


# --- what it is --------------------------------------------------------------------------------


def _about(bundle: Bundle, graph: bytes, takes: "_Takes") -> dict[str, Any]:
    """For programs: the meaning of the numbers that go in and come out."""

    calibrations = [part.calibration for part in bundle.parts if part.calibration is not None]
    return {
        "kenpin": VERSION,
        "graph": {"file": GRAPH, "sha256": hashlib.sha256(graph).hexdigest()},
        "model": bundle.recipe.model,
        "picture": {
            "height": takes.size[0],
            "width": takes.size[1],
            "channels": ["red", "green", "blue"] if takes.colour else ["grey"],
            "dtype": np.dtype(takes.kind).name,
            "white": takes.white,
        },
        "verdicts": [outcome.value for outcome in tuple(Outcome)],
        "unusable": ["usable", *(code.value for code in ReasonCode)],
        "labels": list(bundle.labels),
        "windows": [
            dict(zip(("name", "x", "y", "width", "height"), (name or "", *there), strict=True))
            for name, there in zip(
                bundle.preparation.names, _windows(bundle, takes.size), strict=True
            )
        ],
        "levels": [calibration.level for calibration in calibrations],
        "limit_rules": [c.rule for c in calibrations],
        "promised_false_reject": [c.promised_false_reject for c in calibrations],
        "review_limits": [c.review_limit for c in calibrations],
        "tolerance": _TOLERANCE,
    }


def _windows(bundle: Bundle, size: tuple[int, int]) -> list[Rectangle]:
    """(x, y, width, height) of each window in pixels of the picture that the graph is given."""
    preparation = bundle.preparation
    down, right = (own / meant for own, meant in zip(size, preparation.frame or size, strict=True))
    return [
        (round(x * right), round(y * down), round(width * right), round(height * down))
        for x, y, width, height in preparation.rectangles(size)
    ]
