"""kenpin show, kenpin draw, kenpin demo and kenpin reproduce."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli.common import Part, app, one_sentence, out, progress_bar, write_report_to


@app.command()
@one_sentence
def show(
    part: Part,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a report of what was learned.",
                                  show_default=False)
    ] = None,
    as_toml: Annotated[
        bool, typer.Option("--toml", help="Print the recipe, to learn again with --recipe.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:  # fmt: skip
    """Show what is in a .kenpin file."""
    from kenpin.bundle import Bundle, describe  # noqa: PLC0415 - see learn
    from kenpin.inspector import Inspector  # noqa: PLC0415
    from kenpin.tables import print_bundle, print_content  # noqa: PLC0415

    bundle = Bundle.load(part)
    written = write_report_to(report, Inspector(bundle), None) if report else None
    if as_json or as_toml:
        print(json.dumps(describe(bundle)) if as_json else bundle.recipe.to_toml())
        return
    print_bundle(out, bundle, part)
    print_content(out, bundle)
    if written:
        out.print(f"Report: {written}")


@app.command()
@one_sentence
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write.")
    ] = Path("kenpin-demo"),
) -> None:
    """Draw connector terminals, learn 100 good ones, judge good and NG ones, write a report."""
    from kenpin.demo import run_demo  # noqa: PLC0415 - see learn
    from kenpin.tables import print_bundle, print_evaluation  # noqa: PLC0415

    with progress_bar() as progress:
        done = run_demo(output, progress=progress)
    print_bundle(out, done.bundle, Path(done.bundle.name))
    print_evaluation(out, done.evaluation)
    out.print(f"One picture of each kind: {done.pictures}")
    out.print(f"Report: {done.report}")


@app.command()
@one_sentence
def draw(
    part: Part,
    label: Annotated[
        str | None, typer.Option(help="Of which part, in a file learned with --labels.",
                                 show_default=False)
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 16,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write.")
    ] = Path("drawn"),
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same pictures.")] = 0,
) -> None:  # fmt: skip
    """Draw pictures like the good ones: what the model believes a good part looks like."""
    from kenpin.bundle import Bundle  # noqa: PLC0415 - see learn
    from kenpin.files import make_folder  # noqa: PLC0415
    from kenpin.pictures import write_png  # noqa: PLC0415
    from kenpin.report.pictures import as_grey_or_rgb  # noqa: PLC0415

    drawn = Bundle.load(part).draw(count, label, seed)
    make_folder(output)
    for number, picture in enumerate(drawn, start=1):
        write_png(output / f"{label or 'drawn'}-{number:03}.png", as_grey_or_rgb(picture))
    out.print(f"Pictures written to {output}: {count}")


@app.command()
@one_sentence
def reproduce(
    name: Annotated[
        str, typer.Argument(help="shapes16, shapes27, terminals36 or mnist19.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write.")
    ] = Path("kenpin-experiments"),
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds: 0, 1, ...")] = 1,
    mnist: Annotated[
        Path | None, typer.Option(metavar="DIR", show_default=False,
                                  help="The folder of MNIST's four idx files, for mnist19.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="DIR", show_default=False,
                                  help="Write losses for TensorBoard, and the models.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each row.")] = False,
) -> None:  # fmt: skip
    """Do a published experiment as published and with kenpin; draw it and print both."""
    from kenpin.experiments import reproduce as runs_of  # noqa: PLC0415 - see learn
    from kenpin.experiments import summary, write_experiment  # noqa: PLC0415
    from kenpin.files import make_folder  # noqa: PLC0415
    from kenpin.tables import print_experiment  # noqa: PLC0415

    make_folder(output)
    runs = []
    with progress_bar() as progress:
        for run in runs_of(name, range(seeds), progress or (lambda *_: None), mnist, log):
            runs.append(run)
            for row in run.rows if as_json else ():
                print(json.dumps(row.to_dict()), flush=True)
    written = write_experiment(output, name, runs)
    if not as_json:
        print_experiment(out, summary([row for run in runs for row in run.rows]))
        out.print(f"Report: {written}")
