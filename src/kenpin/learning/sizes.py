"""At which size pictures are seen, where the recipe does not say."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kenpin.errors import PictureError, RecipeError
from kenpin.learning.in_threads import read_in_threads
from kenpin.models import MULTIPLE, NETWORKS, WITH_FEATURES, Encoder
from kenpin.prepare import (
    MOST_TILES,
    Depth,
    Preparation,
    fitting_size,
    learn_depth,
    tiles_over,
)
from kenpin.recipe import SMALLEST_SIDE, Recipe, Rectangle
from kenpin.sources import Header, PictureSource, read_header
from kenpin.statistics import FINER
from kenpin.text import Notice
from kenpin.types import Picture

LONGEST_OF_NETWORKS = 64  # pixels of the longer side that the model sees
LONGEST_OF_PIXELS = 128
LEAST_OF_FEATURES, LONGEST_OF_FEATURES, MOST_OF_FEATURES = 128, 192, 384
LONGEST_OF_TWO = 256
"""Of the larger of two sizes; measured in docs/decisions/both.md."""
SMALLEST_SEEN = 4  # pixels of what an encoder sees: the stride of its finest features
_LONGEST_COMPRESSED = 256
_COARSER = 1.1  # times the side of a tile, as long as they are too many
_MOSTLY = 0.5  # of the pictures
_MOST_LOOKED_AT = 200  # pictures, for how many bits they use


def frame_and_depth(
    sources: Sequence[PictureSource], bits: int | None
) -> tuple[tuple[int, int], Depth]:
    """The most frequent size (H, W), and how many bits the pictures use; bits: where it is told.

    Raises RecipeError where it is told of pictures that have only 8.
    """
    headers: list[tuple[PictureSource, Header]] = []
    for source in sources:
        with contextlib.suppress(PictureError):  # said with its reason when it is read
            headers.append((source, read_header(source)))
    sizes = Counter(header.size for _, header in headers)
    # Nothing can be read, which is said a moment later.
    frame = sizes.most_common(1)[0][0] if sizes else (SMALLEST_SIDE, SMALLEST_SIDE)
    peaks = _peaks([source for source, header in headers if header.wide], len(headers))
    depth = learn_depth(peaks, bits)
    if bits is not None and not depth.wide:
        raise RecipeError("bits_of_8", bits=bits)
    return frame, depth


def _peaks(sources: Sequence[PictureSource], count: int) -> list[int]:
    """The brightest value of each of them that has 16 bits; of none where most of `count` have 8.

    sources: those that may have more than 8.
    """
    few = min(len(sources), _MOST_LOOKED_AT)
    chosen = [sources[n] for n in np.linspace(0, len(sources) - 1, few).round().astype(int)]

    def peak(picture: Picture) -> int | None:
        return int(picture.pixels.max()) if picture.pixels.dtype == np.uint16 else None

    reads = read_in_threads(chosen, peak)
    found = [answer[1] for answer in reads if not isinstance(answer, PictureError)]
    peaks = [one for one in found if one is not None]
    share = len(peaks) / max(1, len(found)) * len(sources) / max(1, count)
    return peaks if share >= _MOSTLY else []


@dataclass(frozen=True)
class Seen:
    """size: (h, w) at which the model sees each window. tiles: see `Preparation`."""

    size: tuple[int, int]
    tiles: tuple[Rectangle, ...] = ()


def seen_for(frame: tuple[int, int], recipe: Recipe) -> Seen:
    """How the recipe's model sees pictures of which most have the size `frame` (H, W)."""
    if recipe.size is not None:
        return Seen(recipe.size)
    whole = recipe.crop or (0, 0, frame[1], frame[0])
    rectangles = list(recipe.windows.values()) or [whole]
    sizes = [(height, width) for _, _, width, height in rectangles]
    if recipe.compression.steps:
        return Seen(fitting_size(sizes, _LONGEST_COMPRESSED))
    if recipe.model == "auto" or recipe.model in WITH_FEATURES:
        defect = recipe.feature.smallest_defect
        tiles = () if recipe.windows or defect is None else _tiles(whole, defect)
        if tiles:
            side = MOST_OF_FEATURES
            size = fitting_size([(tiles[0][3], tiles[0][2])], side, 1, MULTIPLE)
            return Seen(size, tiles)
        twice = recipe.model == "both" and recipe.feature.two_sizes
        # So that 'auto' can try two sizes as well; all else sees it made smaller.
        if (twice or recipe.model == "auto") and not _missed(sizes, LONGEST_OF_TWO, defect):
            least = LONGEST_OF_TWO if twice else 1
            size = fitting_size(sizes, LONGEST_OF_TWO, least, FINER * MULTIPLE)
            if max(size) == LONGEST_OF_TWO:
                return Seen(size)
        return Seen(feature_size(sizes, defect))
    longest = LONGEST_OF_NETWORKS if recipe.model in NETWORKS else LONGEST_OF_PIXELS
    return Seen(fitting_size(sizes, longest))


def _tiles(whole: Rectangle, defect: float) -> tuple[Rectangle, ...]:
    """So that the defect is seen; none where one picture does, or it is small as it is."""
    side = max(MOST_OF_FEATURES, int(MOST_OF_FEATURES * defect / SMALLEST_SEEN))
    while len(tiles := tiles_over(whole, side)) > MOST_TILES:
        side = round(_COARSER * side)
    return tiles if len(tiles) > 1 else ()


def feature_size(
    sizes: Sequence[tuple[int, int]], smallest_defect: float | None
) -> tuple[int, int]:
    """(h, w) at which an encoder sees windows of these sizes.

    Larger where the smallest defect would measure less than `SMALLEST_SEEN`.
    """
    size = fitting_size(sizes, LONGEST_OF_FEATURES, LEAST_OF_FEATURES, MULTIPLE)
    if not _missed(sizes, max(size), smallest_defect):
        return size
    return fitting_size(sizes, MOST_OF_FEATURES, MOST_OF_FEATURES, MULTIPLE)


def _missed(sizes: Sequence[tuple[int, int]], longer: int, smallest_defect: float | None) -> bool:
    """Whether the smallest defect measures too little where the longer side has so many pixels."""
    if smallest_defect is None:
        return False
    largest = max(max(one) for one in sizes)
    return smallest_defect * longer / largest < SMALLEST_SEEN


def too_small(
    preparation: Preparation, encoder: Encoder | None, recipe: Recipe
) -> tuple[Notice, ...]:
    """That the smallest defect may not be seen however large the picture is made."""
    defect = recipe.feature.smallest_defect
    if defect is None or encoder is None or preparation.frame is None:
        return ()
    longest = max(max(box[2:]) for box in preparation.rectangles(preparation.frame))
    seen = defect * max(preparation.size) / longest
    if seen >= SMALLEST_SEEN:
        return ()
    return (Notice("smallest_defect", defect=defect, seen=seen, least=SMALLEST_SEEN),)
