"""How well a harness is told from its board, and on which board it would be told best."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.harness.board import Ground
from kenpin.harness.follow import Tree
from kenpin.types import Floats

FAINT = 1.5  # times the limit: a line that is less apart from the board may be lost
_ACROSS = 5  # pixels: one wire of a bundle is enough to follow it
_LOW, _TIP = 0.1, 0.15  # the lower part of a line counts, without its ends
_SAMPLED = 300  # pixels of a harness
_BOARDS = {  # Lab
    "white": (95, 0, 0), "grey": (60, 0, 0), "black": (15, 0, 0), "green": (75, -30, 15),
    "blue": (70, -10, -30), "pink": (75, 30, 0), "yellow": (88, -5, 55),
}  # fmt: skip
_LIGHT = 0.4  # what a difference of light counts beside one of colour: shadows are such


def contrast_of_ends(tree: Tree, ground: Ground) -> dict[int, float]:
    """Of the line that leads to each end: how far from the board, 1 at the limit."""
    found = {}
    across = cv2.dilate(ground.contrast, np.ones((_ACROSS, _ACROSS), np.uint8))
    for end in tree.ends:
        line = tree.line_to(end)
        inner = line[int(_TIP * len(line)) : max(int((1 - _TIP) * len(line)), 1)]
        columns, rows = np.round(inner).astype(int).T
        found[end] = float(np.quantile(across[rows, columns], _LOW))
    return found


def colours_of(tree: Tree, lab: Floats) -> NDArray[np.float32]:
    """(n, 3) Lab of some pixels of the harness. lab: (h, w, 3)."""
    rows, columns = np.nonzero(tree.mask)
    some = np.linspace(0, len(rows) - 1, min(_SAMPLED, len(rows))).astype(int)
    return np.asarray(lab[rows[some], columns[some]], np.float32)


def best_board(colours: Sequence[NDArray[np.float32]]) -> str:
    """The board from which the nearest of these colours, (n, 3) Lab each, is farthest."""
    every = np.concatenate(list(colours))

    def nearest(board: tuple[int, int, int]) -> float:
        apart = (every - np.array(board)) * (_LIGHT, 1, 1)
        return float(np.quantile(np.linalg.norm(apart, axis=1), 0.03))

    return max(_BOARDS, key=lambda name: nearest(_BOARDS[name]))
