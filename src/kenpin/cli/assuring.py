"""kenpin plan, repeat, drift and master: what a quality manager signs."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli.common import (
    Columns,
    Good,
    GoodNames,
    Layout,
    Part,
    Report,
    app,
    layout_of,
    one_sentence,
    out,
    progress_bar,
    show_sheet,
)

NOT_AS_IT_SHOULD_BE = 1

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

master = typer.Typer(
    name="master",
    help="Master pictures (限度見本): pieces whose verdict is known, shown again before a shift.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(master)


@app.command()
@one_sentence
def plan(
    good: Good,
    repeats: Annotated[
        int, typer.Option(help="How often each number of pictures is drawn.")
    ] = 3,
    false_reject: Annotated[
        float | None, typer.Option(help="Share of good parts you accept to see rejected "
                                   "[default: 0.01].", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="As for learn [default: feature].", show_default=False)
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", show_default=False,
                                  help="The recipe they are to be learned with.")
    ] = None,
    report: Report = None,
    as_json: Json = False,
    layout: Layout = None,
    columns: Columns = None,
    good_names: GoodNames = None,
) -> None:  # fmt: skip
    """How many good pictures are enough: learn from few and more of them, and try each."""
    from kenpin.assurance.plan import plan as plan_part  # noqa: PLC0415 - see learn
    from kenpin.assurance.plan import plan_sheet  # noqa: PLC0415
    from kenpin.files import make_folder  # noqa: PLC0415
    from kenpin.recipe import Recipe  # noqa: PLC0415

    wanted = Recipe.read(recipe) if recipe else Recipe()
    options = {"false_reject": false_reject, "model": model}
    wanted = wanted.but(**{key: value for key, value in options.items() if value is not None})
    told = layout_of(layout, columns, good_names)
    if report:
        make_folder(report)
    with progress_bar() as progress:
        found = plan_part(good, wanted, progress, repeats=repeats, layout=told)
    show_sheet(found, plan_sheet(found), report, ", ".join(path.name for path in good), as_json)


@app.command()
@one_sentence
def repeat(
    part: Part,
    folder: Annotated[
        Path, typer.Argument(help="A sub-folder for each piece, with at least two shots of it.",
                             show_default=False)
    ],
    inspectors: Annotated[
        Path | None, typer.Option(metavar="TABLE", show_default=False,
                                  help="A CSV or Excel table with a column 'piece' and a column "
                                  "for each inspector, who said OK or NG.")
    ] = None,
    expect: Annotated[
        str | None, typer.Option(metavar="LABEL", show_default=False,
                                 help="The part they are, of a file learned with --labels.")
    ] = None,
    report: Report = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Whether several shots of a piece get the same answer: agreement and gauge R&R."""
    from kenpin.assurance.repeat import repeat as repeat_part  # noqa: PLC0415 - see learn
    from kenpin.assurance.repeat import repeat_sheet  # noqa: PLC0415
    from kenpin.files import make_folder  # noqa: PLC0415

    if report:
        make_folder(report)
    with progress_bar() as progress:
        found = repeat_part(part, folder, inspectors, progress, expect=expect)
    show_sheet(found, repeat_sheet(found), report, part.name, as_json)


@app.command()
@one_sentence
def drift(
    part: Part,
    log_file: Annotated[
        Path, typer.Argument(metavar="FILE.sqlite", show_default=False,
                             help="Written by kenpin inspect --log.")
    ],
    false_alarm: Annotated[
        float, typer.Option(help="How likely an alarm may ever be while nothing changes.")
    ] = 0.01,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", show_default=False,
                                 help="Pass over what was before, such as before a repair: "
                                 "2026-11-21 or 2026-11-21T08:00.")
    ] = None,
    report: Report = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Whether light, focus, place and scores are still as learned. Exit status: 1 on an alarm."""
    from kenpin.assurance.drift import drift as watch  # noqa: PLC0415 - see learn
    from kenpin.assurance.drift import drift_sheet  # noqa: PLC0415
    from kenpin.files import make_folder  # noqa: PLC0415

    found = watch(part, log_file, false_alarm, since)
    if report:
        make_folder(report)
    show_sheet(found, drift_sheet(found), report, part.name, as_json)
    if found.alarm is not None:
        raise typer.Exit(NOT_AS_IT_SHOULD_BE)


@master.command()
@one_sentence
def add(
    part: Part,
    ok: Annotated[
        list[Path] | None, typer.Option("--ok", metavar="PICTURE|FOLDER", show_default=False,
                                        help="Pieces that must be judged OK. May be repeated.")
    ] = None,
    ng: Annotated[
        list[Path] | None, typer.Option("--ng", metavar="PICTURE|FOLDER", show_default=False,
                                        help="Pieces that must not pass. May be repeated.")
    ] = None,
    expect: Annotated[
        str | None, typer.Option(metavar="LABEL", show_default=False,
                                 help="The part they are, of a file learned with --labels.")
    ] = None,
) -> None:  # fmt: skip
    """Keep pictures of pieces whose verdict is known, in PART.master beside the file."""
    from kenpin.assurance import messages  # noqa: PLC0415 - see learn
    from kenpin.assurance.master import add_masters, master_folder  # noqa: PLC0415

    kept, added = add_masters(part, ok or [], ng or [], expect)
    out.print(
        messages.MASTER_ADDED.format(
            added=added, count=len(kept.masters), folder=master_folder(part)
        )
    )


@master.command()
@one_sentence
def check(
    part: Part,
    fresh: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", show_default=False,
                                    help="Pictures of the master pieces just taken, each called "
                                    "like its master picture. Left out: the stored ones are "
                                    "judged, which says nothing of camera and light.")
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Judge the master pieces again, with a dated record. Exit status: 1 if one is judged wrong."""
    import json  # noqa: PLC0415 - see learn

    from kenpin.assurance.master import check_masters  # noqa: PLC0415
    from kenpin.tables import print_masters  # noqa: PLC0415

    with progress_bar() as progress:
        found = check_masters(part, fresh, progress)
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        print_masters(out, found)
    if not found.passed:
        raise typer.Exit(NOT_AS_IT_SHOULD_BE)
