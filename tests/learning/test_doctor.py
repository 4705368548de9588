"""What of a set of good pictures is odd."""

import json

import cv2
import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import refused, run, zipped
from kenpin.drawn.terminals import TERMINAL_DEFECTS, draw_terminals
from kenpin.errors import DatasetError
from kenpin.learning.doctor import examine
from kenpin.learning.oddities import Kind, tail
from kenpin.sources.picture import encode, read_picture, write_png

SIZE = (96, 128)


def connectors(count, first=0):
    return good_pictures(count, first, SIZE)


def kinds(found, picture=None):
    return {f.kind for f in found.findings if picture is None or f.picture.endswith(picture)}


@pytest.fixture(scope="module")
def sick(tmp_path_factory):
    """Sixty good pictures, and one of everything that should not be among them."""
    folder = write_pictures(tmp_path_factory.mktemp("sick") / "良品", connectors(60))
    first = connectors(1)[0]
    write_png(folder / "コピー.png", first)
    (folder / "again.jpg").write_bytes(encode(connectors(6)[5], "JPEG", quality=80))
    write_png(folder / "small.png", cv2.resize(connectors(1, 200)[0], (64, 48)))
    write_png(folder / "rgb.png", np.repeat(connectors(1, 201)[0][..., None], 3, axis=2)
              + np.array([0, 9, 0], np.uint8))  # fmt: skip
    write_png(folder / "暗い.png", (connectors(1, 202)[0] * 0.5).astype(np.uint8))
    write_png(folder / "bright.png", np.clip(connectors(1, 203)[0] * 1.7, 0, 255).astype(np.uint8))
    write_png(folder / "blurred.png", cv2.GaussianBlur(connectors(1, 204)[0], (0, 0), 3))
    for number, kind in enumerate(("missing", "wrong_type")):
        write_png(folder / f"ng{number}.png", draw_terminals(300 + number, kind, SIZE).pixels)
    (folder / "empty.png").write_bytes(b"")
    return folder


def test_everything_odd_is_found_and_named(sick):
    found = examine(sick)
    for picture, kind in (
        ("コピー.png", Kind.COPY), ("again.jpg", Kind.NEAR_COPY), ("small.png", Kind.SIZE),
        ("rgb.png", Kind.MODE), ("暗い.png", Kind.DARK), ("bright.png", Kind.BRIGHT),
        ("blurred.png", Kind.BLURRED), ("empty.png", Kind.UNREADABLE), ("", Kind.TOO_FEW),
        ("ng0.png", Kind.UNLIKE), ("ng1.png", Kind.UNLIKE),
    ):  # fmt: skip
        if picture == "コピー.png":  # the one that comes second in the list repeats the other
            assert kind in kinds(found, "コピー.png") | kinds(found, "000.png")
            continue
        if picture == "again.jpg":
            assert kind in kinds(found, "again.jpg") | kinds(found, "005.png")
            continue
        assert kind in kinds(found, picture), (picture, kind)
    assert found.count == 60 + 8


def test_only_good_pictures_give_no_more_findings_than_stated():
    """1 % of false alarms in each search, on average; drawn pictures, so that it is known."""
    searches = (Kind.DARK, Kind.BRIGHT, Kind.BLURRED, Kind.UNLIKE)
    counts = dict.fromkeys(searches, 0)
    for draw in range(10):
        found = examine(connectors(100, 1_000 * draw))
        assert kinds(found) <= {*searches}
        for finding in found.findings:
            counts[finding.kind] += 1
    assert all(count <= 25 for count in counts.values()), counts  # of 1000: 2.5 times 1 %
    assert sum(counts.values()) <= 40


def test_tails_of_students_distribution_are_as_stated():
    rng = np.random.default_rng(0)
    values = rng.standard_t(4, (200, 100)) * 3 + 7
    shares = np.mean([(tail(row) <= 0.05).mean() for row in values])
    assert shares == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("hidden", [1, 3, 5])
def test_ng_pictures_among_the_good_are_the_first_suspects(hidden):
    ng = [
        draw_terminals(500 + n, TERMINAL_DEFECTS[n % len(TERMINAL_DEFECTS)], SIZE).pixels
        for n in range(hidden)
    ]
    found = examine([*connectors(60), *ng])
    first = [id(suspect.source) for suspect in found.suspects]
    assert len(first) == 10
    assert sum(id(picture) in first for picture in ng) >= 0.8 * hidden


def test_the_same_piece_in_learning_and_test_is_found(tmp_path):
    write_pictures(tmp_path / "set/train/good", connectors(20))
    test = write_pictures(tmp_path / "set/test/good", connectors(5, 300))
    assert Kind.IN_TEST not in kinds(examine(tmp_path / "set"))
    (test / "again.jpg").write_bytes(encode(connectors(4)[3], "JPEG", quality=90))
    write_png(test / "same.png", connectors(8)[7])
    remarks = kenpin.learn(tmp_path / "set").provenance.remarks
    assert any("2 of the pictures: also in the test set" in str(remark) for remark in remarks)
    found = examine(tmp_path / "set")
    pairs = {(f.picture, f.other) for f in found.findings if f.kind is Kind.IN_TEST}
    assert pairs == {("good/003.png", "good/again.jpg"), ("good/007.png", "good/same.png")}
    again = examine(tmp_path / "set/train/good", test=test)
    assert {f.other for f in again.findings if f.kind is Kind.IN_TEST} == {
        "good/again.jpg", "good/same.png",
    }  # fmt: skip


