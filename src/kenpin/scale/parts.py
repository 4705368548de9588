"""Hundreds of parts learned from a table; one that fails does not stop the others."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from kenpin.errors import ArchiveError, BundleError, KenpinError
from kenpin.learning import learn
from kenpin.part import Bundle
from kenpin.recipe import Recipe
from kenpin.scale.judging import Kind
from kenpin.scale.workers import Progressed, Workers
from kenpin.sources import read_table
from kenpin.system import write_atomically
from kenpin.text import Notice, inert

PART, PICTURES, RECIPE = "part", "pictures", "recipe"
TABLE = "learned.csv"
STATES = LEARNED, KEPT, FAILED = "learned", "kept", "failed"
_HEADS = ("part", "state", "file", "good_pictures", "promised_false_reject", "error",
          "error_values")  # fmt: skip
_FORBIDDEN = frozenset('\\/:*?"<>|')  # in names of files, on some system


@dataclass(frozen=True)
class Wanted:
    """A row of the table. pictures: a folder, a zip or a table; recipe: None for the defaults."""

    name: str
    pictures: Path
    recipe: Path | None

    @property
    def file(self) -> str:
        """What its part is called."""
        return f"{self.name}.kenpin"


@dataclass(frozen=True)
class Learned:
    """What came of a row. content: of its .kenpin file, None where it was there or failed."""

    name: str
    state: str
    content: bytes | None = None
    good: int | None = None
    promised: float | None = None
    error: Notice | None = None


def learn_parts(
    table: str | Path,
    out: Path,
    workers: Workers,
    progress: Progressed | None = None,
) -> list[Learned]:
    """Learn each part that a table names; write NAME.kenpin and learned.csv, in the table's order.

    table: CSV or Excel with the columns part, pictures and, if wanted, recipe; paths are relative
    to it. A part whose file is in `out` is kept as it is, so that a run that was stopped goes on.

    Raises DatasetError for the table, ArchiveError where two rows have one name, or a name that is
    none of a file.
    """
    wanted = _wanted(Path(table))
    out.mkdir(parents=True, exist_ok=True)
    there = {one.name: _kept(one, out / one.file) for one in wanted if (out / one.file).exists()}
    rest = [one for one in wanted if one.name not in there]
    found = dict(there)
    try:
        for learned in workers.map(learn_one, Kind.here(), rest):
            if learned.content is not None:
                write_atomically(out / f"{learned.name}.kenpin", learned.content)
            found[learned.name] = learned
            if progress is not None:
                progress(len(found), len(wanted))
    finally:
        in_order = [found[one.name] for one in wanted if one.name in found]
        write_atomically(out / TABLE, _as_csv(in_order))
    return in_order


def learn_one(asks: Kind, wanted: Wanted) -> Learned:
    """One part; what it is refused for is in the answer. asks: who gives the work."""
    asks.check()
    try:
        recipe = Recipe() if wanted.recipe is None else Recipe.read(wanted.recipe)
        bundle = learn(wanted.pictures, recipe)
    except KenpinError as error:
        return Learned(wanted.name, FAILED, error=error.notice)
    except MemoryError:
        return Learned(wanted.name, FAILED, error=Notice("archive_memory"))
    return Learned(wanted.name, LEARNED, bundle.to_bytes(), *_facts(bundle))


def _kept(wanted: Wanted, path: Path) -> Learned:
    try:
        return Learned(wanted.name, KEPT, None, *_facts(Bundle.load(path)))
    except BundleError as error:
        return Learned(wanted.name, FAILED, error=error.notice)


def _facts(bundle: Bundle) -> tuple[int, float | None]:
    """How many good pictures it was learned from, and the highest promise of its labels."""
    promises = [one.calibration.promised_false_reject for one in bundle.parts if one.calibration]
    return len(bundle.provenance.pictures), max(promises, default=None)


def _wanted(table: Path) -> list[Wanted]:
    read = read_table(table)
    names, pictures = read.column(PART), read.column(PICTURES)
    recipes = read.cells(RECIPE)
    unknown = read.unknown((PART, PICTURES, RECIPE))
    if unknown:  # a misspelt "recipe" would learn all with the defaults
        raise ArchiveError("archive_column", path=table.name, column=unknown[0])
    found: list[Wanted] = []
    seen: dict[str, int] = {}
    for line, name, place, recipe in zip(read.lines, names, pictures, recipes, strict=True):
        told = {"path": table.name, "row": line, "name": name}
        if not name or name.startswith(".") or name.endswith((".", " ")) or _odd(name):
            raise ArchiveError("archive_part_name", **told)
        if name.casefold() in seen:
            raise ArchiveError("archive_part_twice", other=seen[name.casefold()], **told)
        seen[name.casefold()] = line
        own = (table.parent / recipe).absolute() if recipe else None
        found.append(Wanted(name, (table.parent / PurePath(place)).absolute(), own))
    return found


def _odd(name: str) -> bool:
    return any(letter in _FORBIDDEN or not letter.isprintable() for letter in name)


def _as_csv(every: list[Learned]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADS)
    writer.writerows(_cells(every))
    return text.getvalue().encode("utf-8-sig")


def _cells(every: list[Learned]) -> Iterator[list[object]]:
    for one in every:
        told = {} if one.error is None else one.error.to_dict()
        values = {name: value for name, value in told.items() if name != "code"}
        file = "" if one.state == FAILED else f"{one.name}.kenpin"
        kept = json.dumps(values, ensure_ascii=False) if values else None
        yield [inert(one.name), one.state, inert(file), one.good, one.promised,
               told.get("code"), kept]  # fmt: skip
