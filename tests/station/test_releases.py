"""Releases at pages: compared, asked for, let by another person, taken into use and back."""

import os
import re
import signal
import time
from uuid import UUID

import pytest
from forms import secret_of
from starlette.testclient import TestClient

from kenpin.drawn import draw_terminals
from kenpin.learning import learn
from kenpin.recipe import Recipe
from kenpin.record import (
    Filter,
    Pictures,
    Word,
    add_release,
    add_review,
    find_job,
    found,
    freeze,
    in_use,
    list_jobs,
    list_releases,
    reading,
    writing,
)
from kenpin.station import Office, make_app
from kenpin.station.worker import Workers

pytest_plugins = ["browsers"]


@pytest.fixture(scope="module")
def other_file(tmp_path_factory):
    """Another release of the same part, that judges otherwise."""
    path = tmp_path_factory.mktemp("other") / "other.kenpin"
    good = [draw_terminals(seed, size=(192, 256)).pixels for seed in range(200, 230)]
    learn(good, Recipe(model="pca", size=(48, 64), false_reject=0.2), search=False).save(path)
    return path


@pytest.fixture
def both(plant, other_file):
    """The hashes of the release in use and of a draft."""
    place, _ = plant
    with writing(place) as connection:
        old = in_use(connection, "terminals")
        new = add_release(connection, place.folder, other_file, "terminals", "engineer", "x")
    return old.hash, new.hash


def states(place):
    with reading(place) as engine, engine.connect() as connection:
        found_releases = list_releases(connection, "terminals")
    return {one.hash: one.state for one in found_releases if one.state != "draft"}


def step(browser, digest, state):
    form = {"form": secret_of(browser.get("/releases")), "part": "terminals", "hash": digest,
            "state": state, "comment": "because"}  # fmt: skip
    path = "/releases/request" if state == "requested" else "/releases/let"
    return browser.post(path, data=form)


def test_a_release_is_let_by_two_people_and_taken_back_with_one_click(visitors, plant, both):
    place, (old, new) = plant[0], both
    engineer, approver = visitors("engineer"), visitors("approver")
    assert step(engineer, new, "in_use").status_code == 403
    early = step(approver, new, "in_use")
    assert early.status_code == 400 and "draft" in early.text
    assert step(engineer, new, "requested").status_code == 303
    assert step(engineer, new, "approved").status_code == 403
    for state in ("approved", "in_use"):
        assert step(approver, new, state).status_code == 303
    assert states(place) == {old: "retired", new: "in_use"}
    page = approver.get("/releases").text
    assert "Back to this one" in page and "because" in page and "engineer" in page
    assert step(approver, old, "in_use").status_code == 303
    assert states(place) == {old: "in_use", new: "retired"}
    again = step(approver, "0" * 64, "in_use")
    assert again.status_code == 400 and "Traceback" not in again.text


def test_who_asked_cannot_approve_under_another_role(visitors, plant, both):
    place, (_, new) = plant[0], both
    assert step(visitors("engineer"), new, "requested").status_code == 303
    admin = visitors("administrator")
    form = {"form": secret_of(admin.get("/people")), "name": "engineer", "role": "approver",
            "active": "yes"}  # fmt: skip
    admin.post("/people/change", data=form)
    refused = step(visitors("engineer"), new, "approved")
    assert refused.status_code == 400 and "another person" in refused.text
    assert states(place)[new] == "requested"


def test_what_nobody_approved_never_comes_into_use(visitors, plant, both):
    place, (old, new) = plant[0], both
    engineer, approver = visitors("engineer"), visitors("approver")
    for first in ((), ("requested",)):
        for state in first:
            assert step(engineer, new, state).status_code == 303
        assert step(approver, new, "retired").status_code == 303
        row = approver.get("/releases").text.partition(new[:12])[2].partition("</tr>")[0]
        assert "Back to this one" not in row
        refused = step(approver, new, "in_use")
        assert refused.status_code == 400 and "never approved" in refused.text
        with writing(place) as connection:  # as it was, for the next way
            connection.exec_driver_sql("UPDATE releases SET state = 'draft' WHERE hash = ?", (new,))
    assert states(place)[old] == "in_use"


def until(holds, seconds=240):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def ask_to_compare(browser, both, **more):
    form = {"form": secret_of(browser.get("/releases")), "part": "terminals", "before": both[0],
            "after": both[1], "most": "40", "set": ""} | more  # fmt: skip
    return browser.post("/releases/compare", data=form)


def job_of(place, address):
    with reading(place) as engine, engine.connect() as connection:
        return find_job(connection, UUID(address.rpartition("/")[2]))


