"""At which size pictures are seen, where the recipe does not say."""

import contextlib
from collections import Counter
from collections.abc import Sequence

from kenpin.errors import PictureError
from kenpin.models import MULTIPLE, NETWORKS, Encoder
from kenpin.prepare import Preparation, fitting_size
from kenpin.recipe import SMALLEST_SIDE, Recipe
from kenpin.sources import PictureSource, read_size
from kenpin.text import Notice

LONGEST_OF_NETWORKS = 64  # pixels of the longer side that the model sees
LONGEST_OF_PIXELS = 128
LEAST_OF_FEATURES, LONGEST_OF_FEATURES, MOST_OF_FEATURES = 128, 192, 384
SMALLEST_SEEN = 4  # pixels of what an encoder sees: the stride of its finest features
_LONGEST_COMPRESSED = 256


def frame_of(sources: Sequence[PictureSource]) -> tuple[int, int]:
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
