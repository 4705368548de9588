"""Tables of pictures, CSV and Excel."""

import tracemalloc
import zipfile
from dataclasses import replace

import openpyxl
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
    kept = replace(kenpin.Bundle.load(part), sight=None)  # which only the command measures
    assert kept.to_bytes() == kenpin.learn(tmp_path / "学習").to_bytes()
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
        (table("d.csv", b"\xff\xfe\x00\x81"), "has no row"),
        (table("d2.csv", b"file,label\n\x81\x01"), "neither UTF-8 nor UTF-16 nor Shift-JIS"),
        (table("e.csv", b"file,label\n1.png,\n"), "nothing in the column 'label' of row 2"),
    ):
        with pytest.raises(DatasetError, match=match):
            find_labelled(path)
    refused(run("learn", tmp_path / "b.csv", "-o", tmp_path / "a.kenpin"), "has no column")


ROWS = [("000.png", "OK"), ("001.png", "OK"), ("002.png", "NG")]


def as_text(rows, separator=",", header=("path", "label")):
    return "\r\n".join(separator.join(row) for row in (header, *rows)) + "\r\n"


@pytest.mark.parametrize(
    "content",
    [
        as_text(ROWS, ";").encode(),
        as_text(ROWS, "\t").encode("utf-16"),
        as_text(ROWS).encode("utf-16-le"),
        as_text(ROWS).encode("utf-16-be"),
        b"sep=;\r\n" + as_text(ROWS, ";").encode(),
        as_text(ROWS, header=(" Path ", "LABEL")).encode(),
        as_text(ROWS, header=("ＰＡＴＨ", "判定")).encode("cp932"),
        as_text([(f'"{name}"', f'"{truth}"') for name, truth in ROWS]).encode(),
        as_text([(rf".\{name}", truth) for name, truth in ROWS]).encode(),
        (as_text(ROWS) + ",\r\n,\r\n").encode(),
        *(
            as_text([(name, words[truth == "NG"]) for name, truth in ROWS]).encode("utf-8-sig")
            for words in (("○", "×"), ("〇", "×"), ("合", "否"), ("PASS", "FAIL"), ("０", "１"))
        ),
    ],
    ids=range(15),
)
def test_tables_of_every_program_are_read(tmp_path, content):
    write_pictures(tmp_path, good_pictures(3))
    (tmp_path / "t.csv").write_bytes(content)
    assert [path.name for path in find_good(tmp_path / "t.csv")] == ["000.png", "001.png"]


