"""kenpin record: one durable row for each part judged."""

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, group, out, progress_bar
from kenpin.text import say

ALTERED = 1
GB = 2**30

record = group("record")


@command(group=record)
def init(place: options.Record = None) -> None:
    room = options.record_room()
    made = room.place_of(place)
    room.make(made)
    out.print(say("record_made", path=made.name))


@command(group=record)
def status(place: options.Record = None, as_json: options.Json = False) -> None:
    from kenpin.cli.record_tables import print_status

    room = options.record_room()
    found = room.status(room.place_of(place))
    print(as_json_line(found.to_dict())) if as_json else print_status(out, found)


@command(group=record)
def upgrade(place: options.Record = None) -> None:
    room = options.record_room()
    wanted = room.place_of(place)
    before, now = room.upgrade(wanted)
    code = "record_is_latest" if before == now else "record_upgraded"
    out.print(say(code, path=wanted.name, before=before or "–", now=now))


@command(group=record)
def verify(place: options.Record = None, as_json: options.Json = False) -> None:
    room = options.record_room()
    wanted = room.place_of(place)
    with room.reading(wanted) as engine, progress_bar(say("rows_per_second")) as progress:
        told = progress or (lambda *_: None)
        wrong = list(room.verify(engine, told))
    if as_json:
        print(as_json_line({"whole": not wrong, "wrong": [one.to_dict() for one in wrong]}))
    else:
        for notice in wrong:
            out.print(str(notice))
        out.print(say("verify_wrong", count=len(wrong)) if wrong else say("verify_whole"))
    if wrong:
        raise typer.Exit(ALTERED)


@command(group=record)
def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False)],
    place: options.Record = None,
) -> None:
    room = options.record_room()
    wanted = room.place_of(place)
    room.back_up(wanted, folder)
    code = "record_backed_up" if wanted.is_sqlite else "record_backed_up_files"
    out.print(say(code, folder=folder))


@command(group=record)
def keep(
    what: Annotated[
        str | None, typer.Option(metavar="none|not_ok|all|sample", show_default=False)
    ] = None,
    one_in: Annotated[int | None, typer.Option(metavar="N", max=10**9, show_default=False)] = None,
    most: Annotated[
        float | None, typer.Option(metavar="GB", min=0, max=10**6, show_default=False)
    ] = None,
    free: Annotated[
        float | None, typer.Option(metavar="GB", min=0, max=10**6, show_default=False)
    ] = None,
    days: Annotated[int | None, typer.Option(metavar="N", max=100_000, show_default=False)] = None,
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
    as_json: options.Json = False,
) -> None:
    room = options.record_room()
    sizes = {name: round(value * GB) for name, value in (("most", most), ("free", free))
             if value is not None and isfinite(value)}  # fmt: skip
    changes = options.given(what=what, one_in=one_in, days=days) | sizes
    with room.writing(room.place_of(place)) as connection:
        if changes:
            now = room.set_rule(connection, who, room.station_name(station), **changes)
        else:
            now = room.rule(connection)
    if as_json:
        print(as_json_line(vars(now)))
        return
    told = {"one_in": now.one_in, "most": (now.most or 0) / GB, "free": now.free / GB,
            "days": now.days}  # fmt: skip
    out.print(say(f"keep_{now.what}", **told) + " " + say("keep_bounds", **told))


@command("import-log", group=record)
def import_log(
    log: Annotated[Path, typer.Argument(metavar="FILE.sqlite", show_default=False)],
    part_number: options.PartNumber = None,
    place: options.Record = None,
    station: options.Station = None,
    who: options.Who = None,
) -> None:
    room = options.record_room()
    wanted = room.place_of(place)
    number = part_number or log.stem
    with progress_bar(say("rows_per_second")) as progress:
        told = progress or (lambda *_: None)
        added, total = room.import_log(wanted, log, number, station or log.stem, who, told)
    out.print(say("record_imported", added=added, total=total, part=number, path=wanted.name))
