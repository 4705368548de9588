"""What a record promises, on both databases."""

import json
import sqlite3
import threading

import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from conftest import SIZE
from databases import change, filled, pixels, rows, verdict, wrong
from kenpin.errors import RecordError
from kenpin.record import (  # fmt: skip
    Circumstances,
    Filter,
    Keep,
    Record,
    count,
    place_of,
    reading,
    regions_of,
    status,
    upgrade,
)
from kenpin.record.schema import metadata
from kenpin.record.versions import LATEST
from kenpin.sources import write_png
from kenpin.types import Outcome


@pytest.fixture(autouse=True)
def often_sealed(monkeypatch):
    monkeypatch.setattr("kenpin.record.chain.SEALED", 20)


def test_what_was_written_is_read_again(place, judge_file, tmp_path):
    picture = tmp_path / "a.png"
    write_png(picture, pixels())
    told = Circumstances("cam 2", "L 7", "S1", "sato", "42")
    with Record(place, "line 1", keep=Keep("all")) as record:
        release = record.release(judge_file, "ABC-1")
        written = verdict(3, Outcome.NG, picture="a.png")
        identity = record.write(written, release.id, told, picture)
    (row,) = rows(place)
    assert row["id"] == identity and row["number"] == 1 and row["station"] == "line 1"
    assert (row["part"], row["release"]) == ("ABC-1", release.hash)
    assert (row["score"], row["limit"], row["p_value"]) == (written.score, 0.7, 0.01)
    assert [row[name] for name in ("camera", "lot", "serial", "operator", "trigger")] == [
        "cam 2", "L 7", "S1", "sato", "42"]  # fmt: skip
    assert row["ms"] == {"decode": 1.0, "model": 2.0}
    assert (row["height"], row["width"]) == SIZE
    kept = place.folder / row["kept"]
    assert kept.read_bytes() == picture.read_bytes()  # as the camera gave it
    assert kept.with_name(f"{identity}.preview.jpg").is_file()
    with reading(place) as engine, engine.connect() as connection:
        first, second = regions_of(connection, identity)
    assert [first[name] for name in ("x", "y", "width", "height", "peak")] == [1, 2, 3, 4, 5.5]
    assert (first["seen_by"], second["window"], second["peak"]) == ("shape", "left", 1 / 3)
    assert wrong(place) == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE inspections SET outcome = 'OK' WHERE number = 11", "verify_altered"),
        ("UPDATE inspections SET lot = 'L2' WHERE number = 41", "verify_altered"),
        ("UPDATE regions SET x = 5 WHERE number = 1", "verify_altered"),
        ("DELETE FROM events WHERE number = 2", "verify_event_missing"),
        ("UPDATE events SET who = 'tanaka' WHERE number = 1", "verify_event_altered"),
        ("UPDATE seals SET hash = before FROM events", "verify_seal"),
        ("DELETE FROM seals", "verify_seal"),
        ("UPDATE stations SET last = last + 1", "verify_missing"),
        ("DELETE FROM events", "verify_event_missing"),
        ("UPDATE releases SET state = 'in_use'", "verify_release"),
        ("UPDATE inspections SET outcome = 'NG' WHERE number = 44", "verify_altered"),
    ],
)
def test_what_was_altered_is_found(place, judge_file, statement, code):
    filled(place, judge_file)
    assert wrong(place) == []
    change(place, statement)
    assert code in wrong(place)


def test_a_missing_row_and_one_put_in_are_found(place, judge_file):
    filled(place, judge_file, 30)
    change(place, "DELETE FROM regions WHERE inspection_id IN "
                  "(SELECT id FROM inspections WHERE number = 21)")  # fmt: skip
    change(place, "DELETE FROM inspections WHERE number = 21")
    assert wrong(place) == ["verify_missing"]
    change(place, "UPDATE inspections SET number = 21 WHERE number = 30")
    assert set(wrong(place)) == {"verify_altered", "verify_missing"}


