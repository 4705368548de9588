"""Drawn connectors: a housing with one or two rows of crimped terminals, seen from above.

No picture of a connector terminal is public, so kenpin draws its own, with defects whose place is
known. The same seed always draws the same picture; the same seed with another kind draws the same
*piece* with that defect on it, which is also how the mask is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float32]

_OVERSAMPLING = 2
_UNITS_PER_WIDTH = 100.0  # everything below is in hundredths of the picture's width
_MASK_CONTRAST = 0.02  # grey levels (of 1) by which a defect must change the clean drawing


@dataclass(frozen=True)
class Drawing:
    """A drawn piece.

    pixels: (H, W) uint8. mask: (H, W) bool, True where the defect shows, all False on a good piece.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    kind: str


@dataclass(frozen=True)
class _Terminal:
    """One crimped terminal; lengths in units, grey in [0, 1]."""

    place: float  # of its cavity
    x: float
    y: float
    grey: float
    wire_grey: float
    wire_sway: float
    present: bool = True
    bend: float = 0.0  # degrees, of the pin
    other_type: bool = False


@dataclass(frozen=True)
class _Scene:
    """All that varies between good pieces and between exposures."""

    terminals: tuple[_Terminal, ...]
    pitch: float
    housing_grey: float
    background_grey: float
    shift: tuple[float, float]
    turn: float  # degrees
    gain: float
    gradient: tuple[float, float]  # change of light over the width and the height
    height: float  # of the picture, in units


def draw_terminals(
    seed: int,
    kind: str = "good",
    size: tuple[int, int] = (192, 256),
    terminals: int = 6,
    rows: int = 1,
    shift: float = 0.4,
    turn: float = 0.4,
) -> Drawing:
    """Draw one connector.

    seed: the piece and its exposure. kind: "good" or one of `TERMINAL_DEFECTS`. size: (H, W).
    terminals: in each row. rows: 1 or 2 (the second is the mirror of the first).
    shift: standard deviation of the position, in hundredths of the width. turn: of the rotation,
    in degrees.

    Raises ValueError for an unknown kind, a size under 16 pixels or a number of rows but 1 or 2.
    """
    if kind != "good" and kind not in TERMINAL_DEFECTS:
        raise ValueError(f"kind must be 'good' or one of {TERMINAL_DEFECTS}. Got {kind!r} instead.")
    if min(size) < 16:
        raise ValueError(f"size must be at least 16 by 16. Got {size} instead.")
    if rows not in (1, 2):
        raise ValueError(f"rows must be 1 or 2. Got {rows} instead.")
    rng = np.random.default_rng([seed, 0])
    height = _UNITS_PER_WIDTH * size[0] / size[1]
    scenes = [_good_scene(rng, terminals, height / rows) for _ in range(rows)]
    exposure = replace(
        scenes[0],
        shift=(rng.normal(0, shift), rng.normal(0, shift)),
        turn=rng.normal(0, turn),
        height=height,
    )
    clean = _expose(_draw_rows(scenes, size), exposure, size)
    mask = np.zeros(size, bool)
    picture = clean
    if kind != "good":
        defect_rng = np.random.default_rng([seed, 1 + TERMINAL_DEFECTS.index(kind)])
        rows_with_defect = _draw_rows_with_defect(scenes, size, kind, defect_rng)
        picture = _expose(rows_with_defect, exposure, size)
        mask = np.abs(picture - clean) > _MASK_CONTRAST
    noisy = picture + rng.normal(0, 0.012, size)
    pixels = np.clip(noisy * 255 + 0.5, 0, 255).astype(np.uint8)
    return Drawing(pixels, mask, kind)


# --- the piece ---------------------------------------------------------------------------------


def _good_scene(rng: np.random.Generator, terminals: int, height: float) -> _Scene:
    pitch = 80.0 / terminals
    return _Scene(
        terminals=tuple(
            _Terminal(
                place=10 + pitch * (i + 0.5),
                x=10 + pitch * (i + 0.5) + rng.normal(0, 0.12),
                y=rng.normal(0, 0.2),
                grey=rng.normal(0.74, 0.02),
                wire_grey=rng.normal(0.80, 0.02),
                wire_sway=rng.normal(0, 0.5),
            )
            for i in range(terminals)
        ),
        pitch=pitch,
        housing_grey=rng.normal(0.30, 0.01),
        background_grey=rng.normal(0.55, 0.01),
        shift=(0.0, 0.0),
        turn=0.0,
        gain=rng.normal(1.0, 0.025),
        gradient=(rng.normal(0, 0.04), rng.normal(0, 0.04)),
        height=height,
    )


