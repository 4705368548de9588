"""What the record is set to, and its backups."""

from pathlib import Path
from uuid import UUID

from forms import secret_of
from starlette.testclient import TestClient
from test_pages import in_with
from test_releases import job_of, until

from kenpin.record import Filter, add_job, found, place_of, reading, rule, writing
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
        half = tmp_path / "backups" / "half.part"
        half.mkdir(parents=True)
        (half / "x").touch()
        with writing(plant[0]) as connection:  # a worker ended in the middle of another one
            told = {"folder": str(half.with_suffix(""))}
            other = add_job(connection, "backup", told, "administrator", "station")
        address = answer.headers["location"]
        jobs = UUID(address.rpartition("/")[2]), other
        with Workers(plant[0]):
            until(lambda: all(job_of(plant[0], str(one)).over for one in jobs), 60)
        assert "was copied to" in admin.get(address).text
        assert [one.name for one in (tmp_path / "backups").glob("*.part")] == []
        assert (tmp_path / "backups" / "half").is_dir()
        folder = Path(job_of(plant[0], str(jobs[0])).result["folder"])
    with reading(place_of(folder)) as engine:
        assert sum(1 for _ in found(engine, Filter())) == 80


def test_backups_need_a_place(visitors):
    admin = visitors("administrator")
    answer = admin.post("/setup/backup", data={"form": secret_of(admin.get("/setup"))})
    assert answer.status_code == 400 and "--backups DIR" in answer.text
