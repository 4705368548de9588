"""Master pictures (限度見本): pieces whose verdict is known, shown again before a shift begins."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kenpin.errors import PictureError, StudyError
from kenpin.inspection import Inspector
from kenpin.part import hash_of_file
from kenpin.sources import PictureSource, find_pictures, read_picture, write_png
from kenpin.system import make_folder, write_atomically
from kenpin.text import Notice, say
from kenpin.types import Outcome, Picture, Progress, Verdict

LIST, RECORD, PICTURES = "master.json", "record.csv", "pictures"
_RECORDED = ("time", "part", "piece", "expected", "verdict", "score", "limit", "picture",
             "right", "problem")  # fmt: skip

Expected = Literal["OK", "NG"]


class Master(BaseModel):
    """A piece whose verdict is known.

    hash: of its pixels. size: (H, W). label: to be expected. part: SHA-256 of the .kenpin file that
    judged it when it was added.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1, pattern=r"^[^/\\\x00]+$")
    expected: Expected
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: tuple[int, int]
    label: str | None
    part: str

    @property
    def file(self) -> str:
        """What its stored picture is called."""
        return f"{self.name}-{self.hash[:12]}.png"


class Masters(BaseModel):
    """The list of a part's master pictures."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1]
    masters: tuple[Master, ...]


@dataclass(frozen=True, eq=False)
class Checked:
    """One master piece as judged now; verdict: None where there is none. problem: None if none.

    shown: whether it was freshly shown, if it should be.
    """

    master: Master
    verdict: Verdict | None
    picture: Picture | None
    problem: Notice | None = None
    shown: bool = True

    @property
    def misjudged(self) -> bool:
        """Whether it was shown, and not judged as it should be."""
        return self.shown and self.problem is not None


@dataclass(frozen=True, eq=False)
class MasterCheck:
    """What came of a check. fresh: whether fresh pictures were given.

    changed: the names of pieces that another file judged when they were added.
    """

    pieces: tuple[Checked, ...]
    fresh: bool
    changed: tuple[str, ...]
    record: Path

    @property
    def passed(self) -> bool:
        """Whether every piece was judged as it should be."""
        return not any(one.problem for one in self.pieces)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "passed": self.passed,
            "fresh": self.fresh,
            "added_by_another_file": list(self.changed),
            "pieces": [
                {
                    "piece": one.master.name,
                    "expected": one.master.expected,
                    "verdict": one.verdict.outcome.value if one.verdict else None,
                    "score": one.verdict.score if one.verdict else None,
                    "limit": one.verdict.limit if one.verdict else None,
                    "problem": one.problem.to_dict() if one.problem else None,
                }
                for one in self.pieces
            ],
            "record": str(self.record),
        }


def master_folder(part: str | Path) -> Path:
    """Where a part's master pictures are: PART.master beside PART.kenpin."""
    return Path(part).with_suffix(".master")


def add_masters(
    part: str | Path,
    ok: Sequence[str | Path | Picture] = (),
    ng: Sequence[str | Path | Picture] = (),
    expect: str | None = None,
    folder: Path | None = None,
) -> tuple[Masters, int]:
    """Keep pictures of pieces whose verdict is known; one of the same name is replaced.

    ok, ng: pictures or folders. expect: the label of these pieces, where the part has labels.
    folder: where they are kept; left out, see `master_folder`.

    Raises StudyError, and keeps none, when the part judges one otherwise or one has another size
    than the pictures learned from; PictureError when one cannot be read. Returns all that are kept
    now, and how many were given.
    """
    inspector = Inspector.open(part)
    inspector.check_label(expect)
    truths: dict[Expected, Sequence[str | Path | Picture]] = {"OK": ok, "NG": ng}
    given = {truth: _pictures(shown) for truth, shown in truths.items() if shown}
    if not given:
        raise StudyError("master_none_given")
    new: dict[str, tuple[Master, Picture]] = {}
    own = hash_of_file(part)
    for expected, sources in given.items():
        for source in sources:
            picture = read_picture(source)
            master = _accepted(inspector, picture, expected, expect, own)
            if _key(master.name) in new:
                raise StudyError("master_twice", name=master.name)
            new[_key(master.name)] = master, picture
    folder = folder or master_folder(part)
    kept = _read(folder).masters if (folder / LIST).is_file() else ()
    make_folder(folder / PICTURES)
    for master, picture in new.values():
        write_png(folder / PICTURES / master.file, picture.pixels)
    others = [master for master in kept if _key(master.name) not in new]
    masters = _write(folder, (*others, *(master for master, _ in new.values())))
    now = {_key(one.file) for one in masters.masters}
    for replaced in (one.file for one in kept if _key(one.file) not in now):
        (folder / PICTURES / replaced).unlink(missing_ok=True)
    return masters, len(new)


