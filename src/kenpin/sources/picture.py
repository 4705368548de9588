"""Reads and writes one picture safely."""

import io
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from kenpin.errors import ArgumentError, PictureError
from kenpin.sources.half_written import check_content, check_rows
from kenpin.sources.zip_file import ZipMember
from kenpin.system import write_atomically
from kenpin.text import Notice
from kenpin.types import Picture, Pixels

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".tif", ".tiff", ".webp"})
FOREIGN_SUFFIXES = frozenset(
    {
        ".gif",
        ".heic",
        ".heif",
        ".avif",
        ".jp2",
        ".jxl",
        ".pbm",
        ".pgm",
        ".ppm",
        ".pnm",
        ".tga",
        ".dib",
        ".dng",
        ".cr2",
        ".cr3",
        ".nef",
        ".arw",
        ".rw2",
        ".orf",
        ".raf",
        ".psd",
        ".exr",
    }
)
"""Pictures that kenpin does not read: refused with a sentence, never passed over."""
SMALLEST_PICTURE = 4


class ArrayLike(Protocol):
    """Anything that NumPy makes an array of, such as a tensor."""

    def __array__(self) -> NDArray[Any]: ...


PictureSource = str | Path | ZipMember | Pixels | Picture | Image.Image | ArrayLike
"""Anywhere a picture may come from: a path, a zip, an array, a PIL picture, one already read."""

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
_MAX_BYTES = 512 * 2**20
MOST_PIXELS = 150_000_000
_GREY_MODES = {"1", "L", "LA", "La"}
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_ORIENTATION = 0x0112  # the EXIF tag


def read_picture(source: PictureSource) -> Picture:
    """Read a picture from a file or from a zip, or take it from an array or from PIL.

    A file may be PNG, JPEG, BMP, TIFF or WebP with 8 or 16 bits; an array, or anything with
    `__array__`, (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, uint8 or uint16: red comes first, not
    as OpenCV reads colour. EXIF orientation is obeyed, transparency is dropped and noted, 16-bit
    grey keeps its depth, 16-bit colour is read with 8 bits.

    Raises PictureError with one sentence for a picture that cannot be used, ArgumentError for what
    is none.
    """
    if isinstance(source, Picture):
        _from_array(source.pixels, source.name)  # for its checks
        return source
    if isinstance(source, Image.Image):
        _check_header(source, name_of(source))
        return _decode(source, name_of(source))
    if not isinstance(source, str | Path | ZipMember):
        if not hasattr(source, "__array__"):
            raise ArgumentError("not_a_picture", kind=type(source).__name__)
        return _from_array(np.asarray(source))
    path = _path(source)
    content = _read_bytes(path)
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            _check_header(image, path)
            check_content(content, image.format)
            check_rows(image, content)
            return _decode(image, path)
    except (PictureError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise PictureError("picture_unknown", path=path) from None
    except Image.DecompressionBombError:
        raise _too_large(path, Notice("very_many")) from None
    except Exception as error:  # a damaged file can make Pillow raise almost anything
        raise PictureError("picture_damaged", path=path, reason=error) from None


def read_size(source: PictureSource) -> tuple[int, int]:
    """(H, W) of a picture, upright, of a file from its header alone; raises PictureError."""
    if not isinstance(source, str | Path | ZipMember):
        return read_picture(source).size
    path = _path(source)
    # The first byte of a file is enough: its reader says in one sentence what is wrong with it.
    content = _read_bytes(path, 1 if isinstance(path, Path) else -1)
    try:
        file = path if isinstance(path, Path) else io.BytesIO(content)
        with Image.open(file, formats=_FORMATS) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) >= 5
            return (width, height) if turned else (height, width)
    except MemoryError:
        raise
    except Exception:  # see read_picture
        raise PictureError("picture_unknown", path=path) from None


def name_of(source: PictureSource) -> str:
    """What a picture is called, for people."""
    if isinstance(source, str | Path | ZipMember):
        return str(source)
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "") or "picture")
    return source.name if isinstance(source, Picture) else "array"


