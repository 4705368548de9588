"""The record on the command line."""

import csv
import json
import sqlite3
import subprocess
import sys

import openpyxl
import pytest

import kenpin
from conftest import write_pictures
from helpers import connectors, refused, run, struck
from kenpin.record import change_user, place_of, reading, signed_in, verify, writing


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """A part, good pictures and one NG picture."""
    folder = tmp_path_factory.mktemp("line")
    recipe = kenpin.Recipe(model="pca", size=(24, 32), false_reject=0.1)
    kenpin.learn(connectors(30), recipe).save(folder / "part.kenpin")
    good = write_pictures(folder / "good", connectors(4, first=500))
    ng = write_pictures(folder / "ng", [struck(connectors(1, first=700)[0], side=30)])
    return folder / "part.kenpin", good, ng


def lines_of(done):
    return [json.loads(one) for one in done.stdout.splitlines()]


def test_inspect_keeps_what_it_tells_and_history_finds_it(line, tmp_path, monkeypatch):
    part, good, ng = line
    record = tmp_path / "record"
    options = ("--record", record, "--part-number", "端子-7", "--lot", "=L'1", "--who", "佐藤",
               "--station", "line 1", "--keep", "all")  # fmt: skip
    told = run("inspect", part, good, ng, *options, "--json")
    assert told.exit_code == 1
    verdicts = [json.loads(one) for one in told.stdout.splitlines()]
    rows = [
        json.loads(one) for one in run("history", "--record", record, "--json").stdout.splitlines()
    ]
    assert [row["picture"] for row in rows] == [one["picture"] for one in verdicts][::-1]
    assert [row["score"] for row in rows] == [one["score"] for one in verdicts][::-1]
    assert [row["outcome"] for row in rows] == [one["verdict"] for one in verdicts][::-1]
    assert {(row["part"], row["lot"], row["operator"]) for row in rows} == {
        ("端子-7", "=L'1", "佐藤")
    }
    monkeypatch.setenv("KENPIN_RECORD", str(record))
    bad = lines_of(run("history", "--outcome", "ng", "--json"))
    assert [row["picture"] for row in bad] == [
        one["picture"] for one in verdicts if one["verdict"] == "NG"][::-1]  # fmt: skip
    table = run("history", "--day", bad[0]["time"][:10])
    assert table.exit_code == 0 and "line 1" in table.stdout and "端子-7" in table.stdout
    assert "Nothing like that" in run("history", "--serial", "none").stdout
    assert "is whole" in run("record", "verify").stdout
    assert "inspections" in run("record", "status").stdout
    run("inspect", part, ng)  # by the variable
    assert len(run("history", "--json").stdout.splitlines()) == 6


def test_history_writes_tables_that_no_spreadsheet_computes_and_pictures(line, tmp_path):
    part, good, ng = line
    record = tmp_path / "record"
    run("inspect", part, good, ng, "--record", record, "--lot", "=cmd()", "--keep", "all")
    made = tmp_path / "a.csv", tmp_path / "a.xlsx", tmp_path / "pictures"
    done = run("history", "--record", record, "--csv", made[0], "--xlsx", made[1], "--pictures",
               made[2])  # fmt: skip
    assert done.exit_code == 0 and "5 pictures" in done.stdout
    rows = list(csv.DictReader(made[0].read_text("utf-8-sig").splitlines()))
    assert len(rows) == 5 and {row["lot"] for row in rows} == {"'=cmd()"}
    book = openpyxl.load_workbook(made[1])
    assert book.active.max_row == 6 and book.active["R2"].data_type == "s"
    book.close()
    lines = [
        json.loads(one) for one in (made[2] / "pictures.jsonl").read_text("utf-8").splitlines()
    ]
    assert all((made[2] / one["file"]).is_file() for one in lines) and len(lines) == 5
    refused(run("history", "--record", record, "--csv", made[0]), "a.csv")
    refused(run("history", "--record", record, "--pictures", made[2]), "pictures")


def test_a_release_is_let_by_two_people(line, tmp_path):
    part, *_ = line
    record = ("--record", tmp_path / "record")
    run("record", "init", *record)
    added = run("release", "add", part, "--part-number", "P1", "--who", "sato", *record)
    start = added.stdout.split()[1]
    assert added.exit_code == 0 and "draft" in added.stdout
    run("release", "request", start, "--who", "sato", *record)
    refused(run("release", "approve", start, "--who", "sato", *record), "another person")
    assert run("release", "approve", start, "--who", "suzuki", *record).exit_code == 0
    assert "in use" in run("release", "use", start, "--who", "suzuki", *record).stdout
    (told,) = run("release", "list", "--json", *record).stdout.splitlines()
    assert [step["state"] for step in json.loads(told)["steps"]] == [
        "draft", "requested", "approved", "in_use"]  # fmt: skip
    assert "suzuki" in run("release", "list", *record).stdout
    refused(run("release", "use", "ffff", *record), "0 releases")
    refused(run("release", "add", tmp_path / "none.kenpin", *record), "none.kenpin")


