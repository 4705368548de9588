"""Parts learned from few and more good pictures, each tried on others and on simulated defects."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import SIMULATED, simulate, spot_at
from kenpin.errors import PictureError
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.recipe import Recipe, Rectangle
from kenpin.sources import PictureSource, name_of, read_mask, read_picture
from kenpin.statistics import auroc, rank_limit
from kenpin.system import cores, in_order
from kenpin.text import Notice, say
from kenpin.types import Floats, Outcome, Pixels, Progress, Verdict

CONTRAST = 0.3  # of the picture's brightest value: of the spots
CAUGHT = 0.9  # of the spots of a size, for that size to be seen
_LONGEST = 1024  # pixels of a picture on which defects are drawn
_SPOTS = tuple(2 ** (half / 2) / 512 for half in range(11))  # diameters by the longer side
_DARK = 0.5  # of the brightest value: there a spot is brighter, else darker
_TRIES = 20

Mask = NDArray[np.bool_]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """What one part, learned from `count` pictures, does on good pictures it has not seen.

    promised: false-reject rate. rejected: share of the untouched pictures that are not OK. passed:
    share of the simulated defects that are OK. height: of the limit at a common rate, in median
    scores of the defects.
    """

    count: int
    promised: float
    rejected: float
    passed: float
    auroc: float
    height: float


@dataclass(frozen=True)
class SeenSpots:
    """Of each diameter, in pixels of the pictures given, how many spots of `tried` were caught."""

    diameters: tuple[float, ...]
    caught: tuple[int, ...]
    tried: int

    @property
    def smallest(self) -> int | None:
        """The place of the smallest diameter of which, as of all larger ones, enough are caught."""
        enough = [count >= CAUGHT * self.tried for count in self.caught]
        good = [n for n in range(len(enough)) if all(enough[n:])]
        return good[0] if good else None


@dataclass(frozen=True)
class Draw:
    """One draw: a trial for each number of pictures, and what the last part does with spots.

    others: trials of the other recipes, learned from as many as the last one.
    """

    trials: tuple[Trial, ...]
    spots: SeenSpots
    others: tuple[Trial, ...]


@dataclass(frozen=True, eq=False)
class _Judged:
    """Of one picture the verdicts by each part: untouched, then with each kind of defect.

    spots: of each diameter.
    """

    verdicts: list[list[Verdict]]
    spots: list[Verdict]


def readable(
    sources: Sequence[PictureSource], progress: Progress
) -> tuple[list[PictureSource], list[Notice]]:
    """Without repeated and unreadable pictures, and why each of those."""
    found: dict[str, PictureSource] = {}
    left_out: list[Notice] = []

    def hashed(source: PictureSource) -> str | PictureError:
        try:
            return read_picture(source).hash
        except PictureError as error:
            return error

    with closing(in_order(hashed, sources, cores())) as hashes:
        for done, (source, own) in enumerate(zip(sources, hashes, strict=True), start=1):
            progress(say("stage_reading"), done, len(sources))
            if isinstance(own, PictureError):
                left_out.append(own.notice)
            elif own in found:
                left_out.append(Notice("repeated", path=name_of(source), other=name_of(found[own])))
            else:
                found[own] = source
    return list(found.values()), left_out


def tried(
    sources: Sequence[PictureSource],
    recipe: Recipe,
    counts: Sequence[int],
    tests: int,
    common_rate: float,
    progress: Callable[[int, int], None],
    others: Sequence[Recipe] = (),
) -> Draw:
    """Learn from as many as each of `counts` says, drawn by the recipe's seed; `tests` try them.

    others: more recipes to learn by from the largest of these numbers.
    """
    order = np.random.default_rng(recipe.seed).permutation(len(sources))
    tested, rest = order[:tests], order[tests:]
    ways = [(count, recipe) for count in counts] + [(counts[-1], other) for other in others]
    work = sum(count for count, _ in ways)
    parts, done = [], 0
    for count, own in ways:
        parts.append(Inspector(learn([sources[i] for i in rest[:count]], own, search=False)))
        done += count
        progress(done, work + tests)
    whole = parts[len(counts) - 1]
    surface = _Surface.of(whole, recipe)

    def judged(number: int) -> _Judged:
        rng = np.random.default_rng([recipe.seed, number])
        return _judged(sources[tested[number]], parts, whole, surface, rng)

    found = []
    with closing(in_order(judged, range(tests), cores(), one_thread=True)) as answers:
        for done, answer in enumerate(answers, start=1):
            found.append(answer)
            progress(work + done, work + tests)
    trials = tuple(
        _trial(part, count, [one.verdicts[n] for one in found], common_rate)
        for n, (part, (count, _)) in enumerate(zip(parts, ways, strict=True))
    )
    longest = max(whole.bundle.provenance.size)
    spots = SeenSpots(
        diameters=tuple(share * longest for share in _SPOTS),
        caught=tuple(
            sum(one.spots[n].outcome is not Outcome.OK for one in found) for n in range(len(_SPOTS))
        ),
        tried=tests,
    )
    return Draw(trials[: len(counts)], spots, trials[len(counts) :])


def _judged(
    source: PictureSource,
    parts: Sequence[Inspector],
    whole: Inspector,
    surface: "_Surface",
    rng: np.random.Generator,
) -> _Judged:
    pixels = _reduced(read_picture(source).pixels)
    pictures = [pixels, *(surface.with_defect(pixels, kind, rng) for kind in SIMULATED)]
    verdicts = [[part.inspect(one, evidence=False) for one in pictures] for part in parts]
    spots = [
        whole.inspect(surface.with_spot(pixels, share, rng), evidence=False) for share in _SPOTS
    ]
    return _Judged(verdicts, spots)


def _trial(
    part: Inspector, count: int, verdicts: Sequence[Sequence[Verdict]], common_rate: float
) -> Trial:
    good = [own[0] for own in verdicts]
    defective = [verdict for own in verdicts for verdict in own[1:]]
    scores = np.array([verdict.score for verdict in (*good, *defective)])
    abnormal = np.arange(len(scores)) >= len(good)
    typical = max(float(np.median(scores[abnormal])), 1e-12)
    return Trial(
        count=count,
        promised=part.calibration.promised_false_reject,
        rejected=_share([verdict.outcome is not Outcome.OK for verdict in good]),
        passed=_share([verdict.outcome is Outcome.OK for verdict in defective]),
        auroc=auroc(scores, abnormal) or 0.0,
        height=rank_limit(part.calibration.scores, common_rate) / typical,
    )


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers)


# --- where defects are laid --------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Surface:
    """What of a picture is judged: the windows, without what is ignored.

    rectangles: in pixels of the frame (H, W). ignored: (H, W) True where nothing counts, or None.
    """

    frame: tuple[int, int]
    rectangles: tuple[Rectangle, ...]
    ignored: Mask | None

    @classmethod
    def of(cls, part: Inspector, recipe: Recipe) -> "_Surface":
        preparation = part.bundle.preparation
        frame = preparation.frame or part.bundle.provenance.size
        ignored = np.zeros(frame, bool)
        for x, y, width, height in recipe.ignore:
            ignored[y : y + height, x : x + width] = True
        if recipe.ignore_mask is not None:
            ignored |= read_mask(recipe.ignore_mask, frame)
        rectangles = tuple(preparation.rectangles(frame))
        return cls(frame, rectangles, ignored if ignored.any() else None)

    def with_defect(self, pixels: Pixels, kind: str, rng: np.random.Generator) -> Pixels:
        """The picture with a simulated defect of this kind, where it counts."""

        def drawn(part: Floats) -> tuple[Floats, Mask]:
            return simulate(part, kind, rng)

        return self._changed(pixels, drawn, rng)

    def with_spot(self, pixels: Pixels, share: float, rng: np.random.Generator) -> Pixels:
        """The picture with a spot whose diameter is this share of its longer side."""
        radius = share * max(pixels.shape[:2]) / 2

        def drawn(part: Floats) -> tuple[Floats, Mask]:
            height, width = part.shape[:2]
            x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
            contrast = CONTRAST if part[int(y), int(x)].mean() < _DARK else -CONTRAST
            changed = np.clip(spot_at(part, contrast, radius, (x, y)), 0, 1)
            return changed, np.abs(changed - part).max(axis=2) > 0

        return self._changed(pixels, drawn, rng)

    def _changed(
        self,
        pixels: Pixels,
        draw: Callable[[Floats], tuple[Floats, Mask]],
        rng: np.random.Generator,
    ) -> Pixels:
        brightest = max(float(pixels.max()), 1.0)  # a camera of 12 bits fills little of 16
        whole = (pixels / brightest).astype(np.float32).reshape(*pixels.shape[:2], -1)
        ignored = self._ignored_in(whole)
        for _ in range(_TRIES):
            rows, columns = self._window_in(whole, rng)
            changed, mask = draw(whole[rows, columns])
            if not ignored[rows, columns][mask].any():
                break
        whole[rows, columns] = changed
        back = (whole * brightest + 0.5).reshape(pixels.shape)
        return back.astype(np.uint8) if pixels.dtype == np.uint8 else back.astype(np.uint16)

    def _window_in(self, whole: Floats, rng: np.random.Generator) -> tuple[slice, slice]:
        x, y, width, height = self.rectangles[int(rng.integers(len(self.rectangles)))]
        down, right = (side / of for side, of in zip(whole.shape, self.frame, strict=False))
        return (
            slice(round(y * down), round((y + height) * down)),
            slice(round(x * right), round((x + width) * right)),
        )

    def _ignored_in(self, whole: Floats) -> Mask:
        if self.ignored is None:
            return np.zeros(whole.shape[:2], bool)
        size = whole.shape[1], whole.shape[0]
        shown = cv2.resize(self.ignored.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        return np.asarray(shown > 0)


def _reduced(pixels: Pixels) -> Pixels:
    scale = _LONGEST / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    reduced: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return reduced
