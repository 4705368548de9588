"""kenpin show."""

import json
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, out
from kenpin.text import say


@command()
def show(
    part: options.Part,
    report: options.Report = None,
    force: options.Force = False,
    as_toml: Annotated[bool, typer.Option("--toml")] = False,
    as_json: options.Json = False,
    explain: options.Explain = False,
) -> None:
    from kenpin.cli.tables import print_bundle, print_content
    from kenpin.inspection import Inspector
    from kenpin.part import Bundle, describe

    bundle = Bundle.load(part)
    options.check_report(report, "report.html", force)
    written = None
    if report:
        from kenpin.report import write_report

        options.keep(report / "report.html")
        written = write_report(report, Inspector(bundle))
    if as_json or as_toml:
        print(json.dumps(describe(bundle)) if as_json else bundle.recipe.to_toml())
        return
    print_bundle(out, bundle, part, explain)
    print_content(out, bundle)
    if written:
        out.print(say("report_written", path=written))
