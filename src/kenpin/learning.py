"""From good pictures and a recipe to a bundle."""

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kenpin import messages
from kenpin.bundle import Bundle, Provenance
from kenpin.dataset import LeftOut, find_good
from kenpin.difference import GoodVariation, learn_variation, squared_difference
from kenpin.errors import DatasetError, PictureError
from kenpin.judge import Calibration
from kenpin.models import Model, check_installed, learn_model, load_model, settle_model
from kenpin.pictures import encode, read_picture, read_size
from kenpin.prepare import Preparation, as_option, distorts, fitting_size, in_pixels
from kenpin.recipe import SMALLEST_SIDE, Recipe
from kenpin.score import score
from kenpin.types import Floats, PictureSource, Progress

LEAST_PICTURES = 10
_LONGEST_SIDE = {"pca": 128, "ae": 64}
_FOLDS = {"pca": 10, "ae": 5}  # measured in docs/decisions/folds.md

Given = str | Path | Sequence[PictureSource]


def learn(good: Given, recipe: Recipe | None = None, progress: Progress | None = None) -> Bundle:
    """Learn a part from pictures of good pieces.

    good: a folder, a folder in MVTec layout (train/good is taken), or a sequence of paths, arrays
    or `Picture`s. recipe: the defaults when left out. progress: told how far it is.

    Pictures that repeat another one, pixel by pixel, are used once; unreadable ones are left out;
    both are named in the bundle's `provenance`.

    Raises DatasetError when too few can be used, ExtraError when the model needs a package that is
    not installed.
    """
    recipe = recipe or Recipe()
    progress = progress or _silent
    check_installed(recipe.model)
    material = _read_good(_sources(good), recipe, progress)
    resolved = recipe.but(
        size=material.preparation.size,
        color=material.preparation.color,
        folds=recipe.folds or _FOLDS[recipe.model],
    )
    way = _learn_split if recipe.held_out == "split" else _learn_folds
    learned = way(material.prepared, resolved, progress)
    return Bundle(
        recipe=learned.recipe,
        model=learned.model,
        variation=learned.variation,
        calibration=learned.calibration,
        provenance=material.provenance,
        previews=_previews(material.prepared, learned.variation),
    )


# --- the good pictures -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Material:
    """prepared: (N, h, w, C) float32 in [0, 1]."""

    prepared: Floats
    preparation: Preparation
    provenance: Provenance


@dataclass(frozen=True, eq=False)
class _Read:
    """One good picture, read and prepared; its full-size pixels are already let go."""

    name: str
    hash: str
    size: tuple[int, int]
    notes: tuple[str, ...]
    prepared: Floats


def _sources(good: Given) -> list[PictureSource]:
    if isinstance(good, str | Path):
        return list(find_good(good))
    paths = [source for source in good if isinstance(source, str | Path)]
    rest = [source for source in good if not isinstance(source, str | Path)]
    return [*(find_good(paths) if paths or not rest else []), *rest]


def _read_good(sources: list[PictureSource], recipe: Recipe, progress: Progress) -> _Material:
    size = recipe.size or _fitting_size(sources, recipe)
    wanted = Preparation(size, "grey" if recipe.color == "grey" else "rgb")
    used: dict[str, _Read] = {}
    left_out: list[LeftOut] = []
    answers = _read_in_threads(sources, wanted)
    for done, (source, answer) in enumerate(zip(sources, answers, strict=True), start=1):
        progress(messages.STAGE_READING, done, len(sources))
        if isinstance(answer, PictureError):
            left_out.append(LeftOut(_name(source), str(answer)))
        elif answer.hash in used:
            reason = messages.DUPLICATE.format(other=_name(used[answer.hash].name))
            left_out.append(LeftOut(_name(answer.name), reason, duplicate=True))
        else:
            used[answer.hash] = answer
    if len(used) < LEAST_PICTURES:
        raise _too_few(len(used), len(sources), left_out)
    prepared = np.stack([read.prepared for read in used.values()])
    if recipe.color == "auto" and bool((prepared == prepared[..., :1]).all()):
        prepared, wanted = np.ascontiguousarray(prepared[..., :1]), Preparation(size, "grey")
    provenance = Provenance(
        pictures=tuple(used),
        size=Counter(read.size for read in used.values()).most_common(1)[0][0],
        left_out=tuple((item.name, item.reason) for item in left_out),
        remarks=_remarks(list(used.values()), size),
    )
    return _Material(prepared, wanted, provenance)


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
    return fitting_size(sizes, _LONGEST_SIDE[recipe.model])


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


