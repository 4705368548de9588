"""The folder of an export: the graph, what it answers to some pictures, and how to call it."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from kenpin.bundle import Bundle
from kenpin.errors import ExportError, ExtraError, PictureError
from kenpin.exports import messages
from kenpin.files import make_folder, write_atomically
from kenpin.inspector import Inspector
from kenpin.pictures import read_picture
from kenpin.synth.likeness import drawn_like
from kenpin.types import Outcome, Picture, PictureSource, Reason, Verdict
from kenpin.version import VERSION

GRAPH, ABOUT, GOLDEN, EXAMPLE = "part.onnx", "part.json", "golden.npz", "example.py"
_TOLERANCE = 1e-4  # relative, of scores
_MOST_GIVEN = 20

Answer = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Exported:
    """folder: what was written into. pictures: how many the self-test compared.

    farthest: the largest relative difference of a score in it.
    """

    folder: Path
    pictures: int
    farthest: float


def export(
    bundle: Bundle,
    folder: str | Path,
    pictures: Sequence[PictureSource] = (),
    size: tuple[int, int] | None = None,
    colour: bool | None = None,
) -> Exported:
    """Write the whole decision as an ONNX graph, with pictures and their verdicts to check it by.

    pictures: for the check, of one size; left out, they are drawn from what the bundle knows of
    good parts. size: (H, W) of the pictures that the graph will be given; left out, that of the
    pictures, or of those learned from. colour: whether it is given RGB; left out, as the part is
    seen.

    Nothing is written where the graph and kenpin disagree about a picture: a verdict, or a score
    by more than a ten-thousandth. Raises ExportError then, and for a part that no graph can be made
    of; ExtraError without onnx; CalibrationError, PictureError and OutputError as elsewhere.
    """
    inspector = Inspector(bundle)
    given = [read_picture(one) for one in pictures[:_MOST_GIVEN]]
    size = size or (given[0].size if given else bundle.provenance.size)
    if colour is None:
        colour = bundle.preparation.color == "rgb"
    graph = _graph_of(bundle, size, 3 if colour else 1)
    shown = [_as_given(one, size, colour) for one in given] or drawn_like(
        bundle.previews, size, colour
    )
    golden, farthest = _golden(inspector, graph, shown)
    folder = Path(folder)
    make_folder(folder)
    write_atomically(folder / GRAPH, graph)
    write_atomically(folder / GOLDEN, _as_arrays(golden))
    about = json.dumps(_about(bundle, graph, size, colour), ensure_ascii=False, indent=2)
    write_atomically(folder / ABOUT, about.encode())
    example = files("kenpin").joinpath("assets", "example.py.txt").read_bytes()
    write_atomically(folder / EXAMPLE, example)
    return Exported(folder, len(shown), farthest)


def _graph_of(bundle: Bundle, size: tuple[int, int], channels: int) -> bytes:
    try:
        from kenpin.exports.decision import decide  # noqa: PLC0415 - needs onnx, an extra
        from kenpin.exports.filters import Filters  # noqa: PLC0415
        from kenpin.exports.graph import Graph  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ExtraError(messages.EXTRA_ONNX) from error
    if channels == 1 and bundle.preparation.color == "rgb":
        raise ExportError(messages.EXPORT_COLOUR)
    graph, several = Graph(), len(bundle.parts) > 1
    expected = "expected" if several else None
    found = decide(Filters(graph), bundle, "picture", size, channels, expected)
    inputs: dict[str, tuple[Any, Sequence[int]]] = {"picture": (np.uint8, (*size, channels))}
    outputs: dict[str, tuple[str, Any, Sequence[int]]] = {
        "verdict": (found.verdict, np.int64, ()),
        "score": (found.score, np.float64, ()),
        "limit": (found.limit, np.float64, ()),
        "p_value": (found.p_value, np.float64, ()),
        "unusable": (found.unusable, np.int64, ()),
    }
    shapes = bundle.preparation.shapes
    height, width, _ = shapes[0 if bundle.preparation.encoder else -1]
    outputs["difference"] = (
        found.difference,
        np.float32,
        (bundle.preparation.count, height, width),
    )
    if several:
        inputs["expected"] = (np.int64, ())
        outputs["label"] = (found.label, np.int64, ())
    return graph.finished(inputs, outputs, {"kenpin": VERSION})


# --- pictures to check it by -------------------------------------------------------------------


def _as_given(picture: Picture, size: tuple[int, int], colour: bool) -> NDArray[np.uint8]:
    """(H, W, C) as the graph takes it."""
    if picture.size != size:
        raise PictureError(
            messages.EXPORT_OTHER_SIZE.format(
                path=picture.name, width=picture.size[1], height=picture.size[0],
                wanted=f"{size[1]}x{size[0]}",
            )
        )  # fmt: skip
    if picture.pixels.dtype != np.uint8:
        raise PictureError(messages.EXPORT_DEPTH.format(path=picture.name))
    pixels = np.asarray(picture.pixels)
    if colour and pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if not colour and pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(pixels.reshape(*size, -1), np.uint8)


def _golden(
    inspector: Inspector, graph: bytes, pictures: list[NDArray[np.uint8]]
) -> tuple[list[tuple[NDArray[np.uint8], int, Answer]], float]:
    """Each picture, the label it was expected to have, and the graph's answer; and the worst."""
    from kenpin.exports.decision import OUTCOMES  # noqa: PLC0415 - see _graph_of

    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    labels = inspector.bundle.labels
    golden, farthest = [], 0.0
    for number, picture in enumerate(pictures):
        for expected in range(-1, len(labels)):
            told = {"expected": np.array(expected, np.int64)} if labels else {}
            answer = dict(zip(names, session.run(None, {"picture": picture} | told), strict=True))
            verdict = inspector.inspect(picture, labels[expected] if expected >= 0 else None)
            # A machine's score may be about 0: then its limit says what is much.
            much = max(abs(verdict.score), abs(verdict.limit), 1e-9)
            apart = abs(float(answer["score"]) - verdict.score) / much
            same = OUTCOMES[int(answer["verdict"])] is verdict.outcome and _same(answer, verdict)
            if not same or not apart <= _TOLERANCE:
                raise ExportError(
                    messages.EXPORT_DISAGREES.format(
                        number=number + 1, theirs=OUTCOMES[int(answer["verdict"])],
                        score=float(answer["score"]), ours=verdict.outcome, own=verdict.score,
                    )
                )  # fmt: skip
            golden.append((picture, expected, answer))
            farthest = max(farthest, apart)
    return golden, farthest


