"""Two parts on one archive: what changed is what their own verdicts say."""

import csv
import json
import shutil
from collections import Counter

import boto3
import pytest
from PIL import Image
from pyarrow import parquet
from stores import BUCKET, filled, jpeg, object_store

from helpers import refused, run
from kenpin.errors import ArchiveError
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.recipe import Recipe
from kenpin.scale import Here, compare_archives, judge_archive, to_look_at
from kenpin.sources import read_picture
from kenpin.types import Outcome

COUNT = 24


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """Two parts, the second with a strict limit, and pictures of three days."""
    folder = tmp_path_factory.mktemp("plant")
    (folder / "good").mkdir()
    for seed in range(100, 140):
        (folder / "good" / f"{seed}.jpg").write_bytes(jpeg(seed))
    for name, share in (("old", 0.03), ("new", 0.4)):
        learned = learn(folder / "good", Recipe(model="pca", false_reject=share))
        learned.save(folder / f"{name}.kenpin")
    filled(folder / "pictures", COUNT)
    return folder


@pytest.fixture(scope="module")
def judged(plant):
    """What each wrote, in blocks of different sizes."""
    for name, block in (("old", 5), ("new", 7)):
        out = str(plant / f"{name} verdicts")
        judge_archive(plant / f"{name}.kenpin", str(plant / "pictures"), out, Here(1), block=block)
    return str(plant / "old verdicts"), str(plant / "new verdicts")


def expected(plant):
    """From the verdicts of `inspect`, one by one."""
    old, new = (Inspector.open(plant / f"{name}.kenpin") for name in ("old", "new"))
    found = {}
    for path in sorted((plant / "pictures").glob("day*/*.jpg")):
        name = path.relative_to(plant / "pictures").as_posix()
        found[name] = (old.inspect(path), new.inspect(path))
    return found


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_it_says_what_both_parts_say(plant, judged, tmp_path):
    truth = expected(plant)
    changes = compare_archives(*judged, tmp_path, most=3)
    counts = Counter((was.outcome.value, now.outcome.value) for was, now in truth.values())
    counts["UNREADABLE", "UNREADABLE"] = 2
    assert changes.counts == dict(counts) and changes.pictures == COUNT + 2
    assert counts["OK", "NG"] > 3  # or there would be nothing to compare
    rows = {row["picture"]: row for row in table(tmp_path / "changes.csv")}
    moved = {name: both for name, both in truth.items() if both[0].outcome is not both[1].outcome}
    assert rows.keys() == moved.keys() and changes.changed == len(moved)
    for name, (was, now) in moved.items():
        assert (rows[name]["was"], rows[name]["now"]) == (was.outcome.value, now.outcome.value)
        assert float(rows[name]["was_score"]) == was.score
        assert float(rows[name]["now_limit"]) == now.limit
    for row in table(tmp_path / "folders.csv"):
        own = [both for name, both in truth.items() if name.startswith(f"{row['folder']}/")]
        if row["folder"]:
            passed = [[one.outcome is Outcome.OK for one in both] for both in own]
            assert int(row["ok_before"]) == sum(was for was, _ in passed)
            assert int(row["newly_rejected"]) == sum(was and not now for was, now in passed)


def test_the_pictures_to_look_at_are_those_that_moved_most(plant, judged, tmp_path):
    truth = expected(plant)
    changes = compare_archives(*judged, tmp_path, most=3)
    far = {
        name: abs(now.score / now.limit - was.score / was.limit)
        for name, (was, now) in truth.items()
        if (was.outcome, now.outcome) == (Outcome.OK, Outcome.NG)
    }
    found = [pair.was.picture for pair in changes.farthest["OK", "NG"]]
    assert found == sorted(far, key=far.__getitem__, reverse=True)[:3]


def test_a_picture_that_is_another_one_now_is_not_shown(plant, judged, tmp_path):
    changes = compare_archives(*judged, tmp_path, most=3)
    pairs = changes.farthest["OK", "NG"]
    now = shutil.copytree(plant / "pictures", tmp_path / "now")
    (now / pairs[0].was.picture).write_bytes(jpeg(999))
    (now / pairs[1].was.picture).unlink()
    given, _ = to_look_at(pairs, str(now))
    assert [bool(taken.content) for taken, _ in given] == [False, False, True]


