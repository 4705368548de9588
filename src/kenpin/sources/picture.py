"""Reads and writes one picture safely."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from kenpin.errors import ArgumentError, PictureError
from kenpin.sources.array_file import MARK as ARRAY_MARK
from kenpin.sources.array_file import array_of, shape_of
from kenpin.sources.decode import FORMATS, decode, is_wide, opaque, upright_size, why_unknown
from kenpin.sources.half_written import check_content, check_rows
from kenpin.sources.raw_pattern import check_finished
from kenpin.sources.zip_file import ZipMember
from kenpin.system import write_atomically
from kenpin.text import Notice
from kenpin.types import Picture, Pixels

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".jp2",
     ".j2k", ".jpx", ".avif", ".npy"}
)  # fmt: skip
FOREIGN_SUFFIXES = frozenset(
    {".gif", ".heic", ".heif", ".jxl", ".pbm", ".pgm", ".ppm", ".pnm", ".tga", ".dng", ".cr2",
     ".cr3", ".nef", ".arw", ".rw2", ".orf", ".raf", ".psd", ".exr"}
)  # fmt: skip
"""Pictures that kenpin does not read: refused with a sentence, never passed over."""
SMALLEST_PICTURE = 4


@dataclass(frozen=True)
class Taken:
    """A picture's file as it was read once: whatever becomes of the file, this is what is judged.

    path: where it was.
    """

    path: Path
    content: bytes

    def __str__(self) -> str:
        return str(self.path)


class ArrayLike(Protocol):
    """Anything that NumPy makes an array of, such as a tensor."""

    def __array__(self) -> NDArray[Any]: ...


PictureSource = str | Path | ZipMember | Taken | Pixels | Picture | Image.Image | ArrayLike
"""Anywhere a picture may come from: a path, a zip, an array, a PIL picture, one already read."""

MOST_OF_A_PICTURE = 512 * 2**20
MOST_PIXELS = 150_000_000
_LONGEST_HEADER = 16 * 2**10  # bytes of a .npy file that say its shape


def read_picture(source: PictureSource, finished: bool = True) -> Picture:
    """Read a picture from a file or from a zip, or take it from an array or from PIL.

    A file may be PNG, JPEG, BMP, TIFF, WebP, JPEG 2000 or AVIF with 8 or 16 bits, or an array in
    .npy; an array, or anything with `__array__`, (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA,
    uint8 or uint16: red comes first, not as OpenCV reads colour. EXIF orientation is obeyed, what
    is transparent is laid over black and noted, and 16 bits stay 16, of colour too. finished:
    refuse a sensor's colour mosaic and interlaced pictures; a mask may look like anything.

    Raises PictureError with one sentence for a picture that cannot be used, ArgumentError for what
    is none.
    """
    picture = _read(source)
    if finished:
        check_finished(picture)
    return picture


def _read(source: PictureSource) -> Picture:
    if isinstance(source, Picture):
        _from_array(source.pixels, source.name)  # for its checks
        return source
    if isinstance(source, Image.Image):
        _check_header(source, name_of(source))
        return decode(source, None, name_of(source))
    if not isinstance(source, str | Path | ZipMember | Taken):
        if not hasattr(source, "__array__"):
            raise ArgumentError("not_a_picture", kind=type(source).__name__)
        return _from_array(np.asarray(source))
    path = _path(source)
    content = source.content if isinstance(source, Taken) else _read_bytes(path)
    try:
        if content.startswith(ARRAY_MARK):
            return _from_array(_checked_array(content, path), str(path))
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_header(image, path)
            check_content(content, image.format)
            check_rows(image, content)
            return decode(image, content, path)
    except (PictureError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise why_unknown(content, path) from None
    except Image.DecompressionBombError:
        raise _too_large(path, Notice("very_many")) from None
    except Exception as error:  # a damaged file can make Pillow raise almost anything
        raise PictureError("picture_damaged", path=path, reason=error) from None


@dataclass(frozen=True)
class Header:
    """size: (H, W) of a picture, upright. wide: whether it may have more than 8 bits."""

    size: tuple[int, int]
    wide: bool


def read_header(source: PictureSource) -> Header:
    """What the header of a file says, without reading the rest; raises PictureError."""
    if not isinstance(source, str | Path | ZipMember):
        picture = read_picture(source)
        return Header(picture.size, picture.pixels.dtype == np.uint16)
    path = _path(source)
    content = _read_bytes(path, _LONGEST_HEADER if isinstance(path, Path) else -1)
    try:
        if content.startswith(ARRAY_MARK):
            height, width = shape_of(content)[:2]
            return Header((height, width), wide=True)
        file = path if isinstance(path, Path) else io.BytesIO(content)
        with Image.open(file, formats=FORMATS) as image:
            return Header(wide=is_wide(image), size=upright_size(image))
    except MemoryError:
        raise
    except Exception:  # see read_picture
        raise PictureError("picture_unknown", path=path) from None


def name_of(source: PictureSource) -> str:
    """What a picture is called, for people."""
    if isinstance(source, str | Path | ZipMember | Taken):
        return str(source)
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "") or "picture")
    return source.name if isinstance(source, Picture) else "array"


def write_png(path: Path, pixels: Pixels) -> None:
    """Write (H, W) or (H, W, 3) RGB pixels as PNG, atomically; raises OutputError."""
    write_atomically(path, encode(pixels, "PNG"))


def encode(pixels: Pixels, kind: str, **options: Any) -> bytes:
    """The pixels as the bytes of a picture file; `options` go to Pillow."""
    if pixels.dtype == np.uint16 and pixels.ndim == 3:  # Pillow writes no such colour
        _, written = cv2.imencode(f".{kind.lower()}", pixels[..., ::-1])
        return written.tobytes()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def take(source: PictureSource) -> PictureSource:
    """The content of a file or a zip's member, read now; anything else is itself already.

    Raises PictureError.
    """
    if not isinstance(source, str | Path | ZipMember):
        return source
    path = _path(source)
    return Taken(Path(str(source)), _read_bytes(path))


def _path(source: str | Path | ZipMember | Taken) -> Path | ZipMember:
    if isinstance(source, Taken):
        return source.path
    return source if isinstance(source, ZipMember) else Path(source)


def _read_bytes(path: Path | ZipMember, count: int = -1) -> bytes:
    if isinstance(path, ZipMember):
        return _read_member(path)
    try:
        if not path.exists():
            raise PictureError("file_missing", path=path)
        if not path.is_file():
            raise PictureError("file_not_regular", path=path)
        check_bytes(path, path.stat().st_size)
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise PictureError("file_unreadable", path=path, reason=error.strerror) from None


def _read_member(member: ZipMember) -> bytes:
    check_bytes(member, member.length)
    try:
        return member.read(MOST_OF_A_PICTURE)
    except OSError as error:
        reason = error.strerror
        raise PictureError("picture_damaged", path=member, reason=reason) from None


def check_bytes(path: Path | ZipMember, size: int) -> None:
    """Raise PictureError for a file that is empty or larger than any picture."""
    if size == 0:
        raise PictureError("file_empty", path=path)
    if size > MOST_OF_A_PICTURE:
        raise PictureError(
            "file_too_large", path=path, megabytes=size // 2**20, limit=MOST_OF_A_PICTURE // 2**20
        )


def _check_header(image: Image.Image, path: Path | ZipMember | str) -> None:
    """Refuse what would be large, ambiguous or lossy before any pixel is decoded."""
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(path, str(image.width * image.height))
    pages = getattr(image, "n_frames", 1)
    if pages > 1 and image.format != "MPO":  # a telephone's JPEG with a small copy behind it
        raise PictureError("picture_pages", path=path, pages=pages)
    _check_smallest(str(path), (image.height, image.width))


def _checked_array(content: bytes, path: Path | ZipMember) -> Pixels:
    """The array of a .npy file, of which no more is read than a picture may have."""
    shape = shape_of(content)
    if len(shape) in (2, 3) and shape[0] * shape[1] > MOST_PIXELS:
        raise _too_large(path, str(shape[0] * shape[1]))
    return np.asarray(array_of(content))


def _from_array(array: Pixels, name: str = "array") -> Picture:
    if array.dtype not in (np.uint8, np.uint16):
        raise PictureError("array_dtype", name=name, dtype=array.dtype)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise PictureError("array_shape", name=name, shape=array.shape)
    _check_smallest(name, (array.shape[0], array.shape[1]))
    pixels, seen_through = opaque(array)
    return Picture(pixels, name, (Notice("note_alpha"),) if seen_through else ())


def _check_smallest(name: str, size: tuple[int, int]) -> None:
    if min(size) < SMALLEST_PICTURE:
        raise PictureError(
            "picture_too_small", path=name, width=size[1], height=size[0], least=SMALLEST_PICTURE
        )


def _too_large(path: Path | ZipMember | str, pixels: object) -> PictureError:
    return PictureError("picture_too_large", path=path, pixels=pixels, limit=MOST_PIXELS)
