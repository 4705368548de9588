"""The pages in a browser, as a person would use them: both languages, keyboard, a phone."""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import Error, sync_playwright

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
WORDS = {"en": ("Review", "History", "ready"), "ja": ("確認", "履歴", "待機中")}


def chromium():
    found = next((p for p in map(shutil.which, ("chromium", "chromium-browser")) if p), None)
    if found is None:
        why = "Chromium is not installed: apt-get install chromium"
        pytest.fail(why) if os.environ.get("KENPIN_TESTS_NEED_CHROMIUM") else pytest.skip(why)
    return found


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    """The demo as a user starts it: its address, and the password of each role."""
    port = free_port()
    command = [sys.executable, "-m", "kenpin", "station", "--demo",
               str(tmp_path_factory.mktemp("browser") / "demo"), "--port", str(port)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=os.environ | {"KENPIN_LANG": "en"}) as process:  # fmt: skip
        passwords, line = {}, ""
        while "The pages are at" not in line:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            told = re.match(r"Sign in as (\w+) with (\S+)", line)
            if told:
                passwords[told[1]] = told[2]
        yield f"http://127.0.0.1:{port}", passwords
        process.terminate()
        error = process.communicate(timeout=30)[1]
        assert "Traceback" not in error, error


def free_port():
    import socket  # noqa: PLC0415

    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as program:
        made = program.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield made
        made.close()


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
def visiting(browser, station, role, language="en", width=1024, height=768, offline=False):
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
    assert [one for one in wrong if not (offline and "ERR_INTERNET_DISCONNECTED" in one)] == []


@pytest.mark.parametrize("language", WORDS)
def test_an_operator_sees_verdicts_come_and_stops_the_line(browser, station, language):
    with visiting(browser, station, "operator", language) as page:
        assert page.url.endswith("/live")
        until(page, "document.querySelector('[data-word]').textContent !== '–'")
        until(page, "document.querySelector('[data-picture]').naturalWidth > 100")
        strip = page.locator("[data-strip] li").count()
        assert 0 < strip <= 30
        page.click("[value=stop]")
        until(page, "document.querySelector('[data-state]').dataset.state === "
                               "'INITIALIZED'")  # fmt: skip
        page.click("[value=start]")
        until(
            page,
            "['READY', 'RESULT', 'ACQUIRING', 'JUDGING'].includes("
            "document.querySelector('[data-state]').dataset.state)",
        )
        box = page.locator("[value=stop]").bounding_box()
        assert box["y"] + box["height"] <= 768, "the buttons are not on a tablet's screen"


def test_a_call_is_seen_in_another_browser(browser, station):
    with (
        visiting(browser, station, "operator") as one,
        visiting(browser, station, "viewer") as two,
    ):
        two.goto(f"{station[0]}/live")
        two.wait_for_timeout(500)
        one.click("[value=call]")
        two.wait_for_selector("[data-call]:not([hidden])")
        assert "operator calls at line 1" in two.inner_text("[data-call]")


@pytest.mark.parametrize("language", WORDS)
def test_a_reviewer_works_by_keyboard_alone(browser, station, language):
    with visiting(browser, station, "reviewer", language) as page:
        page.goto(f"{station[0]}/review")
        seen = []
        for key in ("n", "g", "n"):
            page.wait_for_selector("form[data-once]")
            seen.append(page.get_attribute("form[data-once]", "action"))
            page.keyboard.press(key)
            page.wait_for_url(lambda url: "before=" in url and seen[-1].rpartition("/")[2] in url)
        assert len(set(seen)) == 3
        page.keyboard.press("k")
        page.keyboard.type("scratch")
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        page.wait_for_url(lambda url: seen[-1].rpartition("/")[2] not in url)
        page.wait_for_selector("[data-kind=scratch]")
        page.keyboard.press("b")
        page.wait_for_url(lambda url: re.search(r"/review/[0-9a-f-]+$", url))
        page.wait_for_selector(".numbers")


def test_a_part_is_found_and_zoomed(browser, station):
    with visiting(browser, station, "reviewer") as page:
        page.goto(f"{station[0]}/history")
        page.select_option("[name=outcome]", "NG")
        page.click("button.main")
        page.click("tbody tr:nth-child(1) td:nth-child(3) a")
        until(page, "[...document.querySelectorAll('.pane img')].every(i => "
                               "i.complete && i.naturalWidth > 100)")  # fmt: skip
        page.locator("[data-zoom]").fill("4")
        moved = page.evaluate("[...document.querySelectorAll('.pane img')]"
                              ".map(i => i.style.transform)")  # fmt: skip
        assert len(set(moved)) == 1 and moved[0].startswith("scale(4)")


@pytest.mark.parametrize(("role", "path"), [
    ("operator", "/live"), ("reviewer", "/review"), ("viewer", "/history"), ("viewer", "/day"),
    ("administrator", "/people"), ("approver", "/audit"), ("viewer", "/about"),
])  # fmt: skip
@pytest.mark.parametrize("width", [400, 1280])
def test_every_page_can_be_read_by_everybody(browser, station, role, path, width):
    with visiting(browser, station, role, width=width) as page:
        page.goto(station[0] + path)
        page.wait_for_timeout(300)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width + 1, "the page is wider than the screen"
        found = axe.Axe().run(page)
        serious = [one["id"] for one in found.response["violations"]
                   if one["impact"] in ("serious", "critical")]  # fmt: skip
        assert serious == []


def test_two_tabs_and_a_form_sent_twice(browser, station):
    with visiting(browser, station, "reviewer") as page:
        page.goto(f"{station[0]}/review")
        other = page.context.new_page()
        other.goto(page.url)
        one = page.get_attribute("form[data-once]", "action")
        assert other.get_attribute("form[data-once]", "action") == one  # the same person
        page.click("[value=good]")
        other.click("[value=good]")
        other.wait_for_url(lambda url: "before=" in url)
        assert other.locator("[role=alert]").count() == 0


def test_the_network_goes_and_comes_back(browser, station):
    with visiting(browser, station, "viewer", offline=True) as page:
        page.goto(f"{station[0]}/live")
        until(page, "document.querySelector('[data-word]').textContent !== '–'")
        before = page.locator("[data-strip] li:last-child a").get_attribute("href")
        page.context.set_offline(True)
        time.sleep(1)
        page.context.set_offline(False)
        until(
            page,
            f"document.querySelector('[data-strip] li:last-child a').getAttribute('href') "
            f"!== '{before}'",
        )
