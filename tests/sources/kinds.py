"""Every kind of file that a camera or a PC writes, made here; docs/pictures.md has the table."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
EXACT, LOSSY = 0, 12  # grey levels of 255 that may differ
READ_8, READ_16 = "8", "16"


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    file: its name, the suffix last. make: writes a picture (H, W, 3) uint8, of 16 bits as 257 times
    that, to a path. bits: that are read; "" where it is refused, with the sentence of this code.
    """

    format: str
    kind: str
    file: str
    make: Callable[[Path, Array], object]
    bits: str = READ_8
    grey: bool = False
    most: int = EXACT
    code: str = ""

    def __str__(self) -> str:
        return self.file


def deep(rgb: Array) -> NDArray[np.uint16]:
    """8 bits -> the same with 16."""
    return rgb.astype(np.uint16) * 257


def grey(rgb: Array) -> NDArray[np.uint8]:
    """Its green channel, as the grey picture of all kinds without colour."""
    return np.ascontiguousarray(rgb[..., 1])


def _pillow(**options: Any) -> Callable[[Path, Array], object]:
    return lambda path, rgb: Image.fromarray(rgb).save(path, **options)


def _pillow_grey(mode: str = "L", **options: Any) -> Callable[[Path, Array], object]:
    return lambda path, rgb: Image.fromarray(grey(rgb)).convert(mode).save(path, **options)


def _opencv(path: Path, rgb: Array) -> object:
    return cv2.imwrite(str(path), deep(rgb)[..., ::-1])


def _tiff(**options: Any) -> Callable[[Path, Array], object]:
    return lambda path, rgb: tifffile.imwrite(path, rgb, photometric="rgb", **options)


def _deep_tiff(**options: Any) -> Callable[[Path, Array], object]:
    return lambda path, rgb: tifffile.imwrite(path, deep(rgb), photometric="rgb", **options)


def _grey_tiff(kind: Any, **options: Any) -> Callable[[Path, Array], object]:
    def make(path: Path, rgb: Array) -> object:
        told = 255 - grey(rgb) if options.get("photometric") == "miniswhite" else grey(rgb)
        values = deep(told) if np.dtype(kind).itemsize > 1 else told
        return tifffile.imwrite(
            path, values.astype(kind), **{"photometric": "minisblack", **options}
        )

    return make


def _planes(path: Path, values: Array) -> object:
    return tifffile.imwrite(
        path, values.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"
    )


def _bmp(path: Path, rgb: Array, bits: int, rows: bytes, **changes: Any) -> object:
    """A bitmap with a header of 40 bytes and these rows."""
    height, width = rgb.shape[:2]
    told = {"height": height, "packed": 0, "palette": b""} | changes
    start = 14 + 40 + len(told["palette"])
    head = struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start)
    colours = len(told["palette"]) // 4
    info = struct.pack("<IiiHHIIiiII", 40, width, told["height"], 1, bits, told["packed"],
                       len(rows), 2835, 2835, colours, 0)  # fmt: skip
    return path.write_bytes(head + info + told["palette"] + rows)


def _bmp_top_down(path: Path, rgb: Array) -> object:
    rows = b"".join(_padded(row[:, ::-1].tobytes()) for row in rgb)
    return _bmp(path, rgb, 24, rows, height=-rgb.shape[0])


def _bmp_555(path: Path, rgb: Array) -> object:
    five = (rgb >> 3).astype(np.uint16)
    words = (five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]).astype("<u2")
    return _bmp(path, rgb, 16, b"".join(_padded(row.tobytes()) for row in words[::-1]))


def _bmp_32(path: Path, rgb: Array) -> object:
    four = np.dstack([rgb[..., ::-1], np.zeros(rgb.shape[:2], np.uint8)])
    return _bmp(path, rgb, 32, four[::-1].tobytes())


def _bmp_rle(path: Path, rgb: Array) -> object:
    palette = b"".join(bytes([n, n, n, 0]) for n in range(256))
    rows = b"".join(
        b"".join(bytes([1, int(value)]) for value in row) + b"\0\0" for row in grey(rgb)[::-1]
    )
    return _bmp(path, rgb, 8, rows + b"\0\1", packed=1, palette=palette)


def _padded(row: bytes) -> bytes:
    return row + b"\0" * (-len(row) % 4)


