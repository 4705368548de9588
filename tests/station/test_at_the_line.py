"""Master checks, studies and pictures that are sent: pages beside a line at work."""

import re
import threading
import time

import pytest
from beside import Beside, drawn
from forms import file_in_use, secret_of
from starlette.testclient import TestClient

from kenpin.assurance import list_masters
from kenpin.errors import LineError, RecordError
from kenpin.inspection import Inspector
from kenpin.line import ChangePart
from kenpin.record import (
    Filter,
    add_event,
    add_token,
    change_state,
    events_of,
    find_release,
    found,
    in_use,
    latest_events,
    list_releases,
    masters_of,
    reading,
    writing,
)
from kenpin.sources import encode, write_png

pytest_plugins = ["browsers"]


def make_masters(beside, browser):
    """One good and one NG piece, of parts that the record holds."""
    with reading(beside.place) as engine:
        rows = list(found(engine, Filter()))
    for expected in ("OK", "NG"):
        row = next(one for one in rows if one["outcome"] == expected)
        page = browser.get(f"/part/{row['id']}")
        form = {"form": secret_of(page), "id": str(row["id"]), "name": f"piece {expected}",
                "expected": expected}  # fmt: skip
        answer = browser.post("/masters/add", data=form)
        assert answer.status_code == 303, answer.text


def wrong_and_right(beside):
    """A good and an NG picture that are not the stored ones."""
    inspector = Inspector.open(file_in_use(beside.place))

    def first(kind, outcome):
        shown = (drawn(n, kind) for n in range(500, 600))
        return next(one for one in shown if inspector.inspect(one).outcome.value == outcome)

    return first("good", "OK"), first("bent", "NG")


def test_a_shift_begins_with_a_master_check_that_unlocks_the_line(plant, tmp_path):
    with Beside(plant, tmp_path, master=True) as beside:
        make_masters(beside, beside.browser("engineer"))
        good, bad = wrong_and_right(beside)
        beside.until(lambda: "master" in beside.screen.latest.get("holds", ()))
        operator = beside.browser("operator")
        for shown, passes in (((good, good), False), ((good, bad), True)):
            for pixels in shown:
                page = operator.get("/live/line_1/master")
                piece = re.search(r'name="piece" value="([^"]+)"', page.text)[1]
                beside.put(pixels)
                form = {"form": secret_of(page), "do": "take", "piece": piece}
                assert operator.post("/live/line_1/master", data=form).status_code == 303
            page = operator.get("/live/line_1/master")
            words = "Every piece was judged" if passes else "Not every piece was judged"
            assert words in page.text
            fresh = operator.get("/live/line_1/master/picture?piece=piece NG")
            assert fresh.headers["content-type"] == "image/jpeg"
            if not passes:
                assert "master" in beside.screen.latest["holds"]
                again = {"form": secret_of(page), "do": "again"}
                operator.post("/live/line_1/master", data=again)
        beside.until(lambda: beside.screen.latest["state"] == "READY")
        shown = operator.get("/masters").text
        assert "passed" in shown and "failed" in shown and "piece NG" in shown
    with reading(beside.place) as engine, engine.connect() as connection:
        checks = [told for _, told in events_of(connection, "master")]
        (latest,) = latest_events(connection, "master", 1)
    assert [one["passed"] for one in checks] == [False, True] and checks[0]["wrong"] == 1
    assert latest["who"] == "operator" and latest["station"] == "line 1"
    with reading(beside.place) as engine:
        assert sum(1 for _ in found(engine, Filter())) == 80  # a look makes no row


def test_a_check_at_another_station_or_of_another_file_unlocks_nothing(plant, tmp_path):
    with Beside(plant, tmp_path, master=True) as beside:
        beside.until(lambda: "master" in beside.screen.latest.get("holds", ()))
        file = file_in_use(beside.place)
        told = {"part": file.stem, "passed": True, "fresh": True}
        others = [{"part": "0" * 64}, {"fresh": False}, {"passed": False}]
        for other, station in [({}, "line 2"), *((one, "line 1") for one in others)]:
            with writing(beside.place) as connection:
                add_event(connection, "master", told | other, "x", station)
        time.sleep(2)  # it looks every second
        assert "master" in beside.screen.latest["holds"]
        with writing(beside.place) as connection:
            add_event(connection, "master", told, "x", "line 1")
        beside.until(lambda: beside.screen.latest["state"] == "READY")


