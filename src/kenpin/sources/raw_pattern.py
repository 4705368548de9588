"""Pictures that are not finished yet: a sensor's colour mosaic, or two half pictures in turn.

In any finished picture a pixel is more like its neighbour than like the one after it, in noise just
as much. In a mosaic every second pixel saw the same colour, in interlaced pictures every second row
the same moment: there it is the other way round. Measured on six sets of real pictures
(benchmarks/patterns.py): finished ones reach 0.93, noise 1.04; mosaics made of them begin at 2.19.
Interlaced ones begin at 1.24 in five sets; where nothing moves in the middle they look finished.
"""

import cv2

from kenpin.errors import PictureError
from kenpin.types import Picture, Pixels

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
    grey = middle if middle.ndim == 2 else cv2.extractChannel(middle, 1)
    down = _unlike(grey[:-2], grey[1:-1], grey[2:])
    across = _unlike(grey[:, :-2], grey[:, 1:-1], grey[:, 2:])
    if min(down, across) > _MOSAIC and not _is_coloured(middle):
        fault = "picture_mosaic"
    elif down > _INTERLACED and across < 1:
        fault = "picture_interlaced"
    else:
        return
    if ((grey == grey.min()) | (grey == grey.max())).all():
        return  # dots of two grey levels, which are no picture of a camera
    raise PictureError(fault, path=picture.name)


def _is_coloured(pixels: Pixels) -> bool:
    return pixels.ndim == 3 and bool((pixels != pixels[..., :1]).any())


def _unlike(rows: Pixels, following: Pixels, after: Pixels) -> float:
    """How unlike the next row (or column) is, by how unlike the one after it is."""
    near = cv2.norm(rows, following, cv2.NORM_L1)  # several times as fast as with NumPy
    far = cv2.norm(rows, after, cv2.NORM_L1)
    return near / max(far, 1e-6 * rows.size) if near > 0 else 0.0
