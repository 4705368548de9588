"""How many bits of a picture are used: a camera of 12 bits fills little of a file of 16.

One picture does not say that: a dark one of 12 bits looks like one of 10. So it is learned from the
good pictures together, and what does not fit them is not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kenpin.text import Notice
from kenpin.types import Picture, Pixels, Reason, ReasonCode

BITS = (8, 10, 12, 14, 16)
_APART = 2.0  # times brighter or darker than all others: another depth, if it needs other bits
_ODD = 0.05  # of the pictures, or one, that may be of another depth
_WHOLE_BYTES = 8


@dataclass(frozen=True)
class Depth:
    """bits: that are used. wide: whether the pictures are kept with 16 bits. least: the smallest of
    the brightest values of the good pictures; 0 where nothing is known of them.

    As it comes it is that of parts which did not learn it: what is kept with 16 bits uses them all.
    """

    bits: int = 16
    wide: bool = True
    least: int = 0

    def white(self, pixels: Pixels) -> int:
        """The value that is white in these pixels."""
        if pixels.dtype == np.uint8:
            return white_of(_WHOLE_BYTES)
        return white_of(self.bits if self.wide else BITS[-1])

    def scaled(self, picture: Picture) -> Notice | None:
        """That a picture is scaled to the bits of the good ones; None where they are the same."""
        if self.least and picture.pixels.dtype == np.uint8:
            return Notice("note_8_bit", bits=self.bits)
        return None if self.wide or picture.pixels.dtype == np.uint8 else Notice("note_16_bit")

    def misfit(self, picture: Picture) -> Reason | None:
        """That a picture has another depth than the good ones; None where it fits or may be scaled.

        8 bits are scaled; of a file with 16 bits the values must be like those of the good ones.
        """
        if picture.pixels.dtype == np.uint8:
            return None
        peak = int(picture.pixels.max())
        if not self.wide:  # only a picture that needs them all surely uses all 16
            least = 2 ** BITS[-2]
            return None if peak >= least else Reason(ReasonCode.DEPTH, peak, least)
        if peak > self.white(picture.pixels):
            return Reason(ReasonCode.DEPTH, peak, self.white(picture.pixels))
        return Reason(ReasonCode.DEPTH, peak, self.least) if peak < self.lowest else None

    @property
    def lowest(self) -> float:
        """Of a picture kept with 16 bits the lowest brightest value that still fits."""
        fewer = [bits for bits in BITS if bits < bits_for(self.least)]
        return min(2 ** fewer[-1], self.least / _APART) if fewer else 0


def white_of(bits: int) -> int:
    """The highest value that so many bits hold."""
    return (1 << bits) - 1


def bits_for(peak: int) -> int:
    """The fewest bits that cameras have and that hold this value."""
    return next(bits for bits in BITS if peak < 2**bits)


def learn_depth(peaks: Sequence[int], bits: int | None = None) -> Depth:
    """From the brightest value of each good picture kept with 16 bits; bits: where it is told."""
    if not peaks:
        return Depth(_WHOLE_BYTES, wide=False)
    usual = _without_others(sorted(peaks))
    return Depth(bits or bits_for(usual[-1]), wide=True, least=usual[0])


def _without_others(peaks: list[int]) -> list[int]:
    """Sorted peaks without the few, above or below, that are surely of another depth."""
    few = max(1, int(_ODD * len(peaks)))
    first, last = 0, len(peaks)
    for n in range(1, min(few, len(peaks) - 1) + 1):
        if _is_step(peaks[-n - 1], peaks[-n]):
            last = len(peaks) - n
        if _is_step(peaks[n - 1], peaks[n]):
            first = n
    return peaks[first:last] or peaks


def _is_step(lower: int, higher: int) -> bool:
    return bits_for(lower) < bits_for(higher) and _APART * lower < higher
