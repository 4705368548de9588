"""Whether a picture can be judged at all: not blank, not out of focus, and showing the part.

What a picture is measured by is simple and the same for every part; its limits are learned from the
good pictures. So that a defect makes a part NG and not its picture unusable, they are also learned
from the good pictures with simulated defects. A limit lies half as far again from the typical good
picture as the farthest of those: few good pictures say little about tomorrow's light, and a picture
that is not usable must be plainly so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.types import FACTS, Floats, Reason, ReasonCode

COARSER = 1.25  # times smaller than the good pictures: what is unsharp then is the resolution
LONGEST_COMPARED = 64  # pixels of the longer side at which pictures are compared as a whole
_MARGIN = 1.5
WHITE = 0.98
DARKEST = 1e-3
NOISE = 0.7  # pixels: detail that is finer is noise of the camera
# How much a good picture may always depart from the typical one, however alike those learned from
# are: half the contrast, half the detail, two thirds of the light; 2 % in proportions. What is not
# the part at all is less than two fifths as like the mean good picture as good ones are.
_LEAST = {
    "contrast": log(2),
    "brightness": log(1.5),
    "saturated": 0.05,
    "focus": log(2),
    "proportions": log(1.02),
    "likeness": 0.1,
}
_LEAST_LIKENESS = 0.4
_CLOSER = 0.5  # of the way to a perfect fit: so much nearer is a picture that was turned back
_TURNS: dict[str, Callable[[NDArray[np.float16]], NDArray[np.float16]]] = {
    "mirrored": lambda small: small[:, ::-1],
    "upside_down": lambda small: small[::-1],
    "half": lambda small: small[::-1, ::-1],
    "left": lambda small: np.rot90(small, 1),
    "right": lambda small: np.rot90(small, 3),
}
_TOO_LOW = {
    "contrast": ReasonCode.BLANK,
    "brightness": ReasonCode.DARK,
    "focus": ReasonCode.BLURRED,
    "proportions": ReasonCode.PROPORTIONS,
    "likeness": ReasonCode.ANOTHER_PART,
}
_TOO_HIGH = {
    "saturated": ReasonCode.OVEREXPOSED,
    "brightness": ReasonCode.BRIGHT,
    "proportions": ReasonCode.PROPORTIONS,
}
_LOGARITHMS = frozenset({"contrast", "brightness", "focus", "proportions"})
# In this order the first reason is told: a blank picture is also out of focus.
_ORDER = ("proportions", "saturated", "contrast", "brightness", "focus", "likeness")


@dataclass(frozen=True, eq=False)
class Facts:
    """What is measured of one picture.

    brightness: natural logarithm of the mean of its grey levels; contrast: of their standard
    deviation by their mean. saturated: share of it that is white. focus: logarithm of how strong
    its finest detail is, by its variance; low is blurred. proportions: logarithm of height by
    width.
    upright: (h, w) float16, very small and grey, the part as the mean good part lies.
    """

    contrast: float
    brightness: float
    saturated: float
    focus: float
    proportions: float
    upright: NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Usability:
    """bounds: the lowest and highest usual value of each measure; None: any. A picture beyond them
    that is not OK is unusable: what is wrong is the picture. outer: the same, as far or farther;
    beyond them it is unusable whatever its score. How far is part of the promise, see `Worth`.

    references: (L, h, w) float32, the mean good picture of each label. aligned: whether the part
    was looked for. learned: (N, 3) float32, what `told` says of each good picture, its
    fit to the mean of the others; labels: (N,) the number of each one's label. Both are empty in
    files of earlier formats.
    """

    bounds: "Bounds"
    outer: "Bounds"
    references: Floats
    aligned: bool
    learned: Floats
    labels: NDArray[np.intp]

    def told(self, facts: Facts) -> tuple[float, float, float]:
        """(fit, brightness, sharpness) of a picture; see `Verdict`."""
        return (self.fit(facts), *_seen(facts))

    def fit(self, facts: Facts) -> float:
        """The correlation with the mean good picture it is most like, in [-1, 1]."""
        return _value(facts, "likeness", self.references)

    def reason(self, facts: Facts) -> Reason | None:
        """What is not usual about the picture; None when nothing is."""
        return self._first(facts, self.bounds)

    def beyond(self, facts: Facts) -> bool:
        """Whether the picture cannot be used at all."""
        return self._first(facts, self.outer) is not None

    def _first(self, facts: Facts, bounds: "Bounds") -> Reason | None:
        for measure, low, high in self.rules(bounds):
            value = _value(facts, measure, self.references)
            for bound, sign in ((low, 1), (high, -1)):
                if bound is not None and not sign * value >= sign * bound[0]:
                    limit, code = bound
                    told = (exp(one) if measure in _LOGARITHMS else one for one in (value, limit))
                    return Reason(code, *told)
        return None

    def grown(self, facts: Sequence[Facts]) -> "Usability":
        """The same with what is told of more good pictures of a part without labels.

        A file of an earlier format, which tells of none, stays so.
        """
        if not len(self.learned):
            return self
        told = np.array([self.told(one) for one in facts], np.float32)
        labels = np.zeros(len(facts), self.labels.dtype)
        return replace(
            self,
            learned=np.concatenate([self.learned, told]),
            labels=np.concatenate([self.labels, labels]),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a bundle stores beside the bounds."""
        labels = self.labels.astype(np.int32)
        return {"references": self.references, "learned": self.learned, "labels": labels}

    def fits(self, labels: int) -> bool:
        """Whether arrays from a file can belong to a part with so many labels."""
        return (
            self.references.shape[0] == labels
            and self.references.dtype == np.float32
            and bool(np.isfinite(self.references).all() and np.isfinite(self.learned).all())
            and self.learned.shape == (len(self.labels), len(FACTS))
            and bool(((self.labels >= 0) & (self.labels < labels)).all())
        )

    def laid(self, facts: Facts) -> str | None:
        """How the picture would have to be turned to fit; None where it would fit no better.

        "mirrored", "upside_down" (mirrored too), "half", or "left" or "right" by a quarter.
        """
        as_it_is = self.fit(facts)
        found = {}
        for name, turned in _TURNS.items():
            small = _resized(turned(facts.upright), self.references)
            found[name] = float(_likeness(small, self.references).max())
        best = max(found, key=lambda name: found[name])
        low = self.bounds["likeness"][0]
        fits = low is None or found[best] >= low
        gained = found[best] - as_it_is >= _LEAST["likeness"]
        return best if fits and gained and 1 - found[best] < _CLOSER * (1 - as_it_is) else None

    def rules(self, bounds: "Bounds") -> list["Rule"]:
        """Of its own bounds or the outer ones, in the order in which they are asked."""
        rules: list[Rule] = []
        for measure in _ORDER:
            low, high = bounds[measure]
            reason = _TOO_LOW.get(measure)
            if reason is ReasonCode.ANOTHER_PART and self.aligned:
                reason = ReasonCode.NOT_FOUND
            rules.append((
                measure,
                None if low is None or reason is None else (low, reason),
                None if high is None else (high, _TOO_HIGH[measure]),
            ))  # fmt: skip
        return rules


