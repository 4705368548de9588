"""Pages whose program, network or database goes away and comes back: nothing is lost."""

import re
import shutil
from uuid import UUID

import numpy as np
import pytest
from chrome import Program, until, visiting
from forms import secret_of
from starlette.testclient import TestClient

from kenpin.line import free_port
from kenpin.record import (
    Filter,
    Record,
    User,
    add_user,
    found,
    place_of,
    reading,
    writing,
)
from kenpin.record.reviews import latest_reviews
from kenpin.sources import write_png
from kenpin.station import Office, make_app
from kenpin.station.lessons import Desk

pytest_plugins = ["browsers"]
RUNNING = ("['READY', 'RESULT', 'ACQUIRING', 'JUDGING'].includes("
           "document.querySelector('[data-state]').dataset.state)")  # fmt: skip
LINE = """
record = "record"
[[station]]
name = "line 1"
parts = { 1 = "terminals", 2 = "not released" }
trigger = { by = "picture" }
camera = { kind = "drawn", every_ms = 300 }
"""


class Plant:
    """A line with its pages, which can be killed and started again at the same address."""

    def __init__(self, made, folder):
        shutil.copytree(made.place.folder, folder / "record")
        self.place, self.passwords = place_of(folder / "record"), made.passwords
        self.file, self.port = folder / "LINE.toml", free_port()
        self.file.write_text(LINE, encoding="utf-8")
        self.start()

    def start(self):
        self.program = Program("--line", self.file, port=self.port)

    def restart(self):
        self.program.kill()
        self.start()

    @property
    def station(self):
        return self.program.address, self.passwords


@pytest.fixture
def line(made, tmp_path):
    plant = Plant(made, tmp_path)
    yield plant
    plant.program.end()


def test_the_live_page_goes_on_after_a_restart_and_changes_parts(browser, line):
    with visiting(browser, line.station, "operator", away=True) as page:
        until(page, RUNNING)
        until(page, "document.querySelectorAll('[data-strip] li').length > 2")
        line.program.kill()
        until(page, "!document.querySelector('[data-away]').hidden")
        line.start()
        until(page, "document.querySelector('[data-away]').hidden")
        until(page, "document.querySelector('[data-strip] li a') !== null")
        newest = "document.querySelector('[data-strip] li:last-child a').getAttribute('href')"
        before = page.evaluate(newest)
        until(page, f"{newest} !== '{before}'")
        state = "document.querySelector('[data-state]').dataset.state"
        for _ in range(10):  # while a part is under way a change is refused
            page.select_option("[name=part]", "2")
            page.click("[value=change]")
            page.wait_for_timeout(1000)
            if page.evaluate(state) == "ERROR":
                break
        assert page.evaluate(state) == "ERROR"
        assert "part_not_released" in page.inner_text("[data-faults]")
        page.select_option("[name=part]", "1")
        page.click("[value=change]")
        until(page, RUNNING)


def test_a_review_a_study_and_a_check_go_on_after_a_restart(browser, line):
    with visiting(browser, line.station, "engineer") as page:
        page.goto(f"{line.station[0]}/review")
        reviewed = page.get_attribute("form[data-once]", "action")
        line.restart()
        page.keyboard.press("n")
        page.wait_for_url(lambda url: "before=" in url)
        page.goto(f"{line.station[0]}/studies")
        page.fill("[name=lot]", "MSA-2")
        page.fill("[name=pieces]", "5")
        page.fill("[name=shots]", "2")
        page.click("button.main")
        page.wait_for_selector("[name=shot]", state="attached")
        for number in range(10):
            asked = page.get_attribute("[name=shot]", "value")
            assert asked == f"{number % 5 + 1:02}/{number // 5 + 1}"
            if number == 4:
                line.restart()
                page.wait_for_timeout(1500)  # until the line's camera is there
            page.click("button.main")
            page.wait_for_selector(".headline, [role=status]")
        page.click("text=Report")
        page.wait_for_load_state()
        assert "MSA-2" in page.content()
    with reading(line.place) as engine, engine.connect() as connection:
        words = connection.execute(latest_reviews().select()).all()
        assert {f"/review/{word.inspection_id}" for word in words} == {reviewed}
    with reading(line.place) as engine:
        assert sum(1 for _ in found(engine, Filter(lot="MSA-2"))) == 10


