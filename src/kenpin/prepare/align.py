"""Finds how a part lies in its picture: moved, turned, nearer or farther than the mean good part.

First the reference is laid over the picture in every direction at once, by Fourier transforms of a
small copy, or what is marked of it is looked for in the picture turned in every direction; the best
few are then refined by the enhanced correlation coefficient (Evangelidis and
Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", 2008),
coarse to fine, to a fraction of a pixel. Chosen by measurement: docs/decisions/alignment.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.errors import RecipeError
from kenpin.prepare.geometry import Map, reduced, resize, scaling, turning
from kenpin.recipe import Rectangle
from kenpin.types import Floats

Motion = Literal["translation", "rotation", "scale"]

LONGEST = 128  # pixels of the longer side of an overview, in which the part is looked for
LONGEST_MARKED = 256  # the same where a mark of it is
LEAST_MARK = 16  # pixels of a mark's sides there; with fewer nothing tells it from other places
_SEARCH = 40  # pixels of the longer side, for the search in every direction
_SEARCH_MARK = 8  # pixels of the mark's shorter side, for the same
_SEEN = 0.5  # how well the mark fits in most of the good pictures, at least
_PLAIN = 0.05  # of the mark's contrast: a place that has less of it has nothing to fit
_DEGREES, _SCALES = 6.0, (0.85, 1.0, 1.18)
_TRIED = 3  # of the best places are refined
_APART = 9  # degrees below which two directions are one
_COARSE, _FINE = 8, 12  # steps of the refinement
_ROUNDS = 3
_WORST = 0.2  # share of the pictures that fit worst and take no part in the mean


@dataclass(frozen=True, eq=False)
class Alignment:
    """reference: (h, w) float32, the mean good part lying as in the first good picture. mark: the
    only place of it, in its pixels, that is looked for; None for all of it.
    """

    reference: Floats
    motion: Motion
    mark: Rectangle | None = None

    def find(self, overview: Floats) -> Map:
        """From a picture of the overview's size that shows the reference to the overview (h, w).

        Where nothing fits at all it is the map that changes nothing; how well it fits is measured
        like everything that makes a picture unusable (kenpin.judge.usability).
        """
        grow = scaling(self.reference.shape, overview.shape)
        found = self._find(np.asarray(resize(overview, self.reference.shape), np.float32))
        return grow @ found @ np.linalg.inv(grow)

    def _find(self, picture: Floats) -> Map:
        half = _halved(picture)
        to_full = scaling(half.shape, picture.shape)
        to_half = np.linalg.inv(to_full)
        best: Map = np.eye(3)
        best_fit = 0.0
        for place in self._search(picture):
            refined = self._refined(self._half, half, to_half @ place @ to_full, _COARSE)
            fit = self.fit(through(half, refined), self._half)
            if fit > best_fit:
                best, best_fit = refined, fit
        return self._refined(self.reference, picture, to_full @ best @ to_half, _FINE)

    def fit(self, upright: Floats, reference: Floats | None = None) -> float:
        """How well what is looked for lies upon the reference, in [-1, 1]."""
        reference = self.reference if reference is None else reference
        held = self._held((reference.shape[0], reference.shape[1]))
        return correlation(_part(reference, held), _part(upright, held))

    def _held(self, shape: tuple[int, int]) -> Rectangle:
        """What is looked for of the reference in this size, not less than can be."""
        height, width = shape
        if self.mark is None:
            return 0, 0, width, height
        step = height / self.reference.shape[0], width / self.reference.shape[1]
        x, y, wide, high = self.mark
        wide, high = max(4, round(wide * step[1])), max(4, round(high * step[0]))
        return (min(round(x * step[1]), width - wide), min(round(y * step[0]), height - high),
                wide, high)  # fmt: skip

    @cached_property
    def _half(self) -> Floats:
        return _halved(self.reference)

    @cached_property
    def _poses(self) -> list[tuple[float, float]]:
        """(degrees, scale) in which the part is looked for."""
        degrees = [0.0] if self.motion == "translation" else np.arange(0, 360, _DEGREES).tolist()
        scales = _SCALES if self.motion == "scale" else (1.0,)
        return [(turned, scale) for scale in scales for turned in degrees]

    @cached_property
    def _spectra(self) -> NDArray[np.complex64]:
        """Of the reference in every pose, conjugated, at the size of the search."""
        backwards = (np.linalg.inv(self._pose(pose)) for pose in self._poses)
        posed = np.stack([_standardised(through(self.reference, there)) for there in backwards])
        spectra = np.fft.rfft2(posed, s=_padded(posed.shape[1:]))
        return np.conj(spectra).astype(np.complex64)

    def _pose(self, pose: tuple[float, float], shift: tuple[float, float] = (0.0, 0.0)) -> Map:
        return turning(*pose, shift, (self.reference.shape[0], self.reference.shape[1]))

    def _search(self, overview: Floats) -> list[Map]:
        """The few best places of the reference in the overview."""
        if self.mark is not None:
            return self._search_mark(overview)
        small = _standardised(overview)
        height, width = _padded(small.shape)
        fits = np.fft.irfft2(np.fft.rfft2(small, s=(height, width)) * self._spectra)
        step = max(overview.shape) / max(small.shape)
        degrees = np.array([turned for turned, _ in self._poses])
        found = []
        for _ in range(_TRIED):
            pose, y, x = (int(n) for n in np.unravel_index(int(fits.argmax()), fits.shape))
            shift = (
                step * (x if x < width / 2 else x - width),
                step * (y if y < height / 2 else y - height),
            )
            found.append(self._pose(self._poses[pose], shift))
            near = np.abs((degrees - degrees[pose] + 180) % 360 - 180) < _APART
            around = np.arange(-4, 5)
            fits[np.ix_(near, (around + y) % height, (around + x) % width)] = -np.inf
        return found

    def _search_mark(self, overview: Floats) -> list[Map]:
        """The few best places of the mark alone; the picture is turned, and not the mark."""
        assert self.mark is not None  # noqa: S101 - the caller looked
        shape = overview.shape[0], overview.shape[1]
        step = max(1.0, min(self.mark[2:]) / _SEARCH_MARK)
        size = max(8, round(shape[0] / step)), max(8, round(shape[1] / step))
        x, y, wide, high = self._held(size)
        mark = _part(np.asarray(resize(self.reference, size), np.float32), (x, y, wide, high))
        room = -(-max(size) // 2)  # a part may leave the picture, but its mark does not
        small = np.pad(np.asarray(resize(overview, size), np.float32), room, "edge")
        found = []
        for pose in self._poses:
            turned = turning(*pose, (0.0, 0.0), (small.shape[0], small.shape[1]))
            seen = through(small, turned)
            _, fit, _, at = cv2.minMaxLoc(_fits(seen, mark))
            there = moving(-room, -room) @ turned @ moving(at[0] - x, at[1] - y)
            found.append((fit, pose[0], there))
        to_full = scaling(size, shape)
        best = _apart(sorted(found, key=lambda one: -one[0]))
        return [to_full @ there @ np.linalg.inv(to_full) for there in best]

    def _refined(self, reference: Floats, picture: Floats, start: Map, steps: int) -> Map:
        held = self._held((reference.shape[0], reference.shape[1]))
        to_held, quarters = moving(held[0], held[1]), _quarters(start)
        back = _from_quarters(quarters, (picture.shape[0], picture.shape[1]))
        begun = np.linalg.inv(back) @ start @ to_held
        reference, picture = _part(reference, held), np.rot90(picture, quarters)
        motion = {
            "translation": cv2.MOTION_TRANSLATION,
            "rotation": cv2.MOTION_EUCLIDEAN,
            "scale": cv2.MOTION_AFFINE,
        }[self.motion]
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, steps, 1e-4)
        try:
            _, found = cv2.findTransformECC(
                reference, np.ascontiguousarray(picture), begun[:2].astype(np.float32), motion,
                stop, None, 3,
            )  # fmt: skip
        except cv2.error:  # it does not converge, or a picture has no contrast at all
            return start
        there = _similar(np.vstack([found.astype(np.float64), [0, 0, 1]]), reference.shape)
        return back @ there @ np.linalg.inv(to_held)


def learn_alignment(
    overviews: Sequence[Floats], motion: Motion, size: tuple[int, int], mark: Rectangle | None
) -> Alignment:
    """From (h, w) float32 overviews of good pictures; the first says how the mean part lies.

    size, mark: of the reference, see `Alignment`. Raises RecipeError for a mark that most of them
    do not have, or that has nothing to know it by.
    """
    small = [np.asarray(resize(overview, size), np.float32) for overview in overviews]
    alignment = Alignment(small[0], motion, mark)
    for _ in range(_ROUNDS):
        aligned = [through(overview, alignment.find(overview)) for overview in small]
        fits = np.array([alignment.fit(one) for one in aligned])
        typical = fits >= np.quantile(fits, _WORST)
        mean = np.mean([one for one, fit in zip(aligned, typical, strict=True) if fit], axis=0)
        alignment = replace(alignment, reference=np.asarray(mean, np.float32))
    if mark is not None and (fit := _seen_again(alignment, small)) < _SEEN:
        raise RecipeError("mark_not_seen", fit=fit, least=_SEEN)
    return alignment


def _seen_again(alignment: Alignment, pictures: Sequence[Floats]) -> float:
    """How well the mark of most pictures fits the mean of the others, and that of the first where
    it lies, which is where the mark was meant; the smaller, in [-1, 1].
    """
    aligned = [through(one, alignment.find(one)) for one in pictures]
    total, others = np.sum(aligned, axis=0), len(aligned) - 1
    fits = [alignment.fit(one, np.float32(1 / others) * (total - one)) for one in aligned]
    return min(float(np.median(fits)), alignment.fit(pictures[0]))


def through(picture: Floats, there: Map) -> Floats:
    """(h, w) picture -> the same size through a map."""
    warped: Floats = cv2.warpAffine(
        picture,
        there[:2],
        (picture.shape[1], picture.shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return warped


def correlation(one: Floats, other: Floats) -> float:
    """Of two pictures of the same shape, in [-1, 1]; 0 where one has no contrast."""
    x, y = (values.ravel().astype(np.float64) for values in (one, other))
    x, y = x - x.mean(), y - y.mean()
    size = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / size if size > 1e-9 else 0.0


def _fits(picture: Floats, mark: Floats) -> Floats:
    """How well the mark fits at each place of its upper left corner; -1 where all is nearly plain,
    for there the normalised correlation is rounding only.
    """
    fits: Floats = cv2.matchTemplate(picture, mark, cv2.TM_CCOEFF_NORMED)
    size = mark.shape[1], mark.shape[0]
    mean, square = (
        cv2.boxFilter(values, cv2.CV_64F, size, anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        for values in (picture, np.square(picture, dtype=np.float64))
    )
    contrast = (square - np.square(mean))[: fits.shape[0], : fits.shape[1]]
    fits[contrast <= max(float(mark.var()) * _PLAIN**2, 1e-9)] = -1
    return fits


def _quarters(there: Map) -> int:
    """Quarter turns of the picture (see numpy.rot90) after which a map turns by 45 degrees at most:
    OpenCV takes the angle of its start by the arcsine, which knows none beyond 90.
    """
    return round(-float(np.arctan2(there[0, 1], there[0, 0])) / (np.pi / 2)) % 4


def _from_quarters(quarters: int, size: tuple[int, int]) -> Map:
    """From a picture of `size` (h, w) turned so to the picture."""
    down, right = size[0] - 1, size[1] - 1
    turned = {
        0: [[1, 0, 0], [0, 1, 0]],
        1: [[0, -1, right], [1, 0, 0]],
        2: [[-1, 0, right], [0, -1, down]],
        3: [[0, 1, 0], [-1, 0, down]],
    }[quarters]
    return np.array([*turned, [0, 0, 1]], np.float64)


def moving(x: float, y: float) -> Map:
    """The map that only moves."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def _part(picture: Floats, place: Rectangle) -> Floats:
    x, y, width, height = place
    return np.ascontiguousarray(picture[y : y + height, x : x + width])


