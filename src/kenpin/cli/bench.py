"""kenpin bench."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, out


@command()
def bench(
    part: options.Part,
    pictures: Annotated[list[Path] | None, typer.Argument(show_default=False)] = None,
    margin: Annotated[float, typer.Option(min=1, max=1000)] = 3.0,
    as_json: options.Json = False,
) -> None:
    from kenpin.cli.tables import print_speed
    from kenpin.evaluation import measure
    from kenpin.inspection import Inspector
    from kenpin.sources import find_pictures

    inspector = Inspector.open(part)
    speed = measure(inspector, find_pictures(pictures) if pictures else [])
    if as_json:
        print(json.dumps(speed.to_dict(margin)))
    else:
        print_speed(out, speed, margin)
