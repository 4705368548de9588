"""The things that travel through kenpin; all frozen.

Everywhere a picture's place is (x, y), x to the right and y down, from the upper left corner, and
an array's shape is (height, width, channels).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from kenpin.text import Notice

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Floats = NDArray[np.float32]


class Workers(Protocol):
    """Where independent pieces of work are done: here or on other computers.

    See `kenpin.scale`; each piece is one core's.
    """

    def map(
        self, work: Callable[[Any, Any], Any], shared: Any, items: Iterable[Any]
    ) -> Iterator[Any]:
        """What `work(shared, item)` gives of each item, in whatever order they are done.

        shared: sent once. Only a few items are given out at any time. What `work` raises is raised
        here.
        """
        ...


class Progress(Protocol):
    """Told how far a long task is: called with the stage's name, steps done, and steps in all."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note; must return quickly."""


class Outcome(StrEnum):
    """What is decided about a part."""

    OK = "OK"
    NG = "NG"
    WRONG_PART = "WRONG_PART"
    UNUSABLE = "UNUSABLE"
    REVIEW = "REVIEW"


class ReasonCode(StrEnum):
    """Why a picture is unusable."""

    PROPORTIONS = "proportions"
    BLANK = "blank"
    OVEREXPOSED = "overexposed"
    DARK = "dark"
    BRIGHT = "bright"
    BLURRED = "blurred"
    NOT_FOUND = "not_found"
    ANOTHER_PART = "another_part"
    DEPTH = "depth"
    RESOLUTION = "resolution"
    NO_HARNESS = "no_harness"
    CUT_OFF = "cut_off"
    CANNOT_FOLLOW = "cannot_follow"
    SECOND_HARNESS = "second_harness"
    ANOTHER_HARNESS = "another_harness"


