"""The API under fire: whatever is sent, it answers as its description says, and never breaks."""

import shutil
import socket
import threading
import time

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kenpin.record import add_token, place_of, reading, verify, writing
from kenpin.station import Office, make_app, make_demo

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance,
          response_schema_conformance)  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    shutil.copytree(make_demo(folder / "demo").place.folder, folder / "record")
    return Office(place_of(folder / "record"))


@pytest.fixture(scope="module")
def address(office):
    """Of a real server."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        server = uvicorn.Server(uvicorn.Config(make_app(office), log_config=None))
        thread = threading.Thread(target=server.run, args=([own],))
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{own.getsockname()[1]}/api/v1"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def token(office, address):
    with writing(office.place) as connection:
        return add_token(connection, "attacker", "engineer", "x", "x")


@pytest.fixture(scope="module")
def description(address):
    return schemathesis.openapi.from_dict(httpx.get(f"{address}/openapi.json").json())


@pytest.mark.parametrize("path", ["/judge", "/inspections", "/inspections/{identity}",
                                  "/inspections/{identity}/reviews", "/releases"])  # fmt: skip
def test_whatever_is_sent_is_answered_as_described(description, address, token, path):
    (operation,) = [one.ok() for one in description.get_all_operations() if one.ok().path == path]

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def attack(case):
        case.headers = dict(case.headers or {}) | {"Authorization": f"Bearer {token}"}
        case.call_and_validate(base_url=address, checks=list(CHECKS))

    attack()


def test_the_record_is_whole_after_it(office, address):
    with reading(office.place) as engine:
        assert list(verify(engine)) == []
