"""Simulated defects laid on good pictures, to choose between judges where no NG picture exists.

They need not look like real defects: a judge that finds many kinds of change on this part's own
good pictures is the better judge for this part (the idea of Li et al., "CutPaste", 2021, and
Schlüter et al., "Natural synthetic anomalies", 2022, used here for choosing, not for learning).
How well they stand for real ones is measured: docs/decisions/stand-ins.md.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import displaced, marks
from kenpin.drawn.places import Rng, light
from kenpin.types import Floats

Mask = NDArray[np.bool_]

_LEAST_CHANGE = 0.02  # grey levels (of 1) by which a defect must change the picture, at its mask
_LEAST_PIXELS = 3  # that must be changed
_TRIES = 20

_MARKS = (
    marks.spot, marks.stain, marks.scratch, marks.crack, marks.cut, marks.hole, marks.fibre,
    marks.contamination, marks.discolouring, marks.dent, marks.brightness,
)  # fmt: skip
_CHANGES = (
    displaced.missing, displaced.missing_patch, displaced.swapped_patch, displaced.additional,
    displaced.misplaced, displaced.print_fault, displaced.local_shift, displaced.warp,
)  # fmt: skip
Draw = Callable[[Floats, Rng], Floats]


_DRAW: dict[str, Draw] = {one.__name__: one for one in (*_MARKS, *_CHANGES)}
_MARKED = {one.__name__ for one in _MARKS}
SIMULATED = tuple(_DRAW)


def simulate(picture: Floats, kind: str, rng: Rng, strength: float = 1.0) -> tuple[Floats, Mask]:
    """A (h, w, C) picture in [0, 1] with a defect, and (h, w) where it is.

    kind: one of `SIMULATED`, else ValueError. strength: how many times as strong as usual a mark
    is. The picture given is not changed. On a blank picture some kinds cannot be seen; then the
    mask is empty.
    """
    if kind not in _DRAW:
        raise ValueError(f"kind must be one of {SIMULATED}. Got {kind!r} instead.")
    changed, mask = picture, np.zeros(picture.shape[:2], bool)
    for _ in range(_TRIES):
        changed = _DRAW[kind](picture, rng)
        if kind in _MARKED:  # as it shows in the light that falls on its place
            changed = picture + strength * light(picture) * (changed - picture)
        changed = np.clip(changed, 0, 1).astype(np.float32)
        mask = np.abs(changed - picture).max(axis=2) > _LEAST_CHANGE
        if mask.sum() >= _LEAST_PIXELS:
            break
    return changed, mask