def test_what_cannot_be_meant_is_one_sentence(tmp_path):
    write_pictures(tmp_path, good_pictures(3))
    for number, (content, match) in enumerate((
        (b"path,label\n000.png,OK\n\0\n", "bytes that are no text"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old kind"),
        (as_text(ROWS, header=("path", "Path")).encode(), "two columns of one name"),
        (as_text([*ROWS, ("./000.png", "NG")]).encode(), "good and not good, in rows 2 and 5"),
        (b"path,label\na,b.png,OK\n", "more cells in row 2 than its 2 columns"),
        (b"path,label\n\n\n../x.png,OK\n", r"names \.\./x\.png in row 4, which is not below"),
        (b"path,label\nD:\\x.png,OK\n", "not below the folder"),
        (b"path,label\n/etc/x.png,OK\n", "not below the folder"),
        (b"path,label\n000.png,TRUE\n001.png,FALSE\n", "says TRUE, FALSE: say which"),
    )):  # fmt: skip
        table = tmp_path / f"{number}.csv"
        table.write_bytes(content)
        with pytest.raises(DatasetError, match=match):
            find_good(table)
    for name in ("t.xls", "t.ods"):
        (tmp_path / name).write_bytes(b"anything")
        with pytest.raises(DatasetError, match=r"save it as \.xlsx or \.csv"):
            find_good(tmp_path / name)


def test_an_outer_picture_is_read_when_it_is_allowed_and_one_below_by_its_whole_path(tmp_path):
    inner = tmp_path / "inner"
    write_pictures(tmp_path, good_pictures(12))
    write_pictures(inner, good_pictures(1, first=50))
    (inner / "out.csv").write_text("path\n" + "".join(f"../{n:03}.png\n" for n in range(12)))
    refused(run("learn", inner / "out.csv", "-o", tmp_path / "a.kenpin"), "--outside", "row 2")
    given = ["learn", inner / "out.csv", "-o", tmp_path / "a.kenpin", "--model", "pca"]
    assert run(*given, "--outside").exit_code == 0
    (inner / "in.csv").write_text(f"path\n{inner / '000.png'}\n")
    assert find_good(inner / "in.csv") == [inner / "000.png"]


def test_a_workbook_is_refused_by_its_size_before_it_is_read(tmp_path, monkeypatch):
    """A few kilobytes may unpack to gigabytes, and a sheet may claim a million columns."""
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(2**26 + 1))
    assert bomb.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(DatasetError, match="unpacks to more than 64 MB"):
        find_good(bomb)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()
    monkeypatch.setattr("kenpin.sources.table_file._MOST_ROWS", 5)
    with pytest.raises(DatasetError, match="more than 5 rows"):
        find_good(excel(tmp_path / "long.xlsx", [["path"], *(["000.png"] for _ in range(9))]))
    with (tmp_path / "large.csv").open("wb") as file:  # a hole: it takes no place on the disk
        file.truncate(2**26 + 1)
    with pytest.raises(DatasetError, match="64 MB, more than the 64 MB"):
        find_good(tmp_path / "large.csv")
    with (tmp_path / "large-idx3-ubyte").open("wb") as file:
        file.truncate(2**28 + 2**20)
    with pytest.raises(DatasetError, match="257 MB, more than the 256 MB"):
        find_good(tmp_path / "large-idx3-ubyte")


def test_what_would_lose_rows_in_silence_is_refused(tmp_path):
    write_pictures(tmp_path, good_pictures(3))
    for number, (content, match) in enumerate((
        ('path,note\n000.png,ok\n001.png,"5 inch\n002.png,x\n', "row 3 has a quote"),
        ("path,file\n000.png,001.png\n", "two columns that may be meant .*--column file=NAME"),
        ("path,label,判定\n000.png,0,NG\n", "two columns that may be meant"),
        ("path,result\n000.png,OK\n001.png,NG\n", "--column truth=result"),
        ("sep=;;|\npath;label\n", "names no separator"),
    )):  # fmt: skip
        table = tmp_path / f"{number}.csv"
        table.write_text(content, "utf-8")
        with pytest.raises(DatasetError, match=match):
            find_good(table)
    workbook = openpyxl.Workbook()
    for sheet in (workbook.active, workbook.create_sheet(), workbook.create_sheet("notes")):
        rows = [["path"], ["000.png"]] if sheet.title != "notes" else [["made by"], ["Sato"]]
        for row in rows:
            sheet.append(row)
    workbook.save(tmp_path / "two.xlsx")
    with pytest.raises(DatasetError, match="several sheets are tables of pictures"):
        find_good(tmp_path / "two.xlsx")


def test_headers_with_what_nobody_sees_are_known(tmp_path):
    write_pictures(tmp_path, good_pictures(3))
    table = tmp_path / "t.csv"
    for text in ("\ufeff\ufeffpath,label\u200b\n000.png,OK\n001.png,NG\n",
                 '"sep=;"\r\npath;label\r\n000.png;OK\r\n001.png;NG\r\n'):  # fmt: skip
        table.write_text(text, "utf-8")
        assert [path.name for path in find_good(table)] == ["000.png"]
    table.write_bytes("ファイル,判定\n000.png,良品\n001.png,不良\n".encode("utf-16-le"))
    assert [path.name for path in find_good(table)] == ["000.png"]
