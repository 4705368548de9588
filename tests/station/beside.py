"""Pages beside a line at work, and what lies before its camera."""

import asyncio
import threading
import time

from starlette.testclient import TestClient

from kenpin.drawn import draw_terminals
from kenpin.line import LineSettings, run_line
from kenpin.sources import write_png
from kenpin.station import Office, make_app


def drawn(seed, kind="good"):
    return draw_terminals(seed, kind, size=(192, 256)).pixels


class Beside:
    """A line in a thread of its own, with the pages' office, and what lies before its camera."""

    def __init__(self, plant, folder, **station):
        self.place, self.passwords = plant
        self.folder = folder / "camera"
        self.folder.mkdir()
        told = {
            "name": "line 1", "parts": {1: "terminals"},
            "camera": {"kind": "folder", "path": str(self.folder), "still_ms": 50},
            "controller": {"kind": "none"}, "trigger": {"by": "picture"},
        } | station  # fmt: skip
        self.settings = LineSettings.model_validate(
            {"record": str(self.place.folder), "station": [told]}
        )
        self.office = Office(self.place)
        self.app = make_app(self.office)
        self.said, self._shown, self._closed = [], 0, False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await run_line(self.settings, self._stop, self.said.append, None, self.office.screen_of)

    def __enter__(self):
        self._pages = TestClient(self.app, follow_redirects=False)
        self._pages.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closed = True
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self._pages.__exit__(None, None, None)

    @property
    def screen(self):
        self.until(lambda: "line_1" in self.office.screens)
        return self.office.screens["line_1"]

    def until(self, holds, seconds=30):
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.office.screens and self.screen.latest
            time.sleep(0.02)

    def put(self, pixels):
        """Before the camera, as soon as somebody looks through it."""

        def wait_and_put():
            while "settings" not in self.screen.latest.get("holds", ()):
                if self._closed:
                    return
                time.sleep(0.02)
            time.sleep(0.1)
            self._shown += 1
            aside = self.folder.parent / f"{self._shown:04}.png"
            write_png(aside, pixels)
            aside.rename(self.folder / aside.name)

        threading.Thread(target=wait_and_put).start()

    def browser(self, role):
        browser = TestClient(self.app, follow_redirects=False)
        told = {"name": role, "password": self.passwords[role]}
        assert browser.post("/sign-in", data=told).status_code == 303
        return browser
