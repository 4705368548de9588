"""kenpin review: what people say of what was judged."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, group, out
from kenpin.errors import DatasetError
from kenpin.text import say

review = group("review")
_MOST_SHOWN = 20
_COLUMNS = ("inspection", "word", "kind", "comment", "who")

Ids = Annotated[list[str], typer.Argument(metavar="STATION/NUMBER…", show_default=False)]
Comment = Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)]
Kind = Annotated[str | None, typer.Option(metavar="NAME", show_default=False)]


@command("list", group=review)
def list_open(
    place: options.Record = None,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, max=10_000)] = _MOST_SHOWN,
    as_json: options.Json = False,
) -> None:
    from kenpin.cli.record_tables import print_history

    room = options.record_room()
    wanted = room.place_of(place)
    with room.reading(wanted) as engine, room.one_sentence(wanted):
        rows = list(room.to_review(engine, most))
    if as_json:
        for row in rows:
            print(as_json_line(room.plain_row(row)))
    else:
        print_history(out, rows)


@command("good", group=review)
def mark_good(
    inspections: Ids,
    comment: Comment = None,
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    _mark(place, [(one, {"word": "good", "comment": comment}, who) for one in inspections], station)


@command("ng", group=review)
def mark_ng(
    inspections: Ids,
    kind: Kind = None,
    comment: Comment = None,
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    said = {"word": "ng", "kind": kind, "comment": comment}
    _mark(place, [(one, said, who) for one in inspections], station)


@command(group=review)
def undo(
    inspections: Ids,
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    _mark(place, [(one, {"word": "undone"}, who) for one in inspections], station)


@command("import", group=review)
def import_table(
    table: Annotated[Path, typer.Argument(metavar="FILE.csv", show_default=False)],
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    _mark(place, list(_lines(table, who)), station)


@command(group=review)
def sample(
    passed: Annotated[int, typer.Option(metavar="N", min=0)] = 20,
    rejected: Annotated[int, typer.Option(metavar="N", min=0)] = 20,
    part_number: options.PartNumber = None,
    lot: Annotated[str | None, typer.Option(metavar="LOT", show_default=False)] = None,
    day: Annotated[str | None, typer.Option(metavar="DATE", show_default=False)] = None,
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    from numpy.random import default_rng

    from kenpin.cli.history import times_of

    room = options.record_room()
    begin, end = times_of(day, None)
    chosen = room.Filter(part=part_number, lot=lot, since=begin, until=end)
    with room.writing(room.place_of(place)) as connection:
        own = room.station_name(station)
        count = room.draw_sample(connection, chosen, passed, rejected, default_rng(), who, own)
    out.print(say("review_drawn", count=count))


@command(group=review)
def freeze(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    part_number: Annotated[str, typer.Option(metavar="NUMBER", show_default=False)],
    share: Annotated[float, typer.Option(metavar="SHARE")] = 1.0,
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    room = options.record_room()
    wanted = room.place_of(place)
    kept, own = room.Pictures(wanted.folder), room.station_name(station)
    with room.writing(wanted) as connection:
        version, count = room.freeze(connection, kept, part_number, name, who, own, share)
    out.print(say("set_frozen", name=name, version=version, count=count, part=part_number))


@command(group=review)
def sets(
    part_number: options.PartNumber = None,
    place: options.Record = None,
    as_json: options.Json = False,
) -> None:
    from kenpin.cli.record_tables import print_sets

    room = options.record_room()
    with room.writing(room.place_of(place)) as connection:
        found = room.list_sets(connection, part_number)
    if as_json:
        for one in found:
            print(as_json_line(vars(one)))
    else:
        print_sets(out, found)


def _mark(
    place: str | None, lines: list[tuple[str, dict[str, Any], str | None]], station: str | None
) -> None:
    """All of them, or none where one cannot be."""
    room = options.record_room()
    with room.writing(room.place_of(place)) as connection:
        for name, said, who in lines:
            identity = room.find_inspection(connection, name)
            room.add_review(connection, identity, room.Word(**said), who,
                            room.station_name(station))  # fmt: skip
    out.print(say("review_marked", count=len(lines)))


def _lines(table: Path, who: str | None) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """The reviews of a table with the columns inspection and word, and kind, comment, who."""
    try:
        content = table.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError("review_table", path=table, reason=reason) from None
    try:
        rows = csv.DictReader(io.StringIO(content, newline=""))
        named, read = set(rows.fieldnames or ()), list(rows)
    except csv.Error as error:
        raise DatasetError("review_table", path=table, reason=error) from None
    if not {"inspection", "word"} <= named:
        raise DatasetError("review_columns", path=table, columns=", ".join(_COLUMNS))
    for row in read:
        told = {key: (row.get(key) or "").strip() or None for key in _COLUMNS}
        word = {"word": (told["word"] or "").lower(), "kind": told["kind"],
                "comment": told["comment"]}  # fmt: skip
        yield told["inspection"] or "", word, told["who"] or who
