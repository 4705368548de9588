"""kenpin draw."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, out
from kenpin.text import say


@command()
def draw(
    part: options.Part,
    label: Annotated[str | None, typer.Option(show_default=False)] = None,
    count: Annotated[int, typer.Option("-n", min=1, max=1000)] = 16,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR")] = Path("drawn"),
    force: options.Force = False,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    from kenpin.part import Bundle
    from kenpin.report import as_grey_or_rgb
    from kenpin.sources import write_png
    from kenpin.system import make_folder

    drawn = Bundle.load(part).draw(count, label, seed)
    if options.check_folder(output, lambda name: name.endswith(".png"), force):
        options.keep(output)
        make_folder(output)
    for number, picture in enumerate(drawn, start=1):
        write_png(output / f"{label or 'drawn'}-{number:03}.png", as_grey_or_rgb(picture))
    out.print(say("drawn_written", path=output, count=count))
