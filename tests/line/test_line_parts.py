"""LINE.toml, the folder of a camera, webhooks, and the commands of a line."""

import asyncio
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from plants import PLCS, free_port, release

from helpers import refused, run
from kenpin.errors import LineError
from kenpin.line import LineSettings, unit_file, words
from kenpin.line.controller_settings import Webhook
from kenpin.line.controllers import Shown
from kenpin.line.machine import Station
from kenpin.line.webhook import SIGNATURE, Poster
from kenpin.record import Filter, found, place_of, reading
from kenpin.sources import write_png

LINE = """
record = "record"
[[station]]
name = "line 1"
parts = { 1 = "terminals" }
[station.camera]
kind = "drawn"
[station.controller]
kind = "modbus-server"
port = 5020
"""


def line_file(folder, text=LINE):
    path = folder / "LINE.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_line_is_read_with_its_folders_beside_it(tmp_path):
    settings = LineSettings.read(line_file(tmp_path))
    (station,) = settings.station
    assert settings.record == str(tmp_path / "record")
    assert (station.name, station.parts, station.camera.kind) == (
        "line 1",
        {1: "terminals"},
        "drawn",
    )


MODBUS = 'kind = "modbus-server"\nport = 5020'
POLLED = 'kind = "s7"\nhost = "10.0.0.5"\ndb = 7'
SECOND = LINE.replace('record = "record"', "").replace("line 1", "line 2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("station = 1", "station"),
        ("", "the setting station is missing"),
        (LINE.replace("port = 5020", "prot = 5020"), "prot"),
        (LINE.replace("modbus-server", "modem"), "must be one of"),
        (LINE.replace("5020", "70000"), "70000"),
        (LINE.replace("port = 5020", "shown_at = 2"), "blocks overlap"),
        (LINE.replace("port = 5020", "shown_at = 65530"), "beyond register 65535"),
        (LINE.replace("{ 1 =", "{ 70000 ="), "ids from 1 to 65535"),
        (LINE.replace('name = "line 1"', 'name = "line 1"\npart = 4'), "not among 1"),
        (LINE.replace(MODBUS, 'kind = "none"'), "needs a controller"),
        (LINE + LINE.replace('record = "record"', ""), "two stations called line 1"),
        (LINE + SECOND.replace("line 2", "line/1"), "two stations called line/1"),
        (LINE + SECOND, "opens port 5020 twice"),
        ("metrics = 5020\n" + LINE, "opens port 5020 twice"),
        ("not toml", "is no TOML"),
        ("n = " + "9" * 5000, "is no TOML"),
        ("n = " + "[" * 3000, "is no TOML"),
        (LINE.replace('kind = "drawn"', 'kind = "folder"\npath = "~nobody9/x"'), "is no TOML"),
        (LINE.replace('kind = "drawn"', 'kind = "video"\nsource = true'), "source"),
        (LINE.replace('kind = "drawn"', 'kind = "genicam"\ntrigger = "Line１"'), "trigger"),
        (LINE.replace('kind = "drawn"', 'kind = "genicam"\nlatency_ms = 5000'), "5000 ms old"),
        (LINE.replace('kind = "drawn"', 'kind = "genicam"\nfeatures = { A = nan }'), "features"),
        (LINE.replace('"line 1"', f'"{"長" * 90}"'), "more than 200 bytes"),
        (LINE.replace(MODBUS, 'kind = "slmp"\nhost = "a"\nprofile = "x"'), "profile"),
        (LINE.replace(MODBUS, POLLED) + SECOND.replace(MODBUS, POLLED), "same words"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_line_is_one_sentence(text, said, tmp_path):
    with pytest.raises(LineError) as caught:
        LineSettings.read(line_file(tmp_path, text))
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert "LINE.toml" in str(caught.value)


class Hook(http.server.BaseHTTPRequestHandler):
    heard, refuse = [], 2

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if type(self).refuse:
            type(self).refuse -= 1
            self.send_response(503)
        else:
            self.heard.append((content, self.headers[SIGNATURE]))
            self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_webhook_is_signed_and_tried_again(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "a secret")
    server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/verdicts"

    async def work():
        own = Webhook(kind="webhook", url=url, secret_variable="HOOK_SECRET", retries=3)
        poster = Poster(own, "line 1")
        serving = asyncio.create_task(poster.run(lambda _: None))
        for number in (1, 2):
            poster.show(Shown(Station(), (), {"id": number, "outcome": "OK"}))
            poster.show(Shown(Station(), (), None))
        for _ in range(200):
            if len(Hook.heard) == 2:
                break
            await asyncio.sleep(0.05)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return poster.dropped

    try:
        assert asyncio.run(work()) == 0
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert [json.loads(content)["id"] for content, _ in Hook.heard] == [1, 2]
    for content, signature in Hook.heard:
        own = hmac.new(b"a secret", content, hashlib.sha256).hexdigest()
        assert signature == f"sha256={own}"


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plant")
    release(folder)
    return folder


def test_check_says_of_each_thing_whether_it_is_there(plant):
    file = line_file(plant, LINE.replace("5020", str(free_port())))
    done = run("line", "check", file)
    assert done.exit_code == 0, done.output
    assert "part 1 is terminals" in done.stdout and "256x192 pixels" in done.stdout
    assert "ms from the camera to the verdict" in done.stdout
    assert "is free for the controller" in done.stdout
    away = LINE.replace(MODBUS, f'kind = "modbus-client"\nhost = "127.0.0.1"\nport = {free_port()}')
    done = run("line", "check", line_file(plant, away))
    assert done.exit_code == 1 and "controller does not answer" in done.stdout
    alone = LINE.replace('kind = "modbus-server"\nport = 5020', 'kind = "none"')
    alone = alone.replace('name = "line 1"', 'name = "line 1"\ntrigger = { by = "picture" }')
    done = run("line", "check", line_file(plant, alone))
    assert done.exit_code == 0 and "All is there" in done.stdout, done.output
    unknown = line_file(plant, alone.replace('"terminals"', '"unknown"'))
    lines = [json.loads(one) for one in run("line", "check", unknown, "--json").stdout.splitlines()]
    assert [one["code"] for one in lines if not one["there"]] == ["line_not_released"]


def test_words_that_lie_apart_may_be_shared(tmp_path):
    other = POLLED + "\nasked_at = 100\nshown_at = 120"
    text = LINE.replace(MODBUS, POLLED) + SECOND.replace(MODBUS, other)
    assert len(LineSettings.read(line_file(tmp_path, "\ufeff" + text)).station) == 2
    (one, _) = LineSettings.read(line_file(tmp_path, text)).station
    assert one.controller.address(10, 8) == "DB7.DBX10.0"
    assert one.controller.address(10, 0) == "DB7.DBX11.0"


def test_check_refuses_a_picture_that_the_line_would_refuse(plant):
    os.environ["PYLON_CAMEMU"] = "1"
    camera = 'kind = "basler"\nfeatures = { Width = 128, Height = 96 }'
    text = LINE.replace("5020", str(free_port())).replace('kind = "drawn"', camera)
    done = run("line", "check", line_file(plant, text))
    assert done.exit_code == 1 and "128x96" in done.stdout, done.output


def test_a_package_that_cannot_be_loaded_is_one_sentence(plant, monkeypatch):
    monkeypatch.setitem(sys.modules, "kenpin.line.s7", None)
    done = run("line", "check", line_file(plant, LINE.replace(MODBUS, POLLED)))
    assert done.exit_code == 2 and "kenpin[s7]" in done.stderr and "Traceback" not in done.stderr


def test_the_map_has_every_word_and_bit_once(plant):
    file = line_file(plant)
    told = run("line", "map", file).stdout
    for name in (*words.IN_BITS, *words.OUT_BITS, *words.IN_WORDS[1:], *words.OUT_WORDS[1:]):
        assert f"| {name} |" in told
    table = plant / "map.csv"
    assert run("line", "map", file, "--csv", table, "--lang", "ja").exit_code == 0
    rows = table.read_text("utf-8-sig").splitlines()
    assert len(rows) == 1 + len(words.IN_BITS) + len(words.OUT_BITS) + 2 + 9 and "撮影" in "".join(
        rows
    )
    refused(run("line", "map", file, "--csv", table), "--force")


def test_the_unit_is_one_that_systemd_takes(plant, tmp_path):
    file = line_file(plant)
    unit = tmp_path / "kenpin.service"
    unit.write_text(run("line", "service", file).stdout)
    assert str(file) in unit.read_text() and "WatchdogSec" in unit.read_text()
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", unit], check=False,
                              capture_output=True, text=True)  # fmt: skip
        complaints = [one for one in done.stderr.splitlines() if "kenpin.service" in one]
        assert complaints == []
    assert "%%" in unit_file(tmp_path / "a%b.toml") and "$$" in unit_file(tmp_path / "a$b.toml")


def test_run_stops_cleanly_and_every_picture_has_its_row(plant):
    text = LINE.replace('kind = "modbus-server"\nport = 5020', 'kind = "none"')
    text = text.replace('name = "line 1"', 'name = "by itself"\ntrigger = { by = "picture" }')
    text = text.replace('kind = "drawn"', 'kind = "drawn"\nevery_ms = 50')
    command = [sys.executable, "-m", "kenpin", "run", line_file(plant, text)]
    with subprocess.Popen([str(one) for one in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert "The line runs: by itself" in process.stdout.readline()
        for _ in range(200):
            if len(rows_of(plant, "by itself")) >= 5:
                break
            time.sleep(0.1)
        process.terminate()
        out, error = process.communicate(timeout=30)
    assert process.returncode == 0 and "has stopped" in out, error
    assert len(rows_of(plant, "by itself")) >= 5 and "Traceback" not in error


def test_told_to_stop_twice_it_still_switches_its_outputs_off(plant):
    plc = PLCS["modbus-client"]()
    told = "\n".join(f"{name} = {json.dumps(value)}" for name, value in plc.settings.items())
    text = LINE.replace(MODBUS, told).replace('kind = "drawn"', 'kind = "drawn"\ndelay_ms = 60000')
    text = text.replace('name = "line 1"', 'name = "slow"\ntrigger = { limit_ms = 60000 }')
    command = [sys.executable, "-m", "kenpin", "run", line_file(plant, text)]

    async def work():
        await plc.start()
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
        try:
            await plc.until(lambda seen: seen[0] & 1)
            await plc.write(words.Asked(trigger=True, trigger_id=1))
            await plc.until(lambda seen: seen[0] >> words.ACQUIRING & 1)
            process.send_signal(signal.SIGINT)
            await asyncio.sleep(0.5)
            assert process.returncode is None  # the part under way is waited for
            process.send_signal(signal.SIGINT)
            _, error = await asyncio.wait_for(process.communicate(), 20)
            return process.returncode, error.decode(), await plc.read()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await plc.stop()

    status, error, shown = asyncio.run(work())
    assert status == 130 and "Traceback" not in error and not any(shown)


def rows_of(plant, station):
    with reading(place_of(plant / "record")) as engine:
        return list(found(engine, Filter(station=station)))


def test_a_simulated_line_keeps_the_rule_while_things_fail(tmp_path):
    done = run("line", "simulate", tmp_path / "sim", "--seconds", "12", "--faults", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    answered = sum(told["answers"].values())
    assert told["triggers"] == answered + told["missed"] > 10
    assert told["wrong"] == told["unanswered"] == told["ok_without_row"] == 0
    assert told["answers"]["OK"] > 0 and told["rows"] > 0
    refused(run("line", "simulate", tmp_path / "sim"), "new folder")


def test_bad_pictures_are_answered_and_not_fatal(tmp_path):
    write_png(tmp_path / "a.png", np.zeros((8, 8), np.uint8))
    refused(run("run", tmp_path / "a.png"), "is no TOML")
    refused(run("run", tmp_path / "none.toml"), "none.toml")