def test_500_pictures_go_up_also_when_the_program_is_killed_meanwhile(browser, line, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(500):
        pixels = np.full((40, 40), number % 200, np.uint8)
        pixels[0, : 1 + number // 200] = 255
        write_png(folder / f"{number:03}.png", pixels)
    with visiting(browser, line.station, "engineer", away=True) as page:
        page.goto(f"{line.station[0]}/teach")
        page.fill("[name=part]", "many")
        page.click("button.main")
        page.wait_for_url(lambda url: "/teach/" in url)
        lesson = Desk(line.place.folder, UUID(page.url.rpartition("/")[2]))
        page.set_input_files("[type=file]", sorted(folder.iterdir()))
        page.click("[data-upload] button.main", no_wait_after=True)
        while len(lesson.lesson.names) < 100:
            page.wait_for_timeout(50)
        line.restart()
        until(page, "document.querySelectorAll('.gallery li').length === 500", 120)
    assert len(lesson.lesson.names) == 500
    assert all(lesson.path(stored).is_file() for stored in lesson.lesson.names)


def test_a_form_that_met_no_network_is_sent_again(browser, line):
    with visiting(browser, line.station, "reviewer", away=True) as page:
        page.goto(f"{line.station[0]}/review")
        page.context.set_offline(True)
        page.keyboard.press("g")
        page.wait_for_timeout(500)
        page.context.set_offline(False)
        page.goto(f"{line.station[0]}/review")
        action = page.get_attribute("form[data-once]", "action")
        page.keyboard.press("g")
        page.wait_for_url(lambda url: "before=" in url)
    with reading(line.place) as engine, engine.connect() as connection:
        (word,) = connection.execute(latest_reviews().select()).all()
    assert f"/review/{word.inspection_id}" == action


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_tablet_whose_clock_differs_sees_the_same(browser, line, hours):
    import datetime  # noqa: PLC0415

    with visiting(browser, line.station, "operator") as page:
        there = datetime.datetime.now() + datetime.timedelta(hours=hours)
        page.clock.set_system_time(there)
        page.goto(f"{line.station[0]}/live")
        until(page, "document.querySelector('[data-word]').textContent !== '–'")
        until(page, "document.querySelector('[data-picture]').naturalWidth > 100")
        page.goto(f"{line.station[0]}/history")
        assert page.locator("tbody tr").count() > 10


@pytest.fixture
def served(server, tmp_path, monkeypatch, judge_file):
    """Pages over a record in a PostgreSQL server of our own."""
    monkeypatch.setenv("KENPIN_STORE", str(tmp_path / "store"))
    where = place_of(server.url())
    with Record(where, "line 1"):
        pass
    with writing(where) as connection:
        add_user(connection, User("mori", "en", "administrator", True), "long enough", None, "x")
    with TestClient(make_app(Office(where)), follow_redirects=False) as browser:
        yield browser


def test_a_database_that_is_away_for_a_while_loses_nothing(served, server):
    signed = served.post("/sign-in", data={"name": "mori", "password": "long enough"})
    assert signed.status_code == 303
    page = served.get("/people")
    form = {"form": secret_of(page), "name": "sato", "role": "viewer", "language": "ja"}
    server.stop()
    try:
        for answer in (served.get("/history"), served.post("/people/add", data=form)):
            assert answer.status_code == 503 and re.search("record", answer.text)
            assert "Traceback" not in answer.text
    finally:
        server.start()
    assert served.get("/history").status_code == 200
    assert "sato" not in served.get("/people").text
    assert served.post("/people/add", data=form).status_code == 200
    assert "sato" in served.get("/people").text
