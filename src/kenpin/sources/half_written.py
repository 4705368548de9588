"""Pictures that were copied while they were being written: their reader may not notice.

Such a file has its full length, and zeros where nothing was written yet.
"""

import zlib
from typing import Literal

import numpy as np
from PIL import Image, ImageFile

from kenpin.text import Notice
from kenpin.types import Pixels

_LEAST_TAIL = 64  # bytes; packed data has no such run of zeros at its end
_LEAST_ROWS = 3  # some cameras give a black line or two
_MOST_BLACK = 0.01  # of the pixels that were written: with more, black belongs to the picture
_PNG_MARK = b"\x89PNG\r\n\x1a\n"
_PNG_LAST = b"IEND"
_END_OF_JPEG = b"\xff\xd9"

Order = Literal["down", "up"]


def check_content(content: bytes, kind: str | None) -> None:
    """Raise ValueError for the file of a packed picture that is damaged or misses its end."""
    if kind == "PNG":
        _check_chunks(content)
    if kind not in ("JPEG", "MPO", "WEBP"):
        return
    written = content.rstrip(b"\0")
    tail = len(content) - len(written)
    if tail >= _LEAST_TAIL and (kind == "WEBP" or not written.endswith(_END_OF_JPEG)):
        raise ValueError(Notice("half_written", share=tail / len(content)))


def order_of_rows(image: Image.Image) -> Order | None:
    """In which order a file holds its pixels as they are; None: packed. image: not yet loaded."""
    if not isinstance(image, ImageFile.ImageFile) or image.format not in ("BMP", "TIFF"):
        return None
    if not image.tile or any(codec != "raw" for codec, *_ in image.tile):
        return None
    arguments = image.tile[0][3]
    upwards = isinstance(arguments, tuple) and arguments[-1] == -1
    return "up" if upwards else "down"


def check_pixels(pixels: Pixels, order: Order) -> None:
    """Raise ValueError where the last rows of the file are zero, and hardly anything before them.

    pixels: (H, W) or (H, W, 3) as they lie in the file, whose rows go up or down.
    """
    height, width = pixels.shape[:2]
    black = pixels.reshape(height, width, -1).max(axis=2) == 0
    in_file = black[:: -1 if order == "up" else 1].ravel()
    tail = int(np.argmin(in_file[::-1]))
    if tail < _LEAST_ROWS * width or in_file[: len(in_file) - tail].mean() > _MOST_BLACK:
        return
    raise ValueError(Notice("half_written", share=tail / (height * width)))


def _check_chunks(content: bytes) -> None:
    """Every chunk of a PNG has its checksum; its reader looks at some of them only."""
    place = len(_PNG_MARK)
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        end = place + 8 + length
        kind, told = content[place + 4 : place + 8], content[end : end + 4]
        if zlib.crc32(memoryview(content)[place + 4 : end]) != int.from_bytes(told, "big"):
            raise ValueError(Notice("png_checksum"))
        if kind == _PNG_LAST:
            return
        place = end + 4
    raise ValueError(Notice("png_end"))
