"""The good pictures, read and prepared, each once."""

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.bundle import Provenance
from kenpin.dataset import LeftOut, find_good, find_good_of_labels, find_pictures
from kenpin.errors import DatasetError, PictureError
from kenpin.models import NETWORKS, Labels
from kenpin.pictures import read_picture, read_size
from kenpin.prepare import (
    Preparation,
    as_option,
    distorts,
    fitting_size,
    in_pixels,
    learn_compression,
)
from kenpin.recipe import Recipe
from kenpin.settings import SMALLEST_SIDE
from kenpin.types import Floats, PictureSource, Progress

LEAST_PICTURES = 10
LONGEST_OF_NETWORKS = 64  # pixels of the longer side that the model sees
_LONGEST, _LONGEST_COMPRESSED = 128, 256

Given = str | Path | Sequence[PictureSource]
LabelsGiven = str | Sequence[str] | None


@dataclass(frozen=True, eq=False)
class Material:
    """resized: (N, H, W, C) float32 in [0, 1]; prepared: the same compressed, if so asked, or
    else the very same. labels: (N,) numbers into `names`; None without labels.
    """

    resized: Floats
    prepared: Floats
    preparation: Preparation
    provenance: Provenance
    apart: NDArray[np.bool_]
    labels: Labels | None = None
    names: tuple[str, ...] = ("",)

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
        """What becomes of (N, H, W, C) resized pictures by the recipe."""
        numbers = np.zeros(len(resized), np.intp) if labels is None else labels
        apart = _kept_apart(numbers, recipe)
        preparation, prepared = learn_compression(preparation, recipe, resized, apart)
        return cls(resized, prepared, preparation, provenance, apart, labels, tuple(names))


def read_good(good: Given, labels: LabelsGiven, recipe: Recipe, progress: Progress) -> Material:
    """Read and prepare the good pictures; see `kenpin.learn`."""
    sources, told = _sources(good, labels)
    size = recipe.size or _fitting_size(sources, recipe)
    wanted = Preparation(size, "grey" if recipe.color == "grey" else "rgb")
    used: dict[str, _Read] = {}
    label_of: dict[str, str] = {}
    left_out: list[LeftOut] = []
    answers = _read_in_threads(sources, wanted)
    for done, (source, label, answer) in enumerate(
        zip(sources, told, answers, strict=True), start=1
    ):
        progress(messages.STAGE_READING, done, len(sources))
        if isinstance(answer, PictureError):
            left_out.append(LeftOut(_name(source), str(answer)))
        elif answer.hash in used:
            other = _name(used[answer.hash].name)
            if label_of[answer.hash] != label:
                name = _name(answer.name)
                raise DatasetError(messages.LABEL_TWICE.format(path=name, other=other))
            reason = messages.DUPLICATE.format(other=other)
            left_out.append(LeftOut(_name(answer.name), reason, duplicate=True))
        else:
            used[answer.hash] = answer
            label_of[answer.hash] = label
    if len(used) < LEAST_PICTURES:
        raise _too_few(len(used), len(sources), left_out)
    names = _check_labels(list(label_of.values())) if labels is not None else ("",)
    resized = np.stack([read.prepared for read in used.values()])
    if recipe.color == "auto" and bool((resized == resized[..., :1]).all()):
        resized, wanted = np.ascontiguousarray(resized[..., :1]), Preparation(size, "grey")
    provenance = Provenance(
        pictures=tuple(used),
        size=Counter(read.size for read in used.values()).most_common(1)[0][0],
        left_out=tuple((item.name, item.reason) for item in left_out),
        remarks=_remarks(list(used.values()), size),
    )
    numbers = np.array([names.index(label) for label in label_of.values()])
    conditional = numbers if len(names) > 1 else None
    return Material.of(resized, wanted, provenance, recipe.but(size=size), conditional, names)


