"""What people see of a harness: its lines and their names in the picture, and its strips below."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.prepare import resize
from kenpin.types import Floats

Image = NDArray[np.uint8]

_LINE, _PAPER, _LETTERS = (20, 110, 230), (255, 255, 255), 0.5
_ALONG = 4  # pixels of a picture between two points that are drawn


def draw_lines(
    panel: Image, lines: Mapping[str, NDArray[np.float64]], right: float, down: float
) -> None:
    """Each line, (n, 2) x, y in the picture, and its name at its tip, on a panel (h, w, 3) where a
    pixel of the picture is `right` and `down` wide and high.
    """
    for name, line in lines.items():
        points = np.round((line[::_ALONG] + 0.5) * (right, down)).astype(np.int32)
        cv2.polylines(panel, [points], False, _LINE, 1, cv2.LINE_AA)
        tip = points[0] if name == "trunk" else points[-1]
        x = int(np.clip(tip[0] + 5, 2, panel.shape[1] - 12 * len(name)))
        y = int(np.clip(tip[1] - 5, 14, panel.shape[0] - 4))
        for colour, thick in ((_PAPER, 4), (_LINE, 1)):
            place = cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, colour, thick, cv2.LINE_AA
            cv2.putText(panel, _drawable(name), (x, y), *place)


def strips_beside(sheet: Floats, heat: Image, width: int) -> Image:
    """(h, width, 3) uint8: the strips, (H, W, C) in [0, 1], beside their difference."""
    each = (width - 6) // 2
    height = max(1, round(each * sheet.shape[0] / sheet.shape[1]))
    colour = np.broadcast_to(sheet, (*sheet.shape[:2], 3))
    shown = np.clip(colour * 255 + 0.5, 0, 255).astype(np.uint8)
    laid = [np.asarray(resize(one, (height, each)), np.uint8) for one in (shown, heat)]
    beside = np.full((height, width, 3), 255, np.uint8)
    beside[:, :each], beside[:, -each:] = laid
    return beside


def _drawable(name: str) -> str:
    """OpenCV draws ASCII only."""
    return name.encode("ascii", "replace").decode()
