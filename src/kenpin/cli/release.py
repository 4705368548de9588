"""kenpin release: which .kenpin file judges a part, and who let it."""

from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, group, out, progress_bar
from kenpin.errors import RecordError
from kenpin.text import say

release = group("release")

Hash = Annotated[str, typer.Argument(metavar="HASH", show_default=False)]
Comment = Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)]


@command(group=release)
def add(
    part: options.Part,
    part_number: options.PartNumber = None,
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    from kenpin.part import Bundle

    Bundle.load(part)  # what cannot judge is no release
    room = options.record_room()
    number, own = part_number or part.stem, room.station_name(station)
    wanted = room.place_of(place)
    with room.writing(wanted) as connection:
        made = room.add_release(connection, wanted.folder, part, number, who, own)
    out.print(say("release_added", hash=made.hash[:12], part=number, state=said(made.state)))


@command("list", group=release)
def list_all(
    part_number: options.PartNumber = None,
    place: options.Record = None,
    as_json: options.Json = False,
) -> None:
    from kenpin.cli.record_tables import print_releases

    room = options.record_room()
    with room.reading(room.place_of(place)) as engine, engine.connect() as connection:
        found = [(one, room.steps_of(connection, one))
                 for one in room.list_releases(connection, part_number)]  # fmt: skip
    if as_json:
        for one, steps in found:
            told = {"part": one.part, "hash": one.hash, "state": one.state}
            print(as_json_line(told | {"steps": [vars(step) for step in steps]}))
    else:
        print_releases(out, found)


def _step(state: str) -> Any:
    def change(
        start: Hash,
        part_number: options.PartNumber = None,
        place: options.Record = None,
        who: options.Who = None,
        comment: Comment = None,
        station: options.Station = None,
    ) -> None:
        _change(state, start, part_number, place, who, comment, station)

    return change


def _change(
    state: str, start: str, part: str | None, place: str | None, who: str | None,
    comment: str | None, station: str | None, at_change: bool = False,
) -> None:  # fmt: skip
    room = options.record_room()
    with room.writing(room.place_of(place)) as connection:
        found, own = room.find_release(connection, start, part), room.station_name(station)
        room.change_state(connection, found, state, who, own, comment, at_change)
    told = {"hash": found.hash[:12], "part": found.part, "state": said(state)}
    out.print(say("release_is_now", **told))


for _name, _state in (
    ("request", "requested"), ("approve", "approved"), ("retire", "retired"), ("withdraw", "draft"),
):  # fmt: skip
    command(_name, group=release)(_step(_state))


@command(group=release)
def use(
    start: Hash,
    part_number: options.PartNumber = None,
    at_change: Annotated[bool, typer.Option("--at-change")] = False,
    place: options.Record = None,
    who: options.Who = None,
    comment: Comment = None,
    station: options.Station = None,
) -> None:
    _change("in_use", start, part_number, place, who, comment, station, at_change)


@command("compare", group=release)
def compare_two(
    before: Annotated[str, typer.Argument(metavar="HASH", show_default=False)],
    after: Annotated[str, typer.Argument(metavar="HASH", show_default=False)],
    part_number: options.PartNumber = None,
    frozen_set: Annotated[
        str | None, typer.Option("--set", metavar="SET[@VERSION]", show_default=False)
    ] = None,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1)] = 100,
    place: options.Record = None,
    as_json: options.Json = False,
) -> None:
    from kenpin.cli.record_tables import print_comparison
    from kenpin.cli.recording import frozen
    from kenpin.evaluation import compare
    from kenpin.inspection import Inspector

    room = options.record_room()
    wanted = room.place_of(place)
    with room.reading(wanted) as engine, room.one_sentence(wanted):
        with engine.connect() as connection:
            found = [room.find_release(connection, one, part_number) for one in (before, after)]
        if found[0].part != found[1].part:
            raise RecordError("compare_parts", one=found[0].part, other=found[1].part)
        pictures: Any = None
        if frozen_set is None:
            with engine.connect() as connection:
                kept = room.Pictures(wanted.folder)
                pictures = room.latest_pictures(connection, kept, found[0].part, most)
            if not pictures:
                raise RecordError("compare_none", part=found[0].part)
    if frozen_set is not None:
        pictures = frozen(place, found[0].part, frozen_set)
    one, other = (Inspector.open(wanted.folder / release.file) for release in found)
    with progress_bar() as progress:
        compared = compare(one, other, pictures, progress)
    if as_json:
        print(as_json_line(compared.to_dict()))
    else:
        print_comparison(out, compared)


def said(state: str) -> str:
    """A state of a release, for people."""
    return say(f"release_{state}")
