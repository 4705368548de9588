"""kenpin export and kenpin bench: the part on another machine, and on this one."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli.common import Part, app, one_sentence, out


@app.command()
@one_sentence
def export(
    part: Part,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", show_default=False,
                           help="The folder to write.")
    ],
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(help="Pictures to check the graph by, the first 20 of them; drawn ones if "
                       "left out.", show_default=False),
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="HxW", show_default=False,
                                 help="Of the pictures that the graph will be given [default: as "
                                 "those to check it by, or as most that were learned from].")
    ] = None,
    colour: Annotated[
        bool | None, typer.Option("--rgb/--grey", show_default=False,
                                  help="What the graph will be given [default: as the part is "
                                  "seen].")
    ] = None,
) -> None:  # fmt: skip
    """Write the whole decision as an ONNX graph, for programs without Python."""
    from kenpin.bundle import Bundle  # noqa: PLC0415 - see learn
    from kenpin.dataset import find_pictures  # noqa: PLC0415
    from kenpin.exports.package import export as export_part  # noqa: PLC0415
    from kenpin.recipe import parse_size  # noqa: PLC0415
    from kenpin.tables import print_exported  # noqa: PLC0415

    bundle = Bundle.load(part)
    sources = find_pictures(pictures) if pictures else []
    given = parse_size(size) if size else None
    print_exported(out, export_part(bundle, output, sources, given, colour))


@app.command()
@one_sentence
def bench(
    part: Part,
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(help="Pictures of the part, such as a folder; drawn ones if left out.",
                       show_default=False),
    ] = None,
    margin: Annotated[
        float, typer.Option(min=1, max=1000,
                            help="How much more time than it takes a part should be given.")
    ] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:  # fmt: skip
    """Measure what this machine does: milliseconds a picture, pictures a second, parts a minute."""
    from kenpin.dataset import find_pictures  # noqa: PLC0415 - see learn
    from kenpin.inspector import Inspector  # noqa: PLC0415
    from kenpin.speed import measure  # noqa: PLC0415
    from kenpin.tables import print_speed  # noqa: PLC0415

    inspector = Inspector.open(part)
    speed = measure(inspector, find_pictures(pictures) if pictures else [])
    if as_json:
        print(json.dumps(speed.to_dict(margin)))
    else:
        print_speed(out, speed, margin)
