"""kenpin drift."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command

ALARM = 1


@command()
def drift(
    part: options.Part,
    log_file: Annotated[Path, typer.Argument(metavar="FILE.sqlite", show_default=False)],
    false_alarm: Annotated[float, typer.Option(metavar="SHARE")] = 0.01,
    since: Annotated[str | None, typer.Option(metavar="DATE", show_default=False)] = None,
    report: options.Report = None,
    force: options.Force = False,
    as_json: options.Json = False,
    explain: options.Explain = False,
) -> None:
    from kenpin.assurance import drift as watch
    from kenpin.cli.tables import show_page
    from kenpin.report import drift_page

    found = watch(part, log_file, false_alarm, since)
    options.check_report(report, "drift.html", force)
    show_page(found, drift_page(found), report, part.name, as_json, explain)
    if found.alarm is not None:
        raise typer.Exit(ALARM)
