"""One self-contained page for a plan, a study or charts."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from kenpin.assurance.sheet import Sheet
from kenpin.files import make_folder, write_atomically
from kenpin.report.embedded import embed
from kenpin.version import VERSION


def write_page(folder: str | Path, sheet: Sheet, about: str) -> Path:
    """Write the sheet as an HTML page into the folder; about: what it is made from, for people.

    Returns the page. Raises OutputError.
    """
    folder = Path(folder)
    make_folder(folder)
    environment = Environment(
        loader=PackageLoader("kenpin.report", "."), autoescape=True, undefined=StrictUndefined
    )
    plots = {
        section.heading: embed(section.plot(), "png") for section in sheet.sections if section.plot
    }
    html = environment.get_template("page.html.j2").render(
        sheet=sheet,
        plots=plots,
        about=about,
        date=f"{datetime.now():%Y-%m-%d %H:%M}",
        version=VERSION,
    )
    path = folder / f"{sheet.name}.html"
    write_atomically(path, html.encode())
    return path
