"""Pictures as factories have them: tables, zips, idx files, names in Japanese."""

import gzip
import json
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

import kenpin
from conftest import good_pictures, write_pictures, write_test_set
from helpers import excel, refused, run, zipped
from kenpin.errors import DatasetError, PictureError
from kenpin.prepare import Depth
from kenpin.sources.find import find_good, find_good_of_labels, find_labelled, find_pictures
from kenpin.sources.picture import encode, read_header, read_picture
from kenpin.sources.picture_table import Layout
from kenpin.sources.zip_file import Zip, ZipMember


def idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    content = header + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def same_part(one, other):
    """Whether two learned parts judge alike: the same scores of the same pictures."""
    np.testing.assert_array_equal(one.calibration.scores, other.calibration.scores)
    assert one.provenance.pictures == other.provenance.pictures


# --- zip ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "部品/", "a/b/"])
def test_a_zip_is_what_was_packed(tmp_path, mvtec, inside):
    path = zipped(tmp_path / "部品 1.zip", mvtec, inside)
    same_part(kenpin.learn(path), kenpin.learn(mvtec))
    packed, plain = find_labelled(path), find_labelled(mvtec)
    assert [item.kind for item in packed] == [item.kind for item in plain]
    inspector = kenpin.Inspector(kenpin.learn(mvtec))
    one, other = (kenpin.evaluate(inspector, given) for given in (path, mvtec))
    assert one.to_dict() == other.to_dict() and one.aupro is not None
    assert one.verdicts[0].picture.startswith(f"{path}/{inside}test/good")


def test_a_zip_is_inspected_from_the_command_line_and_its_pictures_drawn(part, tmp_path):
    folder = write_pictures(tmp_path / "新しい", good_pictures(2, first=900))
    path = zipped(tmp_path / "a.zip", folder)
    done = run("inspect", part, path, "--json", "--pictures", tmp_path / "shown")
    names = [json.loads(line)["picture"] for line in done.stdout.splitlines()]
    assert names == [f"{path}/000.png", f"{path}/001.png"]
    assert sorted(p.name for p in (tmp_path / "shown").rglob("*.png")) == ["000.png", "001.png"]


