"""Each kind of file gives the pixels that were put into it, or is refused with one sentence."""

import subprocess
import sys

import numpy as np
import pytest
from kinds import KINDS, READ_16, deep, grey

from helpers import connectors, refused, run
from kenpin.errors import PictureError
from kenpin.exports import export
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.sources import read_header, read_picture

RNG = np.random.default_rng(4)
SIZE = 40, 64


def smooth_colour(size=SIZE):
    """(H, W, 3) uint8 without edges, so that lossy formats hardly change it."""
    y, x = np.mgrid[: size[0], : size[1]]
    return np.stack([40 + 2 * x, 60 + 3 * y, 200 - x - y], axis=2).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_is_read_rightly_or_refused(kind, tmp_path):
    path, rgb = tmp_path / kind.file, smooth_colour()
    kind.make(path, rgb)
    if kind.code:
        with pytest.raises(PictureError) as error:
            read_picture(path)
        assert error.value.code == kind.code
        return
    picture, header = read_picture(path), read_header(path)
    assert picture.size == header.size == SIZE
    assert picture.pixels.dtype == (np.uint16 if kind.bits == READ_16 else np.uint8)
    assert header.wide or picture.pixels.dtype == np.uint8
    wanted = grey(rgb) if kind.grey else rgb
    wanted = deep(wanted) if kind.bits == READ_16 else wanted
    found = picture.pixels
    if kind.grey and found.ndim == 3:  # a palette is read as colour
        found = found[..., 0]
    rows = slice(0, -1) if "alpha" in kind.file else slice(None)
    apart = np.abs(found[rows].astype(int) - wanted[rows])
    assert found.shape == wanted.shape and apart.max() <= kind.most


def test_what_is_transparent_lies_over_black_and_padding_is_ignored(tmp_path):
    rgb = smooth_colour()
    half = np.full(SIZE, 255, np.uint8)
    half[:, 32:] = 128
    picture = read_picture(np.dstack([rgb, half]))
    np.testing.assert_array_equal(picture.pixels[:, :32], rgb[:, :32])
    np.testing.assert_allclose(picture.pixels[:, 32:], rgb[:, 32:] * (128 / 255), atol=0.51)
    assert [note.code for note in picture.notes] == ["note_alpha"]
    for alike in (0, 255):
        padded = read_picture(np.dstack([rgb, np.full(SIZE, alike, np.uint8)]))
        np.testing.assert_array_equal(padded.pixels, rgb)
        assert padded.notes == ()


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"\x93NUMPY\x01\x00", "damaged"), (b"\x93NUMPY\x09\x00v\x00", "damaged")],
)
def test_a_damaged_array_file_gets_one_sentence(content, expected, tmp_path):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(PictureError, match=expected):
        read_picture(tmp_path / "a.npy")


def test_an_array_file_is_not_read_before_it_is_checked(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.save(tmp_path / "short.npy", np.zeros((40, 40), np.uint8))
    whole = (tmp_path / "short.npy").read_bytes()
    (tmp_path / "short.npy").write_bytes(whole[:-100])
    huge = whole.replace(b"(40, 40)", b"(2000000000, 2)").replace(b" " * 8, b"", 1)
    (tmp_path / "huge.npy").write_bytes(huge)
    for name in ("objects", "short", "huge"):
        with pytest.raises(PictureError):
            read_picture(tmp_path / f"{name}.npy")


@pytest.fixture(scope="module")
def colour_part():
    return learn([np.repeat(one[..., None], 3, axis=2) for one in connectors(14)])


LIKE_THE_PART = [kind for kind in KINDS if not kind.code and kind.most <= 1]


def test_every_exact_kind_gets_the_verdict_of_the_same_pixels(colour_part, tmp_path):
    inspector = Inspector(colour_part)
    pixels = np.repeat(connectors(1, first=700)[0][..., None], 3, axis=2)
    pixels[-1] = 0  # where one kind is transparent
    wanted = inspector.inspect(pixels)
    assert len(LIKE_THE_PART) > 25
    for kind in LIKE_THE_PART:
        path = tmp_path / kind.file
        kind.make(path, pixels)
        verdict = inspector.inspect(path)
        assert verdict.outcome is wanted.outcome, kind
        # 16 bits are resized with less rounding than 8.
        assert verdict.score == pytest.approx(
            wanted.score, rel=2e-2 if kind.bits == READ_16 else 1e-6
        )


def test_a_folder_of_all_kinds_is_checked_learned_and_judged(tmp_path):
    """Each good picture in another kind; those that are refused are named, and left out."""
    good = tmp_path / "good"
    good.mkdir()
    for kind, pixels in zip(KINDS, connectors(len(KINDS)), strict=True):
        kind.make(good / kind.file, np.repeat(pixels[..., None], 3, axis=2))
    readable = [kind for kind in KINDS if not kind.code]
    learned = run("learn", good, "-o", tmp_path / "p.kenpin", "--model", "pca")
    assert learned.exit_code == 0, learned.output
    assert f"good pictures used: {len(readable)}" in learned.stdout
    judged = run("inspect", tmp_path / "p.kenpin", good, "--json")
    assert judged.stdout.count('"picture"') == len(KINDS)
    checked = run("check", good, "--json")
    assert checked.exit_code == 1
    for kind in KINDS:
        if kind.code:
            assert kind.file in checked.stdout
    refused(run("inspect", tmp_path / "p.kenpin", good / "12.jpg"), "12 bits", "PNG or TIFF")


def test_a_report_and_the_example_of_an_export_take_every_kind(colour_part, tmp_path):
    """The example takes arrays, so what was read is given to it."""
    pytest.importorskip("onnx")
    colour_part.save(tmp_path / "p.kenpin")
    pixels = np.repeat(connectors(1, first=700)[0][..., None], 3, axis=2)
    test = tmp_path / "set" / "test"
    for name in ("good", "bad"):
        (test / name).mkdir(parents=True)
    for number, kind in enumerate(kind for kind in KINDS if not kind.code):
        kind.make(test / ("good" if number % 2 else "bad") / kind.file, pixels)
    done = run("evaluate", tmp_path / "p.kenpin", tmp_path / "set", "--report", tmp_path / "r")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "r" / "report.html").stat().st_size > 50_000
    export(colour_part, tmp_path / "m", [pixels])
    wanted = Inspector(colour_part).inspect(pixels).outcome.value
    for kind in (LIKE_THE_PART[0], LIKE_THE_PART[len(LIKE_THE_PART) // 2]):
        path = tmp_path / kind.file
        kind.make(path, pixels)
        read = read_picture(path).pixels
        np.save(tmp_path / "one.npy", (read if read.ndim == 2 else read[..., 0])[..., None])
        found = subprocess.run(
            [sys.executable, tmp_path / "m" / "example.py", tmp_path / "one.npy"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert found.stdout.startswith(wanted)
