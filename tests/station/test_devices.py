"""Cameras and wires at a page: what is seen is measured, what is set reaches the controller."""

import re
from pathlib import Path

import numpy as np
import pytest
from beside import Beside, drawn
from forms import secret_of
from pymodbus.client import ModbusTcpClient

from kenpin.line import SETTABLE, free_port, words
from kenpin.record import Filter, count, latest_events, now, reading
from kenpin.sources import Taken, read_picture

pytest_plugins = ["browsers"]
PAGE = "/devices/line_1"


def post(browser, what, **fields):
    form = {"form": secret_of(browser.get(PAGE))} | fields
    return browser.post(f"{PAGE}/{what}", data=form)


def looks(beside, browser, pixels):
    """What the page says of a picture before the camera."""
    beside.put(pixels)
    assert post(browser, "look").status_code == 303
    return browser.get(f"{PAGE}/seen").text


def test_a_look_is_measured_against_what_was_learned(plant, tmp_path):
    began = now()[0]
    with Beside(plant, tmp_path) as beside:
        browser = beside.browser("engineer")
        beside.until(lambda: beside.screen.latest["state"] == "READY")
        good = drawn(701)
        assert "as in the pictures" in looks(beside, browser, good)
        dark = looks(beside, browser, good // 3)
        ratio = float(re.search(r"about ([0-9.]+) times as long", dark)[1])
        assert 2.5 < ratio < 3.6 and "UNUSABLE" in dark
        bright = looks(beside, browser, np.minimum(255, good * 1.6).astype(np.uint8))
        assert "times shorter" in bright
        white = good.copy()
        white[:100] = 255
        clipped = looks(beside, browser, white)
        share = float(re.search(r"([0-9.]+) % of the picture is white", clipped)[1])
        assert abs(share - 100 * np.mean(white >= 250)) < 5
        blurred = sum(np.roll(good, (y, x), (0, 1)).astype(np.uint16)
                      for y in range(3) for x in range(3)) // 9  # fmt: skip
        assert "Less sharp" in looks(beside, browser, blurred.astype(np.uint8))
        assert "look at position" in looks(beside, browser, np.roll(good, 60, axis=0))
        page = looks(beside, browser, good)
        source = re.search(r'src="(/devices/line_1/picture/[0-9a-f]+)"', page)[1]
        kept = browser.get(source)
        assert kept.headers["content-type"] == "image/png" and "download=" in page
        assert np.array_equal(read_picture(Taken(Path("kept.png"), kept.content)).pixels, good)
        with reading(beside.place) as engine, engine.connect() as connection:
            assert count(connection, Filter(since=began)) == 0  # no look is a part


@pytest.fixture
def wired(plant, tmp_path):
    port = free_port()
    told = {"camera": {"kind": "drawn"}, "trigger": {"by": "controller", "hold_ms": 500},
            "controller": {"kind": "modbus-server", "port": port}}  # fmt: skip
    with Beside(plant, tmp_path, **told) as beside:
        client = ModbusTcpClient("127.0.0.1", port=port)
        beside.until(client.connect)
        client.write_registers(0, words.as_words(words.Asked()))
        beside.until(lambda: beside.screen.latest["state"] == "READY")
        beside.bits = lambda: client.read_holding_registers(100, count=1).registers[0]
        beside.client = client
        yield beside
        client.close()


def test_outputs_are_set_by_hand_and_inputs_are_seen(wired):
    browser = wired.browser("engineer")
    for name in SETTABLE:
        assert post(browser, "hand", do="set", **{f"bit_{name}": "1"}).status_code == 303
        place = words.OUT_BITS.index(name)
        wired.until(lambda place=place: wired.bits() & ~(1 << words.HEARTBEAT) == 1 << place)
    page = browser.get(PAGE).text
    assert "Outputs are set by hand" in page and re.search(r'bit_missed" value="1" checked', page)
    wired.client.write_registers(0, words.as_words(words.Asked(trigger=True, trigger_id=77)))
    wired.until(lambda: wired.screen.latest["missed"] == 1)
    shown = browser.get(f"{PAGE}/bits").text
    assert ">77</td>" in shown
    refused = post(browser, "hand", do="set", bit_valid="1", bit_ok="1")
    assert refused.status_code == 400 and "never on together" in refused.text
    post(browser, "hand", do="end")
    wired.until(lambda: wired.screen.latest["state"] == "READY")
    assert "Outputs are set by hand" not in browser.get(PAGE).text
    with reading(wired.place) as engine, engine.connect() as connection:
        told = [one["told"]["bits"] for one in reversed(latest_events(connection, "by_hand", 100))]
    assert told == [*([name] for name in SETTABLE), None]


def test_what_has_no_wires_says_so(plant, tmp_path):
    with Beside(plant, tmp_path) as beside:
        browser = beside.browser("administrator")
        beside.until(lambda: beside.screen.latest["state"] == "READY")
        assert "no bits and words" in browser.get(PAGE).text
        assert post(browser, "hand", do="set").status_code == 400
        for wrong in ("/devices/x", f"{PAGE}/picture/00"):
            assert browser.get(wrong).status_code == 404
