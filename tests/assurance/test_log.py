"""Verdicts in a SQLite file: nothing is lost, and nothing of another file is taken for it."""

import json
import random
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import refused, run
from kenpin.assurance.log import COLUMNS, Log, part_hash, read_log
from kenpin.errors import LogError, OutputError


@pytest.fixture
def place(bundle, tmp_path):
    bundle.save(tmp_path / "part.kenpin")
    write_pictures(tmp_path / "新しい", good_pictures(4, first=800))
    return tmp_path


def rows_of(path):
    with sqlite3.connect(path) as connection:
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        rows = connection.execute(f"SELECT {names} FROM verdicts ORDER BY id").fetchall()
    connection.close()
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_every_verdict_is_kept_in_order_with_the_figures_of_inspect(place):
    log = place / "log.sqlite"
    done = run("inspect", place / "part.kenpin", place / "新しい", "--log", log, "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    run("inspect", place / "part.kenpin", place / "新しい" / "000.png", "--log", log)
    kept = rows_of(log)
    assert len(kept) == 5
    for verdict, row in zip(told, kept, strict=False):
        assert {key: row[key] for key in ("picture", "verdict", "score", "limit", "p_value", "fit",
                                          "brightness", "sharpness")} == {
            key: verdict[key] for key in ("picture", "verdict", "score", "limit", "p_value", "fit",
                                          "brightness", "sharpness")
        }  # fmt: skip
    assert {row["part"] for row in kept} == {part_hash(place / "part.kenpin")}
    assert [row["time"] for row in kept] == sorted(row["time"] for row in kept)


def test_a_log_of_another_file_is_refused(place):
    log = place / "log.sqlite"
    run("inspect", place / "part.kenpin", place / "新しい", "--log", log)
    other = place / "other.kenpin"
    kenpin.learn(good_pictures(20, first=50), kenpin.Recipe(model="pca")).save(other)
    with pytest.raises(LogError, match=r"holds no verdict by .*other.kenpin \(SHA-256 "):
        read_log(log, other)
    refused(run("drift", other, log), "give the file that judged them")
    run("inspect", other, place / "新しい", "--log", log)
    assert len(read_log(log, other).rows) == 4 and read_log(log, other).others == 4


def test_what_is_before_a_date_is_passed_over(place):
    log = place / "log.sqlite"
    run("inspect", place / "part.kenpin", place / "新しい", "--log", log)
    assert len(read_log(log, place / "part.kenpin", "2020-01-01").rows) == 4
    with pytest.raises(LogError, match=r"holds no verdict by .* since 2999"):
        read_log(log, place / "part.kenpin", "2999-01-01T08:00")
    with pytest.raises(LogError, match="A time is given like"):
        read_log(log, place / "part.kenpin", "yesterday")


def test_a_file_that_is_no_log_is_refused_before_judging_and_left_as_it_is(place):
    foreign = place / "foreign.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE verdicts (a)")
    connection.close()
    text, newer = place / "text.sqlite", place / "newer.sqlite"
    text.write_text("no database" * 100)
    run("inspect", place / "part.kenpin", place / "新しい" / "000.png", "--log", newer)
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    for path, saying in ((foreign, "another program"), (text, "cannot be used as a log"),
                         (newer, "newer kenpin")):  # fmt: skip
        content = path.read_bytes()
        done = run("inspect", place / "part.kenpin", place / "新しい", "--log", path)
        refused(done, saying)
        assert done.stdout == "" and path.read_bytes() == content
        refused(run("drift", place / "part.kenpin", path), saying)
    refused(run("drift", place / "part.kenpin", place / "missing.sqlite"), "is not there")


