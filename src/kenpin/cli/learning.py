"""kenpin learn."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin import messages
from kenpin.cli.common import (
    Columns,
    Good,
    GoodNames,
    Labels,
    Layout,
    Review,
    app,
    layout_of,
    one_sentence,
    out,
    progress_bar,
)
from kenpin.errors import DatasetError, RecipeError


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
    review: Review = None,
    model: Annotated[
        str | None, typer.Option(help="feature, pca, mt, rt; dense-ae, ae, vae, cvae (need "
                                 "kenpin[torch]); or auto, what finds simulated defects best "
                                 "[default: feature].", show_default=False)
    ] = None,
    smallest_defect: Annotated[
        str | None, typer.Option(metavar="12px", show_default=False,
                                 help="What the smallest defect to be found measures in the "
                                 "pictures: small ones need a larger picture.")
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(metavar="timm:NAME|FILE", show_default=False,
                                 help="Another network to see features with: one of timm, or a "
                                 "file of weights (need kenpin[torch,timm]), or an ONNX graph.")
    ] = None,
    add: Annotated[
        list[Path] | None, typer.Option(metavar="NEW", show_default=False,
                                        help="More good pictures for the PART.kenpin that is "
                                        "given in place of the good pictures.")
    ] = None,
    check: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", show_default=False,
                                        help="With --add: pictures on which to compare the part "
                                        "before and after.")
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
        str | None, typer.Option(help="units, l1, l2, ssim or auto [default: l2 of "
                                 "features, units of pixels].",
                                 show_default=False)
    ] = None,
    score: Annotated[
        str | None, typer.Option(help="max, mean, top or auto [default: top of "
                                 "features, max of pixels].",
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
    """Learn a part from pictures of good pieces, or add more to one already learned."""
    from kenpin.dataset import files_of, find_good, find_pictures  # noqa: PLC0415 - each command loads what it needs
    from kenpin.files import check_not_input, check_writable  # noqa: PLC0415
    from kenpin.learning import learn as learn_part  # noqa: PLC0415
    from kenpin.recipe import Recipe, parse_pixels, parse_seconds, parse_size  # noqa: PLC0415
    from kenpin.tables import print_bundle, print_choice  # noqa: PLC0415

    options = {
        "false_reject": false_reject,
        "review": review,
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
    given = {key: value for key, value in options.items() if value is not None}
    feature = {
        "smallest_defect": parse_pixels(smallest_defect) if smallest_defect else None,
        "backbone": backbone,
    }
    feature = {key: value for key, value in feature.items() if value is not None}
    if add:
        others = {"labels": labels, "ng": ng, "preset": preset, "recipe": recipe}
        named = [*given, *feature, *(key for key, value in others.items() if value)]
        _add(good, add, check or [], output, named, layout, columns, good_names)
        return
    if check:
        raise DatasetError(messages.CHECK_ALONE)
    told = layout_of(layout, columns, good_names)
    wanted = Recipe.read(recipe) if recipe else Recipe.preset(preset) if preset else Recipe()
    wanted = wanted.but(**given, feature=wanted.feature.model_dump() | feature)
    if feature and wanted.model not in ("feature", "auto"):
        options_of = ", ".join(f"--{key.replace('_', '-')}" for key in feature)
        raise RecipeError(messages.FEATURE_ONLY.format(options=options_of))
    sources = [*find_good(good, told), *(find_pictures(ng, told) if ng else [])]
    check_not_input(output, [*files_of(sources), *good])
    check_writable(output)
    with progress_bar() as progress:
        bundle = learn_part(good, wanted, progress, labels=labels, ng=ng, layout=told)
    bundle.save(output)
    print_choice(out, bundle)
    print_bundle(out, bundle, output)


def _add(
    part: list[Path],
    new: list[Path],
    check: list[Path],
    output: Path,
    options: list[str],
    *told: Any,
) -> None:
    """kenpin learn --add: the part with more good pictures, and what that changed."""
    from kenpin.adding import add  # noqa: PLC0415
    from kenpin.bundle import Bundle  # noqa: PLC0415
    from kenpin.comparison import before_and_after  # noqa: PLC0415
    from kenpin.dataset import files_of, find_good, find_pictures  # noqa: PLC0415
    from kenpin.files import check_not_input, check_writable  # noqa: PLC0415
    from kenpin.tables import print_bundle  # noqa: PLC0415

    if len(part) != 1:
        raise DatasetError(messages.ADD_ONE_PART.format(given=len(part)))
    if options:
        named = ", ".join("--" + option.replace("_", "-") for option in options)
        raise DatasetError(messages.ADD_WITH.format(options=named))
    layout = layout_of(*told)
    before = Bundle.load(part[0])
    check_not_input(output, [*files_of(find_good(new, layout)), *new, *part])
    check_writable(output)
    for folder in check:  # said before the long part
        find_pictures([folder])
        if before.calibration is None:
            raise DatasetError(messages.NOT_CALIBRATED.format(name=before.name))
    with progress_bar() as progress:
        after = add(before, new, progress, layout=layout)
    after.save(output)
    print_bundle(out, after, output)
    for folder in check:
        out.print(before_and_after(before, after, folder, layout))
