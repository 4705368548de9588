"""Pictures that another program writes into a folder; each is taken once, when it is whole."""

import asyncio
import contextlib
import hashlib
import json
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from watchfiles import Change, awatch

from kenpin.line.cameras import Call, CameraError, Lost, Shot
from kenpin.line.settings import FolderCamera
from kenpin.sources import Taken
from kenpin.system import write_atomically

_LOOK_EVERY = 0.05  # seconds, at files that may not be whole yet
_MOST_WAITING = 1000
_MOST_BYTES = 2**30
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".tif", ".tiff", ".webp", ".npy",
             ".jp2", ".pgm", ".ppm")  # fmt: skip

Seen = tuple[str, int, int]
"""Name, size, and when it was changed: the same file again is no new picture."""
Judged = tuple[str, str]
"""Path and SHA-256."""


class Folder:
    """See `FolderCamera`. memory: a file that remembers across restarts which were taken.

    latest: the newest rows of this station, as the path and SHA-256 of a picture: what was judged
    just before the power went may not be in the memory yet.
    """

    def __init__(
        self, settings: FolderCamera, memory: Path, latest: Callable[[], set[Judged]] = set
    ) -> None:
        self._settings, self._memory, self._latest = settings, memory, latest
        self._taken: set[Seen] = set()
        self._waiting: deque[tuple[Path, Seen]] = deque()
        self._looked: dict[Path, tuple[int, int, float]] = {}
        self._earlier: set[Path] = set()
        self._there = asyncio.Condition()
        self._looking = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        self._lost: CameraError | None = None
        self._by_picture = False

    async def open(self, arrived: Call, lost: Lost) -> None:
        """Watch the folder from now on; files that were taken before are not taken again."""
        if not self._is_there():
            raise CameraError("camera_lost", str(self._settings.path))
        self._taken = _remembered(self._memory)
        self._taken |= await asyncio.to_thread(_judged, self._settings.path, self._latest())
        self._lost = None
        await self._look(arrived)
        lines = "".join(json.dumps(seen) + "\n" for seen in sorted(self._taken))
        write_atomically(self._memory, lines.encode())  # without those that are gone
        self._watch = asyncio.create_task(self._watching(arrived, lost))

    @property
    def waiting(self) -> int:
        """Whole pictures that were not given yet."""
        return len(self._waiting)

    def _is_there(self) -> bool:
        try:
            return self._settings.path.is_dir()
        except OSError:  # a share that has gone away says so in many ways
            return False

    def each_is_a_part(self) -> None:
        """Nobody triggers: what lies there and was never taken is judged too, the oldest first."""
        self._by_picture = True

    async def grab(self) -> Shot:
        """The oldest that waits where each picture is a part; else the next that comes."""
        if not self._by_picture:
            await self._pass_over()
        while True:
            async with self._there:
                await self._there.wait_for(lambda: bool(self._waiting) or self._lost is not None)
            if self._lost is not None:
                raise self._lost
            path, seen = self._waiting.popleft()
            content = await asyncio.to_thread(_read_as_seen, path, seen)
            if content is not None:  # else it was written anew, and comes again
                taken = Taken(path, content)
                return Shot(taken, path.name, partial(self._done, path, seen))

    async def _pass_over(self) -> None:
        """What lies there, whole or not yet, is of an earlier part: only what comes now counts."""
        if not await self._look(lambda: None):
            raise CameraError("camera_lost", str(self._settings.path))
        self._earlier |= self._looked.keys()
        while self._waiting:
            self._taken.add(self._waiting.popleft()[1])

    async def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch

    def _done(self, path: Path, seen: Seen, kept: bool) -> None:
        """Never give it again; it is deleted only if its row is there and it is still that file."""
        self._taken.add(seen)
        if self._settings.after == "delete" and kept:
            with contextlib.suppress(OSError):
                if _seen(path) == seen:
                    path.unlink()
        with self._memory.open("a", encoding="utf-8") as file:
            file.write(json.dumps(seen) + "\n")

    async def _watching(self, arrived: Call, lost: Lost) -> None:
        """Look whenever something changed, and often while files may not be whole yet."""
        changed = asyncio.Event()

        async def watch() -> None:
            async for changes in awatch(
                self._settings.path, force_polling=self._settings.polling, recursive=False
            ):
                if any(change is not Change.deleted for change, _ in changes):
                    changed.set()

        watching = asyncio.create_task(watch())
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), _LOOK_EVERY if self._looked else 1.0)
                changed.clear()
                if not self._is_there() or watching.done():
                    break
                await self._look(arrived)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await self._lose(lost)

    async def _lose(self, lost: Lost) -> None:
        self._lost = CameraError("camera_lost", str(self._settings.path))
        async with self._there:
            self._there.notify_all()
        lost("camera_lost")

    async def _look(self, arrived: Call) -> bool:
        """Take up what is whole now; whether the folder could be read."""
        async with self._looking:  # one after the other, or a file would be taken up twice
            found = await asyncio.to_thread(_pictures_in, self._settings.path)
            if found is None:
                return False
            await self._sort_out(found, arrived)
            return True

    async def _sort_out(self, found: list[tuple[Path, Seen]], arrived: Call) -> None:
        """Which of these are new and whole; the oldest first."""
        self._taken &= {seen for _, seen in found}
        known = self._taken | {seen for _, seen in self._waiting}
        now = asyncio.get_running_loop().time()
        looked: dict[Path, tuple[int, int, float]] = {}
        whole: list[tuple[int, Path, Seen]] = []
        for path, seen in found:
            if seen in known:
                continue
            size, changed, since = self._looked.get(path, (-1, -1, now))
            if (size, changed) != seen[1:]:
                since = now
            if self._is_whole(path, seen, now - since):
                whole.append((seen[2], path, seen))
            else:
                looked[path] = (*seen[1:], since)
        self._looked = looked
        for _, path, seen in sorted(whole):
            if path in self._earlier:
                self._earlier.discard(path)
                self._taken.add(seen)
            else:
                await self._take_up(path, seen, arrived)

    def _is_whole(self, path: Path, seen: Seen, still: float) -> bool:
        if seen[1] > _MOST_BYTES:
            return False
        if self._settings.whole == "marker":  # not one of an earlier file of this name
            marker = _seen(path.with_name(path.name + self._settings.marker))
            return marker is not None and marker[2] >= seen[2]
        return seen[1] > 0 and still >= self._settings.still_ms / 1000

    async def _take_up(self, path: Path, seen: Seen, arrived: Call) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            return  # it lies there still when there is room
        async with self._there:
            self._waiting.append((path, seen))
            self._there.notify()
        arrived()


