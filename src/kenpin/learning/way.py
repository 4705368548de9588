"""What good pictures go through before they are learned from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np

from kenpin.errors import DatasetError, PictureError, RecipeError
from kenpin.harness import Harness, check_installed, line_named
from kenpin.learning.in_threads import read_in_threads, unfit
from kenpin.learning.sizes import frame_and_depth, seen_for
from kenpin.models import WITH_FEATURES, Encoder, encoder_for
from kenpin.part import SHOWN_LONGEST
from kenpin.prepare import (
    Preparation,
    as_bytes,
    ignoring,
    learn_overview_alignment,
    learn_standard,
    reduced,
    resize,
)
from kenpin.recipe import Recipe
from kenpin.sources import PictureSource, read_mask
from kenpin.text import Notice
from kenpin.types import Floats

MOST_BYTES = 2**26  # of prepared pictures that are learned from, when there are very many
_MOST_BYTES_OF_TILES = 3 * 2**27
_LEAST_LEARNED, _LEAST_TILED = 200, 12  # pictures, however large they are
_MOST_FOLLOWED = 60  # pictures, that tell what all harnesses have in common
_MOST_LAID = 30  # pictures, that tell what is the same on all of their sheets
_STANDARD = 12  # pictures of tiles whose mean is taken before they are encoded


@dataclass(frozen=True, eq=False)
class Way:
    """What pictures go through, and on which of them.

    Of tiles the features are made as soon as a picture is read: all pixels would not fit.
    """

    preparation: Preparation
    encoder: Encoder | None

    def most(self, labels: int) -> int:
        """How many pictures are learned from, where there are more than twice as many."""
        bytes_of_each = self.preparation.count * self.bytes_each * labels
        if self.preparation.tiles:
            return max(_LEAST_TILED, _MOST_BYTES_OF_TILES // bytes_of_each)
        return max(_LEAST_LEARNED, MOST_BYTES // bytes_of_each)

    @property
    def bytes_each(self) -> int:
        """Of a window as it is kept: pixels, compressed or features, whichever is more."""
        pixels, features = int(np.prod(self.preparation.shapes[0])), 0
        if self.encoder is not None:
            grid = self.encoder.grid(self.preparation.size)
            features = int(np.prod(grid)) * self.encoder.numbers
        return 4 * (features if self.preparation.tiles else max(pixels, features))

    def kept(self, windows: Floats) -> tuple[Floats, Floats | None]:
        """(K, h, w, C) as cut out -> what is kept: the pixels, and of tiles the features."""
        if not self.preparation.tiles or self.encoder is None:
            return windows, None
        return small_for_people(windows), self.encoder.encode(windows)


def small_for_people(windows: Floats) -> Floats:
    """(K, h, w, C) no larger than people are shown a reconstruction."""
    size = reduced((windows.shape[1], windows.shape[2]), SHOWN_LONGEST, 1)
    small = np.stack([resize(window, size) for window in windows])
    return np.asarray(small.reshape(len(windows), *size, -1), np.float32)


def way_for(sources: Sequence[PictureSource], recipe: Recipe) -> Way:
    """What cuts out and resizes, and the encoder; alignment, light and compression come later."""
    frame, depth = frame_and_depth(sources, recipe.bits)
    seen = seen_for(frame, recipe)
    wanted = recipe.but(size=seen.size, color="grey" if recipe.color == "grey" else "rgb")
    preparation = Preparation.of(wanted, frame, depth, seen.tiles)
    with_features = recipe.model in WITH_FEATURES or seen.tiles
    encoder = encoder_for(recipe) if with_features else None
    mask = None
    if recipe.ignore_mask is not None:
        try:
            mask = read_mask(recipe.ignore_mask, frame)
        except DatasetError as error:
            raise RecipeError("ignore_mask", reason=error) from None
    return Way(ignoring(preparation, recipe, mask), encoder)


def following(way: Way, sources: Sequence[PictureSource], recipe: Recipe) -> Way:
    """The same that follows the lines of a harness, learned from these pictures.

    Raises DatasetError where no two of them can be followed, ExtraError without kenpin[harness].
    """
    check_installed()
    depth = way.preparation.depth
    reads = read_in_threads(
        sources[:_MOST_FOLLOWED],
        lambda picture: as_bytes(picture.pixels, depth.white(picture.pixels)),
    )
    pixels = (answer[1] for answer in reads if not isinstance(answer, PictureError))
    learn_harness = import_module("kenpin.harness.learn_harness").learn_harness
    harness: Harness | None = learn_harness(pixels, recipe.ends)
    if harness is None:
        raise DatasetError("harness_none", count=min(len(sources), _MOST_FOLLOWED))
    wanted = recipe.but(size=harness.size, color="grey" if recipe.color == "grey" else "rgb")
    preparation = replace(Preparation.of(wanted, harness.size, depth), harness=harness)
    return replace(way, preparation=_with_sheets(preparation, sources))


def _with_sheets(preparation: Preparation, sources: Sequence[PictureSource]) -> Preparation:
    """The same whose harness knows what is the same on the sheets of these good ones."""
    harness = preparation.harness
    reads = read_in_threads(sources[:_MOST_LAID], preparation.cut)
    seen = [answer for answer in reads if not isinstance(answer, PictureError)]
    fit = [cut for picture, cut in seen if unfit(preparation, picture, cut) is None]
    sheets = [cut.reading.sheet for cut in fit if cut.reading is not None]
    if harness is None or not sheets:
        return preparation
    with_sheets = import_module("kenpin.harness.learn_harness").with_sheets
    return replace(preparation, harness=with_sheets(harness, sheets))


def faint_lines(harness: Harness) -> tuple[Notice, ...]:
    """That lines have nearly the board's colour, and which board to take."""
    if not harness.faint:
        return ()
    lines = [line_named(name) for name in harness.faint]
    return (Notice("harness_faint", lines=lines, board=Notice(f"board_{harness.board}")),)


def aligned(way: Way, sources: Sequence[PictureSource], recipe: Recipe) -> Way:
    """The same with what parts are laid upon, learned from these pictures."""
    reads = read_in_threads(sources, way.preparation.overview)
    overviews = [answer[1] for answer in reads if not isinstance(answer, PictureError)]
    if not overviews:
        return way
    return replace(way, preparation=learn_overview_alignment(way.preparation, recipe, overviews))


def standardised(way: Way, sources: Sequence[PictureSource], recipe: Recipe) -> Way:
    """Of tiles the same with light and filling, learned from the first of these pictures."""
    some = sources[:_STANDARD]
    reads = [one for one in read_in_threads(some, way.preparation.cut)
             if not isinstance(one, PictureError)]  # fmt: skip
    if not reads:
        return way
    cuts = [cut for _, cut in reads]
    windows = np.concatenate([cut.windows for cut in cuts])
    unseen = [cut.unseen for cut in cuts]
    apart = np.zeros(len(cuts), bool)
    preparation, _ = learn_standard(way.preparation, recipe, windows, unseen, apart)
    return replace(way, preparation=preparation)
