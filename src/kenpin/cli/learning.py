"""kenpin learn."""

from pathlib import Path
from typing import Annotated

import typer

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


@app.command()
@one_sentence
def learn(
    good: Good,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PART.kenpin", show_default=False,
                           help="The file to write.")
    ],
    false_reject: Annotated[
        float | None, typer.Option(help="Share of good parts you accept to see rejected "
                                   "[default: 0.01].", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="pca, mt, rt; dense-ae, ae, vae, cvae (need kenpin[torch]); "
                                 "or auto, what finds simulated defects best [default: pca].",
                                 show_default=False)
    ] = None,
    labels: Labels = None,
    ng: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", show_default=False,
                                        help="NG pictures, at least 5: a judge that learns from "
                                        "them is used if fewer of them escape it.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="60s", show_default=False,
                                 help="Time that auto may spend on trying models "
                                 "[default: 60s].")
    ] = None,
    difference: Annotated[
        str | None, typer.Option(help="units, l1, l2, ssim or auto [default: units].",
                                 show_default=False)
    ] = None,
    score: Annotated[
        str | None, typer.Option(help="max, mean, top or auto [default: max].",
                                 show_default=False)
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="The settings of a published experiment: shapes16, "
                                 "shapes27, terminals36 or mnist19.", show_default=False)
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="HxW", help="Pixels that the model sees [default: from "
                                 "the pictures].", show_default=False)
    ] = None,
    color: Annotated[
        str | None, typer.Option(help="grey or rgb [default: from the pictures].",
                                 show_default=False)
    ] = None,
    held_out: Annotated[
        str | None, typer.Option(help="How unseen scores are had: kfold, split or none "
                                 "[default: kfold].", show_default=False)
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", show_default=False,
                                  help="Settings from a file; options given here come first.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same file [default: 0].",
                                 show_default=False)
    ] = None,
    align: Annotated[
        str | None, typer.Option(help="Find parts that do not always lie alike: none, translation, "
                                 "rotation or scale [default: none].", show_default=False)
    ] = None,
    light: Annotated[
        str | None, typer.Option(help="Even out the light: none, level or shading [default: none].",
                                 show_default=False)
    ] = None,
    layout: Layout = None,
    columns: Columns = None,
    good_names: GoodNames = None,
) -> None:  # fmt: skip
    """Learn a part from pictures of good pieces."""
    from kenpin.dataset import files_of, find_good, find_pictures  # noqa: PLC0415 - each command loads what it needs
    from kenpin.files import check_not_input, check_writable  # noqa: PLC0415
    from kenpin.learning import learn as learn_part  # noqa: PLC0415
    from kenpin.recipe import Recipe, parse_seconds, parse_size  # noqa: PLC0415
    from kenpin.tables import print_bundle, print_choice  # noqa: PLC0415

    options = {
        "false_reject": false_reject,
        "model": model,
        "size": parse_size(size) if size else None,
        "color": color,
        "held_out": held_out,
        "budget": parse_seconds(budget) if budget else None,
        "difference": difference,
        "score": score,
        "seed": seed,
        "align": align,
        "light": light,
    }
    told = layout_of(layout, columns, good_names)
    wanted = Recipe.read(recipe) if recipe else Recipe.preset(preset) if preset else Recipe()
    wanted = wanted.but(**{key: value for key, value in options.items() if value is not None})
    sources = [*find_good(good, told), *(find_pictures(ng, told) if ng else [])]
    check_not_input(output, [*files_of(sources), *good])
    check_writable(output)
    with progress_bar() as progress:
        bundle = learn_part(good, wanted, progress, labels=labels, ng=ng, layout=told)
    bundle.save(output)
    print_choice(out, bundle)
    print_bundle(out, bundle, output)