def test_a_stored_picture_shown_again_is_no_check(plant, tmp_path):
    with Beside(plant, tmp_path, master=True) as beside:
        make_masters(beside, beside.browser("engineer"))
        operator = beside.browser("operator")
        stored = sorted((masters_of(beside.place.folder, "terminals") / "pictures").iterdir())
        for path in reversed(stored):  # as they are asked for: OK, then NG
            page = operator.get("/live/line_1/master")
            piece = re.search(r'name="piece" value="([^"]+)"', page.text)[1]
            beside.put(draw_of(path))
            form = {"form": secret_of(page), "do": "take", "piece": piece}
            operator.post("/live/line_1/master", data=form)
        page = operator.get("/live/line_1/master").text
        assert "Not every piece was judged" in page and "stored picture itself" in page


def draw_of(path):
    from kenpin.sources import read_picture  # noqa: PLC0415

    return read_picture(path).pixels


def test_a_piece_that_is_judged_otherwise_is_not_kept(plant, tmp_path):
    with Beside(plant, tmp_path) as beside:
        browser = beside.browser("engineer")
        with reading(beside.place) as engine:
            row = next(iter(found(engine, Filter(outcomes=("NG",)))))
        form = {"form": secret_of(browser.get("/history")), "id": str(row["id"]), "name": "x",
                "expected": "OK"}  # fmt: skip
        answer = browser.post("/masters/add", data=form)
        assert answer.status_code == 400 and "NG" in answer.text
        assert "piece" not in browser.get("/masters").text.partition("<h2>")[2].split("</ul>")[0]


def test_nobody_is_judged_while_a_person_looks_through_the_camera(plant, tmp_path):
    with Beside(plant, tmp_path) as beside:
        beside.until(lambda: beside.screen.latest["state"] == "READY")
        seen = []
        beside.put(drawn(900))
        thread = threading.Thread(target=lambda: seen.append(beside.screen.look()))
        thread.start()
        beside.until(lambda: beside.screen.latest["state"] == "INITIALIZED")
        thread.join(30)
        assert (seen[0].pixels == drawn(900)).all()
        beside.until(lambda: beside.screen.latest["state"] == "READY")
    assert beside.screen.latest["answered"] == 0


def test_a_look_loses_no_picture_of_a_part_that_waits(plant, tmp_path):
    with Beside(plant, tmp_path, master=True) as beside:  # locked: nothing is judged
        beside.until(lambda: "master" in beside.screen.latest.get("holds", ()))
        for number in range(3):
            write_png(beside.folder / f"part{number}.png", drawn(700 + number))
        time.sleep(1)
        with pytest.raises(LineError, match="wait to be judged"):
            beside.screen.look()
        with writing(beside.place) as connection:
            told = {"part": file_in_use(beside.place).stem, "passed": True, "fresh": True}
            add_event(connection, "master", told, "x", "line 1")
        beside.until(lambda: beside.screen.latest["answered"] == 3)


def test_a_piece_that_is_taken_twice_stays_as_it_was(plant, tmp_path):
    with Beside(plant, tmp_path) as beside:
        make_masters(beside, beside.browser("engineer"))
        good, bad = wrong_and_right(beside)
        operator = beside.browser("operator")
        page = operator.get("/live/line_1/master")
        form = {"form": secret_of(page), "do": "take", "piece": "piece OK"}
        beside.put(good)
        operator.post("/live/line_1/master", data=form)
        shown = operator.get("/live/line_1/master/picture?piece=piece OK").content
        beside.put(bad)  # before the camera, should anybody look
        operator.post("/live/line_1/master", data=form)
        again = operator.get("/live/line_1/master/picture?piece=piece OK").content
        assert again == shown


