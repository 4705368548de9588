"""Pictures that another program writes into a folder; each is taken once, when it is whole."""

import asyncio
import contextlib
import hashlib
import json
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from watchfiles import Change, awatch

from kenpin.line.cameras import Call, CameraError, Lost, Shot
from kenpin.line.settings import FolderCamera
from kenpin.sources import Taken
from kenpin.system import write_atomically

_LOOK_EVERY = 0.05  # seconds, at files that may not be whole yet
_MOST_WAITING = 1000
_FORGOTTEN = 600.0  # seconds that a file is gone until another like it would be a new one
_MOST_REMEMBERED = 1_000_000  # lines
_MOST_BYTES = 2**30
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".tif", ".tiff", ".webp", ".npy",
             ".jp2", ".pgm", ".ppm")  # fmt: skip

Seen = tuple[str, int, int]
"""Name, size, and when it was changed: the same file again is no new picture."""
Judged = tuple[str, str]
"""Path and SHA-256."""


class Found(NamedTuple):
    """A file in the folder. marked: whether its marker lies beside it."""

    path: Path
    seen: Seen
    marked: bool


class Folder:
    """See `FolderCamera`. memory: a file that remembers across restarts which were taken.

    latest: the newest rows of this station, as the path and SHA-256 of a picture: what was judged
    just before the power went may not be in the memory yet.
    """

    def __init__(
        self, settings: FolderCamera, memory: Path, latest: Callable[[], set[Judged]] = set
    ) -> None:
        self._settings, self._memory, self._latest = settings, memory, latest
        self._taken: dict[Seen, float] = {}  # and when it was last seen to be there
        self._waiting: deque[tuple[Path, Seen]] = deque()
        self._given: set[Seen] = set()  # from when it no longer waits until it is taken
        self._looked: dict[Path, tuple[int, int, float]] = {}
        self._earlier: set[Path] = set()
        self._there = asyncio.Condition()
        self._looking = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        self._lost: CameraError | None = None
        self._by_picture = False
        self._which: tuple[int, int] | None = None
        self._writing = ThreadPoolExecutor(1, "kenpin-folder")
        self._writes: list[asyncio.Future[None]] = []

    async def open(self, arrived: Call, lost: Lost) -> None:
        """Watch the folder from now on; files that were taken before are not taken again."""
        path = self._settings.path
        self._which = await asyncio.to_thread(_which, path)
        if self._which is None:
            raise CameraError("camera_lost", str(path))
        now = asyncio.get_running_loop().time()
        known = await asyncio.to_thread(lambda: _remembered(self._memory) | self._judged_latest())
        self._taken = dict.fromkeys(known, now)
        self._lost = None
        await self._look(arrived)
        self._watch = asyncio.create_task(self._watching(arrived, lost))

    @property
    def waiting(self) -> int:
        """Whole pictures that were not given yet."""
        return len(self._waiting)

    def pass_over(self) -> int:
        """Those that wait went by; they are not taken after a restart either."""
        count = len(self._waiting)
        while self._waiting:
            self._take_note(self._waiting.popleft()[1])
        return count

    def _judged_latest(self) -> set[Seen]:
        return _judged(self._settings.path, self._latest())

    def each_is_a_part(self) -> None:
        """Nobody triggers: what lies there and was never taken is judged too, the oldest first."""
        self._by_picture = True

    async def grab(self) -> Shot:
        """The oldest that waits where each picture is a part; else the next that comes."""
        if not self._by_picture:
            await self._leave_earlier_ones()
        while True:
            async with self._there:
                await self._there.wait_for(lambda: bool(self._waiting) or self._lost is not None)
            if self._lost is not None:
                raise self._lost
            path, seen = self._waiting.popleft()
            self._given.add(seen)
            content = None
            try:
                content = await asyncio.to_thread(_read_as_seen, path, seen)
            finally:
                if content is None:  # written anew, or nobody waits for it any more: it comes again
                    self._given.discard(seen)
            if content is not None:
                taken = Taken(path, content)
                return Shot(taken, path.name, partial(self._done, path, seen))

    async def _leave_earlier_ones(self) -> None:
        """What lies there, whole or not yet, is of an earlier part: only what comes now counts."""
        if not await self._look(lambda: None):
            raise CameraError("camera_lost", str(self._settings.path))
        self._earlier |= self._looked.keys()
        while self._waiting:
            self._taken[self._waiting.popleft()[1]] = asyncio.get_running_loop().time()

    async def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await asyncio.gather(*self._writes, return_exceptions=True)

    def _done(self, path: Path, seen: Seen, kept: bool) -> None:
        """Never give it again; it is deleted only if its row is there and it is still that file."""
        self._take_note(seen)
        if self._settings.after == "delete" and kept:
            self._in_thread(partial(_delete, path, seen))

    def _take_note(self, seen: Seen) -> None:
        self._taken[seen] = asyncio.get_running_loop().time()
        self._given.discard(seen)
        self._in_thread(partial(_append, self._memory, json.dumps(seen) + "\n"))

    def _in_thread(self, work: Callable[[], None]) -> None:
        """One after the other, and nobody waits: a share may take its time."""
        self._writes = [one for one in self._writes if not one.done()]
        self._writes.append(asyncio.get_running_loop().run_in_executor(self._writing, work))

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
                if watching.done() or not await self._look(arrived):
                    break
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
            marker = self._settings.marker if self._settings.whole == "marker" else None
            look = partial(_pictures_in, self._settings.path, self._which, marker)
            found = await asyncio.to_thread(look)
            if found is None:
                return False
            await self._sort_out(found, arrived)
            return True

    async def _sort_out(self, found: list[Found], arrived: Call) -> None:
        """Which of these are new and whole; the oldest first."""
        now = asyncio.get_running_loop().time()
        self._taken |= {one.seen: now for one in found if one.seen in self._taken}
        gone = [seen for seen, last in self._taken.items() if now - last > _FORGOTTEN]
        for seen in gone:  # not at once: a share may not show all of its files for a moment
            del self._taken[seen]
        known = self._taken.keys() | self._given | {seen for _, seen in self._waiting}
        looked: dict[Path, tuple[int, int, float]] = {}
        whole: list[tuple[int, Path, Seen]] = []
        for path, seen, marked in found:
            if seen in known:
                continue
            size, changed, since = self._looked.get(path, (-1, -1, now))
            if (size, changed) != seen[1:]:
                since = now
            if self._is_whole(seen, marked, now - since):
                whole.append((seen[2], path, seen))
            else:
                looked[path] = (*seen[1:], since)
        self._looked = looked
        for _, path, seen in sorted(whole):
            if path in self._earlier:
                self._earlier.discard(path)
                self._taken[seen] = now
            else:
                await self._take_up(path, seen, arrived)

    def _is_whole(self, seen: Seen, marked: bool, still: float) -> bool:
        if seen[1] > _MOST_BYTES:
            return False
        if self._settings.whole == "marker":
            return marked
        return seen[1] > 0 and still >= self._settings.still_ms / 1000

    async def _take_up(self, path: Path, seen: Seen, arrived: Call) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            return  # it lies there still when there is room
        async with self._there:
            self._waiting.append((path, seen))
            self._there.notify()
        arrived()