def write_png(path: Path, pixels: Pixels) -> None:
    """Write (H, W) or (H, W, 3) RGB pixels as PNG, atomically; raises OutputError."""
    write_atomically(path, encode(pixels, "PNG"))


def encode(pixels: Pixels, kind: str, **options: Any) -> bytes:
    """The pixels as the bytes of a picture file; `options` go to Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def _path(source: str | Path | ZipMember) -> Path | ZipMember:
    return source if isinstance(source, ZipMember) else Path(source)


def _read_bytes(path: Path | ZipMember, count: int = -1) -> bytes:
    if isinstance(path, ZipMember):
        return _read_member(path)
    try:
        if not path.exists():
            raise PictureError("file_missing", path=path)
        if not path.is_file():
            raise PictureError("file_not_regular", path=path)
        _check_bytes(path, path.stat().st_size)
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise PictureError("file_unreadable", path=path, reason=error.strerror) from None


def _read_member(member: ZipMember) -> bytes:
    _check_bytes(member, member.length)
    try:
        return member.read(_MAX_BYTES)
    except OSError as error:
        reason = error.strerror
        raise PictureError("picture_damaged", path=member, reason=reason) from None


def _check_bytes(path: Path | ZipMember, size: int) -> None:
    if size == 0:
        raise PictureError("file_empty", path=path)
    if size > _MAX_BYTES:
        raise PictureError(
            "file_too_large", path=path, megabytes=size // 2**20, limit=_MAX_BYTES // 2**20
        )


def _check_header(image: Image.Image, path: Path | ZipMember | str) -> None:
    """Refuse what would be large, ambiguous or lossy before any pixel is decoded."""
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(path, str(image.width * image.height))
    pages = getattr(image, "n_frames", 1)
    if pages > 1 and image.format != "MPO":  # a telephone's JPEG with a small copy behind it
        raise PictureError("picture_pages", path=path, pages=pages)
    _check_smallest(str(path), (image.height, image.width))


def _decode(image: Image.Image, path: Path | ZipMember | str) -> Picture:
    notes = []
    if image.mode == "RGB" and any(";16" in str(tile) for tile in getattr(image, "tile", ())):
        notes.append(Notice("note_16_bit_colour"))
    turned = image.getexif().get(_ORIENTATION, 1) != 1
    if turned:
        notes.append(Notice("note_turned"))
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        notes.append(Notice("note_alpha"))
    # Both would copy a picture that has nothing to be turned or converted.
    upright = ImageOps.exif_transpose(image) if turned else image
    pixels: Pixels
    if upright.mode.startswith("I"):
        wide = np.asarray(upright)
        if wide.min() < 0 or wide.max() > np.iinfo(np.uint16).max:
            raise PictureError("picture_mode", path=path, mode=Notice("mode_integer"))
        notes.append(Notice("note_16_bit"))
        pixels = wide.astype(np.uint16)
    elif upright.mode == "F":
        raise PictureError("picture_mode", path=path, mode=Notice("mode_float"))
    else:
        mode = "L" if upright.mode in _GREY_MODES else "RGB"
        pixels = np.asarray(upright if upright.mode == mode else upright.convert(mode))
    return Picture(pixels, str(path), tuple(notes))


def _from_array(array: Pixels, name: str = "array") -> Picture:
    if array.dtype not in (np.uint8, np.uint16):
        raise PictureError("array_dtype", name=name, dtype=array.dtype)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise PictureError("array_shape", name=name, shape=array.shape)
    _check_smallest(name, (array.shape[0], array.shape[1]))
    if array.ndim == 3 and array.shape[2] == 4:
        return Picture(array[:, :, :3], name, (Notice("note_alpha"),))
    return Picture(array, name)


def _check_smallest(name: str, size: tuple[int, int]) -> None:
    if min(size) < SMALLEST_PICTURE:
        raise PictureError(
            "picture_too_small", path=name, width=size[1], height=size[0], least=SMALLEST_PICTURE
        )


def _too_large(path: Path | ZipMember | str, pixels: object) -> PictureError:
    return PictureError("picture_too_large", path=path, pixels=pixels, limit=MOST_PIXELS)
