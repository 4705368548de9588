"""kenpin archive: millions of pictures, on many cores."""

from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, complain, group, out, progress_bar
from kenpin.errors import ArchiveError, OutputError
from kenpin.text import say, visible

UNREADABLE = FAILED = 1
_OLD, _NEW, _SHEET = "old", "new", "changes-"  # of a comparison, in its folder
_Cores = Annotated[int | None, typer.Option(min=1, max=4096, show_default=False)]

archive = group("archive")


@command(group=archive)
def judge(
    part: options.Part,
    pictures: Annotated[str, typer.Argument(metavar="URL", show_default=False)],
    target: Annotated[str, typer.Option("--out", metavar="URL", show_default=False)],
    on: options.On = "local",
    cores: _Cores = None,
    block: Annotated[int, typer.Option(min=1, max=100_000)] = 1000,
    expect: options.Expect = None,
    hourly: Annotated[float | None, typer.Option(min=0, show_default=False)] = None,
    as_json: options.Json = False,
) -> None:
    room = options.scale_room()
    began = perf_counter()
    with (
        progress_bar(say("pictures_per_second")) as bar,
        room.workers_on(on, cores) as workers,
    ):
        told = room.judge_archive(
            part, pictures, target, workers, expect=expect, block=block,
            progress=_on(bar),
        )  # fmt: skip
    seconds = perf_counter() - began
    _tell(told, target, seconds, hourly, as_json)
    if told.outcomes.get(""):
        raise typer.Exit(UNREADABLE)


@command(group=archive)
def learn(
    table: Annotated[Path, typer.Argument(metavar="TABLE", show_default=False)],
    target: Annotated[Path, typer.Option("--out", metavar="DIR", show_default=False)],
    on: options.On = "local",
    cores: _Cores = None,
) -> None:
    room = options.scale_room()
    at_once = cores or (1 if on == room.LOCAL else None)
    with progress_bar() as bar, room.workers_on(on, at_once) as workers:
        found = room.learn_parts(
            table, target, workers,
            None if bar is None else lambda done, of: bar(say("stage_parts"), done, of),
        )  # fmt: skip
    for one in found:
        if one.error is not None:
            complain(f"{one.name}: {one.error}")
    counts = {state: sum(one.state == state for one in found) for state in room.STATES}
    out.print(say("archive_learned", path=target / room.TABLE, **counts))
    if counts["failed"]:
        raise typer.Exit(FAILED)


@command(group=archive)
def compare(
    before: Annotated[str, typer.Argument(metavar="OLD", show_default=False)],
    after: Annotated[str, typer.Argument(metavar="NEW", show_default=False)],
    pictures: Annotated[str, typer.Argument(metavar="URL", show_default=False)],
    target: Annotated[Path, typer.Option("--out", metavar="DIR", show_default=False)],
    on: options.On = "local",
    cores: _Cores = None,
    most: Annotated[int, typer.Option(min=0, max=400)] = 40,
    as_json: options.Json = False,
) -> None:
    room = options.scale_room()
    _check_target(target, room)
    parts = {own: one for own, one in ((_OLD, before), (_NEW, after)) if Path(one).is_file()}
    archives = {_OLD: before, _NEW: after} | {own: str(target / own) for own in parts}
    for own in archives.keys() - parts.keys():
        if not room.is_archive(archives[own]):
            raise ArchiveError("compare_no_archive", url=archives[own])
    if parts:
        with (
            progress_bar(say("pictures_per_second")) as bar,
            room.workers_on(on, cores) as workers,
        ):
            for own, part in parts.items():
                room.judge_archive(part, pictures, archives[own], workers, progress=_on(bar))
    found = room.compare_archives(archives[_OLD], archives[_NEW], target, most)
    for sheet in target.glob(f"{_SHEET}*.png"):  # of an earlier comparison
        sheet.unlink()
    sheets = _draw_sheets(found, pictures, target, room)
    if as_json:
        out.print(as_json_line(found.to_dict()))
        return
    _print_changes(found)
    for path in (target / room.CHANGES, target / room.FOLDERS, *sheets):
        out.print(f"  {path}")


def _on(bar: Any) -> Any:
    """What is told how many are judged; nothing where there is no bar."""
    return bar and (lambda done, of: bar(say("stage_archive"), done, of))


def _check_target(target: Path, room: Any) -> None:
    """Refuse a folder that holds something else than an earlier comparison."""
    from kenpin.sources import is_litter

    own = (_OLD, _NEW, room.CHANGES, room.FOLDERS, room.COMPARED)
    for path in sorted(target.iterdir()) if target.is_dir() else ():
        sheet = path.name.startswith(_SHEET) and path.suffix == ".png"
        if path.name not in own and not sheet and not is_litter(PurePosixPath(path.name)):
            raise OutputError("output_not_shown", path=target, name=path.name)


def _draw_sheets(found: Any, pictures: str, target: Path, room: Any) -> list[Path]:
    """Of each kind of change the pictures whose scores moved most, on one sheet."""
    from kenpin.report import contact_sheet
    from kenpin.sources import write_png

    drawn = []
    for (was, now), pairs in found.farthest.items():
        if pairs:
            sources, depth = room.to_look_at(pairs, pictures)
            drawn.append(target / f"{_SHEET}{was}-{now}.png")
            write_png(drawn[-1], contact_sheet(sources, depth))
    return drawn


def _print_changes(found: Any) -> None:
    from kenpin.cli.tables import plain_table

    out.print(say("compare_changed", count=found.changed, total=found.pictures))
    for code in ("only_before", "only_now", "replaced"):
        if getattr(found, code):
            out.print(say(f"compare_{code}", count=getattr(found, code)))
    table = plain_table(*(say(f"column_{head}") for head in ("was", "now", "pictures")))
    for (was, now), count in sorted(found.counts.items(), key=lambda one: -one[1]):
        table.add_row(was, now, str(count))
    out.print(table)
    if found.moved and found.folders > 1:
        heads = ("folder", "pictures", "newly_rejected", "newly_passed")
        table = plain_table(*(say(f"column_{head}") for head in heads))
        for name, (count, _, _, rejected, passed) in found.moved.items():
            table.add_row(visible(name), str(count), str(rejected), str(passed))
        out.print(table)


def _tell(told: Any, target: str, seconds: float, hourly: float | None, as_json: bool) -> None:
    now = told.done - told.before
    rate = now / seconds
    cost = None if hourly is None or not now else hourly * 1e6 / rate / 3600
    if as_json:
        beside = {"seconds": round(seconds, 1), "pictures_per_second": round(rate, 1)}
        out.print(as_json_line(told.to_dict() | beside | {"cost_per_million": cost}))
        return
    counts = ", ".join(f"{name} {told.outcomes[name]}" for name in sorted(told.outcomes) if name)
    out.print(say("archive_done", count=told.pictures, outcomes=counts))
    if told.outcomes.get(""):
        out.print(say("archive_unreadable", count=told.outcomes[""]))
    if told.before:
        out.print(say("archive_before", count=told.before))
    if told.again:
        out.print(say("archive_again", count=told.again))
    out.print(say("archive_rate", count=now, seconds=seconds, rate=rate, url=target))
    if cost is not None:
        out.print(say("archive_cost", cost=cost))
