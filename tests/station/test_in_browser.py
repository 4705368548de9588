"""The pages in a browser, as a person would use them: both languages, keyboard, a phone."""

import re
import time

import pytest
from chrome import Program, shoot, until, visiting

from kenpin.line import free_port

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytest_plugins = ["browsers"]
WORDS = {"en": ("Review", "History", "ready"), "ja": ("確認", "履歴", "待機中")}


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    """The demo as a user starts it: its address, and the password of each role."""
    folder = tmp_path_factory.mktemp("browser")
    program = Program("--demo", folder / "demo", "--backups", folder / "backups", port=free_port())
    yield program.address, program.passwords
    program.end()


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
        until(page, "document.querySelector('[data-word]').textContent === 'NG'", 60)
        page.wait_for_timeout(300)
        shoot(page, f"station-live-{language}")
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
            if not seen:
                page.wait_for_selector(".numbers")
                shoot(page, f"station-review-{language}")
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
        reviewed = page.url
        page.keyboard.press("n")
        page.wait_for_url(lambda url: "before=" in url)
        page.keyboard.press("u")
        page.wait_for_url(lambda url: url == reviewed)
        page.goto(f"{station[0]}/part/{reviewed.rpartition('/')[2]}")
        taken_back = {"en": "taken back", "ja": "取り消し"}[language]
        assert taken_back in page.inner_text(".words li:first-child")


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
    ("viewer", "/masters"), ("engineer", "/studies"), ("administrator", "/setup"),
    ("viewer", "/account"), ("approver", "/releases"), ("engineer", "/teach"), ("viewer", "/jobs"),
    ("operator", "/live/line_1/master"), ("engineer", "/devices/line_1"), ("engineer", "/tour"),
])  # fmt: skip
@pytest.mark.parametrize("width", [400, 1280])
def test_every_page_can_be_read_by_everybody(browser, station, role, path, width):
    with visiting(browser, station, role, width=width) as page:
        page.goto(station[0] + path)
        page.wait_for_timeout(300)
        shoot(page, f"{width}{path.replace('/', '-')}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width + 1, "the page is wider than the screen"
        found = axe.Axe().run(page)
        serious = [one["id"] for one in found.response["violations"]
                   if one["impact"] in ("serious", "critical")]  # fmt: skip
        assert serious == []


@pytest.mark.parametrize("language", WORDS)
def test_an_engineer_looks_and_tries_an_output(browser, station, language):
    with visiting(browser, station, "engineer", language) as page:
        page.goto(f"{station[0]}/devices/line_1")
        picture = "document.querySelector('.asked img')?.getAttribute('src')"
        page.click("[data-preview]")
        until(page, picture)
        first = page.evaluate(picture)
        until(page, f"{picture} !== '{first}'")
        page.click("[data-preview]")
        page.check("[name=bit_error]")
        page.click("[value=set]")
        lamp = ("[...document.querySelectorAll('.bits tr')].find(r => r.innerText.includes("
                "'→ error')).querySelector('.lamp').classList.contains('on')")  # fmt: skip
        until(page, lamp)
        page.wait_for_selector("[data-bits] .alarm")
        shoot(page, f"station-devices-{language}")
        page.goto(f"{station[0]}/live")
        told = {"en": "outputs by hand", "ja": "手動出力中"}[language]
        until(page, f"document.querySelector('[data-state]').innerText === '{told}'")
        page.goto(f"{station[0]}/devices/line_1")
        page.click("[value=end]")
        until(page, "!document.querySelector('[data-bits] .alarm')")


def test_two_tabs_and_a_form_sent_twice(browser, station):
    with visiting(browser, station, "reviewer") as page:
        page.goto(f"{station[0]}/review")
        one = page.get_attribute("form[data-once]", "action")
        other = page.context.new_page()
        other.goto(f"{station[0]}{one}")  # the line may have judged another one meanwhile
        assert other.get_attribute("form[data-once]", "action") == one  # the same person
        page.click("[value=good]")
        other.click("[value=good]")
        other.wait_for_url(lambda url: "before=" in url)
        assert other.locator("[role=alert]").count() == 0


def test_the_network_goes_and_comes_back(browser, station):
    with visiting(browser, station, "viewer", away=True) as page:
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


@pytest.mark.parametrize("language", WORDS)
def test_master_pieces_are_made_and_checked(browser, station, language):
    name = f"limit {language}"
    with visiting(browser, station, "engineer", language) as page:
        page.goto(f"{station[0]}/history?outcome=NG")
        page.click("tbody tr:nth-child(1) td:nth-child(3) a")
        page.fill("[name=name]", name)
        page.select_option("[name=expected]", "NG")
        page.click("[action='/masters/add'] button")
        page.wait_for_url(lambda url: url.endswith("/masters"))
        until(
            page, "[...document.querySelectorAll('.gallery img')].every(i => i.naturalWidth > 100)"
        )
        shoot(page, f"station-masters-{language}")
    with visiting(browser, station, "operator", language) as page:
        page.goto(f"{station[0]}/live/line_1/master")
        while page.locator("[name=piece]").count():
            asked = page.get_attribute("[name=piece]", "value")
            shoot(page, f"station-check-{language}")
            page.click("[value=take]")
            page.wait_for_selector("[role=status], [name=piece]", state="attached")
            if page.locator("[name=piece]").count():
                assert page.get_attribute("[name=piece]", "value") != asked
        assert page.locator(".gallery li").count() >= 1
        assert name in page.inner_text(".gallery")
        page.goto(f"{station[0]}/masters")
        assert "line 1" in page.inner_text("tbody")


def test_a_badge_is_held_to_the_reader(browser, station):
    with visiting(browser, station, "administrator") as page:
        page.goto(f"{station[0]}/people")
        row = page.locator("tr:has([name=name][value=operator])")
        row.locator("[name=badge_code]").fill("4711-0815")
        row.locator("button").click()
        page.wait_for_load_state()
    page = browser.new_context().new_page()
    page.goto(f"{station[0]}/sign-in")
    page.fill("[name=badge]", "4711-0815")
    page.keyboard.press("Enter")  # as a reader does
    page.wait_for_url(lambda url: url.endswith("/live"))
    page.context.close()


@pytest.mark.parametrize("language", WORDS)
def test_a_release_is_compared_asked_for_let_and_taken_back(browser, station, language):
    with visiting(browser, station, "engineer", language) as page:
        page.goto(f"{station[0]}/releases")
        page.fill("[name=most]", "30")
        page.click("[action='/releases/compare'] button")
        page.wait_for_url(lambda url: "/jobs/" in url)
        until(page, "document.querySelector('[data-job]').dataset.job === 'done'", 90)
        page.wait_for_selector("[role=status]")
        shoot(page, f"station-compare-{language}")
        page.goto(f"{station[0]}/releases")
        if page.locator("[value=requested]").count():  # the second time it is retired
            page.click("[value=requested]")
            page.wait_for_load_state()
    with visiting(browser, station, "approver", language) as page:
        page.goto(f"{station[0]}/releases")
        first = page.locator("tr:has(b) code").inner_text()
        for state in ("approved", "in_use"):
            if page.locator(f"[value={state}]").count():
                page.locator(f"[value={state}]").first.click()
                page.wait_for_load_state()
        shoot(page, f"station-releases-{language}")
        assert page.locator("tr:has(b) code").inner_text() != first
        page.locator("[value=in_use]").first.click()  # back with one click
        page.wait_for_load_state()
        assert page.locator("tr:has(b) code").inner_text() == first


def drawn_pictures(folder, count):
    from kenpin.drawn import draw_terminals  # noqa: PLC0415
    from kenpin.sources import write_png  # noqa: PLC0415

    folder.mkdir()
    for seed in range(count):
        write_png(folder / f"{seed:03}.png", draw_terminals(seed, size=(96, 128)).pixels)
    (folder / "notes.txt").write_text("no picture")
    return sorted(folder.iterdir())


def draw_an_outline(page, canvas):
    """Four rectangles are there; what is ignored is taken away for an outline."""
    items = page.locator("[data-list] li")

    def draw(*points):
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        for x, y in places[:-1]:
            page.mouse.click(x, y)
        page.mouse.dblclick(*places[-1])

    page.select_option("[data-mode]", "masks")
    draw((0.6, 0.1), (0.9, 0.1), (0.9, 0.3), (0.7, 0.3))
    assert items.count() == 5
    page.locator("input.points").fill("70,10 115,10 115,28 90,28")
    page.locator("input.points").press("Tab")
    page.click("[data-undo]")  # what the numbers changed
    page.click("[data-undo]")  # the outline
    assert items.count() == 4
    draw((0.6, 0.1), (0.9, 0.1), (0.9, 0.3))
    items.nth(3).locator("button").click()  # what is ignored


@pytest.mark.parametrize("language", WORDS)
def test_an_engineer_teaches_a_part_and_draws_where_to_look(browser, station, language, tmp_path):
    files = drawn_pictures(tmp_path / "pictures", 24)
    with visiting(browser, station, "engineer", language, away=True) as page:
        page.goto(f"{station[0]}/teach")
        page.fill("[name=part]", f"taught {language}")
        page.click("button.main")
        page.wait_for_url(lambda url: re.search("/teach/[0-9a-f-]+", url))
        page.set_input_files("[type=file]", files)
        page.click("[data-upload] button.main")
        page.wait_for_selector("[data-refused] li")  # the one that is no picture
        assert "notes.txt" in page.inner_text("[data-refused]")
        page.reload()
        assert page.locator(".gallery li").count() == 24
        canvas = page.locator("canvas")
        canvas.scroll_into_view_if_needed()
        for kind, (x, y, to_x, to_y) in (
            ("crop", (0.05, 0.05, 0.95, 0.95)), ("windows", (0.1, 0.2, 0.5, 0.8)),
            ("ignore", (0.7, 0.7, 0.9, 0.9)), ("mark", (0.1, 0.1, 0.4, 0.5)),
        ):  # fmt: skip
            page.select_option("[data-mode]", kind)
            box = canvas.bounding_box()
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            page.mouse.down()
            page.mouse.move(box["x"] + to_x * box["width"], box["y"] + to_y * box["height"])
            page.mouse.up()
        draw_an_outline(page, canvas)
        assert page.locator("[data-list] li").count() == 4
        page.locator("[data-list] li").nth(2).locator("input").first.fill("20")
        page.locator("[data-list] li").nth(2).locator("input").first.press("Tab")
        shoot(page, f"station-teach-{language}")
        page.fill("[name=percent]", "10")
        page.select_option("[name=align]", "translation")
        page.locator("[data-settings] button").click()
        page.wait_for_load_state()
        areas = page.evaluate("JSON.parse(document.querySelector('[data-field]').value)")
        assert abs(areas["crop"][0] - 6) <= 1 and abs(areas["crop"][2] - 115) <= 2
        assert areas["windows"]["w1"][0] == 20 and areas["ignore"] == []
        assert abs(areas["mark"][0] - 13) <= 1 and abs(areas["mark"][3] - 38) <= 2
        assert len(areas["masks"]) == 1 and len(areas["masks"][0]) == 3
        page.click("[action$='/learn'] button")
        page.wait_for_url(lambda url: "/jobs/" in url)
        until(page, "document.querySelector('[data-job]').dataset.job === 'done'", 120)
        page.wait_for_selector("[role=status]")
        shoot(page, f"station-learned-{language}")
        page.goto(f"{station[0]}/releases")
        assert f"taught {language}" in page.inner_text("main")
