"""kenpin line: set up and try a line."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, complain, group, out, progress_bar
from kenpin.text import say

NOT_THERE = BROKEN = 1

line = group("line")


@command(group=line)
def check(line_file: options.LineFile, as_json: options.Json = False) -> None:
    room = options.line_room()
    settings = room.LineSettings.read(line_file)
    wrong = asyncio.run(_check(room, settings, as_json))
    if not as_json:
        out.print(say("line_not_ready", count=wrong) if wrong else say("line_checked"))
    if wrong:
        raise typer.Exit(NOT_THERE)


async def _check(room: Any, settings: Any, as_json: bool) -> int:
    wrong = 0
    async for there, notice in room.check_line(settings):
        wrong += not there
        if as_json:
            print(as_json_line({"there": there, **notice.to_dict()}), flush=True)
        else:
            out.print(f"{'OK' if there else 'NG'}  {notice}")
    return wrong


@command(group=line)
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False)],
    seconds: Annotated[float, typer.Option(metavar="S", min=1)] = 20,
    faults: Annotated[bool, typer.Option("--faults")] = False,
    as_json: options.Json = False,
) -> None:
    room = options.line_room()
    with progress_bar() as progress:
        settings = room.make_demo(folder, progress)
    often = 0.05 if faults else 0.0
    heard = (lambda notice: None) if as_json else (lambda notice: complain(str(notice)))
    found = asyncio.run(room.simulate(settings, seconds, often, say=heard))
    if as_json:
        print(as_json_line(found.to_dict()))
    else:
        _print(found)
    if not found.kept:
        raise typer.Exit(BROKEN)


def _print(found: Any) -> None:
    told, counts = found.to_dict(), found.counts
    answers = ", ".join(f"{name} {count}" for name, count in sorted(counts.answers.items()))
    out.print(say("line_simulated", triggers=counts.triggers, answers=counts.answers.total(),
                  missed=counts.missed, unanswered=counts.unanswered, found=answers))  # fmt: skip
    rows = {"rows": found.rows, "without": found.without_row, "wrong": counts.wrong}
    out.print(say("line_simulated_rows", **rows))
    if counts.seconds:
        times = {"median": told["median_ms"], "p99": told["p99_ms"]}
        out.print(say("line_simulated_time", **times))


@command("map", group=line)
def word_map(
    line_file: options.LineFile,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", show_default=False)
    ] = None,
    force: options.Force = False,
) -> None:
    from kenpin.system import check_free

    room = options.line_room()
    maps = list(room.word_maps(room.LineSettings.read(line_file)))
    heads = [say(f"word_head_{head}") for head in ("address", "bit", "name", "way", "meaning")]
    if csv_file is not None:
        check_free(csv_file, force)
        _write_csv(csv_file, heads, maps)
        return
    for one in maps:
        print(f"## {one.station}\n")
        for row in (heads, ["---"] * len(heads), *one.rows):
            print("| " + " | ".join(row) + " |")
        print()


def _write_csv(path: Path, heads: list[str], maps: list[Any]) -> None:
    import csv
    import io

    from kenpin.system import write_atomically

    options.keep(path)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([say("column_station"), *heads])
    writer.writerows([one.station, *row] for one in maps for row in one.rows)
    write_atomically(path, text.getvalue().encode("utf-8-sig"))


@command(group=line)
def service(line_file: options.LineFile) -> None:
    room = options.line_room()
    room.LineSettings.read(line_file)
    print(room.unit_file(line_file), end="")
