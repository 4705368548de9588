"""Pieces whose verdict is known, shown again before a shift."""

import csv
import json
import unicodedata

import numpy as np
import pytest

import kenpin
from conftest import SIZE, good_pictures, write_pictures
from helpers import refused, run
from kenpin.assurance.master import add_masters, check_masters, master_folder
from kenpin.drawn.terminals import draw_terminals
from kenpin.errors import StudyError
from kenpin.sources.picture import write_png


@pytest.fixture
def place(bundle, tmp_path):
    """A part, a folder of OK and one of NG pieces, and the same pieces taken again."""
    bundle.save(tmp_path / "part.kenpin")
    ok = good_pictures(3, first=2_000)
    ng = [draw_terminals(2_100 + n, "missing", size=SIZE).pixels for n in range(2)]
    write_pictures(tmp_path / "限度見本" / "ok", ok)
    for n, pixels in enumerate(ng):
        target = tmp_path / "限度見本" / "ng"
        target.mkdir(exist_ok=True)
        write_png(target / f"欠け{n}.png", pixels)
    (tmp_path / "fresh").mkdir()
    for name, pixels in ((f"{n:03}", one) for n, one in enumerate(ok)):
        write_png(tmp_path / "fresh" / f"{name}.png", again(pixels))
    for n, pixels in enumerate(ng):
        write_png(tmp_path / "fresh" / f"欠け{n}.png", again(pixels))
    return tmp_path


def again(pixels):
    noise = np.random.default_rng(0).normal(0, 0.7, pixels.shape)
    return np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)


def added(place):
    masters = place / "限度見本"
    return add_masters(place / "part.kenpin", [masters / "ok"], [masters / "ng"])


