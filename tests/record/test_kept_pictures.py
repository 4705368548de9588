"""Which pictures a record keeps, on a full disk too, on both databases."""

from errno import EACCES, ENOSPC

from databases import pixels, rows, verdict, wrong
from kenpin.errors import OutputError
from kenpin.record import Filter, Keep, Record, status
from kenpin.record.keep import DISK_FULL, NOT_KEPT, SWEPT, sweep
from kenpin.record.pictures import Pictures
from kenpin.sources import write_png
from kenpin.types import Outcome


def test_pictures_are_kept_by_the_rule(place, judge_file, tmp_path):
    picture = tmp_path / "a.png"
    write_png(picture, pixels())

    def kept(what):
        with Record(place, what, keep=Keep(what, one_in=3)) as record:
            release = record.release(judge_file, "ABC-1")
            for number in range(6):
                outcome = Outcome.NG if number == 1 else Outcome.OK
                record.write(verdict(number, outcome), release.id, source=picture)
        found_rows = rows(place, Filter(station=what), newest_first=False)
        assert all((row["gone"] == NOT_KEPT) == (row["kept"] is None) for row in found_rows)
        return [row["number"] - 1 for row in found_rows if row["kept"]]

    assert kept("none") == [] and kept("not_ok") == [1]
    assert kept("all") == list(range(6)) and kept("sample") == [0, 1, 3]


def test_old_good_pictures_are_swept_first_and_their_rows_say_so(place, judge_file, tmp_path):
    picture = tmp_path / "a.png"
    write_png(picture, pixels())
    with Record(place, keep=Keep("all")) as record:
        release = record.release(judge_file, "ABC-1")
        for number in range(10):
            outcome = Outcome.NG if number < 3 else Outcome.OK
            record.write(verdict(number, outcome), release.id, source=picture)
        store = Pictures(place.folder)
        size = picture.stat().st_size
        swept = sweep(record.engine, store, Keep(most=5 * size, free=0))
        assert swept == 5
        sweep(record.engine, store, Keep(most=0, free=0))
    found_rows = rows(place, newest_first=False)
    assert [row["gone"] for row in found_rows] == [None] * 3 + [SWEPT] * 7  # NG: 365 days
    assert len(list(store.every())) == 3 and wrong(place) == []


def test_a_full_disk_loses_no_row_and_the_newest_ng_picture_stays(
    place, judge_file, tmp_path, monkeypatch
):
    picture = tmp_path / "a.png"
    write_png(picture, pixels())
    told = []
    with Record(place, keep=Keep("all"), tell=told.append) as record:
        release = record.release(judge_file, "ABC-1")
        record.write(verdict(), release.id, source=picture)
        put, room = Pictures.put, []

        def full(self, *given):
            if len(list(self.every())) >= 1:
                raise OutputError("output_denied", path="a", reason="") from OSError(ENOSPC, "")
            room.append(1)
            return put(self, *given)

        monkeypatch.setattr(Pictures, "put", full)
        record.write(verdict(1), release.id, source=picture)
        record.write(verdict(2, Outcome.NG), release.id, source=picture)
    assert [row["gone"] for row in rows(place, newest_first=False)] == [SWEPT, DISK_FULL, None]
    assert [notice.code for notice in told] == ["record_disk_full"] and room


def test_a_crash_leaves_no_picture_without_a_row(place, judge_file, tmp_path, monkeypatch):
    picture = tmp_path / "a.png"
    write_png(picture, pixels())
    with Record(place, keep=Keep("all")) as record:
        release = record.release(judge_file, "ABC-1")
        for number in range(2):
            record.write(verdict(number), release.id, source=picture)
    store = Pictures(place.folder)
    _, kept = next(iter(store.every()))
    kept.unlink()
    stray = kept.with_name("018f0000-0000-7000-8000-000000000000.png")
    stray.write_bytes(b"x")
    (kept.parent / ".kenpin-half").write_bytes(b"x")
    monkeypatch.setattr("kenpin.record.overview._YOUNG", -1.0)
    repaired = [notice.to_dict() for notice in status(place).repaired]
    assert repaired == [{"code": "repaired_pictures", "count": 1},
                        {"code": "repaired_lost", "count": 1}]  # fmt: skip
    assert not stray.exists() and sorted(r["gone"] or "" for r in rows(place)) == ["", "lost"]
    assert status(place).repaired == () and wrong(place) == []


def test_a_picture_that_may_not_be_written_costs_no_other(place, judge_file, tmp_path, monkeypatch):
    picture = tmp_path / "a.png"
    write_png(picture, pixels())
    told = []
    with Record(place, keep=Keep("all"), tell=told.append) as record:
        release = record.release(judge_file, "ABC-1")
        for number in range(4):
            record.write(verdict(number, Outcome.NG), release.id, source=picture)

        def denied(*_):
            raise OutputError("output_denied", path="a", reason="no") from OSError(EACCES, "")

        monkeypatch.setattr(Pictures, "put", denied)
        record.write(verdict(9), release.id, source=picture)
    assert [row["gone"] for row in rows(place, newest_first=False)] == [None] * 4 + ["denied"]
    assert [notice.code for notice in told] == ["output_denied"]


def test_young_ng_pictures_are_never_pushed_out(place, judge_file, tmp_path, monkeypatch):
    picture = tmp_path / "a.png"
    write_png(picture, pixels())
    with Record(place, keep=Keep("all")) as record:
        release = record.release(judge_file, "ABC-1")
        for number in range(3):
            record.write(verdict(number, Outcome.NG), release.id, source=picture)

        def full(*_):
            raise OutputError("output_denied", path="a", reason="") from OSError(ENOSPC, "")

        monkeypatch.setattr(Pictures, "put", full)
        record.write(verdict(9, Outcome.NG), release.id, source=picture)
    assert [row["gone"] for row in rows(place, newest_first=False)] == [None] * 3 + [DISK_FULL]
