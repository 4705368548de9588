"""What a part is to be learned from, while it is put together: pictures, and where to look.

A lesson is a folder of the record's store: pictures under names of our own, and lesson.json.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Self
from uuid import UUID

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from uuid_utils.compat import uuid7

from kenpin.errors import DatasetError, PictureError, RecordError
from kenpin.prepare import check_places
from kenpin.recipe import Recipe
from kenpin.record import now
from kenpin.sources import Taken, ZipMember, encode, find_pictures, read_header, read_picture
from kenpin.system import make_folder, write_atomically
from kenpin.text import Notice

FOLDER = "lessons"
_FILE, _PICTURES = "lesson.json", "pictures"
_MOST_PICTURES = 2000
_MOST_BYTES = 2**26  # of a picture's file
_MOST_OF_A_ZIP = 2**31  # bytes of what is in it
_FREE = 2**31  # bytes of the disk that stay free
_KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".jp2", ".avif", ".npy"}
_LONGEST = 200  # letters of a name


_Pixel = Annotated[int, Field(ge=0, lt=2**16)]
Outline = Annotated[tuple[tuple[_Pixel, _Pixel], ...], Field(min_length=3, max_length=200)]


class Lesson(BaseModel):
    """names: of each stored file what it was called. left_out: stored files that are not learned.
    settings: of the recipe, those that are not as usual. masks: outlines (x, y) of what is not
    looked at, in pixels. version: counts changes, so that two people cannot overwrite one another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    part: str
    who: str
    at: int
    offset: int
    names: dict[str, str] = {}
    left_out: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    masks: tuple[Outline, ...] = Field((), max_length=100)
    version: int = 0

    @property
    def recipe(self) -> Recipe:
        """Raises RecipeError."""
        return Recipe.parse(self.settings)


