"""One self-contained page for a plan, a study or charts; terminals show the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kenpin.report.html import environment, image
from kenpin.report.plots import Plot
from kenpin.system import make_folder, write_atomically


@dataclass(frozen=True)
class Section:
    """Sentences, a table under its heads, and for pages a plot: what draws it."""

    heading: str
    sentences: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    plot: Callable[[], Plot] | None = None


@dataclass(frozen=True)
class Page:
    """A page called `name`; `how` says of each number how it was obtained, in one sentence."""

    name: str
    title: str
    sections: tuple[Section, ...]
    how: dict[str, str] = field(default_factory=dict)


def write_page(folder: str | Path, page: Page, about: str) -> Path:
    """Write it as HTML into the folder; about: what it is made from, for people.

    Returns the file. Raises OutputError.
    """
    folder = Path(folder)
    make_folder(folder)
    path = folder / f"{page.name}.html"
    write_atomically(path, page_html(page, about).encode())
    return path


def page_html(page: Page, about: str) -> str:
    """The page itself; about: what it is made from, for people."""
    plots = {one.heading: one.plot() for one in page.sections if one.plot}
    shown = {heading: (image(plot.png), plot.legend) for heading, plot in plots.items()}
    template = environment().get_template("page.html.j2")
    date = f"{datetime.now():%Y-%m-%d %H:%M}"
    return template.render(page=page, plots=shown, about=about, date=date)