def test_a_log_damaged_in_the_middle_is_one_sentence(place):
    log = place / "log.sqlite"
    for _ in range(30):
        run("inspect", place / "part.kenpin", place / "新しい", "--log", log)
    content = bytearray(log.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    log.write_bytes(content)
    refused(run("drift", place / "part.kenpin", log), "cannot be used as a log")


def test_a_locked_log_is_refused_before_judging(place, monkeypatch):
    monkeypatch.setattr("kenpin.assurance.log._LAST_PATIENCE", 0.05)
    log = place / "log.sqlite"
    run("inspect", place / "part.kenpin", place / "新しい", "--log", log)
    holder = sqlite3.connect(log, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        done = run("inspect", place / "part.kenpin", place / "新しい", "--log", log)
        refused(done, "is locked by another program")
        assert done.stdout == ""
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert len(rows_of(log)) == 4


def test_a_log_locked_while_judging_loses_nothing(place, monkeypatch):
    monkeypatch.setattr("kenpin.assurance.log._LAST_PATIENCE", 0.05)
    log_file, part = place / "log.sqlite", place / "part.kenpin"
    inspector = kenpin.Inspector.open(part)
    verdicts = [inspector.inspect(pixels) for pixels in good_pictures(5, first=900)]
    holder = sqlite3.connect(log_file, isolation_level=None, timeout=0.05)
    with pytest.raises(LogError, match=r"could not take the latest verdicts, 3 of them"), \
         Log(log_file, part) as log:  # fmt: skip
        log.add(verdicts[0])
        holder.execute("BEGIN EXCLUSIVE")
        for verdict in verdicts[1:4]:
            log.add(verdict)
    holder.execute("ROLLBACK")
    holder.close()
    assert len(rows_of(log_file)) == 1
    assert len(list(place.glob("log.sqlite.rest-*.jsonl"))) == 3
    with Log(log_file, part) as log:
        log.add(verdicts[4])
    assert not list(place.glob("log.sqlite.rest-*"))
    assert [row["score"] for row in rows_of(log_file)] == [verdict.score for verdict in verdicts]


def test_a_damaged_rest_is_kept_and_named(place):
    rest = place / "log.sqlite.rest-1.jsonl"
    row = ["2026-01-01T00:00:00+00:00", "a", "b", "OK", None, 1.0, 2.0, 0.5, None, None, 1, 1, 1]
    nulls, surrogate, huge = (
        [None] * 13,
        [*row[:2], "\ud800", *row[3:]],
        [*row[:5], 2**80, *row[6:]],
    )
    rows = (json.dumps(one) + "\n" for one in (nulls, surrogate, huge))
    for content in ('["half', '["too", "short"]\n', "7\n", "\udcff", *rows):
        rest.write_text(content, errors="surrogateescape")
        done = run("inspect", place / "part.kenpin", place / "新しい", "--log",
                   place / "log.sqlite")  # fmt: skip
        refused(done, "rest-1.jsonl holds verdicts that wait for the log, but is damaged")
        assert rest.exists() and rows_of(place / "log.sqlite") == []


def test_a_rest_is_taken_in_once_even_where_it_cannot_be_removed(place, monkeypatch):
    part, log_file = place / "part.kenpin", place / "log[1].sqlite"
    verdict = kenpin.Inspector.open(part).inspect(good_pictures(1, first=900)[0])
    with Log(log_file, part) as log:
        log.add(verdict)
    (row,) = rows_of(log_file)
    rest = place / "log[1].sqlite.rest-1.jsonl"
    rest.write_text(json.dumps([*row.values()]) + "\n")
    unlink = Path.unlink

    def held(path, *given, **named):
        if path == rest:
            raise PermissionError
        unlink(path, *given, **named)

    monkeypatch.setattr(Path, "unlink", held)
    for _ in range(3):
        Log(log_file, part).close()
    assert rest.exists() and len(rows_of(log_file)) == 2


def test_a_name_that_is_no_text_and_a_second_close_lose_nothing(place):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    verdict = kenpin.Inspector.open(part).inspect(good_pictures(1, first=900)[0])
    with Log(log_file, part) as log:
        log.add(replace(verdict, picture="\udcff.png"))
        log.close()
    assert [row["picture"] for row in rows_of(log_file)] == ["\\udcff.png"]


def test_only_what_came_since_then_counts(place):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    run("inspect", part, place / "新しい", "--log", log_file)
    with sqlite3.connect(log_file) as connection:
        for number, day in ((1, "2026-01-05T12:00:00+09:00"), (2, "2026-01-03T00:00:00+00:00")):
            connection.execute("UPDATE verdicts SET time = ? WHERE id = ?", [day, number])
    connection.close()
    found = read_log(log_file, part, "2026-01-04")
    assert len(found.rows) == 3
    every = read_log(log_file, part)
    times = [row["time"] for row in every.rows]  # by row: the clock went back, the parts did not
    assert times[0].startswith("2026-01-05") and times[1].startswith("2026-01-03")
    assert every.backwards == (1,)
    with sqlite3.connect(log_file) as connection:
        connection.execute("UPDATE verdicts SET time = 'noon' WHERE id = 1")
    connection.close()
    with pytest.raises(LogError, match="'noon' is no time"):
        read_log(log_file, part)
    with pytest.raises(LogError, match="cannot be read"):
        Log(log_file, place / "missing.kenpin")


def test_several_programs_may_begin_one_log(place):
    part = place / "part.kenpin"

    def begin(number):
        Log(place / f"{number // 3}.sqlite", part).close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(begin, range(60)))


def test_the_log_is_no_other_output_and_no_input(place):
    part, new = place / "part.kenpin", place / "新しい"
    refused(run("inspect", part, new, "--log", part), "one of the inputs")
    refused(run("inspect", part, new, "--log", new / "000.png"), "one of the inputs")
    refused(run("inspect", part, new, "--log", place), "is a folder")
    same = place / "same.csv"
    refused(run("inspect", part, new, "--log", same, "--csv", same), "named for two outputs")


def first_version(path, rows):
    """A log as the first version made it: reasons in English, without their numbers."""
    old = [name for name in COLUMNS if name not in ("value", "bound")]
    with sqlite3.connect(path) as connection:
        columns = ", ".join(f'"{name}"' for name in old)
        connection.execute(f"CREATE TABLE verdicts (id INTEGER PRIMARY KEY, {columns})")
        connection.execute("CREATE TABLE rests (name TEXT PRIMARY KEY)")
        connection.execute("PRAGMA application_id = 1801809520")
        connection.execute("PRAGMA user_version = 1")
        gaps = ", ".join("?" * len(old))
        connection.executemany(f"INSERT INTO verdicts ({columns}) VALUES ({gaps})", rows)
    connection.close()


def row_of_first_version(part, unusable):
    return ["2026-01-02T03:04:05+00:00", part, "a.png", "UNUSABLE", unusable,
            *[None] * (len(COLUMNS) - 7)]  # fmt: skip


def test_a_log_of_the_first_version_becomes_one_of_this_version(place):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    first_version(log_file, [row_of_first_version(part_hash(part), "out of focus")])
    rest = place / "log.sqlite.rest-1.jsonl"
    rest.write_text(json.dumps(row_of_first_version(part_hash(part), "too dark")) + "\n")
    with Log(log_file, part) as log:
        log.add(kenpin.Inspector.open(part).inspect(good_pictures(1, first=900)[0]))
    rows = rows_of(log_file)
    assert [row["unusable"] for row in rows] == ["blurred", "dark", None]
    assert [row["value"] for row in rows[:2]] == [None, None] and rows[2]["score"] > 0


def test_several_programs_may_open_an_old_log_at_once(place):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    first_version(log_file, [row_of_first_version(part_hash(part), "too bright")])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Log(log_file, part).close(), range(4)))
    assert [row["unusable"] for row in rows_of(log_file)] == ["bright"]


