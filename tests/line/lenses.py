"""A camera of every kind and its other side: simulators that can be switched off and on."""

import contextlib
import fcntl
import http.server
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from viva_genicam.testing import FakeGigeCamera

from kenpin.sources import write_png

SIZE = (96, 128)


@contextlib.contextmanager
def gige_port():
    """GigE Vision has one port for all: one test at a time, whatever process runs it."""
    with (Path(tempfile.gettempdir()) / "kenpin-gige-port").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def noisy(number):
    """A picture like no other."""
    return np.random.default_rng(number).integers(60, 200, (*SIZE, 3), dtype=np.uint8)


class FolderEye:
    """Another program writes a picture every now and then."""

    lossless = True

    def __init__(self, folder):
        self.path = folder / "in"
        self.settings = {"kind": "folder", "path": str(self.path), "still_ms": 20}
        self.stopped = threading.Event()

    def start(self):
        self.path.mkdir(exist_ok=True)
        self.stopped.clear()
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def write(self):
        while not self.stopped.wait(0.1):
            number = time.time_ns()
            write_png(self.path / f"{number}.png", noisy(number % 1000))

    def stop(self):
        self.stopped.set()
        self.thread.join()
        shutil.rmtree(self.path)


class StreamEye:
    """A camera that streams over HTTP, as many network cameras do."""

    def __init__(self, _):
        self.server = self.make(0)
        self.port = self.server.server_port
        self.server.server_close()
        url = f"http://127.0.0.1:{self.port}/stream.mjpeg"
        self.settings = {"kind": "video", "source": url, "latency_ms": 50}

    @staticmethod
    def make(port):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                with contextlib.suppress(OSError):
                    number = 0
                    while not self.server.stopped.is_set():
                        number += 1
                        content = cv2.imencode(".jpg", noisy(number))[1].tobytes()
                        head = (
                            f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}"
                        )
                        self.wfile.write(head.encode() + b"\r\n\r\n" + content + b"\r\n")
                        time.sleep(0.02)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.stopped = threading.Event()
        server.daemon_threads = True
        return server

    def start(self):
        self.server = self.make(self.port)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def stop(self):
        self.server.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class GenicamEye:
    """The fake camera of viva-genicam, in this process."""

    def __init__(self, _, **features):
        self.settings = {"kind": "genicam", "device": "127.0.0.1"}
        self.features = {"width": SIZE[1], "height": SIZE[0], "pixel_format": "RGB8"} | features

    def start(self):
        self.fake = FakeGigeCamera(**self.features)
        self.fake.start()

    def stop(self):
        self.fake.stop()


class AravisEye:
    """Debian's fake camera, which knows nothing of the library that kenpin uses."""

    def __init__(self, _):
        self.settings = {"kind": "genicam", "features": {"Width": 128, "Height": 96}}

    def start(self):
        command = ("arv-fake-gv-camera-0.8", "-i", "127.0.0.1")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(0.5)

    def stop(self):
        self.process.kill()
        self.process.wait()


class BaslerEye:
    """The emulated camera of Basler's library; it cannot be unplugged."""

    def __init__(self, _):
        os.environ["PYLON_CAMEMU"] = "1"
        told = {"Width": 128, "Height": 96, "PixelFormat": "RGB8Packed"}
        self.settings = {"kind": "basler", "device": "0815-0000", "features": told}

    def start(self):
        pass

    def stop(self):
        pass


class DrawnEye:
    """It draws, and is always there."""

    def __init__(self, _):
        self.settings = {"kind": "drawn", "delay_ms": 1}

    def start(self):
        pass

    def stop(self):
        pass


EYES = {
    "folder": FolderEye,
    "video": StreamEye,
    "genicam": GenicamEye,
    "aravis": AravisEye,
    "basler": BaslerEye,
    "drawn": DrawnEye,
}
ALWAYS_THERE = ("basler", "drawn")


def aravis_is_there():
    return shutil.which("arv-fake-gv-camera-0.8")
