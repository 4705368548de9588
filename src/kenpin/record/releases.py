"""Parts (品番), and the .kenpin files that judge them: kept by their hash, released by steps."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize
from uuid import UUID

import sqlalchemy as sql
from uuid_utils.compat import uuid7

from kenpin.errors import RecordError
from kenpin.record.entry import now, plain
from kenpin.record.rows import add_event, latest_events
from kenpin.record.schema import parts, releases, steps
from kenpin.system import make_folder, write_atomically
from kenpin.text import Notice

FOLDER, MASTERS = "releases", "masters"
DRAFT, REQUESTED, APPROVED, IN_USE, RETIRED = STATES = (
    "draft", "requested", "approved", "in_use", "retired"
)  # fmt: skip
_FROM = {
    REQUESTED: {DRAFT}, APPROVED: {REQUESTED}, DRAFT: {REQUESTED, APPROVED},
    IN_USE: {APPROVED, RETIRED}, RETIRED: {DRAFT, REQUESTED, APPROVED, IN_USE},
}  # fmt: skip
"""From which states each can be reached; a retired one may come back into use."""
_MOST = 2**31  # bytes of a .kenpin file
_LATEST = 500  # steps of releases, among which the one into use is


@dataclass(frozen=True)
class Release:
    """A .kenpin file that judges a part. file: in the record's store. at: when it came there."""

    id: UUID
    part: str
    hash: str
    file: str
    state: str
    at: int


@dataclass(frozen=True)
class Step:
    """A change of a release's state."""

    state: str
    who: str | None
    comment: str | None
    at: int
    offset: int


def masters_of(store: Path, part: str) -> Path:
    """Where the master pieces (限度見本) of a part are, whichever release judges it."""
    readable = re.sub(r"[^\w-]", "_", part)[:40]
    return store / MASTERS / f"{readable}-{hashlib.sha256(part.encode()).hexdigest()[:8]}"


def add_part(
    connection: sql.Connection, number: str, name_en: str | None = None, name_ja: str | None = None
) -> UUID:
    """The part of this number (品番), made where there is none; names that are given are kept."""
    number = (plain(number) or "").strip()
    if not number:
        raise RecordError("record_part_empty")
    names = {key: plain(value) for key, value in (("name_en", name_en), ("name_ja", name_ja))
             if value is not None}  # fmt: skip
    found = connection.scalar(sql.select(parts.c.id).where(parts.c.number == number))
    if found is not None:
        if names:
            connection.execute(parts.update().where(parts.c.id == found).values(**names))
        return UUID(str(found))
    identity, (at, offset) = uuid7(), now()
    row = {"id": identity, "number": number, "at": at, "offset": offset, **names}
    connection.execute(parts.insert().values(row))
    return UUID(str(identity))


def add_release(
    connection: sql.Connection, store: Path, path: Path, part: str, who: str | None, station: str
) -> Release:
    """The release that this file is of the part, added as a draft where it is new.

    The file is copied into the store under its hash, and never changed there.
    """
    content, part = _read(path), (plain(part) or "").strip()
    digest = hashlib.sha256(content).hexdigest()
    own = add_part(connection, part)
    known = sql.and_(releases.c.part_id == own, releases.c.hash == digest)
    if connection.scalar(sql.select(releases.c.id).where(known)) is None:
        kept = store / FOLDER / f"{digest}.kenpin"
        if not kept.exists():
            make_folder(kept.parent)
            write_atomically(kept, content)
        identity, (at, offset) = uuid7(), now()
        row = {"id": identity, "part_id": own, "hash": digest, "state": DRAFT, "at": at,
               "offset": offset, "file": kept.relative_to(store).as_posix()}  # fmt: skip
        connection.execute(releases.insert().values(row))
        _note(connection, UUID(str(identity)), DRAFT, who, None)
        add_event(connection, "release", {"part": part, "hash": digest, "state": DRAFT}, who,
                  station)  # fmt: skip
    return find_release(connection, digest, part)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST:
            raise RecordError("record_part_large", path=path)
        return path.read_bytes()
    except OSError as error:
        raise RecordError("record_part_file", path=path, reason=error.strerror) from None