def read_ng(ng: Given, material: Material, progress: Progress) -> tuple[Floats, tuple[str, ...]]:
    """(M, h, w, C) NG pictures prepared like the good ones, and remarks about them.

    Raises DatasetError when one is also a good one, or none can be used.
    """
    sources = _paths_of(ng, find_pictures)
    seen = frozenset(material.provenance.pictures)
    used: dict[str, _Read] = {}
    for done, answer in enumerate(_read_in_threads(sources, material.preparation), start=1):
        progress(messages.STAGE_READING, done, len(sources))
        if isinstance(answer, PictureError):
            raise DatasetError(str(answer))
        if answer.hash in seen:
            raise DatasetError(messages.NG_IS_GOOD.format(path=answer.name))
        used.setdefault(answer.hash, answer)
    other = sum(read.size != material.provenance.size for read in used.values())
    remarks = (messages.NG_SIZE.format(count=other),) if other else ()
    return np.stack([read.prepared for read in used.values()]), remarks


@dataclass(frozen=True, eq=False)
class _Read:
    """One picture, read and prepared; its full-size pixels are already let go."""

    name: str
    hash: str
    size: tuple[int, int]
    notes: tuple[str, ...]
    prepared: Floats


def _sources(good: Given, labels: LabelsGiven) -> tuple[list[PictureSource], list[str]]:
    """The pictures, and the label of each; "" where there are no labels."""
    if isinstance(labels, str):
        paths = [good] if isinstance(good, str | Path) else list(good)
        if not all(isinstance(path, str | Path) for path in paths):
            raise DatasetError(messages.LABELS_OF_ONE)
        found = find_good_of_labels(
            [path for path in paths if isinstance(path, str | Path)], labels
        )
        return [path for path, _ in found], [label for _, label in found]
    sources = _paths_of(good, find_good)
    told = [""] * len(sources)
    if labels is not None:
        told = ["" if label is None else str(label).strip() for label in labels]
    if len(told) != len(sources):
        raise DatasetError(messages.LABELS_COUNT.format(labels=len(told), pictures=len(sources)))
    return sources, told


def _paths_of(
    given: Given, find: Callable[[str | Path | Sequence[str | Path]], list[Path]]
) -> list[PictureSource]:
    if isinstance(given, str | Path):
        return list(find(given))
    if not isinstance(given, Sequence | np.ndarray):
        raise DatasetError(messages.NOT_PICTURES.format(kind=type(given).__name__))
    sources: list[PictureSource] = []
    for source in given:
        sources += find(source) if isinstance(source, str | Path) else [source]
    return sources or list(find([]))


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


def _read_in_threads(
    sources: Sequence[PictureSource], preparation: Preparation
) -> Iterator[_Read | PictureError]:
    def read(source: PictureSource) -> _Read | PictureError:
        try:
            picture = read_picture(source)
        except PictureError as error:
            return error
        prepared = preparation.prepare(picture)
        return _Read(picture.name, picture.hash, picture.size, picture.notes, prepared)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(read, sources)


def _fitting_size(sources: Sequence[PictureSource], recipe: Recipe) -> tuple[int, int]:
    sizes = []
    for source in sources:
        with contextlib.suppress(PictureError):  # said with its reason when it is read
            sizes.append(read_size(source))
    if not sizes:
        return SMALLEST_SIDE, SMALLEST_SIDE  # nothing can be read, which is said a moment later
    longest = LONGEST_OF_NETWORKS if recipe.model in NETWORKS else _LONGEST
    return fitting_size(sizes, _LONGEST_COMPRESSED if recipe.compression.steps else longest)


def _name(source: PictureSource) -> str:
    """The last two parts of a path: enough to find it, and nothing of the user's folders."""
    if isinstance(source, str | Path):
        return "/".join(Path(source).parts[-2:])
    return getattr(source, "name", "array")


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


def _remarks(pictures: Sequence[_Read], size: tuple[int, int]) -> tuple[str, ...]:
    remarks = []
    sizes = sorted({read.size for read in pictures})
    if len(sizes) > 1:
        remarks.append(
            messages.SIZES_DIFFER.format(
                count=len(sizes),
                smallest=in_pixels(sizes[0]),
                largest=in_pixels(sizes[-1]),
                size=as_option(size),
            )
        )
    if any(distorts(one, other) for one, other in itertools.combinations(sizes, 2)):
        remarks.append(messages.SHAPES_DIFFER)
    notes = Counter(note for read in pictures for note in read.notes)
    remarks += [messages.NOTED.format(count=n, note=note) for note, n in notes.items()]
    return tuple(remarks)
