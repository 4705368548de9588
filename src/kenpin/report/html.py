"""What every page is made with: the templates, and pictures inside the page."""

import base64
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from kenpin.part import looks_like
from kenpin.system import VERSION
from kenpin.text import language, percent, say


def environment() -> Environment:
    """The templates of all pages; they speak by `say`."""
    made = Environment(
        loader=PackageLoader("kenpin.report", "."), autoescape=True, undefined=StrictUndefined
    )
    made.globals |= {"say": say, "looks_like": looks_like}
    made.globals |= {"version": VERSION, "language": language()}
    made.filters["percent"] = percent_or_dash
    return made


def image(content: bytes, kind: str = "png") -> str:
    """The picture as a URL that needs no file."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def percent_or_dash(share: float | None) -> str:
    """The share as it is written everywhere, kept on one line; a dash where there is none."""
    return "–" if share is None else percent(share).replace(" ", "\N{NO-BREAK SPACE}")


def experiment_html(
    name: str,
    summary: Sequence[dict[str, Any]],
    pictures: Sequence[tuple[str, bytes]],
    seeds: int,
) -> str:
    """The page of a published experiment: its figures by way, and its pictures (title, PNG)."""
    template = environment().get_template("experiment.html.j2")
    keys = list(dict.fromkeys(key for way in summary for key in way["figures"]))
    shown = [(title, image(png)) for title, png in pictures]
    return template.render(name=name, summary=summary, keys=keys, pictures=shown, seeds=seeds)
