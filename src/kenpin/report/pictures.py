"""Original, reconstruction and difference side by side, for a person to look at."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from kenpin.judge import spread_over
from kenpin.prepare import in_picture, resize
from kenpin.report.fonts import can_draw, letters, say_drawn
from kenpin.report.harness_panels import draw_lines, strips_beside
from kenpin.types import Evidence, Floats, Outcome, Picture, Region, Verdict

Image = NDArray[np.uint8]

SCALE_IN_LIMITS = 2.0
"""The difference picture's colours run from 0 to this many limits: the limit is their middle."""
SQUARED_FULL_SCALE = 0.05
"""The squared-difference picture's colours run from 0 to this, in grey levels of 1, squared."""

_SMALLEST, _LARGEST = 240, 640  # pixels of a panel's longer side
_LEAST_WIDTH = 176  # pixels, so that a title fits
_HEADER, _LETTER = 26, 13
_GAP = 6
_BAR, _BAR_TEXT = 12, 84
_AROUND = 1.0  # of a region's longer side is shown around it, on each side
_LEAST_CUT = 1 / 8  # of the picture's longer side, of a cut-out
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
    name: str = "",
) -> Image:
    """(H', W', 3) uint8 RGB: original | reconstruction | difference, outlined above the limit.

    The difference is drawn on the scale 0 to twice the limit, which is the same for every picture
    of a part. `verdict` must still have its evidence. largest: pixels of a panel's longer side.
    mask: (H, W), True on the known defect, which is then outlined on the original in blue. name:
    written above with the verdict, where one is given.
    """
    evidence = _evidence(verdict)
    size = _panel_size(verdict.size, largest)
    original, heat = _drawn(picture, verdict, size, mask)
    panels = [_titled(original, _told_of(verdict), verdict.outcome)]
    if evidence.reconstruction is not None:
        panels.append(_titled(_rebuilt(evidence, verdict, size), _reconstruction_title(evidence)))
    told = say_drawn("panel_difference", score=verdict.score, limit=verdict.limit)
    panels += [_titled(heat, told), _colour_bar(size[0], verdict.level)]
    beside = _with_strips(_beside(panels), verdict)
    if not name:
        return beside
    header = np.full((_HEADER, beside.shape[1], 3), _PAPER, np.uint8)
    return np.concatenate([_written(header, [(f"{verdict.outcome}  {name}", _INK)]), beside])


def panels(picture: Picture, verdict: Verdict, largest: int = _LARGEST) -> dict[str, Image]:
    """(H', W', 3) uint8 RGB each, all of one size: "original", "difference", and "reconstruction"
    where the model has one. See `triple`.
    """
    evidence = _evidence(verdict)
    size = _panel_size(verdict.size, largest)
    original, heat = _drawn(picture, verdict, size, None)
    found = {"original": original, "difference": heat}
    if evidence.reconstruction is not None:
        found["reconstruction"] = _rebuilt(evidence, verdict, size)
    return found


def close_up(
    picture: Picture, verdict: Verdict, height: int, mask: NDArray[np.bool_] | None = None
) -> Image:
    """(height + header, W', 3) uint8 RGB: the worst place and its surroundings, enlarged.

    The middle of the picture where the verdict points at no place.
    """
    y, x, side = _surroundings(verdict)
    scale = height / side
    whole = (round(verdict.size[0] * scale), round(verdict.size[1] * scale))
    cut = (
        slice(round(y * scale), round((y + side) * scale)),
        slice(round(x * scale), round((x + side) * scale)),
    )
    panels = [_titled(one[cut].copy(), "") for one in _drawn(picture, verdict, whole, mask)]
    return _beside(panels)


def outlined(picture: Picture, regions: Sequence[Region], largest: int) -> Image:
    """(H', W', 3) uint8 RGB: the picture with the regions that were found in it.

    largest: pixels of its longer side.
    """
    height, width = picture.size
    size = _panel_size((height, width), largest)
    panel = as_rgb(picture.pixels, size, _white(picture))
    for region in regions:
        _outline_region(panel, region, size[1] / width, size[0] / height)
    return panel


def as_grey(picture: Picture) -> Image:
    """(h, w) uint8: the picture in grey, its longer side at most `_LARGEST`."""
    size = _panel_size(picture.size, _LARGEST)
    return np.ascontiguousarray(
        as_rgb(picture.pixels, size, _white(picture)).mean(axis=2), np.uint8
    )


def _white(picture: Picture) -> int:
    """The value for white: of 16-bit pictures that of the bits that are used."""
    if picture.pixels.dtype == np.uint8:
        return 255
    return int((1 << int(picture.pixels.max()).bit_length()) - 1) or 1


