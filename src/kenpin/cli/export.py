"""kenpin export."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, out


@command()
def export(
    part: options.Part,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", show_default=False)],
    pictures: Annotated[list[Path] | None, typer.Argument(show_default=False)] = None,
    size: Annotated[str | None, typer.Option(metavar="HxW", show_default=False)] = None,
    bits: Annotated[int | None, typer.Option(show_default=False)] = None,
    force: options.Force = False,
    colour: Annotated[bool | None, typer.Option("--rgb/--grey", show_default=False)] = None,
) -> None:
    from kenpin.cli.tables import print_exported
    from kenpin.exports import FILES
    from kenpin.exports import export as export_part
    from kenpin.part import Bundle
    from kenpin.recipe import parse_size
    from kenpin.sources import find_pictures

    bundle = Bundle.load(part)
    sources = find_pictures(pictures) if pictures else []
    given = parse_size(size) if size else None
    old = options.check_folder(output, lambda name: name in FILES, force)
    aside = output.with_name(f".{output.name}.new") if old else output
    exported = export_part(bundle, aside, sources, given, colour, bits)
    if old:  # only now that there is a new one
        options.keep(output)
        aside.rename(output)
    print_exported(out, replace(exported, folder=output))
