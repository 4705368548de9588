"""Teaching a part: pictures, suspects, where to look, how many good ones may be thrown away."""

import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, UploadFile
from fastapi.responses import PlainTextResponse, Response

from kenpin.errors import KenpinError, RecordError
from kenpin.judge import pictures_needed
from kenpin.record import Filter, add_job, confirmed, list_jobs
from kenpin.report import outlined
from kenpin.sources import encode, read_header, read_picture
from kenpin.station.improving import LEARN
from kenpin.station.lessons import Desk, Lesson, list_lessons
from kenpin.station.live import screen_of
from kenpin.station.office import STATION
from kenpin.station.visit import Fields, RefusedError, Right, Visit, proved, whole_number
from kenpin.station.work import CHECK, PLAN
from kenpin.text import Notice, speaking

router = APIRouter()
_THUMBNAIL, _LARGEST = 240, 1000  # pixels of the longer side
_MOST_AT_ONCE = 100  # pictures of a form, and of a burst
_MOST_JOBS = 500
_AREAS = {"crop", "windows", "ignore", "masks", "mark"}

Teach = Annotated[Visit, Depends(Right("teach"))]
Proved = Annotated[None, Depends(proved)]
Files = Annotated[list[UploadFile], File()]


@router.get("/teach")
def teach(visit: Teach) -> Response:
    """All lessons, and a new one."""
    return visit.page("teach", lessons=list_lessons(visit.office.place.folder))


@router.post("/teach/begin")
def begin(visit: Teach, fields: Fields) -> Response:
    """A new part, or another release of one."""
    desk = Desk.begin(visit.office.place.folder, fields.get("part", ""), visit.user.name)
    return visit.go(f"/teach/{desk.identity}")


@router.get("/teach/{identity}")
def lesson(visit: Teach, identity: UUID) -> Response:
    """Everything about one."""
    return _page(visit, identity, None)


def _page(visit: Visit, identity: UUID, told: Notice | None) -> Response:
    desk, office = _desk(visit, identity), visit.office
    own = desk.lesson
    with office.reading() as connection:
        jobs = [one for one in list_jobs(connection, _MOST_JOBS)
                if one.told.get("lesson") == str(identity)]  # fmt: skip
    checked = next((one for one in jobs if one.kind == CHECK and one.state == "done"), None)
    found = checked.result["suspects"] if checked is not None and checked.result else []
    suspects = {one["stored"]: [Notice.of(why) for why in one["why"]] for one in found
                if one["stored"] in own.names}  # fmt: skip
    areas = {name: own.settings.get(name) for name in ("crop", "windows", "ignore", "mark")}
    areas["masks"] = own.masks
    first = next((one for one in own.names if one not in own.left_out), next(iter(own.names), None))
    size = read_header(desk.path(first)).size if first is not None else (0, 0)
    return visit.page("lesson", identity=identity, own=own, jobs=jobs, suspects=suspects,
                      checked=checked, told_back=told, areas=json.dumps(areas), first=first,
                      size=size, recipe=own.recipe, screens=office.screens,
                      promised=_promise(own))  # fmt: skip


def _promise(own: Lesson) -> Notice:
    """What so many pictures can promise, and how many more it takes."""
    asked, count = own.recipe.false_reject, len(own.names) - len(own.left_out)
    needed = pictures_needed(asked)
    if count >= needed:
        return Notice("station_promised", asked=asked, count=count)
    told = {"count": count, "promised": 1 / (count + 1), "asked": asked}
    return Notice("station_promises", **told, more=needed - count)


@router.post("/teach/{identity}/pictures")
def add_all(visit: Teach, identity: UUID, _: Proved, pictures: Files) -> Response:
    """Pictures or zips by a form; see `add_one` for the script's way."""
    desk = _desk(visit, identity)
    wrong = [told for one in pictures[:_MOST_AT_ONCE] if (told := _add(desk, one)) is not None]
    told = Notice("lesson_some", count=len(wrong), first=wrong[0]) if wrong else None
    return _page(visit, identity, told)


@router.post("/teach/{identity}/picture")
def add_one(
    visit: Teach, identity: UUID, _: Proved,
    picture: Annotated[UploadFile, File()],
) -> Response:  # fmt: skip
    """One picture or zip: 204, or 200 with the sentence why it was not taken."""
    told = _add(_desk(visit, identity), picture)
    if told is None:
        return Response(status_code=204)
    with speaking(visit.language):
        return PlainTextResponse(str(told))


