"""kenpin master: pieces whose verdict is known, shown again before a shift."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, group, out, progress_bar
from kenpin.errors import StudyError
from kenpin.text import say

JUDGED_WRONG = 1
_FRESH = 12 * 3_600_000  # milliseconds: longer ago is another shift

master = group("master")


@command(group=master)
def add(
    part: options.Part,
    ok: Annotated[
        list[Path] | None, typer.Option("--ok", metavar="PICTURE|FOLDER", show_default=False)
    ] = None,
    ng: Annotated[
        list[Path] | None, typer.Option("--ng", metavar="PICTURE|FOLDER", show_default=False)
    ] = None,
    expect: options.Expect = None,
) -> None:
    from kenpin.assurance import add_masters, master_folder

    kept, added = add_masters(part, ok or [], ng or [], expect)
    told = {"added": added, "count": len(kept.masters), "folder": master_folder(part)}
    out.print(say("master_added", **told))


@command(group=master)
def check(
    part: options.Part,
    fresh: Annotated[Path | None, typer.Argument(metavar="[FOLDER]", show_default=False)] = None,
    place: options.Record = None,
    lot: Annotated[str | None, typer.Option(metavar="LOT", show_default=False)] = None,
    who: options.Who = None,
    station: options.Station = None,
    as_json: options.Json = False,
    explain: options.Explain = False,
) -> None:
    from kenpin.assurance import check_masters
    from kenpin.cli.recording import note_event
    from kenpin.cli.tables import print_masters
    from kenpin.part import hash_of_file

    if fresh is not None and lot is not None:
        raise StudyError("master_source")
    shown = fresh if lot is None else _of_lot(part, place, lot)
    with progress_bar() as progress:
        found = check_masters(part, shown, progress)
    wrong = sum(one.problem is not None for one in found.pieces)
    told = {"part": hash_of_file(part), "pieces": len(found.pieces), "wrong": wrong,
            "fresh": found.fresh, "passed": found.passed}  # fmt: skip
    note_event(place, "master", told, who, station)
    if as_json:
        print(as_json_line(found.to_dict()))
    else:
        print_masters(out, found, explain)
    if not found.passed:
        raise typer.Exit(JUDGED_WRONG)


def _of_lot(part: Path, place: str | None, lot: str) -> dict[str, Any]:
    """The latest picture of each serial of a lot: master pieces shown to the line for this check.

    Raises StudyError for one that an earlier check may have seen, or whose picture is not kept.
    """
    from kenpin.part import hash_of_file

    room, own = options.record_room(), hash_of_file(part)
    wanted = room.place_of(place)
    kept = room.Pictures(wanted.folder)
    with room.reading(wanted) as engine, room.one_sentence(wanted):
        with engine.connect() as connection:
            checks = room.events_of(connection, "master")
        newest: dict[str, Any] = {}
        for row in room.found(engine, room.Filter(release=own, lot=lot)):
            if row["serial"] is not None:
                newest.setdefault(row["serial"], row)
    earlier = [at for at, told in checks if told.get("part") == own]
    since = max([*earlier, room.now()[0] - _FRESH])
    for serial, row in newest.items():
        if row["at"] <= since:
            raise StudyError("master_stale", name=serial)
        if row["kept"] is None:
            raise StudyError("master_not_kept", name=serial)
    return {serial: kept.path(row["kept"]) for serial, row in newest.items()}