def test_what_is_added_in_any_thread_is_kept_at_once(place):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    inspector = kenpin.Inspector.open(part)
    verdicts = [inspector.inspect(pixels) for pixels in good_pictures(3, first=900)]
    with Log(log_file, part) as log:
        for count, verdict in enumerate(verdicts, start=1):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(log.add, verdict).result()
            assert len(rows_of(log_file)) == count


def test_an_error_of_the_database_is_never_swallowed(place, monkeypatch):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    verdict = kenpin.Inspector.open(part).inspect(good_pictures(1, first=900)[0])
    with pytest.raises(LogError, match="only in what was printed"), Log(log_file, part) as log:
        log._connection.execute("DROP TABLE verdicts")
        monkeypatch.setattr("kenpin.assurance.log.write_atomically", no_place)
        log.add(verdict)


def no_place(path, content):
    raise OutputError("output_denied", path=path, reason="full")


def test_since_is_a_question_that_an_index_answers(place):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    Log(log_file, part).close()
    with sqlite3.connect(log_file) as connection:
        query = "SELECT time FROM verdicts WHERE part = ? AND moment >= ? ORDER BY id"
        told = connection.execute(f"EXPLAIN QUERY PLAN {query}", ["a", 0]).fetchall()
    connection.close()
    assert "USING INDEX verdicts_of_part (part=? AND moment>?)" in str(told)


