"""What prepares a picture, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.errors import RecipeError
from kenpin.harness import Harness, Reading
from kenpin.prepare.align import LEAST_MARK, LONGEST, LONGEST_MARKED, Alignment, through
from kenpin.prepare.compression import compress, grids_of
from kenpin.prepare.depth import Depth
from kenpin.prepare.geometry import (
    Map,
    as_bytes,
    beyond,
    from_rectangle,
    reduced,
    resize,
    sample,
    scaling,
)
from kenpin.prepare.light import Light
from kenpin.recipe import Recipe, Rectangle
from kenpin.text import Notice
from kenpin.types import Floats, Picture, Pixels

_LONGEST_SEEN = 256

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Prepared:
    """One picture as the model sees it.

    windows: (K, h, w, C) float32 in [0, 1], one for each window of the recipe; K is 1 without.
    to_picture: of each window the map from its pixels to those of the picture. overview: (h, w)
    float32, small and grey, the part as it lies in the picture, or upright where the recipe
    ignores places; upright: the same as the mean good part lies. unseen: (K, h, w) before the
    compression, True where nothing is known: beyond the picture, or what the recipe ignores; None
    where all is seen. reading: of a harness, whose one window is its sheet.
    """

    windows: Floats
    to_picture: tuple[Map, ...]
    overview: Floats
    upright: Floats
    unseen: Mask | None = None
    reading: Reading | None = None


@dataclass(frozen=True)
class Preparation:
    """Cuts out, aligns, resizes, converts, and compresses where the recipe asks for it.

    size: (h, w) in pixels of each window after resizing. color: "grey" gives one channel, "rgb"
    three. frame: (H, W) of the picture in which the recipe's places are meant; None: of any.
    windows: name and rectangle of each; one without a name for the whole picture, or its crop.
    tiles: what a large picture is cut into where it has no windows; below they are windows without
    names. crop: what of the picture is looked at. ignored: (K, h, w) True where nothing counts.
    hidden: (h, w) True where the overview shows what the recipe ignores.
    filling: (K, h, w, C) float32, what stands in where nothing is seen: the mean good part.
    harness: whose lines are followed, where the picture shows one; all else is then of its sheet.
    depth: how many bits the pictures use. grids: (h, w) after each step of the compression. means:
    what each step is taken against, the mean of the good pictures before it, (K, h, w, C).
    """

    size: tuple[int, int]
    color: Literal["grey", "rgb"]
    frame: tuple[int, int] | None = None
    crop: Rectangle | None = None
    windows: tuple[tuple[str, Rectangle], ...] = ()
    tiles: tuple[Rectangle, ...] = ()
    depth: Depth = field(default=Depth())
    grids: tuple[tuple[int, int], ...] = ()
    means: tuple[Floats, ...] = field(default=(), compare=False, repr=False)
    ignored: Mask | None = field(default=None, compare=False, repr=False)
    hidden: Mask | None = field(default=None, compare=False, repr=False)
    filling: Floats | None = field(default=None, compare=False, repr=False)
    alignment: Alignment | None = field(default=None, compare=False, repr=False)
    light: Light | None = field(default=None, compare=False, repr=False)
    harness: Harness | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        frame: tuple[int, int] | None = None,
        depth: Depth | None = None,
        tiles: Sequence[Rectangle] = (),
    ) -> Self:
        """What a recipe as used, with size and colour settled, says without having learned.

        Raises ValueError for an unsettled one, RecipeError for a place beyond the frame.
        """
        if recipe.size is None or recipe.color == "auto":
            raise ValueError("the recipe does not say its size and color")
        windows = tuple(recipe.windows.items())
        if frame is not None:
            check_places(recipe, frame, tiles)
        return cls(
            recipe.size, recipe.color, frame, recipe.crop, windows, tuple(tiles), depth or Depth()
        )

    def of_tile(self, number: int) -> Self:
        """What cuts out one tile only."""
        one = slice(number, number + 1)
        light = self.light and replace(self.light, standard=self.light.standard[one])
        ignored = None if self.ignored is None else self.ignored[one]
        filling = None if self.filling is None else self.filling[one]
        return replace(self, tiles=self.tiles[one], light=light, ignored=ignored, filling=filling)

    def in_grey(self) -> Self:
        """The same of pictures that have no colour."""
        light, filling = self.light, self.filling
        light = light and replace(light, standard=light.standard[..., :1])
        filling = None if filling is None else filling[..., :1]
        return replace(self, color="grey", light=light, filling=filling)

    @property
    def count(self) -> int:
        """K, how many windows a picture has."""
        return max(1, len(self.windows), len(self.tiles))

    @property
    def names(self) -> tuple[str | None, ...]:
        """Of the windows; None without."""
        return tuple(name for name, _ in self.windows) or (None,) * self.count

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, C) of a prepared window."""
        return self.shapes[-1]

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """Of the resized window, then after each step of the compression."""
        first = (*self.size, 1 if self.color == "grey" else 3)
        return [first, *((*grid, 2) for grid in self.grids)]

    def prepare(self, picture: Picture) -> Prepared:
        """(H, W[, 3]) of 8 or 16 bits -> its windows, in the size and light of the good ones."""
        return self.compressed(self.cut(picture))

    def compressed(self, cut: Prepared) -> Prepared:
        """What `cut` gave, compressed where the recipe asks for it."""
        if not self.grids:
            return cut
        windows = np.stack([self.steps(one, n)[-1] for n, one in enumerate(cut.windows)])
        smaller = scaling(windows.shape[1:3], cut.windows.shape[1:3])
        to_picture = tuple(there @ smaller for there in cut.to_picture)
        return replace(cut, windows=windows, to_picture=to_picture)

    def overview(self, picture: Picture) -> Floats:
        """(h, w) float32 in [0, 1]: small and grey, in which the part is looked for."""
        if self.harness is not None:
            picture = self._sheet(self._read(picture, self.harness), picture)
        return self._overview(picture)

    def _overview(self, picture: Picture) -> Floats:
        pixels = picture.pixels
        if pixels.ndim == 3:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        size, there = self.view(picture.size)
        return _as_floats(sample(pixels, there, size), self.depth.white(pixels))[:, :, 0]

    def steps(self, resized: Floats, window: int = 0) -> list[Floats]:
        """A resized window, and what it is after each step of the compression."""
        pictures = [resized]
        for mean, grid in zip(self.means, self.grids, strict=True):
            pictures.append(compress(pictures[-1], mean[window], grid))
        return pictures

    def finished(self, windows: Floats, unseen: Mask | None) -> Floats:
        """(K, h, w, C) as cut out -> in the standard light, filled where nothing is seen."""
        if self.light is not None:
            windows = self.light.normalised(windows, unseen)
        if unseen is not None and self.filling is not None:
            windows = np.where(unseen[..., None], self.filling, windows)
        return windows

    def ignored_at(self, window: int, grid: tuple[int, int]) -> Mask | None:
        """(h, w) = grid, True where the difference of a prepared window does not count."""
        if self.ignored is None or not self.ignored[window].any():
            return None
        shares = resize(self.ignored[window].astype(np.float32), grid)
        if (shares > 0).all():  # the window may show something yet, but less than a place
            raise nothing_left(self.names[window])
        return np.asarray(shares > 0)

    def cut(self, picture: Picture) -> Prepared:
        """The same, not yet compressed."""
        if self.harness is None:
            return self._cut(picture)
        reading = self._read(picture, self.harness)
        cut = self._cut(self._sheet(reading, picture))
        return replace(cut, to_picture=(reading.where,), reading=reading)

    def _read(self, picture: Picture, harness: Harness) -> Reading:
        return harness.read(as_bytes(picture.pixels, self.depth.white(picture.pixels)))

    @staticmethod
    def _sheet(reading: Reading, picture: Picture) -> Picture:
        return Picture(reading.sheet, picture.name)

    def _cut(self, picture: Picture) -> Prepared:
        pixels = picture.pixels
        overview = self._overview(picture)
        upright, pose = overview, scaling(self.frame or picture.size, picture.size)
        if self.alignment is not None:
            found = self.alignment.find(overview)
            upright = through(overview, found)
            _, view = self.view(picture.size)
            pose = view @ found @ np.linalg.inv(view) @ pose
        if self.hidden is not None:  # only the upright part is known to lie as the recipe says
            fill = np.float32(0.5 if self.hidden.all() else upright[~self.hidden].mean())
            overview = upright = np.where(self.hidden, fill, upright)
        if self.color == "grey" and pixels.ndim == 3:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        rectangles = self.rectangles(picture.size)
        cuts = [pose @ from_rectangle(rectangle, self.size) for rectangle in rectangles]
        white = self.depth.white(pixels)
        windows = np.stack([_as_floats(sample(pixels, there, self.size), white) for there in cuts])
        windows = np.broadcast_to(windows, (len(cuts), *self.shapes[0])).copy()
        unseen = self.ignored
        if self.alignment is not None:
            outside = np.stack([beyond(there, self.size, picture.size) for there in cuts])
            unseen = outside if unseen is None else outside | unseen
        windows = self.finished(windows, unseen)
        return Prepared(windows, tuple(cuts), overview, upright, unseen)

    def rectangles(self, size: tuple[int, int]) -> list[Rectangle]:
        """(x, y, width, height) of each window in the frame; in a picture (H, W) without one."""
        if self.windows:
            return [rectangle for _, rectangle in self.windows]
        if self.tiles:
            return list(self.tiles)
        return [self._cropped(size)]

    def _cropped(self, size: tuple[int, int]) -> Rectangle:
        height, width = self.frame or size
        return self.crop or (0, 0, width, height)

    def view(self, size: tuple[int, int]) -> tuple[tuple[int, int], Map]:
        """The size of the overview, and the map from it to a picture of `size` (H, W)."""
        rectangle = self._cropped(size)
        small = reduced((rectangle[3], rectangle[2]), _LONGEST_SEEN, 8)
        return small, scaling(self.frame or size, size) @ from_rectangle(rectangle, small)

    def reference(self, recipe: Recipe) -> tuple[tuple[int, int], Rectangle | None]:
        """(h, w) of what parts are laid upon, and the mark in its pixels.

        Raises RecipeError for one that is too small there.
        """
        view, _ = self.view(self.frame or (0, 0))
        if recipe.mark is None:
            return reduced(view, LONGEST, 8), None
        size = reduced(view, LONGEST_MARKED, 8)
        left, top, *outer = self._cropped(self.frame or (0, 0))
        x, y, width, height = recipe.mark
        across, down = size[1] / outer[0], size[0] / outer[1]
        mark = (round((x - left) * across), round((y - top) * down),
                round(width * across), round(height * down))  # fmt: skip
        if min(mark[2:]) < LEAST_MARK:
            width, height = ceil(LEAST_MARK / across), ceil(LEAST_MARK / down)
            if width > outer[0] or height > outer[1]:
                raise RecipeError("mark_no_room", width=width, height=height)
            raise RecipeError("mark_small", value=list(recipe.mark), width=width, height=height)
        return size, mark

    # --- what is learned, as arrays ---

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What `with_arrays` makes the same preparation of, besides the recipe."""
        arrays: dict[str, NDArray[np.generic]] = {str(n): mean for n, mean in enumerate(self.means)}
        if self.ignored is not None:
            arrays["ignored"] = self.ignored
        if self.hidden is not None:
            arrays["hidden"] = self.hidden
        if self.filling is not None:
            arrays["filling"] = self.filling
        if self.alignment is not None:
            arrays["reference"] = self.alignment.reference
        if self.light is not None:
            arrays["light"] = self.light.standard
            if self.light.tinted:
                arrays["tinted"] = np.ones(1, np.uint8)
        return arrays

    def with_arrays(self, recipe: Recipe, arrays: dict[str, Any]) -> Self:
        """The learned preparation; raises ValueError when the arrays do not fit the recipe."""
        means = [arrays[str(n)] for n in range(recipe.compression.steps)]
        means = [mean if mean.ndim == 4 else mean[None] for mean in means]  # before format 3
        grown = replace(self, grids=grids_of(recipe), means=tuple(means))
        shapes = [(self.count, *shape) for shape in grown.shapes]
        fits = [mean.shape for mean in means] == shapes[:-1]
        if "ignored" in arrays:
            grown = replace(grown, ignored=np.asarray(arrays["ignored"], bool))
            fits = fits and arrays["ignored"].shape == shapes[0][:3]
        if "hidden" in arrays:
            grown = replace(grown, hidden=np.asarray(arrays["hidden"], bool))
            size, _ = self.view(self.frame or (0, 0))
            fits = fits and arrays["hidden"].shape == size
        if "filling" in arrays:
            grown = replace(grown, filling=np.array(arrays["filling"], np.float32))
            fits = fits and arrays["filling"].shape == shapes[0]
        if recipe.align != "none":
            reference = np.array(arrays["reference"], np.float32)
            shape, mark = self.reference(recipe)
            fits = fits and reference.shape == shape
            grown = replace(grown, alignment=Alignment(reference, recipe.align, mark))
        if recipe.light != "none":
            standard = np.array(arrays["light"], np.float32)
            fits = fits and standard.shape == shapes[0]
            grown = replace(grown, light=Light(standard, recipe.light, "tinted" in arrays))
        if not fits or not all(np.isfinite(a).all() for a in arrays.values()):
            raise ValueError("what the preparation learned does not fit the recipe")
        return grown


def nothing_left(window: str | None) -> RecipeError:
    """That nothing of this window, or of the picture, is left to judge."""
    where = Notice("the_picture") if window is None else Notice("the_window", name=window)
    return RecipeError("nothing_left", where=where)


def check_places(recipe: Recipe, frame: tuple[int, int], tiles: Sequence[Rectangle] = ()) -> None:
    """Raises RecipeError for a place of the recipe beyond a picture of this (height, width)."""
    height, width = frame
    outer = recipe.crop or (0, 0, width, height)
    named = [("crop", outer, (0, 0, width, height))]
    named += [(f"windows.{name}", rectangle, outer) for name, rectangle in recipe.windows.items()]
    named += [("tiles", rectangle, (0, 0, width, height)) for rectangle in tiles]
    named += [("mark", recipe.mark, outer)] if recipe.mark is not None else []
    named += [("ignore", rectangle, (0, 0, width, height)) for rectangle in recipe.ignore]
    for setting, (x, y, w, h), (x0, y0, W, H) in named:
        if x < x0 or y < y0 or x + w > x0 + W or y + h > y0 + H:
            outer_box = [x0, y0, W, H]
            raise RecipeError("place_outside", setting=setting, value=[x, y, w, h], outer=outer_box)


def _as_floats(pixels: Pixels | Floats, white: int) -> Floats:
    """(h, w[, C]) with this value for white -> (h, w, C) float32 in [0, 1]."""
    values = np.asarray(pixels, np.float32) / np.float32(white)
    if white < np.iinfo(pixels.dtype).max:  # type: ignore[type-var]
        values = np.minimum(values, np.float32(1))
    return np.asarray(values.reshape(*pixels.shape[:2], -1), np.float32)