def _apart(found: Sequence[tuple[float, float, Map]]) -> list[Map]:
    """The first few maps whose directions (degrees) are not one."""
    taken: list[tuple[float, Map]] = []
    for _, degrees, there in found:
        if all(abs((degrees - other + 180) % 360 - 180) >= _APART for other, _ in taken):
            taken.append((degrees, there))
    return [there for _, there in taken[:_TRIED]]


def _halved(picture: Floats) -> Floats:
    size = max(8, picture.shape[0] // 2), max(8, picture.shape[1] // 2)
    return np.asarray(resize(picture, size), np.float32)


def _standardised(overview: Floats) -> Floats:
    """At the size of the search, without its mean and of length 1."""
    size = reduced((overview.shape[0], overview.shape[1]), _SEARCH, 8)
    small = np.asarray(resize(overview, size), np.float32)
    small = small - small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-9), np.float32)


def _padded(shape: tuple[int, ...]) -> tuple[int, int]:
    """So large that what leaves on one side does not come in on the other."""
    return 2 * shape[0], 2 * shape[1]


def _similar(there: Map, shape: tuple[int, ...]) -> Map:
    """The nearest map that only moves, turns and scales, with the middle where it was."""
    cosine, sine = (there[0, 0] + there[1, 1]) / 2, (there[1, 0] - there[0, 1]) / 2
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2, 1])
    nearest = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    nearest[:2, 2] = (there @ middle - nearest @ middle)[:2]
    return nearest
