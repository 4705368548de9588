"""From an opened picture file to pixels: every kind that a camera or a PC writes, or a refusal.

Pillow reads all of them but colour with more than 8 bits, which it cuts; that is OpenCV's then.
"""

from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from kenpin.errors import PictureError
from kenpin.sources.zip_file import ZipMember
from kenpin.text import Notice
from kenpin.types import Picture, Pixels

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "JPEG2000", "AVIF")
_DEEP_UNTOLD = frozenset({"JPEG2000", "AVIF"})  # Pillow does not say how many bits they have
_GREY_MODES = frozenset({"1", "L"})
_ALPHA_MODES = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_ORIENTATION = 0x0112  # the EXIF tag
_ON_ITS_SIDE = 5  # from this orientation on
_BITS, _PHOTOMETRIC, _PLANES = 258, 262, 284  # the tags of TIFF
_WHITE_IS_ZERO, _SEPARATE = 0, 2
_READ_BITS = frozenset({1, 2, 4, 8, 16, 32})
_MOST = int(np.iinfo(np.uint16).max)
_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_MARK = b"\xff\xd8"
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})

Named = Path | ZipMember | str


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(H, W) that `decode` will give, known from the header alone."""
    width, height = image.size
    # Pillow's header of a turned TIFF already says the upright size.
    aside = image.format != "TIFF" and _orientation(image) >= _ON_ITS_SIDE
    return (width, height) if aside else (height, width)


def is_wide(image: Image.Image) -> bool:
    """Whether it may have more than 8 bits a channel, known from the header alone."""
    return image.mode.startswith("I") or _is_deep(image) or image.format in _DEEP_UNTOLD


def decode(image: Image.Image, content: bytes | None, path: Named) -> Picture:
    """The picture, upright, grey or RGB, with 8 bits or all of its 16.

    content: of its file; None for a picture that has none. What is transparent is laid over black.
    Raises PictureError for what cannot be read rightly.
    """
    deep = _is_deep(image)  # Pillow forgets it as soon as pixels or EXIF are read
    check_tiff(image, path)
    notes = []
    orientation = _orientation(image)
    if orientation != 1:
        notes.append(Notice("note_turned"))
    pixels = _deep_colour(image, content, path, deep)
    if pixels is not None and image.format != "TIFF":  # OpenCV turns a TIFF by itself
        pixels = _turned(pixels, orientation)
    if pixels is None:
        pixels = _by_pillow(image, path)
    pixels, seen_through = opaque(pixels)
    if seen_through:
        notes.append(Notice("note_alpha"))
    return Picture(pixels, str(path), tuple(notes))


def opaque(pixels: Pixels) -> tuple[Pixels, bool]:
    """(H, W[, C]) pixels with a last channel of transparency or without -> over black, without.

    C: 2 or 4 with transparency. And whether any of it was transparent: where all is alike, the
    channel is only padding.
    """
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels, False
    colour, alpha = pixels[..., :-1], pixels[..., -1]
    colour = colour[..., 0] if colour.shape[2] == 1 else colour
    if (alpha == alpha.flat[0]).all():
        return cast(Pixels, np.ascontiguousarray(colour)), False
    most = int(np.iinfo(pixels.dtype).max)
    share = alpha.astype(np.float32) / np.float32(most)
    laid = colour * (share if colour.ndim == 2 else share[..., None]) + np.float32(0.5)
    return cast(Pixels, laid.astype(pixels.dtype)), True


def why_unknown(content: bytes, path: Named) -> PictureError:
    """What to say of a file in which no picture was found."""
    if content.startswith(_TIFF_MARKS):
        return PictureError("picture_tiff", path=path)
    bits = _jpeg_bits(content)
    if bits is not None and bits != 8:
        return PictureError("picture_jpeg", path=path, bits=bits)
    return PictureError("picture_unknown", path=path)


def check_tiff(image: Image.Image, path: Named) -> None:
    """Refuse the kinds of TIFF that would be read wrongly."""
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None:
        return
    bits = max(tags.get(_BITS, (1,)))
    if bits not in _READ_BITS:
        raise PictureError("picture_mode", path=path, mode=Notice("mode_packed", bits=bits))
    if bits > 8 and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        raise PictureError("picture_mode", path=path, mode=Notice("mode_white_is_zero"))
    colour = len(tags.get(_BITS, (1,))) > 1
    if bits > 8 and colour and tags.get(_PLANES) == _SEPARATE:
        raise PictureError("picture_mode", path=path, mode=Notice("mode_planes"))
    if bits > 8 and colour and _orientation(image) >= _ON_ITS_SIDE:
        raise PictureError("picture_mode", path=path, mode=Notice("mode_aside"))


def _orientation(image: Image.Image) -> int:
    told = image.getexif().get(_ORIENTATION, 1)
    return told if told in range(1, 9) else 1


def _by_pillow(image: Image.Image, path: Named) -> Pixels:
    """What Pillow makes of it; 8 bits, or 16 of grey."""
    upright = image
    if _orientation(image) != 1:  # it would copy a picture that has nothing to be turned
        upright = ImageOps.exif_transpose(image)
    mode = upright.mode
    if mode.startswith("I"):
        return _whole_numbers(upright, path)
    if mode == "F":
        raise PictureError("picture_mode", path=path, mode=Notice("mode_float"))
    if mode in _ALPHA_MODES or "transparency" in upright.info:
        with_alpha = "LA" if mode in ("L", "1", "LA", "La") else "RGBA"
        return np.asarray(upright if mode == with_alpha else upright.convert(with_alpha))
    wanted = "L" if mode in _GREY_MODES else "RGB"
    if mode == "LAB":
        raise PictureError("picture_mode", path=path, mode=mode)
    return np.asarray(upright if mode == wanted else upright.convert(wanted))


def _whole_numbers(image: Image.Image, path: Named) -> Pixels:
    wide = np.asarray(image)
    if wide.min() < 0 or wide.max() > _MOST:
        raise PictureError("picture_mode", path=path, mode=Notice("mode_integer"))
    pixels: Pixels = wide.astype(np.uint16)
    hole = image.info.get("transparency")
    if isinstance(hole, int):  # of a PNG: the value that is not there
        pixels[pixels == hole] = 0
    return pixels


def _deep_colour(
    image: Image.Image, content: bytes | None, path: Named, told: bool
) -> Pixels | None:
    """(H, W[, C]) uint16 of a file with more than 8 bits a channel; None for any other."""
    maybe = image.format in _DEEP_UNTOLD
    if content is None or image.mode.startswith("I") or not (told or maybe):
        return None
    image.load()  # OpenCV makes something of a damaged file, Pillow says that it is damaged
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        decoded = None
    finally:
        cv2.utils.logging.setLogLevel(before)
    if decoded is None or decoded.dtype != np.uint16:
        if told:
            raise PictureError("picture_mode", path=path, mode=f"{image.format} {image.mode};16")
        return None
    return _red_first(decoded)


def _is_deep(image: Image.Image) -> bool:
    return any(";16" in str(tile) for tile in getattr(image, "tile", ()))


def _red_first(decoded: NDArray[np.uint16]) -> Pixels:
    """OpenCV has blue first; and grey with transparency as three equal channels with it."""
    if decoded.ndim == 2 or decoded.shape[2] == 1:
        return decoded.reshape(decoded.shape[:2])
    colour = decoded[..., 2::-1]
    if decoded.shape[2] == 4:
        colour = np.concatenate([colour, decoded[..., 3:]], axis=2)
    return cast(Pixels, np.ascontiguousarray(colour))


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """The same upright, by the orientation of EXIF."""
    if orientation in (2, 5, 7, 4):
        pixels = pixels[:, ::-1]
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return cast(Pixels, np.ascontiguousarray(np.rot90(pixels, turns)))


def _jpeg_bits(content: bytes) -> int | None:
    """Bits a channel that the frame of a JPEG says; None where it is none."""
    if not content.startswith(_JPEG_MARK):
        return None
    place = len(_JPEG_MARK)
    while place + 5 < len(content) and content[place] == 0xFF:
        if content[place + 1] in _JPEG_FRAMES:
            return content[place + 4]
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return None
