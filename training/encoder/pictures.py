"""What the student sees: photographs and drawn pictures, cut, turned and changed at random."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from drawings import draw

Picture = NDArray[np.uint8]

SIDE = 160
_DRAWN_SIDE = 288
_POOL = 3000
_EVERY = 20  # each so-many-th photograph is kept for validation


class Pictures:
    """Endless batches, and one fixed batch for validation that training never sees.

    A pool of drawn pictures is renewed a few at a time, so that over hours hardly any repeats.
    start: the step to go on from; the same start gives the same pictures.
    """

    def __init__(self, folders: list[Path], start: int = 0, pool: int = _POOL) -> None:
        files = sorted(f for folder in folders for f in folder.rglob("*") if f.suffix in _SUFFIXES)
        photographs = [_read(file) for file in files]
        self.kept = photographs[::_EVERY]
        self.photographs = [p for n, p in enumerate(photographs) if n % _EVERY]
        self.rng = np.random.default_rng((1, start))
        self.drawn = [draw(self.rng, _DRAWN_SIDE) for _ in range(pool)]

    def batch(self, count: int) -> Picture:
        """(count, SIDE, SIDE, 3): half photographs, half drawn."""
        for _ in range(max(1, count // 16)):
            self.drawn[self.rng.integers(len(self.drawn))] = draw(self.rng, _DRAWN_SIDE)
        sources = (self.photographs, self.drawn)
        picked = [sources[n % 2][self.rng.integers(len(sources[n % 2]))] for n in range(count)]
        return np.stack([_varied(picture, self.rng) for picture in picked])

    def validation(self) -> Picture:
        """Kept photographs and as many drawn ones, the same in every run."""
        rng = np.random.default_rng(0)
        drawn = [draw(rng, _DRAWN_SIDE) for _ in self.kept]
        return np.stack([_varied(picture, rng) for picture in (*self.kept, *drawn)])


_SUFFIXES = {".jpg", ".jpeg", ".png"}


def _read(file: Path) -> Picture:
    read = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(read[..., ::-1])


def _varied(picture: Picture, rng: np.random.Generator) -> Picture:
    """A random cut, from a tenth to nearly all of it, then other light, focus and noise."""
    height, width = picture.shape[:2]
    side = min(height, width) * np.sqrt(rng.uniform(0.1, 1))
    stretch = np.exp(rng.uniform(-0.25, 0.25))
    angle = rng.choice([0, 90, 180, 270]) + (rng.uniform(-45, 45) if rng.random() < 0.3 else 0)
    a = np.deg2rad(angle)
    scale = np.array([side * stretch, side / stretch]) / SIDE * rng.choice([-1, 1], 2)
    matrix = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * scale
    reach = np.abs(matrix).sum(1) * SIDE / 2
    size = np.array([width, height])
    near = np.minimum(reach, size / 2)
    shift = rng.uniform(near, size - near) - matrix @ np.full(2, SIDE / 2)
    way = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    cut = (
        cv2.warpAffine(
            picture,
            np.column_stack([matrix, shift]),
            (SIDE, SIDE),
            flags=way | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        ).astype(np.float32)
        / 255
    )
    if rng.random() < 0.3:
        cut = np.repeat(cut.mean(axis=2, keepdims=True), 3, axis=2)
    elif rng.random() < 0.5:
        grey = cut.mean(axis=2, keepdims=True)
        cut = grey + (cut - grey) * rng.uniform(0.2, 1.5)
        cut = cut * rng.uniform(0.8, 1.2, 3)
    if rng.random() < 0.7:
        cut = np.clip(cut, 0, 1) ** np.exp(rng.uniform(-0.6, 0.6)) * rng.uniform(0.6, 1.2)
        cut = cut + rng.uniform(-0.1, 0.15)
    if rng.random() < 0.2:
        cut = cv2.GaussianBlur(np.asarray(cut, np.float32), (0, 0), rng.uniform(0.4, 2))
    if rng.random() < 0.25:
        cut = cut + rng.normal(0, rng.uniform(0.005, 0.06), cut.shape)
    return np.asarray(np.clip(cut, 0, 1) * 255 + 0.5, np.uint8)
