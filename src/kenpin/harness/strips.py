"""A line of a harness laid straight: a strip of constant scale, with what belongs to it alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.harness.board import Ground, Mask
from kenpin.harness.line import Line
from kenpin.types import Floats, Pixels

NOTHING = 0.5  # grey, where there is no harness
GREY = 255 * NOTHING  # the same in levels
_BOARD = 0.7  # grey, that all boards are brought to
_STANDS_OUT, _BLUR = 1.3, 2.0  # times its usual half thickness, and pixels: so far a line reaches
_LEAST_PIECE = 24  # pixels
_SIDEWAYS = 12.0  # pixels to either side by which a direction is taken


@dataclass(frozen=True, eq=False)
class Strip:
    """pixels: (h, w, 3) float32 in [0, 1], in the light of an even board. where: (h, w, 2) float32,
    x, y in the picture of each of its pixels.
    """

    pixels: Floats
    where: Floats


def owned(mask: Mask, half: Floats, lines: Sequence[Line]) -> tuple[NDArray[np.int32], Floats]:
    """(h, w) the number of the line that each place belongs to, from 1 on, where something lies,
    else 0; and how many pixels away the nearest is. half: (h, w), half the thickness on the lines.

    What lies within a line's usual thickness belongs to the nearest. What stands out of one, as the
    foot of a clip does, belongs to the line that it is joined to most, though it may lie nearer to
    another.
    """
    drawn = np.zeros(mask.shape, np.int32)
    for number, line in enumerate(lines, start=1):
        columns, rows = np.round(line).astype(int).T
        drawn[rows.clip(0, mask.shape[0] - 1), columns.clip(0, mask.shape[1] - 1)] = number
    away, tags = cv2.distanceTransformWithLabels(
        np.uint8(drawn == 0), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_tag = np.zeros(int(tags.max()) + 1, np.int32)
    of_tag[tags[drawn > 0]] = drawn[drawn > 0]
    numbers = np.where(mask, of_tag[tags], 0).astype(np.int32)
    reach = [0.0, *(_usual_half(half, line) * _STANDS_OUT + _BLUR for line in lines)]
    _join(numbers, away > np.array(reach)[numbers])
    return numbers, np.asarray(away, np.float32)


def _usual_half(half: Floats, line: Line) -> float:
    columns, rows = np.round(line).astype(int).T
    rows, columns = rows.clip(0, half.shape[0] - 1), columns.clip(0, half.shape[1] - 1)
    return float(np.median(half[rows, columns]))


def _join(numbers: NDArray[np.int32], outside: Mask) -> None:
    """Give each piece outside of the lines to the one whose inside it is joined to most."""
    inside = np.where(outside, 0, numbers)
    _, pieces, boxes, _ = cv2.connectedComponentsWithStats(np.uint8(outside & (numbers > 0)))
    for piece, (x, y, width, height, area) in enumerate(boxes):
        if piece == 0 or area < _LEAST_PIECE:
            continue
        box = np.s_[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1]
        those = pieces[box] == piece
        beside = cv2.dilate(np.uint8(those), np.ones((3, 3), np.uint8)) > 0
        others = inside[box][beside & ~those]
        if others.any():
            numbers[box][those] = np.bincount(others[others > 0]).argmax()


def strip_of(
    pixels: Pixels, ground: Ground, own: Mask, line: Line, size: tuple[int, int], scale: float
) -> Strip:
    """Along a line, from its first point on, of `size` (h, w), `scale` pixels of the picture each.

    pixels: (H, W, 3) uint8 as `ground` was found in. own: (H, W), what belongs to the line.
    """
    where = _places(line, size, scale)
    x, y = where[..., 0], where[..., 1]
    shown = cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light = cv2.remap(ground.light, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    even = shown.astype(np.float32) / 255 * (_BOARD / light)[..., None]
    share = cv2.remap(np.float32(own), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    mixed = NOTHING + (even - NOTHING) * share[..., None]
    return Strip(np.clip(mixed, 0, 1).astype(np.float32), where)


def _places(line: Line, size: tuple[int, int], scale: float) -> Floats:
    """(h, w, 2) x, y of each pixel of a strip; beyond the line's end it goes straight on."""
    height, width = size
    reach = (np.arange(width) + 0.5) * scale
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    middle = np.column_stack([np.interp(reach, steps, line[:, k]) for k in (0, 1)])
    before = np.column_stack([np.interp(reach - _SIDEWAYS, steps, line[:, k]) for k in (0, 1)])
    after = np.column_stack([np.interp(reach + _SIDEWAYS, steps, line[:, k]) for k in (0, 1)])
    ahead = after - before
    long = np.linalg.norm(ahead, axis=1, keepdims=True)
    last = int((long > 1e-6).nonzero()[0][-1]) if (long > 1e-6).any() else 0
    ahead = np.where(
        long > 1e-6, ahead / np.maximum(long, 1e-6), ahead[last] / max(long[last, 0], 1e-6)
    )
    past = np.maximum(reach - steps[-1], 0)[:, None]
    middle = middle + past * ahead
    right = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    off = ((np.arange(height) + 0.5 - height / 2) * scale)[:, None, None]
    return np.asarray(middle[None] + off * right[None], np.float32)