def _remembered(memory: Path) -> set[Seen]:
    """What an earlier run took, as far as it can be read: a power cut may tear the last line."""
    try:
        lines = memory.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    found: dict[Seen, None] = {}
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            name, size, changed = json.loads(line)
            found[str(name), int(size), int(changed)] = None
    if len(found) > _MOST_REMEMBERED:  # the newest are last
        newest = list(found)[-_MOST_REMEMBERED // 2 :]
        write_atomically(memory, "".join(json.dumps(one) + "\n" for one in newest).encode())
        return set(newest)
    return set(found)


def _append(memory: Path, line: str) -> None:
    """On the disk when it returns; after a line that a power cut tore it begins a new one."""
    with contextlib.suppress(OSError), memory.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def _delete(path: Path, seen: Seen) -> None:
    with contextlib.suppress(OSError):
        if _seen(path) == seen:
            path.unlink()


def _judged(folder: Path, latest: set[Judged]) -> set[Seen]:
    """Those of these that lie here still, as they were."""
    found = set()
    for name, digest in latest:
        path = folder / Path(name).name
        if str(path) != name:
            continue
        with contextlib.suppress(OSError):
            seen = _seen(path)
            content = None if seen is None else _read_as_seen(path, seen)
            if seen and content is not None and hashlib.sha256(content).hexdigest() == digest:
                found.add(seen)
    return found


def _which(folder: Path) -> tuple[int, int] | None:
    """Which folder it is; None where there is none. A share that is away leaves another."""
    try:
        stat = folder.stat()
        return (stat.st_dev, stat.st_ino) if folder.is_dir() else None
    except OSError:  # it says so in many ways
        return None


def _pictures_in(
    folder: Path, which: tuple[int, int] | None, marker: str | None
) -> list[Found] | None:
    """Every picture's file; None where the folder, or one of them, cannot be looked at now, or it
    is another folder than at first. A large one takes its time.
    """
    try:
        if _which(folder) != which:
            return None
        found = []
        for path in folder.iterdir():
            if path.suffix.lower() in _SUFFIXES:
                seen = _seen(path)
                if seen is not None:
                    found.append(Found(path, seen, marker is not None and _marked(path, marker)))
    except OSError:
        return None
    return found


def _marked(path: Path, marker: str) -> bool:
    """Whether its marker is there, and not one of an earlier file of this name."""
    own, theirs = _seen(path), _seen(path.with_name(path.name + marker))
    return own is not None and theirs is not None and theirs[2] >= own[2]


def _seen(path: Path) -> Seen | None:
    """What is known of a file; None where it is gone. Raises OSError where that is not known."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return path.name, stat.st_size, stat.st_mtime_ns


def _read_as_seen(path: Path, seen: Seen) -> bytes | None:
    """The content, if it is still the file that was seen after it was read."""
    try:
        content = path.read_bytes()
        return content if _seen(path) == seen else None
    except OSError:
        return None
