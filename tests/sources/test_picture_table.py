"""Tables of pictures, CSV and Excel."""

import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import excel, refused, run
from kenpin.errors import DatasetError
from kenpin.sources.find import find_good, find_labelled
from kenpin.sources.picture_table import Layout, read_table


@pytest.fixture
def tables(tmp_path):
    """The published layout: OK only to learn, both to test."""
    write_pictures(tmp_path / "学習", good_pictures(20))
    write_pictures(tmp_path / "検査", good_pictures(4, first=800))
    learning = [["dirname", "out_sianame"], *(["学習", f"{n:03}.png"] for n in range(20))]
    testing = [["dirname", "label", "out_sianame"]]
    testing += [["検査", label, f"{n:03}.png"] for n, label in enumerate([0, 1, 0.0, 2])]
    return excel(tmp_path / "ok.xlsx", learning), excel(tmp_path / "test.xlsx", testing)


def test_the_published_layout_is_learned_and_evaluated(tables, tmp_path):
    learning, testing = tables
    assert len(find_good(learning)) == 20
    assert [(item.kind, item.source.name) for item in find_labelled(testing)] == [
        ("good", "000.png"), ("good", "002.png"), ("1", "001.png"), ("2", "003.png"),
    ]  # fmt: skip
    part = tmp_path / "a.kenpin"
    assert run("learn", learning, "-o", part).exit_code == 0
    assert kenpin.Bundle.load(part).to_bytes() == kenpin.learn(tmp_path / "学習").to_bytes()
    assert [path.name for path in find_good(testing)] == [
        "000.png",
        "002.png",
    ]  # the good ones only
    done = run("evaluate", part, testing)
    assert done.exit_code == 0 and "False rejects: " in done.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_csv_in_the_usual_encodings(tmp_path, encoding):
    write_pictures(tmp_path / "良品", good_pictures(3))
    (tmp_path / "表.csv").write_text("path,品番\n良品/000.png,甲\n\n良品/001.png,乙\n", encoding)
    manifest = read_table(tmp_path / "表.csv")
    assert manifest.columns == ("path", "品番") and manifest.column("品番") == ["甲", "乙"]
    assert all((tmp_path / place).is_file() for place in manifest.files(Layout()))


def test_tables_that_cannot_be_used_are_one_sentence(tmp_path):
    def table(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    for path, match in (
        (table("a.csv", b"file,label\n"), "has no row"),
        (table("b.csv", b"name,label\n1.png,0\n"), "has no column that names the pictures"),
        (table("c.xlsx", b"not excel"), "cannot be read as a table"),
        (table("d.csv", b"\xff\xfe\x00\x81"), "neither UTF-8 nor Shift-JIS"),
        (table("e.csv", b"file,label\n1.png,\n"), "nothing in the column 'label' of row 2"),
    ):
        with pytest.raises(DatasetError, match=match):
            find_labelled(path)
    refused(run("learn", tmp_path / "b.csv", "-o", tmp_path / "a.kenpin"), "has no column")