def told_of_size(reason: Reason, size: tuple[int, int], usual: tuple[int, int]) -> Reason:
    """The reason; of a blurred picture that is much smaller than usual, the resolution instead.

    size, usual: (H, W) of the picture, and of the good ones.
    """
    if reason.code is not ReasonCode.BLURRED or max(size) * COARSER >= max(usual):
        return reason
    return Reason(ReasonCode.RESOLUTION, size[0], usual[0])


Bounds = dict[str, tuple[float | None, float | None]]
"""Of each measure the lowest and the highest value; None: any."""
Rule = tuple[str, tuple[float, ReasonCode] | None, tuple[float, ReasonCode] | None]
"""A measure; below which value a picture is unusable, and why; and above which."""


def facts_of(overview: Floats, upright: Floats, size: tuple[int, int]) -> Facts:
    """overview, upright: (h, w) float32 in [0, 1] as prepared. size: (H, W) of the picture."""
    bright, variance = max(float(overview.mean()), DARKEST), overview.var()
    return Facts(
        contrast=log(max(float(np.sqrt(variance)), DARKEST) / bright),
        brightness=log(bright),
        saturated=int(np.count_nonzero(overview >= WHITE)) / overview.size,
        focus=_focus(overview, float(variance)),
        proportions=float(np.log(size[0] / size[1])),
        upright=_small(upright),
    )


def learn_usability(
    good: Sequence[Facts],
    defective: Sequence[Facts],
    labels: NDArray[np.intp],
    aligned: bool,
    room: float = 1.0,
) -> Usability:
    """From good pictures and the same ones with simulated defects, in the same order.

    labels: (N,) the number of each picture's label. room: how many times as far as the bounds the
    outer ones lie, see `Worth.room`.
    """
    usual = _Usual.of(good, defective, labels)
    bounds, outer = usual.bounds(1.0), usual.bounds(room)
    references = usual.references
    told = [
        (_fit_to_others(facts, references, label, int((labels == label).sum())), *_seen(facts))
        for facts, label in zip(good, labels, strict=True)
    ]
    return Usability(bounds, outer, references, aligned, np.array(told, np.float32), labels)


