"""What is odd about a set of good pictures, seen from what was measured of each."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.chances import STUDENT_QUARTILE, student_tail
from kenpin.prepare import as_option, distorts, in_pixels, resize
from kenpin.types import Picture, PictureSource
from kenpin.usable import Facts

FALSE_ALARM = 0.01
"""The share of good pictures that each search for odd ones calls odd."""

_LEAST_SPREAD = {"brightness": 0.02, "focus": 0.05}  # of logarithms: less is not worth a word
_USUAL = 2.132  # Student's distribution is above it one time in twenty
_NEAR = 0.25  # of the distance at which neighbours typically are
_MOST_BITS = 16  # of 256 in which a copy differs at most
_BLOCK = 1000
_FINGERPRINT = 16  # a side
_MANY = 0.25


class Kind(StrEnum):
    """What may be odd about a picture, or about the set."""

    UNREADABLE = "unreadable"
    COPY = "exact copy"
    NEAR_COPY = "nearly a copy"
    IN_TEST = "also in the test set"
    SIZE = "other size"
    MODE = "other colour or depth"
    DARK = "much darker"
    BRIGHT = "much brighter"
    BLURRED = "much blurrier"
    UNLIKE = "unlike the others"
    TOO_FEW = "too few pictures"


@dataclass(frozen=True, eq=False)
class Look:
    """One picture: what it is called, where it is, the label it has ("" without), the hash of its
    pixels, its size (H, W), the kind of its pixels, and what was measured. fingerprint: (256,)
    bool, alike for copies of the whole picture that were saved or resized differently.

    learned: whether the model learns from it; of very many pictures it does not from all.
    """

    name: str
    source: PictureSource
    label: str
    learned: bool
    hash: str
    size: tuple[int, int]
    mode: str
    notes: tuple[str, ...]
    facts: Facts
    fingerprint: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        source: PictureSource,
        picture: Picture,
        facts: Facts,
        label: str = "",
        learned: bool = True,
    ) -> "Look":
        """From the picture itself; it is called by the last two parts of its path."""
        bits = picture.pixels.dtype.itemsize * 8
        mode = f"{'RGB' if picture.pixels.ndim == 3 else 'grey'}, {bits} bits"
        name = short_name(picture.name)
        own = picture.hash, picture.size, mode, picture.notes, facts
        return cls(name, source, label, learned, *own, _fingerprint(picture))


@dataclass(frozen=True)
class Finding:
    """picture: its name; "" when the whole set is meant. other: the picture it was compared with.

    p_value: the share of good pictures that is at least as odd, where that was estimated.
    source: where the picture is. value: the score that is odd.
    """

    kind: Kind
    picture: str
    detail: str
    other: str | None = None
    p_value: float | None = None
    source: PictureSource | None = None
    value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"kind": self.kind.value, "picture": self.picture, "detail": self.detail,
                "other": self.other, "p_value": self.p_value}  # fmt: skip


def short_name(path: str) -> str:
    """The last two parts of a path: enough to find it, and nothing of the user's folders."""
    return "/".join(Path(path).parts[-2:])


def findings_of(looks: Sequence[Look], false_alarm: float = FALSE_ALARM) -> list[Finding]:
    """Odd sizes, colours, light and focus, and pictures that are nearly copies of another."""
    return [
        *_odd_ones_out(looks, Kind.SIZE, [in_pixels(look.size) for look in looks]),
        *_odd_ones_out(looks, Kind.MODE, [look.mode for look in looks]),
        *_near_copies(looks),
        *_extremes(looks, false_alarm),
    ]


def tail(values: NDArray[np.float64], least_spread: float = 0.0) -> NDArray[np.float64]:
    """(N,) values -> (N,) how likely a good picture's is at least as high.

    By Student's distribution about the median, as wide as the median deviation says: neither cares
    for the few odd ones that are looked for.
    """
    centre = np.median(values)
    spread = np.median(np.abs(values - centre)) / STUDENT_QUARTILE
    return student_tail((values - centre) / max(spread, least_spread, 1e-9))


def unlike(looks: Sequence[Look], scores: NDArray[np.float64]) -> list[Finding]:
    """The pictures by how unlike the others of their label they are, most unlike first.

    scores: (N,) of each by a model that has not seen it, high is abnormal.
    """
    labels = np.array([look.label for look in looks])
    found = []
    for label in np.unique(labels):
        inside = np.flatnonzero(labels == label)
        chances = tail(np.log(np.maximum(scores[inside], 1e-12)))
        typical = float(np.median(scores[inside]))
        for index, chance in zip(inside.tolist(), chances.tolist(), strict=True):
            detail = messages.UNLIKE.format(score=scores[index], typical=typical)
            look = looks[index]
            value = float(scores[index])
            found.append(Finding(Kind.UNLIKE, look.name, detail, None, chance, look.source, value))
    return sorted(found, key=lambda finding: finding.p_value or 0.0)


def same_pieces(ones: Sequence[Look], others: Sequence[Look]) -> list[tuple[int, int]]:
    """Pairs of pictures that show the same pixels, or nearly so."""
    hashes = {look.hash: n for n, look in enumerate(others)}
    exact = [(n, hashes[look.hash]) for n, look in enumerate(ones) if look.hash in hashes]
    if not ones or not others:
        return exact
    near = _near_enough(ones)
    found = {n for n, _ in exact}
    closest, apart = _closest(ones, others)
    return exact + [
        (n, m)
        for n, (m, distance) in enumerate(zip(closest, apart, strict=True))
        if n not in found and distance <= near
    ]