def _png_of_few_bits(bits: int) -> Callable[[Path, Array], object]:
    def make(path: Path, rgb: Array) -> object:
        levels = grey(rgb) >> (8 - bits)
        rows = [
            b"\0" + np.packbits(np.unpackbits(row[:, None], axis=1)[:, 8 - bits :]).tobytes()
            for row in levels
        ]
        height, width = levels.shape
        head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
        return path.write_bytes(
            b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)
        )

    return make


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _turned(**options: Any) -> Callable[[Path, Array], object]:
    """Stored lying on its side, with the orientation that puts it upright."""

    def make(path: Path, rgb: Array) -> object:
        lying = Image.fromarray(rgb).transpose(Image.Transpose.ROTATE_90)
        if path.suffix == ".tif":
            return lying.save(path, tiffinfo={274: 6}, **options)
        exif = Image.Exif()
        exif[274] = 6
        return lying.save(path, exif=exif, **options)

    return make


def _deep_turned(path: Path, rgb: Array) -> object:
    lying = np.ascontiguousarray(np.rot90(deep(rgb)))
    return tifffile.imwrite(path, lying, photometric="rgb", extratags=[(274, 3, 1, 6, True)])


def _jpeg_12(path: Path, rgb: Array) -> object:
    """A JPEG whose frame says 12 bits; of such a file nothing more is looked at."""
    Image.fromarray(rgb).save(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"\xff\xc0") + 4] = 12
    return path.write_bytes(content)


def _packed_12(path: Path, rgb: Array) -> object:
    rows = [
        np.packbits(
            np.unpackbits(row.astype(">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, 4:].ravel()
        ).tobytes()
        for row in (grey(rgb).astype(np.uint16) << 4)
    ]
    data, (height, width) = b"".join(rows), rgb.shape[:2]
    tags = [(256, 4, width), (257, 4, height), (258, 3, 12), (259, 3, 1), (262, 3, 1),
            (273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, len(data))]  # fmt: skip
    entries = b"".join(
        struct.pack("<HHI", tag, kind, 1)
        + (struct.pack("<HH", value, 0) if kind == 3 else struct.pack("<I", value))
        for tag, kind, value in tags
    )
    folder = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    return path.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(data)) + data + folder)


def _pages(path: Path, rgb: Array) -> object:
    return tifffile.imwrite(path, np.stack([rgb, rgb]), photometric="rgb")


def _array(kind: Any) -> Callable[[Path, Array], object]:
    return lambda path, rgb: np.save(path, deep(rgb) if kind is np.uint16 else rgb.astype(kind))


def _transparent(path: Path, rgb: Array) -> object:
    """All of it seen, but for a row of no use that is seen through."""
    alpha = np.full(rgb.shape[:2], 255, np.uint8)
    alpha[-1] = 0
    return Image.fromarray(np.dstack([rgb, alpha])).save(path)


