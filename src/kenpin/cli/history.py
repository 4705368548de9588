"""kenpin history: what was judged."""

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, complain, out
from kenpin.errors import DatasetError, OutputError
from kenpin.text import say
from kenpin.types import Outcome

_MOST_SHOWN = 50
_LONGEST_NAME = 40  # letters of a station in the name of a file


def _option(metavar: str, *names: str) -> Any:
    return typer.Option(*names, metavar=metavar, show_default=False)


@command()
def history(
    place: options.Record = None,
    part_number: options.PartNumber = None,
    outcome: Annotated[list[str] | None, _option("OK|NG|…")] = None,
    lot: Annotated[str | None, _option("LOT")] = None,
    serial: Annotated[str | None, _option("SERIAL")] = None,
    station: options.Station = None,
    day: Annotated[str | None, _option("DATE")] = None,
    since: Annotated[str | None, _option("DATE")] = None,
    reviewed: Annotated[bool | None, typer.Option("--reviewed/--unreviewed")] = None,
    most: Annotated[int | None, typer.Option("--most", metavar="N", min=1, max=10**9)] = None,
    as_json: options.Json = False,
    csv_file: Annotated[Path | None, _option("FILE", "--csv")] = None,
    xlsx_file: Annotated[Path | None, _option("FILE", "--xlsx")] = None,
    picture_folder: Annotated[Path | None, _option("DIR", "--pictures")] = None,
    force: options.Force = False,
) -> None:
    from kenpin.cli.record_tables import print_history

    room = options.record_room()
    wanted = room.place_of(place)
    begin, end = times_of(day, since)
    chosen = room.Filter(
        part=part_number, outcomes=_outcomes(outcome), lot=lot, serial=serial, station=station,
        since=begin, until=end, reviewed=reviewed,
    )  # fmt: skip
    _check_outputs(csv_file, xlsx_file, picture_folder, wanted.folder, force)
    with room.reading(wanted) as engine, room.one_sentence(wanted):
        if csv_file:
            _write_csv(csv_file, room.found(engine, chosen, most))
        if xlsx_file:
            _write_xlsx(xlsx_file, room.found(engine, chosen, most))
        if picture_folder:
            kept = room.Pictures(wanted.folder)
            copied = _copy(picture_folder, kept, room.found(engine, chosen, most))
            out.print(say("history_copied", count=copied, folder=picture_folder))
        if as_json:
            for row in room.found(engine, chosen, most):
                print(as_json_line(room.plain_row(row)))
        elif not (csv_file or xlsx_file or picture_folder):
            shown = print_history(out, room.found(engine, chosen, most or _MOST_SHOWN))
            with engine.connect() as connection:
                total = room.count(connection, chosen)
            if total > shown:
                out.print(say("history_more", shown=shown, total=total))


def _outcomes(given: list[str] | None) -> tuple[str, ...]:
    known = {outcome.value for outcome in Outcome}
    for one in given or ():
        if one.upper() not in known:
            raise DatasetError("history_outcome", value=one, known=", ".join(sorted(known)))
    return tuple(one.upper() for one in given or ())


def times_of(day: str | None, since: str | None) -> tuple[int | None, int | None]:
    """The first and the end in milliseconds, by the clock of this place."""
    room = options.record_room()
    if day is not None and since is not None:
        raise DatasetError("history_both")
    if day is not None:
        begin, end = room.between(room.day_of(day))
        return begin, end
    return (None if since is None else room.moment(since)), None


def _check_outputs(
    csv_file: Path | None, xlsx_file: Path | None, folder: Path | None, record: Path, force: bool
) -> None:
    """Nothing in the record, no file twice, and what is replaced is put aside."""
    from kenpin.system import check_apart, check_free, check_writable

    files = [path for path in (csv_file, xlsx_file) if path]
    for path in (*files, *([folder] if folder else [])):
        if path.resolve().is_relative_to(record.resolve()):
            raise OutputError("output_among_inputs", path=path)
    if folder:
        check_apart(folder, [record])
    if len({path.resolve() for path in files}) < len(files):
        raise OutputError("output_twice", path=csv_file)
    for path in files:
        check_writable(path)
        check_free(path, force)
    for path in files:
        if path.exists():
            options.keep(path)
    if folder and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("output_exists", path=folder)


def _write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    from kenpin.system import written_at_once

    with written_at_once(path) as file:
        file.writelines(line.encode() for line in options.record_room().csv_lines(rows))


def _write_xlsx(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    from kenpin.system import written_at_once

    with written_at_once(path) as file:
        options.record_room().write_xlsx(file, rows)


def _copy(folder: Path, kept: Any, rows: Iterable[dict[str, Any]]) -> int:
    """Copy the kept pictures, by outcome, and a table that says which is which."""
    from kenpin.system import make_folder

    room = options.record_room()
    make_folder(folder)
    count = 0
    with (folder / "pictures.jsonl").open("w", encoding="utf-8") as table:
        for row in rows:
            if row["kept"] is None:
                continue
            source = kept.path(row["kept"])
            if not source.is_file():
                complain(say("history_lost", path=row["kept"]))
                continue
            # A station may be called anything; the id keeps names apart.
            station = re.sub(r"[^\w.-]", "_", row["station"])[:_LONGEST_NAME].strip(".")
            name = f"{station}-{row['number']}-{row['id'].hex[-6:]}{source.suffix}"
            target = folder / row["outcome"] / name
            make_folder(target.parent)
            shutil.copyfile(source, target)
            line = {"file": target.relative_to(folder).as_posix(), **room.plain_row(row)}
            table.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    return count