def squared(verdict: Verdict, largest: int = _LARGEST) -> Image | None:
    """(H', W', 3) uint8 RGB: the squared difference, which a judge by MSE averages.

    None where the model does not judge by a reconstruction.
    """
    evidence = _evidence(verdict)
    if evidence.reconstruction is None or evidence.coarse:
        return None
    residual = np.square(evidence.prepared - evidence.reconstruction).mean(axis=3)
    size = _panel_size(verdict.size, largest)
    heat = _colours(_shares(_brought(residual, verdict, size), SQUARED_FULL_SCALE))
    return _titled(heat, say_drawn("panel_squared", mean=verdict.l2))


def as_grey_or_rgb(picture: Floats) -> Image:
    """(h, w, C) float in [0, 1] -> (h, w) or (h, w, 3) uint8; of two channels the first."""
    pixels = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    return pixels if pixels.shape[2] == 3 else np.ascontiguousarray(pixels[:, :, 0])


def as_rgb(pixels: NDArray[np.generic], size: tuple[int, int], white: int = 1) -> Image:
    """Any picture, grey or RGB, with this value for white -> RGB of this size."""
    values = pixels.astype(np.float32) / np.float32(white)
    resized = resize(values, size).reshape(*size, -1)
    grey = np.clip(resized * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.broadcast_to(grey, (*size, 3)).copy()


def write_on(
    panel: Image, text: str, where: tuple[int, int], colour: tuple[int, int, int], size: int
) -> Image:
    """The panel with the text, its upper left corner at (x, y), in letters `size` pixels high."""
    text = _drawable(text)
    drawn = PillowImage.fromarray(panel)
    ImageDraw.Draw(drawn).text(where, text, fill=colour, font=letters(size))
    return np.array(drawn)


def _drawable(text: str) -> str:
    """The text with ? for every letter that cannot be drawn."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if can_draw(text) else text.encode("ascii", "replace").decode()


# --- panels ------------------------------------------------------------------------------------


def _drawn(
    picture: Picture, verdict: Verdict, size: tuple[int, int], mask: NDArray[np.bool_] | None
) -> tuple[Image, Image]:
    """The original and the difference, with what is above the limit outlined."""
    difference = _brought(_evidence(verdict).places, verdict, size)
    heat = _colours(_shares(difference, SCALE_IN_LIMITS * verdict.level))
    original = as_rgb(picture.pixels, size, _evidence(verdict).white)
    if mask is not None:
        _outline_places(original, resize(mask.astype(np.float32), size) > 0, _KNOWN)
    _outline_places(heat, difference > verdict.level, _OUTLINE)
    down, right = size[0] / verdict.size[0], size[1] / verdict.size[1]
    draw_lines(original, _evidence(verdict).lines, right, down)
    for region in verdict.regions:
        _outline_region(original, region, right, down)
    return original, heat


def _with_strips(beside: Image, verdict: Verdict) -> Image:
    """With the strips of a harness and their difference below."""
    evidence = _evidence(verdict)
    if not evidence.lines:
        return beside
    places = spread_over(
        evidence.places[0], (evidence.prepared.shape[1], evidence.prepared.shape[2])
    )
    heat = _colours(_shares(places, SCALE_IN_LIMITS * verdict.level))
    strips = strips_beside(evidence.prepared[0], heat, beside.shape[1])
    gap = np.full((_GAP, beside.shape[1], 3), _PAPER, np.uint8)
    return np.concatenate([beside, gap, strips])


def _surroundings(verdict: Verdict) -> tuple[float, float, float]:
    """(y, x, side) of the square in the picture that shows the worst place."""
    height, width = verdict.size
    if not verdict.regions:
        side = max(height, width) / 2
        return (height - side) / 2, (width - side) / 2, side
    worst = verdict.regions[0]
    longest = max(worst.width, worst.height)
    side = max(longest * (1 + 2 * _AROUND), max(height, width) * _LEAST_CUT)
    side = min(side, height, width)
    y = min(max(0, worst.y + worst.height / 2 - side / 2), height - side)
    x = min(max(0, worst.x + worst.width / 2 - side / 2), width - side)
    return y, x, side


def _told_of(verdict: Verdict) -> str:
    if verdict.reason is not None:
        return say_drawn(f"reason_{verdict.reason.code}")
    if verdict.label is None:
        return say_drawn("panel_original")
    if verdict.expected:
        return say_drawn("panel_told", expected=verdict.expected, label=verdict.label)
    return say_drawn("panel_looks_like", label=verdict.label)


def _reconstruction_title(evidence: Evidence) -> str:
    if evidence.for_people:
        return say_drawn("panel_for_people")
    compressed = evidence.prepared.shape[3] == 2
    return say_drawn("panel_compressed" if compressed else "panel_reconstruction")


def _evidence(verdict: Verdict) -> Evidence:
    if verdict.evidence is None:
        raise ValueError("the verdict has let go of its evidence: inspect the picture again")
    return verdict.evidence


def _panel_size(size: tuple[int, int], largest: int) -> tuple[int, int]:
    longest = max(size)
    scale = min(max(longest, min(_SMALLEST, largest)), largest) / longest
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _brought(maps: Floats, verdict: Verdict, size: tuple[int, int]) -> Floats:
    """What is known of the windows in the picture's own coordinates; 0 where nothing is."""
    return in_picture(maps, _evidence(verdict).to_picture, verdict.size, size)[0]


def _rebuilt(evidence: Evidence, verdict: Verdict, size: tuple[int, int]) -> Image:
    if evidence.reconstruction is None:
        raise ValueError("the model does not reconstruct")
    shown = np.clip(evidence.reconstruction, 0, 1)
    if shown.shape[3] == 2:  # compressed: the sensitivity is readable
        shown = shown[..., :1]
    brought, known = in_picture(shown, evidence.to_picture, verdict.size, size)
    return as_rgb(np.where(known[..., None], brought, np.float32(1)), size)


def _shares(values: Floats, full: float) -> Floats:
    # A limit of 0 is possible: good pictures that never differ at all.
    return np.asarray(np.clip(values / np.float32(max(full, 1e-9)), 0, 1), np.float32)


def _colours(shares: Floats) -> Image:
    levels = (shares * 255 + 0.5).astype(np.uint8)
    heat = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(heat[:, :, ::-1])  # BGR to RGB


def _outline_region(panel: Image, region: Region, right: float, down: float) -> None:
    margin = 2
    start = (round(region.x * right) - margin, round(region.y * down) - margin)
    end = (
        round((region.x + region.width) * right) + margin,
        round((region.y + region.height) * down) + margin,
    )
    cv2.rectangle(panel, start, end, _OUTLINE, 2 if max(panel.shape[:2]) > 300 else 1)


def _outline_places(panel: Image, places: NDArray[np.bool_], colour: tuple[int, int, int]) -> None:
    contours, _ = cv2.findContours(
        places.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    cv2.drawContours(panel, contours, -1, colour, 1)


def _titled(panel: Image, title: str, outcome: Outcome | None = None) -> Image:
    room = max(0, _LEAST_WIDTH - panel.shape[1])
    panel = np.pad(panel, ((0, 0), (0, room), (0, 0)), constant_values=_PAPER)
    header = np.full((_HEADER, panel.shape[1], 3), _PAPER, np.uint8)
    words = [(outcome.value, _COLOURS[outcome])] if outcome else []
    return np.concatenate([_written(header, [*words, (title, _INK)]), panel])


def _written(header: Image, words: Sequence[tuple[str, tuple[int, int, int]]]) -> Image:
    """Words beside one another, each in its colour."""
    x = 2
    for text, colour in words:
        header = write_on(header, text, (x, 5), colour, _LETTER)
        x += round(letters(_LETTER).getlength(_drawable(text))) + 8
    return header


def _colour_bar(height: int, level: float) -> Image:
    """From 0 to twice the limit, which has a tick of its own in the middle."""
    shares = np.linspace(1, 0, height, dtype=np.float32)[:, None].repeat(_BAR, axis=1)
    bar = np.full((_HEADER + height, _BAR + _BAR_TEXT, 3), _PAPER, np.uint8)
    bar[_HEADER:, :_BAR] = _colours(shares)
    full = SCALE_IN_LIMITS * level
    middle = _HEADER + round((1 - 1 / SCALE_IN_LIMITS) * (height - 1))
    bar[middle - 1 : middle + 2, : _BAR + 4] = _OUTLINE
    for share, text in (
        (0.0, "0"),
        (1 / SCALE_IN_LIMITS, say_drawn("panel_limit", limit=level)),
        (1.0, f"{full:.3g}"),
    ):
        y = _HEADER + round((1 - share) * (height - 1)) - _LETTER // 2
        y = min(max(y, _HEADER), _HEADER + height - _LETTER - 3)
        bar = write_on(bar, text, (_BAR + 6, y), _INK, _LETTER - 1)
    return bar


def _beside(panels: list[Image]) -> Image:
    gap = np.full((panels[0].shape[0], _GAP, 3), _PAPER, np.uint8)
    return np.concatenate([part for panel in panels for part in (panel, gap)][:-1], axis=1)
