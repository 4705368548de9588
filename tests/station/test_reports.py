"""Reports and drift charts: made beside, opened in the language of who looks."""

import re

import pytest
from forms import secret_of
from test_releases import job_of, until

from kenpin.record import add_event, in_use, now, reading, writing
from kenpin.station.reports import page_of
from kenpin.station.worker import Workers
from kenpin.text import local_time

pytest_plugins = ["browsers"]


def asked(browser, path, **told):
    """The address of the job."""
    form = {"form": secret_of(browser.get("/day"))} | told
    answer = browser.post(path, data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def made(place, *addresses):
    with Workers(place):
        until(lambda: all(job_of(place, one).over for one in addresses))
    return [job_of(place, one) for one in addresses]


def test_a_report_is_made_beside_and_opens_as_a_page_of_its_own(visitors, plant):
    place, browser = plant[0], visitors("viewer")
    today = local_time(*now())[:10]
    narrow = asked(browser, "/day/report", kind="lot", lot="none such", part="P")
    jobs = [asked(browser, "/day/report", kind=kind, day=today) for kind in ("day", "week")]
    assert browser.get(f"{jobs[0]}/page").status_code == 404  # not yet
    for done in made(place, *jobs, narrow):
        assert done.state == "done", done.result
    assert f'href="{jobs[0]}/page"' in browser.get(jobs[0]).text
    listed = browser.get("/jobs").text
    assert f"<td>{today}</td>" in listed and "None" not in listed
    page = browser.get(f"{jobs[0]}/page")
    assert page.status_code == 200 and "80" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    browser.post("/language", data={"language": "ja", "next": "/day"})
    assert '<html lang="ja">' in browser.get(f"{jobs[0]}/page").text
    page_of(place, job_of(place, jobs[0]).id, "ja").unlink()
    assert browser.get(f"{jobs[0]}/page").status_code == 404


def test_a_report_does_not_wait_for_what_takes_minutes(visitors, plant):
    place, browser = plant[0], visitors("engineer")
    with writing(place) as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    address = asked(browser, "/day/report", kind="day")
    with Workers(place) as workers:
        until(lambda: workers.lanes["long"].process is not None)
        workers.lanes["long"].process.kill()
        until(lambda: job_of(place, address).over)
    assert job_of(place, address).state == "done"


def test_the_drift_of_a_release_opens_as_a_page(visitors, plant):
    place, browser = plant[0], visitors("viewer")
    with writing(place) as connection:
        used = in_use(connection, "terminals").hash
        for kind, told, where in (
            ("master", {"passed": False, "part": used}, "line 1"),
            ("master", {"passed": True, "part": used}, "line 2"),
            ("master", {"passed": True, "part": "0" * 64}, "line 1"),
            ("lost", {"device": "camera", "code": "camera_lost"}, "line 1"),
            ("by_hand", {"line": "line 1", "bits": ["ok"]}, "station"),
        ):  # fmt: skip
            add_event(connection, kind, told, None, where)
    release = re.search(r'<option value="([0-9a-f]{64})">', browser.get("/day").text)[1]
    job = asked(browser, "/day/drift", release=release, station="line 1", days="30")
    (done,) = made(place, job)
    assert done.state == "done", done.result
    page = browser.get(f"{job}/page").text
    assert "data:image/png" in page
    told = re.findall(r"<td[^>]*>([^<]*\.)</td>", page)
    assert told == [f"Release {release[:12]} is in use.", "The master check failed.",
                    "Camera was lost (camera_lost).", "Outputs were set by hand."]  # fmt: skip


def test_too_few_verdicts_for_drift_are_said_by_the_job(visitors, plant):
    place, browser = plant[0], visitors("viewer")
    with reading(place) as engine, engine.connect() as connection:
        used = in_use(connection, "terminals").hash
    job = asked(browser, "/day/drift", release=used, station="no such line", days="1")
    (done,) = made(place, job)
    assert done.state == "failed" and "drift needs at least" in browser.get(job).text


@pytest.mark.parametrize(("path", "told"), [
    ("/day/report", {"kind": "lot"}), ("/day/report", {"day": "yesterday"}),
    ("/day/report", {"part": "x" * 201}), ("/day/drift", {"release": "x", "days": "1"}),
    ("/day/drift", {"release": "0" * 64, "days": "0"}), ("/day/drift", {"days": "x"}),
])  # fmt: skip
def test_what_no_report_can_be_of_is_said(visitors, path, told):
    browser = visitors("viewer")
    answer = browser.post(path, data={"form": secret_of(browser.get("/day"))} | told)
    assert answer.status_code == 400 and answer.headers["content-type"].startswith("text/html")
