"""Drawn wire harnesses on a board: each good one bent anew, with defects whose place is known.

The same seed always draws the same picture; with a kind of defect the same piece, lying alike as
far as it can, has that defect. That is also how the mask is found.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.drawn.harness_connectors import draw_connector
from kenpin.drawn.harness_defects import HARNESS_DEFECTS, Blemish, with_defect
from kenpin.drawn.harness_design import WIRE, Branch, Design, as_made, designed
from kenpin.drawn.harness_lying import TRUNK, Bends, Curve, bent, lie, piece_of, point_at
from kenpin.drawn.harness_paint import (
    BOARDS,
    COLOURS,
    Brush,
    Canvas,
    board_of,
    draw_clip,
    draw_tape,
    draw_wires,
)

_OVERSAMPLING = 2
_MASK_CONTRAST = 0.03  # grey levels (of 1) by which a defect must change the clean drawing
_WIDTH = 420.0  # millimetres that a picture shows from left to right


@dataclass(frozen=True)
class HarnessDrawing:
    """A drawn piece.

    pixels: (H, W, 3) uint8. mask: (H, W) bool, True where the defect shows, all False on a good
    piece. lines: the middle line of "trunk" and of each branch by its name, (n, 2) x, y in pixels,
    as they lie in the picture. lengths: of the same, in millimetres. scale: pixels for each.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    kind: str
    lines: Mapping[str, NDArray[np.float64]]
    lengths: Mapping[str, float]
    scale: float


def draw_harness(
    seed: int,
    kind: str = "good",
    size: tuple[int, int] = (960, 1280),
    *,
    design: int = 0,
    branches: int = 4,
    board: str = "plain",
    amount: float = 0.05,
) -> HarnessDrawing:
    """Draw one harness.

    seed: the piece, how it lies, and its exposure. kind: "good" or one of `HARNESS_DEFECTS`. size:
    (H, W). design, branches: which harness, with 1 to 6 branches; 1 is a cable. board: "plain",
    "green" or "wood". amount: of the branch's length, by which "too_short" and "too_long" are.

    Raises ValueError for an unknown kind or board, or a harness that does not fit into the size.
    """
    if kind != "good" and kind not in HARNESS_DEFECTS:
        raise ValueError(f"kind must be 'good' or one of {HARNESS_DEFECTS}. Got {kind!r} instead.")
    if board not in BOARDS or not 1 <= branches <= 6:
        raise ValueError(f"board must be one of {tuple(BOARDS)}, branches 1 to 6.")
    rng = np.random.default_rng([seed, design, branches, 11])
    piece = as_made(designed(design, branches), rng)
    scale = size[1] / _WIDTH
    outer = size[0] / scale, _WIDTH
    bends = bent(piece, rng, outer)
    light = _Light.by_chance(rng)
    ground = int(rng.integers(2**31))
    clean = _picture(piece, bends, (), size, ground, board, light)
    shown, mask = clean, np.zeros(size, bool)
    if kind != "good":
        chance = np.random.default_rng([seed, 1 + HARNESS_DEFECTS.index(kind)])
        piece, bends, blemishes = with_defect(piece, bends, kind, chance, amount)
        shown = _picture(piece, bends, blemishes, size, ground, board, light)
        mask = np.abs(shown - clean).max(axis=2) > _MASK_CONTRAST
    noisy = shown + np.random.default_rng([seed, 3]).normal(0, 0.012, shown.shape)
    curves = lie(piece, bends)
    lengths = {TRUNK: piece.length} | {one.name: one.length for one in piece.branches if one.there}
    return HarnessDrawing(
        np.clip(noisy * 255 + 0.5, 0, 255).astype(np.uint8), mask, kind,
        {name: curve * scale - 0.5 for name, curve in curves.items()}, lengths, scale,
    )  # fmt: skip


@dataclass(frozen=True)
class _Light:
    """gain: of all; gradient: change over width and height."""

    gain: float
    gradient: tuple[float, float]

    @classmethod
    def by_chance(cls, rng: np.random.Generator) -> "_Light":
        return cls(1 + rng.normal(0, 0.02), (rng.normal(0, 0.02), rng.normal(0, 0.02)))

    def on(self, shown: Canvas) -> Canvas:
        down = np.linspace(-0.5, 0.5, shown.shape[0])[:, None, None]
        across = np.linspace(-0.5, 0.5, shown.shape[1])[None, :, None]
        slope = self.gradient[0] * across + self.gradient[1] * down
        return np.asarray(shown * self.gain * (1 + slope), np.float32)


def _picture(
    piece: Design, bends: Bends, blemishes: tuple[Blemish, ...], size: tuple[int, int],
    ground: int, board: str, light: _Light,
) -> Canvas:  # fmt: skip
    """(H, W, 3) float32 in about [0, 1], without noise."""
    large = size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING
    scale = large[1] / _WIDTH
    brush = Brush(large, scale)
    curves = lie(piece, bends)
    for one in piece.branches:
        if one.there:
            _draw_branch(brush, curves[one.name], one)
    _draw_trunk(brush, piece, curves[TRUNK])
    for blemish in blemishes:
        blemish.draw(brush, curves)
    shown = brush.on(board_of(np.random.default_rng(ground), size, board))
    return light.on(np.asarray(cv2.GaussianBlur(shown, (0, 0), 0.6), np.float32))


def _draw_branch(brush: Brush, curve: Curve, one: Branch) -> None:
    draw_wires(brush, curve, one.wires, 1.55, len(one.name))
    for tape in one.tapes:
        draw_tape(brush, curve, tape, one.width)
    end, heading = point_at(curve, one.length)
    if one.connector is not None:
        draw_connector(brush, one.connector, (end, heading, one.turned), len(one.wires))
    else:
        brush.tube(piece_of(curve, one.length - 3, one.length), WIRE * 0.6, COLOURS["copper"])


def _draw_trunk(brush: Brush, piece: Design, curve: Curve) -> None:
    begin, most = 0.0, max(2, round(piece.width / WIRE))
    for end, wires in _sections(piece):
        draw_wires(brush, piece_of(curve, begin, end), wires[-most:], 1.0, 0.5)
        begin = end
    for tape in piece.tapes:
        draw_tape(brush, curve, tape, piece.width)
    for clip in piece.clips:
        draw_clip(brush, curve, clip, piece.width)
    start, heading = point_at(curve, 0)
    draw_connector(brush, piece.plug, (start, heading + 180, False), min(6, most))


def _sections(piece: Design) -> list[tuple[float, tuple[str, ...]]]:
    """Up to where of the trunk which wires lie in it, those of its own end last."""
    places = sorted({one.at for one in piece.branches if one.at is not None})
    ends = [*places, piece.length]
    held = [
        tuple(colour for one in piece.branches
              if one.carried and (one.at is None or one.at >= end - 1e-9) for colour in one.wires)
        for end in ends
    ]  # fmt: skip
    return [(end, wires) for end, wires in zip(ends, held, strict=True) if wires]
