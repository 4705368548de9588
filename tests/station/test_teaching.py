"""Teaching at pages: pictures of any kind, suspects, areas, a promise, a draft."""

import io
import json
import re
import threading
import zipfile
from uuid import UUID

import pytest
from beside import Beside
from forms import secret_of
from test_releases import job_of, until

from kenpin.assurance import Plan
from kenpin.drawn import draw_terminals
from kenpin.inspection import Inspector
from kenpin.record import (
    Filter,
    Word,
    add_review,
    find_release,
    found,
    in_use,
    reading,
    writing,
)
from kenpin.sources import encode
from kenpin.station.lessons import Desk
from kenpin.station.worker import Workers

pytest_plugins = ["browsers"]


def drawn(seed, kind="good"):
    return encode(draw_terminals(seed, kind, size=(96, 128)).pixels, "png")


def begin(browser, part="new part"):
    form = {"form": secret_of(browser.get("/teach")), "part": part}
    answer = browser.post("/teach/begin", data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def send(browser, address, name, content):
    form = {"form": secret_of(browser.get("/teach"))}
    return browser.post(f"{address}/picture", data=form, files={"picture": (name, content)})


def desk_of(place, address):
    return Desk(place.folder, UUID(address.rpartition("/")[2]))


@pytest.fixture
def lesson(visitors, plant):
    """An engineer's browser, and a lesson with 30 good pictures."""
    browser = visitors("engineer")
    address = begin(browser)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for seed in range(30):
            archive.writestr(f"良品/{seed:02}.png", drawn(seed))
    assert send(browser, address, "good.zip", packed.getvalue()).status_code == 204
    assert len(desk_of(plant[0], address).pictures()) == 30
    return browser, address


def begin_job(browser, address, what):
    answer = browser.post(f"{address}/{what}", data={"form": secret_of(browser.get(address))})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def save(browser, address, areas, percent="5", **more):
    page = browser.get(address)
    version = re.search(r'name="version" value="(\d+)"', page.text)[1]
    told = areas if isinstance(areas, str) else json.dumps(areas)
    form = {"form": secret_of(page), "version": version, "percent": percent, "align": "none",
            "light": "none", "areas": told} | more  # fmt: skip
    return browser.post(f"{address}/settings", data=form)


def learned(browser, address, place):
    """The address of the job, and the release that came of it."""
    job = begin_job(browser, address, "learn")
    with Workers(place):
        until(lambda: job_of(place, job).over, 120)
    done = job_of(place, job)
    assert done.state == "done", done.result
    with reading(place) as engine, engine.connect() as connection:
        return job, find_release(connection, done.result["hash"], "new part")


def test_from_pictures_to_a_part_that_the_line_uses_by_two_people(lesson, visitors, plant):
    (browser, address), place = lesson, plant[0]
    areas = {"crop": [8, 8, 112, 80], "windows": {"left": [10, 10, 50, 70]}, "ignore": []}
    assert save(browser, address, areas).status_code == 303
    assert "can promise that at most 5 %" in browser.get(address).text
    job, release = learned(browser, address, place)
    page = browser.get(job).text
    assert "Learned from 30 pictures" in page and "5 %" in page
    assert release.state == "draft"
    bundle = Inspector.open(place.folder / release.file).bundle
    assert bundle.recipe.crop == (8, 8, 112, 80) and list(bundle.recipe.windows) == ["left"]
    assert bundle.recipe.false_reject == 0.05

    def let(who, state):
        form = {"form": secret_of(who.get("/releases")), "part": "new part",
                "hash": release.hash, "state": state}  # fmt: skip
        return who.post(f"/releases/{'request' if state == 'requested' else 'let'}", data=form)

    approver = visitors("approver")
    assert let(browser, "requested").status_code == 303
    for state in ("approved", "in_use"):
        assert let(approver, state).status_code == 303
    with reading(place) as engine, engine.connect() as connection:
        assert in_use(connection, "new part").hash == release.hash


def test_inside_an_outline_nothing_is_judged(lesson, plant):
    (browser, address), place = lesson, plant[0]
    outline = [[70, 5], [120, 5], [120, 90], [70, 90]]
    areas = {"crop": None, "windows": {}, "ignore": [], "masks": [outline]}
    assert save(browser, address, areas).status_code == 303
    assert "[[70, 5], [120, 5]" in browser.get(address).text
    _, release = learned(browser, address, place)
    inspector = Inspector.open(place.folder / release.file)

    def judged(x):
        pixels = draw_terminals(900, size=(96, 128)).pixels.copy()
        pixels[40:52, x : x + 12] = 0
        return inspector.inspect(pixels).outcome.value

    assert (judged(92), judged(20)) == ("OK", "NG")
    for wrong in ([[[1, 2], [3, 4]]], [[[-1, 2], [3, 4], [5, 6]]], [["a"]], 7, [outline] * 101):
        answer = save(browser, address, areas | {"masks": wrong})
        assert answer.status_code == 400 and "3 to 200 points" in answer.text, wrong


def test_parts_are_laid_upon_a_mark(lesson, plant):
    (browser, address), place = lesson, plant[0]
    areas = {"crop": None, "windows": {}, "ignore": [], "mark": [10, 10, 60, 50]}
    answer = save(browser, address, areas)
    assert answer.status_code == 400 and "&#39;align&#39; must be" in answer.text
    assert save(browser, address, areas, align="translation").status_code == 303
    assert "&#34;mark&#34;: [10, 10, 60, 50]" in browser.get(address).text
    _, release = learned(browser, address, place)
    bundle = Inspector.open(place.folder / release.file).bundle
    assert bundle.recipe.mark == bundle.preparation.alignment.mark == (10, 10, 60, 50)


def test_what_more_pictures_would_bring_is_tried(lesson, plant):
    (browser, address), place = lesson, plant[0]
    save(browser, address, {}, percent="1")
    job = begin_job(browser, address, "plan")
    assert browser.get(f"{job}/plan").status_code == 404  # not yet
    with Workers(place):
        until(lambda: job_of(place, job).over, 300)
    done = job_of(place, job)
    assert done.state == "done", done.result
    page = browser.get(job).text
    assert "you asked for takes 99" in page and "All figures, to print" in page
    whole = browser.get(f"{job}/plan")
    assert (whole.status_code == 200 and "<svg" in whole.text) or "<img" in whole.text
    found = Plan.from_dict(done.result)
    assert found.to_dict() == done.result and found.pictures == 30


def test_ng_among_the_good_comes_first_and_is_left_out(lesson, plant):
    (browser, address), place = lesson, plant[0]
    send(browser, address, "oops.png", drawn(500, "missing"))
    job = begin_job(browser, address, "check")
    with Workers(place):
        until(lambda: job_of(place, job).over, 120)
    told = job_of(place, job)
    assert told.state == "done", told.result
    page = browser.get(address).text
    gallery = page.partition('class="gallery small"')[2]
    assert "oops.png" in gallery.partition("</li>")[0] and 'class="fault"' in gallery
    desk = desk_of(place, address)
    stored = next(one for one, name in desk.lesson.names.items() if name == "oops.png")
    form = {"form": secret_of(browser.get(address)), "stored": stored}
    browser.post(f"{address}/change", data=form | {"do": "leave"})
    assert len(desk.pictures()) == 30 and stored in desk.lesson.left_out
    browser.post(f"{address}/change", data=form | {"do": "keep"})
    assert len(desk.pictures()) == 31
    browser.post(f"{address}/change", data=form | {"do": "remove"})
    assert len(desk.pictures()) == 30 and stored not in desk.lesson.names


def test_what_is_no_picture_is_said_and_nothing_is_half_made(lesson, plant):
    (browser, address), place = lesson, plant[0]
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(2**27))
    cases = [("a.txt", b"text"), ("a.png", b"broken"), ("b.zip", b"no zip"),
             ("bomb.zip", bomb.getvalue()), ("again.png", drawn(3)),
             ("../../../etc/passwd", b"x"), ("", b"x")]  # fmt: skip
    for name, content in cases:
        answer = send(browser, address, name or "x", content)
        assert answer.status_code == 200, name
        assert answer.text and "\n" not in answer.text and "Traceback" not in answer.text
    desk = desk_of(place, address)
    assert len(desk.pictures()) == 30
    assert {one.name for one in (desk.folder / "pictures").iterdir()} == set(desk.lesson.names)
    large = send(browser, address, "large.png", bytes(2**26 + 1))
    assert large.status_code == 413


