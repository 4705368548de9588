"""The good pictures that a part is learned from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.errors import PictureError
from kenpin.judge import Facts
from kenpin.learning.in_threads import read_in_threads
from kenpin.learning.windows import Windows, shifted_inputs
from kenpin.models import Encoder, Labels
from kenpin.prepare import Preparation, learn_compression, resize
from kenpin.recipe import Recipe
from kenpin.sources import LeftOut, PictureSource
from kenpin.text import Notice, say
from kenpin.types import Floats, Picture, Progress

LEAST_PICTURES = 10
_BATCH, _MOST_BYTES = 64, 2**28  # pictures that are read before they are judged, and their size
_FINGERPRINT = 16  # a side

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GoodPicture:
    """One picture that can be used; its full-size pixels are let go.

    name: the last two parts of its path. label: "" without labels. hash: of its pixels. size:
    (H, W). mode: kind of its pixels. coloured: whether its windows have colour. facts: what is
    measured of it, and of the same with a simulated defect. fingerprint: (256,) bool, alike for
    copies that were saved or resized differently. learned: whether the model learns from it; of
    very many pictures it does not from all. held: whether `split` keeps it apart. windows: (K, h,
    w, C) as cut out, of tiles only for people and with their features, and unseen as in `Prepared`,
    until they are learned from. sizes: (M,) what is measured of a harness.
    """

    name: str
    source: PictureSource
    label: str
    hash: str
    size: tuple[int, int]
    mode: Notice
    notes: tuple[Notice, ...]
    facts: Facts
    fingerprint: Mask
    learned: bool = True
    coloured: bool = False
    held: bool = False
    defective: Facts | None = None
    windows: Floats | None = None
    features: Floats | None = None
    unseen: Mask | None = None
    sizes: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls, source: PictureSource, picture: Picture, name: str, facts: Facts, label: str = ""
    ) -> Self:
        """From the picture itself, not yet to be learned from."""
        code = "colour_depth" if picture.pixels.ndim == 3 else "grey_depth"
        mode = Notice(code, bits=picture.pixels.dtype.itemsize * 8)
        own = picture.hash, picture.size, mode, picture.notes, facts
        return cls(name, source, label, *own, fingerprint_of(picture), learned=False)

    def let_go(self) -> Self:
        """The same without what is learned from."""
        return replace(self, windows=None, features=None, unseen=None)


@dataclass(frozen=True, eq=False)
class GoodPictures:
    """N good pictures to learn from, of K windows each, picture by picture.

    pictures: (N * K, H, W, C) float32 in [0, 1], prepared but not yet compressed; of tiles small,
    for people. inputs: what the model learns from: their compression, their features by the
    encoder, or the very same. shifted: see `Windows`; not of tiles. numbers: (N * K,), see
    `numbers_of`. apart: (N * K,) True for what `split` keeps for the limit. names: of the labels;
    one "" without. each: every picture that can be used; left_out: the others. rest: those too many
    to be kept, with the number of each one's label; they give the limit. remarks: what a person
    should know of them. size: (H, W) of most.
    """

    pictures: Floats
    inputs: Floats
    preparation: Preparation
    encoder: Encoder | None
    numbers: Labels
    apart: Mask
    names: tuple[str, ...] = ("",)
    each: tuple[GoodPicture, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    rest: tuple[tuple[PictureSource, int], ...] = ()
    remarks: tuple[Notice, ...] = ()
    size: tuple[int, int] = field(default=(0, 0))
    shifted: Floats | None = None

    @classmethod
    def of(
        cls,
        pictures: Floats,
        preparation: Preparation,
        recipe: Recipe,
        labels: Labels | None = None,
        names: Sequence[str] = ("",),
        encoder: Encoder | None = None,
        apart: Mask | None = None,
        features: Floats | None = None,
    ) -> Self:
        """From (N * K, H, W, C) windows; labels: (N,); apart: (N,), else chosen by the recipe.

        features: of the windows, where they were made already.
        """
        windows = preparation.count
        if labels is None:
            labels = np.zeros(len(pictures) // windows, np.intp)
        apart = np.repeat(kept_apart(labels, recipe) if apart is None else apart, windows)
        preparation, inputs = learn_compression(preparation, recipe, pictures, apart)
        shifted = None
        if features is not None:
            inputs = features
        elif encoder is not None:
            inputs = encoder.encode(pictures)
            shifted = shifted_inputs(pictures, encoder, recipe)
        size = preparation.frame or preparation.size
        return cls(
            pictures, inputs, preparation, encoder, numbers_of(labels, windows), apart,
            tuple(names), size=size, shifted=shifted,
        )  # fmt: skip

    def of_tile(self, number: int) -> "GoodPictures":
        """One tile of those that are kept."""
        step = slice(number, None, self.preparation.count)
        return replace(
            self,
            pictures=self.pictures[step],
            inputs=self.inputs[step],
            preparation=self.preparation.of_tile(number),
            numbers=self.labels,
            apart=self.apart[step],
            rest=(),
        )

    def without(self, out: Mask) -> "GoodPictures":
        """The same without some of those that are learned from, (N,) True; none may be `rest`."""
        kept = ~np.repeat(out, self.preparation.count)
        each = tuple(one for one, left in zip(self.each, out, strict=True) if not left)
        return replace(
            self,
            pictures=self.pictures[kept],
            inputs=self.inputs[kept],
            numbers=self.numbers[kept],
            apart=self.apart[kept],
            each=each,
            shifted=None if self.shifted is None else self.shifted[kept],
        )

    @property
    def windows(self) -> Windows:
        """All of them, for a model."""
        return Windows(self.inputs, self.numbers, self.preparation.count, self.shifted)

    @property
    def labelled(self) -> bool:
        """Whether there are several parts."""
        return len(self.names) > 1

    @property
    def labels(self) -> Labels:
        """(N,) the number of each picture's label."""
        windows = self.preparation.count
        return self.numbers[::windows] // windows

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) of what the model sees of a window."""
        return self.inputs.shape[1], self.inputs.shape[2]

    @property
    def finest_grid(self) -> tuple[int, int]:
        """(h, w) of the finest features; `grid` where there are none."""
        return self.grid if self.encoder is None else self.encoder.packing.finest(self.grid)

    @property
    def hashes(self) -> tuple[str, ...]:
        """Of the pixels of every picture that can be used."""
        return tuple(one.hash for one in self.each)

    def batches(self, progress: Progress) -> Iterator[Windows]:
        """The rest, a few at a time."""
        inputs, labels = [], []
        at_once = max(1, min(_BATCH, _MOST_BYTES // self.inputs[: self.preparation.count].nbytes))
        reads = read_in_threads([source for source, _ in self.rest], self.preparation.prepare)
        for done, ((_, label), answer) in enumerate(zip(self.rest, reads, strict=True), start=1):
            progress(say("stage_scoring"), done, len(self.rest))
            if isinstance(answer, PictureError):  # it could be read a moment ago
                raise answer
            windows = answer[1].windows
            inputs.append(windows if self.encoder is None else self.encoder.encode(windows))
            labels.append(label)
            if len(inputs) == at_once or done == len(self.rest):
                count = self.preparation.count
                numbers = numbers_of(np.array(labels), count)
                yield Windows(np.concatenate(inputs), numbers, count)
                inputs, labels = [], []


def numbers_of(labels: Labels, windows: int) -> Labels:
    """(N,) labels -> (N * K,) the numbers by which models and measures tell windows apart.

    A window of a part is learned for itself, just as a part is: number = label * K + window.
    """
    return (labels[:, None] * windows + np.arange(windows)).ravel()


def kept_apart(labels: Labels, recipe: Recipe) -> Mask:
    """(N,) True for the pictures of each label that `split` keeps apart."""
    apart = np.zeros(len(labels), bool)
    if recipe.held_out != "split":
        return apart
    rng = np.random.default_rng(recipe.seed)
    for label in range(int(labels.max()) + 1):
        order = rng.permutation(np.flatnonzero(labels == label))
        number = round(recipe.split_share * len(order))
        apart[order[: min(max(1, number), len(order) - LEAST_PICTURES // 2)]] = True
    return apart


def fingerprint_of(picture: Picture) -> Mask:
    """Which of the lowest frequencies are above their median (a perceptual hash)."""
    side = 4 * _FINGERPRINT
    small = np.asarray(resize(picture.pixels, (side, side)), np.float32)
    grey = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    lowest = cv2.dct(grey)[:_FINGERPRINT, :_FINGERPRINT].ravel()
    return np.asarray(lowest > np.median(lowest))
