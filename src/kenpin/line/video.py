"""USB cameras and streams (RTSP, HTTP), read by OpenCV."""

import os
from typing import Any

import cv2
import numpy as np

from kenpin.line.cameras import CameraError
from kenpin.line.settings import VideoCamera
from kenpin.line.stream import Pixels

_OPEN_MS, _READ_MS = 5000, 2000
# What a person should know is said as an event of ours; theirs would come at each try.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


class Video:
    """See `VideoCamera`. Raises CameraError where there is no such camera."""

    def __init__(self, settings: VideoCamera) -> None:
        source = settings.source
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
        for size, name in ((settings.width, cv2.CAP_PROP_FRAME_WIDTH),
                           (settings.height, cv2.CAP_PROP_FRAME_HEIGHT)):  # fmt: skip
            if size is not None:
                capture.set(name, size)
        self._capture: Any = capture

    def read(self) -> Pixels | None:
        """The next frame."""
        there, frame = self._capture.read()
        if not there:
            raise CameraError("camera_lost")
        if frame.ndim == 2:
            return np.asarray(frame)
        return np.ascontiguousarray(frame[:, :, ::-1])  # BGR to RGB

    def trigger(self) -> None:
        """A stream takes no triggers."""

    def close(self) -> None:
        """Let go of it."""
        self._capture.release()