def _pictures(given: Sequence[str | Path | Picture]) -> list[PictureSource]:
    named = [one for one in given if not isinstance(one, Picture)]
    return [*(one for one in given if isinstance(one, Picture)),
            *(find_pictures(named) if named else [])]  # fmt: skip


def list_masters(folder: Path) -> tuple[Master, ...]:
    """The pieces that are kept in it, none where it holds no list. Raises StudyError."""
    return _read(folder).masters if (folder / LIST).is_file() else ()


def master_picture(folder: Path, master: Master) -> Path:
    """The stored picture of one of them."""
    return folder / PICTURES / master.file


def remove_master(folder: Path, name: str) -> None:
    """Keep it no more. Raises StudyError where there is none of this name."""
    kept = _read(folder).masters
    gone = next((one for one in kept if one.name == name), None)
    if gone is None:
        raise StudyError("master_unknown", name=name)
    _write(folder, tuple(one for one in kept if one is not gone))
    master_picture(folder, gone).unlink(missing_ok=True)


def _write(folder: Path, kept: tuple[Master, ...]) -> Masters:
    masters = Masters(format=1, masters=kept)
    content = json.dumps(masters.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_atomically(folder / LIST, content.encode())
    return masters


def check_masters(
    part: str | Path,
    fresh: str | Path | Mapping[str, PictureSource] | None = None,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> MasterCheck:
    """Judge the master pieces again and keep a dated record of it.

    fresh: a folder of pictures just taken, each called like its master picture; or such pictures by
    name. Left out, the stored pictures are judged, which says nothing of camera and light.

    A fresh picture that is missing, damaged, of another size, a copy of the stored one or of
    another fresh one is a problem of that piece, and recorded as such.

    Raises StudyError when there are no master pictures, their list or one of them was damaged, no
    fresh picture is called like any of them, or the record cannot be written.
    """
    inspector, folder = Inspector.open(part), folder or master_folder(part)
    kept = _read(folder)
    sources = {} if fresh is None else _fresh(kept, fresh)
    pieces: list[Checked] = []
    seen: dict[str, str] = {}
    for number, master in enumerate(kept.masters, start=1):
        stored = _stored(folder, master)
        if fresh is None:
            pieces.append(_judged(inspector, master, stored))
        else:
            pieces.append(_checked(inspector, master, sources.get(master.name), seen))
        if progress:
            progress(say("stage_masters"), number, len(kept.masters))
    now = hash_of_file(part)
    _record(folder / RECORD, pieces, now)
    changed = tuple(master.name for master in kept.masters if master.part != now)
    return MasterCheck(tuple(pieces), fresh is not None, changed, folder / RECORD)


def _accepted(
    inspector: Inspector, picture: Picture, expected: Expected, label: str | None, part: str
) -> Master:
    name, learned = _name(picture.name), inspector.bundle.provenance.size
    # Parts of several labels may have pictures of several sizes.
    if picture.size != learned and not inspector.bundle.labels:
        (height, width), (their_height, their_width) = picture.size, learned
        theirs = f"{their_width}x{their_height}"
        told = {"path": picture.name, "width": width, "height": height, "theirs": theirs}
        raise StudyError("master_size_added", **told)
    verdict = inspector.inspect(picture, label)
    if _problem(expected, verdict):
        raise StudyError(
            "master_wrong",
            path=picture.name,
            expected=expected,
            part=Path(inspector.bundle.name).name,
            verdict=verdict.outcome.value,
        )
    told = {"expected": expected, "hash": picture.hash, "size": picture.size, "label": label}
    try:
        return Master(name=name, part=part, **told)
    except ValidationError:
        raise StudyError("master_name", name=name) from None


def _name(path: str) -> str:
    """As the file is called, its letters composed: a Mac takes them apart."""
    return normalize("NFC", Path(path).stem)


def _problem(expected: Expected, verdict: Verdict) -> Notice | None:
    """What is wrong with a verdict; a person who is to look makes no mistake yet."""
    if verdict.outcome is Outcome.UNUSABLE:
        code = verdict.reason.code if verdict.reason else ""
        return Notice("master_unusable", reason=Notice(f"reason_{code}"))
    if expected == "NG" and verdict.outcome is Outcome.OK:
        return Notice("master_passed_ng")
    if expected == "OK" and verdict.outcome in (Outcome.NG, Outcome.WRONG_PART):
        return Notice("master_failed_ok")
    return None


def _judged(inspector: Inspector, master: Master, picture: Picture) -> Checked:
    verdict = inspector.inspect(picture, master.label)
    return Checked(master, verdict, picture, _problem(master.expected, verdict))


def _checked(
    inspector: Inspector, master: Master, source: PictureSource | None, seen: dict[str, str]
) -> Checked:
    """seen: the pieces by the pixels of their fresh pictures so far; this one is added."""
    if source is None:
        problem = Notice("master_no_fresh", name=master.name)
        return Checked(master, None, None, problem, shown=False)
    try:
        picture = read_picture(source)
    except PictureError as error:
        return Checked(master, None, None, error.notice, shown=False)
    if picture.size != master.size:
        size, theirs = (f"{width}x{height}" for height, width in (picture.size, master.size))
        problem = Notice("master_size", size=size, theirs=theirs)
        return Checked(master, None, picture, problem)
    found = _judged(inspector, master, picture)
    other = seen.setdefault(picture.hash, master.name)
    if picture.hash == master.hash:
        return replace(found, problem=Notice("master_copy"), shown=False)
    if other != master.name:
        return replace(found, problem=Notice("master_same", other=other), shown=False)
    return found


def _fresh(
    kept: Masters, given: str | Path | Mapping[str, PictureSource]
) -> dict[str, PictureSource]:
    """By the name of the master piece; pictures of other names are passed over."""
    names = {_key(master.name): master.name for master in kept.masters}
    found: dict[str, PictureSource] = {}
    if isinstance(given, str | Path):
        named = [(_name(str(source)), source) for source in find_pictures([Path(given)])]
    else:
        named = [(normalize("NFC", name), source) for name, source in given.items()]
    for own, source in named:
        name = names.get(_key(own))
        if name is None:
            continue
        if name in found:
            raise StudyError("master_fresh_twice", name=name)
        found[name] = source
    if not found:
        told = ", ".join(names.values())
        if isinstance(given, str | Path):
            raise StudyError("master_no_match", path=given, names=told)
        raise StudyError("master_no_serial", names=told)
    return found


def _stored(folder: Path, master: Master) -> Picture:
    path = folder / PICTURES / master.file
    try:
        picture = read_picture(path)
    except PictureError:
        raise StudyError("master_changed", path=path) from None
    if picture.hash != master.hash:
        raise StudyError("master_changed", path=path)
    return picture


def _read(folder: Path) -> Masters:
    path = folder / LIST
    if not path.is_file():
        raise StudyError("master_missing", path=folder)
    try:
        return Masters.model_validate_json(path.read_bytes())
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        reason = Notice("value_at", where=where) if where else Notice("not_json")
        raise StudyError("master_damaged", path=path, reason=reason) from None


def _record(path: Path, pieces: Sequence[Checked], part: str) -> None:
    """Append a row for each piece; what was recorded before stays as it is."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    before = path.read_bytes() if path.exists() else b""
    if not before:
        writer.writerow(_RECORDED)
    elif not before.endswith(b"\n"):  # it was cut off: the next row must not be glued to it
        text.write("\r\n")
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    for one in pieces:
        verdict, picture = one.verdict, one.picture
        writer.writerow((
            now, part, one.master.name, one.master.expected,
            verdict.outcome.value if verdict else "", verdict.score if verdict else "",
            verdict.limit if verdict else "", picture.hash if picture else "",
            "no" if one.problem else "yes", _coded(one.problem),
        ))  # fmt: skip
    try:
        with path.open("a", encoding="utf-8" if before else "utf-8-sig", newline="") as file:
            file.write(text.getvalue())
    except OSError as error:
        told = {"path": path, "reason": error.strerror}
        raise StudyError("master_record_denied", **told) from None


def _coded(problem: Notice | None) -> str:
    """As a table keeps it: the code, then the values."""
    if problem is None:
        return ""
    values = {key: getattr(value, "code", value) for key, value in problem.values.items()}
    return " ".join([problem.code, *(f"{key}={value}" for key, value in values.items())])


def _key(name: str) -> str:
    """Names that differ only in case are one to Windows."""
    return name.casefold()
