"""kenpin repeat."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import command, progress_bar
from kenpin.errors import StudyError


@command()
def repeat(
    part: options.Part,
    folder: Annotated[Path | None, typer.Argument(show_default=False)] = None,
    place: options.Record = None,
    lot: Annotated[str | None, typer.Option(metavar="LOT", show_default=False)] = None,
    inspectors: Annotated[Path | None, typer.Option(metavar="TABLE", show_default=False)] = None,
    expect: options.Expect = None,
    report: options.Report = None,
    force: options.Force = False,
    as_json: options.Json = False,
    explain: options.Explain = False,
) -> None:
    from kenpin.assurance import repeat as repeat_part
    from kenpin.cli.tables import show_page
    from kenpin.report import repeat_page

    options.check_report(report, "repeat.html", force)
    if (folder is None) == (lot is None):
        raise StudyError("repeat_source")
    shots = folder if folder is not None else _of_lot(part, place, str(lot), expect)
    with progress_bar() as progress:
        found = repeat_part(part, shots, inspectors, progress, expect=expect)
    show_page(found, repeat_page(found), report, part.name, as_json, explain)


def _of_lot(part: Path, place: str | None, lot: str, expect: str | None) -> Any:
    """What the record holds of a lot that was judged for the study: shots by serial.

    expect: only those that were told to be this label.
    """
    from kenpin.part import hash_of_file

    room = options.record_room()
    wanted = room.place_of(place)
    with room.reading(wanted) as engine, room.one_sentence(wanted):
        found = room.shots(engine, room.Filter(release=hash_of_file(part), lot=lot))
    own = {serial: [shot for shot in shots if expect in (None, shot.expected)]
           for serial, shots in found.items()}  # fmt: skip
    return {serial: shots for serial, shots in own.items() if shots}