def departures(
    facts: Sequence[Facts],
    good: Sequence[Facts],
    defective: Sequence[Facts],
    labels: NDArray[np.intp],
) -> NDArray[np.float64]:
    """(n,) how far pictures depart from the typical good one; 1 is the bound of what is usable.

    facts: of pictures that are not among `good`. The others as in `learn_usability`.
    """
    usual = _Usual.of(good, defective, labels)
    return np.array([usual.departure(one) for one in facts])


@dataclass(frozen=True, eq=False)
class _Usual:
    """references: see `Usability`. reaches: of each measure the typical value, and how far below
    and above it a picture can be used."""

    references: Floats
    reaches: dict[str, tuple[float, float, float]]

    @classmethod
    def of(
        cls, good: Sequence[Facts], defective: Sequence[Facts], labels: NDArray[np.intp]
    ) -> Self:
        upright = np.stack([facts.upright for facts in good])
        references = np.stack([
            upright[labels == label].mean(axis=0, dtype=np.float64)
            for label in range(int(labels.max()) + 1)
        ]).astype(np.float32)  # fmt: skip
        reaches = {}
        for measure, always in _LEAST.items():
            typical, every = (
                np.array([_value(facts, measure, references) for facts in those])
                for those in (good, (*good, *defective))
            )
            centre = float(np.median(typical))
            least = always
            if measure == "likeness":
                least = max(always, (1 - _LEAST_LIKENESS) * centre)
            low, high = (
                max(_MARGIN * float(side.max()), least) for side in (centre - every, every - centre)
            )
            reaches[measure] = centre, low, high
        return cls(references, reaches)

    def bounds(self, room: float) -> Bounds:
        """See `learn_usability`."""
        return {
            measure: (
                centre - room * low if measure in _TOO_LOW else None,
                centre + room * high if measure in _TOO_HIGH else None,
            )
            for measure, (centre, low, high) in self.reaches.items()
        }

    def departure(self, facts: Facts) -> float:
        """The largest over all measures, on the sides that have a bound."""
        found = [0.0]
        for measure, (centre, low, high) in self.reaches.items():
            value = _value(facts, measure, self.references)
            if measure in _TOO_LOW:
                found.append((centre - value) / low)
            if measure in _TOO_HIGH:
                found.append((value - centre) / high)
        return max(found)


def _seen(facts: Facts) -> tuple[float, float]:
    """(brightness, sharpness)."""
    return exp(facts.brightness), exp(facts.focus)


def _fit_to_others(facts: Facts, references: Floats, label: int, count: int) -> float:
    """As a fresh picture fits: the mean of its label is taken without it."""
    others = references.copy()
    if count > 1:
        own = facts.upright.astype(np.float32)
        others[label] = (count * references[label] - own) / (count - 1)
    return _value(facts, "likeness", others)


def _value(facts: Facts, measure: str, references: Floats) -> float:
    if measure == "likeness":
        return float(_likeness(facts.upright, references).max())
    value: float = getattr(facts, measure)
    return value


def _likeness(upright: NDArray[np.float16], references: Floats) -> Floats:
    """(L,) correlations of a very small picture with those of the labels."""
    own = upright.astype(np.float32).ravel()
    own = own - own.mean()
    others = references.reshape(len(references), -1)
    others = others - others.mean(axis=1, keepdims=True)
    sizes = np.linalg.norm(own) * np.linalg.norm(others, axis=1)
    return np.asarray(others @ own / np.maximum(sizes, 1e-6), np.float32)


def _resized(small: NDArray[np.float16], references: Floats) -> NDArray[np.float16]:
    """At the size of the references, where a quarter turn made it another."""
    height, width = references.shape[1:]
    if small.shape == (height, width):
        return small
    resized = cv2.resize(small.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.float16)


def _focus(overview: Floats, variance: float) -> float:
    fine = cv2.Laplacian(cv2.GaussianBlur(overview, (0, 0), NOISE), cv2.CV_32F)
    return log((float(np.square(fine).mean()) + 1e-9) / (variance + 1e-6))


def _small(upright: Floats) -> NDArray[np.float16]:
    height, width = small_size((upright.shape[0], upright.shape[1]))
    small = cv2.resize(upright, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float16)


def small_size(size: tuple[int, int]) -> tuple[int, int]:
    """(h, w) at which an overview of this size is compared."""
    scale = min(1.0, LONGEST_COMPARED / max(size))
    return max(8, round(size[0] * scale)), max(8, round(size[1] * scale))