def test_a_log_of_the_second_version_gets_its_moments(place):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    run("inspect", part, place / "新しい", "--log", log_file)
    with sqlite3.connect(log_file) as connection:
        connection.execute("DROP INDEX verdicts_of_part")
        connection.execute("ALTER TABLE verdicts DROP COLUMN moment")
        connection.execute("PRAGMA user_version = 2")
        connection.execute("UPDATE verdicts SET time = '2026-01-05T09:00:00+09:00' WHERE id = 1")
    connection.close()
    assert len(read_log(log_file, part, "2026-01-06").rows) == 3  # read as it is
    Log(log_file, part).close()
    with sqlite3.connect(log_file) as connection:
        (moment,) = connection.execute("SELECT moment FROM verdicts WHERE id = 1").fetchone()
    connection.close()
    assert moment == 1767571200000  # 2026-01-05T00:00Z
    assert len(read_log(log_file, part, "2026-01-05T00:00:00+00:00").rows) == 4


def test_drift_says_that_the_clock_went_back(place):
    part, log_file = place / "part.kenpin", place / "log.sqlite"
    folder = write_pictures(place / "many", good_pictures(24, first=800))
    run("inspect", part, folder, "--log", log_file)
    with sqlite3.connect(log_file) as connection:
        connection.execute("UPDATE verdicts SET time = '2020-01-01T00:00:00+00:00' WHERE id = 7")
    connection.close()
    told = run("drift", part, log_file)
    assert "The clock went back 1 times, first before verdict 7" in told.stdout
    assert json.loads(run("drift", part, log_file, "--json").stdout)["clock_went_back"] == [7]


def killed(part, folder, log_file, after, trace):
    """The pictures whose verdicts were printed before the process was killed."""
    command = [sys.executable, "-m", "kenpin", "inspect", part, folder, "--log", log_file, "--json"]
    with trace.open("wb") as out:
        process = subprocess.Popen([str(one) for one in command], stdout=out)
        began = time.monotonic()
        while process.poll() is None and time.monotonic() - began < after:
            time.sleep(0.002)
        process.kill()
        process.wait()
    lines = trace.read_text("utf-8").split("\n")[:-1]
    return [json.loads(line)["picture"] for line in lines]


@pytest.mark.parametrize("times", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_what_was_printed_is_in_the_log_whenever_the_process_is_killed(place, times):
    part, folder = place / "part.kenpin", place / "many"
    write_pictures(folder, good_pictures(400, first=2000))
    rng, whole = random.Random(times), 0
    for number in range(times):
        log_file = place / f"{number}.sqlite"
        printed = killed(part, folder, log_file, rng.uniform(0.4, 2.0), place / "printed")
        kept = [row["picture"] for row in rows_of(log_file)] if log_file.exists() else []
        assert kept[: len(printed)] == printed
        assert len(kept) <= len(printed) + 1  # the one that was being printed
        whole += len(printed) == 400
    assert whole < times  # most were killed on the way


def test_a_log_that_is_locked_again_and_again_loses_nothing(place, monkeypatch):
    monkeypatch.setattr("kenpin.assurance.log._EVERY", 0.0)
    log_file, part = place / "log.sqlite", place / "part.kenpin"
    inspector = kenpin.Inspector.open(part)
    verdicts = [inspector.inspect(pixels) for pixels in good_pictures(7, first=900)]
    holder = sqlite3.connect(log_file, isolation_level=None, timeout=0.05)
    with Log(log_file, part) as log:
        for number, verdict in enumerate(verdicts):
            if number % 2:
                holder.execute("BEGIN EXCLUSIVE")
            log.add(verdict)
            if number % 2:
                holder.execute("ROLLBACK")
    holder.close()
    assert [row["score"] for row in rows_of(log_file)] == [verdict.score for verdict in verdicts]
    with pytest.raises(LogError, match="was closed as a log"):
        log.add(verdicts[0])
    log.close()