KINDS = (
    Kind("BMP", "24 bits", "plain.bmp", _pillow()),
    Kind("BMP", "8 bits, grey", "grey.bmp", _pillow_grey(), grey=True),
    Kind("BMP", "top-down", "top-down.bmp", _bmp_top_down),
    Kind("BMP", "run-length packed", "rle.bmp", _bmp_rle, grey=True),
    Kind("BMP", "16 bits, 5-5-5", "555.bmp", _bmp_555, most=8),
    Kind("BMP", "32 bits", "32.bmp", _bmp_32),
    Kind("PNG", "1 bit", "1.png", _png_of_few_bits(1), grey=True, most=128),
    Kind("PNG", "2 bits", "2.png", _png_of_few_bits(2), grey=True, most=64),
    Kind("PNG", "4 bits", "4.png", _png_of_few_bits(4), grey=True, most=16),
    Kind("PNG", "8 bits, grey", "grey.png", _pillow_grey(), grey=True),
    Kind("PNG", "8 bits, colour", "colour.png", _pillow()),
    Kind("PNG", "palette", "palette.png", _pillow_grey("P"), grey=True),
    Kind("PNG", "transparent in places", "alpha.png", _transparent),
    Kind("PNG", "16 bits, grey", "grey16.png",
         lambda p, rgb: Image.fromarray(deep(grey(rgb))).save(p), READ_16, grey=True),
    Kind("PNG", "16 bits, colour", "colour16.png", _opencv, READ_16),
    Kind("PNG", "turned by EXIF", "turned.png", _turned()),
    Kind("JPEG", "baseline", "baseline.jpg", _pillow(quality=95), most=LOSSY),
    Kind("JPEG", "progressive", "progressive.jpg", _pillow(quality=95, progressive=True),
         most=LOSSY),
    Kind("JPEG", "grey", "grey.jpg", _pillow_grey(quality=95), grey=True, most=LOSSY),
    Kind("JPEG", "CMYK", "cmyk.jpg",
         lambda p, rgb: Image.fromarray(rgb).convert("CMYK").save(p, quality=95), most=LOSSY),
    Kind("JPEG", "turned by EXIF", "turned.jpg", _turned(quality=95), most=LOSSY),
    Kind("JPEG", "12 bits", "12.jpg", _jpeg_12, "", code="picture_jpeg"),
    Kind("TIFF", "strips", "strips.tif", _tiff(rowsperstrip=7)),
    Kind("TIFF", "tiles", "tiles.tif", _tiff(tile=(16, 32))),
    Kind("TIFF", "LZW", "lzw.tif", _pillow(compression="tiff_lzw")),
    Kind("TIFF", "ZIP", "zip.tif", _tiff(compression="zlib")),
    Kind("TIFF", "JPEG", "jpeg.tif", _pillow(compression="jpeg", quality=95), most=LOSSY),
    Kind("TIFF", "a plane for each colour", "planes.tif", _planes),
    Kind("TIFF", "white is 0", "white.tif", _grey_tiff(np.uint8, photometric="miniswhite"),
         grey=True),
    Kind("TIFF", "BigTIFF", "big.tif", _tiff(bigtiff=True)),
    Kind("TIFF", "turned", "turned.tif", _turned()),
    Kind("TIFF", "turned, LZW", "turned-lzw.tif", _turned(compression="tiff_lzw")),
    Kind("TIFF", "16 bits, grey", "grey16.tif", _grey_tiff(np.uint16), READ_16, grey=True),
    Kind("TIFF", "16 bits, grey, the upper byte first", "grey16-be.tif",
         _grey_tiff(">u2", byteorder=">"), READ_16, grey=True),
    Kind("TIFF", "16 bits, colour", "colour16.tif", _deep_tiff(), READ_16),
    Kind("TIFF", "16 bits, colour, tiles", "tiles16.tif", _deep_tiff(tile=(16, 32)), READ_16),
    Kind("TIFF", "16 bits, colour, ZIP", "zip16.tif",
         _deep_tiff(compression="zlib", predictor=True), READ_16),
    Kind("TIFF", "16 bits, colour, LZW", "lzw16.tif", _opencv, READ_16),
    Kind("TIFF", "16 bits, colour, turned by 90 degrees", "turned16.tif", _deep_turned, "",
         code="picture_mode"),
    Kind("TIFF", "16 bits, a plane for each colour", "planes16.tif",
         lambda p, rgb: _planes(p, deep(rgb)), "", code="picture_mode"),
    Kind("TIFF", "16 bits, white is 0", "white16.tif",
         _grey_tiff(np.uint16, photometric="miniswhite"), "", grey=True, code="picture_mode"),
    Kind("TIFF", "12 bits packed", "packed12.tif", _packed_12, "", code="picture_mode"),
    Kind("TIFF", "floating point, 32 bits", "float.tif", _grey_tiff(np.float32), "",
         code="picture_mode"),
    Kind("TIFF", "floating point, 16 bits", "half.tif", _grey_tiff(np.float16), "",
         code="picture_tiff"),
    Kind("TIFF", "several pages", "pages.tif", _pages, "", code="picture_pages"),
    Kind("WebP", "lossless", "lossless.webp", _pillow(lossless=True)),
    Kind("WebP", "lossy", "lossy.webp", _pillow(quality=95), most=48),
    Kind("JPEG 2000", "8 bits", "plain.jp2", _pillow()),
    Kind("JPEG 2000", "16 bits, colour", "colour16.jp2", _opencv, READ_16),
    Kind("AVIF", "8 bits", "plain.avif", _pillow(quality=95), most=48),
    Kind("NumPy", ".npy, uint8", "plain.npy", _array(np.uint8)),
    Kind("NumPy", ".npy, uint16", "deep.npy", _array(np.uint16), READ_16),
    Kind("NumPy", ".npy, floating point", "float.npy", _array(np.float32), "", code="array_dtype"),
    Kind("GIF", "", "plain.gif", _pillow(), "", code="picture_unknown"),
)  # fmt: skip
"""In the order of the table."""


def table() -> str:
    """The kinds as Markdown."""
    rows = ["| format | kind | read with |", "| --- | --- | --- |"]
    for one in KINDS:
        told = f"{one.bits} bits" if one.bits else "refused with a sentence"
        rows.append(f"| {one.format} | {one.kind} | {told} |")
    return "\n".join(rows)
