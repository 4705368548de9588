"""Pictures in a zip: what lies in it, read without unpacking more than is allowed."""

import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from kenpin.errors import DatasetError
from kenpin.sources.litter import is_litter
from kenpin.text import Notice

MOST_BYTES = 2**28
"""Of a table or an idx file, unpacked."""
_MOST_MEMBERS = 1_000_000
_UTF_8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1


@dataclass(frozen=True)
class Zip:
    """A zip file, opened when it is first needed. Raises DatasetError for what is none."""

    path: Path

    @cached_property
    def members(self) -> dict[PurePosixPath, "ZipMember"]:
        """The files inside by their place, without what an operating system adds."""
        found = {}
        for info in self._infos:
            place = PurePosixPath(_name(info).replace("\\", "/"))
            if not info.is_dir() and place.parts and not is_litter(place):
                if place in found:
                    raise DatasetError("zip_twice", path=self.path, place=place)
                found[place] = ZipMember(self, str(place), info.file_size)
        return found

    def read(self, inside: str, most: int) -> bytes:
        """The bytes of a member, at most so many; raises OSError when it cannot be unpacked."""
        info = self._by_name[inside]
        if info.flag_bits & _ENCRYPTED_FLAG:
            raise OSError(0, Notice("zip_encrypted"))
        try:
            with self._archive.open(info) as member:
                return member.read(most)
        except Exception as error:  # zipfile and zlib raise almost anything on a damaged file
            raise OSError(0, str(error) or type(error).__name__) from None

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
            raise DatasetError("zip_damaged", path=self.path, reason=error) from None

    @property
    def _infos(self) -> list[zipfile.ZipInfo]:
        infos = self._archive.infolist()
        if len(infos) > _MOST_MEMBERS:
            raise DatasetError("zip_damaged", path=self.path, reason=len(infos))
        return infos

    @cached_property
    def _by_name(self) -> dict[str, zipfile.ZipInfo]:
        return {str(PurePosixPath(_name(i).replace("\\", "/"))): i for i in self._infos}


@dataclass(frozen=True)
class ZipMember:
    """One file in a zip. inside: its place there. length: in bytes, as the zip says."""

    archive: Zip
    inside: str
    length: int

    @property
    def stem(self) -> str:
        """The file's name without its suffix."""
        return PurePosixPath(self.inside).stem

    def __str__(self) -> str:
        return f"{self.archive.path}/{self.inside}"

    def read(self, most: int) -> bytes:
        """The content, at most so many bytes; raises OSError when it cannot be unpacked."""
        return self.archive.read(self.inside, most)

    def read_whole(self) -> bytes:
        """The content; raises OSError when it is larger than any table or idx file should be."""
        content = self.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise OSError(0, Notice("idx_large", limit=MOST_BYTES // 2**20))
        return content


def _name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: Windows in Japan packs names in its own encoding and says nothing.

    Without the flag for UTF-8 the library reads them as code page 437.
    """
    if info.flag_bits & _UTF_8_FLAG:
        return info.filename
    for encoding in ("utf-8", "cp932"):
        try:
            return info.filename.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return info.filename
