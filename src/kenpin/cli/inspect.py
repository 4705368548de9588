"""kenpin inspect."""

import itertools
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from kenpin.cli import options
from kenpin.cli.program import (
    COULD_NOT_RUN,
    STOPPED,
    as_json_line,
    command,
    complain,
    out,
    progress_bar,
    tell_stopped,
)
from kenpin.cli.recording import recorded
from kenpin.errors import DatasetError, OutputError, PictureError
from kenpin.text import Notice, say, visible
from kenpin.types import Outcome, Verdict

if TYPE_CHECKING:
    from kenpin.sources import PictureSource

SOMETHING_NOT_OK = 1

_UNREADABLE = "UNREADABLE"
_WORTH_A_RATE = 20  # pictures
_WORTH_PROCESSES = 2000  # pictures: fewer are judged sooner than processes have begun
_COLOURS = {
    Outcome.OK: "green",
    Outcome.NG: "bold red",
    Outcome.WRONG_PART: "bold yellow",
    Outcome.UNUSABLE: "bold magenta",
    Outcome.REVIEW: "bold cyan",
}
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_WIDEST = max(len(outcome.value) for outcome in Outcome)


@command()
def inspect(
    part: options.Part,
    pictures: Annotated[list[Path], typer.Argument(show_default=False)],
    expect: options.Expect = None,
    review: options.Review = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", show_default=False)
    ] = None,
    as_json: options.Json = False,
    picture_folder: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", show_default=False)
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="ng", show_default=False)] = None,
    place: options.Record = None,
    part_number: options.PartNumber = None,
    lot: Annotated[str | None, typer.Option(metavar="LOT", show_default=False)] = None,
    serial: Annotated[str | None, typer.Option(metavar="SERIAL", show_default=False)] = None,
    who: options.Who = None,
    station: options.Station = None,
    keep: Annotated[
        str | None, typer.Option(metavar="none|not_ok|all|sample", show_default=False)
    ] = None,
    force: options.Force = False,
    explain: options.Explain = False,
    layout: options.Layout = None,
    columns: options.Columns = None,
    outside: options.Outside = False,
) -> None:
    from kenpin.cli.csv_table import csv_table
    from kenpin.inspection import Inspector
    from kenpin.sources import find_pictures

    if only not in (None, "ng"):
        raise DatasetError("only_option", value=only)
    inspector = Inspector.open(part, review)
    inspector.check_label(expect)
    sources = find_pictures(pictures, options.layout_of(layout, columns, None, outside))
    old = _check_outputs(part, pictures, sources, csv_file, picture_folder, force)
    counts: Counter[str] = Counter()
    shown = _Shown(as_json, only is not None)
    measured = [one.name for one in inspector.usual_sizes]
    stopped, started = False, perf_counter()
    told = {"lot": lot, "serial": serial, "operator": who}
    recording = recorded(part, place, part_number, station, keep, told)
    if serial is not None and len(sources) > 1:
        raise DatasetError("record_serial", count=len(sources))
    with recording as record:
        for path in old:
            options.keep(path)
        try:
            judged = _judged(inspector, sources, expect, picture_folder, only, record.keeps)
            with (
                progress_bar(say("pictures_per_second")) as progress,
                csv_table(csv_file, measured) if csv_file else nullcontext() as write,
                closing(judged),
            ):
                for source, line, verdict in judged:
                    if verdict:  # durable before it is told
                        record.add(verdict, source)
                    else:
                        record.unreadable(line["picture"], Notice.of(line["reason"]))
                    shown.take(line, verdict)
                    if write:
                        write(line)
                    counts[line["verdict"]] += 1
                    if progress:
                        progress(say("stage_judging"), counts.total(), len(sources))
        except KeyboardInterrupt:
            stopped = True
        shown.finish(inspector, counts, perf_counter() - started, explain)
    if stopped:
        some = csv_file or picture_folder or place
        tell_stopped("stopped_partly" if some else "stopped")
        raise typer.Exit(STOPPED)
    if counts[_UNREADABLE]:
        raise typer.Exit(COULD_NOT_RUN)
    if counts.total() != counts[Outcome.OK.value]:
        raise typer.Exit(SOMETHING_NOT_OK)


def _check_outputs(
    part: Path,
    pictures: Sequence[Path],
    sources: "Sequence[PictureSource]",
    csv_file: Path | None,
    folder: Path | None,
    force: bool,
) -> list[Path]:
    """Refuse now what could not be written later, or would overwrite an input or another file.

    Returns what is to be put aside.
    """
    from kenpin.cli.csv_table import check_table
    from kenpin.sources import files_of
    from kenpin.system import check_apart, check_not_input

    paths = [*files_of(sources), *(path for path in pictures if path.is_file())]
    outputs = [path.resolve() for path in (csv_file, folder) if path]
    if len(set(outputs)) < len(outputs):
        raise OutputError("output_twice", path=csv_file or folder)
    if csv_file:
        check_not_input(csv_file, [part, *paths])
        check_table(csv_file, force)
    if folder:
        check_apart(folder, [part, *paths, *pictures])
    old = [csv_file] if csv_file and csv_file.exists() else []
    return [*old, folder] if folder and options.check_folder(folder, _is_drawn, force) else old


def _is_drawn(name: str) -> bool:
    """Whether it is the folder of a verdict, or the drawing of a single picture."""
    return name in _OUTCOMES or name.endswith(".png")


