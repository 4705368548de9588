"""kenpin release: which .kenpin file judges a part, and who let it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import Group, app, as_json_line, command, out
from kenpin.text import say

release = typer.Typer(
    name="release",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(release)

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
    number = part_number or part.stem
    with _writing(place) as (connection, folder):
        made = room.add_release(connection, folder, part, number, who, room.station_name(station))
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
        room = options.record_room()
        with _writing(place) as (connection, _):
            found = room.find_release(connection, start, part_number)
            room.change_state(connection, found, state, who, room.station_name(station), comment)
        told = {"hash": found.hash[:12], "part": found.part, "state": said(state)}
        out.print(say("release_is_now", **told))

    return change


for _name, _state in (
    ("request", "requested"), ("approve", "approved"), ("use", "in_use"), ("retire", "retired"),
    ("withdraw", "draft"),
):  # fmt: skip
    command(_name, group=release)(_step(_state))


def said(state: str) -> str:
    """A state of a release, for people."""
    return say(f"release_{state}")


@contextmanager
def _writing(place: str | None) -> Iterator[tuple[Any, Path]]:
    """A connection to write with, all or nothing, and the folder of the store."""
    room = options.record_room()
    wanted = room.place_of(place)
    with (
        room.reading(wanted) as engine,
        room.one_sentence(wanted),
        engine.execution_options(writes=True).begin() as connection,
    ):
        yield connection, wanted.folder