def test_names_packed_by_windows_in_japan_are_read(tmp_path):
    """Without the flag for UTF-8, in code page 932: the library alone would read them wrongly."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("@@@@@@@@/1.png"), encode(good_pictures(1)[0], "PNG"))
    path.write_bytes(path.read_bytes().replace(b"@@@@@@@@", "端子表示".encode("cp932")))
    (member,) = Zip(path).members.values()
    assert str(member) == f"{path}/端子表示/1.png"
    assert read_header(member).size == (48, 64) and read_picture(member).pixels.shape == (48, 64)


def test_what_is_wrong_with_a_zip_is_one_sentence(tmp_path, part):
    (tmp_path / "no.zip").write_bytes(b"PK no zip")
    with pytest.raises(DatasetError, match="cannot be opened as a zip"):
        find_pictures(tmp_path / "no.zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("notes.txt", "x")
    with pytest.raises(DatasetError, match="holds no picture"):
        find_pictures(tmp_path / "empty.zip")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("1.png", encode(good_pictures(1)[0], "PNG"))
        archive.writestr("2.png", b"")
    content = bytearray((tmp_path / "bad.zip").read_bytes())
    content[60] ^= 255
    (tmp_path / "bad.zip").write_bytes(content)
    for member, words in zip(
        find_pictures(tmp_path / "bad.zip"), ("is damaged", "is empty"), strict=True
    ):
        with pytest.raises(PictureError, match=words):
            read_picture(member)
    refused(run("learn", tmp_path / "no.zip", "-o", tmp_path / "a.kenpin"), "opened as a zip")
    assert run("inspect", part, tmp_path / "bad.zip").exit_code == 2


def test_a_locked_zip_says_so(tmp_path):
    path = zipped(tmp_path / "a.zip", write_pictures(tmp_path / "p", good_pictures(1)))
    content = path.read_bytes()
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag that says locked
        at = content.index(mark) + offset
        content = content[:at] + b"\x01" + content[at + 1 :]
    path.write_bytes(content)
    (member,) = find_pictures(path)
    with pytest.raises(PictureError, match="locked with a password"):
        read_picture(member)


def test_no_member_is_unpacked_beyond_what_kenpin_reads(tmp_path, monkeypatch):
    path = zipped(tmp_path / "a.zip", write_pictures(tmp_path / "p", good_pictures(1)))
    (member,) = find_pictures(path)
    monkeypatch.setattr("kenpin.sources.picture.MOST_OF_A_PICTURE", 100)
    with pytest.raises(PictureError, match="more than the"):
        read_picture(member)


def test_a_zip_with_a_table_and_one_that_names_what_is_not_there(tmp_path):
    folder = write_pictures(tmp_path / "in/学習", good_pictures(12)).parent
    rows = [["dirname", "label", "out_sianame"], *(["学習", 0, f"{n:03}.png"] for n in range(12))]
    excel(folder / "表.xlsx", rows)
    same_part(kenpin.learn(zipped(tmp_path / "a.zip", folder)), kenpin.learn(folder / "学習"))
    excel(folder / "表.xlsx", [*rows, ["学習", 0, "999.png"]])
    with pytest.raises(DatasetError, match=r"names 学習/999.png in row 14, which is not in the"):
        find_pictures(zipped(tmp_path / "b.zip", folder))


# --- idx ---------------------------------------------------------------------------------------


@pytest.fixture
def digits(tmp_path):
    """Thirty pictures of three labels, as MNIST is stored."""
    pictures, labels = np.stack(good_pictures(30)), np.arange(30, dtype=np.uint8) % 3
    idx(tmp_path / "t10k-labels-idx1-ubyte.gz", labels)
    return idx(tmp_path / "t10k-images-idx3-ubyte.gz", pictures), pictures, labels


def test_an_idx_file_is_learned_whole_or_by_its_labels(digits):
    path, pictures, labels = digits
    same_part(kenpin.learn(path), kenpin.learn(list(pictures)))
    ones = find_good(path, Layout(good=("1",)))
    assert [p.name for p in ones] == [f"{path}[{n}]" for n in np.flatnonzero(labels == 1)]
    np.testing.assert_array_equal(ones[0].pixels, pictures[1])
    assert [label for _, label in find_good_of_labels(path, "label")] == [str(n) for n in labels]
    items = find_labelled(path, Layout(good=("2",)))
    assert sum(item.good for item in items) == 10
    assert {item.kind for item in items} == {"good", "0", "1"}


def test_an_idx_file_from_the_command_line(digits, part, tmp_path):
    path, _, _ = digits
    assert run("learn", path, "-o", tmp_path / "a.kenpin", "--good", "1").exit_code == 0
    assert len(kenpin.Bundle.load(tmp_path / "a.kenpin").provenance.pictures) == 10
    refused(run("evaluate", tmp_path / "a.kenpin", path), "say which label is good")
    refused(run("evaluate", tmp_path / "a.kenpin", path, "--good", "1"), "learned from")
    assert run("inspect", part, path, "--pictures", tmp_path / "shown").exit_code in (0, 1)
    assert len(list((tmp_path / "shown").rglob("*.png"))) == 30


def test_a_zip_of_an_idx_file(digits, tmp_path):
    path, pictures, _ = digits
    folder = tmp_path / "packed"
    folder.mkdir()
    for file in path.parent.glob("t10k*"):
        (folder / file.name).write_bytes(file.read_bytes())
    packed = zipped(tmp_path / "a.zip", folder)
    assert len(find_labelled(packed, Layout(good=("0",)))) == 30
    np.testing.assert_array_equal(find_pictures(packed)[5].pixels, pictures[5])


def test_a_damaged_idx_file_is_one_sentence(tmp_path):
    for content in (b"", b"\0\0\x09\x01\0\0\0\x02", b"\0\0\x08\x03\0\0\0\x02", b"\x1f\x8bxxxx"):
        (tmp_path / "x-images-idx3-ubyte").write_bytes(content)
        with pytest.raises(DatasetError, match=r"is not an idx file|is damaged"):
            find_pictures(tmp_path / "x-images-idx3-ubyte")
    idx(tmp_path / "x-labels-idx1-ubyte", np.zeros(3, np.uint8))
    with pytest.raises(DatasetError, match="holds no pictures; name the idx file"):
        find_pictures(tmp_path / "x-labels-idx1-ubyte")


# --- tables ------------------------------------------------------------------------------------


def test_columns_and_good_ones_are_called_as_the_user_says(tmp_path):
    write_pictures(tmp_path / "画像", good_pictures(14))
    lines = [
        "写真,置き場,結果",
        *(f"{n:03}.png,画像,{'ＯＫ' if n < 12 else 'キズ'}" for n in range(14)),
    ]
    (tmp_path / "表.csv").write_text("\n".join(lines), "cp932")
    options = ("--column", "file=写真", "--column", "folder=置き場", "--column", "truth=結果")
    part = tmp_path / "a.kenpin"
    assert run("learn", tmp_path / "表.csv", "-o", part, *options).exit_code == 0
    assert len(kenpin.Bundle.load(part).provenance.pictures) == 12
    layout = Layout("写真", "置き場", "結果", ("キズ",))
    assert [item.source.name for item in find_labelled(tmp_path / "表.csv", layout)][:2] == [
        "012.png", "013.png",
    ]  # fmt: skip
    refused(run("learn", tmp_path / "表.csv", "-o", part), "has no column")
    refused(run("inspect", part, tmp_path / "表.csv", "--column", "写真"), "file=NAME")
    refused(
        run("learn", tmp_path / "表.csv", "-o", part, *options, "--column", "truth=x"), "no column"
    )


def test_the_usual_japanese_columns_are_understood(tmp_path):
    write_pictures(tmp_path / "良品フォルダ", good_pictures(3))
    text = "フォルダ,ファイル名,判定\n" + "".join(
        f"良品フォルダ,{n:03}.png,{word}\n" for n, word in enumerate(("良品", "不良", "OK"))
    )
    (tmp_path / "表.csv").write_text(text, "utf-8-sig")
    assert [item.kind for item in find_labelled(tmp_path / "表.csv")] == ["good", "good", "不良"]


def test_the_published_layout_by_its_name(tmp_path):
    write_pictures(tmp_path / "学習", good_pictures(14))
    rows = [["dirname", "label", "out_sianame"]]
    rows += [["学習", 0.0 if n < 12 else 3, f"{n:03}.png"] for n in range(14)]
    table = excel(tmp_path / "a.xlsx", rows)
    part = tmp_path / "a.kenpin"
    assert run("learn", table, "-o", part, "--layout", "terminals").exit_code == 0
    same_part(kenpin.Bundle.load(part), kenpin.learn(find_good(table)))
    refused(run("learn", table, "-o", part, "--layout", "wires"), "the layouts are terminals")
    (tmp_path / "b.csv").write_text("file,label\nx.png,0\n")
    refused(run("learn", tmp_path / "b.csv", "-o", part, "--layout", "terminals"), "'out_sianame'")


# --- every kind of file ------------------------------------------------------------------------


def test_every_format_is_learned_from_one_folder(tmp_path):
    """PNG, JPEG, BMP, TIFF of 8 and 16 bits and WebP; names in Japanese and with spaces."""
    pictures = good_pictures(14)
    folder = tmp_path / "いろいろな 画像"
    folder.mkdir()
    names = ("a b.png", "端子.jpg", "c.bmp", "d.tif", "e.tiff", "f.webp", "g.jpeg")
    for number, pixels in enumerate(pictures):
        deep = number == 4
        image = Image.fromarray(pixels.astype(np.uint16) * 257 if deep else pixels)
        image.save(folder / f"{number}{names[number % 7]}", quality=100)
    bundle = kenpin.learn(folder)
    assert len(bundle.provenance.pictures) == 14
    assert bundle.preparation.depth == Depth(8, wide=False)


def test_a_path_of_more_than_260_characters(tmp_path, part):
    folder = tmp_path
    for _ in range(6):
        folder = folder / ("長い名前" * 12)
    file = write_pictures(folder, good_pictures(1, first=900)) / "000.png"
    assert len(str(file)) > 260
    assert run("inspect", part, file).exit_code == 0


def test_a_member_of_a_zip_can_be_told_from_another(tmp_path):
    archive = Zip(tmp_path / "a.zip")
    one, same, other = (ZipMember(archive, name, 5) for name in ("a.png", "a.png", "b.png"))
    assert one == same != other and len({one, same, other}) == 2 and one.stem == "a"


def test_a_test_set_in_a_zip_keeps_its_masks(tmp_path):
    write_test_set(tmp_path / "set", "bent", good=2, ng=2, first=500)
    items = find_labelled(zipped(tmp_path / "a.zip", tmp_path / "set"))
    assert [item.mask is not None for item in items] == [False, False, True, True]


def test_good_ones_that_nothing_names_are_not_guessed(tmp_path):
    """Silence would learn NG pictures as good ones."""
    path = idx(tmp_path / "x-images-idx3-ubyte", np.stack(good_pictures(12)))
    with pytest.raises(DatasetError, match="say which label is good"):
        find_good(path, Layout(good=("1",)))
    write_pictures(tmp_path / "p", good_pictures(4))
    (tmp_path / "a.csv").write_text("file,結果\np/000.png,OK\np/001.png,NG\n", "utf-8")
    with pytest.raises(DatasetError, match="has no column"):
        find_good(tmp_path / "a.csv", Layout(good=("OK",)))
    (tmp_path / "b.csv").write_text("file,label\np/000.png,甲\np/001.png,乙\n", "utf-8")
    with pytest.raises(DatasetError, match=r"names no good piece; it says 甲, 乙"):
        find_good(tmp_path / "b.csv")
    assert len(find_good_of_labels(tmp_path / "b.csv", "label")) == 2


def test_labels_of_a_table_are_those_of_its_good_rows(tmp_path):
    write_pictures(tmp_path / "p", good_pictures(4))
    rows = "file,部品,label\n" + "".join(f"p/{n:03}.png,甲,{n % 2}\n" for n in range(4))
    (tmp_path / "a.csv").write_text(rows, "utf-8")
    found = find_good_of_labels(tmp_path / "a.csv", "部品")
    assert [source.name for source, _ in found] == ["000.png", "002.png"]
    items = find_labelled(tmp_path / "a.csv", Layout(part="部品"))
    assert {item.expected for item in items} == {"甲"}


def test_an_idx_file_in_a_folder_called_images_finds_its_labels(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    idx(folder / "t-labels-idx1-ubyte", np.arange(12, dtype=np.uint8) % 2)
    path = idx(folder / "t-images-idx3-ubyte", np.stack(good_pictures(12)))
    assert len(find_good(path, Layout(good=("1",)))) == 6
    packed = zipped(tmp_path / "images.zip", folder)
    assert len(find_good(packed, Layout(good=("1",)))) == 6


def test_a_row_is_counted_as_in_the_table(tmp_path):
    (tmp_path / "a.csv").write_text("file,label\n\n1.png,0\n\n,0\n")
    with pytest.raises(DatasetError, match="'file' of row 5"):
        find_pictures(tmp_path / "a.csv")


def test_odd_zips_are_no_tracebacks(tmp_path):
    picture = encode(good_pictures(1)[0], "PNG")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(".", b"")
        archive.writestr("/".join(["d"] * 2000) + "/1.png", picture)
    assert len(find_pictures(tmp_path / "a.zip")) == 1
    (tmp_path / "bad-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"x" * 99)[:-30] + b"y" * 30)
    with pytest.raises(DatasetError, match="is not an idx file"):
        find_pictures(tmp_path / "bad-images-idx3-ubyte.gz")
    (tmp_path / "long.csv").write_text("file\n" + "x" * 5000 + "\n")
    with pytest.raises(PictureError):
        read_picture(find_pictures(tmp_path / "long.csv")[0])


def test_a_table_in_a_zip_is_not_unpacked_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("kenpin.sources.table_file._MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "file\n" + "x.png\n" * 1000)
    with pytest.raises(DatasetError, match="more than the"):
        find_pictures(tmp_path / "a.zip")
