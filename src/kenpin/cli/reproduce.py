"""kenpin reproduce."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, out, progress_bar
from kenpin.text import say


@command()
def reproduce(
    name: Annotated[str, typer.Argument(show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR")] = Path(
        "kenpin-experiments"
    ),
    seeds: Annotated[int, typer.Option(min=1)] = 1,
    mnist: Annotated[Path | None, typer.Option(metavar="DIR", show_default=False)] = None,
    log: Annotated[Path | None, typer.Option(metavar="DIR", show_default=False)] = None,
    as_json: options.Json = False,
    on: options.On = "local",
) -> None:
    from kenpin.cli.tables import print_experiment
    from kenpin.experiments import reproduce as runs_of
    from kenpin.experiments import summary, write_experiment
    from kenpin.system import make_folder

    make_folder(output)
    runs = []
    with progress_bar() as progress, options.workers_on(on) as workers:
        told = progress or (lambda *_: None)
        for run in runs_of(name, range(seeds), told, mnist, log, workers):
            runs.append(run)
            for row in run.rows if as_json else ():
                print(json.dumps(row.to_dict()), flush=True)
    written = write_experiment(output, name, runs)
    if not as_json:
        print_experiment(out, summary([row for run in runs for row in run.rows]))
        out.print(say("report_written", path=written))
