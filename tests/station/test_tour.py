"""The first visit, as a newcomer makes it: from nothing to a part that the line judges."""

import re

import pytest
from chrome import Program, shoot, until, visiting

from kenpin.line import free_port

pytest_plugins = ["browsers"]


@pytest.fixture
def station(tmp_path):
    program = Program("--demo", tmp_path / "demo", port=free_port())
    yield program.address, program.passwords
    program.end()


def now(page):
    """Which step the tour says is next."""
    return page.get_attribute("li.now", "data-step")


def go(page, step):
    """To where the tour sends one."""
    at = page.url.partition("/")[0] + "//" + page.url.split("/")[2]
    page.goto(f"{at}/tour?part=first part")
    assert now(page) == step
    page.click("li.now a.button")


def done(page):
    """The job whose page this is."""
    page.wait_for_url(lambda url: "/jobs/" in url)
    until(page, "document.querySelector('[data-job]').dataset.job === 'done'", 180)


def teach(page):
    """An engineer: begin, pictures, doubts, learn, ask."""
    go(page, "begin")
    page.fill("[name=part]", "first part")
    page.click("button.main")
    page.wait_for_url(lambda url: re.search("/teach/[0-9a-f-]+", url))
    go(page, "pictures")
    page.fill("[name=count]", "34")
    page.click("[action$='/burst'] button")
    page.wait_for_selector(".gallery li", timeout=120_000)
    go(page, "doubts")
    page.click("[action$='/check'] button")
    done(page)
    page.click("a.button[href^='/teach/']")
    left = 0
    while page.locator("li:not(.out) .fault").count() and left < 4:
        page.locator("li:not(.out):has(.fault) button[value=leave]").first.click()
        page.wait_for_load_state()
        left += 1
    go(page, "learn")
    page.click("[action$='/learn'] button")
    done(page)
    go(page, "ask")
    page.click("form:has([value='first part']) [value=requested]")
    page.wait_for_load_state()


def change_and_see(page, address):
    """An operator: the part change, and the first verdict."""

    def seen(step):
        page.goto(f"{address}/tour?part=first part")
        return page.locator(f"[data-step={step}].done").count() == 1

    for _ in range(20):  # while a part is under way a change is refused
        page.goto(f"{address}/live")
        page.select_option("[name=part]", "2")
        page.click("[value=change]")
        page.wait_for_timeout(700)
        if seen("change"):
            break
    for _ in range(20):
        if seen("judge"):
            break
        page.wait_for_timeout(700)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_tour_leads_to_a_part_that_the_line_judges(browser, station, language):
    address = station[0]
    with visiting(browser, station, "engineer", language) as page:
        page.goto(f"{address}/live")
        page.click("p.sentence a[href='/tour']")  # it says that nothing judges the second part
        shoot(page, f"station-tour-{language}")
        teach(page)
        page.goto(f"{address}/tour?part=first part")
        assert now(page) == "approve" and page.locator("li.now a.button").count() == 0
    with visiting(browser, station, "approver", language) as page:
        for step, state in (("approve", "approved"), ("use", "in_use")):
            go(page, step)
            page.click(f"form:has([value='first part']) [value={state}]")
            page.wait_for_load_state()
    with visiting(browser, station, "operator", language) as page:
        page.goto(f"{address}/tour?part=first part")
        assert now(page) == "change"
        change_and_see(page, address)
        assert page.locator("li.now").count() == 0
        assert page.locator(".steps .done").count() == 9
