"""The good pictures, read and prepared.

Few enough to fit a modest memory are kept; of many, the others are read once for what is to be
known of them, and again one after the other when they are scored.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.bundle import Provenance
from kenpin.dataset import LeftOut, find_pictures
from kenpin.errors import DatasetError, PictureError
from kenpin.findings import Look, remarks_on
from kenpin.held_out import numbers_of
from kenpin.manifest import Layout
from kenpin.models import Labels
from kenpin.prepare import Preparation, learn_compression, learn_standard
from kenpin.reading import (
    LEAST_PICTURES,
    SMALLEST_SEEN,
    Given,
    LabelsGiven,
    find_sources,
    paths_of,
    read_all,
    read_in_threads,
)
from kenpin.recipe import Recipe
from kenpin.types import Floats, PictureSource, Progress
from kenpin.usable import Facts

_BATCH = 64


@dataclass(frozen=True, eq=False)
class Material:
    """N good pictures of K windows each, picture by picture.

    resized: (N * K, H, W, C) float32 in [0, 1]; prepared: the same compressed or encoded, if so
    asked, or else the very same. numbers: (N * K,), see `numbers_of`. apart: (N * K,) True for
    what `split` keeps for the limit. names: of the labels; one "" without. defective: what is
    measured of each of the N pictures with a simulated defect; nothing where it was not measured.
    rest: the pictures that are too many to be kept, with the number of each one's label; they give
    the limit. looks: what is known of every picture that can be used; left_out: the others.
    """

    resized: Floats
    prepared: Floats
    preparation: Preparation
    provenance: Provenance
    numbers: Labels
    apart: NDArray[np.bool_]
    names: tuple[str, ...] = ("",)
    defective: tuple[Facts, ...] = ()
    rest: tuple[tuple[PictureSource, int], ...] = ()
    looks: tuple[Look, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @classmethod
    def of(
        cls,
        resized: Floats,
        preparation: Preparation,
        provenance: Provenance,
        recipe: Recipe,
        labels: Labels | None = None,
        names: Sequence[str] = ("",),
    ) -> "Material":
        """What becomes of (N * K, H, W, C) resized windows by the recipe; labels: (N,)."""
        windows = preparation.count
        if labels is None:
            labels = np.zeros(len(resized) // windows, np.intp)
        apart = np.repeat(_kept_apart(labels, recipe), windows)
        preparation, prepared = learn_compression(preparation, recipe, resized, apart)
        numbers = numbers_of(labels, windows)
        return cls(resized, prepared, preparation, provenance, numbers, apart, tuple(names))

    @property
    def labelled(self) -> bool:
        """Whether there are several parts."""
        return len(self.names) > 1

    @property
    def labels(self) -> Labels:
        """(N,) the number of each picture's label."""
        windows = self.preparation.count
        return self.numbers[::windows] // windows

    def batches(self, progress: Progress) -> Iterator[tuple[Floats, Labels]]:
        """The rest, prepared: (B * K, h, w, C) with (B * K,) numbers, a few at a time."""
        windows, numbers = [], []
        reads = read_in_threads([source for source, _ in self.rest], self.preparation.prepare)
        for done, ((_, label), answer) in enumerate(zip(self.rest, reads, strict=True), start=1):
            progress(messages.STAGE_SCORING, done, len(self.rest))
            if isinstance(answer, PictureError):  # it could be read a moment ago
                raise answer
            windows.append(answer[1].windows)
            numbers.append(label)
            if len(windows) == _BATCH or done == len(self.rest):
                labels = numbers_of(np.array(numbers), self.preparation.count)
                yield np.concatenate(windows), labels
                windows, numbers = [], []


