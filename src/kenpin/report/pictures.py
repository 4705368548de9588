"""Original, reconstruction and difference side by side, for a person to look at."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.prepare import in_picture, resize
from kenpin.types import Evidence, Floats, Outcome, Picture, Region, Verdict

Image = NDArray[np.uint8]

SCALE_IN_LIMITS = 2.0
"""The difference picture's colours run from 0 to this many limits: the limit is their middle."""
SQUARED_FULL_SCALE = 0.05
"""The squared-difference picture's colours run from 0 to this, in grey levels of 1, squared."""

_SMALLEST, _LARGEST = 240, 640  # pixels of a panel's longer side
_LEAST_WIDTH = 176  # pixels, so that a title fits
_HEADER = 26
_GAP = 6
_BAR = 12
_INK = (40, 40, 40)
_PAPER = 255
_COLOURS = {
    Outcome.OK: (30, 140, 70),
    Outcome.NG: (200, 30, 40),
    Outcome.REVIEW: (11, 110, 143),
    Outcome.WRONG_PART: (190, 100, 0),
    Outcome.UNUSABLE: (110, 60, 160),
}
_OUTLINE = (255, 60, 60)
_KNOWN = (60, 150, 255)


def triple(
    picture: Picture,
    verdict: Verdict,
    largest: int = _LARGEST,
    mask: NDArray[np.bool_] | None = None,
) -> Image:
    """(H', W', 3) uint8 RGB: original | reconstruction | difference, regions outlined.

    The difference is drawn on the scale 0 to twice the limit, which is the same for every picture
    of a part. `verdict` must still have its evidence. largest: pixels of a panel's longer side.
    mask: (H, W), True on the known defect, which is then outlined on the original in blue.
    """
    evidence = _evidence(verdict)
    size = _panel_size(verdict.size, largest)
    full = SCALE_IN_LIMITS * verdict.level
    heat = _colours(_shares(_brought(evidence.difference, verdict, size), full))
    original = as_rgb(picture.pixels, size)
    if mask is not None:
        _outline_mask(original, mask)
    panels = [
        _titled(_outlined(original, verdict), _labels_in_words(verdict), verdict.outcome),
        *(
            [_titled(_rebuilt(evidence, verdict, size), _reconstruction_title(evidence))]
            if evidence.reconstruction is not None
            else []
        ),
        _titled(
            _outlined(heat, verdict),
            f"difference {verdict.score:.3g}, limit {verdict.limit:.3g}",
        ),
        _colour_bar(size[0], SCALE_IN_LIMITS * verdict.level),
    ]
    return _beside(panels)


def squared(verdict: Verdict, largest: int = _LARGEST) -> Image | None:
    """(H', W', 3) uint8 RGB: the squared difference, which a judge by MSE averages.

    None where the model does not judge by a reconstruction.
    """
    evidence = _evidence(verdict)
    if evidence.reconstruction is None or evidence.sketched:
        return None
    residual = np.square(evidence.prepared - evidence.reconstruction).mean(axis=3)
    size = _panel_size(verdict.size, largest)
    heat = _colours(_shares(_brought(residual, verdict, size), SQUARED_FULL_SCALE))
    return _titled(heat, f"squared, mean {verdict.l2:.2g}")


def _labels_in_words(verdict: Verdict) -> str:
    if verdict.reason is not None:
        return verdict.reason.value
    if verdict.label is None:
        return "original"
    told = f"told {verdict.expected}, " if verdict.expected else ""
    return f"{told}looks like {verdict.label}"


def _reconstruction_title(evidence: Evidence) -> str:
    if evidence.sketched:
        return "what it remembers"
    compressed = evidence.prepared.shape[3] == 2
    return "compressed, rebuilt" if compressed else "reconstruction"


def as_grey_or_rgb(picture: Floats) -> Image:
    """(h, w, C) float in [0, 1] -> (h, w) or (h, w, 3) uint8; of two channels the first."""
    pixels = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    return pixels if pixels.shape[2] == 3 else np.ascontiguousarray(pixels[:, :, 0])


def _evidence(verdict: Verdict) -> Evidence:
    if verdict.evidence is None:
        raise ValueError("the verdict has let go of its evidence: inspect the picture again")
    return verdict.evidence


