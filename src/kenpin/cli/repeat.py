"""kenpin repeat."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, progress_bar


@command()
def repeat(
    part: options.Part,
    folder: Annotated[Path, typer.Argument(show_default=False)],
    inspectors: Annotated[Path | None, typer.Option(metavar="TABLE", show_default=False)] = None,
    expect: options.Expect = None,
    report: options.Report = None,
    force: options.Force = False,
    as_json: options.Json = False,
    explain: options.Explain = False,
) -> None:
    from kenpin.assurance import repeat as repeat_part
    from kenpin.cli.tables import show_page
    from kenpin.report import repeat_page

    options.check_report(report, "repeat.html", force)
    with progress_bar() as progress:
        found = repeat_part(part, folder, inspectors, progress, expect=expect)
    show_page(found, repeat_page(found), report, part.name, as_json, explain)
