"""What the record is set to, and its backups."""

from uuid import UUID

from forms import secret_of
from starlette.testclient import TestClient
from test_pages import in_with
from test_releases import job_of, until

from kenpin.record import (
    Filter,
    add_job,
    find_job,
    found,
    place_of,
    reading,
    rule,
    verify,
    writing,
)
from kenpin.station import Office, make_app
from kenpin.station.worker import Workers

pytest_plugins = ["browsers"]


def test_what_is_kept_is_set_and_the_record_backed_up(plant, tmp_path):
    office = Office(plant[0], backups=tmp_path / "backups")
    app = make_app(office)
    with TestClient(app):
        admin, _ = in_with(app, name="administrator", password=plant[1]["administrator"])
        page = admin.get("/setup")
        form = {"form": secret_of(page), "what": "all", "one_in": "10", "most": "1.5",
                "free": "1", "days": "30"}  # fmt: skip
        assert admin.post("/setup/keep", data=form).status_code == 200
        with reading(plant[0]) as engine, engine.connect() as connection:
            kept = rule(connection)
        assert (kept.what, kept.most, kept.days) == ("all", 1.5 * 2**30, 30)
        for wrong in ({"what": "some"}, {"days": "x"}, {"most": "-1"}, {"free": "nan"},
                      {"one_in": "0"}, {"most": "9e99"}):  # fmt: skip
            answer = admin.post("/setup/keep", data=form | wrong)
            assert answer.status_code == 400 and "Traceback" not in answer.text
        answer = admin.post("/setup/backup", data={"form": form["form"]})
        again = admin.post("/setup/backup", data={"form": form["form"]})
        half = tmp_path / "backups" / "20260101-000000-abcdef.part"  # a worker ended under it
        half.mkdir(parents=True)
        (half / "x").touch()
        address = answer.headers["location"]
        jobs = [one.headers["location"] for one in (answer, again)]
        with Workers(plant[0]):
            until(lambda: all(job_of(plant[0], one).over for one in jobs), 60)
        assert "was copied to" in admin.get(address).text
        assert admin.get("/jobs").status_code == 200
        made = {one.name for one in (tmp_path / "backups").iterdir()}
        assert made == {job_of(plant[0], one).result["folder"] for one in jobs} and len(made) == 2
        folder = tmp_path / "backups" / job_of(plant[0], address).result["folder"]
    with reading(place_of(folder)) as engine:
        assert sum(1 for _ in found(engine, Filter())) == 80
        assert list(verify(engine)) == []
    with reading(place_of(folder)) as engine, engine.connect() as connection:
        own = find_job(connection, UUID(address.rpartition("/")[2]))
    assert own.state == "cancelled"  # it must not begin by itself where the copy is used


def test_a_backup_is_ended_by_who_may_ask_for_one(plant, tmp_path, visitors):
    with writing(plant[0]) as connection:
        told = {"folder": str(tmp_path)}
        job = add_job(connection, "backup", told, "administrator", "station")
    for role, allowed in (("approver", False), ("engineer", False), ("administrator", True)):
        browser = visitors(role)
        page = browser.get(f"/jobs/{job}")
        assert ("/cancel" in page.text) is allowed and str(tmp_path) not in page.text
        form = {"form": secret_of(page)}
        answer = browser.post(f"/jobs/{job}/cancel", data=form)
        assert answer.status_code == (303 if allowed else 403)


def test_backups_need_a_place(visitors):
    admin = visitors("administrator")
    answer = admin.post("/setup/backup", data={"form": secret_of(admin.get("/setup"))})
    assert answer.status_code == 400 and "--backups DIR" in answer.text
