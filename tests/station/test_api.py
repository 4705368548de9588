"""The API: the same verdict as everywhere, tokens with rights, and nothing that breaks it."""

import io
import shutil

import numpy as np
import pytest
from forms import file_in_use
from starlette.testclient import TestClient

from kenpin.drawn import draw_terminals
from kenpin.inspection import Inspector
from kenpin.record import Filter, add_token, end_token, found, place_of, reading, writing
from kenpin.sources import encode, write_png
from kenpin.station import Office, make_app, make_demo
from kenpin.station.bounds import MOST_OF_A_PICTURE


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_demo(tmp_path_factory.mktemp("api") / "demo").place


@pytest.fixture
def place(made, tmp_path):
    shutil.copytree(made.folder, tmp_path / "record")
    return place_of(tmp_path / "record")


@pytest.fixture
def ask(place):
    """A program with the token of a role, or with none."""
    with TestClient(make_app(Office(place))) as client:

        def program(role=None):
            headers = {}
            if role is not None:
                with writing(place) as connection:
                    secret = add_token(connection, f"mes {role}", role, "x", "x")
                headers = {"authorization": f"Bearer {secret}"}
            return TestClient(client.app, headers=headers)

        yield program


def drawn(kind="good"):
    return draw_terminals(77, kind, size=(192, 256)).pixels


def sent(pixels, name="a.png"):
    return {"picture": (name, encode(pixels, "png"))}


@pytest.mark.parametrize("kind", ["good", "bent"])
def test_a_picture_gets_the_verdict_that_it_gets_everywhere(ask, place, kind, tmp_path):
    pixels = drawn("good" if kind == "good" else "scratch")
    answer = ask("engineer").post("/api/v1/judge", data={"part": "terminals", "lot": "L9"},
                                  files=sent(pixels))  # fmt: skip
    assert answer.status_code == 200, answer.text
    told = answer.json()
    write_png(tmp_path / "a.png", pixels)
    own = Inspector.open(file_in_use(place))
    expected = own.inspect(tmp_path / "a.png").to_dict()
    for name in ("verdict", "score", "limit", "p_value", "regions"):
        assert told["verdict"][name] == expected[name], name
    with reading(place) as engine:
        (row,) = found(engine, Filter(lot="L9"))
    assert str(row["id"]) == told["row"] and row["outcome"] == told["verdict"]["verdict"]
    assert row["operator"] == "mes engineer" and row["camera"] == "upload"


def test_a_file_that_is_not_the_released_one_judges_nothing(ask, place):
    file = file_in_use(place)
    file.write_bytes(file.read_bytes() + b"x")
    answer = ask("engineer").post("/api/v1/judge", data={"part": "terminals"}, files=sent(drawn()))
    assert answer.status_code == 400 and answer.json()["code"] == "line_release_changed"


def test_a_trial_is_not_kept(ask, place):
    answer = ask("engineer").post("/api/v1/judge", data={"part": "terminals", "keep": "false"},
                                  files=sent(drawn()))  # fmt: skip
    assert answer.status_code == 200 and answer.json()["row"] is None
    with reading(place) as engine:
        assert sum(1 for _ in found(engine, Filter())) == 80


def test_tokens_have_rights_and_end(ask, place):
    nobody, viewer = ask(), ask("viewer")
    assert nobody.get("/api/v1/inspections").status_code == 401
    assert nobody.get("/api/v1/inspections").headers["www-authenticate"] == "Bearer"
    assert viewer.get("/api/v1/inspections").status_code == 200
    refused = viewer.post("/api/v1/judge", data={"part": "terminals"}, files=sent(drawn()))
    assert refused.status_code == 403 and refused.json()["code"] == "api_right"
    with writing(place) as connection:
        end_token(connection, "mes viewer", "x", "x")
    assert viewer.get("/api/v1/inspections").status_code == 401


def test_inspections_come_a_page_at_a_time_and_take_words(ask):
    client = ask("reviewer")
    first = client.get("/api/v1/inspections", params={"most": 50}).json()
    second = client.get("/api/v1/inspections", params={"most": 50, "before": first["before"]})
    numbers = [one["number"] for one in first["inspections"] + second.json()["inspections"]]
    assert numbers == list(range(80, 0, -1)) and second.json()["before"] is None
    identity = first["inspections"][0]["id"]
    made = client.post(f"/api/v1/inspections/{identity}/reviews", json={"word": "good"})
    assert made.status_code == 201
    one = client.get(f"/api/v1/inspections/{identity}").json()
    assert one["reviews"][0]["word"] == "good" and one["reviews"][0]["who"] == "mes reviewer"
    assert client.get("/api/v1/releases").json()[0]["state"] == "in_use"


@pytest.mark.parametrize(
    ("status", "data", "files"),
    [
        (400, {"part": "unknown"}, sent(np.zeros((192, 256), np.uint8))),
        (400, {"part": "terminals"}, {"picture": ("a.png", b"no picture")}),
        (400, {"part": "terminals"}, {"picture": ("../../etc/passwd", b"")}),
        (422, {"part": "terminals"}, {}),
        (422, {}, sent(np.zeros((192, 256), np.uint8))),
        (400, {"part": "terminals", "expect": "x"}, sent(np.zeros((192, 256), np.uint8))),
    ],
)
def test_what_cannot_be_is_a_code_and_a_sentence(ask, place, status, data, files):
    answer = ask("engineer").post("/api/v1/judge", data=data, files=files)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"code", "message"} and "\n" not in answer.json()["message"]
    with reading(place) as engine:
        assert sum(1 for _ in found(engine, Filter())) == 80


def test_what_is_too_large_is_refused_before_it_is_read(ask):
    client = ask("engineer")
    large = io.BytesIO(bytes(MOST_OF_A_PICTURE + 1))
    answer = client.post("/api/v1/judge", data={"part": "x"}, files={"picture": ("a.png", large)})
    assert answer.status_code == 413 and answer.json()["code"] == "too_large"

    def without_length():
        for _ in range(20):
            yield bytes(2**17)

    answer = client.post("/sign-in", content=without_length(),
                         headers={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert answer.status_code == 413
