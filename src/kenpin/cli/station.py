"""kenpin station: the pages for people."""

from datetime import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import command, complain, out, progress_bar
from kenpin.errors import LineError
from kenpin.text import say


def _option(metavar: str) -> Any:
    return typer.Option(metavar=metavar, show_default=False)


@command()
def station(
    place: options.Record = None,
    line: Annotated[Path | None, _option("LINE.toml")] = None,
    demo: Annotated[Path | None, _option("DIR")] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=1, max=65535)] = 8000,
    cert: Annotated[Path | None, _option("FILE")] = None,
    key: Annotated[Path | None, _option("FILE")] = None,
    proxy: Annotated[str | None, _option("ADDRESS")] = None,
    idle: Annotated[float, typer.Option(metavar="MINUTES", min=1, max=10_000)] = 30,
    shifts: Annotated[str, typer.Option(metavar="TIMES")] = "00:00",
    backups: Annotated[Path | None, _option("DIR")] = None,
) -> None:
    begins = _times(shifts)
    room = options.station_room()
    secure = room.check_way(host, cert, key, proxy)
    wanted, beside = None, None
    if demo is not None:
        with progress_bar() as progress:
            made = room.make_demo(demo, progress)
        for name, password in made.passwords.items():
            out.print(say("station_demo_user", name=name, password=password))
        wanted = made.place
        beside = partial(made.run, say=_tell)
    elif line is not None:
        settings = options.line_room().LineSettings.read(line)
        wanted = options.record_room().place_of(settings.record)
        beside = partial(_run, settings)
    own = wanted or options.record_room().place_of(place)
    first = None if demo is not None else room.first_administrator(own)
    if first is not None:
        out.print(say("station_first", name=first.name, password=first.password))
    office = room.Office(own, idle, secure, begins, backups, works=True)
    serves = say("station_serves", address=f"{'https' if cert else 'http'}://{host}:{port}")
    tell, runs = partial(out.print, serves), beside and partial(beside, office)
    room.serve(office, host, port, cert, key, proxy, runs, tell)


def _times(given: str) -> list[time]:
    """Raises LineError."""
    try:
        return [time.fromisoformat(one.strip()) for one in given.split(",")]
    except ValueError:
        raise LineError("station_shifts", value=given) from None


async def _run(settings: Any, office: Any, stop: Any) -> None:
    await options.line_room().run_line(settings, stop, _tell, None, office.screen_of)


def _tell(notice: object) -> None:
    complain(str(notice))