def test_a_check_that_cannot_be_kept_is_not_told_as_passed(plant, tmp_path, monkeypatch):
    with Beside(plant, tmp_path) as beside:
        make_masters(beside, beside.browser("engineer"))
        operator = beside.browser("operator")

        def take(pixels):
            page = operator.get("/live/line_1/master")
            piece = re.search(r'name="piece" value="([^"]+)"', page.text)[1]
            beside.put(pixels)
            form = {"form": secret_of(page), "do": "take", "piece": piece}
            return operator.post("/live/line_1/master", data=form).status_code

        def away(*_):
            raise RecordError("record_failed", path="x", reason="y")

        good, bad = wrong_and_right(beside)
        assert take(good) == 303
        with monkeypatch.context() as without:
            without.setattr("kenpin.station.masters.add_event", away)
            assert take(bad) == 503
        assert "Every piece was judged" not in operator.get("/live/line_1/master").text
        assert take(bad) == 303  # it is asked for again
        assert "Every piece was judged" in operator.get("/live/line_1/master").text


def test_a_check_is_of_the_release_that_judges_until_the_part_change(plant, tmp_path):
    with Beside(plant, tmp_path, master=True) as beside:
        make_masters(beside, beside.browser("engineer"))
        beside.until(lambda: "master" in beside.screen.latest.get("holds", ()))
        with reading(beside.place) as engine, engine.connect() as connection:
            first = in_use(connection, "terminals")
            other = next(one for one in list_releases(connection) if one.state == "draft")
        with writing(beside.place) as connection:
            for state, who in (("requested", "a"), ("approved", "b"), ("in_use", "b")):
                now = find_release(connection, other.hash, "terminals")
                change_state(connection, now, state, who, "x", None, True)
        time.sleep(2)  # the line looks every second
        assert beside.office.release_at(beside.screen).hash == first.hash
        assert beside.office.release_of("terminals").hash == other.hash
        beside.screen.ask(ChangePart(1))
        beside.until(lambda: beside.office.release_at(beside.screen).hash == other.hash)


def test_names_of_pieces_are_their_own(plant, tmp_path):
    with Beside(plant, tmp_path) as beside:
        browser = beside.browser("engineer")
        with reading(beside.place) as engine:
            row = next(iter(found(engine, Filter(outcomes=("NG",)))))
        form = {"form": secret_of(browser.get("/history")), "id": str(row["id"]),
                "expected": "NG"}  # fmt: skip
        for name, status in (("A.1", 303), ("A.2", 303), ("a.1", 400), ("a/b", 400), ("..", 303),
                             ("x" * 61, 400), ("", 400)):  # fmt: skip
            assert browser.post("/masters/add", data=form | {"name": name}).status_code == status
        names = {one.name for one in list_masters(masters_of(beside.place.folder, "terminals"))}
        assert names == {"A.1", "A.2", ".."}


def test_the_difference_is_of_the_release_that_judged(uploading):
    beside, client = uploading
    _, bad = wrong_and_right(beside)
    told = client.post("/api/v1/lines/line_1/pictures", files=sent(bad)).json()
    viewer = beside.browser("viewer")
    address = f"/live/line_1/{told['number']}"
    before = viewer.get(f"{address}/difference")
    assert before.status_code == 200
    with writing(beside.place) as connection:
        change_state(connection, in_use(connection, "terminals"), "retired", "x", "x")
    beside.until(lambda: beside.screen.latest["state"] != "READY")
    with beside.screen._drawing:
        beside.screen._drawn.clear()
    assert viewer.get(f"{address}/difference").content == before.content


