"""What was told is there after the process was killed, whoever else had the record open."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from databases import rows
from kenpin.record import Record, place_of

_WRITER = """
import sys
from databases import verdict
from kenpin.record import Record, place_of, reading

place = place_of(sys.argv[1])
with Record(place, "line 1") as record:
    release = record.release(sys.argv[2], "ABC-1")
    while True:
        with reading(place):  # as a line does, to see which release is in use
            pass
        print(record.write(verdict(1), release.id), flush=True)
"""


def test_rows_outlive_a_kill_after_another_program_looked_in(judge_file, tmp_path):
    place = place_of(tmp_path / "plant")
    with Record(place, "line 1"):
        pass
    here = Path(__file__).parent
    own = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (here, here.parent)))}
    command = [sys.executable, "-c", _WRITER, str(place.folder), str(judge_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as process:
        told = [process.stdout.readline().strip() for _ in range(10)]
        with contextlib.closing(sqlite3.connect(place.database)) as other:
            assert other.execute("SELECT count(*) FROM inspections").fetchone()[0] >= 10
        told += [process.stdout.readline().strip() for _ in range(10)]
        process.kill()
    kept = {str(row["id"]) for row in rows(place)}
    assert [one for one in told if one not in kept] == []