def test_names_in_any_script_are_shown_and_never_are_paths(lesson, plant):
    (browser, address), place = lesson, plant[0]
    for number, name in enumerate(
        ("端子 検品.png", "../up.png", "<b>x</b>.png", "م.png", "a/b\\c.png")
    ):
        assert send(browser, address, name, drawn(900 + number)).status_code == 204
    desk = desk_of(place, address)
    assert len(desk.pictures()) == 35
    assert all(path.parent == desk.folder / "pictures" for path in desk.pictures())
    page = browser.get(address).text
    assert "端子 検品.png" in page and "<b>x</b>" not in page


def test_many_uploads_at_once_lose_nothing(visitors, plant):
    browser, place = visitors("engineer"), plant[0]
    address = begin(browser)
    form = {"form": secret_of(browser.get("/teach"))}

    def work(first):
        for seed in range(first, first + 10):
            browser.post(f"{address}/picture", data=form,
                         files={"picture": (f"{seed}.png", drawn(seed))})  # fmt: skip

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk_of(place, address).pictures()) == 40


def test_two_people_who_draw_do_not_overwrite_one_another(lesson, plant):
    (browser, address), place = lesson, plant[0]
    mine, theirs = {"crop": [0, 0, 50, 50]}, {"crop": [10, 10, 60, 60]}
    assert save(browser, address, mine).status_code == 303
    late = save(browser, address, theirs, version="0")
    assert late.status_code == 400 and "Somebody else" in late.text
    assert desk_of(place, address).lesson.settings["crop"] == [0, 0, 50, 50]


