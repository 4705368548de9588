"""Pictures that another program writes into a folder; each is taken once, when it is whole."""

import asyncio
import contextlib
import json
from collections import deque
from pathlib import Path

from watchfiles import Change, awatch

from kenpin.line.cameras import Arrived, CameraError, Shot
from kenpin.line.settings import FolderCamera
from kenpin.system import write_atomically

_LOOK_EVERY = 0.05  # seconds, at files that may not be whole yet
_MOST_WAITING = 1000
_MOST_BYTES = 2**30
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".tif", ".tiff", ".webp", ".npy",
             ".jp2", ".pgm", ".ppm")  # fmt: skip

Seen = tuple[str, int, int]
"""Name, size, and when it was changed: the same file again is no new picture."""


class Folder:
    """See `FolderCamera`. memory: a file that remembers across restarts which were taken."""

    def __init__(self, settings: FolderCamera, memory: Path) -> None:
        self._settings, self._memory = settings, memory
        self._taken: set[Seen] = set()
        self._waiting: deque[tuple[Path, Seen]] = deque()
        self._looked: dict[Path, tuple[int, int, float]] = {}
        self._earlier: set[Path] = set()
        self._there = asyncio.Condition()
        self._watch: asyncio.Task[None] | None = None
        self._lost: CameraError | None = None
        self._by_picture = False

    async def open(self, arrived: Arrived) -> None:
        """Watch the folder from now on; files that were taken before are not taken again."""
        if not self._settings.path.is_dir():
            raise CameraError("camera_lost", str(self._settings.path))
        self._taken = _remembered(self._memory)
        self._lost = None
        await self._look(lambda: None)  # what is there already has not come now
        self._watch = asyncio.create_task(self._watching(arrived))

    def each_is_a_part(self) -> None:
        """Nobody triggers: what lies there and was never taken is judged too, the oldest first."""
        self._by_picture = True

    async def grab(self) -> Shot:
        """The oldest that waits where each picture is a part; else the next that comes."""
        if not self._by_picture:
            await self._pass_over()
        async with self._there:
            await self._there.wait_for(lambda: bool(self._waiting) or self._lost is not None)
        if self._lost is not None:
            raise self._lost
        path, seen = self._waiting.popleft()
        return Shot(path, path.name, lambda: self._done(path, seen))

    async def _pass_over(self) -> None:
        """What lies there, whole or not yet, is of an earlier part: only what comes now counts."""
        await self._look(lambda: None)
        self._earlier |= self._looked.keys()
        while self._waiting:
            self._taken.add(self._waiting.popleft()[1])

    async def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch

    def _done(self, path: Path, seen: Seen) -> None:
        self._taken.add(seen)
        if self._settings.after == "delete":
            with contextlib.suppress(OSError):
                path.unlink()
        there = {entry.name for entry in self._settings.path.iterdir()}
        self._taken = {one for one in self._taken if one[0] in there}
        lines = sorted(self._taken)
        write_atomically(self._memory, json.dumps(lines).encode())

    async def _watching(self, arrived: Arrived) -> None:
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
                if not self._settings.path.is_dir() or watching.done():
                    await self._lose()
                    return
                await self._look(arrived)
        finally:
            watching.cancel()

    async def _lose(self) -> None:
        self._lost = CameraError("camera_lost", str(self._settings.path))
        async with self._there:
            self._there.notify_all()

    async def _look(self, arrived: Arrived) -> None:
        """Take up what is whole now."""
        known = self._taken | {seen for _, seen in self._waiting}
        try:
            entries = sorted(self._settings.path.iterdir(), key=lambda path: path.name)
            found = [(path, path.stat()) for path in entries if path.suffix.lower() in _SUFFIXES]
        except OSError:
            return  # one was moved away while we looked; the next look tells
        now = asyncio.get_running_loop().time()
        looked: dict[Path, tuple[int, int, float]] = {}
        whole: list[tuple[int, Path, Seen]] = []
        for path, stat in found:
            seen = (path.name, stat.st_size, stat.st_mtime_ns)
            if seen in known:
                continue
            size, changed, since = self._looked.get(path, (-1, -1, now))
            if (size, changed) != seen[1:]:
                since = now
            if self._is_whole(path, stat.st_size, now - since):
                whole.append((stat.st_mtime_ns, path, seen))
            else:
                looked[path] = (*seen[1:], since)
        self._looked = looked
        for _, path, seen in sorted(whole):
            if path in self._earlier:
                self._earlier.discard(path)
                self._taken.add(seen)
            else:
                await self._take_up(path, seen, arrived)

    def _is_whole(self, path: Path, size: int, still: float) -> bool:
        if not 0 < size <= _MOST_BYTES:
            return False
        if self._settings.whole == "marker":
            return path.with_name(path.name + self._settings.marker).exists()
        return still >= self._settings.still_ms / 1000

    async def _take_up(self, path: Path, seen: Seen, arrived: Arrived) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            return  # it lies there still when there is room
        async with self._there:
            self._waiting.append((path, seen))
            self._there.notify()
        arrived()


def _remembered(memory: Path) -> set[Seen]:
    """What an earlier run took; nothing where that cannot be read."""
    try:
        told = json.loads(memory.read_text("utf-8"))
        return {(str(name), int(size), int(changed)) for name, size, changed in told}
    except (OSError, ValueError, TypeError):
        return set()
