"""kenpin evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import COULD_NOT_RUN, as_json_line, command, complain, out, progress_bar
from kenpin.errors import DatasetError
from kenpin.text import say


@command()
def evaluate(
    part: options.Part,
    dataset: Annotated[Path | None, typer.Argument(show_default=False)] = None,
    from_record: Annotated[
        str | None, typer.Option(metavar="SET[@VERSION]", show_default=False)
    ] = None,
    place: options.Record = None,
    part_number: options.PartNumber = None,
    report: options.Report = None,
    force: options.Force = False,
    costs: Annotated[
        str | None, typer.Option(metavar="FALSE_REJECT,ESCAPE", show_default=False)
    ] = None,
    ng_share: Annotated[float, typer.Option(metavar="SHARE")] = 0.01,
    as_json: options.Json = False,
    explain: options.Explain = False,
    review: options.Review = None,
    layout: options.Layout = None,
    columns: options.Columns = None,
    outside: options.Outside = False,
    good_names: options.GoodNames = None,
) -> None:
    from kenpin.assurance import cheapest, check_costs, parse_costs
    from kenpin.cli.evaluation_tables import print_evaluation
    from kenpin.cli.recording import frozen
    from kenpin.evaluation import evaluate as evaluate_part
    from kenpin.inspection import Inspector

    inspector = Inspector.open(part, review)
    told = options.layout_of(layout, columns, good_names, outside)
    if (dataset is None) == (from_record is None):
        raise DatasetError("evaluate_source")
    labelled = dataset or frozen(place, part_number, str(from_record))
    priced = parse_costs(costs, ng_share) if costs else None
    if priced:
        check_costs(inspector)
    options.check_report(report, "report.html", force)
    with progress_bar() as progress:
        evaluation = evaluate_part(inspector, labelled, progress, told)
    for item in evaluation.left_out:
        complain(str(item.reason))
    found = cheapest(inspector, evaluation, priced) if priced else None
    written = None
    if report:
        from kenpin.report import write_report

        options.keep(report / "report.html")
        written = write_report(report, inspector, evaluation, priced)
    if as_json:
        also = {"cheapest": found.to_dict()} if found else {}
        print(as_json_line(evaluation.to_dict() | also))
    else:
        print_evaluation(out, evaluation, explain)
        if found:
            out.print(str(found))
        if written:
            out.print(say("report_written", path=written))
    if evaluation.left_out:  # what is told is not about all of them
        raise typer.Exit(COULD_NOT_RUN)
