"""Many parts learned from a table: each alone, and a broken one stops none."""

import csv

import pytest
from stores import jpeg

from helpers import refused, run
from kenpin.inspection import Inspector
from kenpin.part import Bundle
from kenpin.scale import Here, learn_parts

RECIPES = {"pca.toml": 'model = "pca"\nfalse_reject = 0.1\n', "wrong.toml": "modle = 1\n"}


@pytest.fixture
def table(tmp_path):
    """Four parts, two of them broken: a recipe that is none, and too few pictures."""
    for name, count, first in (("a", 20, 0), ("b", 20, 50), ("few", 2, 90)):
        folder = tmp_path / name
        folder.mkdir()
        for seed in range(first, first + count):
            (folder / f"{seed}.jpg").write_bytes(jpeg(seed))
    for name, content in RECIPES.items():
        (tmp_path / name).write_text(content)
    path = tmp_path / "parts.csv"
    path.write_text(
        "Part,PICTURES,Recipe\n7283-1055,a,pca.toml\n=1+1,b,wrong.toml\n"
        "7283-1056,b,pca.toml\n7283-1057,few,pca.toml\n7283-1058,none,\n"
    )
    return path


def listed(out):
    with (out / "learned.csv").open(encoding="utf-8-sig", newline="") as content:
        return list(csv.DictReader(content))


def test_a_part_that_fails_is_a_row_with_its_reason(table, tmp_path):
    out = tmp_path / "out"
    done = run("archive", "learn", table, "--out", out)
    assert done.exit_code == 1 and "Learned 2, kept 0, failed 3" in done.stdout
    assert "7283-1058: " in done.stderr and "Traceback" not in done.stderr
    rows = listed(out)
    assert [row["state"] for row in rows] == ["learned", "failed", "learned", "failed", "failed"]
    assert rows[1]["part"] == "'=1+1" and rows[1]["error"] and not rows[1]["file"]
    assert (rows[0]["good_pictures"], rows[0]["error"]) == ("20", "")
    assert float(rows[0]["promised_false_reject"]) <= 0.1
    assert sorted(path.name for path in out.iterdir()) == [
        "7283-1055.kenpin", "7283-1056.kenpin", "learned.csv"]  # fmt: skip
    assert Inspector.open(out / "7283-1056.kenpin").inspect(tmp_path / "b" / "55.jpg").score > 0
    assert len(Bundle.load(out / "7283-1055.kenpin").provenance.pictures) == 20


def test_what_was_learned_is_kept(table, tmp_path):
    out = tmp_path / "out"
    learn_parts(table, out, Here(1))
    first = (out / "7283-1055.kenpin").read_bytes()
    (out / "7283-1056.kenpin").write_bytes(b"torn")
    again = learn_parts(table, out, Here(1))
    assert [one.state for one in again] == ["kept", "failed", "failed", "failed", "failed"]
    assert (out / "7283-1055.kenpin").read_bytes() == first
    (out / "7283-1056.kenpin").unlink()
    assert [one.state for one in learn_parts(table, out, Here(1))][2] == "learned"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("part,pictures\n../x,a\n", "row 2: '../x' cannot be the name of a file"),
        ("part,pictures\na,a\nA,b\n", "row 3: the part 'A' is in row 2 too"),
        ("part\na\n", "pictures"),
        ("part,pictures,recipes\na,a,x\n", "'recipes' is not known"),
        ("part,pictures\n,a\n", "row 2"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_sentence(content, sentence, tmp_path):
    path = tmp_path / "parts.csv"
    path.write_text(content)
    refused(run("archive", "learn", path, "--out", tmp_path / "out"), sentence)
    assert not (tmp_path / "out").exists()
