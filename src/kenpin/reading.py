"""Reads many pictures, each once: what they show, what is known of them, what prepares them."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.backbones import encoder_for
from kenpin.dataset import LeftOut, find_good, find_good_of_labels, find_tested, read_mask
from kenpin.encoder import MULTIPLE
from kenpin.errors import DatasetError, PictureError, RecipeError
from kenpin.findings import Look, short_name
from kenpin.manifest import Layout
from kenpin.models import NETWORKS
from kenpin.pictures import read_picture, read_size
from kenpin.prepare import (
    Preparation,
    Prepared,
    fitting_size,
    ignoring,
    learn_overview_alignment,
)
from kenpin.recipe import Recipe
from kenpin.settings import SMALLEST_SIDE
from kenpin.synth.defects import KINDS, simulate
from kenpin.types import Floats, Picture, PictureSource, Progress, name_of
from kenpin.usable import Facts, facts_of
from kenpin.workers import cores, in_order

LEAST_PICTURES = 10
LONGEST_OF_NETWORKS = 64  # pixels of the longer side that the model sees
LONGEST_OF_PIXELS = 128
LEAST_OF_FEATURES, LONGEST_OF_FEATURES, MOST_OF_FEATURES = 128, 192, 384
SMALLEST_SEEN = 4  # pixels of what an encoder sees: the stride of its finest features
_LONGEST_COMPRESSED = 256
_MOST_BYTES = 2**26  # of prepared pictures that are learned from, when there are very many
_LEAST_LEARNED = 200  # however large they are
_MOST_ALIGNED = 200

T = TypeVar("T")
Given = str | Path | Sequence[PictureSource]
LabelsGiven = str | Sequence[str] | None


@dataclass(frozen=True, eq=False)
class Read:
    """One picture; its full-size pixels are already let go, and of many also its windows."""

    look: Look
    coloured: bool
    windows: Floats | None
    unseen: NDArray[np.bool_] | None
    defective: Facts | None


def read_all(
    sources: Sequence[PictureSource], told: Sequence[str], recipe: Recipe, progress: Progress
) -> tuple[list[Read], Preparation, list[LeftOut]]:
    """Each picture once, what prepares them, and those that cannot be used."""
    preparation = _preparation(sources, recipe)
    chosen = _drawn(told, preparation, recipe)
    used: dict[str, Read] = {}
    left_out: list[LeftOut] = []
    reads = read_in_threads(sources, preparation.resized)
    for index, (source, label, answer) in enumerate(zip(sources, told, reads, strict=True)):
        progress(messages.STAGE_READING, index + 1, len(sources))
        if isinstance(answer, PictureError):
            left_out.append(LeftOut(_name(source), str(answer), source=source))
            continue
        picture, prepared = answer
        known = used.get(picture.hash)
        if known is not None and known.look.label != label:
            text = messages.LABEL_TWICE.format(path=_name(source), other=known.look.name)
            raise DatasetError(text)
        if known is not None:
            reason = messages.DUPLICATE.format(other=known.look.name)
            left_out.append(LeftOut(_name(source), reason, duplicate=True, source=source))
            continue
        look = Look.of(source, picture, _facts(prepared, picture), label, index in chosen)
        used[picture.hash] = _read(look, prepared, recipe.seed)
    kept = list(used.values())
    if left_out and len(chosen) < len(sources):
        kept = _drawn_again(kept, preparation, recipe)
    return kept, preparation, left_out


def _facts(prepared: Prepared, picture: Picture) -> Facts:
    return facts_of(prepared.overview, prepared.upright, picture.size)


def _read(look: Look, prepared: Prepared, seed: int) -> Read:
    coloured = bool((prepared.windows != prepared.windows[..., :1]).any())
    if not look.learned:
        return Read(look, coloured, None, None, None)
    defective = _defective(prepared.upright, look.size, [seed, int(look.hash[:8], 16)])
    return Read(look, coloured, prepared.windows, prepared.unseen, defective)


def _drawn_again(kept: Sequence[Read], preparation: Preparation, recipe: Recipe) -> list[Read]:
    """The same pictures, but those to be learned from drawn among those that can be used."""
    chosen = _drawn([read.look.label for read in kept], preparation, recipe)
    reads = []
    for index, read in enumerate(kept):
        look = replace(read.look, learned=index in chosen)
        if not look.learned:
            reads.append(Read(look, read.coloured, None, None, None))
        elif read.look.learned:
            reads.append(read)
        else:
            prepared = preparation.resized(read_picture(look.source))
            reads.append(_read(look, prepared, recipe.seed))
    return reads


def _preparation(sources: Sequence[PictureSource], recipe: Recipe) -> Preparation:
    """What cuts out, aligns and resizes; its light and its compression are learned later."""
    frame = _frame(sources)
    size = recipe.size or size_for(frame, recipe)
    wanted = recipe.but(size=size, color="grey" if recipe.color == "grey" else "rgb")
    preparation = Preparation.of(wanted, frame)
    if recipe.model == "feature":
        preparation = replace(preparation, encoder=encoder_for(recipe))
    mask = None
    if recipe.ignore_mask is not None:
        try:
            mask = read_mask(recipe.ignore_mask, frame)
        except DatasetError as error:
            raise RecipeError(messages.IGNORE_MASK.format(reason=error)) from None
    preparation = ignoring(preparation, recipe, mask)
    if recipe.align == "none":
        return preparation
    reads = read_in_threads(sources[:_MOST_ALIGNED], preparation.overview)
    overviews = [answer[1] for answer in reads if not isinstance(answer, PictureError)]
    return learn_overview_alignment(preparation, recipe, overviews) if overviews else preparation


def _frame(sources: Sequence[PictureSource]) -> tuple[int, int]:
    """The most frequent size (H, W)."""
    sizes: Counter[tuple[int, int]] = Counter()
    for source in sources:
        with contextlib.suppress(PictureError):  # said with its reason when it is read
            sizes[read_size(source)] += 1
    # Nothing can be read, which is said a moment later.
    return sizes.most_common(1)[0][0] if sizes else (SMALLEST_SIDE, SMALLEST_SIDE)


def size_for(frame: tuple[int, int], recipe: Recipe) -> tuple[int, int]:
    """(h, w) at which the recipe's model sees its windows, where the recipe does not say.

    frame: (H, W) of most of the pictures.
    """
    rectangles = list(recipe.windows.values()) or [recipe.crop or (0, 0, frame[1], frame[0])]
    sizes = [(height, width) for _, _, width, height in rectangles]
    if recipe.compression.steps:
        return fitting_size(sizes, _LONGEST_COMPRESSED)
    if recipe.model in ("auto", "feature"):
        return feature_size(sizes, recipe.feature.smallest_defect)
    return fitting_size(
        sizes, LONGEST_OF_NETWORKS if recipe.model in NETWORKS else LONGEST_OF_PIXELS
    )


def feature_size(
    sizes: Sequence[tuple[int, int]], smallest_defect: float | None
) -> tuple[int, int]:
    """(h, w) at which an encoder sees windows of these sizes.

    Larger where the smallest defect would measure less than `SMALLEST_SEEN`.
    """
    size = fitting_size(sizes, LONGEST_OF_FEATURES, LEAST_OF_FEATURES, MULTIPLE)
    largest = max(max(one) for one in sizes)
    if smallest_defect is None or smallest_defect * max(size) / largest >= SMALLEST_SEEN:
        return size
    return fitting_size(sizes, MOST_OF_FEATURES, MOST_OF_FEATURES, MULTIPLE)


def _drawn(told: Sequence[str], preparation: Preparation, recipe: Recipe) -> frozenset[int]:
    """Which pictures the model learns from: all, unless they are more than twice what is kept.

    Then as many as are kept, of each label its share but at most half: the rest gives its limit.
    """
    largest = max(np.prod(preparation.shapes[0]), np.prod(preparation.shape))  # pixels or features
    each = preparation.count * int(largest) * 4 * len(set(told))
    most = max(_LEAST_LEARNED, _MOST_BYTES // each)
    if len(told) <= 2 * most:
        return frozenset(range(len(told)))
    rng = np.random.default_rng(recipe.seed)
    names = np.array(told)
    chosen: list[int] = []
    for name in np.unique(names):
        own = rng.permutation(np.flatnonzero(names == name))
        share = max(LEAST_PICTURES, round(most * len(own) / len(names)))
        chosen += own[: min(share, len(own) // 2)].tolist()
    return frozenset(chosen)


def _defective(upright: Floats, size: tuple[int, int], seed: list[int]) -> Facts:
    """What is measured of the picture with a simulated defect, as strong as the picture is."""
    rng = np.random.default_rng(seed)
    brightest = max(float(upright.max()), 1e-3)  # a camera of 12 bits fills little of 16
    changed, _ = simulate(upright[..., None] / brightest, str(rng.choice(KINDS)), rng)
    spoiled = changed[..., 0] * np.float32(brightest)
    return facts_of(spoiled, spoiled, size)


def read_in_threads(
    sources: Sequence[PictureSource], prepare: Callable[[Picture], T]
) -> Iterator[tuple[Picture, T] | PictureError]:
    """In order, and never many more at once than there are cores."""

    def read(source: PictureSource) -> tuple[Picture, T] | PictureError:
        try:
            picture = read_picture(source)
        except PictureError as error:
            return error
        prepared = prepare(picture)
        _ = picture.hash
        return picture, prepared

    return in_order(read, sources, cores())


def tested_beside(good: Given) -> list[PictureSource]:
    """The test pictures of the MVTec layout that the good ones are in; none in other layouts."""
    given = [good] if isinstance(good, str | Path) else list(good)
    paths = [path for path in given if isinstance(path, str | Path)]
    return find_tested(paths) if paths else []


def looks_at(
    sources: Sequence[PictureSource], preparation: Preparation, progress: Progress
) -> list[Look]:
    """What is known of pictures that are not learned from; unreadable ones are passed over."""
    looks = []
    reads = read_in_threads(sources, preparation.overview)
    for done, (source, answer) in enumerate(zip(sources, reads, strict=True), start=1):
        progress(messages.STAGE_READING, done, len(sources))
        if not isinstance(answer, PictureError):
            picture, overview = answer
            facts = facts_of(overview, overview, picture.size)
            looks.append(Look.of(source, picture, facts, learned=False))
    return looks


def find_sources(
    good: Given, labels: LabelsGiven, layout: Layout | None
) -> tuple[list[PictureSource], list[str]]:
    """The pictures, and the label of each; "" where there are no labels."""
    if isinstance(labels, str):
        paths = [good] if isinstance(good, str | Path) else list(good)
        if not all(isinstance(path, str | Path) for path in paths):
            raise DatasetError(messages.LABELS_OF_ONE)
        found = find_good_of_labels(
            [path for path in paths if isinstance(path, str | Path)], labels, layout
        )
        return [path for path, _ in found], [label for _, label in found]
    sources = paths_of(good, lambda given: find_good(given, layout))
    told = [""] * len(sources)
    if labels is not None:
        told = ["" if label is None else str(label).strip() for label in labels]
    if len(told) != len(sources):
        raise DatasetError(messages.LABELS_COUNT.format(labels=len(told), pictures=len(sources)))
    return sources, told


def paths_of(
    given: Given, find: Callable[[str | Path | Sequence[str | Path]], list[PictureSource]]
) -> list[PictureSource]:
    """The pictures that are given: what lies behind paths, and what already is a picture."""
    if isinstance(given, str | Path):
        return find(given)
    if not isinstance(given, Sequence | np.ndarray):
        raise DatasetError(messages.NOT_PICTURES.format(kind=type(given).__name__))
    sources: list[PictureSource] = []
    for source in given:
        sources += find(source) if isinstance(source, str | Path) else [source]
    return sources or find([])


def _name(source: PictureSource) -> str:
    return short_name(name_of(source))
