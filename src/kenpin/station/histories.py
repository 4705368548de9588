"""Every part again: a list that can be searched, and all about one of them."""

from base64 import b64encode
from tempfile import TemporaryFile
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from kenpin.errors import DatasetError, KenpinError
from kenpin.inspection import UsualSize
from kenpin.record import (
    Filter,
    between,
    count,
    csv_lines,
    day_of,
    found,
    plain_row,
    regions_of,
    words_on,
    write_xlsx,
)
from kenpin.report import panels
from kenpin.sources import encode, read_picture
from kenpin.station.evidence import PANELS, inspector_of, panel_of
from kenpin.station.visit import Fields, RefusedError, Right, Visit
from kenpin.text import Notice, say
from kenpin.types import Outcome

router = APIRouter()
_AT_ONCE = 50  # rows of a page
_MOST_ROWS = 1_000_000  # of a table that is downloaded
_MOST_OF_A_BOOK = 50_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LARGEST = 1000  # pixels of a panel's longer side
OUTCOMES = tuple(outcome.value for outcome in Outcome)

Look = Annotated[Visit, Depends(Right("look"))]
Text = Annotated[str, Query(max_length=200)]


class Wanted:
    """The filters of an address: a link to it shows the same parts."""

    def __init__(
        self, part: Text = "", outcome: Text = "", lot: Text = "", serial: Text = "",
        station: Text = "", day: Text = "", reviewed: Text = "", before: Text = "",
    ) -> None:  # fmt: skip
        self.told = {"part": part, "outcome": outcome, "lot": lot, "serial": serial,
                     "station": station, "day": day, "reviewed": reviewed}  # fmt: skip
        self.told = {name: value.strip() for name, value in self.told.items()}
        self._before = before

    def filter(self) -> Filter:
        """Raises DatasetError for what is no day or no outcome."""
        told = self.told
        if told["outcome"] and told["outcome"] not in OUTCOMES:
            raise DatasetError("history_outcome", value=told["outcome"], known=", ".join(OUTCOMES))
        since, until = between(day_of(told["day"])) if told["day"] else (None, None)
        reviewed = {"yes": True, "no": False}.get(told["reviewed"])
        outcomes = (told["outcome"],) if told["outcome"] else ()
        return Filter(
            part=told["part"] or None, lot=told["lot"] or None, serial=told["serial"] or None,
            station=told["station"] or None, outcomes=outcomes, since=since, until=until,
            reviewed=reviewed, before=_place(self._before),
        )  # fmt: skip

    def address(self, path: str, **more: str) -> str:
        """Of the same parts, elsewhere."""
        told = {name: value for name, value in {**self.told, **more}.items() if value}
        return f"{path}?{urlencode(told)}" if told else path


def _place(before: str) -> tuple[int, int] | None:
    at, _, number = before.partition(".")
    known = at.isdecimal() and number.isdecimal() and max(len(at), len(number)) < 19
    return (int(at), int(number)) if known else None


@router.get("/history")
def history(visit: Look, wanted: Annotated[Wanted, Depends()]) -> Response:
    """The newest first, a page at a time."""
    rows = list(found(visit.office.engine, wanted.filter(), _AT_ONCE + 1))
    more = None
    if len(rows) > _AT_ONCE:
        last = rows[_AT_ONCE - 1]
        more = wanted.address("/history", before=f"{last['at']}.{last['number']}")
    return visit.page("history", rows=rows[:_AT_ONCE], wanted=wanted, more=more, outcomes=OUTCOMES)


