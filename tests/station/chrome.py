"""Chromium as a person would use it, and `kenpin station` as a program of its own."""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error

SCREENSHOTS = os.environ.get("KENPIN_SCREENSHOTS")
"""A folder for pictures of the pages, as docs/station.md shows them; none are made without it."""


def chromium():
    found = next((p for p in map(shutil.which, ("chromium", "chromium-browser")) if p), None)
    if found is None:
        why = "Chromium is not installed: apt-get install chromium"
        pytest.fail(why) if os.environ.get("KENPIN_TESTS_NEED_CHROMIUM") else pytest.skip(why)
    return found


class Program:
    """`kenpin station` with these options, until it is ended; passwords: that it printed."""

    def __init__(self, *options, port):
        command = [sys.executable, "-m", "kenpin", "station", *map(str, options)]
        self.address, self.passwords = f"http://127.0.0.1:{port}", {}
        self.process = subprocess.Popen(
            [*command, "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=os.environ | {"KENPIN_LANG": "en"},
        )  # fmt: skip
        line = ""
        while "The pages are at" not in line:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            told = re.match(r"Sign in as (\w+) with (\S+)", line)
            if told:
                self.passwords[told[1]] = told[2]

    def end(self):
        self.process.terminate()
        error = self.process.communicate(timeout=30)[1]
        assert "Traceback" not in error, error

    def kill(self):
        """As a power cut."""
        self.process.kill()
        self.process.communicate()


def until(page, expression, seconds=30):
    """Not by Playwright's own waiting, which evaluates text: the pages forbid that."""
    end = time.monotonic() + seconds
    holds = False
    while not holds:
        assert time.monotonic() < end, expression
        with suppress(Error):  # it goes to another page just now
            holds = page.evaluate(expression)
        page.wait_for_timeout(100)


@contextmanager
def visiting(browser, station, role, language="en", width=1024, height=768, away=False):
    """A browser of its own, signed in; nothing may be asked of another host, nor fail."""
    address, passwords = station
    locale = {"en": "en-US", "ja": "ja-JP"}[language]
    context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
    page, wrong = context.new_page(), []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(address) else wrong.append(r.url))
    page.goto(f"{address}/sign-in")
    page.fill("[name=name]", role)
    page.fill("[name=password]", passwords[role])
    page.click("button.main")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    if page.get_attribute("html", "lang") != language:
        page.click(".language button")
        page.wait_for_load_state()
    yield page
    context.close()
    left = [one for one in wrong if not (away and "net::ERR_" in one)]
    assert not left, left


def shoot(page, name):
    """A picture of what is seen, where the docs want one."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")
