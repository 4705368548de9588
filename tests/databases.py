"""Both databases: SQLite in a folder, and a PostgreSQL server of our own on a local socket."""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from kenpin.record import Circumstances, Filter, Record, found, place_of, reading, verify
from kenpin.types import Outcome, Region, Verdict

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def benchmark(name):
    """The module of a benchmark."""
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


postgres = benchmark("postgres")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    if postgres.programs() is None:
        why = "PostgreSQL is not installed: apt-get install postgresql"
        pytest.fail(why) if os.environ.get("KENPIN_TESTS_NEED_POSTGRES") else pytest.skip(why)
    made = postgres.Server(tmp_path_factory.mktemp("postgres"))
    yield made
    made.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path, monkeypatch):
    """A place for a record that is not there yet, in each database."""
    if request.param == "sqlite":
        return place_of(tmp_path / "record")
    monkeypatch.setenv("KENPIN_STORE", str(tmp_path / "store"))
    return place_of(request.getfixturevalue("server").url())


@pytest.fixture
def judge_file(tmp_path):
    """A file that stands for a part; a record does not look into it."""
    path = tmp_path / "part.kenpin"
    path.write_bytes(b"what judges")
    return path


def verdict(number=0, outcome=Outcome.OK, picture=None):
    regions = (Region(1, 2, 3, 4, 5.5, None, "shape"), Region(9, 9, 2, 2, 1 / 3, "left", None))
    return Verdict(
        picture=picture or f"{number}.png", outcome=outcome, score=1 / 3 + number, limit=0.7,
        p_value=0.01, regions=regions if outcome is Outcome.NG else (), l1=0.1, l2=0.2,
        size=(48, 64), notes=(), milliseconds={"decode": 1.0, "model": 2.0004}, evidence=None,
        fit=0.9, brightness=0.5, sharpness=0.1,
    )  # fmt: skip


def pixels(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (48, 64), np.uint8)


def rows(place, chosen=None, **how):
    with reading(place) as engine:
        return list(found(engine, chosen or Filter(), **how))


def wrong(place):
    with reading(place) as engine:
        return [notice.code for notice in verify(engine)]


def change(place, statement):
    with (
        reading(place) as engine,
        engine.execution_options(writes=True).begin() as connection,
    ):
        connection.exec_driver_sql(statement)


def filled(place, judge_file, many=45):
    with Record(place, "line 1", "sato") as record:
        release = record.release(judge_file, "ABC-1")
        for number in range(many):
            outcome = Outcome.NG if number % 10 == 0 else Outcome.OK
            record.write(verdict(number, outcome), release.id, Circumstances(lot="L1"))