@router.get("/history.csv")
def history_csv(
    visit: Annotated[Visit, Depends(Right("export"))], wanted: Annotated[Wanted, Depends()]
) -> Response:
    """All of them as a table, a line at a time."""
    rows = found(visit.office.engine, wanted.filter(), _MOST_ROWS)
    headers = {"Content-Disposition": 'attachment; filename="history.csv"'}
    return StreamingResponse(csv_lines(rows), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/history.xlsx")
def history_xlsx(
    visit: Annotated[Visit, Depends(Right("export"))], wanted: Annotated[Wanted, Depends()]
) -> Response:
    """All of them as an Excel workbook, where a workbook can hold them."""
    chosen = wanted.filter()
    with visit.office.reading() as connection:
        many = count(connection, chosen)
    if many > _MOST_OF_A_BOOK:
        raise RefusedError(400, Notice("station_too_many", count=many, most=_MOST_OF_A_BOOK))
    with TemporaryFile() as file:
        write_xlsx(file, found(visit.office.engine, chosen, _MOST_OF_A_BOOK))
        file.seek(0)
        content = file.read()
    headers = {"Content-Disposition": 'attachment; filename="history.xlsx"'}
    return Response(content, media_type=_XLSX, headers=headers)


def one(visit: Visit, identity: UUID) -> dict[str, Any]:
    """The row of a part. Raises HTTPException where there is none."""
    row = next(iter(found(visit.office.engine, Filter(ids=(identity,)))), None)
    if row is None:
        raise HTTPException(404)
    return row


@router.get("/part/{identity}")
def part(visit: Look, identity: UUID) -> Response:
    """Everything about one."""
    return _part(visit, one(visit, identity), None)


@router.post("/part/{identity}/again")
def judge_again(
    visit: Annotated[Visit, Depends(Right("judge"))], identity: UUID, _: Fields
) -> Response:
    """What the release in use says of it now; nothing is kept of that."""
    office, row = visit.office, one(visit, identity)
    release = office.release_of(row["part"])
    if row["kept"] is None:
        raise RefusedError(404, Notice("station_no_picture"))
    picture = read_picture(office.pictures.path(row["kept"]))
    inspector = office.inspector(release.hash, office.place.folder / release.file)
    verdict = inspector.inspect(picture, row["expected"])
    drawn = {name: _address(encode(image, "png"))
             for name, image in panels(picture, verdict, _LARGEST).items()}  # fmt: skip
    return _part(visit, row, {"verdict": verdict, "release": release, "drawn": drawn})


def _address(content: bytes) -> str:
    return f"data:image/png;base64,{b64encode(content).decode()}"


def _part(visit: Visit, row: dict[str, Any], again: dict[str, Any] | None) -> Response:
    with visit.office.reading() as connection:
        regions, words = regions_of(connection, row["id"]), words_on(connection, row["id"])
    return visit.page("part", row=row, told=plain_row(row), regions=regions, words=words,
                      again=again, sizes=_sizes(visit, row))  # fmt: skip


def _sizes(visit: Visit, row: dict[str, Any]) -> list[dict[str, Any]]:
    """What was measured of a harness, beside what good ones have where its file is there."""
    measured = row["sizes"]
    if measured is None:
        return []
    try:
        usual = {one.name: one for one in inspector_of(visit.office, row).usual_sizes}
    except KenpinError:
        usual = {}
    return [_size(name, value, usual.get(name)) for name, value in measured.items()]


def _size(name: str, value: float | None, usual: UsualSize | None) -> dict[str, Any]:
    if usual is None:
        return {"name": name, "value": value, "good": "", "odd": False}
    low, high = f"{usual.low:.4g}", f"{usual.high:.4g}"
    odd = value is None or not usual.low <= value <= usual.high
    good = say("repeat_range", low=low, high=high, unit=usual.unit)
    return {"name": name, "value": value, "good": good, "odd": odd}


@router.get("/picture/{identity}/{panel}")
def picture(visit: Look, identity: UUID, panel: str) -> Response:
    """preview, original, reconstruction or difference."""
    if panel not in PANELS:
        raise HTTPException(404)
    content, kind = panel_of(visit.office, one(visit, identity), panel)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(content, media_type=kind, headers=headers)
