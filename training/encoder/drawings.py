"""Drawn pictures of great variety, for what photographs lack: metal, fabric, print, mouldings.

Every kind is a function of a random generator and a side length and gives (side, side) or (side,
side, 3) float32, about in [0, 1]. `draw` composes them. The ideas are old: dead leaves (Lee,
Mumford and Huang, "Occlusion models for natural images", 2001), power-law noise (Field, 1987),
shading of height maps.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rng = np.random.Generator

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
_LETTERS = list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789+-=/#%&@abdefghkmnpqrst.:")


def draw(rng: Rng, side: int) -> NDArray[np.uint8]:
    """A (side, side, 3) uint8 picture: one kind, or one laid over another through a mask."""
    picture = _coloured(_one(rng, side), rng)
    if rng.random() < 0.5:
        mask = _mask(rng, side)[..., None]
        picture = picture * (1 - mask) + _coloured(_one(rng, side), rng) * mask
    if rng.random() < 0.3:
        picture = _marked(picture, rng)
    if rng.random() < 0.5:  # uneven light
        picture = picture * (0.6 + 0.8 * _unit(_noise(rng, side, 2.5)))[..., None]
    return np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8)


def _one(rng: Rng, side: int) -> Floats:
    kinds = (leaves, fractal, julia, glyphs, brushed, turned, woven, lines, gradient, solids)
    kinds = (*kinds, lattice, traces, leaves, solids, lattice)  # the richer ones twice
    return kinds[rng.integers(len(kinds))](rng, side)


# --- the kinds ---------------------------------------------------------------------------------


def leaves(rng: Rng, side: int) -> Floats:
    """Dead leaves: shapes that cover one another, with sizes by a power law."""
    picture = np.full((side, side, 3), rng.random(3), np.float32)
    smallest = rng.uniform(2, 8)
    for _ in range(int(rng.integers(30, 250))):
        radius = min(smallest * (1 - rng.random()) ** -0.6, side / 2)
        centre = rng.uniform(0, side, 2)
        corners = int(rng.choice([0, 3, 4, 4, 5, 6]))
        colour = tuple(float(v) for v in np.clip(rng.normal(rng.random(), 0.2, 3), 0, 1))
        _shape(picture, centre, radius, corners, rng, colour)
    return picture


def fractal(rng: Rng, side: int) -> Floats:
    """Noise with a power-law spectrum, sometimes cut at levels or folded."""
    noise = _unit(_noise(rng, side, rng.uniform(0.5, 3)))
    way = rng.integers(3)
    if way == 1:
        steps = rng.integers(2, 6)
        noise = np.floor(noise * steps) / steps
    elif way == 2:
        noise = np.abs(np.sin(noise * rng.uniform(3, 20)))
    return np.asarray(noise, np.float32)


def julia(rng: Rng, side: int) -> Floats:
    """Escape times of a Julia set."""
    angle, zoom = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 1.5)
    constant = 0.7885 * complex(math.cos(angle), math.sin(angle))
    y, x = _plane(side) * zoom + rng.uniform(-0.5, 0.5, 2)[:, None, None]
    z = (x + 1j * y).astype(np.complex64)
    escaped = np.zeros((side, side), np.float32)
    for _ in range(24):
        z = z * z + constant
        inside = z.real**2 + z.imag**2 < 4
        escaped += inside
        z[~inside] = 2
    return _unit(escaped)


def glyphs(rng: Rng, side: int) -> Floats:
    """Printed characters and marks of several sizes on an even ground."""
    printed = np.full((side, side, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(int(rng.integers(1, 14))):
        text = "".join(rng.choice(_LETTERS, rng.integers(1, 12)))
        where = tuple(int(v) for v in rng.uniform(-0.1 * side, side, 2))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        size, thick = rng.uniform(0.3, 3), int(rng.integers(1, 6))
        font = _FONTS[rng.integers(len(_FONTS))]
        cv2.putText(printed, text, where, font, size, colour, thick, cv2.LINE_AA)
    picture = printed.astype(np.float32) / 255
    return _turned(picture, rng.uniform(0, 360)) if rng.random() < 0.5 else picture


def brushed(rng: Rng, side: int) -> Floats:
    """Brushed, ground or rolled metal: noise drawn out in one direction."""
    length = int(rng.integers(8, 80))
    noise = rng.normal(size=(2 * side, 2 * side)).astype(np.float32)
    drawn = cv2.blur(cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 2)), (length, 1))
    turned = _turned(drawn, rng.uniform(0, 360))[side // 2 :][:side, side // 2 :][:, :side]
    sheen = _unit(np.cos(_along(side, rng) * rng.uniform(1, 5)))
    return np.asarray(0.2 + 0.5 * sheen + rng.uniform(0.05, 0.3) * _unit(turned), np.float32)


def turned(rng: Rng, side: int) -> Floats:
    """Turned or milled metal: fine rings or arcs with a conical sheen."""
    y, x = _plane(side) - rng.uniform(-1.2, 1.2, 2)[:, None, None]
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    rings = np.interp(radius.ravel(), np.linspace(0, 4, 400), rng.normal(size=400))
    rings = rings.reshape(radius.shape) + np.sin(radius * rng.uniform(20, 150))
    sheen = np.cos(2 * angle + rng.uniform(0, 6)) ** int(rng.integers(2, 12))
    return np.asarray(0.35 + 0.3 * sheen + rng.uniform(0.02, 0.12) * rings, np.float32)


def woven(rng: Rng, side: int) -> Floats:
    """Plain weave, twill or mesh: threads that pass over and under."""
    period, twill = rng.uniform(5, 40), int(rng.integers(2, 5))
    y, x = _turned_plane(side, rng) * side / 2
    y = y + rng.uniform(0, 3) * _noise(rng, side, 2)
    across, along = x / period, y / period
    over = (np.floor(across) + np.floor(along)) % twill < twill / 2
    warp = np.abs(np.sin(math.pi * across)) ** rng.uniform(0.3, 2)
    weft = np.abs(np.sin(math.pi * along)) ** rng.uniform(0.3, 2)
    fibre = 0.1 * _unit(rng.normal(size=(side, side)))
    return np.asarray(np.where(over, warp * rng.uniform(0.5, 1), weft) + fibre, np.float32)


def lines(rng: Rng, side: int) -> Floats:
    """Rulings, gratings and grids, straight or wavy, of one or two directions."""
    picture = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        wave = _along(side, rng) + rng.uniform(0, 0.05) * _noise(rng, side, 2)
        grating = np.sin(wave * rng.uniform(5, 120))
        sharp = rng.uniform(1, 10)
        picture += np.tanh(sharp * (grating - rng.uniform(-0.9, 0.9))).astype(np.float32)
    return _unit(picture)


def gradient(rng: Rng, side: int) -> Floats:
    """Smooth shading with a highlight or two."""
    picture = _unit(_along(side, rng)) * rng.uniform(0, 1)
    for _ in range(int(rng.integers(0, 3))):
        y, x = _plane(side) - rng.uniform(-1, 1, 2)[:, None, None]
        picture = picture + np.exp(-(x**2 + y**2) / rng.uniform(0.01, 0.4))
    return np.asarray(picture + rng.uniform(0, 0.2) * _noise(rng, side, 0.0), np.float32)


def solids(rng: Rng, side: int) -> Floats:
    """Simple solids lit from one side: steps, domes, cones and rings on a plate."""
    height = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 12))):
        layer = np.zeros((side, side), np.float32)
        corners = int(rng.choice([0, 0, 4, 4, 6, 8]))
        radius = max(2.0, rng.uniform(0.03, 0.4) * side)
        centre = rng.uniform(0, side, 2)
        state = rng.bit_generator.state
        _shape(layer, centre, radius, corners, rng, 1.0)
        if rng.random() < 0.4:  # a hole of the same form
            rng.bit_generator.state = state
            _shape(layer, centre, radius * 0.5, corners, rng, 0.0)
        filled = layer.astype(np.uint8)
        depth = cv2.distanceTransform(filled, cv2.DIST_L2, 3)
        bevel = rng.uniform(1, radius)
        height += rng.uniform(0.3, 2) * np.sqrt(np.minimum(depth, bevel) * bevel)
    height = cv2.GaussianBlur(height, (0, 0), rng.uniform(0.5, 3))
    height += rng.uniform(0, 0.4) * _noise(rng, side, rng.uniform(0, 2))
    return _lit(height, rng)


def lattice(rng: Rng, side: int) -> Floats:
    """A motif repeated in a lattice, each one a little different: rows of contacts, tiles, keys."""
    pitch_x, pitch_y = (int(v) for v in rng.integers(10, 90, 2))
    motif = _coloured(_motif(rng, pitch_y, pitch_x), rng)
    across, down = -(-side // pitch_x) + 1, -(-side // pitch_y) + 1
    picture = np.tile(motif, (down, across, 1))
    light = rng.normal(1, rng.uniform(0, 0.15), (down, across, 1))
    picture = picture * np.kron(light, np.ones((pitch_y, pitch_x, 1)))
    y, x = rng.integers(pitch_y), rng.integers(pitch_x)
    cut = np.asarray(picture[y : y + side, x : x + side], np.float32)
    return _turned(cut, rng.uniform(0, 360)) if rng.random() < 0.4 else cut


def traces(rng: Rng, side: int) -> Floats:
    """Wires, tracks and cracks: walks with bends, with pads at their ends."""
    picture = np.full((side, side, 3), rng.random(3), np.float32)
    steps = np.array([0, 45, 90, 135, 180, 225, 270, 315]) if rng.random() < 0.5 else None
    for _ in range(int(rng.integers(2, 20))):
        colour = tuple(float(v) for v in rng.random(3))
        thick, at = int(rng.integers(1, 12)), rng.uniform(0, side, 2)
        angle = rng.uniform(0, 360)
        for _ in range(int(rng.integers(1, 10))):
            bend = rng.normal(0, 40)
            angle = float(rng.choice(steps)) if steps is not None else angle + bend
            way = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
            to = at + way * rng.uniform(5, side / 3)
            cv2.line(picture, _point(at), _point(to), colour, thick, cv2.LINE_AA)
            at = to
        if rng.random() < 0.5:
            cv2.circle(picture, _point(at), thick + int(rng.integers(8)), colour, -1, cv2.LINE_AA)
    return picture


# --- what they are made of ---------------------------------------------------------------------


def _motif(rng: Rng, height: int, width: int) -> Floats:
    side = max(height, width)
    one = (solids, gradient, leaves, lines)[rng.integers(4)](rng, side)[:height, :width]
    if one.ndim == 2:
        one = np.repeat(one[..., None], 3, axis=2)
    one = np.ascontiguousarray(one)
    centre = (width * rng.uniform(0.3, 0.7), height * rng.uniform(0.3, 0.7))
    colour = tuple(float(v) for v in rng.random(3))
    radius = min(height, width) * rng.uniform(0.1, 0.45)
    _shape(one, centre, radius, int(rng.choice([0, 4, 6])), rng, colour)
    return one


def _shape(
    canvas: Floats, centre: object, radius: float, corners: int, rng: Rng, colour: object
) -> None:
    """An ellipse (no corners) or a polygon, of any proportions and turn."""
    flat, turn = rng.uniform(0.25, 1), rng.uniform(0, 360)
    x, y = centre  # type: ignore[misc]
    if not corners:
        axes = (max(1, int(radius)), max(1, int(radius * flat)))
        cv2.ellipse(canvas, (int(x), int(y)), axes, turn, 0, 360, colour, -1, cv2.LINE_AA)
        return
    angles = np.arange(corners) * 2 * math.pi / corners + math.pi / corners
    points = np.stack([np.cos(angles) * radius, np.sin(angles) * radius * flat], 1)
    a = math.radians(turn)
    points = points @ np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
    cv2.fillPoly(canvas, [(points + np.array([x, y])).astype(np.int32)], colour, cv2.LINE_AA)


def _lit(height: Floats, rng: Rng) -> Floats:
    """Lambert shading and a highlight of a height map."""
    slope_y, slope_x = np.gradient(height * rng.uniform(0.2, 1.5))
    scale = 1 / np.sqrt(slope_x**2 + slope_y**2 + 1)
    light = rng.normal(size=3) * (1, 1, 0.3) + (0, 0, 1)
    light /= np.linalg.norm(light)
    shade = (light[2] - slope_x * light[0] - slope_y * light[1]) * scale
    shine = np.maximum(shade, 0) ** rng.uniform(5, 60) * rng.uniform(0, 0.8)
    return np.asarray(0.15 + 0.6 * np.maximum(shade, 0) + shine, np.float32)


def _coloured(picture: Floats, rng: Rng) -> Floats:
    """(H, W) -> (H, W, 3) along two or three random colours; colour pictures stay."""
    if picture.ndim == 3:
        return picture
    stops = np.linspace(0, 1, int(rng.integers(2, 4)))
    palette = rng.random((len(stops), 3))
    if rng.random() < 0.5:  # metal, plastic, paper: nearly grey
        palette = palette[:, :1] + rng.normal(0, 0.04, (len(stops), 3))
    if rng.random() < 0.5:
        palette = np.sort(palette, axis=0)
    flat = np.clip(picture, 0, 1).ravel()
    channels = [np.interp(flat, stops, palette[:, channel]) for channel in range(3)]
    return np.stack(channels, 1).reshape(*picture.shape, 3).astype(np.float32)


def _marked(picture: Floats, rng: Rng) -> Floats:
    """A few scratches, specks or stains."""
    side = picture.shape[0]
    marked = np.ascontiguousarray(picture, np.float32)
    for _ in range(int(rng.integers(1, 8))):
        at, colour = rng.uniform(0, side, 2), tuple(float(v) for v in rng.random(3))
        if rng.random() < 0.5:
            to = at + rng.normal(0, side / 6, 2)
            cv2.line(marked, _point(at), _point(to), colour, int(rng.integers(1, 4)), cv2.LINE_AA)
        else:
            cv2.circle(marked, _point(at), int(rng.integers(1, 2 + side // 16)), colour, -1)
    share = rng.uniform(0.2, 1)
    return np.asarray(marked * share + picture * (1 - share), np.float32)


def _mask(rng: Rng, side: int) -> Floats:
    if rng.random() < 0.5:
        mask = np.zeros((side, side), np.float32)
        centre, radius = rng.uniform(0, side, 2), rng.uniform(0.15, 0.6) * side
        _shape(mask, centre, radius, int(rng.choice([0, 4, 5, 6])), rng, 1.0)
    else:
        noise = _unit(_noise(rng, side, rng.uniform(1.5, 3)))
        mask = (noise > rng.uniform(0.3, 0.7)).astype(np.float32)
    return cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.3, 4))


def _noise(rng: Rng, side: int, power: float) -> Floats:
    """(side, side) noise of mean 0 and deviation 1 with amplitude 1 / frequency ** power."""
    y, x = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    amplitude = np.maximum(np.hypot(y, x), 1 / side) ** -power
    amplitude[0, 0] = 0
    spectrum = np.fft.rfft2(rng.normal(size=(side, side)).astype(np.float32)) * amplitude
    noise = np.fft.irfft2(spectrum, (side, side))
    return np.asarray(noise / max(float(noise.std()), 1e-9), np.float32)


def _unit(values: NDArray[np.floating]) -> Floats:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-9), np.float32)


def _plane(side: int) -> NDArray[np.float64]:
    return np.stack(np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side), indexing="ij"))


def _turned_plane(side: int, rng: Rng) -> NDArray[np.float64]:
    y, x = _plane(side)
    a = rng.uniform(0, 2 * math.pi)
    return np.stack([y * math.cos(a) - x * math.sin(a), y * math.sin(a) + x * math.cos(a)])


def _along(side: int, rng: Rng) -> NDArray[np.float64]:
    return _turned_plane(side, rng)[0]


def _turned(picture: Floats, angle: float) -> Floats:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def _point(at: NDArray[np.float64]) -> tuple[int, int]:
    return int(at[0]), int(at[1])