@pytest.mark.parametrize(("areas", "more"), [
    ({"crop": [-5, 0, 10, 10]}, {}), ({"crop": "x"}, {}), ({"windows": {"": [0, 0, 9, 9]}}, {}),
    ({"model": "pca"}, {}), ([1], {}), ({}, {"percent": "0"}), ({}, {"percent": "x"}),
    ({}, {"percent": "nan"}), ({}, {"align": "x"}), ("{", {}), ({"crop": [0, 0, 900, 20]}, {}),
    ({"mark": [500, 10, 60, 50]}, {"align": "translation"}),
    ({"windows": {"w": [9, 900, 9, 9]}}, {}),
])  # fmt: skip
def test_settings_that_cannot_be_are_said_and_not_kept(lesson, plant, areas, more):
    (browser, address), place = lesson, plant[0]
    answer = save(browser, address, areas, **more)
    assert answer.status_code == 400 and "Traceback" not in answer.text
    assert desk_of(place, address).lesson.version == 0
    assert browser.get(address).status_code == 200


def test_a_recipe_that_leaves_nothing_to_look_at_is_said_by_the_job(lesson, plant):
    (browser, address), place = lesson, plant[0]
    assert save(browser, address, {"ignore": [[0, 0, 128, 96]]}).status_code == 303
    job = begin_job(browser, address, "learn")
    with Workers(place):
        until(lambda: job_of(place, job).over, 120)
    assert job_of(place, job).state == "failed"
    page = browser.get(job)
    assert 'role="alert"' in page.text and "Traceback" not in page.text
    assert [
        one for one in desk_of(place, address).folder.iterdir() if one.suffix == ".kenpin"
    ] == []


def test_too_few_pictures_are_said_by_the_job(visitors, plant):
    browser, place = visitors("engineer"), plant[0]
    address = begin(browser)
    send(browser, address, "a.png", drawn(1))
    job = begin_job(browser, address, "learn")
    with Workers(place):
        until(lambda: job_of(place, job).over)
    assert job_of(place, job).state == "failed" and "10" in browser.get(job).text


def test_what_people_called_good_comes_from_the_record(visitors, plant):
    browser, place = visitors("engineer"), plant[0]
    with reading(place) as engine:
        rows = list(found(engine, Filter(outcomes=("OK",))))[:12]
    with writing(place) as connection:
        for row in rows:
            add_review(connection, row["id"], Word("good", None, None, None), "x", "x")
    address = begin(browser, "terminals")
    form = {"form": secret_of(browser.get(address))}
    assert "12 of 12" in browser.post(f"{address}/confirmed", data=form).text
    assert len(desk_of(place, address).pictures()) == 12


def test_a_burst_comes_from_the_camera_of_the_line(plant, tmp_path):
    with Beside(plant, tmp_path, camera={"kind": "drawn", "every_ms": 50}) as beside:
        beside.until(lambda: beside.screen.latest["state"] == "READY")
        browser = beside.browser("engineer")
        address = begin(browser, "terminals")
        form = {"form": secret_of(browser.get(address)), "line": "line_1", "count": "5"}
        assert "5 of 5" in browser.post(f"{address}/burst", data=form).text
        wrong = browser.post(f"{address}/burst", data=form | {"count": "0"})
        assert wrong.status_code == 400
        assert len(desk_of(beside.place, address).pictures()) == 5


def test_no_lesson_and_no_right(visitors):
    browser = visitors("engineer")
    nowhere = "/teach/00000000-0000-0000-0000-000000000000"
    assert browser.get(nowhere).status_code == 404
    assert browser.get("/teach/x").status_code == 400
    address = begin(browser)
    assert browser.get(f"{address}/picture/lesson.json").status_code in (400, 404)
    form = {"form": secret_of(browser.get("/teach")), "part": " "}
    assert browser.post("/teach/begin", data=form).status_code == 400
    unproved = browser.post(f"{address}/picture", files={"picture": ("a.png", drawn(1))})
    assert unproved.status_code == 403
    reviewer = visitors("reviewer")
    assert reviewer.get(address).status_code == 403
