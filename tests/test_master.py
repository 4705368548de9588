"""Pieces whose verdict is known, shown again before a shift."""

import csv
import json

import numpy as np
import pytest

import kenpin
from conftest import SIZE, good_pictures, write_pictures
from kenpin.assurance.master import add_masters, check_masters, master_folder
from kenpin.errors import PictureError, StudyError
from kenpin.pictures import write_png
from kenpin.synth.terminals import draw_terminals
from test_cli import refused, run


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
    assert "2 of 5" in result.stdout and "NOT" in result.stdout


def test_a_piece_not_shown_a_blank_picture_and_a_copy_are_no_pass(place):
    added(place)
    (place / "fresh" / "000.png").unlink()
    write_png(place / "fresh" / "001.png", np.full(SIZE, 255, np.uint8))
    stored = place / "part.master" / "pictures" / "002.png"
    (place / "fresh" / "002.png").write_bytes(stored.read_bytes())
    problems = [one.problem for one in check_masters(place / "part.kenpin", place / "fresh").pieces]
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
    assert found.changed and len(found.pieces) == 5


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
    twice = [place / "限度見本" / "ok" / "000.png", other]
    with pytest.raises(StudyError, match="called 000"):
        add_masters(place / "part.kenpin", ok=twice)


def test_pictures_of_another_size_are_refused(place):
    part = place / "part.kenpin"
    write_pictures(place / "large", good_pictures(1, first=2_000, size=(96, 128)))
    with pytest.raises(StudyError, match=r"is 128x96 pixels, the good pictures .* are 64x48"):
        add_masters(part, ok=[place / "large" / "000.png"])
    added(place)
    (place / "fresh" / "000.png").write_bytes((place / "large" / "000.png").read_bytes())
    refused(run("master", "check", part, place / "fresh"), "is 128x96 pixels", "was 64x48")
    assert not (place / "part.master" / "record.csv").exists()


def test_whatever_else_is_wrong_is_one_sentence(place):
    part = place / "part.kenpin"
    refused(run("master", "check", part), "has no master pictures")
    refused(run("master", "add", part), "No master picture was given")
    added(place)
    (place / "fresh" / "twice").mkdir()
    (place / "fresh" / "twice" / "000.png").write_bytes((place / "fresh" / "000.png").read_bytes())
    refused(run("master", "check", part, place / "fresh"), "Two of the fresh pictures are called")
    (place / "fresh" / "twice" / "000.png").unlink()
    (place / "fresh" / "000.png").write_bytes(b"")
    with pytest.raises(PictureError, match="is empty"):
        check_masters(part, place / "fresh")
    stored = place / "part.master" / "pictures" / "000.png"
    write_png(stored, good_pictures(1)[0])
    refused(run("master", "check", part), "was changed or lost")
    listed = place / "part.master" / "master.json"
    for content in (b"{", b'{"format": 1, "part": "", "masters": [{"name": "../x"}]}', b"\xff"):
        listed.write_bytes(content)
        refused(run("master", "check", part), "is damaged")
