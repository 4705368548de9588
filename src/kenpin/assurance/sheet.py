"""A result as people read it: the same sentences and tables in the terminal and on a page."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Section:
    """Sentences, a table under its heads, and a plot for pages: what draws it, as PNG bytes."""

    heading: str
    sentences: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    plot: Callable[[], bytes] | None = None


@dataclass(frozen=True)
class Sheet:
    """A page called `name`; `how` says of each number how it was obtained, in one sentence."""

    name: str
    title: str
    sections: tuple[Section, ...]
    how: dict[str, str] = field(default_factory=dict)
