"""Master pictures (限度見本): pieces whose verdict is known, shown again before a shift begins."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kenpin.assurance import messages
from kenpin.assurance.log import part_hash
from kenpin.dataset import find_pictures
from kenpin.errors import OutputError, StudyError
from kenpin.files import make_folder, write_atomically
from kenpin.inspector import Inspector
from kenpin.messages import OUTPUT_DENIED
from kenpin.pictures import read_picture, write_png
from kenpin.types import Outcome, Picture, PictureSource, Progress, Verdict

LIST, RECORD, PICTURES = "master.json", "record.csv", "pictures"
_RECORDED = ("time", "part", "piece", "expected", "verdict", "score", "limit", "picture",
             "right", "problem")  # fmt: skip

Expected = Literal["OK", "NG"]


class Master(BaseModel):
    """A piece whose verdict is known. hash: of the pixels. size: (H, W). label: to be expected."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1, pattern=r"^[^/\\\x00]+$")
    expected: Expected
    hash: str
    size: tuple[int, int]
    label: str | None


class Masters(BaseModel):
    """The list of a part's master pictures. part: SHA-256 of the file when they were added."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1]
    part: str
    masters: tuple[Master, ...]


@dataclass(frozen=True, eq=False)
class Checked:
    """One master piece as judged now; verdict: None where it was not shown. problem: "" if none."""

    master: Master
    verdict: Verdict | None
    picture: Picture | None
    problem: str


@dataclass(frozen=True, eq=False)
class MasterCheck:
    """What came of a check. fresh: whether fresh pictures were given. changed: another file now."""

    pieces: tuple[Checked, ...]
    fresh: bool
    changed: bool
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
            "part_changed": self.changed,
            "pieces": [
                {
                    "piece": one.master.name,
                    "expected": one.master.expected,
                    "verdict": one.verdict.outcome.value if one.verdict else None,
                    "problem": one.problem,
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
    ok: Sequence[str | Path] = (),
    ng: Sequence[str | Path] = (),
    expect: str | None = None,
) -> tuple[Masters, int]:
    """Keep pictures of pieces whose verdict is known; one of the same name is replaced.

    ok, ng: pictures or folders. expect: the label of these pieces, where the part has labels.

    Raises StudyError, and keeps none, when the part judges one otherwise or one has another size
    than the pictures learned from; PictureError when one cannot be read. Returns all that are kept
    now, and how many were given.
    """
    inspector = Inspector.open(part)
    inspector.check_label(expect)
    truths: dict[Expected, Sequence[str | Path]] = {"OK": ok, "NG": ng}
    given = {truth: find_pictures(list(paths)) for truth, paths in truths.items() if paths}
    if not given:
        raise StudyError(messages.MASTER_NONE_GIVEN)
    new: dict[str, tuple[Master, Picture]] = {}
    for expected, sources in given.items():
        for source in sources:
            picture = read_picture(source)
            master = _accepted(inspector, picture, expected, expect)
            if _key(master.name) in new:
                raise StudyError(messages.MASTER_TWICE.format(name=master.name))
            new[_key(master.name)] = master, picture
    folder = master_folder(part)
    kept = _read(folder).masters if (folder / LIST).is_file() else ()
    make_folder(folder / PICTURES)
    for master, picture in new.values():
        write_png(folder / PICTURES / f"{master.name}.png", picture.pixels)
    others = [master for master in kept if _key(master.name) not in new]
    masters = Masters(
        format=1, part=part_hash(part), masters=(*others, *(master for master, _ in new.values()))
    )
    content = json.dumps(masters.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_atomically(folder / LIST, content.encode())
    return masters, len(new)


def check_masters(
    part: str | Path, fresh: str | Path | None = None, progress: Progress | None = None
) -> MasterCheck:
    """Judge the master pieces again and keep a dated record of it.

    fresh: a folder of pictures just taken, each called like its master picture. Left out, the
    stored pictures are judged, which says nothing of camera and light.

    Raises StudyError when there are no master pictures, or a fresh one has another size.
    """
    inspector, folder = Inspector.open(part), master_folder(part)
    kept = _read(folder)
    stored = {master.name: _stored(folder, master) for master in kept.masters}
    shown = stored if fresh is None else _fresh(kept, find_pictures([Path(fresh)]))
    pieces = []
    for number, master in enumerate(kept.masters, start=1):
        pieces.append(_checked(inspector, master, shown.get(master.name), fresh is not None))
        if progress:
            progress(messages.STAGE_MASTERS, number, len(kept.masters))
    now = part_hash(part)
    _record(folder / RECORD, pieces, now)
    return MasterCheck(tuple(pieces), fresh is not None, now != kept.part, folder / RECORD)


def _accepted(
    inspector: Inspector, picture: Picture, expected: Expected, label: str | None
) -> Master:
    name, learned = Path(picture.name).stem, inspector.bundle.provenance.size
    if picture.size != learned:
        (height, width), (their_height, their_width) = picture.size, learned
        raise StudyError(
            messages.MASTER_SIZE_ADDED.format(
                path=picture.name,
                width=width,
                height=height,
                theirs=f"{their_width}x{their_height}",
            )
        )
    verdict = inspector.inspect(picture, label)
    if _problem(expected, verdict):
        raise StudyError(
            messages.MASTER_WRONG.format(
                path=picture.name, expected=expected, part=Path(inspector.bundle.name).name,
                verdict=verdict.outcome.value,
            )
        )  # fmt: skip
    return Master(name=name, expected=expected, hash=picture.hash, size=picture.size, label=label)


def _problem(expected: Expected, verdict: Verdict) -> str:
    """What is wrong with a verdict; a person who is to look makes no mistake yet."""
    if verdict.outcome is Outcome.UNUSABLE:
        reason = verdict.reason.value if verdict.reason else ""
        return messages.MASTER_UNUSABLE.format(reason=reason)
    if expected == "NG" and verdict.outcome is Outcome.OK:
        return messages.MASTER_PASSED_NG
    if expected == "OK" and verdict.outcome in (Outcome.NG, Outcome.WRONG_PART):
        return messages.MASTER_FAILED_OK
    return ""


def _checked(inspector: Inspector, master: Master, picture: Picture | None, fresh: bool) -> Checked:
    if picture is None:
        return Checked(master, None, None, messages.MASTER_NO_FRESH.format(name=master.name))
    if picture.size != master.size:
        (height, width), (their_height, their_width) = picture.size, master.size
        raise StudyError(
            messages.MASTER_SIZE.format(
                path=picture.name,
                width=width,
                height=height,
                theirs=f"{their_width}x{their_height}",
            )
        )
    verdict = inspector.inspect(picture, master.label)
    problem = _problem(master.expected, verdict)
    if fresh and picture.hash == master.hash:
        problem = messages.MASTER_COPY
    return Checked(master, verdict, picture, problem)


def _fresh(kept: Masters, sources: Sequence[PictureSource]) -> dict[str, Picture]:
    """By the name of the master piece; pictures of other names are passed over."""
    names = {_key(master.name): master.name for master in kept.masters}
    found: dict[str, Picture] = {}
    for source in sources:
        key = _key(Path(str(source)).stem)
        if key not in names:
            continue
        if names[key] in found:
            raise StudyError(messages.MASTER_FRESH_TWICE.format(name=names[key]))
        found[names[key]] = read_picture(source)
    return found


def _stored(folder: Path, master: Master) -> Picture:
    path = folder / PICTURES / f"{master.name}.png"
    if not path.is_file() or read_picture(path).hash != master.hash:
        raise StudyError(messages.MASTER_CHANGED.format(path=path))
    return read_picture(path)


def _read(folder: Path) -> Masters:
    path = folder / LIST
    if not path.is_file():
        raise StudyError(messages.MASTER_MISSING.format(path=folder))
    try:
        return Masters.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {first['msg']}" if where else first["msg"]
        raise StudyError(messages.MASTER_DAMAGED.format(path=path, reason=reason)) from None


def _record(path: Path, pieces: Sequence[Checked], part: str) -> None:
    """Append a row for each piece; what was recorded before stays as it is."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if not path.exists():
        writer.writerow(_RECORDED)
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    for one in pieces:
        verdict, picture = one.verdict, one.picture
        writer.writerow((
            now, part, one.master.name, one.master.expected,
            verdict.outcome.value if verdict else "", verdict.score if verdict else "",
            verdict.limit if verdict else "", picture.hash if picture else "",
            "no" if one.problem else "yes", one.problem,
        ))  # fmt: skip
    encoding = "utf-8" if path.exists() else "utf-8-sig"
    try:
        with path.open("a", encoding=encoding, newline="") as file:
            file.write(text.getvalue())
    except OSError as error:
        raise OutputError(OUTPUT_DENIED.format(path=path, reason=error.strerror)) from None


def _key(name: str) -> str:
    """Names that differ only in case are one to Windows."""
    return name.casefold()
