"""What the line and the record are set to: looked at, changed, and backed up."""

import re
from dataclasses import asdict
from math import isfinite
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel

from kenpin.record import KEPT, add_job, rule, set_rule, waiting_rows
from kenpin.station.office import STATION
from kenpin.station.visit import Fields, RefusedError, Right, Visit
from kenpin.station.work import BACKUP
from kenpin.text import Notice

router = APIRouter()
_GB = 2**30
_PASSWORD = re.compile(r"(://)[^@/\s]*@")  # of an address

Setup = Annotated[Visit, Depends(Right("setup"))]


@router.get("/setup")
def setup(visit: Setup) -> Response:
    """Of the line, and which pictures are kept."""
    return _page(visit, None)


@router.post("/setup/keep")
def keep(visit: Setup, fields: Fields) -> Response:
    """Which pictures are kept from now on, and how many."""
    numbers = {name: _number(fields.get(name, "")) for name in ("one_in", "days")}
    sizes = {"free": _number(fields.get("free", ""), _GB),
             "most": _number(fields["most"], _GB) if fields.get("most") else None}  # fmt: skip
    with visit.office.writing() as connection:
        set_rule(connection, visit.user.name, STATION, what=fields.get("what", ""),
                 **numbers, **sizes)  # fmt: skip
    return _page(visit, Notice("station_kept"))


@router.post("/setup/backup")
def backup(visit: Setup, _: Fields) -> Response:
    """Copy the record into a new folder, where the one who started this program said; a job."""
    office = visit.office
    if office.backups is None:
        raise RefusedError(400, Notice("station_no_backups"))
    told = {"folder": str(office.backups.absolute())}
    with office.writing() as connection:
        job = add_job(connection, BACKUP, told, visit.user.name, STATION)
    return visit.go(f"/jobs/{job}")


def _page(visit: Visit, shown: Notice | None) -> Response:
    office = visit.office
    with office.reading() as connection:
        kept = rule(connection)
    lines = [(one.settings.name, list(_facts(one.settings))) for one in office.screens.values()]
    return visit.page("setup", keep=asdict(kept), words=KEPT, gb=_GB, lines=lines, shown=shown,
                      place=office.place.name, free=office.pictures.free(), backups=office.backups,
                      waiting=waiting_rows(office.place.folder))  # fmt: skip


def _facts(model: BaseModel, start: str = "") -> Any:
    """Every setting by its name in LINE.toml; of secrets only the names of their variables."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _facts(value, f"{start}{name}.")
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for number, one in enumerate(value):
                yield from _facts(one, f"{start}{name}.{number}.")
        elif value not in (None, ()) and name != "name":
            yield f"{start}{name}", _plain(value)


def _plain(value: Any) -> str:
    """As it stands in the file, nearly."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_plain(one)}" for key, one in value.items())
    return _PASSWORD.sub(r"\1***@", str(value))


def _number(given: str, unit: int = 1) -> int:
    try:
        value = float(given) * unit
    except ValueError:
        value = -1.0
    if not isfinite(value) or not 0 <= value < (2**50 if unit > 1 else 10**6):
        raise RefusedError(400, Notice("station_number", value=given[:50]))
    return round(value)
