"""USB cameras and streams (RTSP, HTTP), read by OpenCV in a thread of their own."""

import asyncio
import contextlib
import hashlib
import threading
from time import monotonic
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.line.cameras import Call, CameraError, Shot
from kenpin.line.settings import VideoCamera
from kenpin.types import Picture

_OPEN_MS, _READ_MS = 5000, 2000
_STALE = 2.0  # seconds without a picture

Pixels = NDArray[np.uint8]


class Video:
    """Always reads, and gives the first picture that left the camera after it was asked for.

    A stream is behind the world by `latency_ms` of `VideoCamera`: what comes sooner is older.
    """

    def __init__(self, settings: VideoCamera) -> None:
        self._settings = settings
        self._lock = threading.Condition()
        self._frame: Pixels | None = None
        self._taken = 0.0
        self._count = self._equal = 0
        self._hash = b""
        self._stop = threading.Event()  # of the thread that reads now
        self._thread: threading.Thread | None = None

    async def open(self, arrived: Call, lost: Call) -> None:
        """Raises CameraError where there is no such camera."""
        capture = await asyncio.to_thread(self._opened)
        loop = asyncio.get_running_loop()
        self._stop, self._frame, self._equal = threading.Event(), None, 0
        given = (capture, self._stop, lambda: loop.call_soon_threadsafe(lost))
        self._thread = threading.Thread(target=self._read, args=given, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """A stream always has a picture, and none comes by itself."""
        return 0

    async def grab(self) -> Shot:
        """The first picture that came after now."""
        frame = await asyncio.to_thread(self._next, monotonic())
        name = f"video-{self._count:08}"
        return Shot(Picture(frame, name), name)

    async def close(self) -> None:
        """Stop the thread and let go of the camera."""
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 2 * _READ_MS / 1000)

    def _opened(self) -> Any:
        source = self._settings.source
        options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS,
                   cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]  # fmt: skip
        if isinstance(source, int):
            capture = cv2.VideoCapture(source)
        else:
            capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, options)
        if not capture.isOpened():
            capture.release()
            raise CameraError("camera_lost", str(source))
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        for size, name in ((self._settings.width, cv2.CAP_PROP_FRAME_WIDTH),
                           (self._settings.height, cv2.CAP_PROP_FRAME_HEIGHT)):  # fmt: skip
            if size is not None:
                capture.set(name, size)
        return capture

    def _read(self, capture: Any, stop: threading.Event, lost: Call) -> None:
        try:
            while not stop.is_set():
                there, frame = capture.read()
                if not there or stop.is_set():
                    break
                self._take(frame)
        finally:
            capture.release()
            by_itself = not stop.is_set()
            with self._lock:
                stop.set()
                self._lock.notify_all()
            if by_itself:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    lost()

    def _take(self, frame: Pixels) -> None:
        digest = hashlib.blake2b(frame.tobytes(), digest_size=8).digest()
        with self._lock:
            self._equal = self._equal + 1 if digest == self._hash else 0
            self._hash, self._frame, self._taken = digest, frame, monotonic()
            self._count += 1
            self._lock.notify_all()

    def _next(self, after: float) -> Pixels:
        after += self._settings.latency_ms / 1000
        with self._lock:
            first = self._count + 1  # one more may be on its way already
            there = self._lock.wait_for(
                lambda: self._stop.is_set() or (self._taken > after and self._count > first),
                _STALE + self._settings.latency_ms / 1000,
            )
            if self._stop.is_set():
                raise CameraError("camera_lost", str(self._settings.source))
            if not there or self._frame is None:
                raise CameraError("camera_late", str(self._settings.source))
            if self._equal >= self._settings.frozen:
                raise CameraError("camera_frozen", str(self._settings.source))
            frame = self._frame
        grey = frame.ndim == 2
        return frame.copy() if grey else np.ascontiguousarray(frame[:, :, ::-1])  # BGR to RGB