def _remembered(memory: Path) -> set[Seen]:
    """What an earlier run took; nothing where that cannot be read."""
    try:
        lines = memory.read_text("utf-8").splitlines()
        told = [json.loads(line) for line in lines]
        return {(str(name), int(size), int(changed)) for name, size, changed in told}
    except (OSError, ValueError, TypeError):
        return set()


def _judged(folder: Path, latest: set[Judged]) -> set[Seen]:
    """Those of these that lie here still, as they were."""
    found = set()
    for name, digest in latest:
        path = folder / Path(name).name
        seen = _seen(path)
        if str(path) == name and seen is not None:
            content = _read_as_seen(path, seen)
            if content is not None and hashlib.sha256(content).hexdigest() == digest:
                found.add(seen)
    return found


def _pictures_in(folder: Path) -> list[tuple[Path, Seen]] | None:
    """Every picture's file; None where the folder cannot be read. A large one takes its time."""
    try:
        entries = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES]
    except OSError:
        return None
    return [(path, seen) for path in entries if (seen := _seen(path))]


def _seen(path: Path) -> Seen | None:
    """What is known of a file; None where it is gone."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return path.name, stat.st_size, stat.st_mtime_ns


def _read_as_seen(path: Path, seen: Seen) -> bytes | None:
    """The content, if it is still the file that was seen after it was read."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if _seen(path) == seen else None