def _panel_size(size: tuple[int, int], largest: int) -> tuple[int, int]:
    longest = max(size)
    scale = min(max(longest, min(_SMALLEST, largest)), largest) / longest
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def as_rgb(pixels: NDArray[np.generic], size: tuple[int, int]) -> Image:
    """Any picture, 8 or 16 bits or float in [0, 1], grey or RGB -> RGB of this size."""
    values = pixels.astype(np.float32)
    if pixels.dtype.kind == "u":
        values /= np.iinfo(pixels.dtype).max  # type: ignore[type-var]
    resized = resize(values, size).reshape(*size, -1)
    grey = np.clip(resized * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.broadcast_to(grey, (*size, 3)).copy()


def _brought(maps: Floats, verdict: Verdict, size: tuple[int, int]) -> Floats:
    """What is known of the windows in the picture's own coordinates; 0 where nothing is."""
    return in_picture(maps, _evidence(verdict).places, verdict.size, size)[0]


def _rebuilt(evidence: Evidence, verdict: Verdict, size: tuple[int, int]) -> Image:
    if evidence.reconstruction is None:
        raise ValueError("the model does not reconstruct")
    shown = np.clip(evidence.reconstruction, 0, 1)
    if shown.shape[3] == 2:  # compressed: the sensitivity is readable
        shown = shown[..., :1]
    brought, known = in_picture(shown, evidence.places, verdict.size, size)
    return as_rgb(np.where(known[..., None], brought, np.float32(1)), size)


def _shares(values: Floats, full: float) -> Floats:
    # A limit of 0 is possible: good pictures that never differ at all.
    return np.asarray(np.clip(values / np.float32(max(full, 1e-9)), 0, 1), np.float32)


def _colours(shares: Floats) -> Image:
    levels = (shares * 255 + 0.5).astype(np.uint8)
    heat = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(heat[:, :, ::-1])  # BGR to RGB


def _outlined(panel: Image, verdict: Verdict) -> Image:
    down, right = panel.shape[0] / verdict.size[0], panel.shape[1] / verdict.size[1]
    for region in verdict.regions:
        _outline(panel, region, right, down)
    return panel


def _outline(panel: Image, region: Region, right: float, down: float) -> None:
    margin = 2
    start = (round(region.x * right) - margin, round(region.y * down) - margin)
    end = (
        round((region.x + region.width) * right) + margin,
        round((region.y + region.height) * down) + margin,
    )
    cv2.rectangle(panel, start, end, _OUTLINE, 2 if max(panel.shape[:2]) > 300 else 1)


def _outline_mask(panel: Image, mask: NDArray[np.bool_]) -> None:
    small = resize(mask.astype(np.float32), (panel.shape[0], panel.shape[1])) > 0
    contours, _ = cv2.findContours(
        small.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    cv2.drawContours(panel, contours, -1, _KNOWN, 1)


def _titled(panel: Image, title: str, outcome: Outcome | None = None) -> Image:
    room = max(0, _LEAST_WIDTH - panel.shape[1])
    panel = np.pad(panel, ((0, 0), (0, room), (0, 0)), constant_values=_PAPER)
    header = np.full((_HEADER, panel.shape[1], 3), _PAPER, np.uint8)
    where = (2, _HEADER - 9)
    if outcome:
        _write(header, outcome.value, where, _COLOURS[outcome], thickness=2)
        where = (8 + 12 * len(outcome.value), _HEADER - 9)
    _write(header, title, where, _INK)
    return np.concatenate([header, panel])


def _colour_bar(height: int, full: float) -> Image:
    shares = np.linspace(1, 0, height, dtype=np.float32)[:, None].repeat(_BAR, axis=1)
    bar = np.full((_HEADER + height, _BAR + 44, 3), _PAPER, np.uint8)
    bar[_HEADER:, :_BAR] = _colours(shares)
    for share in (0.0, 0.5, 1.0):
        y = _HEADER + round((1 - share) * (height - 1))
        text_y = min(max(y + 4, _HEADER + 9), _HEADER + height - 2)
        _write(bar, f"{share * full:.3g}", (_BAR + 4, text_y), _INK)
    return bar


def _write(
    panel: Image,
    text: str,
    where: tuple[int, int],
    colour: tuple[int, int, int],
    thickness: int = 1,
) -> None:
    cv2.putText(panel, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, thickness, cv2.LINE_AA)


def _beside(panels: list[Image]) -> Image:
    gap = np.full((panels[0].shape[0], _GAP, 3), _PAPER, np.uint8)
    return np.concatenate([part for panel in panels for part in (panel, gap)][:-1], axis=1)
