"""kenpin check and kenpin window."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kenpin import messages
from kenpin.cli.common import (
    Columns,
    Good,
    GoodNames,
    Labels,
    Layout,
    app,
    layout_of,
    one_sentence,
    out,
    progress_bar,
)

SOMETHING_ODD = 1


@app.command()
@one_sentence
def check(
    good: Good,
    test: Annotated[
        Path | None, typer.Option(metavar="FOLDER", show_default=False,
                                  help="Pictures that must not show the same pieces; of a folder "
                                  "in MVTec layout its test pictures are looked at anyway.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.png", show_default=False,
                                  help="Draw the odd pictures, and those most unlike the others.")
    ] = None,
    false_reject: Annotated[
        float | None, typer.Option(help="Share of good parts you want to accept to see rejected "
                                   "[default: 0.01].", show_default=False)
    ] = None,
    false_alarm: Annotated[
        float, typer.Option(help="Share of good pictures that each search may call odd.")
    ] = 0.01,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", show_default=False,
                                  help="The recipe they are to be learned with.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    labels: Labels = None,
    layout: Layout = None,
    columns: Columns = None,
    good_names: GoodNames = None,
) -> None:  # fmt: skip
    """Look for what should not be among good pictures. Exit status: 0 nothing odd, 1 something."""
    from kenpin.dataset import files_of, find_good  # noqa: PLC0415 - see learn
    from kenpin.doctor import examine  # noqa: PLC0415
    from kenpin.files import check_not_input, check_writable  # noqa: PLC0415
    from kenpin.pictures import write_png  # noqa: PLC0415
    from kenpin.recipe import Recipe  # noqa: PLC0415
    from kenpin.report.sheet import contact_sheet  # noqa: PLC0415
    from kenpin.tables import print_examination, suspects_to_draw  # noqa: PLC0415

    wanted = Recipe.read(recipe) if recipe else Recipe()
    if false_reject is not None:
        wanted = wanted.but(false_reject=false_reject)
    told = layout_of(layout, columns, good_names)
    if sheet:
        check_not_input(sheet, [*files_of(find_good(good, told)), *good])
        check_writable(sheet)
    with progress_bar() as progress:
        found = examine(good, wanted, progress, labels=labels, test=test, layout=told,
                        false_alarm=false_alarm)  # fmt: skip
    if sheet:
        write_png(sheet, contact_sheet(suspects_to_draw(found)))
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        print_examination(out, found)
        if sheet:
            out.print(f"Pictures drawn: {sheet}")
    if found.findings:
        raise typer.Exit(SOMETHING_ODD)


@app.command()
@one_sentence
def window(
    picture: Annotated[
        Path, typer.Argument(help="A picture of a good part; with align the first good one.",
                             show_default=False)
    ],
    columns: Annotated[
        int | None, typer.Option(min=1, max=200, help="How many windows beside one another "
                                 "[default: found from what repeats].", show_default=False)
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=200, help="How many below one another.")] = 1,
    within: Annotated[
        str | None, typer.Option(metavar="X,Y,WIDTH,HEIGHT", show_default=False,
                                 help="Look only here.")
    ] = None,
    recipe: Annotated[
        Path, typer.Option(metavar="FILE.toml", help="The recipe to write the windows into; made "
                           "when it is not there.")
    ] = Path("recipe.toml"),
    overlay: Annotated[
        Path, typer.Option(metavar="FILE.png", help="The picture with the windows to write.")
    ] = Path("windows.png"),
) -> None:  # fmt: skip
    """Propose a grid of equal windows, each judged on its own, and write it into a recipe."""
    from kenpin.files import check_not_input, check_writable, write_atomically  # noqa: PLC0415
    from kenpin.pictures import write_png  # noqa: PLC0415
    from kenpin.recipe import Recipe, parse_rectangle, with_windows_in  # noqa: PLC0415
    from kenpin.report.sheet import with_windows  # noqa: PLC0415
    from kenpin.windows import propose_windows  # noqa: PLC0415

    for path in (recipe, overlay):
        check_not_input(path, [picture])
        check_writable(path)
    wanted = Recipe.read(recipe) if recipe.exists() else Recipe()
    looked_at = parse_rectangle(within) if within else wanted.crop
    grid = propose_windows(picture, columns, rows, looked_at)
    write_png(overlay, with_windows(picture, grid.windows))
    write_atomically(recipe, with_windows_in(recipe, wanted.but(windows=grid.windows)).encode())
    first = next(iter(grid.windows.values()))
    out.print(messages.WINDOWS_FOUND.format(count=len(grid.windows), width=first[2],
                                            height=first[3]))  # fmt: skip
    out.print(f"Recipe: {recipe}")
    out.print(f"Picture: {overlay}")