@dataclass(frozen=True)
class Reason:
    """Why a picture is unusable: what was measured, and the limit that it is beyond.

    In proportions height by width; of a blank picture the deviation of its grey levels by their
    mean; overexposed, the share of white pixels; dark and bright, the mean grey level in [0, 1];
    blurred, the sharpness; a part that is not found or another one, the correlation with the mean
    good picture; of another bit depth the brightest value, and the one it should not be above or
    not far below; of a coarser resolution the height, and that of the good pictures; of a harness
    that cannot be followed, or a second one, x and y of where; of no harness zeros.
    """

    code: ReasonCode
    value: float
    limit: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"code": self.code.value, "value": self.value, "limit": self.limit}

    def __str__(self) -> str:
        return str(Notice(f"reason_{self.code}"))


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as the user gave it.

    pixels: (H, W) grey or (H, W, 3) RGB, uint8 or uint16. name: for people, usually a path.
    notes: what was done to read it, such as that transparency was ignored.
    """

    pixels: Pixels
    name: str
    notes: tuple[Notice, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the decoded pixels: equal for a copy under another name or lossless format.

        Grey stored as three equal channels has the hash of the same grey stored as one.
        """
        pixels = self.pixels
        if pixels.ndim == 3 and bool((pixels == pixels[:, :, :1]).all()):
            pixels = pixels[:, :, 0]
        digest = hashlib.sha256(f"{pixels.shape}{pixels.dtype}".encode())
        digest.update(pixels.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Region:
    """A rectangle around a part of the difference that is above the limit.

    x, y, width, height: in a verdict, in pixels of the picture the user gave. peak: the largest
    difference inside, in its unit. window: the name of the window that it lies in, where
    the recipe has windows. seen_by: of a part with two eyes the one to which more is unusual there:
    "texture" (features) or "shape" (pixels: light, dark and colour where parts have none).
    """

    x: int
    y: int
    width: int
    height: int
    peak: float
    window: str | None = None
    seen_by: Literal["texture", "shape"] | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a person wants to see of a verdict, at the size the model sees.

    K is the number of windows in the recipe, 1 without. prepared, reconstruction: (K, h, w, C)
    float32 in about [0, 1]; there is no reconstruction by a model that answers with a residual
    only, but beside `feature` a linear autoencoder of the pixels rebuilds for people. difference:
    (K, h, w) float32 >= 0, high is abnormal, in good-part units unless the recipe asks for another
    difference. places: (K, h, w) float32 >= 0, what pictures show: the difference, of features
    drawn in to where the pixels differ too; the largest value is the same. to_picture: of each
    window a (3, 3) map from its pixels (x, y, 1) to those of the picture, or (h, w, 2) where each
    of its pixels is there, not a number where nowhere. for_people: whether the
    reconstruction is only for people. white: the value that is white in the picture. coarse:
    whether a smaller picture was rebuilt, so that its squared difference from this one says
    nothing. lines: of a harness, (n, 2) x, y in the picture, by their names.
    """

    prepared: Floats
    reconstruction: Floats | None
    difference: Floats
    places: Floats
    to_picture: tuple[NDArray[np.floating[Any]], ...]
    for_people: bool = False
    white: int = 255
    coarse: bool = False
    lines: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True)
class WindowVerdict:
    """The answer for one window of a picture; see `Verdict`."""

    name: str
    outcome: Outcome
    score: float


@dataclass(frozen=True)
class SizeVerdict:
    """The answer for one thing that is measured of a harness.

    name: as a column has it, "A.length". line: of which, "" of the whole; kind, number: see
    `kenpin.harness.Measure`. value, and low and high,
    between which good ones are: in `unit`, "mm" or "px" (numbers have ""); None of what is missing.
    score: what it is worth, see `Verdict.score`; p_value: alike. x, y: where, in pixels of the
    picture the user gave; None where it is nowhere.
    """

    name: str
    line: str
    kind: str
    number: int
    value: float | None
    low: float
    high: float
    unit: str
    outcome: Outcome
    score: float
    p_value: float
    x: float | None
    y: float | None


DIGITS = 3  # of what is measured, where values are kept and compared: equal ones stay equal

FACTS = ("fit", "brightness", "sharpness")
"""What a verdict says of the picture as a whole; see `Verdict`."""


class Shown:
    """What a notebook shows as HTML; how, `kenpin` says: pages are made in rooms far above."""

    def _repr_html_(self) -> str | None:
        return _SHOW[-1](self) if _SHOW else None


_SHOW: list[Callable[[Any], str]] = []


def show_with(how: Callable[[Any], str]) -> None:
    """From now on make the HTML of what is shown like this."""
    _SHOW[:] = [how]


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """The answer for one picture.

    score: high is abnormal; by default the mean of the largest hundredth of the difference, which
    is of features in squared standard deviations of good parts. limit: a score above it is NG.
    p_value: the share of good parts expected to score at least this high, in (0, 1]; small is
    abnormal. regions: most abnormal first, empty
    when OK or unusable, never empty else. level: they are the places of the difference map above
    it; the limit itself where the score is the largest difference.
    l1, l2: mean absolute and mean squared residual, for comparison: of grey levels in [0, 1], or
    in the residual's own unit where the model does not reconstruct.
    margin: how much more the part looks like another label than like the one it is judged as, the
    logarithm of a ratio of scores; above 0 another fits better. Above margin_limit the part is not
    OK.
    expected: the label that the inspector was told. label: the one the part looks like. sure: how
    probable that is among the labels, in (0, 1]. All None where the bundle has no labels.
    windows: what each window came to, where the recipe has windows; the worst rules. sizes: what
    each thing that is measured came to, of a harness.
    review_limit: a score above it, up to the limit, is REVIEW; None where the answers are two.
    reason: why the picture is unusable; None when it can be used. fit: how well it fits the mean
    good picture, after alignment if the recipe asks for it: their correlation, in [-1, 1].
    brightness: its mean grey level, in [0, 1]. sharpness: how strong its finest detail is beside
    its contrast, > 0; low is blurred. The three are None from files of earlier formats.
    size: (H, W) of the picture the user gave. notes: what was done to read it.
    milliseconds: time spent in each stage.
    evidence: None where it was let go to save memory.
    """

    picture: str
    outcome: Outcome
    score: float
    limit: float
    p_value: float
    regions: tuple[Region, ...]
    l1: float
    l2: float
    size: tuple[int, int]
    notes: tuple[Notice, ...]
    milliseconds: dict[str, float] = field(compare=False)
    evidence: Evidence | None = field(repr=False, compare=False)
    expected: str | None = None
    label: str | None = None
    sure: float | None = None
    margin: float | None = None
    margin_limit: float | None = None
    level: float = 0.0
    windows: tuple[WindowVerdict, ...] = ()
    sizes: tuple[SizeVerdict, ...] = ()
    reason: Reason | None = None
    fit: float | None = None
    brightness: float | None = None
    sharpness: float | None = None
    review_limit: float | None = None

    def __repr__(self) -> str:
        why = f" ({self.reason.code})" if self.reason else ""
        label = f", looks like {self.label!r}" if self.label is not None else ""
        return (
            f"<Verdict {self.outcome}{why} {self.picture!r}: score {self.score:#.4g}, "
            f"limit {self.limit:#.4g}, p {self.p_value:#.2g}, {len(self.regions)} regions{label}>"
        )

    @property
    def findings(self) -> tuple[Notice, ...]:
        """What is wrong with a harness, in words; the plainest first."""
        return tuple(note for note in self.notes if note.code.startswith("finding_"))

    @property
    def measured(self) -> dict[str, float | None] | None:
        """Of a harness what each thing measures, by its name, to a thousandth, None of what is
        missing; None of what has none.
        """
        values = ((one.name, one.value) for one in self.sizes)
        return {name: value if value is None else round(value, DIGITS)
                for name, value in values} or None  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON-able values; `picture` is a string, times are rounded."""
        labels = {
            "expected": self.expected,
            "label": self.label,
            "sure": self.sure,
            "margin": self.margin,
            "margin_limit": self.margin_limit,
        }
        return {
            "picture": self.picture,
            "verdict": self.outcome.value,
            **({"reason": self.reason.to_dict()} if self.reason else {}),
            "score": self.score,
            "limit": self.limit,
            **({"review_limit": self.review_limit} if self.review_limit is not None else {}),
            "p_value": self.p_value,
            "regions": [_without_none(vars(region)) for region in self.regions],
            **({"windows": [vars(window) for window in self.windows]} if self.windows else {}),
            **({"sizes": [vars(size) for size in self.sizes]} if self.sizes else {}),
            "l1": self.l1,
            "l2": self.l2,
            **_without_none({key: getattr(self, key) for key in FACTS}),
            **(labels if self.label is not None else {}),
            "notes": [note.to_dict() for note in self.notes],
            "ms": {stage: round(ms, 3) for stage, ms in self.milliseconds.items()},
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """What a series of verdicts is watched by; see `Verdict`.

    at: milliseconds since 1970 of the world's clock; offset: of the place, in minutes. sizes: see
    `Verdict.measured`; None of what has none.
    """

    at: int
    offset: int
    outcome: Outcome
    score: float
    limit: float
    expected: str | None = None
    label: str | None = None
    fit: float | None = None
    brightness: float | None = None
    sharpness: float | None = None
    sizes: Mapping[str, float | None] | None = None

    @classmethod
    def of(cls, verdict: Verdict, at: int, offset: int = 0) -> Self:
        """That of a verdict given at a time."""
        names = ("outcome", "score", "limit", "expected", "label", *FACTS)
        told = {name: getattr(verdict, name) for name in names}
        return cls(at, offset, **told, sizes=verdict.measured)


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
