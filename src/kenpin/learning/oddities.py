"""What is odd about a set of good pictures, seen from what was measured of each."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenpin.learning.good_pictures import GoodPicture
from kenpin.prepare import as_option, distorts, in_pixels
from kenpin.sources import PictureSource
from kenpin.statistics import STUDENT_QUARTILE, student_tail
from kenpin.text import Notice

FALSE_ALARM = 0.01
"""The share of good pictures that each search for odd ones calls odd."""

_LEAST_SPREAD = {"brightness": 0.02, "focus": 0.05}  # of logarithms: less is not worth a word
_USUAL = 2.132  # Student's distribution is above it one time in twenty
_NEAR = 0.25  # of the distance at which neighbours typically are
_MOST_BITS = 16  # of 256 in which a copy differs at most
_BLOCK = 1000
_MANY = 0.25
_MEDIAN_DEVIATION = 0.6745  # of a normal distribution, in standard deviations
_UNEVEN = 0.05  # standard deviation of the brightness, by itself


class Kind(StrEnum):
    """What may be odd about a picture, or about the set."""

    UNREADABLE = "unreadable"
    COPY = "copy"
    NEAR_COPY = "near_copy"
    IN_TEST = "in_test"
    SIZE = "size"
    MODE = "mode"
    DARK = "dark"
    BRIGHT = "bright"
    BLURRED = "blurred"
    UNLIKE = "unlike"
    TOO_FEW = "too_few"
    TEXT = "text"

    @property
    def notice(self) -> Notice:
        """What it is called, for people."""
        return Notice(f"odd_{self.value}")


@dataclass(frozen=True)
class Finding:
    """picture: its name; "" when the whole set is meant. other: the picture it was compared with.

    detail: why it is odd.

    p_value: the share of good pictures that is at least as odd, where that was estimated.
    source: where the picture is. value: the score that is odd.
    """

    kind: Kind
    picture: str
    detail: Notice
    other: str | None = None
    p_value: float | None = None
    source: PictureSource | None = None
    value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"kind": self.kind.value, "picture": self.picture, "detail": self.detail.to_dict(),
                "other": self.other, "p_value": self.p_value}  # fmt: skip


def findings_of(pictures: Sequence[GoodPicture], false_alarm: float = FALSE_ALARM) -> list[Finding]:
    """Odd sizes, colours, light and focus, and pictures that are nearly copies of another."""
    return [
        *_odd_ones_out(
            pictures, Kind.SIZE, [Notice("size", size=in_pixels(one.size)) for one in pictures]
        ),
        *_odd_ones_out(pictures, Kind.MODE, [one.mode for one in pictures]),
        *_near_copies(pictures),
        *_extremes(pictures, false_alarm),
    ]


def tail(values: NDArray[np.float64], least_spread: float = 0.0) -> NDArray[np.float64]:
    """(N,) values -> (N,) how likely a good picture's is at least as high.

    By Student's distribution about the median, as wide as the median deviation says: neither cares
    for the few odd ones that are looked for.
    """
    centre = np.median(values)
    spread = np.median(np.abs(values - centre)) / STUDENT_QUARTILE
    return student_tail((values - centre) / max(spread, least_spread, 1e-9))


def unlike(pictures: Sequence[GoodPicture], scores: NDArray[np.float64]) -> list[Finding]:
    """The pictures by how unlike the others of their label they are, most unlike first.

    scores: (N,) of each by a model that has not seen it, high is abnormal.
    """
    labels = np.array([one.label for one in pictures])
    found = []
    for label in np.unique(labels):
        inside = np.flatnonzero(labels == label)
        chances = tail(np.log(np.maximum(scores[inside], 1e-12)))
        typical = float(np.median(scores[inside]))
        for index, chance in zip(inside.tolist(), chances.tolist(), strict=True):
            detail = Notice("unlike", score=float(scores[index]), typical=typical)
            one = pictures[index]
            value = float(scores[index])
            found.append(Finding(Kind.UNLIKE, one.name, detail, None, chance, one.source, value))
    return sorted(found, key=lambda finding: finding.p_value or 0.0)


def same_pieces(
    ones: Sequence[GoodPicture], others: Sequence[GoodPicture]
) -> list[tuple[int, int]]:
    """Pairs of pictures that show the same pixels, or nearly so."""
    hashes = {one.hash: n for n, one in enumerate(others)}
    exact = [(n, hashes[one.hash]) for n, one in enumerate(ones) if one.hash in hashes]
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


def in_test(good: Sequence[GoodPicture], tested: Sequence[GoodPicture]) -> list[Finding]:
    """The good pictures whose piece is also among those that are to test the model."""
    return [
        Finding(
            Kind.IN_TEST,
            good[one].name,
            Notice("in_test", other=tested[other].name),
            tested[other].name,
            source=good[one].source,
        )
        for one, other in same_pieces(good, tested)
    ]


def remarks_on(pictures: Sequence[GoodPicture], size: tuple[int, int]) -> tuple[Notice, ...]:
    """What the user should read about the pictures, in sentences.

    size: (h, w) to which they were resized.
    """
    remarks = []
    sizes = sorted({one.size for one in pictures})
    if len(sizes) > 1:
        text = Notice(
            "sizes_differ",
            count=len(sizes),
            smallest=in_pixels(sizes[0]),
            largest=in_pixels(sizes[-1]),
            size=as_option(size),
        )
        remarks.append(text)
    if any(distorts(one, other) for one, other in itertools.combinations(sizes, 2)):
        remarks.append(Notice("shapes_differ"))
    notes = Counter(note for one in pictures for note in one.notes)
    remarks += [Notice("noted", count=n, note=note) for note, n in notes.items()]
    found: dict[Kind, list[Finding]] = {}
    for finding in findings_of(pictures):
        found.setdefault(finding.kind, []).append(finding)
    found.pop(Kind.SIZE, None)  # said above
    return (*remarks, *(summary(kind, items) for kind, items in found.items()))


def light_varies(pictures: Sequence[GoodPicture]) -> tuple[Notice, ...]:
    """That the pictures of a label differ in brightness so that evening it out may help."""
    labels = np.array([one.label for one in pictures])
    values = np.array([one.facts.brightness for one in pictures])
    spreads = []
    for label in np.unique(labels):
        own = values[labels == label]
        spreads.append(float(np.median(np.abs(own - np.median(own)))) / _MEDIAN_DEVIATION)
    widest = max(spreads)
    return (Notice("light_varies", spread=widest),) if widest > _UNEVEN else ()


def summary(kind: Kind, findings: Sequence[Finding]) -> Notice:
    """Several findings of one kind in a sentence."""
    first = findings[0]
    if not first.picture:
        return Notice("found_in_all", kind=kind.notice, detail=first.detail)
    told = {"kind": kind.notice, "first": first.picture, "detail": first.detail}
    return Notice("found", count=len(findings), **told)


def _odd_ones_out(
    pictures: Sequence[GoodPicture], kind: Kind, values: Sequence[Notice]
) -> list[Finding]:
    counts = Counter(values)
    usual = counts.most_common(1)[0][0] if values else Notice("all_pictures")
    odd = len(values) - counts[usual]
    if odd > _MANY * len(values):  # then no single one of them is odd
        detail = Notice("many_values", count=odd, different=len(counts), usual=usual)
        return [Finding(kind, "", detail)]
    return [
        Finding(kind, one.name, Notice("odd_value", value=value, usual=usual), source=one.source)
        for one, value in zip(pictures, values, strict=True)
        if value != usual
    ]


def _extremes(pictures: Sequence[GoodPicture], false_alarm: float) -> list[Finding]:
    found = []
    for measure, kind, sign in (
        ("brightness", Kind.DARK, -1),
        ("brightness", Kind.BRIGHT, 1),
        ("focus", Kind.BLURRED, -1),
    ):
        values = np.array([getattr(one.facts, measure) for one in pictures])
        if not len(values):
            continue
        # Several lights in one set are no odd ones out: what one in twenty does is usual.
        usual = float(np.ptp(np.quantile(values, [0.05, 0.95]))) / 2 / _USUAL
        chances = tail(sign * values, max(usual, _LEAST_SPREAD[measure]))
        for index in np.flatnonzero(chances <= false_alarm).tolist():
            ratio = float(np.exp(values[index] - np.median(values)))
            detail = Notice("odd_ratio", ratio=ratio, measure=Notice(f"measure_{measure}"))
            one, chance = pictures[index], float(chances[index])
            found.append(Finding(kind, one.name, detail, None, chance, one.source))
    return found


def _near_copies(pictures: Sequence[GoodPicture]) -> list[Finding]:
    if len(pictures) < 2:
        return []
    near = _near_enough(pictures)
    closest, apart = _closest(pictures, pictures, earlier=True)
    return [
        Finding(
            Kind.NEAR_COPY,
            one.name,
            Notice("nearly", other=pictures[other].name),
            pictures[other].name,
            source=one.source,
        )
        for one, other, distance in zip(pictures, closest, apart, strict=True)
        if distance <= near
    ]


def _near_enough(pictures: Sequence[GoodPicture]) -> float:
    """Good pieces of a fixtured part look alike too, so a copy must be closer than they are."""
    _, apart = _closest(pictures, pictures, others_only=True)
    return min(_MOST_BITS, _NEAR * float(np.median(apart)))


def _closest(
    ones: Sequence[GoodPicture],
    others: Sequence[GoodPicture],
    earlier: bool = False,
    others_only: bool = False,
) -> tuple[list[int], list[float]]:
    """For each of `ones` which of `others` has the fingerprint that differs in the fewest bits.

    And in how many of 256. earlier: only those before it in the same list; others_only: not itself.
    """
    first, second = (
        np.stack([one.fingerprint for one in pictures]).astype(np.float32) * 2 - 1
        for pictures in (ones, others)
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