def old_log(path, verdicts):
    """What `inspect --log` once wrote, in its last version."""
    names = ("time", "part", "picture", "verdict", "unusable", "value", "bound", "score", "limit",
             "p_value", "label", "expected", "fit", "brightness", "sharpness")  # fmt: skip
    columns = ", ".join(f'"{name}"' for name in names)
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE verdicts (id INTEGER PRIMARY KEY, {columns})")
        connection.execute("PRAGMA application_id = 1801809520")
        connection.execute("PRAGMA user_version = 3")
        for n, one in enumerate(verdicts):
            row = (f"2026-11-0{n + 1}T08:00:00.000+09:00", "a" * 64, one.picture, one.outcome.value,
                   None, None, None, one.score, one.limit, one.p_value, None, None, one.fit,
                   one.brightness, one.sharpness)  # fmt: skip
            gaps = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO verdicts ({columns}) VALUES ({gaps})", row)
    connection.close()


def test_an_old_log_is_taken_over_once(line, tmp_path):
    part, good, _ = line
    inspector = kenpin.Inspector.open(part)
    log = tmp_path / "old.sqlite"
    old_log(log, [inspector.inspect(path) for path in sorted(good.iterdir())])
    record = ("--record", tmp_path / "record")
    run("record", "init", *record)
    done = run("record", "import-log", log, "--part-number", "P1", *record)
    assert done.exit_code == 0 and "4 of 4" in done.stdout
    assert "0 of 4" in run("record", "import-log", log, "--part-number", "P1", *record).stdout
    rows = lines_of(run("history", "--json", *record))
    with sqlite3.connect(log) as connection:
        kept = connection.execute("SELECT time, score FROM verdicts ORDER BY id").fetchall()
    connection.close()
    assert [row["score"] for row in rows][::-1] == [score for _, score in kept]
    assert [row["time"][:19] for row in rows][::-1] == [time[:19] for time, _ in kept]
    with reading(place_of(tmp_path / "record")) as engine:
        assert list(verify(engine)) == []
    refused(run("record", "import-log", part, *record), "part.kenpin")
    refused(run("record", "import-log", tmp_path / "none", *record), "none")


def test_a_backup_is_a_record(line, tmp_path):
    part, good, _ = line
    run("inspect", part, good, "--record", tmp_path / "record", "--keep", "all")
    assert (
        run("record", "backup", tmp_path / "copy", "--record", tmp_path / "record").exit_code == 0
    )
    first, second = (run("history", "--json", "--record", tmp_path / name).stdout
                     for name in ("record", "copy"))  # fmt: skip
    assert first == second and "is whole" in run("record", "verify", "--record",
                                                 tmp_path / "copy").stdout  # fmt: skip
    refused(run("record", "backup", tmp_path / "copy", "--record", tmp_path / "record"), "copy")


