"""kenpin inspect and kenpin evaluate."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.text import Text

from kenpin import messages
from kenpin.cli.common import (
    COULD_NOT_RUN,
    Columns,
    GoodNames,
    Layout,
    Part,
    Report,
    Review,
    app,
    complain,
    layout_of,
    one_sentence,
    out,
    progress_bar,
    write_report_to,
)
from kenpin.errors import PictureError
from kenpin.packed import ZipMember
from kenpin.types import Outcome, PictureSource, Verdict, name_of

SOMETHING_NOT_OK = 1

_UNREADABLE = "UNREADABLE"
_WORTH_A_RATE = 20  # pictures
_COLOURS = {
    Outcome.OK: "green",
    Outcome.NG: "bold red",
    Outcome.WRONG_PART: "bold yellow",
    Outcome.UNUSABLE: "bold magenta",
    Outcome.REVIEW: "bold cyan",
}


@app.command()
@one_sentence
def inspect(
    part: Part,
    pictures: Annotated[
        list[Path], typer.Argument(help="Pictures, folders, tables, idx files or zips of them.",
                                   show_default=False)
    ],
    expect: Annotated[
        str | None, typer.Option(metavar="LABEL", show_default=False,
                                 help="The part it should be, of a file learned with --labels; "
                                 "without it the part is named.")
    ] = None,
    review: Review = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", show_default=False,
                                  help="Write a table that Excel opens.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line on standard output.")
    ] = False,
    picture_folder: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", show_default=False,
                                  help="Write original | reconstruction | difference as PNG.")
    ] = None,
    log_file: Annotated[
        Path | None, typer.Option("--log", metavar="FILE.sqlite", show_default=False,
                                  help="Keep every verdict in this file, for kenpin drift.")
    ] = None,
    layout: Layout = None,
    columns: Columns = None,
) -> None:  # fmt: skip
    """Judge pictures. Exit status: 0 all OK, 1 something is not OK, 2 could not run or read."""
    from kenpin.dataset import files_of, find_pictures  # noqa: PLC0415 - see learn
    from kenpin.files import (  # noqa: PLC0415
        check_apart,
        check_not_input,
        check_writable,
        make_folder,
    )
    from kenpin.inspector import Inspector  # noqa: PLC0415
    from kenpin.tables import csv_table, print_how  # noqa: PLC0415
    from kenpin.wording import HOW_JUDGED, HOW_LEARNED  # noqa: PLC0415

    inspector = Inspector.open(part, review)
    inspector.check_label(expect)
    sources = find_pictures(pictures, layout_of(layout, columns, None))
    paths = [*files_of(sources), *(path for path in pictures if path.is_file())]
    if csv_file:
        check_not_input(csv_file, [part, *paths])
        check_writable(csv_file)
    if picture_folder:
        check_apart(picture_folder, paths)
        make_folder(picture_folder)
    if log_file:
        check_not_input(log_file, [part, *paths, *([csv_file] if csv_file else [])])
    counts: Counter[str] = Counter()
    stopped, started = False, perf_counter()
    with _log(log_file, part) as log:
        try:
            with (
                progress_bar("pictures/s") as progress,
                csv_table(csv_file) if csv_file else nullcontext() as write,
            ):
                for record in _judged(inspector, sources, expect, picture_folder, as_json, log):
                    if write:
                        write(record)
                    counts[record["verdict"]] += 1
                    if progress:
                        progress(messages.STAGE_JUDGING, counts.total(), len(sources))
        except KeyboardInterrupt:
            stopped = True
        if not as_json:
            out.print(_summary(counts, perf_counter() - started))
            print_how(out, HOW_JUDGED | {"limit": HOW_LEARNED["limit"]})
    if stopped:
        kept = csv_file or picture_folder or log_file
        complain(messages.STOPPED_PARTLY if kept else messages.STOPPED)
    if stopped or counts[_UNREADABLE]:
        raise typer.Exit(COULD_NOT_RUN)
    if counts.total() != counts[Outcome.OK.value]:
        raise typer.Exit(SOMETHING_NOT_OK)


@app.command()
@one_sentence
def evaluate(
    part: Part,
    dataset: Annotated[
        Path, typer.Argument(help="A folder with test/good and test/DEFECT, and masks in "
                             "ground_truth/DEFECT/NAME_mask.png if there are any (MVTec layout); "
                             "a table; an idx file; or a zip of one.",
                             show_default=False)
    ],
    report: Report = None,
    costs: Annotated[
        str | None, typer.Option(metavar="FALSE_REJECT,ESCAPE", show_default=False,
                                 help="What each error costs, such as 1,50: says which limit would "
                                 "be the cheapest on these NG pictures. Nothing is changed.")
    ] = None,
    ng_share: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the parts made, the share that is NG.")
    ] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    review: Review = None,
    layout: Layout = None,
    columns: Columns = None,
    good_names: GoodNames = None,
) -> None:  # fmt: skip
    """Measure false rejects (過検出) and escapes (見逃し) on pictures whose truth is known."""
    from kenpin.assurance.costs import cheapest, check_costs, parse_costs  # noqa: PLC0415 - see learn
    from kenpin.evaluation import evaluate as evaluate_part  # noqa: PLC0415
    from kenpin.files import make_folder  # noqa: PLC0415
    from kenpin.inspector import Inspector  # noqa: PLC0415
    from kenpin.tables import print_evaluation  # noqa: PLC0415

    inspector = Inspector.open(part, review)
    told = layout_of(layout, columns, good_names)
    priced = parse_costs(costs, ng_share) if costs else None
    if priced:
        check_costs(inspector)
    if report:
        make_folder(report)
    with progress_bar() as progress:
        evaluation = evaluate_part(inspector, dataset, progress, told)
    for item in evaluation.left_out:
        complain(item.reason)
    sentence = cheapest(inspector, evaluation, priced) if priced else None
    written = write_report_to(report, inspector, evaluation, priced) if report else None
    if as_json:
        found = evaluation.to_dict() | ({"cheapest": sentence} if sentence else {})
        print(json.dumps(found, ensure_ascii=False))
    else:
        print_evaluation(out, evaluation)
        if sentence:
            out.print(sentence)
        if written:
            out.print(f"Report: {written}")


def _log(path: Path | None, part: Path) -> Any:
    """What takes verdicts into a log, or nothing."""
    if path is None:
        return nullcontext()
    from kenpin.assurance.log import Log  # noqa: PLC0415 - SQLite, only with --log

    return Log(path, part)


def _line(verdict: Verdict) -> Text:
    text = f"  score {verdict.score:6.2f}  limit {verdict.limit:.2f}"
    text += f"  review {verdict.review_limit:.2f}" if verdict.review_limit is not None else ""
    text += f"  p {verdict.p_value:.4f}"
    text += f"  {verdict.picture}"
    if verdict.label is not None and verdict.sure is not None:
        text += f"  looks like {verdict.label} ({_sure(verdict.sure)} sure)"
    if verdict.reason:
        text += f"  {verdict.reason.value}"
    if verdict.regions:
        worst = verdict.regions[0]
        text += f"  in {worst.window}" if worst.window else ""
        text += f"  worst at x {worst.x} y {worst.y} ({worst.width}x{worst.height})"
    if verdict.notes:
        text += f"  ({', '.join(verdict.notes)})"
    return Text.assemble((verdict.outcome.value, _COLOURS[verdict.outcome]), text)


def _summary(counts: "Counter[str]", seconds: float) -> str:
    found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    if counts.total() < _WORTH_A_RATE:
        return found
    return messages.JUDGED_AT.format(found=found, rate=f"{counts.total() / seconds:.0f}")


def _sure(share: float) -> str:
    return "over 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def _judged(
    inspector: Any,
    sources: Sequence[PictureSource],
    expect: str | None,
    picture_folder: Path | None,
    as_json: bool,
    log: Any,
) -> Iterator[dict[str, Any]]:
    """Judge and print all pictures, in their order; an unreadable one does not stop the rest."""
    taken: set[str] = set()
    for source, found in zip(sources, inspector.inspect_many(sources, expect), strict=True):
        if isinstance(found, PictureError):
            record = {"picture": name_of(source), "verdict": _UNREADABLE, "reason": str(found)}
            complain(str(found))
        else:
            record = found.to_dict()
        if log and isinstance(found, Verdict):
            log.add(found)
        if picture_folder and isinstance(found, Verdict):
            record["shown"] = f"{_free_name(_stem(source), taken)}.png"
            _write_triple(picture_folder / record["shown"], source, found)
        if as_json:
            print(json.dumps(record, ensure_ascii=False), flush=True)
        elif isinstance(found, Verdict):
            out.print(_line(found))
        yield record


def _stem(source: PictureSource) -> str:
    name = Path(name_of(source))
    return name.stem if isinstance(source, str | Path | ZipMember) else name.name


def _free_name(stem: str, taken: set[str]) -> str:
    """A name that is not taken yet, and now is; letters of either case are the same to Windows."""
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    name = next(name for name in names if name.casefold() not in taken)
    taken.add(name.casefold())
    return name


def _write_triple(target: Path, source: PictureSource, verdict: Verdict) -> None:
    from kenpin.pictures import read_picture, write_png  # noqa: PLC0415 - only with --pictures
    from kenpin.report.pictures import triple  # noqa: PLC0415

    write_png(target, triple(read_picture(source), verdict))
