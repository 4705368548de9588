"""Many pictures read and worked on at once, with names that hide the user's folders."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from kenpin.errors import PictureError
from kenpin.prepare import Preparation, Prepared
from kenpin.sources import PictureSource, name_of, read_picture
from kenpin.system import cores, in_order
from kenpin.text import Notice
from kenpin.types import Picture, Reason

T = TypeVar("T")


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


def short_name(source: PictureSource) -> str:
    """The last two parts of a picture's path: enough to find it."""
    return "/".join(Path(name_of(source)).parts[-2:])


def unfit(preparation: Preparation, picture: Picture, cut: Prepared) -> Notice | None:
    """Why a picture that can be read cannot be learned from."""
    misfit = preparation.depth.misfit(picture)
    if misfit is not None:
        return depth_other(misfit)
    harness, reading = preparation.harness, cut.reading
    if harness is None or reading is None:
        return None
    if reading.fault is not None:
        return Notice(f"reason_{reading.fault}")
    counts = [value for one, value in zip(harness.measures, reading.values, strict=True)
              if one.kind in ("missing", "extra")]  # fmt: skip
    return Notice("harness_unlike") if any(value > 0 for value in counts) else None


def depth_other(misfit: Reason) -> Notice:
    """That a picture is left out for its bit depth, see `Depth.misfit`."""
    return Notice("depth_other", peak=int(misfit.value), limit=int(misfit.limit))