def read_good(
    good: Given,
    labels: LabelsGiven,
    recipe: Recipe,
    progress: Progress,
    layout: Layout | None = None,
) -> Material:
    """Read and prepare the good pictures; see `kenpin.learn`."""
    sources, told = find_sources(good, labels, layout)
    kept, preparation, left_out = read_all(sources, told, recipe, progress)
    if len(kept) < LEAST_PICTURES:
        raise _too_few(len(kept), len(sources), left_out)
    names = _check_labels([read.look.label for read in kept]) if labels is not None else ("",)
    learned = [read for read in kept if read.windows is not None]
    resized = np.concatenate([read.windows for read in learned if read.windows is not None])
    if recipe.color == "auto" and not any(read.coloured for read in kept):
        resized = np.ascontiguousarray(resized[..., :1])
        preparation = replace(preparation, color="grey")
    numbers = np.array([names.index(read.look.label) for read in learned])
    rest = tuple((r.look.source, names.index(r.look.label)) for r in kept if r.windows is None)
    recipe = recipe.but(size=preparation.size, color=preparation.color)
    if rest:  # they are held out already
        recipe = recipe.but(held_out="kfold")
    unseen = [read.unseen for read in learned]
    apart = _kept_apart(numbers, recipe)
    preparation, resized = learn_standard(preparation, recipe, resized, unseen, apart)
    looks = tuple(read.look for read in kept)
    provenance = Provenance(
        pictures=tuple(look.hash for look in looks),
        size=preparation.frame or looks[0].size,
        left_out=tuple((item.name, item.reason) for item in left_out),
        remarks=(*remarks_on(looks, preparation.size), *_too_small(preparation, recipe)),
    )
    material = Material.of(resized, preparation, provenance, recipe, numbers, names)
    return replace(
        material,
        defective=tuple(read.defective for read in learned if read.defective is not None),
        rest=rest,
        looks=looks,
        left_out=tuple(left_out),
    )


def _too_small(preparation: Preparation, recipe: Recipe) -> tuple[str, ...]:
    """That the smallest defect may not be seen however large the picture is made."""
    defect, encoder = recipe.feature.smallest_defect, preparation.encoder
    if defect is None or encoder is None or preparation.frame is None:
        return ()
    longest = max(max(box[2:]) for box in preparation.rectangles(preparation.frame))
    seen = defect * max(preparation.size) / longest
    if seen >= SMALLEST_SEEN:
        return ()
    return (messages.SMALLEST_DEFECT.format(defect=f"{defect:g}", seen=seen, least=SMALLEST_SEEN),)


def read_ng(
    ng: Given, material: Material, progress: Progress, layout: Layout | None = None
) -> tuple[Floats, tuple[str, ...]]:
    """(M * K, h, w, C) NG pictures prepared like the good ones, and remarks about them.

    Raises DatasetError when one is also a good one, or none can be used.
    """
    sources = paths_of(ng, lambda given: find_pictures(given, layout))
    seen = frozenset(material.provenance.pictures)
    used: dict[str, tuple[Floats, tuple[int, int]]] = {}
    reads = read_in_threads(sources, material.preparation.prepare)
    for done, answer in enumerate(reads, start=1):
        progress(messages.STAGE_READING, done, len(sources))
        if isinstance(answer, PictureError):
            raise DatasetError(str(answer))
        picture, prepared = answer
        if picture.hash in seen:
            raise DatasetError(messages.NG_IS_GOOD.format(path=picture.name))
        used.setdefault(picture.hash, (prepared.windows, picture.size))
    other = sum(size != material.provenance.size for _, size in used.values())
    remarks = (messages.NG_SIZE.format(count=other),) if other else ()
    return np.concatenate([windows for windows, _ in used.values()]), remarks


def _kept_apart(labels: Labels, recipe: Recipe) -> NDArray[np.bool_]:
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


def _check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """The names of the labels, sorted; raises DatasetError when they cannot be used."""
    counts = Counter(labels)
    if "" in counts:
        raise DatasetError(messages.LABEL_EMPTY)
    names = tuple(sorted(counts))
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise DatasetError(messages.LABELS_ALIKE.format(one=other, other=name))
    for name, count in counts.items():
        if count < LEAST_PICTURES:
            raise DatasetError(
                messages.LABEL_TOO_FEW.format(label=name, count=count, least=LEAST_PICTURES)
            )
    if len(names) == 1:
        raise DatasetError(messages.LABEL_SINGLE.format(label=names[0]))
    return names


def _too_few(count: int, given: int, left_out: Sequence[LeftOut]) -> DatasetError:
    text = messages.TOO_FEW_GOOD.format(count=count, given=given, least=LEAST_PICTURES)
    for duplicate, reason in (
        (True, messages.LEFT_OUT_DUPLICATE),
        (False, messages.LEFT_OUT_UNREADABLE),
    ):
        number = sum(item.duplicate == duplicate for item in left_out)
        if number:
            first = next(item for item in left_out if item.duplicate == duplicate)
            text += " " + reason.format(count=number, name=first.name, reason=first.reason)
    return DatasetError(text)
