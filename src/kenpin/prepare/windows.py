"""Proposes windows: a grid of equal ones over what repeats in a picture, such as terminals."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.errors import DatasetError
from kenpin.prepare.geometry import reduced, resize
from kenpin.recipe import Rectangle
from kenpin.sources import PictureSource, read_picture
from kenpin.types import Floats

_LONGEST = 400  # pixels of the longer side at which repetition is looked for
_LEAST_EXTENT = 1 / 4  # of the width that must repeat, or it is a part's own pattern
_LEAST_PITCH = 8  # of them
_ALIKE = 0.6  # correlation of neighbours that repeat
_CELLS_ALIKE = 0.5  # of one of them with the median one
_NEARLY_BEST = 0.9  # a shorter pitch that explains nearly as much is the true one
_DETAIL = 0.005  # share of the detail of the rows that may be cut off above and below


@dataclass(frozen=True)
class Grid:
    """windows: name and rectangle, row by row. alike: the correlation of neighbours, if found."""

    windows: dict[str, Rectangle]
    alike: float | None


def propose_windows(
    source: PictureSource, columns: int | None = None, rows: int = 1,
    within: Rectangle | None = None,
) -> Grid:  # fmt: skip
    """A grid over one picture of a good part.

    columns, rows: how many windows beside and below one another; columns left out: found from the
    distance at which the picture repeats. within: (x, y, width, height) to be divided; left out:
    what repeats, or the whole picture where columns are given.

    Raises DatasetError when nothing repeats, PictureError when the picture cannot be read.
    """
    picture = read_picture(source)
    height, width = picture.size
    x, y, wide, high = within or (0, 0, width, height)
    if x + wide > width or y + high > height:
        raise DatasetError(
            "place_outside", setting="within", value=[x, y, wide, high], outer=[0, 0, width, height]
        )
    if columns is not None:
        return Grid(_grid((x, y, wide, high), columns, rows), None)
    pixels = picture.pixels[y : y + high, x : x + wide]
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    size = reduced((high, wide), _LONGEST, 8)
    small = np.asarray(resize(grey, size), np.float32)
    found = _repetition(small)
    if found is None or found[2] < 2 or found[1] * found[2] < _LEAST_EXTENT * size[1]:
        raise DatasetError("nothing_repeats", path=picture.name)
    start, pitch, count, alike = found
    top, bottom = _rows_with_detail(small[:, int(start) : int(start + count * pitch)])
    right, down = wide / size[1], high / size[0]
    left, upper = x + round(start * right), y + round(top * down)
    extent = min(round(count * pitch * right), x + wide - left)
    tall = min(round((bottom - top) * down), y + high - upper)
    return Grid(_grid((left, upper, extent, tall), count, rows), alike)


def _grid(outer: Rectangle, columns: int, rows: int) -> dict[str, Rectangle]:
    """Equal windows that together cover the rectangle, but for a rest of a few pixels."""
    x, y, width, height = outer
    wide, high = width // columns, height // rows
    if min(wide, high) < 4:
        raise DatasetError("windows_too_small", width=wide, height=high)
    return {
        (f"{row + 1}-{column + 1}" if rows > 1 else f"{column + 1}"): (
            x + round(column * width / columns), y + round(row * height / rows), wide, high,
        )
        for row in range(rows)
        for column in range(columns)
    }  # fmt: skip


def _repetition(picture: Floats) -> tuple[float, float, int, float] | None:
    """Where it starts to repeat, at what pitch (in pixels), how often, and how alike; or None."""
    height, width = picture.shape
    detail = picture - cv2.GaussianBlur(picture, (0, 0), max(height, width) / 8)
    found = []
    for pitch in range(_LEAST_PITCH, width // 2 + 1):
        alike = _neighbours(detail, pitch)
        start, stop = _longest_run(alike >= _ALIKE)
        if stop > start:
            extent = stop - start + 2 * pitch - 1
            mean = float(alike[start:stop].mean())
            found.append((extent * mean, start, pitch, extent, mean))
    if not found:
        return None
    best = max(item[0] for item in found)
    _, start, pitch, extent, mean = next(item for item in found if item[0] >= _NEARLY_BEST * best)
    exact = _exact_pitch(detail[:, start : start + extent], pitch)
    first, count = _cells(detail, exact, start, start + extent)
    return first, exact, count, mean


def _cells(detail: Floats, pitch: float, start: int, stop: int) -> tuple[float, int]:
    """Where the first cell begins and how many follow: cut where there is least to cut through."""
    energy = np.abs(np.diff(detail, axis=1)).sum(axis=0).astype(np.float64)
    energy = np.convolve(energy, np.ones(3) / 3, "same")
    phases = np.arange(0, pitch, 0.5)

    def cuts(phase: float) -> NDArray[np.float64]:
        return np.arange(phase, detail.shape[1] + 1, pitch)

    def cost(phase: float) -> float:
        inside = cuts(phase)
        inside = inside[(inside >= start) & (inside < min(stop, len(energy)))]
        return float(energy[inside.astype(int)].mean()) if len(inside) else np.inf

    edges = cuts(min(phases, key=cost))
    cells = np.stack([_cell(detail, edge, pitch) for edge in edges[:-1]])
    middle = np.median(cells, axis=0).ravel()
    alike = np.array([np.corrcoef(cell.ravel(), middle)[0, 1] for cell in cells])
    first, last = _longest_run(np.nan_to_num(alike) >= _CELLS_ALIKE)
    return float(edges[first]), max(1, last - first)


def _cell(detail: Floats, edge: float, pitch: float) -> Floats:
    start = min(round(edge), detail.shape[1] - int(pitch))
    return detail[:, start : start + int(pitch)]


def _neighbours(detail: Floats, pitch: int) -> NDArray[np.float64]:
    """For each x the correlation of what is at x ... x + pitch with its right neighbour."""
    one, other = detail[:, :-pitch].astype(np.float64), detail[:, pitch:].astype(np.float64)
    sums = [(one * other).sum(0), (one * one).sum(0), (other * other).sum(0)]
    window = np.ones(pitch)
    both, left, right = (np.convolve(each, window, "valid") for each in sums)
    return np.asarray(both / np.sqrt(np.maximum(left * right, 1e-9)))


def _longest_run(marks: NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    runs = edges.reshape(-1, 2)
    if not len(runs):
        return 0, 0
    start, stop = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return int(start), int(stop)


def _exact_pitch(detail: Floats, pitch: int) -> float:
    """To a fraction of a pixel, by comparing what lies several repetitions apart."""
    steps = max(1, round(detail.shape[1] / pitch) - 1)
    shifts = range(max(1, steps * (pitch - 1)), min(steps * (pitch + 1), detail.shape[1] - 2) + 1)

    def alike(shift: int) -> float:
        one, other = detail[:, :-shift], detail[:, shift:]
        size = float(np.linalg.norm(one) * np.linalg.norm(other))
        return float((one * other).sum()) / max(size, 1e-9)

    return max(shifts, key=alike) / steps if shifts else float(pitch)


def _rows_with_detail(part: Floats) -> tuple[int, int]:
    """The rows between which nearly all that changes from left to right lies."""
    energy = np.square(np.diff(part, axis=1)).sum(axis=1).astype(np.float64)
    energy = np.maximum(energy - np.quantile(energy, 0.1), 0)  # noise is in every row
    share = np.cumsum(energy) / max(float(energy.sum()), 1e-9)
    top, bottom = np.searchsorted(share, [_DETAIL, 1 - _DETAIL])
    return max(0, int(top) - 1), min(len(share), int(bottom) + 2)