class Desk:
    """The folder of one lesson."""

    _lock = threading.RLock()  # of this program; who else changes it is seen by the version

    def __init__(self, store: Path, identity: UUID) -> None:
        self.identity, self.folder = identity, store / FOLDER / str(identity)

    @classmethod
    def begin(cls, store: Path, part: str, who: str) -> Self:
        """A new one. Raises RecordError for a part without a name."""
        part = part.strip()
        if not part or len(part) > _LONGEST or not part.isprintable():
            raise RecordError("record_part_empty")
        made = cls(store, UUID(str(uuid7())))
        make_folder(made.folder / _PICTURES)
        at, offset = now()
        made._write(Lesson(part=part, who=who, at=at, offset=offset))
        return made

    @property
    def lesson(self) -> Lesson:
        """As it is now. Raises RecordError where there is none."""
        try:
            return Lesson.model_validate_json((self.folder / _FILE).read_bytes())
        except (OSError, ValidationError):
            raise RecordError("lesson_unknown") from None

    def path(self, stored: str) -> Path:
        """Of a picture. Raises RecordError where the lesson has none of this name."""
        if stored not in self.lesson.names:
            raise RecordError("lesson_unknown")
        return self.folder / _PICTURES / stored

    def recipe(self) -> Recipe:
        """What it is learned by, with the mask as a file. Raises RecipeError, PictureError."""
        lesson = self.lesson
        pictures = self.pictures()
        if not lesson.masks or not pictures:
            return lesson.recipe
        height, width = read_header(pictures[0]).size
        mask = np.zeros((height, width), np.uint8)
        for outline in lesson.masks:
            cv2.fillPoly(mask, [np.array(outline, np.int32)], 255)
        content = encode(mask, "png")
        file = self.folder / f"mask-{hashlib.sha256(content).hexdigest()[:12]}.png"
        write_atomically(file, content)
        return lesson.recipe.but(ignore_mask=str(file))

    def pictures(self) -> list[Path]:
        """Those that are to be learned."""
        lesson = self.lesson
        return [self.folder / _PICTURES / stored for stored in lesson.names
                if stored not in lesson.left_out]  # fmt: skip

    def add(self, name: str, content: bytes) -> Notice | None:
        """A picture, or a zip of them; one sentence where something was not taken."""
        if PurePath(name).suffix.lower() == ".zip":
            return self._add_zip(name, content)
        return self._add(name, content)

    def _add(self, name: str, content: bytes) -> Notice | None:
        name = PurePath(name.replace("\\", "/")).name[-_LONGEST:] or "picture"
        try:
            read_picture(Taken(Path(name), content))
        except PictureError as error:
            return error.notice
        suffix = PurePath(name).suffix.lower()
        stored = hashlib.sha256(content).hexdigest()[:24] + (suffix if suffix in _KINDS else ".img")
        with self.changing() as lesson:
            if lesson.names.get(stored) == name:
                return None  # it came before, and only its answer was lost
            if stored in lesson.names:
                return Notice("lesson_twice", name=name, other=lesson.names[stored])
            if len(lesson.names) >= _MOST_PICTURES:
                return Notice("lesson_full", most=_MOST_PICTURES)
            if disk_usage(self.folder).free < _FREE + len(content):
                return Notice("lesson_disk", free=_FREE // 2**30)
            write_atomically(self.folder / _PICTURES / stored, content)
            self._write(lesson.model_copy(update={"names": lesson.names | {stored: name}}))
        return None

    def _add_zip(self, name: str, content: bytes) -> Notice | None:
        """Every picture in it; a member is unpacked only as far as a picture may be large."""
        wrong: list[Notice] = []
        with TemporaryDirectory() as folder:
            file = Path(folder) / "pictures.zip"
            file.write_bytes(content)
            try:
                members = find_pictures([file])
                if len(members) > _MOST_PICTURES:
                    return Notice("lesson_full", most=_MOST_PICTURES)
                sizes = [one.length for one in members if isinstance(one, ZipMember)]
                if sum(sizes) > _MOST_OF_A_ZIP:
                    return Notice("lesson_zip_large", name=name, most=_MOST_OF_A_ZIP // 2**30)
                for member in members:
                    if not isinstance(member, ZipMember):
                        continue
                    if member.length > _MOST_BYTES:
                        wrong.append(Notice("lesson_large", name=member.inside))
                        continue
                    told = self._add(member.inside, member.read(_MOST_BYTES))
                    wrong += [told] if told is not None else []
            except (DatasetError, OSError):
                return Notice("lesson_zip", name=name)
        return Notice("lesson_some", count=len(wrong), first=wrong[0]) if wrong else None

    def remove(self, stored: str) -> None:
        """It is not of this lesson any more."""
        path = self.path(stored)
        with self.changing() as lesson:
            names = {key: name for key, name in lesson.names.items() if key != stored}
            left = tuple(one for one in lesson.left_out if one != stored)
            self._write(lesson.model_copy(update={"names": names, "left_out": left}))
        path.unlink(missing_ok=True)

    def leave(self, stored: str, out: bool) -> None:
        """Leave it out, or take it in again."""
        self.path(stored)
        with self.changing() as lesson:
            others = tuple(one for one in lesson.left_out if one != stored)
            left = (*others, stored) if out else others
            self._write(lesson.model_copy(update={"left_out": left}))

    def set(self, version: int, changes: dict[str, Any], masks: Any = ()) -> None:
        """Settings of the recipe, and outlines of what is not looked at. Raises RecipeError, also
        for a place beyond its pictures, and RecordError for what is no outline or where somebody
        else changed them since this version.
        """
        with self.changing() as lesson:
            if version != lesson.version:
                raise RecordError("lesson_changed")
            settings = {**lesson.settings, **changes}
            recipe, pictures = Recipe.parse(settings), self.pictures()
            if pictures:
                check_places(recipe, read_header(pictures[0]).size)
            own = {"settings": settings, "masks": masks, "version": lesson.version + 1}
            try:
                self._write(Lesson.model_validate(lesson.model_dump() | own))
            except ValidationError:
                raise RecordError("lesson_masks") from None

    @contextmanager
    def changing(self) -> Iterator[Lesson]:
        """The lesson as it is, which nobody else of this program changes meanwhile."""
        with self._lock:
            yield self.lesson

    def _write(self, lesson: Lesson) -> None:
        write_atomically(self.folder / _FILE, lesson.model_dump_json(indent=1).encode())


def list_lessons(store: Path) -> list[tuple[UUID, Lesson]]:
    """The newest first; a folder that is no lesson is passed over."""
    found = []
    for folder in sorted((store / FOLDER).glob("*"), reverse=True):
        try:
            identity = UUID(folder.name)
            found.append((identity, Desk(store, identity).lesson))
        except (ValueError, RecordError):
            continue
    return found
