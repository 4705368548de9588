"""From what people said of parts to the next release: proposed, learned, compared, never used."""

import pytest
from forms import secret_of
from test_releases import job_of, until

from kenpin.drawn import draw_terminals
from kenpin.inspection import Inspector
from kenpin.record import (
    Circumstances,
    Filter,
    Keep,
    Record,
    Word,
    add_job,
    add_review,
    find_release,
    found,
    in_use,
    list_sets,
    reading,
    writing,
)
from kenpin.sources import encode
from kenpin.station.lessons import Desk
from kenpin.station.worker import Workers
from kenpin.types import Picture

pytest_plugins = ["browsers"]


@pytest.fixture
def reviewed(plant):
    """A record whose parts people looked at: what was rejected is good, and so is what passed."""
    place = plant[0]
    with reading(place) as engine, engine.connect() as connection:
        release = in_use(connection, "terminals")
    inspector = Inspector.open(place.folder / release.file)
    with Record(place, "line 1") as record:
        for number in range(12):  # a new tool mark that good parts have from now on
            pixels = draw_terminals(20_000 + number, size=(192, 256)).pixels.copy()
            pixels[90:100, 120:134] //= 3
            picture = Picture(pixels, f"mark {number}")
            verdict = inspector.inspect(picture)
            assert verdict.outcome.value == "NG"
            told = Circumstances(camera="drawn", serial=f"mark {number}")
            record.write(verdict, release.id, told, picture)
    with reading(place) as engine:
        rows = list(found(engine, Filter()))
    with writing(place) as connection:
        for row in rows:
            good = row["outcome"] == "OK" or (row["serial"] or "").startswith("mark")
            said = Word("good") if good else Word("ng", "defect")
            add_review(connection, row["id"], said, "reviewer", "x")
    return plant, release


def post(browser, what, **fields):
    form = {"form": secret_of(browser.get("/releases")), "part": "terminals"} | fields
    return browser.post(f"/releases/{what}", data=form)


def test_false_rejects_that_look_alike_are_learned_and_compared_on_the_frozen_set(
    reviewed, visitors
):
    (place, _), before = reviewed
    browser = visitors("engineer")
    shown = browser.get("/releases").text
    assert "called 12 parts good" in shown and "(12 of them are marked" in shown
    assert "no frozen set" in shown
    assert post(browser, "freeze", name="daily", share="50").status_code == 303
    with reading(place) as engine, engine.connect() as connection:
        (frozen,) = list_sets(connection, "terminals")
    assert frozen.good > 20 and frozen.ng > 2
    job = post(browser, "improve").headers["location"]
    with Workers(place):
        assert f'href="{job}"' in browser.get("/releases").text  # not a second time
        until(lambda: job_of(place, job).over, 120)
    done = job_of(place, job)
    assert done.state == "done", done.result
    was, now = done.result["false_reject"]
    assert was["n"] == frozen.good and now["errors"] < was["errors"]
    assert done.result["way"] == "add" and done.result["escape"][0]["n"] == frozen.ng
    page = browser.get(job).text
    assert "Kept: learned in addition" in page and "False rejects" in page
    with reading(place) as engine, engine.connect() as connection:
        assert in_use(connection, "terminals").id == before.id  # never by itself
        draft = find_release(connection, done.result["hash"], "terminals")
    assert draft.state == "draft"
    learned = Inspector.open(place.folder / draft.file).bundle.provenance.pictures
    assert len(learned) > len(Inspector.open(place.folder / before.file).bundle.provenance.pictures)


def test_what_was_taught_at_a_page_is_learned_anew_too(plant):
    """The lesson's pictures are there still, also for the release after the next."""
    place = plant[0]
    desk = Desk.begin(place.folder, "taught", "engineer")
    for seed in range(30):
        desk.add(f"{seed}.png", encode(draw_terminals(seed, size=(96, 128)).pixels, "png"))

    desk.set(0, {}, [[[0, 0], [6, 0], [6, 6]]])

    def job(kind, **told):
        with writing(place) as connection:
            made = add_job(connection, kind, {"part": "taught"} | told, "engineer", "x")
        until(lambda: job_of(place, f"/{made}").over, 120)
        done = job_of(place, f"/{made}")
        assert done.state == "done", done.result
        return done.result

    def judge_and_review(digest, first):
        with reading(place) as engine, engine.connect() as connection:
            release = find_release(connection, digest, "taught")
        inspector = Inspector.open(place.folder / release.file)
        with Record(place, "line 1", keep=Keep("all")) as record:
            rows = []
            for number in range(8):
                drawn = draw_terminals(first + number, "bent" if number > 2 else "good", (96, 128))
                picture = Picture(drawn.pixels, f"{first + number}")
                rows.append(record.write(inspector.inspect(picture), release.id,
                                         Circumstances(camera="drawn"), picture))  # fmt: skip
        with writing(place) as connection:
            for number, row in enumerate(rows):
                said = Word("ng", "bent") if number > 2 else Word("good")
                add_review(connection, row, said, "reviewer", "x")

    with Workers(place):
        first = job("learn", lesson=str(desk.identity))["hash"]
        late = draw_terminals(999, "missing", (96, 128)).pixels
        desk.add("late.png", encode(late, "png"))  # nobody looked it through: it is not learned
        judge_and_review(first, 40_000)
        second = job("improve", release=first)
        judge_and_review(second["hash"], 50_000)
        third = job("improve", release=second["hash"])
    for told, good in ((second, 33), (third, 36)):
        ways = {one["way"] for one in told["tried"] if "why" not in one}
        assert {"anew", "with_ng"} <= ways
        assert told["way"] == "add" or told["learned"] == good
    assert len({first, second["hash"], third["hash"]}) == 3


def test_nothing_is_proposed_where_little_was_wrong(plant, visitors):
    browser = visitors("engineer")
    assert "It can learn from that" not in browser.get("/releases").text
    job = post(browser, "improve").headers["location"]
    with Workers(plant[0]):
        until(lambda: job_of(plant[0], job).over, 120)
    assert job_of(plant[0], job).state == "failed"
    assert "could not be learned any way" in browser.get(job).text


def test_a_set_needs_a_name_and_reviewed_pictures(plant, visitors):
    browser = visitors("approver")
    for wrong in ({"name": "a@b", "share": "50"}, {"name": "", "share": "50"},
                  {"name": "x", "share": "0"}, {"name": "x", "share": "50"}):  # fmt: skip
        answer = post(browser, "freeze", **wrong)
        assert answer.status_code == 400 and "Traceback" not in answer.text
    assert post(visitors("reviewer"), "freeze", name="x", share="50").status_code == 403
