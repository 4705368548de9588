"""Pictures that are not finished yet: a sensor's colour mosaic, or two half pictures in turn.

In any finished picture a pixel is more like its neighbour than like the one after it, in noise just
as much. In a mosaic every second pixel saw the same colour, in interlaced pictures every second row
the same moment: there it is the other way round. Measured on six sets of real pictures
(benchmarks/patterns.py): finished ones reach 0.93, noise 1.04; mosaics made of them begin at 2.19.
Interlaced ones begin at 1.24 in five sets; where nothing moves in the middle they look finished.
"""

import numpy as np

from kenpin.errors import PictureError
from kenpin.types import Floats, Picture

_SIDE = 256  # pixels of the middle that are looked at
_LEAST = 64  # in less there may be chance
_MOSAIC, _INTERLACED = 1.5, 1.12


def check_finished(picture: Picture) -> None:
    """Raise PictureError, with what to do, for a picture whose pixels show such a pattern."""
    height, width = picture.size
    if min(height, width) < _LEAST:
        return
    y, x = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    middle = picture.pixels[y : y + _SIDE, x : x + _SIDE]
    coloured = middle.ndim == 3 and bool((middle != middle[..., :1]).any())
    grey = np.asarray(middle if middle.ndim == 2 else middle[..., 1], np.float32)
    if ((grey == grey.min()) | (grey == grey.max())).all():
        return  # dots of two grey levels, which are no picture of a camera
    down, across = _neighbours(grey), _neighbours(grey.T)
    if not coloured and min(down, across) > _MOSAIC:
        raise PictureError("picture_mosaic", path=picture.name)
    if down > _INTERLACED and across < 1:
        raise PictureError("picture_interlaced", path=picture.name)


def _neighbours(grey: Floats) -> float:
    """How unlike the next row is, by how unlike the one after it is."""
    next_one = float(np.abs(grey[:-2] - grey[1:-1]).mean())
    after = float(np.abs(grey[:-2] - grey[2:]).mean())
    return next_one / max(after, 1e-6) if next_one > 0 else 0.0
