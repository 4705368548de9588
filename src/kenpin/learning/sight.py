"""How fine a defect the part still sees: measured with simulated spots on its good pictures.

What is too fine at the size that the model sees passes, and nobody would know. So it is said of
every part, unasked.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from kenpin.drawn import spot_at
from kenpin.errors import PictureError
from kenpin.inspection import Inspector
from kenpin.learning.omitted import leave_out
from kenpin.learning.read import Given, LabelsGiven, find_sources
from kenpin.part import Bundle, Sight
from kenpin.sources import Layout, PictureSource, read_picture
from kenpin.system import cores, in_order
from kenpin.text import say
from kenpin.types import Floats, Pixels, Progress

CONTRAST = 0.3  # of the picture's brightest value
_CAUGHT = 0.5  # of the spots of a size, for that size not to be called unseen
_TRIED = 24  # spots of each size, at least
_SMALLEST = 2  # pixels
_LARGEST = 1 / 8  # of the longer side of what is looked at
_DARK = 0.5  # of the brightest value: there a spot is brighter, else darker
_MIDDLE = 0.15  # of a window's sides that no spot comes near
_TRIES = 20
_BITE = 2  # pixels beyond the radius


def with_sight(
    bundle: Bundle,
    good: Given,
    progress: Progress | None = None,
    *,
    labels: LabelsGiven = None,
    layout: Layout | None = None,
    without: Sequence[str] = (),
) -> Bundle:
    """The bundle that also says how fine a defect it sees; itself where it cannot judge,
    and of a harness.

    good, labels, layout, without: as in `kenpin.learn`: the pictures that it was learned from. The
    sizes are tried by halves, each on at least 24 spots.
    """
    if bundle.calibration is None or bundle.preparation.harness is not None:
        return bundle
    sources, told = find_sources(good, labels, layout)
    sources, told, _ = leave_out(sources, told, without)
    trial = _Trial(Inspector(bundle), _usable(sources, told, bundle), bundle.recipe.seed)
    longest = max(max(place[2:]) for place in trial.places)
    steps = int(2 * np.log2(max(longest * _LARGEST / _SMALLEST, 1)))
    diameters = [_SMALLEST * 2 ** (step / 2) for step in range(steps + 1)]
    progress = progress or (lambda *_: None)
    lowest, seen, done = 0, len(diameters), 0  # the first that is seen lies between
    while lowest < seen:
        middle = (lowest + seen) // 2
        progress(say("stage_sight"), done, int(np.log2(len(diameters))) + 1)
        enough = trial.share(diameters[middle]) >= _CAUGHT
        lowest, seen = (lowest, middle) if enough else (middle + 1, seen)
        done += 1
    diameter = diameters[seen] if seen < len(diameters) else None
    seeing = replace(bundle, sight=Sight(diameter, diameters[-1], CONTRAST))
    return _without_doubt(seeing, diameter)


def _without_doubt(bundle: Bundle, diameter: float | None) -> Bundle:
    """Without the remark that the smallest defect may be missed, where it was seen to be found."""
    asked, kept = bundle.recipe.feature.smallest_defect, bundle.provenance
    if asked is None or diameter is None or diameter > asked:
        return bundle
    remarks = tuple(one for one in kept.remarks if one.code != "smallest_defect")
    return replace(bundle, provenance=replace(kept, remarks=remarks))


def _usable(
    sources: Sequence[PictureSource], labels: Sequence[str], bundle: Bundle
) -> list[tuple[PictureSource, str]]:
    """Pictures that were learned from, spread over all of them, with their labels."""
    hashes, found = set(bundle.provenance.pictures), []
    order = np.random.default_rng(bundle.recipe.seed).permutation(len(sources))
    needed = -(-_TRIED // bundle.preparation.count)
    for n in order.tolist():
        try:
            picture = read_picture(sources[n])
        except PictureError:
            continue
        if picture.hash in hashes:
            found.append((sources[n], labels[n]))
        if len(found) == needed:
            break
    return found


class _Trial:
    """Spots laid on good pictures, one in each window, and which of them are caught."""

    def __init__(
        self, inspector: Inspector, pictures: Sequence[tuple[PictureSource, str]], seed: int
    ) -> None:
        self.inspector, self.pictures, self.seed = inspector, pictures, seed
        self.preparation = inspector.bundle.preparation
        frame = self.preparation.frame or inspector.bundle.provenance.size
        self.places = self.preparation.rectangles(frame)

    def share(self, diameter: float) -> float:
        """Of the spots of this size those that are caught."""
        count = len(self.pictures)
        repeats = -(-_TRIED // max(1, count * len(self.places)))

        def caught(number: int) -> list[bool]:
            rng = np.random.default_rng([self.seed, number])
            return self._caught(*self.pictures[number % count], diameter, rng)

        with closing(in_order(caught, range(count * repeats), cores(), one_thread=True)) as each:
            found = [one for answers in each for one in answers]
        return float(np.mean(found)) if found else 0.0

    def _caught(
        self, source: PictureSource, label: str, diameter: float, rng: np.random.Generator
    ) -> list[bool]:
        """Of each window with a spot whether it is above the limit."""
        picture = read_picture(source)
        pixels = picture.pixels.copy()
        most = float(pixels.max())
        windows = range(len(self.places))
        laid = [self._lay(pixels, window, diameter, most, rng) for window in windows]
        scores, limit = self.inspector.window_scores(pixels, label or None)
        return [score > limit for score, one in zip(scores, laid, strict=True) if one]

    def _lay(
        self, pixels: Pixels, window: int, diameter: float, most: float, rng: np.random.Generator
    ) -> bool:
        """Draw a spot into a window of the pixels, where it counts; False for no such place."""
        frame = self.preparation.frame or pixels.shape[:2]
        down, right = pixels.shape[0] / frame[0], pixels.shape[1] / frame[1]
        x, y, width, height = self.places[window]
        for _ in range(_TRIES):
            across, along = rng.uniform(_MIDDLE, 1 - _MIDDLE, 2)
            if not self._ignored(window, along, across):
                centre = ((x + across * width) * right, (y + along * height) * down)
                _draw(pixels, centre, diameter / 2, most)
                return True
        return False

    def _ignored(self, window: int, along: float, across: float) -> bool:
        ignored = self.preparation.ignored
        if ignored is None:
            return False
        height, width = ignored[window].shape
        return bool(ignored[window][int(along * height), int(across * width)])


def _draw(pixels: Pixels, centre: tuple[float, float], radius: float, most: float) -> None:
    """A spot darker or brighter than the picture there, as bright as `most` at most."""
    x = min(max(0, int(centre[0])), pixels.shape[1] - 1)
    y = min(max(0, int(centre[1])), pixels.shape[0] - 1)
    reach = int(radius) + _BITE
    rows = slice(max(0, y - reach), y + reach + 1)
    columns = slice(max(0, x - reach), x + reach + 1)
    part: Floats = np.asarray(pixels[rows, columns], np.float32).reshape(
        *pixels[rows, columns].shape[:2], -1
    )
    bright = float(part[y - rows.start, x - columns.start].mean()) >= _DARK * most
    change = (-CONTRAST if bright else CONTRAST) * most
    drawn = spot_at(part, change, radius, (centre[0] - columns.start, centre[1] - rows.start))
    kept = np.clip(drawn + 0.5, 0, most).reshape(pixels[rows, columns].shape)
    pixels[rows, columns] = kept.astype(pixels.dtype)
