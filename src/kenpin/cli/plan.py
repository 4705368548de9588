"""kenpin plan."""

from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import command, progress_bar


@command()
def plan(
    good: options.Good,
    repeats: Annotated[int, typer.Option(metavar="N")] = 3,
    false_reject: options.FalseReject = None,
    model: Annotated[str | None, typer.Option(show_default=False)] = None,
    recipe: options.RecipeFile = None,
    report: options.Report = None,
    force: options.Force = False,
    as_json: options.Json = False,
    explain: options.Explain = False,
    layout: options.Layout = None,
    columns: options.Columns = None,
    outside: options.Outside = False,
    good_names: options.GoodNames = None,
    on: options.On = "local",
) -> None:
    from kenpin.assurance import plan as plan_part
    from kenpin.cli.tables import show_page
    from kenpin.recipe import Recipe
    from kenpin.report import plan_page

    wanted = Recipe.read(recipe) if recipe else Recipe()
    wanted = wanted.but(**options.given(false_reject=false_reject, model=model))
    told = options.layout_of(layout, columns, good_names, outside)
    options.check_report(report, "plan.html", force)
    with progress_bar() as progress, options.workers_on(on) as workers:
        found = plan_part(good, wanted, progress, repeats=repeats, layout=told, workers=workers)
    about = ", ".join(path.name for path in good)
    show_page(found, plan_page(found), report, about, as_json, explain)