def test_too_few_for_the_promise_says_how_many():
    few = examine(connectors(30))
    (finding,) = (f for f in few.findings if f.kind is Kind.TOO_FEW)
    assert "promising 1 % takes 99" in str(finding.detail) and finding.picture == ""
    assert Kind.TOO_FEW not in kinds(examine(connectors(30), kenpin.Recipe(false_reject=0.05)))


def test_learning_warns_of_the_same(sick):
    remarks = " ".join(map(str, kenpin.learn(sick).provenance.remarks))
    for kind in (Kind.NEAR_COPY, Kind.DARK, Kind.BRIGHT, Kind.BLURRED, Kind.UNLIKE, Kind.MODE):
        assert str(kind.notice) in remarks
    assert "see kenpin check" in remarks


def test_the_command_prints_a_table_json_and_a_contact_sheet(sick, tmp_path):
    done = run("check", sick, "--sheet", tmp_path / "s.png")
    assert done.exit_code == 1 and "much darker" in done.stdout and "暗い.png" in done.stdout
    assert read_picture(tmp_path / "s.png").pixels.ndim == 3
    line = json.loads(run("check", sick, "--json").stdout)
    assert line["pictures"] == 68 and len(line["suspects"]) == 10
    assert {f["kind"] for f in line["findings"]} >= {"unreadable", "blurred"}


@pytest.mark.parametrize("first", [0, 100, 200])
def test_a_healthy_set_ends_with_0(tmp_path, first):
    folder = write_pictures(tmp_path / "good", connectors(20, first))
    done = run("check", folder, "--false-reject", "0.1", "--false-alarm", "0.0001")
    assert done.exit_code == 0 and "Nothing suspicious was found" in done.stdout


def test_what_cannot_be_examined_is_one_sentence(tmp_path):
    refused(run("check", tmp_path), "holds no picture")
    refused(run("check", tmp_path / "no"), "does not exist")
    refused(run("check", write_pictures(tmp_path / "one", connectors(1))), "needs at least 10")
    folder = write_pictures(tmp_path / "some", connectors(12))
    refused(run("check", folder, "--false-alarm", "0"), "above 0 and at most 0.5")
    refused(run("check", folder, "--sheet", folder / "000.png"), "one of the inputs")
    refused(run("check", folder, "--test", tmp_path / "no"), "does not exist")
    with pytest.raises(DatasetError):
        examine(folder, false_alarm=0.9)


def test_a_blank_picture_does_not_hide_the_ng_ones():
    ng = [draw_terminals(500 + n, "missing", SIZE).pixels for n in range(3)]
    found = examine([*connectors(60), np.full(SIZE, 255, np.uint8), *ng])
    first = [id(suspect.source) for suspect in found.suspects]
    assert all(id(picture) in first for picture in ng)
    odd = [finding for finding in found.findings if finding.kind is Kind.UNLIKE]
    assert len(odd) <= 7  # it, the three, and few good ones


def test_a_limit_that_an_odd_picture_set_is_said():
    odd = kenpin.learn([*connectors(60), np.full(SIZE, 255, np.uint8)]).provenance.remarks[-1]
    assert odd.code == "suspects_limit" and odd.values["limit"] > 1.5 * odd.values["without"]
    for remark in kenpin.learn(connectors(60)).provenance.remarks:
        assert remark.values.get("limit", 0) <= 1.5 * remark.values.get("without", 0)


def test_pictures_that_show_next_to_nothing_are_no_traceback():
    flat = [np.full((64, 64), 100 + n, np.uint8) for n in range(20)]
    assert examine(flat).count == 20
    assert kenpin.learn(flat).calibration.count == 20


def test_the_test_pictures_of_a_zip_and_of_train_good_are_found(tmp_path):
    folder = tmp_path / "set"
    write_pictures(folder / "train/good", connectors(20))
    test = write_pictures(folder / "test/good", connectors(2, 300))
    write_png(test / "x.png", connectors(4)[3])
    for given in (zipped(tmp_path / "a.zip", folder), folder / "train/good"):
        found = examine(given).findings
        assert [f.other for f in found if f.kind is Kind.IN_TEST] == ["good/x.png"]
    empty = tmp_path / "empty"
    write_pictures(empty / "train/good", connectors(12))
    (empty / "test/good").mkdir(parents=True)
    assert examine(empty).count == 12


def test_many_sizes_are_one_finding():
    pictures = [cv2.resize(p, (100 + n, 90)) for n, p in enumerate(connectors(20))]
    sizes = [finding for finding in examine(pictures).findings if finding.kind is Kind.SIZE]
    assert len(sizes) == 1 and "20 kinds" in str(sizes[0].detail)
