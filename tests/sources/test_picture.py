import warnings
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image

from kenpin.errors import OutputError, PictureError
from kenpin.sources.picture import encode, read_header, read_picture, write_png
from kenpin.system.files import write_atomically
from kenpin.text import Notice
from kenpin.types import Picture

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (20, 30, 3), np.uint8)
GREY = RGB[:, :, 0]


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "端子 その1.png"])
@pytest.mark.parametrize("pixels", [RGB, GREY], ids=["rgb", "grey"])
def test_lossless_formats_give_back_their_pixels(tmp_path, name, pixels):
    options = {"lossless": True} if name.endswith("webp") else {}
    Image.fromarray(pixels).save(tmp_path / name, **options)
    picture = read_picture(tmp_path / name)
    expected = pixels
    if name.endswith("webp") and pixels.ndim == 2:  # WebP has no grey
        expected = np.repeat(pixels[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.notes == ()


def test_jpeg_is_read_in_rgb_order(tmp_path):
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(tmp_path / "red.jpg")
    mean = read_picture(tmp_path / "red.jpg").pixels.mean(axis=(0, 1))
    assert mean[0] > 250 and mean[1:].max() < 5


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_keeps_its_depth(tmp_path, suffix):
    deep = RNG.integers(0, 65536, (12, 14), np.uint16)
    cv2.imwrite(str(tmp_path / f"deep.{suffix}"), deep)
    picture = read_picture(tmp_path / f"deep.{suffix}")
    np.testing.assert_array_equal(picture.pixels, deep)
    assert picture.pixels.dtype == np.uint16
    assert picture.notes == ()


def test_what_is_transparent_is_laid_over_black_and_noted(tmp_path):
    alpha = RNG.integers(0, 256, (20, 30, 1), np.uint8)
    Image.fromarray(np.concatenate([RGB, alpha], axis=2)).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    np.testing.assert_allclose(picture.pixels, RGB * (alpha / 255), atol=0.51)
    assert picture.notes == (Notice("note_alpha"),)


def test_exif_orientation_is_obeyed(tmp_path):
    image = Image.fromarray(RGB)
    exif = image.getexif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to see it upright
    image.save(tmp_path / "turned.png", exif=exif)
    picture = read_picture(tmp_path / "turned.png")
    np.testing.assert_array_equal(picture.pixels, np.rot90(RGB, -1))
    assert read_header(tmp_path / "turned.png").size == picture.size == (30, 20)


def test_palette_and_bilevel_pictures_are_read(tmp_path):
    Image.fromarray(RGB).quantize(8).save(tmp_path / "palette.png")
    assert read_picture(tmp_path / "palette.png").pixels.shape == RGB.shape
    Image.fromarray(GREY > 128).save(tmp_path / "bilevel.png")
    np.testing.assert_array_equal(
        read_picture(tmp_path / "bilevel.png").pixels, (GREY > 128) * np.uint8(255)
    )


def test_the_hash_is_of_the_pixels_not_of_the_file(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    Image.fromarray(RGB).save(tmp_path / "b.bmp")
    other = RGB.copy()
    other[0, 0, 0] ^= 1
    assert read_picture(tmp_path / "a.png").hash == read_picture(tmp_path / "b.bmp").hash
    assert read_picture(RGB).hash == read_picture(tmp_path / "a.png").hash
    assert read_picture(other).hash != read_picture(RGB).hash
    grey_as_rgb = np.repeat(GREY[:, :, None], 3, axis=2)
    assert read_picture(grey_as_rgb).hash == read_picture(GREY).hash
    assert read_picture(RGB.reshape(30, 20, 3)).hash != read_picture(RGB).hash


def damaged(content):
    return content[: len(content) // 2]


BAD_FILES = {
    "empty.png": (b"", "is empty"),
    "text.png": (b"this is not a picture", "not a picture that kenpin reads"),
    "half.png": (damaged(encode(RGB, "PNG")), "is damaged"),
    "half.jpg": (damaged(encode(np.tile(RGB, (8, 8, 1)), "JPEG")), "is damaged"),
    "animation.gif": (b"GIF89a" + bytes(40), "not a picture that kenpin reads"),
    "tiny.png": (encode(RGB[:2, :2], "PNG"), "needs at least 4x4"),
    "float.tif": (encode(GREY.astype(np.float32), "TIFF"), "floating point"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gets_one_sentence_with_its_name(tmp_path, name):
    content, expected = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PictureError, match=expected) as caught:
        read_picture(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fuzzed_files_are_read_or_refused_in_one_sentence(tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP"):
        content = encode(RGB, kind)
        for _ in range(150):
            fuzzed = bytearray(content)
            for place in rng.integers(0, min(len(fuzzed), 200), 3):
                fuzzed[place] = rng.integers(256)
            (tmp_path / "f").write_bytes(fuzzed)
            for read in (read_header, read_picture):
                try:
                    read(tmp_path / "f")
                except PictureError as error:
                    assert "\n" not in str(error)


def test_reading_leaves_the_warnings_of_the_program_alone(tmp_path):
    before = list(warnings.filters)
    write_png(tmp_path / "a.png", RGB)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read_picture, [tmp_path / "a.png"] * 50))
    assert warnings.filters == before


def test_16_bit_colour_keeps_its_depth(tmp_path):
    cv2.imwrite(str(tmp_path / "deep.png"), RGB[:, :, ::-1].astype(np.uint16) * 257)
    picture = read_picture(tmp_path / "deep.png")
    np.testing.assert_array_equal(picture.pixels, RGB.astype(np.uint16) * 257)
    assert picture.notes == ()


def test_many_pages_missing_files_and_folders_are_refused(tmp_path):
    pages = [Image.fromarray(GREY), Image.fromarray(GREY)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    for path, expected in (
        (tmp_path / "pages.tif", "holds 2 pages"),
        (tmp_path / "missing.png", "does not exist"),
        (tmp_path, "is not a file"),
    ):
        with pytest.raises(PictureError, match=expected):
            read_picture(path)


def test_a_picture_too_large_to_decode_is_refused_from_its_header(tmp_path):
    # A one-colour PNG of 20,000 x 20,000 pixels is a small file and 400 MB in memory.
    Image.new("1", (20_000, 20_000)).save(tmp_path / "huge.png")
    with pytest.raises(PictureError, match="more than the"):
        read_picture(tmp_path / "huge.png")


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.zeros((8, 8)), "must be uint8 or uint16"),
        (np.zeros((8, 8, 2), np.uint8), "must be"),
        (np.zeros(8, np.uint8), "must be"),
        (np.zeros((8, 0, 3), np.uint8), "at least"),
    ],
)
def test_a_bad_array_is_refused(array, expected):
    with pytest.raises(PictureError, match=expected):
        read_picture(array)


def test_arrays_and_pictures_are_taken_as_they_are():
    np.testing.assert_array_equal(read_picture(GREY[:, :, None]).pixels, GREY)
    picture = Picture(RGB, "mine")
    assert read_picture(picture) is picture


def test_writing_is_all_or_nothing(tmp_path):
    write_png(tmp_path / "a.png", RGB)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, RGB)
    with pytest.raises(OutputError, match="does not exist"):
        write_atomically(tmp_path / "no" / "a", b"x")
    with pytest.raises(OutputError, match="it is a folder"):
        write_atomically(tmp_path, b"x")
    write_atomically(tmp_path / "a.png", b"new")
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "a"
    target.write_bytes(b"old")

    def interrupt(self, other):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
