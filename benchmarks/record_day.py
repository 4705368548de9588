"""A day of a line as a record: drawn parts judged one by one, then looked at by a person.

    python benchmarks/record_day.py DIR [--parts 5000] [--seed 0]

Draws connectors, learns 100 good ones into DIR/terminals.kenpin, and judges `parts` others of
yesterday, 8 to 20 o'clock with a pause at noon, into a new record DIR/plant: two in a hundred have
a defect, one in twelve from 14 to 15 o'clock, and from 17 o'clock on the light fades by 6 %. A
person who knows the truth looks at all that were not OK and at 200 drawn at random of the others.
Then: kenpin report day DATE --record DIR/plant --part-number 7283-1055 --output DIR
"""

import argparse
import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock
from itertools import tee
from pathlib import Path
from uuid import UUID

import numpy as np
import sqlalchemy as sql

from kenpin.drawn import TERMINAL_DEFECTS, draw_terminals
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.record import Circumstances, Filter, Record, Word, add_review, draw_sample, place_of
from kenpin.record.entry import Entry
from kenpin.record.rows import add_inspections, station_id
from kenpin.record.schema import samples
from kenpin.sources import encode
from kenpin.types import Picture, Verdict

PART, STATION = "7283-1055", "line 1"
_FIRST, _PAUSE, _LAST = 8, 12, 20  # o'clock
_BAD, _FADES, _FADED = 14, 17, 0.06
_SEED, _DRAWN = 100_000, 200  # apart from the pictures learned; let pass and drawn for a person


def moments(day: date, parts: int, rng: np.random.Generator) -> list[datetime]:
    """When each part comes: a steady line with some jitter, and nobody at noon."""
    hours = np.sort(rng.uniform(_FIRST, _LAST - 1, parts))
    hours = np.where(hours >= _PAUSE, hours + 1, hours)
    midnight = datetime.combine(day, clock()).astimezone()
    return [midnight + timedelta(hours=float(hour)) for hour in hours]


def kinds(times: list[datetime], rng: np.random.Generator) -> Iterator[str]:
    for time_ in times:
        often = 1 / 12 if time_.hour == _BAD else 0.02
        yield str(rng.choice(TERMINAL_DEFECTS)) if rng.random() < often else "good"


def faded(pixels: np.ndarray, time_: datetime) -> np.ndarray:
    late = (time_.hour + time_.minute / 60 - _FADES) / (_LAST - _FADES)
    return np.round(pixels * (1 - _FADED * max(0.0, late))).astype(np.uint8)


def make(folder: Path, parts: int, rng: np.random.Generator) -> None:
    folder.mkdir(parents=True)
    part = folder / "terminals.kenpin"
    learn([draw_terminals(seed).pixels for seed in range(100)]).save(part)
    times = moments(date.today() - timedelta(days=1), parts, rng)
    drawn = list(kinds(times, rng))
    with Record(place_of(folder / "plant"), STATION, "sato") as record:
        release = record.release(part, PART)
        record.event("master", part=release.hash, pieces=10, wrong=0, fresh=True, passed=True)
        truth = judge(record, release.id, Inspector.open(part), times, drawn)
        review(record, parts, truth, rng)


def judge(
    record: Record, release: UUID, inspector: Inspector, times: list[datetime], drawn: list[str]
) -> dict[UUID, str]:
    """Of each row's id what was drawn."""
    pictures = (
        Picture(faded(draw_terminals(_SEED + number, kind).pixels, time_), f"{number:05}.png")
        for number, (time_, kind) in enumerate(zip(times, drawn, strict=True))
    )
    first, second = tee(pictures)
    writing, truth = record.engine.execution_options(writes=True), {}
    judged = zip(times, drawn, first, inspector.inspect_many(second), strict=True)
    for number, (time_, kind, picture, verdict) in enumerate(judged):
        assert isinstance(verdict, Verdict)
        content, at = encode(picture.pixels, "PNG"), round(1000 * time_.timestamp())
        told = Circumstances("cam 1", f"L{1 + 4 * number // len(times)}", f"S{number:05}", "sato")
        entry = Entry.of(verdict, release, told, hashlib.sha256(content).hexdigest())
        entry.values["at"] = at
        entry.values["kept"] = record.pictures.put(entry.id, content, picture.pixels, at)
        with writing.begin() as connection:
            add_inspections(connection, station_id(connection, STATION), [entry])
        truth[UUID(str(entry.id))] = kind
    return truth


def review(record: Record, parts: int, truth: dict[UUID, str], rng: np.random.Generator) -> None:
    with record.engine.execution_options(writes=True).begin() as connection:
        draw_sample(connection, Filter(part=PART), _DRAWN, parts, rng)
        for identity in connection.scalars(sql.select(samples.c.inspection_id)).all():
            kind = truth[identity]
            said = Word("good") if kind == "good" else Word("ng", kind)
            add_review(connection, identity, said, "suzuki", STATION)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    make(arguments.folder, arguments.parts, np.random.default_rng(arguments.seed))


if __name__ == "__main__":
    main()