def _same(answer: Answer, verdict: Verdict) -> bool:
    """Whether what is not the score agrees too."""
    reason = int(answer["unusable"])
    if (list(Reason)[reason - 1] if reason else None) is not verdict.reason:
        return False
    if verdict.evidence is None or verdict.outcome is Outcome.UNUSABLE:
        return True
    differences = verdict.evidence.difference
    most = max(float(np.abs(differences).max()), 1e-9)
    return bool(np.abs(answer["difference"] - differences).max() <= 10 * _TOLERANCE * most)


def _as_arrays(golden: list[tuple[NDArray[np.uint8], int, Answer]]) -> bytes:
    arrays = {"picture": np.stack([picture for picture, _, _ in golden])}
    arrays["expected"] = np.array([expected for _, expected, _ in golden], np.int64)
    for name in golden[0][2]:
        arrays[name] = np.stack([answer[name] for _, _, answer in golden])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


# --- what it is --------------------------------------------------------------------------------


def _about(bundle: Bundle, graph: bytes, size: tuple[int, int], colour: bool) -> dict[str, Any]:
    """For programs: the meaning of the numbers that go in and come out."""
    from kenpin.exports.decision import OUTCOMES  # noqa: PLC0415 - see _graph_of

    calibrations = [part.calibration for part in bundle.parts if part.calibration is not None]
    return {
        "kenpin": VERSION,
        "graph": {"file": GRAPH, "sha256": hashlib.sha256(graph).hexdigest()},
        "model": bundle.recipe.model,
        "picture": {
            "height": size[0],
            "width": size[1],
            "channels": ["red", "green", "blue"] if colour else ["grey"],
            "dtype": "uint8",
        },
        "verdicts": [outcome.value for outcome in OUTCOMES],
        "unusable": ["usable", *(reason.value for reason in Reason)],
        "labels": list(bundle.labels),
        "windows": [name or "" for name in bundle.preparation.names],
        "levels": [calibration.level for calibration in calibrations],
        "promised_false_reject": [c.promised_false_reject for c in calibrations],
        "tolerance": _TOLERANCE,
    }