class _Pen:
    """Draws on a canvas in units, anti-aliased, with coordinates kept to 1/16 pixel."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.scale = canvas.shape[1] / _UNITS_PER_WIDTH

    def polygon(self, points: list[tuple[float, float]], grey: float) -> None:
        fixed = np.round(np.array(points) * self.scale * 16).astype(np.int32)
        cv2.fillPoly(self.canvas, [fixed], grey, cv2.LINE_8, 4)

    def box(self, x0: float, y0: float, x1: float, y1: float, grey: float) -> None:
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], grey)

    def disc(self, x: float, y: float, radius: float, grey: float) -> None:
        turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        self.polygon([(x + radius * np.cos(t), y + radius * np.sin(t)) for t in turns], grey)

    def line(self, points: NDArray[np.float64], width: float, grey: float) -> None:
        """A line through `points` (N, 2); never thinner than one pixel of the canvas."""
        fixed = np.round(points * self.scale * 16).astype(np.int32)
        thickness = max(1, round(width * self.scale))
        cv2.polylines(self.canvas, [fixed], False, grey, thickness, cv2.LINE_8, 4)


def _draw_rows(scenes: list[_Scene], size: tuple[int, int]) -> Canvas:
    """The oversampled drawing of all rows, lit evenly; a second row is drawn upside down."""
    height, width = (side * _OVERSAMPLING for side in size)
    row_height = height // len(scenes)
    rows = []
    for index, scene in enumerate(scenes):
        rest = height - row_height * (len(scenes) - 1)
        canvas = np.full((rest if index == 0 else row_height, width), scene.background_grey)
        row = _draw_row(canvas.astype(np.float32), scene)
        rows.append(row if index == 0 else row[::-1])
    return np.ascontiguousarray(np.concatenate(rows))


def _draw_row(canvas: Canvas, scene: _Scene) -> Canvas:
    pen = _Pen(canvas)
    stretch = scene.height / 75.0  # drawn for a row 75 units high

    def up(y: float) -> float:
        return y * stretch

    for terminal in scene.terminals:
        _draw_wire(pen, terminal, scene.pitch, up)
    _draw_housing(pen, scene, up)
    for terminal in scene.terminals:
        _draw_cavity(pen, terminal, scene, up)
        if terminal.present:
            _draw_terminal(pen, terminal, scene.pitch, up)
    return canvas


def _draw_wire(pen: _Pen, t: _Terminal, pitch: float, up: Callable[[float], float]) -> None:
    if not t.present:
        return
    y = np.linspace(-3, 30, 12)
    x = t.x + t.wire_sway * np.cos(np.linspace(0, np.pi / 2, 12))
    line = np.stack([x, [up(v) for v in y]], axis=1)
    for width, shade in ((0.44, -0.22), (0.34, -0.06), (0.14, 0.06)):
        pen.line(line, pitch * width, t.wire_grey + shade)


def _draw_housing(pen: _Pen, scene: _Scene, up: Callable[[float], float]) -> None:
    grey = scene.housing_grey
    pen.box(3.5, up(34), 8, up(50), grey - 0.06)  # the latches at both ends
    pen.box(92, up(34), 96.5, up(50), grey - 0.06)
    pen.box(6, up(21), 94, up(60), grey)
    pen.box(6, up(21), 94, up(22.2), grey + 0.14)  # the upper edge catches the light
    pen.box(6, up(58.6), 94, up(60), grey - 0.12)
    pen.box(7, up(51), 93, up(51.8), grey - 0.08)  # a moulded rib


def _draw_cavity(pen: _Pen, t: _Terminal, scene: _Scene, up: Callable[[float], float]) -> None:
    # The cavity belongs to the housing, so it stays where it is when the terminal does not.
    half, slot = scene.pitch * 0.33, scene.pitch * 0.12
    pen.box(t.place - half, up(25), t.place + half, up(49), 0.08)
    pen.box(t.place - half, up(25), t.place + half, up(26), 0.04)
    pen.box(t.place - slot, up(49), t.place + slot, up(60), 0.12)


def _draw_terminal(pen: _Pen, t: _Terminal, pitch: float, up: Callable[[float], float]) -> None:
    half = pitch * (0.18 if t.other_type else 0.25)
    top, bottom = 27 + t.y, 46 + t.y

    def bar(x0: float, y0: float, x1: float, y1: float, shade: float) -> None:
        pen.box(t.x + x0, up(y0), t.x + x1, up(y1), min(t.grey + shade, 1.0))

    # Crimp barrel: two wings folded over the strands, a dark seam between them.
    bar(-half, top, half, top + 6, -0.18)
    bar(-half * 0.9, top + 0.6, -half * 0.1, top + 5.4, 0.05)
    bar(half * 0.1, top + 0.6, half * 0.9, top + 5.4, 0.0)
    # Contact box: bright on the side of the lamp, dark on the other.
    bar(-half, top + 7.5, half, bottom, -0.10)
    bar(-half, top + 7.5, -half * 0.5, bottom, 0.12)
    bar(half * 0.6, top + 7.5, half, bottom, -0.28)
    if t.other_type:
        pen.disc(t.x, up((top + 7.5 + bottom) / 2), half * 0.55, 0.15)
    else:
        bar(-half * 0.25, top + 9, half * 0.3, bottom - 4, -0.34)  # the window
        bar(-half * 0.1, top + 9.6, half * 0.15, bottom - 6, 0.10)  # the spring in it
    _draw_pin(pen, t, pitch, bottom, up)


def _draw_pin(
    pen: _Pen, t: _Terminal, pitch: float, top: float, up: Callable[[float], float]
) -> None:
    length = 16.0 if t.other_type else 22.0
    half = pitch * (0.10 if t.other_type else 0.07)
    lean = np.tan(np.radians(t.bend))
    knee = top + 7  # a pin bends where it leaves the housing

    def at(x: float, y: float) -> tuple[float, float]:
        return t.x + x + max(0.0, y - knee) * float(lean), up(y)

    tip = top + length
    for left, right, shade in ((-1, 1, -0.08), (-1, -0.3, 0.16), (0.5, 1, -0.28)):
        edge = [at(left * half, y) for y in (top, knee, tip - 2)]
        back = [at(right * half, y) for y in (tip - 2, knee, top)]
        point = [at((left + right) / 4 * half, tip)]
        pen.polygon(edge + point + back, min(t.grey + shade, 1.0))


# --- its defects -------------------------------------------------------------------------------

Rng = np.random.Generator


def _missing(scene: _Scene, i: int, rng: Rng) -> _Scene:
    return _with_terminal(scene, i, present=False)


def _bent(scene: _Scene, i: int, rng: Rng) -> _Scene:
    return _with_terminal(scene, i, bend=float(rng.uniform(7, 18) * rng.choice([-1, 1])))


def _wrong_height(scene: _Scene, i: int, rng: Rng) -> _Scene:
    off = float(rng.uniform(1.8, 3.5) * rng.choice([-1, 1]))
    return _with_terminal(scene, i, y=scene.terminals[i].y + off)


def _wrong_type(scene: _Scene, i: int, rng: Rng) -> _Scene:
    return _with_terminal(scene, i, other_type=True)


def _with_terminal(scene: _Scene, i: int, **changes: float | bool) -> _Scene:
    terminals = list(scene.terminals)
    terminals[i] = replace(terminals[i], **changes)  # type: ignore[arg-type]
    return replace(scene, terminals=tuple(terminals))


def _spot_place(scene: _Scene, i: int, rng: Rng) -> tuple[float, float]:
    """A place on the housing or on terminal i."""
    stretch = scene.height / 75.0
    x = scene.terminals[i].x + rng.uniform(-0.5, 0.5) * scene.pitch
    return float(x), float(rng.uniform(23, 58) * stretch)


def _curve(rng: Rng, x: float, y: float, length: float, bow: float) -> NDArray[np.float64]:
    angle = rng.uniform(0, np.pi)
    along = np.linspace(-length / 2, length / 2, 16)
    across = bow * (1 - (2 * along / length) ** 2)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([x + along * cos - across * sin, y + along * sin + across * cos], axis=1)


def _scratch(canvas: Canvas, scene: _Scene, i: int, rng: Rng) -> None:
    x, y = _spot_place(scene, i, rng)
    line = _curve(rng, x, y, rng.uniform(8, 18), rng.uniform(-1, 1))
    layer = np.zeros_like(canvas)
    _Pen(layer).line(line, rng.uniform(0.5, 0.8), 1.0)
    canvas += layer * np.float32(rng.uniform(0.20, 0.35))


def _black_spot(canvas: Canvas, scene: _Scene, i: int, rng: Rng) -> None:
    # On the bright metal, where a black spot is what people look for.
    stretch = scene.height / 75.0
    terminal = scene.terminals[i]
    x = terminal.x + rng.uniform(-0.18, 0.10) * scene.pitch
    y = (rng.choice([rng.uniform(28, 32), rng.uniform(41, 45)]) + terminal.y) * stretch
    layer = np.zeros_like(canvas)
    _Pen(layer).disc(float(x), float(y), rng.uniform(0.8, 1.4), 1.0)
    canvas -= layer * (canvas - 0.06)


def _stain(canvas: Canvas, scene: _Scene, i: int, rng: Rng) -> None:
    x, y = _spot_place(scene, i, rng)
    layer = np.zeros_like(canvas)
    pen = _Pen(layer)
    for _ in range(4):
        dx, dy = rng.normal(0, 1.2, 2)
        pen.disc(x + float(dx), y + float(dy), rng.uniform(1.5, 3.0), 1.0)
    soft = cv2.GaussianBlur(layer, (0, 0), 0.6 * pen.scale)
    canvas += soft * np.float32(rng.uniform(0.10, 0.20))


def _foreign_matter(canvas: Canvas, scene: _Scene, i: int, rng: Rng) -> None:
    x, y = _spot_place(scene, i, rng)
    fibre = _curve(rng, x, y, rng.uniform(7, 14), rng.uniform(2, 5))
    grey = float(rng.choice([0.05, 0.92]))
    _Pen(canvas).line(fibre, rng.uniform(0.9, 1.5), grey)


_PIECE_DEFECTS = {
    "missing": _missing,
    "bent": _bent,
    "wrong_height": _wrong_height,
    "wrong_type": _wrong_type,
}
_SURFACE_DEFECTS = {
    "scratch": _scratch,
    "black_spot": _black_spot,
    "stain": _stain,
    "foreign_matter": _foreign_matter,
}
TERMINAL_DEFECTS: tuple[str, ...] = (*_PIECE_DEFECTS, *_SURFACE_DEFECTS)


def _draw_rows_with_defect(
    scenes: list[_Scene], size: tuple[int, int], kind: str, rng: Rng
) -> Canvas:
    row = int(rng.integers(len(scenes)))
    i = int(rng.integers(len(scenes[row].terminals)))
    if kind in _PIECE_DEFECTS:
        changed = _PIECE_DEFECTS[kind](scenes[row], i, rng)
        return _draw_rows([*scenes[:row], changed, *scenes[row + 1 :]], size)
    canvas = _draw_rows(scenes, size)
    _SURFACE_DEFECTS[kind](canvas, scenes[row], i, rng)
    return canvas


# --- its exposure ------------------------------------------------------------------------------


def _expose(canvas: Canvas, scene: _Scene, size: tuple[int, int]) -> Canvas:
    """Shift, turn, focus and light the drawing: (2H, 2W) even light -> (H, W)."""
    height, width = canvas.shape
    unit = width / _UNITS_PER_WIDTH
    motion = cv2.getRotationMatrix2D((width / 2, height / 2), scene.turn, 1.0)
    motion[:, 2] += np.array(scene.shift) * unit
    moved = cv2.warpAffine(
        canvas, motion, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    focused = cv2.GaussianBlur(moved, (0, 0), max(0.25 * unit, 0.8))
    small = cv2.resize(focused, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    x = np.linspace(-1, 1, size[1], dtype=np.float32)
    y = np.linspace(-1, 1, size[0], dtype=np.float32)[:, None]
    light = scene.gain * (1 + scene.gradient[0] * x + scene.gradient[1] * y)
    return np.asarray(small * light, np.float32)
