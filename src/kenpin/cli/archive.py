"""kenpin archive: millions of pictures, on many cores."""

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, complain, group, out, progress_bar
from kenpin.text import say

UNREADABLE = FAILED = 1

archive = group("archive")


@command(group=archive)
def judge(
    part: options.Part,
    pictures: Annotated[str, typer.Argument(metavar="URL", show_default=False)],
    target: Annotated[str, typer.Option("--out", metavar="URL", show_default=False)],
    on: Annotated[str, typer.Option("--on", metavar="local|ray|ray://HOST:PORT")] = "local",
    cores: Annotated[int | None, typer.Option(min=1, max=4096, show_default=False)] = None,
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
            progress=None if bar is None else lambda done, of: bar(say("stage_archive"), done, of),
        )  # fmt: skip
    seconds = perf_counter() - began
    _tell(told, target, seconds, hourly, as_json)
    if told.outcomes.get(""):
        raise typer.Exit(UNREADABLE)


@command(group=archive)
def learn(
    table: Annotated[Path, typer.Argument(metavar="TABLE", show_default=False)],
    target: Annotated[Path, typer.Option("--out", metavar="DIR", show_default=False)],
    on: Annotated[str, typer.Option("--on", metavar="local|ray|ray://HOST:PORT")] = "local",
    cores: Annotated[int, typer.Option(min=1, max=4096)] = 1,
) -> None:
    room = options.scale_room()
    with progress_bar() as bar, room.workers_on(on, cores) as workers:
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