def test_fresh_pictures_of_the_same_pieces_pass_and_are_recorded(place):
    kept, count = added(place)
    assert count == len(kept.masters) == 5
    for _ in range(2):
        found = check_masters(place / "part.kenpin", place / "fresh")
        assert found.passed and found.fresh and not found.changed
    with (place / "part.master" / "record.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10 and {row["right"] for row in rows} == {"yes"}
    assert {row["expected"] for row in rows if row["piece"].startswith("欠け")} == {"NG"}
    assert rows[0]["time"].startswith("20") and len(rows[0]["picture"]) == 64


def test_a_known_ng_that_passes_and_a_known_ok_that_fails_are_loud(place):
    added(place)
    good = again(good_pictures(1, first=2_500)[0])
    write_png(place / "fresh" / "欠け0.png", good)
    write_png(place / "fresh" / "001.png", draw_terminals(2_600, "missing", size=SIZE).pixels)
    result = run("master", "check", place / "part.kenpin", place / "fresh")
    assert result.exit_code == 1
    assert "a known NG piece passed" in result.stdout
    assert "a known OK piece failed" in result.stdout
    assert "FAILED: 2 of 5" in result.stdout


def test_a_piece_not_shown_a_blank_picture_and_a_copy_are_no_pass(place):
    added(place)
    (place / "fresh" / "000.png").unlink()
    write_png(place / "fresh" / "001.png", np.full(SIZE, 255, np.uint8))
    (stored,) = (place / "part.master" / "pictures").glob("002-*.png")
    (place / "fresh" / "002.png").write_bytes(stored.read_bytes())
    found = check_masters(place / "part.kenpin", place / "fresh")
    problems = [str(one.problem or "") for one in found.pieces]
    assert [one.misjudged for one in found.pieces] == [False, True, False, False, False]
    assert "not shown" in problems[0]
    assert "cannot be used (overexposed)" in problems[1]
    assert "stored picture itself" in problems[2]
    assert problems[3:] == ["", ""]


def test_without_fresh_pictures_only_file_and_pc_are_proved(place):
    added(place)
    result = run("master", "check", place / "part.kenpin")
    assert result.exit_code == 0 and "not camera and light" in result.stdout.replace("\n", " ")
    told = json.loads(run("master", "check", place / "part.kenpin", "--json").stdout)
    assert told["passed"] and not told["fresh"] and len(told["pieces"]) == 5


def test_a_part_learned_anew_is_checked_by_the_same_pieces(place):
    added(place)
    kenpin.learn(good_pictures(40, first=400), kenpin.Recipe(model="pca")).save(
        place / "part.kenpin"
    )
    found = check_masters(place / "part.kenpin", place / "fresh")
    assert len(found.changed) == len(found.pieces) == 5
    other = place / "other" / "100.png"
    write_pictures(place / "other", good_pictures(1, first=2_900))
    (place / "other" / "000.png").rename(other)
    add_masters(place / "part.kenpin", ok=[other])
    told = run("master", "check", place / "part.kenpin")
    assert "these were added:" in told.stdout
    assert "100" not in told.stdout.split("these were added:")[1].split("They were")[0]


def test_a_master_the_part_judges_otherwise_is_not_taken(place):
    part, good = place / "part.kenpin", place / "限度見本" / "ok" / "000.png"
    result = run("master", "add", part, "--ng", good)
    refused(result, "given as NG, but part.kenpin says OK")
    assert not master_folder(part).exists()


def test_one_of_the_same_name_is_replaced_and_names_must_differ(place):
    added(place)
    other = place / "other" / "000.png"
    write_pictures(place / "other", good_pictures(1, first=2_800))
    kept, count = add_masters(place / "part.kenpin", ok=[other])
    assert count == 1 and len(kept.masters) == 5
    assert len(list((place / "part.master" / "pictures").iterdir())) == 5
    pixels = good_pictures(1, first=2_800)[0]
    write_png(place / "other" / "000A.png", pixels)
    add_masters(place / "part.kenpin", ok=[place / "other" / "000A.png"])
    write_png(place / "other" / "000a.png", pixels)
    add_masters(place / "part.kenpin", ok=[place / "other" / "000a.png"])
    names = [path.name for path in (place / "part.master" / "pictures").iterdir()]
    assert any(name.startswith("000a-") for name in names)
    twice = [place / "限度見本" / "ok" / "000.png", other]
    with pytest.raises(StudyError, match="called 000"):
        add_masters(place / "part.kenpin", ok=twice)


def test_pictures_of_another_size_are_refused_or_no_pass(place):
    part = place / "part.kenpin"
    write_pictures(place / "large", good_pictures(1, first=2_000, size=(96, 128)))
    with pytest.raises(StudyError, match=r"is 128x96 pixels, the good pictures .* are 64x48"):
        add_masters(part, ok=[place / "large" / "000.png"])
    added(place)
    (place / "fresh" / "000.png").write_bytes((place / "large" / "000.png").read_bytes())
    (place / "fresh" / "001.png").write_bytes(b"")
    found = check_masters(part, place / "fresh")
    assert not found.passed
    assert str(found.pieces[0].problem).startswith("128x96 pixels, the master picture was 64x48")
    assert "is empty" in str(found.pieces[1].problem)
    record = (place / "part.master" / "record.csv").read_text("utf-8-sig")
    assert "master_size size=128x96 theirs=64x48" in record and "file_empty path=" in record


def test_review_is_a_mistake_neither_way(place):
    good = [
        pixels
        for pixels in good_pictures(60, first=3_000)
        if kenpin.Inspector.open(place / "part.kenpin", 0.4).inspect(pixels).outcome == "REVIEW"
    ]
    recipe = kenpin.Recipe(model="pca", review=0.4)
    kenpin.learn(good_pictures(40), recipe).save(place / "part.kenpin")
    write_pictures(place / "doubtful", good[:2])
    add_masters(place / "part.kenpin", [place / "doubtful/000.png"], [place / "doubtful/001.png"])
    found = check_masters(place / "part.kenpin")
    assert [one.verdict.outcome for one in found.pieces] == ["REVIEW", "REVIEW"]
    assert found.passed


def test_with_labels_each_master_piece_has_its_own(place):
    part = place / "two.kenpin"
    four = [draw_terminals(n, size=SIZE, terminals=4).pixels for n in range(20)]
    labels = ["six"] * 20 + ["four"] * 20
    kenpin.learn(good_pictures(20) + four, kenpin.Recipe(model="pca"), labels=labels).save(part)
    write_pictures(place / "four", [draw_terminals(900, size=SIZE, terminals=4).pixels])
    (place / "four" / "000.png").rename(place / "four" / "wrong.png")
    six = place / "限度見本" / "ok" / "000.png"
    done = run("master", "add", part, "--ok", six, "--ng", place / "four", "--expect", "six")
    assert done.exit_code == 0, done.stderr
    found = check_masters(part)
    assert [one.verdict.expected for one in found.pieces] == ["six", "six"]
    assert found.pieces[1].verdict.outcome == "WRONG_PART" and found.passed
    refused(run("master", "add", part, "--ok", six, "--expect", "five"), "is not a label")


def test_one_piece_shown_under_two_names_and_names_of_a_mac(place):
    added(place)
    fresh = place / "fresh"
    (fresh / "001.png").write_bytes((fresh / "000.png").read_bytes())
    apart = unicodedata.normalize("NFD", "ガ")
    write_pictures(place / "mac", good_pictures(1, first=2_950))
    (place / "mac" / "000.png").rename(place / "mac" / "ガ.png")
    add_masters(place / "part.kenpin", ok=[place / "mac" / "ガ.png"])
    write_png(fresh / f"{apart}.png", again(good_pictures(1, first=2_950)[0]))
    found = {one.master.name: one for one in check_masters(place / "part.kenpin", fresh).pieces}
    assert "same picture as 000" in str(found["001"].problem)
    assert found["ガ"].problem is None


def test_a_replacement_that_is_cut_short_leaves_the_old_one(place, monkeypatch):
    added(place)
    write_pictures(place / "other", good_pictures(1, first=2_800))

    def fails(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kenpin.assurance.master.write_atomically", fails)
        with pytest.raises(KeyboardInterrupt):
            add_masters(place / "part.kenpin", ok=[place / "other" / "000.png"])
    assert check_masters(place / "part.kenpin", place / "fresh").passed


def test_a_record_that_was_cut_off_keeps_its_rows_apart(place):
    added(place)
    check_masters(place / "part.kenpin", place / "fresh")
    record = place / "part.master" / "record.csv"
    record.write_bytes(record.read_bytes()[:-10])
    check_masters(place / "part.kenpin", place / "fresh")
    with record.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 11 and {len(row) for row in (*rows[:5], *rows[6:])} == {10}
    record.write_bytes(b"")
    check_masters(place / "part.kenpin", place / "fresh")
    assert record.read_text("utf-8-sig").startswith("time,part")


def test_whatever_else_is_wrong_is_one_sentence(place):
    part = place / "part.kenpin"
    refused(run("master", "check", part), "has no master pictures")
    refused(run("master", "add", part), "No master picture was given")
    added(place)
    (place / "fresh" / "twice").mkdir()
    (place / "fresh" / "twice" / "000.png").write_bytes((place / "fresh" / "000.png").read_bytes())
    refused(run("master", "check", part, place / "fresh"), "Two of the fresh pictures are called")
    (place / "fresh" / "twice" / "000.png").unlink()
    refused(run("master", "check", part, place / "限度見本" / "nothing"), "does not exist")
    write_pictures(place / "elsewhere", good_pictures(1))
    (place / "elsewhere" / "000.png").rename(place / "elsewhere" / "a.png")
    refused(run("master", "check", part, place / "elsewhere"), "called like a master picture")
    (stored,) = (place / "part.master" / "pictures").glob("000-*.png")
    write_png(stored, good_pictures(1)[0])
    refused(run("master", "check", part), "was changed or lost")
    listed = place / "part.master" / "master.json"
    for content in (b"{", b'{"format": 1, "part": "", "masters": [{"name": "../x"}]}', b"\xff"):
        listed.write_bytes(content)
        refused(run("master", "check", part), "is damaged")
