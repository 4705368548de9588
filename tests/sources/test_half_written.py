"""Pictures that were copied while they were being written."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from conftest import good_pictures
from kenpin.errors import PictureError
from kenpin.sources.picture import read_picture

SIZE = (96, 128)


def encoded(pixels, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def colour():
    noise = np.random.default_rng(0).integers(20, 220, (*SIZE, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


@pytest.mark.parametrize("pixels", [good_pictures(1, 0, SIZE)[0], colour()], ids=["grey", "rgb"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("written", [0.3, 0.5, 0.9])
def test_a_tail_of_zeros_is_refused(tmp_path, kind, pixels, written):
    path = tmp_path / f"a.{kind.lower()}"
    content = encoded(pixels, kind)
    path.write_bytes(content)
    assert read_picture(path).size == SIZE
    end = int(written * len(content))
    path.write_bytes(content[:end] + bytes(len(content) - end))
    with pytest.raises(PictureError, match="is damaged"):
        read_picture(path)
    path.write_bytes(content[:end])
    with pytest.raises(PictureError, match="is damaged"):
        read_picture(path)


def test_16_bit_raw_tiff_with_a_tail_of_zeros_is_refused(tmp_path):
    deep = good_pictures(1, 0, SIZE)[0].astype(np.uint16) * 16
    content = encoded(deep, "TIFF")
    (tmp_path / "a.tif").write_bytes(content)
    assert read_picture(tmp_path / "a.tif").pixels.max() == deep.max()
    half = len(content) // 2
    (tmp_path / "a.tif").write_bytes(content[:half] + bytes(len(content) - half))
    with pytest.raises(PictureError, match="its last 50 % was never written"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_black_that_belongs_to_the_picture_is_no_reason(tmp_path, kind):
    """A part on a black ground, black lines at the edge, and a picture that is black all over."""
    part = np.zeros(SIZE, np.uint8)
    part[20:50, 30:90] = 180
    lines = good_pictures(1, 0, SIZE)[0].copy()
    lines[:4] = lines[-4:] = 0
    half = good_pictures(1, 1, SIZE)[0].copy()
    half[:40] = half[70:] = 0
    mask = np.repeat(np.uint8([255, 0]), 48)[:, None] * np.ones((1, 128), np.uint8)
    for number, pixels in enumerate((part, lines, half, mask, np.zeros(SIZE, np.uint8))):
        path = tmp_path / f"{number}.{kind.lower()}"
        path.write_bytes(encoded(pixels, kind))
        assert np.array_equal(read_picture(path).pixels, pixels)


def test_every_checksum_of_a_png_counts(tmp_path):
    content = bytearray(encoded(colour(), "PNG"))
    place = content.index(b"IDAT")
    length = int.from_bytes(content[place - 4 : place], "big")
    content[place + 4 + length] ^= 1  # of the checksum itself: the pixels are as they were
    (tmp_path / "a.png").write_bytes(content)
    with Image.open(io.BytesIO(content)) as image:
        image.load()  # the library alone does not mind
    with pytest.raises(PictureError, match="a checksum is wrong"):
        read_picture(tmp_path / "a.png")


def test_a_jpeg_with_something_behind_its_end_is_whole(tmp_path):
    content = encoded(colour(), "JPEG")
    (tmp_path / "a.jpg").write_bytes(content + bytes(4096))
    assert read_picture(tmp_path / "a.jpg").size == SIZE


def test_bytes_that_were_never_written_are_found_whatever_colour_they_are(tmp_path):
    """Of a palette, and where zero is white."""
    with Image.fromarray(colour()) as image:
        buffer = io.BytesIO()
        image.quantize(64).save(buffer, "BMP")
    content = buffer.getvalue()
    (tmp_path / "a.bmp").write_bytes(content)
    assert read_picture(tmp_path / "a.bmp").size == SIZE
    (tmp_path / "a.bmp").write_bytes(content[:7001] + bytes(len(content) - 7001))
    with pytest.raises(PictureError, match="was never written"):
        read_picture(tmp_path / "a.bmp")
