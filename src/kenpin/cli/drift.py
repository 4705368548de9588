"""kenpin drift."""

from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import command

ALARM = 1


@command()
def drift(
    part: options.Part,
    place: options.Record = None,
    station: options.Station = None,
    false_alarm: Annotated[float, typer.Option(metavar="SHARE")] = 0.01,
    since: Annotated[str | None, typer.Option(metavar="DATE", show_default=False)] = None,
    report: options.Report = None,
    force: options.Force = False,
    as_json: options.Json = False,
    explain: options.Explain = False,
) -> None:
    from kenpin.assurance import drift as watch
    from kenpin.cli.history import times_of
    from kenpin.cli.tables import show_page
    from kenpin.part import hash_of_file
    from kenpin.report import drift_page

    room, own = options.record_room(), hash_of_file(part)
    wanted = room.place_of(place)
    chosen = room.Filter(release=own, station=station, since=times_of(None, since)[0])
    with room.reading(wanted) as engine, room.one_sentence(wanted):
        verdicts = room.series(engine, chosen)
    found = watch(part, verdicts, false_alarm)
    options.check_report(report, "drift.html", force)
    show_page(found, drift_page(found), report, part.name, as_json, explain)
    if found.alarm is not None:
        _note(room, wanted, own, station, found, verdicts[found.alarm].at)
        raise typer.Exit(ALARM)


def _note(room: Any, place: Any, own: str, station: str | None, found: Any, at: int) -> None:
    """Keep the alarm as an event, once however often it is asked for."""
    quantity = found.guilty.name
    told = {"release": own, "quantity": quantity, "advice": found.advice.code, "alarm_at": at}
    with room.writing(place) as connection:
        if told not in room.told_of(connection, "drift"):
            room.add_event(connection, "drift", told, None, room.station_name(station))
