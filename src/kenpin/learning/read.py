"""Reads the good pictures, each once, and prepares them to be learned from."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kenpin.drawn import SIMULATED, simulate
from kenpin.errors import DatasetError, PictureError
from kenpin.judge import Facts, facts_of
from kenpin.learning.good_pictures import (
    LEAST_PICTURES,
    GoodPicture,
    GoodPictures,
    Mask,
    kept_apart,
)
from kenpin.learning.in_threads import depth_other, read_in_threads, short_name, unfit
from kenpin.learning.oddities import light_varies, remarks_on
from kenpin.learning.omitted import leave_out
from kenpin.learning.sizes import too_small
from kenpin.learning.way import (
    Way,
    aligned,
    faint_lines,
    following,
    standardised,
    way_for,
)
from kenpin.models import Labels
from kenpin.prepare import Preparation, Prepared, learn_standard
from kenpin.recipe import Recipe
from kenpin.sources import (
    Layout,
    LeftOut,
    PictureSource,
    find_good,
    find_good_of_labels,
    find_pictures,
    find_tested,
    read_picture,
)
from kenpin.text import Notice, say
from kenpin.types import Floats, Progress

_MOST_ALIGNED = 200
_STRONG = 2.0  # times as strong as most defects are

Given = str | Path | Sequence[PictureSource]
LabelsGiven = str | Sequence[str] | None


def read_good_pictures(
    good: Given,
    labels: LabelsGiven,
    recipe: Recipe,
    progress: Progress,
    layout: Layout | None = None,
    without: Sequence[str] = (),
) -> GoodPictures:
    """Read and prepare the good pictures; see `kenpin.learn`."""
    sources, told = find_sources(good, labels, layout)
    sources, told, omitted = leave_out(sources, told, without)
    way, chosen, held = _planned(sources, told, recipe)
    each, left_out = _read_each(sources, told, way, chosen, held, recipe, progress)
    if len(each) < LEAST_PICTURES:
        raise _too_few(len(each), len(sources), left_out)
    names = _check_labels([one.label for one in each]) if labels is not None else ("",)
    read = _gathered(each, way, names, recipe)
    return replace(read, left_out=(*omitted, *left_out))


def _planned(
    sources: Sequence[PictureSource], told: Sequence[str], recipe: Recipe
) -> tuple[Way, frozenset[int], Mask]:
    """What the pictures go through, which are learned from, and which `split` keeps apart."""
    way = way_for(sources, recipe)
    chosen = _drawn(told, way, recipe.seed)
    whole = len(chosen) == len(sources)  # else those not chosen are held out
    held = _held(told, recipe) if whole else np.zeros(len(sources), bool)
    known = [n for n in sorted(chosen) if not held[n]]
    if recipe.kind == "harness":
        way = following(way, [sources[n] for n in known], recipe)
    if recipe.align != "none":
        way = aligned(way, [sources[n] for n in _of_every_label(known, told)], recipe)
    if way.preparation.tiles:
        way = standardised(way, [sources[n] for n in known], recipe)
    return way, chosen, held


def _gathered(
    each: list[GoodPicture], way: Way, names: tuple[str, ...], recipe: Recipe
) -> GoodPictures:
    """All that were read as one; what is learned from is taken out of `each`."""
    preparation, learned = way.preparation, [one for one in each if one.learned]
    numbers = np.array([names.index(one.label) for one in learned])
    rest = tuple((one.source, names.index(one.label)) for one in each if not one.learned)
    unseen = [one.unseen for one in learned]
    del learned  # they hold the windows
    pictures = _taken(each, "windows")
    if recipe.color == "auto" and not any(one.coloured for one in each):
        pictures = np.ascontiguousarray(pictures[..., :1])
        preparation = preparation.in_grey()
    recipe = recipe.but(size=preparation.size, color=preparation.color)
    if rest:  # they are held out already
        recipe = recipe.but(held_out="kfold")
    apart = _apart([one for one in each if one.learned], numbers, recipe)
    features = None
    if preparation.tiles:
        features = _taken(each, "features")
    else:
        preparation, pictures = learn_standard(preparation, recipe, pictures, unseen, apart)
    how = preparation, recipe, numbers, names, way.encoder, apart, features
    kept = tuple(replace(one, unseen=None) for one in each)
    remarks = (
        *remarks_on(kept, preparation.size),
        *(light_varies(kept) if recipe.light == "none" else ()),
        *too_small(preparation, way.encoder, recipe),
    )
    read = GoodPictures.of(pictures, *how)
    size = preparation.frame or kept[0].size
    if preparation.harness is not None:
        size = Counter(one.size for one in kept).most_common(1)[0][0]
        remarks = (*remarks, *faint_lines(preparation.harness))
    return replace(read, each=kept, rest=rest, remarks=remarks, size=size)


def _taken(each: list[GoodPicture], name: Literal["windows", "features"]) -> Floats:
    """What pictures that are learned from have under this name, one after the other.

    Each is let go as soon as it is copied: of large pictures there is no room for both.
    """
    learned = [n for n, one in enumerate(each) if one.learned]
    first: Floats = getattr(each[learned[0]], name)
    taken = np.empty((len(learned) * len(first), *first.shape[1:]), np.float32)
    for place, n in enumerate(learned):
        taken[place * len(first) : (place + 1) * len(first)] = getattr(each[n], name)
        nothing: Any = {name: None}
        each[n] = replace(each[n], **nothing)
    return taken


def _of_every_label(known: Sequence[int], told: Sequence[str]) -> list[int]:
    """At most `_MOST_ALIGNED` of them, of each label as many; the first comes first."""
    labels = list(dict.fromkeys(told[n] for n in known))
    share = -(-_MOST_ALIGNED // max(1, len(labels)))
    return sorted(n for label in labels for n in [k for k in known if told[k] == label][:share])


def _held(told: Sequence[str], recipe: Recipe) -> Mask:
    """(N,) which pictures `split` keeps apart, said before they are read.

    So that nothing they are prepared by has seen them.
    """
    names = list(dict.fromkeys(told))
    return kept_apart(np.array([sorted(names).index(one) for one in told]), recipe)


def _apart(learned: Sequence[GoodPicture], numbers: Labels, recipe: Recipe) -> Mask:
    """(N,) those of them that were held; chosen anew where too few of a label could be used."""
    held = np.array([one.held for one in learned])
    for label in np.unique(numbers):
        own = held[numbers == label]
        if recipe.held_out == "split" and not (own.any() and (~own).sum() >= LEAST_PICTURES // 2):
            return kept_apart(numbers, recipe)
    return held if recipe.held_out == "split" else np.zeros(len(learned), bool)


def _read_each(
    sources: Sequence[PictureSource],
    told: Sequence[str],
    way: Way,
    chosen: frozenset[int],
    held: Mask,
    recipe: Recipe,
    progress: Progress,
) -> tuple[list[GoodPicture], list[LeftOut]]:
    """Each picture once, and those that cannot be used.

    chosen: which are learned from. held: (N,) which of them `split` keeps apart.
    """
    used: dict[str, GoodPicture] = {}
    left_out: list[LeftOut] = []
    reads = read_in_threads(sources, way.preparation.cut)
    for index, (source, label, answer) in enumerate(zip(sources, told, reads, strict=True)):
        progress(say("stage_reading"), index + 1, len(sources))
        name = short_name(source)
        if isinstance(answer, PictureError):
            left_out.append(LeftOut(name, answer.notice, source=source))
            continue
        picture, cut = answer
        wrong = unfit(way.preparation, picture, cut)
        if wrong is not None:
            left_out.append(LeftOut(name, wrong, source=source))
            continue
        known = used.get(picture.hash)
        if known is not None and known.label != label:
            raise DatasetError("label_twice", path=name, other=known.name)
        if known is not None:
            reason = Notice("duplicate", other=known.name)
            left_out.append(LeftOut(name, reason, duplicate=True, source=source))
            continue
        facts = facts_of(cut.overview, cut.upright, picture.size)
        one = GoodPicture.of(source, picture, name, facts, label)
        coloured = bool((cut.windows != cut.windows[..., :1]).any())
        sizes = None if cut.reading is None else cut.reading.values
        one = replace(one, coloured=coloured, held=bool(held[index]), sizes=sizes)
        learned = index in chosen
        used[picture.hash] = _to_learn_from(one, cut, way, recipe.seed) if learned else one
    kept = list(used.values())
    if left_out and len(chosen) < len(sources):
        kept = _drawn_again(kept, way, recipe)
    return kept, left_out


def _to_learn_from(one: GoodPicture, cut: Prepared, way: Way, seed: int) -> GoodPicture:
    defective = _defective(cut.upright, one.size, [seed, int(one.hash[:8], 16)])
    windows, features = way.kept(cut.windows)
    one = replace(one, windows=windows, features=features, unseen=cut.unseen)
    return replace(one, learned=True, defective=defective)


def _drawn_again(kept: Sequence[GoodPicture], way: Way, recipe: Recipe) -> list[GoodPicture]:
    """The same pictures, but those to be learned from drawn among those that can be used."""
    chosen = _drawn([one.label for one in kept], way, recipe.seed)
    drawn = []
    for index, one in enumerate(kept):
        if index not in chosen:
            drawn.append(replace(one.let_go(), learned=False, defective=None))
        elif one.learned:
            drawn.append(one)
        else:
            cut = way.preparation.cut(read_picture(one.source))
            drawn.append(_to_learn_from(one, cut, way, recipe.seed))
    return drawn


def _drawn(told: Sequence[str], way: Way, seed: int) -> frozenset[int]:
    """Which pictures the model learns from: all, unless they are more than twice what is kept.

    Then as many as are kept, of each label its share but at most half: the rest gives its limit.
    """
    most = way.most(len(set(told)))
    if len(told) <= 2 * most:
        return frozenset(range(len(told)))
    rng = np.random.default_rng(seed)
    names = np.array(told)
    chosen: list[int] = []
    for name in np.unique(names):
        own = rng.permutation(np.flatnonzero(names == name))
        share = max(LEAST_PICTURES, round(most * len(own) / len(names)))
        chosen += own[: min(share, len(own) // 2)].tolist()
    return frozenset(chosen)


def _defective(upright: Floats, size: tuple[int, int], seed: list[int]) -> Facts:
    """What is measured of the picture with a simulated defect, as strong as the picture is.

    A strong one: also what is grossly NG is a picture that can be used.
    """
    rng = np.random.default_rng(seed)
    brightest = max(float(upright.max()), 1e-3)  # a camera of 12 bits fills little of 16
    changed, _ = simulate(upright[..., None] / brightest, str(rng.choice(SIMULATED)), rng, _STRONG)
    spoiled = changed[..., 0] * np.float32(brightest)
    return facts_of(spoiled, spoiled, size)


# --- which pictures ----------------------------------------------------------------------------


def find_sources(
    good: Given, labels: LabelsGiven, layout: Layout | None
) -> tuple[list[PictureSource], list[str]]:
    """The pictures, and the label of each; "" where there are no labels."""
    if isinstance(labels, str):
        paths = [good] if isinstance(good, str | Path) else list(good)
        if not all(isinstance(path, str | Path) for path in paths):
            raise DatasetError("labels_of_one")
        found = find_good_of_labels(
            [path for path in paths if isinstance(path, str | Path)], labels, layout
        )
        return [path for path, _ in found], [label for _, label in found]
    sources = paths_of(good, lambda given: find_good(given, layout))
    told = [""] * len(sources)
    if labels is not None:
        told = ["" if label is None else str(label).strip() for label in labels]
    if len(told) != len(sources):
        raise DatasetError("labels_count", labels=len(told), pictures=len(sources))
    return sources, told


def paths_of(
    given: Given, find: Callable[[str | Path | Sequence[str | Path]], list[PictureSource]]
) -> list[PictureSource]:
    """The pictures that are given: what lies behind paths, and what already is a picture."""
    if isinstance(given, str | Path):
        return find(given)
    if not isinstance(given, Sequence | np.ndarray):
        raise DatasetError("not_pictures", kind=type(given).__name__)
    sources: list[PictureSource] = []
    for source in given:
        sources += find(source) if isinstance(source, str | Path) else [source]
    return sources or find([])


def _check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """The names of the labels, sorted; raises DatasetError when they cannot be used."""
    counts = Counter(labels)
    if "" in counts:
        raise DatasetError("label_empty")
    names = tuple(sorted(counts))
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise DatasetError("labels_alike", one=other, other=name)
    for name, count in counts.items():
        if count < LEAST_PICTURES:
            raise DatasetError("label_too_few", label=name, count=count, least=LEAST_PICTURES)
    if len(names) == 1:
        raise DatasetError("label_single", label=names[0])
    return names


def _too_few(count: int, given: int, left_out: Sequence[LeftOut]) -> DatasetError:
    also = []
    for duplicate, code in ((True, "left_out_duplicate"), (False, "left_out_unreadable")):
        own = [item for item in left_out if item.duplicate == duplicate]
        if own:
            also.append(Notice(code, count=len(own), name=own[0].name, reason=own[0].reason))
    told = {"count": count, "given": given, "least": LEAST_PICTURES}
    if not also:
        return DatasetError("too_few_good", **told)
    return DatasetError(
        "too_few_good_because",
        **told,
        why=also[0] if len(also) == 1 else Notice("both", one=also[0], other=also[1]),
    )


def read_tested(good: Given, preparation: Preparation, progress: Progress) -> list[GoodPicture]:
    """What is known of the test pictures of the MVTec layout that the good ones are in."""
    given = [good] if isinstance(good, str | Path) else list(good)
    paths = [path for path in given if isinstance(path, str | Path)]
    return read_known(find_tested(paths) if paths else [], preparation, progress)


def read_known(
    sources: Sequence[PictureSource], preparation: Preparation, progress: Progress
) -> list[GoodPicture]:
    """What is known of pictures that are not learned from; unreadable ones are passed over."""
    known = []
    reads = read_in_threads(sources, preparation.overview)
    for done, (source, answer) in enumerate(zip(sources, reads, strict=True), start=1):
        progress(say("stage_reading"), done, len(sources))
        if not isinstance(answer, PictureError):
            picture, overview = answer
            facts = facts_of(overview, overview, picture.size)
            known.append(GoodPicture.of(source, picture, short_name(source), facts))
    return known


def read_ng(
    ng: Given, good: GoodPictures, progress: Progress, layout: Layout | None = None
) -> tuple[Floats, tuple[Notice, ...]]:
    """(M * K, h, w, C) inputs of NG pictures prepared like the good ones, and remarks on them.

    Raises DatasetError when one is also a good one, or none can be used.
    """
    sources = paths_of(ng, lambda given: find_pictures(given, layout))
    used: dict[str, tuple[Floats, tuple[int, int]]] = {}
    reads = read_in_threads(sources, good.preparation.prepare)
    for done, answer in enumerate(reads, start=1):
        progress(say("stage_reading"), done, len(sources))
        if isinstance(answer, PictureError):
            raise DatasetError.about(answer.notice)
        picture, prepared = answer
        if (misfit := good.preparation.depth.misfit(picture)) is not None:
            raise DatasetError.about(Notice("ng_depth", path=picture.name, why=depth_other(misfit)))
        if picture.hash in good.hashes:
            raise DatasetError("ng_is_good", path=picture.name)
        windows = prepared.windows
        inputs = windows if good.encoder is None else good.encoder.encode(windows)
        used.setdefault(picture.hash, (inputs, picture.size))
    other = sum(size != good.size for _, size in used.values())
    remarks = (Notice("ng_size", count=other),) if other else ()
    return np.concatenate([inputs for inputs, _ in used.values()]), remarks