def in_test(good: Sequence[Look], tested: Sequence[Look]) -> list[Finding]:
    """The good pictures whose piece is also among those that are to test the model."""
    return [
        Finding(
            Kind.IN_TEST,
            good[one].name,
            messages.IN_TEST.format(other=tested[other].name),
            tested[other].name,
            source=good[one].source,
        )
        for one, other in same_pieces(good, tested)
    ]


def remarks_on(looks: Sequence[Look], size: tuple[int, int]) -> tuple[str, ...]:
    """What the user should read about the pictures, in sentences.

    size: (h, w) to which they were resized.
    """
    remarks = []
    sizes = sorted({look.size for look in looks})
    if len(sizes) > 1:
        text = messages.SIZES_DIFFER.format(
            count=len(sizes),
            smallest=in_pixels(sizes[0]),
            largest=in_pixels(sizes[-1]),
            size=as_option(size),
        )
        remarks.append(text)
    if any(distorts(one, other) for one, other in itertools.combinations(sizes, 2)):
        remarks.append(messages.SHAPES_DIFFER)
    notes = Counter(note for look in looks for note in look.notes)
    remarks += [messages.NOTED.format(count=n, note=note) for note, n in notes.items()]
    found: dict[Kind, list[Finding]] = {}
    for finding in findings_of(looks):
        found.setdefault(finding.kind, []).append(finding)
    found.pop(Kind.SIZE, None)  # said above
    return (*remarks, *(summary(kind, items) for kind, items in found.items()))


def summary(kind: Kind, findings: Sequence[Finding]) -> str:
    """Several findings of one kind in a sentence."""
    first = findings[0]
    name = first.picture or messages.ALL_PICTURES
    return messages.FOUND.format(
        count=len(findings), kind=kind.value, first=name, detail=first.detail
    )


def _odd_ones_out(looks: Sequence[Look], kind: Kind, values: Sequence[str]) -> list[Finding]:
    counts = Counter(values)
    usual = counts.most_common(1)[0][0] if values else ""
    odd = len(values) - counts[usual]
    if odd > _MANY * len(values):  # then no single one of them is odd
        detail = messages.MANY_VALUES.format(count=odd, different=len(counts), usual=usual)
        return [Finding(kind, "", detail)]
    return [
        Finding(
            kind, look.name, messages.ODD_VALUE.format(value=value, usual=usual), source=look.source
        )
        for look, value in zip(looks, values, strict=True)
        if value != usual
    ]


def _fingerprint(picture: Picture) -> NDArray[np.bool_]:
    """Which of the lowest frequencies are above their median (a perceptual hash)."""
    side = 4 * _FINGERPRINT
    small = np.asarray(resize(picture.pixels, (side, side)), np.float32)
    grey = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    lowest = cv2.dct(grey)[:_FINGERPRINT, :_FINGERPRINT].ravel()
    return np.asarray(lowest > np.median(lowest))


def _extremes(looks: Sequence[Look], false_alarm: float) -> list[Finding]:
    found = []
    for measure, kind, sign in (
        ("brightness", Kind.DARK, -1),
        ("brightness", Kind.BRIGHT, 1),
        ("focus", Kind.BLURRED, -1),
    ):
        values = np.array([getattr(look.facts, measure) for look in looks])
        if not len(values):
            continue
        # Several lights in one set are no odd ones out: what one in twenty does is usual.
        usual = float(np.ptp(np.quantile(values, [0.05, 0.95]))) / 2 / _USUAL
        chances = tail(sign * values, max(usual, _LEAST_SPREAD[measure]))
        for index in np.flatnonzero(chances <= false_alarm).tolist():
            ratio = float(np.exp(values[index] - np.median(values)))
            detail = messages.ODD_RATIO.format(ratio=f"{ratio:.2g}", measure=measure)
            look, chance = looks[index], float(chances[index])
            found.append(Finding(kind, look.name, detail, None, chance, look.source))
    return found


def _near_copies(looks: Sequence[Look]) -> list[Finding]:
    if len(looks) < 2:
        return []
    near = _near_enough(looks)
    closest, apart = _closest(looks, looks, earlier=True)
    return [
        Finding(
            Kind.NEAR_COPY,
            look.name,
            messages.NEARLY.format(other=looks[other].name),
            looks[other].name,
            source=look.source,
        )
        for look, other, distance in zip(looks, closest, apart, strict=True)
        if distance <= near
    ]


def _near_enough(looks: Sequence[Look]) -> float:
    """Good pieces of a fixtured part look alike too, so a copy must be closer than they are."""
    _, apart = _closest(looks, looks, others_only=True)
    return min(_MOST_BITS, _NEAR * float(np.median(apart)))


def _closest(
    ones: Sequence[Look], others: Sequence[Look], earlier: bool = False, others_only: bool = False
) -> tuple[list[int], list[float]]:
    """For each of `ones` which of `others` has the fingerprint that differs in the fewest bits.

    And in how many of 256. earlier: only those before it in the same list; others_only: not itself.
    """
    first, second = (
        np.stack([look.fingerprint for look in looks]).astype(np.float32) * 2 - 1
        for looks in (ones, others)
    )
    closest: list[int] = []
    apart: list[float] = []
    for start in range(0, len(first), _BLOCK):  # of very many pictures never all pairs at once
        rows = np.arange(start, min(start + _BLOCK, len(first)))
        bits = (first.shape[1] - first[rows] @ second.T) / 2
        columns = np.arange(len(second))[None]
        if earlier:
            bits[columns >= rows[:, None]] = np.inf
        elif others_only:
            bits[columns == rows[:, None]] = np.inf
        best = bits.argmin(axis=1)
        closest += best.tolist()
        apart += bits[np.arange(len(rows)), best].tolist()
    return closest, apart
