"""The pictures of a record: kept by a rule, in folders by day, swept when there are too many.

A picture is the file as the camera gave it, beside a small preview. It is on the disk before its
row is written, under a name that begins with the row's id; so after a crash a picture without a row
is recognised and taken away, and a row never names a picture that is not there.
"""

import contextlib
import errno
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np

from kenpin.errors import ArgumentError, OutputError
from kenpin.sources import PictureSource, Taken, ZipMember, encode, read_picture, take
from kenpin.system import make_folder, write_atomically
from kenpin.types import Pixels

FOLDER, RESERVE = "pictures", "reserve"
_PREVIEW = 256  # pixels of its longer side
_RESERVED = 2**24  # bytes that are set free when the disk is full
_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"BM": ".bmp", b"II*\0": ".tif",
             b"MM\0*": ".tif", b"RIFF": ".webp", b"\x93NUM": ".npy"}  # fmt: skip


KEPT = ("none", "not_ok", "all", "sample")


@dataclass(frozen=True)
class Keep:
    """Which pictures are kept, and how many.

    what: "none", "not_ok", "all", or "sample": not OK, and one in `one_in` good ones. most: bytes
    of all pictures together, None for no bound; free: bytes of the disk that must stay free. days:
    how long NG pictures are kept whatever the bounds say.
    """

    what: str = "sample"
    one_in: int = 100
    most: int | None = 20 * 2**30
    free: int = 2 * 2**30
    days: int = 365

    def __post_init__(self) -> None:
        if self.what not in KEPT:
            raise ArgumentError("record_keep", value=self.what, known=", ".join(KEPT))
        for name, least in (("one_in", 1), ("most", 0), ("free", 0), ("days", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ArgumentError("record_keep_number", name=name, value=value, least=least)

    def wants(self, passed: bool, number: int) -> bool:
        """Whether the picture of a part is kept; number: how many were judged before it."""
        if self.what in ("none", "all"):
            return self.what == "all"
        return not passed or (self.what == "sample" and number % self.one_in == 0)


class Pictures:
    """The folder of pictures of a record."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self._reserve = store / RESERVE

    def begin(self) -> None:
        """Make the folder, for who writes."""
        make_folder(self.store / FOLDER)
        self.secure()

    def secure(self) -> None:
        """Lay aside some room for the day when the disk is full; nothing if there is none now."""
        with contextlib.suppress(OSError):
            if not self._reserve.exists() or self._reserve.stat().st_size < _RESERVED:
                self._reserve.write_bytes(bytes(_RESERVED))

    def release_reserve(self) -> bool:
        """Give the room back to rows that must be written; whether there was any."""
        try:
            self._reserve.unlink()
        except OSError:
            return False
        return True

    @staticmethod
    def give_way(store: Path) -> bool:
        """On a full disk set the reserve free; whether there was one."""
        try:
            if shutil.disk_usage(store).free >= _RESERVED:
                return False
            (store / RESERVE).unlink()
        except OSError:
            return False
        return True

    def put(self, identity: UUID, content: bytes, source: PictureSource, at: int) -> str:
        """Keep the content of a picture's file; where it is in the store.

        source: the same picture, for its preview. Raises OutputError, e.g. on a full disk.
        """
        day = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
        folder = self.store / FOLDER / day
        make_folder(folder)
        path = folder / f"{identity}{_suffix(content)}"
        write_atomically(path, content)
        with contextlib.suppress(OutputError):  # the picture itself is what counts
            small = preview(read_picture(source).pixels)
            write_atomically(folder / f"{identity}.preview.jpg", small)
        return path.relative_to(self.store).as_posix()

    def path(self, kept: str) -> Path:
        """Of a picture by what its row says. Raises OutputError for a place outside the store."""
        path = (self.store / kept).resolve()
        if not path.is_relative_to((self.store / FOLDER).resolve()):
            raise OutputError("record_outside", path=kept)
        return path

    def remove(self, kept: str) -> None:
        """Take a picture and its preview away; no word if they are gone already."""
        path = self.path(kept)
        for one in (path, path.with_name(f"{path.stem}.preview.jpg")):
            with contextlib.suppress(OSError):
                one.unlink()

    def free(self) -> int:
        """Bytes that are free on the disk."""
        return shutil.disk_usage(self.store).free

    def every(self, day: str | None = None) -> Iterator[tuple[UUID, Path]]:
        """Each picture with the id of its row, of one day's folder or of all."""
        for path in sorted((self.store / FOLDER).glob(f"{day or '*'}/*")):
            if path.name.endswith(".preview.jpg") or path.name.startswith("."):
                continue
            with contextlib.suppress(ValueError):
                yield UUID(path.stem), path

    def tidy(self) -> None:
        """Take away what a crash left half written."""
        for path in (self.store / FOLDER).glob("*/.kenpin-*"):
            with contextlib.suppress(OSError):
                path.unlink()


def is_full(error: OutputError) -> bool:
    """Whether it was the disk that had no room."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)


def content_of(source: PictureSource) -> bytes:
    """The bytes of a picture's file as the camera gave it; of an array those of a PNG."""
    taken = take(source) if isinstance(source, str | Path | ZipMember) else source
    if isinstance(taken, Taken):
        return taken.content
    return encode(read_picture(source).pixels, "PNG", compress_level=1)  # a line waits for it


def preview(pixels: Pixels) -> bytes:
    """A small JPEG of the picture."""
    height, width = pixels.shape[:2]
    share = min(1.0, _PREVIEW / max(height, width))
    size = max(1, round(width * share)), max(1, round(height * share))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if small.dtype == np.uint16:
        small = (small >> 8).astype(np.uint8)
    shown = small if small.ndim == 2 else small[:, :, ::-1]
    done, content = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return content.tobytes() if done else b""


def _suffix(content: bytes) -> str:
    known = (suffix for start, suffix in _SUFFIXES.items() if content.startswith(start))
    return next(known, ".bin")
