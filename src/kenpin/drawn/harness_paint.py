"""The brush that harnesses are drawn with: round things in the light, on a board."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.drawn.harness_design import WIRE, Tape
from kenpin.drawn.harness_lying import STEP, Curve, beside, piece_of, point_at

Colour = tuple[float, float, float]
Canvas = NDArray[np.float32]

COLOURS: dict[str, Colour] = {
    "red": (0.72, 0.12, 0.12), "black": (0.13, 0.13, 0.14), "white": (0.86, 0.86, 0.84),
    "yellow": (0.86, 0.74, 0.15), "green": (0.13, 0.5, 0.26), "blue": (0.14, 0.28, 0.66),
    "brown": (0.4, 0.24, 0.14), "orange": (0.87, 0.46, 0.12), "violet": (0.45, 0.24, 0.55),
    "grey": (0.5, 0.51, 0.53), "tape": (0.16, 0.16, 0.17), "spot": (0.9, 0.9, 0.88),
    "clip": (0.22, 0.22, 0.24), "metal": (0.68, 0.67, 0.64), "copper": (0.74, 0.42, 0.25),
}  # fmt: skip
BOARDS: dict[str, Colour] = {"plain": (0.74, 0.76, 0.78), "green": (0.52, 0.66, 0.56),
                             "wood": (0.76, 0.66, 0.52)}  # fmt: skip
_LIGHT = np.array([-0.35, -0.55])  # of a wire's radius: where its highlight lies
_ROUND = ((1.0, 0.55), (0.82, 0.8), (0.6, 1.0), (0.34, 1.14), (0.14, 1.3))
_SHADOW, _SHADED = np.array([1.6, 2.0]), 0.34  # millimetres; how dark


class Brush:
    """Draws in millimetres on a picture of `size` (h, w) with `scale` pixels for each."""

    def __init__(self, size: tuple[int, int], scale: float) -> None:
        self.scale = scale
        self.paint: Canvas = np.zeros((*size, 3), np.float32)
        self.cover: Canvas = np.zeros(size, np.float32)

    def tube(self, curve: Curve, width: float, colour: Colour) -> None:
        """Something round and bendable, lit from the upper left."""
        for share, light in _ROUND:
            moved = curve + (1 - share) * width / 2 * _LIGHT
            thick = max(1, round(share * width * self.scale))
            self._line(moved, thick, lit(colour, light))

    def band(self, curve: Curve, width: float, colour: Colour) -> None:
        """Something round with straight ends, as tape has."""
        for share, light in _ROUND:
            moved = curve + (1 - share) * width / 2 * _LIGHT
            sides = [beside(moved, side * share * width / 2) for side in (-1, 1)]
            self.area(np.concatenate([sides[0], sides[1][::-1]]), lit(colour, light))

    def area(self, corners: Curve, colour: Colour) -> None:
        """A flat thing."""
        points = self._pixels(corners)
        cv2.fillPoly(self.paint, [points], colour, cv2.LINE_AA, 3)
        cv2.fillPoly(self.cover, [points], 1.0, cv2.LINE_AA, 3)

    def disc(self, middle: tuple[float, float], radius: float, colour: Colour) -> None:
        """A flat round thing."""
        points = self._pixels(np.array([middle]))[0]
        around = round(radius * self.scale * 8)
        cv2.circle(self.paint, points.tolist(), around, colour, -1, cv2.LINE_AA, 3)
        cv2.circle(self.cover, points.tolist(), around, 1.0, -1, cv2.LINE_AA, 3)

    def stroke(self, curve: Curve, width: float, colour: Colour) -> None:
        """A flat line."""
        self._line(curve, max(1, round(width * self.scale)), colour)

    def _line(self, curve: Curve, thick: int, colour: Colour) -> None:
        points = [self._pixels(curve)]
        cv2.polylines(self.paint, points, False, colour, thick, cv2.LINE_AA, 3)
        cv2.polylines(self.cover, points, False, 1.0, thick, cv2.LINE_AA, 3)

    def _pixels(self, points: Curve) -> NDArray[np.int32]:
        """With three binary digits behind the point, as OpenCV takes them."""
        return np.asarray(np.round(np.asarray(points) * self.scale * 8), np.int32)

    def on(self, board: Canvas) -> Canvas:
        """What was drawn lies on a smaller board and shades it; (H, W, 3) in about [0, 1]."""
        size = board.shape[1], board.shape[0]
        paint = cv2.resize(self.paint * self.cover[..., None], size, interpolation=cv2.INTER_AREA)
        cover = cv2.resize(self.cover, size, interpolation=cv2.INTER_AREA)
        scale = self.scale * size[0] / self.cover.shape[1]
        move = np.array([[1, 0, _SHADOW[0] * scale], [0, 1, _SHADOW[1] * scale]])
        shade = cv2.GaussianBlur(cv2.warpAffine(cover, move, size), (0, 0), 1.4 * scale)
        under = board * (1 - _SHADED * shade[..., None])
        return np.asarray(under * (1 - cover[..., None]) + paint, np.float32)


def board_of(rng: np.random.Generator, size: tuple[int, int], kind: str) -> Canvas:
    """(h, w, 3) float32: an assembly board, "plain", "green" or "wood", with its own grain."""
    grain = rng.normal(0, 1, (size[0] // 16 + 2, size[1] // 16 + 2)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 1.5)
    soft = cv2.resize(grain, size[::-1], interpolation=cv2.INTER_CUBIC)
    board = np.asarray(BOARDS[kind], np.float32) * (1 + 0.012 * soft[..., None])
    if kind == "wood":
        lines = rng.normal(0, 1, (size[0] // 3 + 2, 6)).astype(np.float32)
        streaks = cv2.resize(cv2.GaussianBlur(lines, (0, 0), 0.8), size[::-1],
                             interpolation=cv2.INTER_CUBIC)  # fmt: skip
        board = board * (1 + 0.03 * streaks[..., None])
    return np.asarray(board, np.float32)


def draw_wires(
    brush: Brush, curve: Curve, wires: tuple[str, ...], fan: float, phase: float
) -> None:
    """Side by side in their order; a little twisted on the way, fanned out to the cavities."""
    count, way = len(wires), np.arange(len(curve)) * STEP
    left = way[-1] - way
    fanned = 1 + (fan - 1) * np.exp(-((left / 7.0) ** 2))
    sway = 0.28 * WIRE * np.sin(way / 9.0 + phase) * np.exp(-((7.0 / np.maximum(left, 1)) ** 2))
    for number, colour in enumerate(wires):
        offset = (number - (count - 1) / 2) * WIRE * fanned + sway * (-1) ** number
        brush.tube(beside(curve, offset), WIRE, COLOURS[colour])


def draw_tape(brush: Brush, curve: Curve, tape: Tape, width: float) -> None:
    """Around a bundle of this width."""
    own = piece_of(curve, tape.at, tape.at + tape.width)
    colour = COLOURS["tape" if tape.kind == "spiral" else "spot"]
    brush.band(own, width + 1.2, colour)
    half = (width + 1.0) / 2
    step = 4.5 if tape.kind == "spiral" else tape.width + 1
    for at in np.arange(step, tape.width - 1, step):
        ends = [point_at(beside(own, side * half), at + lean)[0]
                for side, lean in ((-1, -1.6), (0, 0.0), (1, 1.6))]  # fmt: skip
        brush.stroke(np.array(ends), 0.5, lit(colour, 1.7))
    if tape.loose:
        (x, y), heading = point_at(own, tape.width)
        flap = np.radians(heading + 62)
        tip = np.array([np.cos(flap), np.sin(flap)])
        across = np.array([-tip[1], tip[0]]) * tape.width * 0.4
        start = np.array([x, y]) + 0.3 * width * tip
        corners = [start - across, start + across, start + across + 8 * tip,
                   start - across + 9 * tip]  # fmt: skip
        brush.area(np.array(corners), lit(colour, 0.92))


def draw_clip(brush: Brush, curve: Curve, at: float, width: float) -> None:
    """A plastic band with its foot."""
    brush.band(piece_of(curve, at - 2.2, at + 2.2), width + 2.4, COLOURS["clip"])
    middle, heading = point_at(curve, at)
    brush.area(placed(box(-2.6, width / 2 + 0.6, 5.2, 5.5), middle, heading), COLOURS["clip"])
    brush.area(placed(box(-1.1, width / 2 + 2.2, 2.2, 2.4), middle, heading),
               lit(COLOURS["clip"], 2.2))  # fmt: skip


def box(x: float, y: float, width: float, height: float) -> Curve:
    """Its four corners."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])


def placed(corners: Curve, at: tuple[float, float], heading: float, turned: bool = False) -> Curve:
    """From the frame of a thing (x along it) into the picture; turned: the wrong way up."""
    turn = np.radians(heading)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    own = corners * (1, -1) if turned else corners
    return np.asarray(own @ axes + at, np.float64)


def lit(colour: Colour, light: float) -> Colour:
    """The colour in more or less light."""
    red, green, blue = (min(1.0, one * light) for one in colour)
    return red, green, blue
