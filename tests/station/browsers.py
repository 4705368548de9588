"""A station's record with a user of each role, and browsers that are signed in."""

import shutil

import pytest
from starlette.testclient import TestClient

from kenpin.record import place_of
from kenpin.station import Office, make_app, make_demo


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("station") / "demo"
    return make_demo(folder)


@pytest.fixture
def plant(made, tmp_path):
    """A record of its own, and its passwords."""
    shutil.copytree(made.place.folder, tmp_path / "record")
    return place_of(tmp_path / "record"), made.passwords


@pytest.fixture
def app(plant):
    return make_app(Office(plant[0]))


@pytest.fixture
def visitors(app, plant):
    """Signs in as a role; each in a browser of its own."""
    with TestClient(app, follow_redirects=False):  # opens the record

        def sign_in(role, **headers):
            browser = TestClient(app, headers=headers, follow_redirects=False)
            answer = browser.post("/sign-in", data={"name": role, "password": plant[1][role]})
            assert answer.status_code == 303, answer.text
            return browser

        yield sign_in


@pytest.fixture(scope="module")
def browser():
    from chrome import chromium  # noqa: PLC0415 - only where a browser is wanted
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as program:
        made = program.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield made
        made.close()
