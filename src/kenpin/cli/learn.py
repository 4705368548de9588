"""kenpin learn."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import command, out, progress_bar
from kenpin.errors import DatasetError, OutputError, RecipeError
from kenpin.text import say

RECORD = "record"  # in place of a folder of NG pictures


def _choice(metavar: str | None = None) -> Any:
    return typer.Option(metavar=metavar, show_default=False)


@command()
def learn(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PART.kenpin", show_default=False)
    ],
    good: Annotated[list[Path] | None, typer.Argument(show_default=False)] = None,
    from_record: Annotated[str | None, _choice("NUMBER")] = None,
    place: options.Record = None,
    false_reject: options.FalseReject = None,
    review: options.Review = None,
    limit: Annotated[str | None, _choice()] = None,
    kind: Annotated[str | None, _choice("part|harness")] = None,
    model: Annotated[str | None, _choice()] = None,
    smallest_defect: Annotated[str | None, _choice("12px")] = None,
    backbone: Annotated[str | None, _choice("timm:NAME|FILE")] = None,
    without: Annotated[list[str] | None, _choice("NAME")] = None,
    add: Annotated[list[Path] | None, _choice("NEW")] = None,
    check: Annotated[list[Path] | None, _choice("FOLDER")] = None,
    labels: options.Labels = None,
    ng: Annotated[list[Path] | None, _choice("FOLDER")] = None,
    budget: Annotated[str | None, _choice("60s")] = None,
    difference: Annotated[str | None, _choice()] = None,
    score: Annotated[str | None, _choice()] = None,
    preset: Annotated[str | None, _choice()] = None,
    size: Annotated[str | None, _choice("HxW")] = None,
    color: Annotated[str | None, _choice()] = None,
    bits: Annotated[int | None, _choice()] = None,
    held_out: Annotated[str | None, _choice()] = None,
    recipe: options.RecipeFile = None,
    seed: Annotated[int | None, _choice()] = None,
    align: Annotated[str | None, _choice()] = None,
    light: Annotated[str | None, _choice()] = None,
    force: options.Force = False,
    explain: options.Explain = False,
    layout: options.Layout = None,
    columns: options.Columns = None,
    outside: options.Outside = False,
    good_names: options.GoodNames = None,
) -> None:
    from kenpin.learning import learn as learn_part
    from kenpin.learning import with_sight
    from kenpin.models import WITH_FEATURES
    from kenpin.recipe import Recipe, parse_pixels, parse_seconds, parse_size
    from kenpin.sources import files_of, find_good, find_pictures
    from kenpin.system import check_not_input

    settings = options.given(
        false_reject=false_reject, review=review, limit=limit, model=model, color=color,
        held_out=held_out, difference=difference, score=score, seed=seed, align=align,
        light=light, bits=bits, kind=kind,
        size=parse_size(size) if size else None,
        budget=parse_seconds(budget) if budget else None,
    )  # fmt: skip
    feature = options.given(
        smallest_defect=parse_pixels(smallest_defect) if smallest_defect else None,
        backbone=backbone,
    )
    told = options.layout_of(layout, columns, good_names, outside)
    if from_record is not None:
        good, ng = _of_record(from_record, place, good or [], ng)
    elif place is not None:
        raise DatasetError("record_without_part")
    if not good:
        raise DatasetError("learn_nothing_given")
    if add:
        others = options.given(without=without, labels=labels, ng=ng, preset=preset, recipe=recipe)
        given = [*settings, *feature, *others]
        _add(good, add, check or [], output, given, told, force, explain)
        return
    if check:
        raise DatasetError("check_alone")
    wanted = Recipe.read(recipe) if recipe else Recipe.preset(preset) if preset else Recipe()
    wanted = wanted.but(**settings, feature=wanted.feature.model_dump() | feature)
    if feature and wanted.model not in {*WITH_FEATURES, "auto"}:
        raise RecipeError("feature_only", options=_as_typed(feature))
    sources = [*find_good(good, told), *(find_pictures(ng, told) if ng else [])]
    check_not_input(output, [*files_of(sources), *good])
    good_ones = len(sources) - (len(find_pictures(ng, told)) if ng else 0)
    _check_output(output, force, good_ones)
    with progress_bar() as progress:
        known: dict[str, Any] = {"labels": labels, "layout": told, "without": without or []}
        bundle = learn_part(good, wanted, progress, ng=ng, **known)
        bundle = with_sight(bundle, good, progress, **known)
    _save(bundle, output, force, explain)


def _of_record(
    number: str, place: str | None, good: list[Path], ng: list[Path] | None
) -> tuple[list[Path], list[Path] | None]:
    """What people said is good of a part of the record, beside what is given; `--ng record` too."""
    room = options.record_room()
    wanted = room.place_of(place)
    with room.reading(wanted) as engine, room.one_sentence(wanted), engine.connect() as connection:
        kept = room.Pictures(wanted.folder)
        found = room.confirmed(connection, kept, room.Filter(part=number))
    confirmed = [one.path for one in found if one.good]
    if not confirmed:
        raise DatasetError("record_none_good", part=number)
    out.print(say("record_learns", count=len(confirmed), part=number))
    if ng == [Path(RECORD)]:
        ng = [one.path for one in found if not one.good]
        if not ng:
            raise DatasetError("record_none_ng", part=number)
    return [*good, *confirmed], ng


def _add(
    part: list[Path],
    new: list[Path],
    check: list[Path],
    output: Path,
    settings: list[str],
    layout: Any,
    force: bool,
    explain: bool,
) -> None:
    """kenpin learn --add: the part with more good pictures, and what that changed."""
    from kenpin.evaluation import before_and_after
    from kenpin.learning import add
    from kenpin.part import Bundle
    from kenpin.sources import files_of, find_good, find_pictures
    from kenpin.system import check_not_input

    if len(part) != 1:
        raise DatasetError("add_one_part", given=len(part))
    if settings:
        raise DatasetError("add_with", options=_as_typed(settings))
    before = Bundle.load(part[0])
    check_not_input(output, [*files_of(find_good(new, layout)), *new, *part])
    _check_output(output, force)
    for folder in check:  # said before the long part
        find_pictures([folder])
        if before.calibration is None:
            raise DatasetError("not_calibrated", name=before.title)
    with progress_bar() as progress:
        after = add(before, new, progress, layout=layout)
    _save(after, output, force, explain)
    for folder in check:
        out.print(str(before_and_after(before, after, folder, layout)))


def _check_output(output: Path, force: bool, pictures: int | None = None) -> None:
    """Refuse now what could not be written later, or would replace another file.

    pictures: from how many it would be learned: the same learned again replaces nothing.
    """
    from kenpin.part import Bundle, is_part
    from kenpin.system import check_free, check_writable

    check_writable(output)
    if pictures is not None and not force and is_part(output):
        kept = Bundle.load(output).provenance
        if pictures == len(kept.pictures) + len(kept.left_out):
            return  # `_save` will see
    check_free(output, force)
    if output.exists() and not is_part(output):
        raise OutputError("output_not_part", path=output)


def _save(bundle: Any, output: Path, force: bool, explain: bool) -> None:
    from kenpin.cli.tables import print_bundle, print_learned
    from kenpin.system import check_free, write_atomically

    content = bundle.to_bytes()  # what could go wrong does before anything is moved
    if not output.exists() or output.read_bytes() != content:
        check_free(output, force)
        options.keep(output)
        write_atomically(output, content)
    (print_bundle if explain else print_learned)(out, bundle, output)


def _as_typed(names: Any) -> str:
    return ", ".join("--" + name.replace("_", "-") for name in names)
