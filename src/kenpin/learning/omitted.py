"""Good pictures that a person has left out by name."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from kenpin.errors import DatasetError
from kenpin.learning.in_threads import short_name
from kenpin.sources import LeftOut, PictureSource, name_of
from kenpin.text import Notice


def leave_out(
    sources: Sequence[PictureSource], labels: Sequence[str], names: Sequence[str]
) -> tuple[list[PictureSource], list[str], list[LeftOut]]:
    """The sources and labels without the named ones, and these.

    Raises DatasetError for a name that no picture has, or several.
    """
    out = {_the_one(sources, name) for name in names}
    omitted = [
        LeftOut(short_name(sources[n]), Notice("left_out_by_name"), source=sources[n])
        for n in sorted(out)
    ]
    kept = [n for n in range(len(sources)) if n not in out]
    return [sources[n] for n in kept], [labels[n] for n in kept], omitted


def without_options(names: Sequence[str]) -> str:
    """What to type so that the pictures of these names are left out."""
    return " ".join(f"--without {shlex.quote(name)}" for name in names)


def _the_one(sources: Sequence[PictureSource], name: str) -> int:
    wanted = Path(name).parts
    own = [
        n
        for n, source in enumerate(sources)
        if Path(name_of(source)).parts[-len(wanted) :] == wanted
    ]
    if len(own) != 1 or not wanted:
        code = "without_several" if len(own) > 1 else "without_unknown"
        raise DatasetError(code, name=name, count=len(own))
    return own[0]
