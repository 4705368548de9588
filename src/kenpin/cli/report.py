"""kenpin report: a day, a week or a lot on one page, to print and sign."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, group, out
from kenpin.text import say

report = group("report")

Day = Annotated[str | None, typer.Argument(metavar="[DATE]", show_default=False)]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="DIR")]
Pdf = Annotated[bool, typer.Option("--pdf")]
_HERE = Path()
_LONGEST_NAME = 60  # letters of a lot in the name of a file


@command("day", group=report)
def of_day(
    day: Day = None,
    place: options.Record = None,
    part_number: options.PartNumber = None,
    station: options.Station = None,
    output: Output = _HERE,
    pdf: Pdf = False,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    first = options.record_room().day_of(day)
    chosen = {"part": part_number, "station": station, **_between(first, 1)}
    _report("day", f"{first}", chosen, place, output, pdf, force, as_json)


@command("week", group=report)
def of_week(
    day: Day = None,
    place: options.Record = None,
    part_number: options.PartNumber = None,
    station: options.Station = None,
    output: Output = _HERE,
    pdf: Pdf = False,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    inside = options.record_room().day_of(day)
    monday = inside - timedelta(days=inside.weekday())
    chosen = {"part": part_number, "station": station, **_between(monday, 7)}
    _report("week", f"{monday}", chosen, place, output, pdf, force, as_json)


@command("lot", group=report)
def of_lot(
    lot: Annotated[str, typer.Argument(metavar="LOT", show_default=False)],
    place: options.Record = None,
    part_number: options.PartNumber = None,
    station: options.Station = None,
    output: Output = _HERE,
    pdf: Pdf = False,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    chosen = {"part": part_number, "station": station, "lot": lot}
    _report("lot", lot, chosen, place, output, pdf, force, as_json)


def _between(first: date, days: int) -> dict[str, Any]:
    """From the first day on so many, in milliseconds."""
    since, until = options.record_room().between(first, days)
    return {"since": since, "until": until}


def _report(
    kind: str, name: str, chosen: dict[str, Any], place: str | None, output: Path, pdf: bool,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    from kenpin.report import About, drifts_of, period_to_dict, write_pdf, write_period

    room = options.record_room()
    wanted = room.place_of(place)
    safe = re.sub(r"[^\w.-]", "_", name)[:_LONGEST_NAME]
    page = output / f"{kind}-{safe}.html"
    if not as_json:
        _check(page, pdf, force)
    narrowed = room.Filter(**chosen)
    with room.reading(wanted) as engine, room.one_sentence(wanted):
        found = room.period(engine, narrowed)
        if as_json:
            print(as_json_line(period_to_dict(found)))
            return
        drifts = drifts_of(engine, wanted, narrowed, found.releases)
    kept = room.Pictures(wanted.folder)
    about = About(kind=kind, name=name, part=chosen["part"], station=chosen["station"],
                  place=wanted.name, drifts=drifts, picture=kept.path)  # fmt: skip
    for old in (page, page.with_suffix(".pdf")):  # a PDF of an earlier page would mislead
        options.keep(old)
    out.print(say("report_written", path=write_period(page, found, about)))
    if pdf:
        out.print(say("report_written", path=write_pdf(page)))


def _check(page: Path, pdf: bool, force: bool) -> None:
    from kenpin.report import browser
    from kenpin.system import check_free, make_folder

    if pdf:
        browser()
        check_free(page.with_suffix(".pdf"), force)
    check_free(page, force)
    make_folder(page.parent)