def change_state(
    connection: sql.Connection,
    release: Release,
    state: str,
    who: str | None,
    station: str,
    comment: str | None = None,
    at_change: bool = False,
) -> None:
    """Take the release a step on. Raises RecordError where it cannot be taken from where it is.

    Who approves must be another person than who asked for it. Of a part at most one is in use: the
    one before is retired. at_change: a line that judges with that one goes on until its next part
    change; else it changes over as soon as no part is under way.
    """
    told: dict[str, Any] = {}
    if state == IN_USE == release.state and not at_change and goes_on(connection, release):
        _set(connection, release, IN_USE, who, station, comment)  # no line goes on any more
        return
    if release.state not in _FROM[state]:
        told = {"state": Notice(f"release_{release.state}"), "to": Notice(f"release_{state}")}
        raise RecordError("release_step", hash=release.hash[:12], **told)
    if state == IN_USE and not release.file:
        raise RecordError("release_no_file", hash=release.hash[:12])
    if state in (REQUESTED, APPROVED) and not _same(who):
        raise RecordError("release_nobody")
    if state == APPROVED:
        _check_second_person(connection, release, who)
    if state == IN_USE and not was_approved(steps_of(connection, release)):
        raise RecordError("release_not_approved", hash=release.hash[:12])
    if state == IN_USE:
        for other in list_releases(connection, release.part):
            if other.state == IN_USE and other.id != release.id:
                _set(connection, other, RETIRED, who, station, None)
                if at_change:
                    told = {"goes_on": [other.hash, *goes_on(connection, other)]}
    _set(connection, release, state, who, station, comment, **told)


def was_approved(taken: Sequence[Step]) -> bool:
    """Whether it was approved since it was last a draft: only then it may come (back) into use."""
    approved = False
    for step in taken:
        approved = step.state == APPROVED or (approved and step.state != DRAFT)
    return approved


def _check_second_person(connection: sql.Connection, release: Release, who: str | None) -> None:
    asked = [step.who for step in steps_of(connection, release) if step.state == REQUESTED]
    if asked and _same(asked[-1]) == _same(who):
        raise RecordError("release_same_person", who=who)


def _same(name: str | None) -> str:
    """Equal for names that a person would call the same."""
    return " ".join(normalize("NFKC", plain(name) or "").casefold().split())


def _set(
    connection: sql.Connection, release: Release, state: str, who: str | None, station: str,
    comment: str | None, **more: Any,
) -> None:  # fmt: skip
    own = releases.c.id == release.id
    changed = connection.execute(
        releases.update().where(own, releases.c.state == release.state).values(state=state)
    )
    if changed.rowcount != 1:  # another person was quicker
        raise RecordError("release_changed", hash=release.hash[:12])
    _note(connection, release.id, state, who, comment)
    told = {"part": release.part, "hash": release.hash, "state": state, "comment": comment}
    add_event(connection, "release", told | more, who, station)


def _note(
    connection: sql.Connection, release: UUID, state: str, who: str | None, comment: str | None
) -> None:
    at, offset = now()
    row = {"id": uuid7(), "release_id": release, "state": state, "who": plain(who),
           "comment": plain(comment), "at": at, "offset": offset}  # fmt: skip
    connection.execute(steps.insert().values(row))


def _selected() -> sql.Select[Any]:
    query = sql.select(releases.c.id, parts.c.number.label("part"), releases.c.hash,
                       releases.c.file, releases.c.state, releases.c.at)  # fmt: skip
    return query.join(parts, parts.c.id == releases.c.part_id)


def list_releases(connection: sql.Connection, part: str | None = None) -> Sequence[Release]:
    """Of a part, or of all, the newest last."""
    query = _selected().order_by(parts.c.number, releases.c.at)
    if part is not None:
        query = query.where(parts.c.number == plain(part))
    return [Release(**row._mapping) for row in connection.execute(query)]


def find_release(connection: sql.Connection, start: str, part: str | None = None) -> Release:
    """By the beginning of its hash. Raises RecordError for none or more than one."""
    wanted = (plain(start) or "").lower()
    query = _selected().where(releases.c.hash.startswith(wanted, autoescape=True))
    if part is not None:
        query = query.where(parts.c.number == plain(part))
    found = [Release(**row._mapping) for row in connection.execute(query)]
    if len(found) != 1:
        raise RecordError("release_which", hash=start, count=len(found))
    return found[0]


def in_use(connection: sql.Connection, part: str) -> Release | None:
    """The release that judges this part now."""
    found = [one for one in list_releases(connection, part) if one.state == IN_USE]
    return found[0] if found else None


def judges(connection: sql.Connection, part: str, digest: str) -> bool:
    """Whether a line that judges this part with this file goes on: it is in use, or the one that is
    takes its place only at the next part change.
    """
    current = in_use(connection, part)
    if current is None or current.hash == digest:
        return current is not None
    return digest in goes_on(connection, current)


def goes_on(connection: sql.Connection, used: Release) -> list[str]:
    """The hashes of the releases that lines may judge with until their next part change."""
    for event in latest_events(connection, "release", _LATEST):
        told = event["told"]
        if (told["part"], told["hash"], told["state"]) == (used.part, used.hash, IN_USE):
            return list(told.get("goes_on", ()))
    return []


def steps_of(connection: sql.Connection, release: Release) -> list[Step]:
    """Its changes of state, the first one first."""
    query = sql.select(steps.c.state, steps.c.who, steps.c.comment, steps.c.at, steps.c.offset)
    query = query.where(steps.c.release_id == release.id).order_by(steps.c.at, steps.c.id)
    return [Step(**row._mapping) for row in connection.execute(query)]
