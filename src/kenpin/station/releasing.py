"""Releases: compared on the same pictures, asked for by one person, let into use by another."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response

from kenpin.assurance import Plan
from kenpin.errors import RecordError
from kenpin.evaluation import Rate
from kenpin.part import Bundle, promise
from kenpin.record import (
    Job,
    Release,
    add_job,
    cancel_job,
    change_state,
    find_job,
    find_release,
    freeze,
    goes_on,
    list_jobs,
    list_releases,
    list_sets,
    steps_of,
    was_approved,
)
from kenpin.report import page_html, plan_page
from kenpin.station.improving import IMPROVE, LEARN, propose
from kenpin.station.office import STATION
from kenpin.station.visit import SELF_MADE, Fields, RefusedError, Right, Visit, whole_number
from kenpin.station.work import BACKUP, COMPARE, PLAN
from kenpin.text import Notice, speaking

router = APIRouter()
_MOST_JOBS, _LONGEST_NAME = 50, 100
_MOST_PICTURES, _MOST_VERSION = 2000, 10**6
_STEPS = {"requested": "release", "draft": "approve", "approved": "approve", "in_use": "approve",
          "retired": "approve"}  # fmt: skip
"""Which right takes a release to which state."""
_OFFERED = {"draft": ("requested", "retired"), "requested": ("approved", "draft"),
            "approved": ("in_use", "draft"), "in_use": ("retired",),
            "retired": ("in_use",)}  # fmt: skip

Look = Annotated[Visit, Depends(Right("look"))]
Ask = Annotated[Visit, Depends(Right("release"))]
Approve = Annotated[Visit, Depends(Right("approve"))]
Compare = Annotated[Visit, Depends(Right("compare"))]
Teach = Annotated[Visit, Depends(Right("teach"))]


@router.get("/releases")
def releases(visit: Look) -> Response:
    """Of every part, the newest first, with who let them."""
    with visit.office.reading() as connection:
        found = [(one, steps_of(connection, one)) for one in list_releases(connection)]
        sets = list_sets(connection)
        going_on = {one.hash: goes_on(connection, one) for one, _ in found
                    if one.state == "in_use"}  # fmt: skip
        used = [one for one, _ in found if one.state == "in_use"]
        proposed = {one.part: told for one in used
                    if (told := propose(connection, visit.office.pictures, one))}  # fmt: skip
        learning = {one.told["part"]: one.id for one in list_jobs(connection, _MOST_JOBS)
                    if one.kind == IMPROVE and not one.over}  # fmt: skip
    parts: dict[str, list[Any]] = {}
    for release, steps in reversed(found):
        parts.setdefault(release.part, []).append((release, steps))
    named = {part: [one for one in sets if one.part == part] for part in parts}
    return visit.page("releases", parts=dict(sorted(parts.items())), sets=named,
                      offered=_OFFERED, rights=_STEPS, approved=was_approved, proposed=proposed,
                      learning=learning, going_on=going_on)  # fmt: skip


@router.post("/releases/request")
def request(visit: Ask, fields: Fields) -> Response:
    """Ask another person to let it."""
    return _step(visit, fields, "requested")


@router.post("/releases/let")
def let(visit: Approve, fields: Fields) -> Response:
    """Approve what another person asked for, take it into use or back, or retire it."""
    state = fields.get("state", "")
    if _STEPS.get(state) != "approve":
        raise RefusedError(400, Notice("station_field_wrong", field="state"))
    return _step(visit, fields, state)


def _step(visit: Visit, fields: dict[str, str], state: str) -> Response:
    with visit.office.writing() as connection:
        release = find_release(connection, fields.get("hash", ""), fields.get("part", ""))
        comment = fields.get("comment") or None
        later = fields.get("when") == "change"
        change_state(connection, release, state, visit.user.name, STATION, comment, later)
    return visit.go("/releases")


@router.post("/releases/improve")
def learn_from_reviews(visit: Teach, fields: Fields) -> Response:
    """A draft that has learned from what people said of the one in use, as a job."""
    release = visit.office.release_of(fields.get("part", ""))
    told = {"part": release.part, "release": release.hash}
    with visit.office.writing() as connection:
        job = add_job(connection, IMPROVE, told, visit.user.name, STATION)
    return visit.go(f"/jobs/{job}")


@router.post("/releases/freeze")
def freeze_reviewed(visit: Compare, fields: Fields) -> Response:
    """What is reviewed now becomes a set to measure by, or the next version of one."""
    office, name, part = visit.office, fields.get("name", ""), fields.get("part", "")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise RecordError("set_name")
    share = whole_number(fields.get("share", ""), 1, 100) / 100
    with office.writing() as connection:
        freeze(connection, office.pictures, part, name, visit.user.name, STATION, share)
    return visit.go("/releases")


@router.post("/releases/compare")
def compare(visit: Compare, fields: Fields) -> Response:
    """What another release would change, as a job."""
    office, part = visit.office, fields.get("part", "")
    name, _, version = fields.get("set", "").rpartition("@")
    most = whole_number(fields.get("most", ""), 1, _MOST_PICTURES)
    number = whole_number(version, 1, _MOST_VERSION) if name else None
    with office.writing() as connection:
        both = [find_release(connection, fields.get(one, ""), part) for one in ("before", "after")]
        told = {"part": part, "before": both[0].hash, "after": both[1].hash, "most": most,
                "set": name or None, "version": number}  # fmt: skip
        job = add_job(connection, COMPARE, told, visit.user.name, STATION)
    return visit.go(f"/jobs/{job}")


@router.get("/jobs")
def jobs(visit: Look) -> Response:
    """The latest."""
    with visit.office.reading() as connection:
        return visit.page("jobs", jobs=list_jobs(connection, _MOST_JOBS))


@router.get("/jobs/{identity}")
def job(visit: Look, identity: UUID) -> Response:
    """How far it is, and what came of it."""
    with visit.office.reading() as connection:
        try:
            found = find_job(connection, identity)
        except RecordError as error:
            raise RefusedError(404, error.notice) from None
        both = _compared(connection, found)
    with speaking(visit.language):
        learned = _learned(visit, found)
    result = (found.result or {}) if found.state == "done" else {}
    findings = (
        [Notice.of(one) for one in result["findings"]] if found.kind == PLAN and result else ()
    )
    told: dict[str, Any] = {
        "rates": _rates(result), "tried": _tried(result), "both": both, "error": _error(found),
        "learned": learned, "findings": findings,
    }  # fmt: skip
    return visit.page("job", job=found, may_cancel=_may_cancel(visit, found), **told)


@router.get("/jobs/{identity}/plan")
def plan(visit: Look, identity: UUID) -> Response:
    """All that a plan found, on a page to print."""
    with visit.office.reading() as connection:
        found = find_job(connection, identity)
    if found.kind != PLAN or found.state != "done" or found.result is None:
        raise RefusedError(404, Notice("station_not_found"))
    with speaking(visit.language):
        html = page_html(plan_page(Plan.from_dict(found.result)), found.told["part"])
    return HTMLResponse(html, headers={"Content-Security-Policy": SELF_MADE})


@router.get("/jobs/{identity}/state")
def state(visit: Look, identity: UUID) -> Response:
    """A fragment: how far it is."""
    with visit.office.reading() as connection:
        found = find_job(connection, identity)
    return visit.page("job_state", job=found, error=_error(found))


@router.post("/jobs/{identity}/cancel")
def cancel(visit: Look, identity: UUID, _: Fields) -> Response:
    """Nothing is to come of it."""
    with visit.office.writing() as connection:
        if not _may_cancel(visit, find_job(connection, identity)):
            role = Notice(f"station_role_{visit.user.role}")
            raise RefusedError(403, Notice("station_no_right", role=role))
        cancel_job(connection, identity, visit.user.name, STATION)
    return visit.go(f"/jobs/{identity}")


def _may_cancel(visit: Visit, found: Job) -> bool:
    """Of a backup who may ask for one, of everything else who may compare releases."""
    return visit.may("setup" if found.kind == BACKUP else "compare")


def _compared(connection: Any, found: Job) -> dict[str, Release]:
    """The releases that it compares, as they are now."""
    told, part = found.told, found.told.get("part")
    if found.kind == IMPROVE and found.state == "done" and found.result:
        told = {"before": told["release"], "after": found.result["hash"]}
    elif found.kind != COMPARE:
        return {}
    return {one: find_release(connection, told[one], part) for one in ("before", "after")}


def _learned(visit: Visit, found: Job) -> dict[str, Any] | None:
    """What the limit of a part that was learned promises, and what is to be said of it."""
    if found.kind not in (LEARN, IMPROVE) or found.state != "done" or found.result is None:
        return None
    with visit.office.reading() as connection:
        release = find_release(connection, found.result["hash"], found.result["part"])
    bundle = Bundle.load(visit.office.place.folder / release.file)
    return {"promise": promise(bundle.calibration), "remarks": bundle.provenance.remarks}


def _rates(result: dict[str, Any]) -> list[tuple[str, Rate, Rate]]:
    """Where the truth of the pictures is known: before and after."""
    known = [name for name in ("false_reject", "escape") if name in result]
    told = {name: [Rate(one["errors"], one["n"]) for one in result[name]] for name in known}
    return [(name, was, now) for name, (was, now) in told.items()]


def _tried(result: dict[str, Any]) -> list[tuple[str, Notice | None, dict[str, Rate]]]:
    """Of each way that was tried to learn better: why it was not possible, or how well it does."""
    return [(one["way"], Notice.of(one["why"]) if "why" in one else None,
             {name: now for name, _, now in _rates(one)})
            for one in result.get("tried", ())]  # fmt: skip


def _error(found: Job) -> Notice | None:
    return Notice.of(found.result) if found.state == "failed" and found.result else None
