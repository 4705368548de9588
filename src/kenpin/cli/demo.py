"""kenpin demo."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, out, progress_bar
from kenpin.text import say


@command()
def demo(
    what: Annotated[str, typer.Argument(metavar="[terminals|harness]")] = "terminals",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR")] = None,
    explain: options.Explain = False,
) -> None:
    from kenpin.cli.evaluation_tables import print_evaluation
    from kenpin.cli.tables import print_learned
    from kenpin.experiments import run_demo

    with progress_bar() as progress:
        folder = output or Path("kenpin-demo" if what == "terminals" else f"kenpin-demo-{what}")
        done = run_demo(folder, progress=progress, what=what)
    print_learned(out, done.bundle, Path(done.bundle.name))
    print_evaluation(out, done.evaluation, explain)
    out.print(say("demo_pictures", path=done.pictures))
    out.print(say("report_written", path=done.report))