def test_threads_of_two_stations_count_up_without_a_gap(place, judge_file):
    with Record(place, "one") as one, Record(place, "two") as two:
        release = one.release(judge_file, "ABC-1")

        def write(record):
            for number in range(60):
                record.write(verdict(number), release.id)

        threads = [threading.Thread(target=write, args=(r,)) for r in (one, one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    numbers = {name: sorted(row["number"] for row in rows(place, Filter(station=name)))
               for name in ("one", "two")}  # fmt: skip
    assert numbers == {"one": list(range(1, 121)), "two": list(range(1, 61))}
    assert wrong(place) == []


def test_a_filter_finds_what_it_says(place, judge_file):
    filled(place, judge_file, 40)
    assert len(rows(place, Filter(outcomes=("NG",)))) == 4
    assert len(rows(place, Filter(lot="L1", part="ABC-1"))) == 40
    assert rows(place, Filter(lot="l1")) == rows(place, Filter(part="ABC-2")) == []
    first, *_ = rows(place, newest_first=False)
    assert [row["number"] for row in rows(place, most=3)] == [40, 39, 38]
    assert len(rows(place, Filter(since=first["at"], until=first["at"] + 10**7))) == 40
    with reading(place) as engine, engine.connect() as connection:
        assert count(connection, Filter(outcomes=("OK",))) == 36


@pytest.mark.parametrize("text", ["a'; DROP TABLE parts; --", "=cmd()", "two\nlines", "\0", "検品"])
def test_any_text_is_only_text(place, judge_file, text):
    with Record(place) as record:
        release = record.release(judge_file, text)
        record.write(verdict(picture=text), release.id, Circumstances(lot=text, serial=text))
    (row,) = rows(place, Filter(lot=text.replace("\0", "\\x00")))
    assert row["serial"] == text.replace("\0", "\\x00") and wrong(place) == []


def test_a_serial_twice_in_a_lot_is_kept_twice(place, judge_file):
    with Record(place) as record:
        release = record.release(judge_file, "ABC-1")
        for number in range(2):
            record.write(verdict(number), release.id, Circumstances(lot="L", serial="S"))
    assert len(rows(place, Filter(lot="L", serial="S"))) == 2


def test_the_tables_are_what_the_steps_make(place):
    with Record(place), reading(place) as engine, engine.connect() as connection:
        apart = compare_metadata(MigrationContext.configure(connection), metadata)
    assert apart == []


def test_a_record_of_a_newer_kenpin_is_not_touched(place):
    with Record(place):
        pass
    change(place, "UPDATE alembic_version SET version_num = '9999'")
    for use in (lambda: Record(place), lambda: status(place), lambda: rows(place)):
        with pytest.raises(RecordError, match="newer kenpin"):
            use()


def test_a_record_of_before_is_brought_up_to_date_and_holds(place, judge_file):
    """Rows were hashed without what came later; a value put there afterwards is found."""
    filled(place, judge_file, 25)
    for name in ("sizes", "findings"):
        change(place, f"ALTER TABLE inspections DROP COLUMN {name}")
    change(place, "UPDATE alembic_version SET version_num = '0005'")
    with pytest.raises(RecordError, match="record upgrade"):
        rows(place)
    assert upgrade(place) == ("0005", LATEST) == ("0005", "0006")
    assert wrong(place) == [] and {row["sizes"] for row in rows(place)} == {None}
    change(place, "UPDATE inspections SET sizes = '{\"A.length\": 1.5}' WHERE number = 3")
    assert wrong(place) == ["verify_altered"]


def test_status_counts(place, judge_file):
    filled(place, judge_file, 20)
    told = status(place).to_dict()
    assert told["rows"]["inspections"] == 20 and told["rows"]["releases"] == 1
    assert told["waiting"] == 0 and told["bytes_of_rows"] > 0
    json.dumps(told)


def test_a_foreign_file_a_file_and_a_strange_url_are_refused(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    connection = sqlite3.connect(folder / "record.sqlite")
    connection.execute("CREATE TABLE mine (a)")
    connection.commit()
    connection.close()
    before = (folder / "record.sqlite").read_bytes()
    with pytest.raises(RecordError, match="another program"):
        Record(place_of(folder))
    assert (folder / "record.sqlite").read_bytes() == before
    (tmp_path / "text").mkdir()
    (tmp_path / "text/record.sqlite").write_text("no database at all, but long enough")
    with pytest.raises(RecordError, match="no SQLite database"):
        Record(place_of(tmp_path / "text"))
    with pytest.raises(RecordError, match="is a file"):
        place_of(folder / "record.sqlite")
    for url in ("mysql://a:secret@b/c", "postgresql://", "http://[", "oracle://x/y"):
        with pytest.raises(RecordError, match="no place for a record") as error:
            place_of(url)
        assert "secret" not in str(error.value)
    with pytest.raises(RecordError, match="kenpin record init"):
        status(place_of(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


def test_a_server_that_is_away_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("KENPIN_STORE", str(tmp_path))
    with pytest.raises(RecordError, match="does not answer") as error:
        Record(place_of(f"postgresql://kenpin@/none?host={tmp_path}"))
    assert "\n" not in str(error.value)


def test_rows_wait_on_the_disk_while_the_record_is_away(place, judge_file):
    told = []
    with Record(place, "line 1", tell=told.append) as record:
        release = record.release(judge_file, "ABC-1")
        record.write(verdict(0), release.id)
        commit = record._writer._commit

        def away(entries):
            raise sql.exc.OperationalError("x", {}, Exception("the server is away"))

        record._writer._commit = away
        for number in range(1, 4):
            record.write(verdict(number), release.id)
        assert len(list(place.folder.glob("waiting/*/*.json"))) == 3
        record._writer._commit = commit
        record._writer._away_since = 0.0  # it is time to try again
        record.write(verdict(4), release.id)
    assert [row["picture"] for row in rows(place, newest_first=False)] == [
        f"{number}.png" for number in range(5)]  # fmt: skip
    assert [notice.code for notice in told] == ["record_away", "record_back"]
    assert not list(place.folder.glob("waiting/*/*.json")) and wrong(place) == []


def test_what_still_waits_is_taken_in_by_the_next_run(place, judge_file):
    with Record(place, "line 1") as record:
        release = record.release(judge_file, "ABC-1")

        def away(entries):
            raise sql.exc.OperationalError("x", {}, Exception("away"))

        record._writer._commit = away
        record.write(verdict(0), release.id)
    assert rows(place) == [] and status(place).waiting == 1
    with Record(place, "line 1") as record:
        record.write(verdict(1), release.id)
    assert [row["picture"] for row in rows(place, newest_first=False)] == ["0.png", "1.png"]


def test_a_row_that_cannot_be_read_is_an_altered_row(tmp_path, judge_file):
    place = place_of(tmp_path / "record")
    filled(place, judge_file, 5)
    change(place, "UPDATE inspections SET ms = '{bad' WHERE number = 2")
    assert wrong(place) == ["verify_altered"]


def test_text_that_is_none_is_found_as_it_was_written(place, judge_file):
    odd = b"lot-\xff".decode("utf-8", "surrogateescape")
    with Record(place) as record:
        release = record.release(judge_file, odd)
        record.write(verdict(), release.id, Circumstances(lot=odd))
    assert len(rows(place, Filter(lot=odd))) == len(rows(place, Filter(part=odd))) == 1


def test_a_read_only_record_is_not_called_damaged(tmp_path, judge_file, monkeypatch):
    place = place_of(tmp_path / "record")
    filled(place, judge_file, 2)

    def denied(*_, **__):
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("kenpin.record.opening.sqlite3.connect", denied)
    with pytest.raises(RecordError, match="check the rights"):
        rows(place)
