"""Pictures that were copied while they were being written: their reader may not notice.

Such a file has its full length, and zeros where nothing was written yet.
"""

import zlib

import numpy as np
from PIL import Image, ImageFile

from kenpin.text import Notice

_LEAST_TAIL = 64  # bytes; packed data has no such run of zeros at its end
_LEAST_ROWS = 3  # some cameras give a black line or two
_MOST_BLACK = 0.01  # of the pixels that were written: with more, black belongs to the picture
_PIXEL = 9  # bytes: more than any pixel has
_PNG_MARK = b"\x89PNG\r\n\x1a\n"
_PNG_LAST = b"IEND"
_END_OF_JPEG = b"\xff\xd9"


def check_content(content: bytes, kind: str | None) -> None:
    """Raise ValueError for the file of a packed picture that is damaged or misses its end."""
    if kind == "PNG":
        _check_chunks(content)
    if kind not in ("JPEG", "MPO", "WEBP"):
        return
    if kind == "WEBP":  # what lies behind its end is not of it
        content = content[: 8 + int.from_bytes(content[4:8], "little")]
    written = content.rstrip(b"\0")
    tail = len(content) - len(written)
    if tail >= _LEAST_TAIL and (kind == "WEBP" or not written.endswith(_END_OF_JPEG)):
        raise ValueError(Notice("half_written", share=tail / len(content)))


def check_rows(image: Image.Image, content: bytes) -> None:
    """Raise ValueError where the pixels in the file end in zeros that were never written.

    Of BMP and TIFF with pixels as they are. Black rows of a picture begin where a row does; what
    was not written begins anywhere. image: not yet loaded. content: of its file.
    """
    stride = _stride(image)
    if stride is None or not isinstance(image, ImageFile.ImageFile):
        return
    tiles = sorted(image.tile, key=lambda tile: tile[2])
    ends = [tile[2] for tile in tiles[1:]] + [len(content)]
    parts = []
    for (_, box, start, _), end in zip(tiles, ends, strict=True):
        if box is None:
            return
        parts.append(content[start : min(end, start + stride * (box[3] - box[1]))])
    stored = np.frombuffer(b"".join(parts), np.uint8)
    nothing = stored == 0
    if nothing.all():
        return
    tail = int(np.argmin(nothing[::-1]))
    begins = (len(stored) - tail) % stride  # a few zeros may belong to the pixel before
    if tail < _LEAST_ROWS * stride or begins == 0 or stride - begins < _PIXEL:
        return
    whole = stored[: (len(stored) - tail) // stride * stride].reshape(-1, stride)
    width = image.width * (stride // image.width) if stride >= image.width else stride
    pixels = whole[:, :width].reshape(len(whole), image.width, -1) if width else whole
    if len(whole) and float((pixels.max(axis=2) == 0).mean()) > _MOST_BLACK:
        return
    raise ValueError(Notice("half_written", share=tail / len(stored)))


def _stride(image: Image.Image) -> int | None:
    """Bytes of a row in the file; None where its pixels are packed, or smaller than a byte."""
    if not isinstance(image, ImageFile.ImageFile) or image.format not in ("BMP", "TIFF"):
        return None
    if not image.tile or any(codec != "raw" for codec, *_ in image.tile) or image.mode == "1":
        return None
    arguments = image.tile[0][3]
    raw = arguments[0] if isinstance(arguments, tuple) else arguments
    if image.format == "BMP":
        return int(arguments[1]) if isinstance(arguments, tuple) else None
    bands = {"L": 1, "P": 1, "RGB": 3, "RGBA": 4, "CMYK": 4}.get(image.mode)
    if image.mode.startswith("I;16") or ";16" in str(raw):
        return 2 * image.width * (bands or 1)
    return None if bands is None else bands * image.width


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