# --- the model and its limit -------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Learned:
    recipe: Recipe
    model: Model
    variation: GoodVariation
    calibration: Calibration | None


def _learn_folds(prepared: Floats, recipe: Recipe, progress: Progress) -> _Learned:
    """Every picture is scored by a model that has not seen it; the final model learns from all."""
    recipe, folds = _assign_folds(prepared, recipe)
    residuals = _unseen_residuals(prepared, folds, recipe, progress)
    variation, scores = learn_variation(residuals, folds)
    model = _learn_final(prepared, recipe, progress)
    calibration = None
    if recipe.held_out != "none":
        calibration = _calibrate(scores, residuals, recipe, "kfold")
    return _Learned(recipe, model, variation, calibration)


def _learn_split(prepared: Floats, recipe: Recipe, progress: Progress) -> _Learned:
    """Some pictures take no part in learning at all and are scored by the final model: exact."""
    order = np.random.default_rng(recipe.seed).permutation(len(prepared))
    apart = round(recipe.split_share * len(prepared))
    apart = min(max(1, apart), len(prepared) - LEAST_PICTURES // 2)
    held_out, learning = prepared[order[:apart]], prepared[order[apart:]]
    recipe, folds = _assign_folds(learning, recipe)
    residuals = _unseen_residuals(learning, folds, recipe, progress)
    variation, _ = learn_variation(residuals, folds)
    model = _learn_final(learning, recipe, progress)
    unseen = np.stack([picture - model.reconstruct(picture[None])[0] for picture in held_out])
    scores = np.array([score(variation.difference(residual)) for residual in unseen])
    return _Learned(recipe, model, variation, _calibrate(scores, unseen, recipe, "split"))


def _assign_folds(prepared: Floats, recipe: Recipe) -> tuple[Recipe, NDArray[np.intp]]:
    """The settled recipe, and the fold 0...K-1 of each of (N, h, w, C) pictures, at random."""
    count = len(prepared)
    number = min(recipe.folds or count, count)
    folds = np.random.default_rng(recipe.seed).permutation(count) % number
    largest = int(np.bincount(folds).max())
    return settle_model(prepared, recipe.but(folds=number), count - largest), folds


def _unseen_residuals(
    prepared: Floats, folds: NDArray[np.intp], recipe: Recipe, progress: Progress
) -> Floats:
    """(N, h, w, C) residuals, each by a model learned without the picture's fold."""
    number = int(folds.max()) + 1
    residuals = np.empty_like(prepared)
    for fold in range(number):
        stage = messages.STAGE_FOLD.format(fold=fold + 1, folds=number)
        inside = folds == fold
        model = learn_model(prepared[~inside], recipe, _renamed(progress, stage))
        residuals[inside] = prepared[inside] - model.reconstruct(prepared[inside])
        progress(stage, 1, 1)
    return residuals


def _learn_final(prepared: Floats, recipe: Recipe, progress: Progress) -> Model:
    stage = messages.STAGE_FINAL.format(count=len(prepared))
    learned = learn_model(prepared, recipe, _renamed(progress, stage))
    progress(stage, 1, 1)
    # What judges is what a bundle will load again, so saving cannot change a verdict.
    return load_model(recipe.model, learned.state())


def _calibrate(
    scores: NDArray[np.float64],
    residuals: Floats,
    recipe: Recipe,
    held_out: Literal["kfold", "split"],
) -> Calibration:
    return Calibration(
        scores=np.sort(scores),
        mse_scores=np.sort([squared_difference(residual) for residual in residuals]),
        false_reject=recipe.false_reject,
        held_out=held_out,
        folds=recipe.folds or _FOLDS[recipe.model],
    )


def _previews(prepared: Floats, variation: GoodVariation) -> dict[str, bytes]:
    """The mean good picture, and where good pictures vary (white: most)."""
    mean = prepared.mean(axis=0)
    spread = variation.spreads[0].mean(axis=2)
    return {"mean.png": _png(mean), "variation.png": _png(spread / spread.max())}


def _png(values: Floats) -> bytes:
    pixels = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    return encode(pixels.squeeze(), "PNG")


def _renamed(progress: Progress, stage: str) -> Progress:
    return lambda _, done, total: progress(stage, done, total)


def _silent(stage: str, done: int, total: int) -> None:
    pass
