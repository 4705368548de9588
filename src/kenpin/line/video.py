"""USB cameras and streams (RTSP, HTTP), read by OpenCV in a thread of their own."""

import asyncio
import hashlib
import threading
from time import monotonic
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kenpin.line.cameras import Arrived, CameraError, Shot
from kenpin.line.settings import VideoCamera
from kenpin.types import Picture

_OPEN_MS, _READ_MS = 5000, 2000
_STALE = 2.0  # seconds without a picture

Pixels = NDArray[np.uint8]


class Video:
    """Always reads, so that what is given was taken after the trigger; see `VideoCamera`."""

    def __init__(self, settings: VideoCamera) -> None:
        self._settings = settings
        self._lock = threading.Condition()
        self._frame: Pixels | None = None
        self._taken = 0.0
        self._count = self._equal = 0
        self._hash = b""
        self._stopped = False
        self._thread: threading.Thread | None = None

    async def open(self, arrived: Arrived) -> None:
        """Raises CameraError where there is no such camera."""
        capture = await asyncio.to_thread(self._opened)
        self._stopped, self._frame, self._equal = False, None, 0
        self._thread = threading.Thread(target=self._read, args=(capture,), daemon=True)
        self._thread.start()

    async def grab(self) -> Shot:
        """The first picture that came after now."""
        frame = await asyncio.to_thread(self._next, monotonic())
        name = f"video-{self._count:08}"
        return Shot(Picture(frame, name), name)

    async def close(self) -> None:
        """Stop the thread and let go of the camera."""
        self._stopped = True
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
        for size, name in ((self._settings.width, cv2.CAP_PROP_FRAME_WIDTH),
                           (self._settings.height, cv2.CAP_PROP_FRAME_HEIGHT)):  # fmt: skip
            if size is not None:
                capture.set(name, size)
        return capture

    def _read(self, capture: Any) -> None:
        try:
            while not self._stopped:
                there, frame = capture.read()
                if not there:
                    break
                self._take(frame)
        finally:
            capture.release()
            with self._lock:
                self._stopped = True
                self._lock.notify_all()

    def _take(self, frame: Pixels) -> None:
        digest = hashlib.blake2b(frame.tobytes(), digest_size=8).digest()
        with self._lock:
            self._equal = self._equal + 1 if digest == self._hash else 0
            self._hash, self._frame, self._taken = digest, frame, monotonic()
            self._count += 1
            self._lock.notify_all()

    def _next(self, after: float) -> Pixels:
        with self._lock:
            there = self._lock.wait_for(lambda: self._stopped or self._taken > after, _STALE)
            if self._stopped:
                raise CameraError("camera_lost", str(self._settings.source))
            if not there or self._frame is None:
                raise CameraError("camera_late", str(self._settings.source))
            if self._equal >= self._settings.frozen:
                raise CameraError("camera_frozen", str(self._settings.source))
            frame = self._frame
        grey = frame.ndim == 2
        return frame.copy() if grey else np.ascontiguousarray(frame[:, :, ::-1])  # BGR to RGB
