"""A contact sheet: many small pictures on one page, each with its number and a few words."""

from collections.abc import Sequence

import cv2
import numpy as np

from kenpin.errors import PictureError
from kenpin.prepare import Depth, learn_depth
from kenpin.report.pictures import Image, as_rgb, write_on
from kenpin.sources import PictureSource, read_picture

_COLUMNS, _CELL, _GAP, _TEXT = 4, 220, 12, 24
_PAPER, _INK, _MARK = 255, (40, 40, 40), (255, 60, 60)


def contact_sheet(pictures: Sequence[tuple[PictureSource, str]], depth: Depth) -> Image:
    """(H, W, 3) uint8 RGB of pictures with the words below each.

    depth: of the pictures. One that cannot be read leaves its place empty.
    """
    rows = max(1, -(-len(pictures) // _COLUMNS))
    high, wide = _CELL + _TEXT + _GAP, _CELL + _GAP
    sheet = np.full((rows * high + _GAP, _COLUMNS * wide + _GAP, 3), _PAPER, np.uint8)
    for number, (source, words) in enumerate(pictures):
        top, left = _GAP + number // _COLUMNS * high, _GAP + number % _COLUMNS * wide
        _place(sheet[top : top + _CELL, left : left + _CELL], source, depth)
        sheet = write_on(sheet, words, (left, top + _CELL + 4), _INK, 13)
    return sheet


def _place(cell: Image, source: PictureSource, depth: Depth) -> None:
    try:
        pixels = read_picture(source).pixels
    except PictureError:
        cell[:] = 235
        return
    scale = _CELL / max(pixels.shape[:2])
    size = max(1, round(pixels.shape[0] * scale)), max(1, round(pixels.shape[1] * scale))
    top, left = (_CELL - size[0]) // 2, (_CELL - size[1]) // 2
    cell[top : top + size[0], left : left + size[1]] = as_rgb(pixels, size, depth.white(pixels))


def with_windows(source: PictureSource, windows: dict[str, tuple[int, int, int, int]]) -> Image:
    """(H, W, 3) uint8 RGB: the picture with each window and its name."""
    picture = read_picture(source)
    depth = learn_depth([int(picture.pixels.max())])  # only to be looked at
    drawn = as_rgb(picture.pixels, picture.size, depth.white(picture.pixels))
    thick = max(1, round(max(picture.size) / 500))
    for name, (x, y, width, height) in windows.items():
        end = (x + width - 1, y + height - 1)
        cv2.rectangle(drawn, (x, y), end, _MARK, thick)
        drawn = write_on(drawn, name, (x + 3 * thick, y + 2 * thick), _MARK, 14 * thick)
    return drawn
