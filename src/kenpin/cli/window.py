"""kenpin window."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, out
from kenpin.text import say


@command()
def window(
    picture: Annotated[Path, typer.Argument(show_default=False)],
    columns: Annotated[int | None, typer.Option(min=1, max=200, show_default=False)] = None,
    rows: Annotated[int, typer.Option(min=1, max=200)] = 1,
    within: Annotated[
        str | None, typer.Option(metavar="X,Y,WIDTH,HEIGHT", show_default=False)
    ] = None,
    recipe: Annotated[Path, typer.Option(metavar="FILE.toml")] = Path("recipe.toml"),
    overlay: Annotated[Path, typer.Option(metavar="FILE.png")] = Path("windows.png"),
) -> None:
    from kenpin.prepare import propose_windows
    from kenpin.recipe import Recipe, parse_rectangle, with_windows_in
    from kenpin.report import with_windows
    from kenpin.sources import write_png
    from kenpin.system import check_not_input, check_writable, write_atomically

    for path in (recipe, overlay):
        check_not_input(path, [picture])
        check_writable(path)
    wanted = Recipe.read(recipe) if recipe.exists() else Recipe()
    looked_at = parse_rectangle(within) if within else wanted.crop
    grid = propose_windows(picture, columns, rows, looked_at)
    changed = with_windows_in(recipe, wanted.but(windows=grid.windows))
    for path in (recipe, overlay):  # comments in the recipe are lost
        options.keep(path)
    write_png(overlay, with_windows(picture, grid.windows))
    write_atomically(recipe, changed.encode())
    _, _, width, height = next(iter(grid.windows.values()))
    out.print(say("windows_found", count=len(grid.windows), width=width, height=height))
    out.print(say("windows_written", recipe=recipe, picture=overlay))