def test_what_was_altered_is_told_with_status_1(line, tmp_path):
    part, good, _ = line
    run("inspect", part, good, "--record", tmp_path)
    connection = sqlite3.connect(tmp_path / "record.sqlite")
    connection.execute("UPDATE inspections SET score = 0 WHERE number = 2")
    connection.commit()
    connection.close()
    done = run("record", "verify", "--record", tmp_path, "--station", "x")
    assert done.exit_code == 2
    done = run("record", "verify", "--record", tmp_path, "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 1 and [one["code"] for one in told["wrong"]] == ["verify_altered"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("history", "--record", "nowhere"), "kenpin record init"),
        (("record", "status", "--record", "mysql://a:secret@b/c"), "no place for a record"),
        (("history", "--record", "here", "--outcome", "bad"), "BAD"),
        (("history", "--record", "here", "--day", "tomorrow"), "tomorrow"),
    ],
)
def test_bad_input_is_one_sentence(arguments, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("record", "init", "--record", "here")
    done = run(*arguments)
    refused(done)
    assert expected.lower() in done.stderr.lower() and "secret" not in done.stderr


def test_a_serial_is_of_one_picture_and_a_rule_is_known(line, tmp_path):
    part, good, _ = line
    refused(run("inspect", part, good, "--record", tmp_path, "--serial", "1"), "4 pictures")
    refused(run("inspect", part, good, "--record", tmp_path, "--keep", "some"), "some")


def test_without_a_record_nothing_of_it_is_loaded(line):
    part, good, _ = line
    code = (
        "import sys; from kenpin.cli import load_commands; program = load_commands(['inspect']); "
        f"program(['inspect', {str(part)!r}, {str(good)!r}], standalone_mode=False); "
        "assert not {'sqlalchemy', 'alembic', 'kenpin.record'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_reviews_come_by_name_and_by_table_all_or_none(line, tmp_path):
    part, good, ng = line
    record = ("--record", tmp_path / "record")
    run("inspect", part, good, ng, *record, "--station", "line 1", "--keep", "all")
    waiting = lines_of(run("review", "list", "--json", *record))
    assert waiting and all(row["outcome"] != "OK" for row in waiting)
    worst = f"{waiting[0]['station']}/{waiting[0]['number']}"
    done = run("review", "ng", worst, "--kind", "きず", "--who", "sato", *record)
    assert done.exit_code == 0 and "1 reviews" in done.stdout
    left = lines_of(run("review", "list", "--json", *record))
    assert [row["id"] for row in left] == [row["id"] for row in waiting[1:]]
    table = tmp_path / "words.csv"
    table.write_text("inspection,word,kind\nline 1/1,good,\nline 1/99,ng,stain\n", "utf-8")
    refused(run("review", "import", table, *record), "line 1/99")
    assert len(lines_of(run("history", "--reviewed", "--json", *record))) == 1
    table.write_text("inspection,word\nline 1/1,GOOD\nline 1/2,ng\n", "utf-8")
    assert run("review", "import", table, "--who", "mori", *record).exit_code == 0
    assert len(lines_of(run("history", "--reviewed", "--json", *record))) == 3
    refused(run("review", "good", "line 1/x", *record), "line 1/x")
    table.write_text("picture\n1\n", "utf-8")
    refused(run("review", "import", table, *record), "inspection")
    refused(run("review", "import", tmp_path / "none.csv", *record), "none.csv")
    assert "is whole" in run("record", "verify", *record).stdout


def test_what_was_drawn_is_reviewed_first(line, tmp_path):
    part, good, ng = line
    record = ("--record", tmp_path / "record")
    run("inspect", part, good, ng, *record, "--keep", "all")
    done = run("review", "sample", "--passed", "2", "--rejected", "0", *record)
    assert done.exit_code == 0 and "2 inspections" in done.stdout
    first = lines_of(run("review", "list", "--json", *record))
    assert [row["outcome"] for row in first[:2]] == ["OK", "OK"]
    assert run("review", "list", *record).exit_code == 0


def test_no_output_goes_into_the_record_or_out_of_its_folder(line, tmp_path):
    part, good, _ = line
    place = tmp_path / "record"
    record = ("--record", place)
    run("inspect", part, good, *record, "--keep", "all", "--station", "../../../esc")
    before = (place / "record.sqlite").read_bytes()
    refused(run("history", *record, "--csv", place / "record.sqlite", "--force"), "record.sqlite")
    refused(run("history", *record, "--pictures", place / "pictures" / "x"), "x")
    refused(run("record", "backup", place / "pictures" / "b", *record), "b")
    assert (place / "record.sqlite").read_bytes()[:16] == before[:16]
    same = tmp_path / "a.csv"
    refused(run("history", *record, "--csv", same, "--xlsx", same), "a.csv")
    same.write_text("mine")
    assert run("history", *record, "--csv", same, "--force").exit_code == 0
    assert same.with_name("a.csv.bak").read_text() == "mine"
    assert run("history", *record, "--pictures", tmp_path / "out" / "p").exit_code == 0
    copied = list((tmp_path / "out").rglob("*.png"))
    assert len(copied) == 4 and not list(tmp_path.glob("esc*"))


def test_nothing_is_kept_or_dropped_in_silence(line, tmp_path):
    part, good, _ = line
    refused(run("inspect", part, good, "--record", ""), "--record is empty")
    refused(run("inspect", part, good, "--lot", "L1"), "--record")
    refused(run("inspect", part, good, "--record", tmp_path / "r", "--lot", "x" * 1001), "lot")
    table = tmp_path / "verdicts.csv"
    done = run("inspect", part, good, "--record", tmp_path / "r", "--keep", "no", "--csv", table)
    refused(done, "no")
    assert not (tmp_path / "r").exists() and not table.exists()
    run("record", "init", "--record", tmp_path / "r")
    both = ("--day", "2026-11-21", "--since", "2026-11-22")
    refused(run("history", "--record", tmp_path / "r", *both), "--since")


def test_who_lost_the_password_gets_a_new_one_from_who_has_the_record(tmp_path):
    own = ("--record", tmp_path / "record")
    run("record", "init", *own)
    made = run("user", "add", "admin", "--role", "administrator", *own)
    assert made.exit_code == 0, made.output
    first = made.stdout.split("password of admin is ")[1].split(";")[0]
    run("user", "add", "kato", "--role", "viewer", "--who", "admin", *own)
    users = lines_of(run("user", "list", "--json", *own))
    assert [(one["name"], one["role"], one["one_time"]) for one in users] == [
        ("admin", "administrator", True), ("kato", "viewer", True)]  # fmt: skip
    assert "administrator" in run("user", "list", *own).stdout
    place = place_of(tmp_path / "record")
    with writing(place) as connection:
        change_user(connection, "admin", "admin", "s", password="my own secret", one_time=False)
    given = run("user", "password", "admin", *own).stdout
    new = given.split("password of admin is ")[1].split(";")[0]
    with reading(place) as engine, engine.connect() as connection:
        assert signed_in(connection, "admin", new).one_time
        assert signed_in(connection, "admin", "my own secret") is None and new != first
        assert list(verify(engine)) == []
    refused(run("user", "password", "nobody", *own), "no user")
    refused(run("user", "add", "admin", "--role", "viewer", *own), "admin")
    for name, role in (("x", "boss"), ("a\nb", "viewer"), ("n" * 201, "viewer"), (" ", "viewer")):
        refused(run("user", "add", name, "--role", role, *own), "one of the roles")
