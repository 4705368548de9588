"""Cameras that give one frame after the other, each read in a thread of its own."""

import asyncio
import contextlib
import hashlib
import re
import statistics
import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenpin.line.cameras import Call, CameraError, Lost, Shot
from kenpin.line.settings import Streaming
from kenpin.types import Picture

_STALE = 2.0  # seconds without a picture
_MOST_WAITING = 16
_WAITS = 16  # between two frames, of which the median is usual
_EVERY = 8  # rows of a frame of which one is compared with the frame before

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


class Frames(Protocol):
    """A device that is open. Every call raises CameraError once it is lost."""

    def read(self) -> Pixels | None:
        """The next frame, H x W or H x W x 3 (RGB); None where none came for a short time."""

    def trigger(self) -> None:
        """Take one now; from any thread, and only where frames come by software trigger."""

    def close(self) -> None:
        """Let go of it; no word if it is lost already."""


class Stream:
    """Always reads. Which frame is a part's depends on what takes it (`Streaming.trigger`).

    free: the first that left the camera after it was asked for; a stream is behind the world by
    `latency_ms`, so what comes sooner is older. software: frame number N answers trigger number N;
    if it does not come the device is opened anew, so that it is never taken for a later one.
    A line of the camera: the next that comes; or each is a part, the oldest first.
    """

    def __init__(self, settings: Streaming, device: Callable[[], Frames]) -> None:
        self._settings, self._device = settings, device
        self._each_is_a_part = False
        self._thread: threading.Thread | None = None
        self._frames: Frames | None = None
        self._stop = threading.Event()  # of the thread that reads now
        self._hash, self._equal = b"", 0  # kept when it is opened anew: frozen stays frozen
        self._forget()

    def _forget(self) -> None:
        """What belongs to one connection. All of it is touched in the loop's thread only."""
        self._waiting: deque[tuple[Pixels, int]] = deque()
        self._latest: Pixels | None = None
        self._taken = 0.0
        self._count = self._fired = 0
        self._why: CameraError | None = None  # it is lost, or must be opened anew
        self._changed = asyncio.Event()

    def each_is_a_part(self) -> None:
        """Nobody triggers kenpin: each frame that comes is judged."""
        self._each_is_a_part = True

    async def open(self, arrived: Call, lost: Lost) -> None:
        """Raises CameraError where there is no such camera, or it does not take a setting."""
        frames = await asyncio.to_thread(self._device)
        self._forget()
        self._frames, self._arrived, self._lost = frames, arrived, lost
        stop = self._stop = threading.Event()
        loop = asyncio.get_running_loop()
        given = (loop, frames, stop)
        self._thread = threading.Thread(target=self._read, args=given, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Frames that came by themselves, where each is a part."""
        return len(self._waiting)

    def pass_over(self) -> int:
        """Those that wait went by."""
        count = len(self._waiting)
        self._waiting.clear()
        return count

    async def grab(self) -> Shot:
        """The frame of the part that is there now; see `Stream`."""
        ways = {"free": self._after_now, "software": self._triggered}
        frame, number = await ways.get(self._settings.trigger, self._by_itself)()
        if self._equal >= self._settings.frozen:
            raise CameraError("camera_frozen")
        name = f"{self._settings.kind}-{number:08}"
        return Shot(Picture(frame, name), name)

    async def close(self) -> None:
        """Stop the thread, which lets go of the device."""
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 2 * _STALE)

    async def _after_now(self) -> tuple[Pixels, int]:
        latency = self._settings.latency_ms / 1000
        after, first = monotonic() + latency, self._count + 1  # one more may be on its way already
        try:
            async with asyncio.timeout(latency + _STALE):
                return await self._until(lambda: self._taken > after and self._count > first)
        except TimeoutError:
            raise CameraError("camera_late") from None

    async def _triggered(self) -> tuple[Pixels, int]:
        if self._count > self._fired:  # it takes pictures that nobody asked for
            self._break(CameraError("camera_setting"))
        if self._why is not None or self._frames is None:
            raise self._why or CameraError("camera_lost")
        self._fired += 1
        number = self._fired
        try:
            async with asyncio.timeout(_STALE):
                await asyncio.to_thread(self._frames.trigger)
                found = await self._until(lambda: self._count >= number)
        except (TimeoutError, asyncio.CancelledError):  # its frame may come when nobody waits
            self._break(CameraError("camera_late"))
            raise
        if self._count != number:  # one more came, and which is the part's is not known
            self._break(CameraError("camera_setting"))
            raise CameraError("camera_setting")
        return found

    async def _by_itself(self) -> tuple[Pixels, int]:
        if self._each_is_a_part:
            await self._until(lambda: bool(self._waiting))
            return self._waiting.popleft()
        before = self._count
        return await self._until(lambda: self._count > before)

    async def _until(self, there: Callable[[], bool]) -> tuple[Pixels, int]:
        while not there():
            if self._why is not None:
                raise self._why
            await self._changed.wait()
        assert self._latest is not None  # noqa: S101 - something came
        return self._latest, self._count

    def _break(self, why: CameraError) -> None:
        """No more of this connection: whoever opened the camera is told, and opens it anew."""
        if self._why is None:
            self._why = why
            self._wake()
            self._lost(why.code)

    def _take(self, stop: threading.Event, frame: Pixels, digest: bytes, when: float) -> None:
        if stop is not self._stop or self._why is not None:
            return  # of an earlier connection
        self._equal = self._equal + 1 if digest == self._hash else 0
        self._hash, self._latest, self._taken = digest, frame, when
        self._count += 1
        if self._each_is_a_part and len(self._waiting) >= _MOST_WAITING:
            self._break(CameraError("camera_frame_lost"))
        elif self._each_is_a_part:
            self._waiting.append((frame, self._count))
            self._arrived()
        self._wake()

    def _ended(self, stop: threading.Event, why: CameraError) -> None:
        if stop is self._stop:
            self._break(why)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # --- in the thread that reads ----------------------------------------------------------------

    def _read(self, loop: asyncio.AbstractEventLoop, frames: Frames, stop: threading.Event) -> None:
        why = CameraError("camera_lost")
        try:
            free = self._settings.trigger == "free"
            for frame in _until_lost(frames, stop, self._settings.latency_ms / 1000, free):
                digest = hashlib.blake2b(np.ascontiguousarray(frame[::_EVERY]).data, digest_size=8)
                loop.call_soon_threadsafe(self._take, stop, frame, digest.digest(), monotonic())
        except CameraError as error:
            why = error
        except BaseException as error:  # whatever a maker's library throws, panics among it
            why = CameraError("camera_lost", f"{type(error).__name__}: {error}")
        finally:
            if not stop.is_set():
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._ended, stop, why)
            with contextlib.suppress(BaseException):
                frames.close()


def as_text(value: bool | int | float | str) -> str:
    """The value of a feature as GenICam writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_full_range(pixels: Pixels, pixel_format: str) -> Pixels:
    """Pixels of 10 to 14 bits, so that white is 65,535; others as they are."""
    bits = re.search(r"1[0246]", pixel_format)
    if bits is None or pixels.dtype != np.uint16:
        return pixels
    return np.left_shift(pixels, 16 - int(bits[0]), dtype=np.uint16)


def _until_lost(
    frames: Frames, stop: threading.Event, latency: float, free: bool
) -> Iterator[Pixels]:
    """Frame after frame. Raises CameraError; free: one that gives none for long is lost.

    Of a free one frames that were held up on the way are passed over: after a pause, all that come
    in one go, until the next one must be waited for as usual.
    """
    last = fresh = monotonic()
    waits: deque[float] = deque(maxlen=_WAITS)
    held_up = waited = False
    while not stop.is_set():
        frame = frames.read()
        now = monotonic()
        if frame is None:
            if free and now - last > _STALE:
                return
            continue
        wait, last = now - last, now
        usual = statistics.median(waits) if len(waits) > _WAITS // 2 else 0.0
        if free and usual:
            paused, waited = wait > 2 * usual + latency, wait > usual / 2
            held_up = paused or (held_up and not waited)
            if held_up and now - fresh > _STALE:
                raise CameraError("camera_late")  # a new connection has nothing that is old
        if not held_up or waited:
            waits.append(wait)
        if not held_up and not stop.is_set():
            fresh = now
            yield frame