def test_lists_that_differ_and_pictures_that_were_replaced_are_told(plant, judged, tmp_path):
    later = shutil.copytree(plant / "pictures", tmp_path / "later")
    (later / "day0" / "003.jpg").unlink()
    (later / "day0" / "new.jpg").write_bytes(jpeg(77))
    (later / "day2").rename(later / "day9")
    (later / "day1" / "012.jpg").write_bytes(jpeg(78))
    out = str(tmp_path / "out")
    judge_archive(plant / "new.kenpin", str(later), out, Here(1), block=4)
    changes = compare_archives(judged[0], out, tmp_path / "compared", most=1)
    moved = len(list((later / "day9").iterdir()))
    assert (changes.only_before, changes.only_now) == (1 + moved, 1 + moved)
    assert changes.replaced == 1 and changes.pictures == COUNT + 2 - 1 - moved - 1


def test_what_is_no_archive_or_not_whole_is_one_sentence(plant, judged, tmp_path):
    with pytest.raises(ArchiveError, match="neither"):
        compare_archives(judged[0], str(plant / "pictures"), tmp_path / "a", 1)
    torn = shutil.copytree(judged[1], tmp_path / "torn")
    first = torn / "verdicts" / "000000.parquet"
    first.write_bytes(first.read_bytes()[:-9])
    with pytest.raises(ArchiveError, match="makes it anew"):
        compare_archives(judged[0], str(torn), tmp_path / "b", 1)
    shutil.copyfile(torn / "verdicts" / "000001.parquet", first)  # whole, and another block
    with pytest.raises(ArchiveError, match="makes it anew"):
        compare_archives(judged[0], str(torn), tmp_path / "b", 1)
    first.unlink()
    with pytest.raises(ArchiveError, match="not judged to the end"):
        compare_archives(judged[0], str(torn), tmp_path / "b", 1)
    assert not list((tmp_path / "b").glob("*.csv"))  # no half a table


def test_the_command_judges_what_is_a_part_and_draws(plant, judged, tmp_path):
    given = (plant / "old.kenpin", judged[1], plant / "pictures", "--out", tmp_path / "out")
    done = run("archive", "compare", *given, "--most", 5, "--cores", 1)
    assert done.exit_code == 0, done.output
    shown = done.output.split()
    rows = parquet.read_table(tmp_path / "out" / "old" / "verdicts").to_pylist()
    assert len(rows) == COUNT + 2 and "OK" in shown and "day1" in shown
    sheet = read_picture(tmp_path / "out" / "changes-OK-NG.png")
    with Image.open(tmp_path / "out" / "changes-OK-NG.png") as image:
        assert image.size == sheet.size[::-1]
    assert sheet.size[0] > 2 * 220  # five pictures, four beside one another
    (tmp_path / "out" / ".DS_Store").write_bytes(b"left by who looked at the sheets")
    again = run("archive", "compare", *given, "--cores", 1, "--json")
    told = json.loads(again.output)
    assert told["folders"] == 4 and sum(one["pictures"] for one in told["moved_most"]) <= COUNT + 2
    (tmp_path / "out" / "mine.txt").write_text("mine")
    refused(run("archive", "compare", *given), "mine.txt")
    (tmp_path / "out" / "mine.txt").unlink()
    kept = (tmp_path / "out" / "changes.csv").read_bytes()
    turned = (judged[1], judged[0], *given[2:])
    refused(run("archive", "compare", *turned), "two others")
    assert (tmp_path / "out" / "changes.csv").read_bytes() == kept
    nowhere = (tmp_path / "no.kenpin", *given[1:3], "--out", tmp_path / "b")
    refused(run("archive", "compare", *nowhere), "no.kenpin", "neither")
    assert not (tmp_path / "b").exists()


def test_archives_in_an_object_store_are_compared_alike(plant, judged, tmp_path, monkeypatch):
    with object_store(monkeypatch):
        client = boto3.client("s3")
        for path in (plant / "new verdicts").rglob("*"):
            if path.is_file():
                name = path.relative_to(plant).as_posix()
                client.upload_file(str(path), BUCKET, name)
        there = f"s3://{BUCKET}/new verdicts"
        far = compare_archives(judged[0], there, tmp_path / "far", 2).to_dict()
    assert far == compare_archives(*judged, tmp_path / "near", 2).to_dict()
    near, far = (tmp_path / name / "changes.csv" for name in ("near", "far"))
    assert near.read_bytes() == far.read_bytes()