def test_a_study_leads_from_piece_to_piece_and_ends_in_its_report(plant, tmp_path):
    with Beside(plant, tmp_path) as beside:
        browser = beside.browser("engineer")
        form = {"form": secret_of(browser.get("/studies")), "line": "line_1", "lot": "MSA-1"}
        few = browser.post("/studies/begin", data=form | {"pieces": "2", "shots": "2"})
        assert few.status_code == 400 and "from 5 to 50" in few.text
        begun = browser.post("/studies/begin", data=form | {"pieces": "5", "shots": "2"})
        address = begun.headers["location"]
        asked = []
        for number in range(10):
            page = browser.get(address)
            told = re.search(r'name="shot" value="([^"]+)"', page.text)[1]
            asked.append(told)
            beside.put(drawn(300 + number % 5 + 1000 * (number // 5)))
            taking = {"form": secret_of(page), "shot": told}
            assert browser.post(address, data=taking).status_code == 303
            if number == 3:  # a form that was sent twice takes nothing
                browser.post(address, data=taking)
        assert asked == [f"{n:02}/{time}" for time in (1, 2) for n in range(1, 6)]
        assert 'name="shot"' not in browser.get(address).text
        report = browser.get(f"{address}/report")
        assert report.status_code == 200 and "MSA-1" in report.text
        twice = browser.post("/studies/begin", data=form | {"pieces": "5", "shots": "2"})
        assert twice.status_code == 400 and "MSA-1" in twice.text
    with reading(beside.place) as engine:
        rows = list(found(engine, Filter(lot="MSA-1")))
    assert len(rows) == 10 and {row["serial"] for row in rows} == {f"0{n}" for n in range(1, 6)}


@pytest.fixture
def uploading(plant, tmp_path):
    with Beside(plant, tmp_path, camera={"kind": "upload"}) as beside:
        beside.until(lambda: beside.screen.latest["state"] == "READY")
        with writing(beside.place) as connection:
            secret = add_token(connection, "mes", "engineer", "x", "x")
        yield beside, TestClient(beside.app, headers={"authorization": f"Bearer {secret}"})


def sent(pixels):
    return {"picture": ("a.png", encode(pixels, "png"))}


def test_a_picture_that_is_sent_is_a_part_of_the_line(uploading):
    beside, client = uploading
    good, bad = wrong_and_right(beside)
    for serial, pixels, outcome in (("1", good, "OK"), ("2", bad, "NG")):
        answer = client.post("/api/v1/lines/line_1/pictures", files=sent(pixels),
                             data={"lot": "L7", "serial": serial})  # fmt: skip
        assert answer.status_code == 200, answer.text
        assert answer.json()["outcome"] == outcome
        with reading(beside.place) as engine:
            (row,) = found(engine, Filter(lot="L7", serial=serial))
        assert str(row["id"]) == answer.json()["row"] and row["camera"] == "upload"
        assert row["station"] == "line 1" and row["outcome"] == outcome
    (line,) = client.get("/api/v1/lines").json()
    assert line["state"] in ("READY", "RESULT") and line["answered"] == 2
    assert line["part"] == "terminals"


def test_many_pictures_at_once_get_each_its_own_answer(uploading):
    beside, client = uploading
    good, bad = wrong_and_right(beside)
    answers = {}

    def send(number):
        pixels = bad if number % 2 else good
        answer = client.post("/api/v1/lines/line_1/pictures", files=sent(pixels),
                             data={"serial": f"P{number}"})  # fmt: skip
        answers[number] = answer.json()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, told in answers.items():
        assert told["outcome"] == ("NG" if number % 2 else "OK")
        with reading(beside.place) as engine:
            (row,) = found(engine, Filter(serial=f"P{number}"))
        assert str(row["id"]) == told["row"]


def test_what_cannot_be_judged_is_said_to_who_sent_it(uploading):
    beside, client = uploading
    answer = client.post("/api/v1/lines/line_1/pictures", files={"picture": ("a.png", b"nothing")})
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "ERROR" and answer.json()["code"] == "picture_unreadable"
    operator = beside.browser("operator")
    form = {"form": secret_of(operator.get("/live")), "ask": "stop"}
    operator.post("/live/line_1/ask", data=form)
    beside.until(lambda: beside.screen.latest["state"] == "INITIALIZED")
    refused = client.post("/api/v1/lines/line_1/pictures", files=sent(drawn(1)))
    assert refused.status_code == 409 and refused.json()["code"] == "api_not_ready"
    beside.until(lambda: beside.screen.latest["missed"] == 1)
    assert client.post("/api/v1/lines/x/pictures", files=sent(drawn(1))).status_code == 404
