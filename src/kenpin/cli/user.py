"""kenpin user: who may use the pages, for who has the rights to the record itself."""

import secrets
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, group, out
from kenpin.text import language, say

user = group("user")

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


@command("list", group=user)
def list_all(place: options.Record = None, as_json: options.Json = False) -> None:
    from kenpin.cli.record_tables import print_users

    room = options.record_room()
    with room.reading(room.place_of(place)) as engine, engine.connect() as connection:
        found = room.list_users(connection)
    if as_json:
        for one in found:
            print(as_json_line(vars(one)))
    else:
        print_users(out, found)


@command(group=user)
def add(
    name: Name,
    role: Annotated[str, typer.Option(metavar="ROLE", show_default=False)],
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    room, given = options.record_room(), secrets.token_urlsafe(12)
    made = room.User(name, language(), role, active=True, one_time=True)
    with room.writing(room.place_of(place)) as connection:
        room.add_user(connection, made, given, who, room.station_name(station))
    out.print(say("station_password", name=name.strip(), password=given))


@command(group=user)
def password(
    name: Name,
    place: options.Record = None,
    who: options.Who = None,
    station: options.Station = None,
) -> None:
    room, given = options.record_room(), secrets.token_urlsafe(12)
    changes = {"password": given, "one_time": True, "active": True}
    with room.writing(room.place_of(place)) as connection:
        room.change_user(connection, name.strip(), who, room.station_name(station), **changes)
        room.close_sessions_of(connection, name.strip())
    out.print(say("station_password", name=name.strip(), password=given))
