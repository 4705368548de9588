"""Both databases: SQLite in a folder, and a PostgreSQL server of our own on a local socket."""

import os
import pwd
import shutil
import subprocess
from itertools import count
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from kenpin.record import Circumstances, Filter, Record, found, place_of, reading, verify
from kenpin.types import Outcome, Region, Verdict

_databases = count()


def programs():
    """The folder of PostgreSQL's programs, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def as_server(*command):
    """PostgreSQL refuses to run as root."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        subprocess.run(command, check=True, capture_output=True, user=owner.pw_uid,
                       group=owner.pw_gid, extra_groups=[])  # fmt: skip
    else:
        subprocess.run(command, check=True, capture_output=True)


class Server:
    """A PostgreSQL server in a temporary folder, reached by a local socket only."""

    def __init__(self, folder):
        self.bin, self.folder = programs(), folder
        if os.geteuid() == 0:
            for above in (folder, *folder.parents[:3]):
                above.chmod(0o755)
            shutil.chown(folder, "postgres")
        as_server(self.bin / "initdb", "-D", folder / "data", "-A", "trust", "-U", "kenpin")
        self.start()

    def start(self):
        options = f"-k {self.folder} -h ''"
        as_server(self.bin / "pg_ctl", "-D", self.folder / "data", "-o", options, "-w",
                  "-l", self.folder / "log", "start")  # fmt: skip

    def stop(self):
        as_server(self.bin / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def url(self):
        """Of a new database."""
        name = f"record{next(_databases)}"
        as_server(self.bin / "createdb", "-h", self.folder, "-U", "kenpin", name)
        return f"postgresql+psycopg://kenpin@/{name}?host={quote(str(self.folder))}"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    if programs() is None:
        why = "PostgreSQL is not installed: apt-get install postgresql"
        pytest.fail(why) if os.environ.get("KENPIN_TESTS_NEED_POSTGRES") else pytest.skip(why)
    made = Server(tmp_path_factory.mktemp("postgres"))
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