def _add(desk: Desk, picture: UploadFile) -> Notice | None:
    return desk.add(picture.filename or "", picture.file.read())


@router.get("/teach/{identity}/picture/{stored}")
def picture(visit: Teach, identity: UUID, stored: str, large: str = "") -> Response:
    """One of its pictures, small unless `large`."""
    kept = read_picture(_desk(visit, identity).path(stored))
    drawn = outlined(kept, (), _LARGEST if large else _THUMBNAIL)
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(encode(drawn, "jpeg", quality=88), media_type="image/jpeg", headers=headers)


@router.post("/teach/{identity}/change")
def change(visit: Teach, identity: UUID, fields: Fields) -> Response:
    """Leave a picture out, take it in again, or remove it."""
    desk, stored = _desk(visit, identity), fields.get("stored", "")
    if fields.get("do") == "remove":
        desk.remove(stored)
    else:
        desk.leave(stored, fields.get("do") == "leave")
    return visit.go(f"/teach/{identity}")


@router.post("/teach/{identity}/settings")
def settings(visit: Teach, identity: UUID, fields: Fields) -> Response:
    """Where to look, and how many good parts may be thrown away."""
    desk = _desk(visit, identity)
    try:
        share = float(fields.get("percent", "")) / 100
        areas = json.loads(fields.get("areas") or "{}")
    except (ValueError, RecursionError):
        raise RefusedError(400, Notice("station_field_wrong", field="percent, areas")) from None
    if not isinstance(areas, dict) or not areas.keys() <= _AREAS:
        raise RefusedError(400, Notice("station_field_wrong", field="areas"))
    changes: dict[str, Any] = {"false_reject": share, "align": fields.get("align", "none"),
                               "light": fields.get("light", "none")}  # fmt: skip
    changes |= {"crop": areas.get("crop"), "windows": areas.get("windows") or {},
                "ignore": areas.get("ignore") or [], "mark": areas.get("mark")}  # fmt: skip
    version = whole_number(fields.get("version", ""), 0, 10**8)
    desk.set(version, changes, areas.get("masks") or ())
    return visit.go(f"/teach/{identity}")


@router.post("/teach/{identity}/confirmed")
def from_record(visit: Teach, identity: UUID, _: Fields) -> Response:
    """What people called good of this part, as the record holds it."""
    desk, office = _desk(visit, identity), visit.office
    with office.reading() as connection:
        found = confirmed(connection, office.pictures, Filter(part=desk.lesson.part))
    good = [one.path for one in found if one.good]
    wrong = [told for path in good if (told := _add_file(desk, path)) is not None]
    told = Notice("lesson_came", count=len(good) - len(wrong), of=len(good))
    return _page(visit, identity, told)


def _add_file(desk: Desk, path: Path) -> Notice | None:
    try:
        return desk.add(path.name, path.read_bytes())
    except OSError:
        return Notice("station_no_picture")


@router.post("/teach/{identity}/burst")
def burst(visit: Teach, identity: UUID, fields: Fields) -> Response:
    """So many pictures of what a camera of the line sees, one after the other."""
    desk, screen = _desk(visit, identity), screen_of(visit, fields.get("line", ""))
    count = whole_number(fields.get("count", ""), 1, _MOST_AT_ONCE)
    came = 0
    try:
        for _ in range(count):
            seen = screen.look()
            came += desk.add(f"{seen.name}.png", encode(seen.pixels, "png")) is None
    except KenpinError as error:
        return _page(visit, identity, Notice("lesson_burst", count=came, why=error.notice))
    return _page(visit, identity, Notice("lesson_came", count=came, of=count))


@router.post("/teach/{identity}/{what}")
def begin_job(visit: Teach, identity: UUID, what: str, _: Fields) -> Response:
    """Look for suspects, learn, or try what more pictures would bring."""
    desk = _desk(visit, identity)
    if what not in (CHECK, LEARN, PLAN):
        raise RefusedError(404, Notice("station_not_found"))
    told = {"lesson": str(identity), "part": desk.lesson.part}
    with visit.office.writing() as connection:
        job = add_job(connection, what, told, visit.user.name, STATION)
    return visit.go(f"/jobs/{job}")


def _desk(visit: Visit, identity: UUID) -> Desk:
    """Raises RefusedError where there is no such lesson."""
    desk = Desk(visit.office.place.folder, identity)
    try:
        _ = desk.lesson
    except RecordError as error:
        raise RefusedError(404, error.notice) from None
    return desk
