"""kenpin check."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, out, progress_bar
from kenpin.text import say

SOMETHING_ODD = 1


@command()
def check(
    good: options.Good,
    test: Annotated[Path | None, typer.Option(metavar="FOLDER", show_default=False)] = None,
    sheet: Annotated[Path | None, typer.Option(metavar="FILE.png", show_default=False)] = None,
    false_reject: options.FalseReject = None,
    false_alarm: Annotated[float, typer.Option(metavar="SHARE")] = 0.01,
    recipe: options.RecipeFile = None,
    force: options.Force = False,
    as_json: options.Json = False,
    explain: options.Explain = False,
    labels: options.Labels = None,
    layout: options.Layout = None,
    columns: options.Columns = None,
    outside: options.Outside = False,
    good_names: options.GoodNames = None,
) -> None:
    from kenpin.cli.tables import print_examination, suspects_to_draw
    from kenpin.learning import examine
    from kenpin.recipe import Recipe
    from kenpin.report import contact_sheet
    from kenpin.sources import files_of, find_good, write_png
    from kenpin.system import check_free, check_not_input, check_writable

    wanted = Recipe.read(recipe) if recipe else Recipe()
    if false_reject is not None:
        wanted = wanted.but(false_reject=false_reject)
    told = options.layout_of(layout, columns, good_names, outside)
    if sheet:
        check_not_input(sheet, [*files_of(find_good(good, told)), *good])
        check_writable(sheet)
        check_free(sheet, force)
    with progress_bar() as progress:
        found = examine(good, wanted, progress, labels=labels, test=test, layout=told,
                        false_alarm=false_alarm)  # fmt: skip
    if sheet:
        options.keep(sheet)
        write_png(sheet, contact_sheet(suspects_to_draw(found), found.depth))
    if as_json:
        print(as_json_line(found.to_dict()))
    else:
        print_examination(out, found, explain)
        if sheet:
            out.print(say("pictures_drawn", path=sheet))
    if found.findings:
        raise typer.Exit(SOMETHING_ODD)