class _Shown:
    """What is printed: as JSON in the order of the pictures, else those that are not OK last."""

    def __init__(self, as_json: bool, only_ng: bool) -> None:
        self._as_json = as_json
        self._only_ng = only_ng
        self._last: list[Text] = []

    def take(self, record: dict[str, Any], verdict: Verdict | None) -> None:
        """One picture; verdict: None where it could not be read."""
        if self._as_json:
            print(as_json_line(record), flush=True)
        elif verdict and verdict.outcome is not Outcome.OK:
            self._last.append(_line(verdict))
        elif verdict and not self._only_ng:
            out.print(_line(verdict))

    def finish(self, inspector: Any, counts: "Counter[str]", seconds: float, explain: bool) -> None:
        """What is not OK, how many of each, and with `explain` how the numbers were obtained."""
        if self._as_json:
            return
        for line in self._last:
            out.print(line)
        out.print(_summary(counts, seconds))
        if explain:
            from kenpin.cli.tables import print_how
            from kenpin.report import how_judged

            print_how(out, how_judged(inspector.calibration, bool(inspector.bundle.labels)))


def _judged(
    inspector: Any,
    sources: "Sequence[PictureSource]",
    expect: str | None,
    folder: Path | None,
    only: str | None,
    taking: bool,
) -> Generator[tuple["PictureSource", dict[str, Any], Verdict | None]]:
    """Judge all pictures, in their order; an unreadable one does not stop the rest.

    taking: read each file once, and give what was read: a record keeps what was judged, whatever
    becomes of the file meanwhile.
    """
    from kenpin.sources import name_of

    taken: set[str] = set()
    held: deque[PictureSource] = deque()

    def given() -> Iterator["PictureSource"]:
        for source in sources:
            held.append(_read_once(source) if taking else source)
            yield held[-1]

    with closing(_verdicts(inspector, given(), expect, len(sources), folder is not None)) as every:
        for source, found in zip(sources, every, strict=True):
            read = held.popleft()
            if isinstance(found, PictureError):
                complain(str(found))
                reason = found.notice.to_dict()
                line = {"picture": name_of(source), "verdict": _UNREADABLE, "reason": reason}
                yield read, line, None
                continue
            record = found.to_dict()
            if folder and not (only and found.outcome is Outcome.OK):
                name = _free_name(_stem(source), taken)
                alone = len(sources) == 1  # a single picture needs no folders
                record["shown"] = f"{name}.png" if alone else f"{found.outcome.value}/{name}.png"
                _write_triple(folder / record["shown"], read, found)
            yield read, record, found


def _verdicts(
    inspector: Any,
    sources: "Iterator[PictureSource]",
    expect: str | None,
    count: int,
    drawn: bool,
) -> Generator[Verdict | PictureError]:
    """As is fastest for so many; drawn: whether people look at them."""
    from kenpin.inspection import inspect_in_processes
    from kenpin.system import cores

    if count >= _WORTH_PROCESSES and cores() > 1 and not drawn:
        yield from inspect_in_processes(inspector, sources, expect)
    elif count > 1:
        yield from inspector.inspect_many(sources, expect, evidence=drawn)
    else:  # with all cores
        for source in sources:
            try:
                yield inspector.inspect(source, expect, drawn)
            except PictureError as error:
                yield error


def _read_once(source: "PictureSource") -> "PictureSource":
    """Its content; itself where it cannot be read, which is then told of it."""
    from kenpin.sources import take

    try:
        return take(source)
    except PictureError:
        return source


def _line(verdict: Verdict) -> Text:
    from kenpin.part import looks_like

    text = f"  {verdict.score:#8.4g}  {say('limit')} {verdict.limit:#.4g}"
    if verdict.review_limit is not None:
        text += f"  {say('review_limit_name')} {verdict.review_limit:#.4g}"
    p = f"{verdict.p_value:#.2g}"
    text += f"  p {p:6}  {verdict.picture}"
    if verdict.label is not None and verdict.sure is not None:
        text += "  " + looks_like(verdict.label, verdict.sure)
    if verdict.reason:
        text += f"  {verdict.reason}"
    if verdict.regions:
        worst = verdict.regions[0]
        text += f"  [{worst.window}]" if worst.window else ""
        text += "  " + say("worst_at", x=worst.x, y=worst.y, width=worst.width,
                           height=worst.height)  # fmt: skip
        text += f", {say(f'seen_by_{worst.seen_by}')}" if worst.seen_by else ""
    if verdict.notes:
        text += f"  ({', '.join(str(note) for note in verdict.notes)})"
    told = f"{verdict.outcome.value:{_WIDEST}}"
    return Text.assemble((told, _COLOURS[verdict.outcome]), visible(text))


def _summary(counts: "Counter[str]", seconds: float) -> str:
    total, ok = counts.total(), counts[Outcome.OK.value]
    others = [f"{verdict} {count}" for verdict, count in sorted(counts.items())
              if verdict != Outcome.OK.value]  # fmt: skip
    told = ", ".join([f"OK {ok}", *others])
    if total < _WORTH_A_RATE:
        return say("judged", total=total, found=told)
    return say("judged_at", total=total, found=told, rate=round(total / seconds))


def _stem(source: "PictureSource") -> str:
    from kenpin.sources import ZipMember, name_of

    name = Path(name_of(source))
    return name.stem if isinstance(source, str | Path | ZipMember) else name.name


def _free_name(stem: str, taken: set[str]) -> str:
    """A name that is not taken yet, and now is; letters of either case are the same to Windows."""
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    name = next(name for name in names if name.casefold() not in taken)
    taken.add(name.casefold())
    return name


def _write_triple(target: Path, source: "PictureSource", verdict: Verdict) -> None:
    from kenpin.report import triple
    from kenpin.sources import name_of, read_picture, write_png
    from kenpin.system import make_folder

    make_folder(target.parent)
    name = Path(name_of(source)).name
    write_png(target, triple(read_picture(source), verdict, name=name))