def test_what_a_release_would_change_is_seen_in_pictures(visitors, plant, both):
    place, _ = plant
    browser = visitors("approver")
    address = ask_to_compare(browser, both).headers["location"]
    assert "waits" in browser.get(address).text
    with Workers(place):
        until(lambda: job_of(place, address).over)
    done = job_of(place, address)
    assert done.state == "done" and done.result["pictures"] == 40 and done.result["changes"] > 0
    page = browser.get(address).text
    shown = re.findall(r"/picture/([0-9a-f-]+)/preview", page)
    assert len(shown) == done.result["changes"]
    assert browser.get(f"/picture/{shown[0]}/preview").status_code == 200
    assert "done" in browser.get(f"{address}/state").text


def test_on_a_frozen_set_with_exact_intervals(visitors, plant, both):
    place, _ = plant
    with reading(place) as engine:
        rows = list(found(engine, Filter()))
    with writing(place) as connection:
        for row in rows[:30]:
            word = Word("good" if row["outcome"] == "OK" else "ng", None, None, None)
            add_review(connection, row["id"], word, "x", "x")
        freeze(connection, Pictures(place.folder), "terminals", "gold", "x", "x")
    browser = visitors("engineer")
    answer = ask_to_compare(browser, both, set="gold@1")
    with Workers(place):
        until(lambda: job_of(place, answer.headers["location"]).over)
    page = browser.get(answer.headers["location"]).text
    assert "gold@1" in page and "False rejects" in page and "Escapes" in page
    told = job_of(place, answer.headers["location"]).result
    assert told["false_reject"][0]["n"] + told["escape"][0]["n"] == told["pictures"]


def test_a_job_is_killed_and_taken_up_again(visitors, plant, both):
    place, _ = plant
    browser = visitors("engineer")
    address = ask_to_compare(browser, both, most="80").headers["location"]
    with Workers(place) as workers:
        until(lambda: job_of(place, address).state == "running")
        os.kill(workers.lanes["long"].process.pid, signal.SIGKILL)
        until(lambda: workers.lanes["long"].process.poll() is None)
        with writing(place) as connection:  # as if its lease had run out
            connection.exec_driver_sql("UPDATE jobs SET until = 0 WHERE state = 'running'")
        until(lambda: job_of(place, address).over)
    done = job_of(place, address)
    assert done.state == "done" and done.tries == 2


def test_a_job_is_put_back_when_the_program_ends_and_does_not_count_as_begun(visitors, plant, both):
    place, _ = plant
    browser, put_back = visitors("engineer"), 0
    address = ask_to_compare(browser, both, most="80").headers["location"]
    for _ in range(10):  # a job may be done before the program has ended
        with Workers(place):
            until(lambda job=address: job_of(place, job).state != "waiting")
        ended = job_of(place, address)
        if ended.state == "waiting":
            assert ended.tries == 0
            put_back += 1
        else:
            assert ended.state == "done" and ended.tries == 1
            address = ask_to_compare(browser, both, most="80").headers["location"]
        if put_back == 2:
            break
    assert put_back == 2
    with Workers(place):
        until(lambda: job_of(place, address).over)
    assert job_of(place, address).state == "done"


def test_a_job_is_cancelled_under_way_and_the_next_is_done(visitors, plant, both):
    place, _ = plant
    browser = visitors("engineer")
    first = ask_to_compare(browser, both, most="80").headers["location"]
    second = ask_to_compare(browser, both, most="5").headers["location"]
    with Workers(place):
        until(lambda: job_of(place, first).state == "running")
        browser.post(f"{first}/cancel", data={"form": secret_of(browser.get(first))})
        until(lambda: job_of(place, second).over)
    assert job_of(place, first).state == "cancelled" and job_of(place, second).state == "done"
    assert "cancelled" in browser.get(first).text
    assert browser.get("/jobs").text.count("/jobs/") == 2


def test_what_cannot_be_compared_is_said(visitors, plant, both):
    place, _ = plant
    browser = visitors("engineer")
    for wrong in ({"most": "0"}, {"most": "x"}, {"after": "0" * 64}, {"set": "gold@x"}):
        assert ask_to_compare(browser, both, **wrong).status_code == 400
    with reading(place) as engine, engine.connect() as connection:
        assert list_jobs(connection, 10) == []
    address = ask_to_compare(browser, both, set="nothing@1").headers["location"]
    with Workers(place):
        until(lambda: job_of(place, address).over)
    page = browser.get(address).text
    assert job_of(place, address).state == "failed" and "nothing" in page
    assert browser.get("/jobs/00000000-0000-0000-0000-000000000000").status_code == 404


def test_the_station_does_its_jobs_and_takes_its_worker_along(plant, both):
    place, passwords = plant
    app = make_app(Office(place, works=True))
    with TestClient(app, follow_redirects=False) as browser:
        browser.post("/sign-in", data={"name": "engineer", "password": passwords["engineer"]})
        address = ask_to_compare(browser, both, most="5").headers["location"]
        until(lambda: job_of(place, address).over)
    assert job_of(place, address).state == "done"
