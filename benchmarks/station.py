"""How fast the pages are with many parts, and whether people who look slow the line down.

    python benchmarks/station.py [pages] [live] [teach] [--rows 2000000] [--minutes 5]

pages: a record of `rows` inspections, one in two seconds until now; of each page the milliseconds
of the server from request to answer (median of 7), and the bytes that a browser loads for it
without pictures. live: a line of four stations, each triggered five times a second over Modbus,
`feature`; milliseconds from trigger to answer as the PLCs see it, with no browser and then with ten
that listen at the live page and load each picture and difference, as the pages do, and again with
none (five minutes at most); the memory of the program a minute after they came and after each tenth
of the time; and how long after it was given an answer is heard of by a browser. The PLCs are one
process, the browsers another, all on the same cores; in a plant the browsers are other machines, so
here they get what the others leave (nice 19). teach: 500 pictures of one megapixel go up,
three at a time, while a line of one station judges five parts a second (seconds); 100 of them are
learned and the draft is compared with the release in use on 100 pictures of the line (seconds, from
the press of "learn" to the page of the comparison); the line's answers in the first half minute
without, and with that learning beside; and how long after a release was taken into use the first
part was judged by it. One JSON line for each.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
import numpy as np
from starlette.testclient import TestClient

from kenpin.drawn import draw_terminals
from kenpin.learning import learn
from kenpin.line import LineSettings, VirtualPlc, free_port
from kenpin.line.cameras import DRAWN_SIZE
from kenpin.line.simulate import PART, release_part
from kenpin.recipe import Recipe
from kenpin.record import (
    Filter,
    Place,
    User,
    add_user,
    find_job,
    found,
    list_releases,
    place_of,
    reading,
    set_rule,
    writing,
)
from kenpin.sources import encode
from kenpin.station import Office, make_app
from kenpin.station.browser_files import contents
from record import fill

_TIMES = 7
_NAME, _PASSWORD = "administrator", "only for this benchmark"
_STATIONS, _BROWSERS, _PAUSE = 4, 10, 0.2
_TENTHS, _ALONE = 10, 5.0  # minutes
_MEGAPIXEL, _UPLOADED = (864, 1152), 500


def add_people(place: Place) -> None:
    with writing(place) as connection:
        for role in (_NAME, "engineer", "approver"):
            add_user(connection, User(role, "en", role, active=True), _PASSWORD, None, "made")


def pages(folder: Path, rows: int) -> Iterator[dict[str, Any]]:
    place = place_of(folder / "record")
    fill(place, folder, rows, round(time.time() * 1000) - 2000 * rows)
    add_people(place)
    with reading(place) as engine:
        one = next(iter(found(engine, Filter(serial=f"S{rows // 2}"))))
    today = time.strftime("%Y-%m-%d")
    addresses = {
        "engineer": ("/history", "/history?outcome=NG", "/history?part=P", "/history?reviewed=no",
                     f"/history?serial=S{rows // 2}", "/history?lot=L7", f"/history?day={today}",
                     f"/part/{one['id']}", "/live", "/review", "/review/numbers", "/day",
                     "/masters", "/studies", "/about"),
        _NAME: ("/setup", "/people", "/audit"),
    }  # fmt: skip
    office = Office(place)
    app = make_app(office)
    screen_of_the_line(office)
    with TestClient(app) as opened:
        for role, wanted in addresses.items():
            browser = TestClient(opened.app)
            browser.post("/sign-in", data={"name": role, "password": _PASSWORD})
            for address in wanted:
                yield {"what": "page", "rows": rows, **timed(browser, address)}


def screen_of_the_line(office: Office) -> None:
    told = {"record": str(office.place.folder), "station": [station(0, free_port(), "large")]}
    office.screen_of(LineSettings.model_validate(told).station[0])


def timed(browser: Any, address: str) -> dict[str, Any]:
    times = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        answer = browser.get(address)
        times.append(time.perf_counter() - began)
        assert answer.status_code == 200, (address, answer.text)
    files = [name for name in contents() if f"/{name}" in answer.text]
    loaded = len(answer.content) + sum(len(contents()[name][0]) for name in files)
    path = address.partition("?")
    shown = "/part/ID" if path[0].startswith("/part") else path[0] + path[1]
    shown += path[2].partition("=")[0]
    return {"page": shown, "ms": round(1000 * float(np.median(times)), 1), "bytes": loaded}


def station(number: int, port: int, name: str | None = None) -> dict[str, Any]:
    return {"name": name or f"line {number}", "parts": {1: PART},
            "trigger": {"limit_ms": 5000}, "camera": {"kind": "drawn", "delay_ms": 0, "ng": 0.1},
            "controller": {"kind": "modbus-server", "port": port}}  # fmt: skip


def live(folder: Path, minutes: float) -> Iterator[dict[str, Any]]:
    _, port, ports = a_line(folder, _STATIONS)
    with running(folder, port) as program:
        alone = [answers(ports, min(minutes, _ALONE))]
        browsers = [
            "nice", "-n", "19", sys.executable, __file__, "browsers", "--port", str(port)
        ]  # fmt: skip
        with subprocess.Popen(browsers, stdout=subprocess.PIPE, text=True) as looking:
            answers(ports, 1)  # until everybody looks, and everything was drawn once
            memory, watched = [memory_mb(program.pid)], []
            for _ in range(_TENTHS):
                watched += answers(ports, minutes / _TENTHS)
                memory.append(memory_mb(program.pid))
            looking.terminate()
            seen = json.loads(looking.communicate()[0])
        alone.append(answers(ports, min(minutes, _ALONE)))
    yield {"what": "live", "stations": _STATIONS, "browsers": _BROWSERS, "minutes": minutes,
           "alone": [told_of(one) for one in alone], "watched": told_of(watched),
           "memory_mb": [round(one, 1) for one in memory], **seen}  # fmt: skip


def teach(folder: Path) -> Iterator[dict[str, Any]]:
    place, port, ports = a_line(folder, 1)
    with writing(place) as connection:  # pictures of the line to compare on
        set_rule(connection, None, "made", what="all")
    files = [encode(draw_terminals(n, size=_MEGAPIXEL).pixels, "jpeg", quality=92)
             for n in range(_UPLOADED)]  # fmt: skip
    with running(folder, port):
        answers(ports, 0.4)  # a hundred pictures
        alone = answers(ports, 0.5)
        with Engineer(port) as engineer, Engineer(port, "approver") as approver:
            large = engineer.begin("large")
            began = time.monotonic()
            with ThreadPoolExecutor(3) as pool:
                sent = [pool.submit(engineer.send, large, n, one) for n, one in enumerate(files)]
            assert all(one.result() == 204 for one in sent)
            uploaded = time.monotonic() - began
            lesson = engineer.begin(PART)
            for number in range(100):
                pixels = draw_terminals(5000 + number, size=DRAWN_SIZE).pixels
                engineer.send(lesson, number, encode(pixels, "png"))
            began = time.monotonic()
            learning = engineer.job(f"{lesson}/learn", {})
            with ThreadPoolExecutor(1) as pool:
                beside = pool.submit(answers, ports, 0.5)
                digest = engineer.done(learning, place)["hash"]
                used = releases_of(place)["in_use"]
                told = {"part": PART, "before": used, "after": digest, "most": "100", "set": ""}
                compared = engineer.done(engineer.job("/releases/compare", told), place)
                seconds = time.monotonic() - began
                watched = beside.result()
            for who, state in ((engineer, "requested"), (approver, "approved"),
                               (approver, "in_use")):  # fmt: skip
                who.let(digest, state)
            let = time.time()
            answers(ports, 0.1)
            with reading(place) as engine:
                chosen = Filter(release=digest, since=round(let * 1000) - 1000)
                first = next(iter(found(engine, chosen, 1, newest_first=False)))
    yield {"what": "teach", "uploaded": len(files), "pixels": int(np.prod(_MEGAPIXEL)),
           "upload_s": round(uploaded, 1), "learn_and_compare_s": round(seconds, 1),
           "compared": compared["pictures"], "alone": told_of(alone), "beside": told_of(watched),
           "first_part_ms": first["at"] - round(let * 1000)}  # fmt: skip


def releases_of(place: Place) -> dict[str, str]:
    with reading(place) as engine, engine.connect() as connection:
        return {one.state: one.hash for one in list_releases(connection, PART)}


class Engineer:
    """Somebody at the pages, by their forms."""

    def __init__(self, port: int, role: str = "engineer") -> None:
        self.browser = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)
        self.browser.post("/sign-in", data={"name": role, "password": _PASSWORD})
        page = self.browser.get("/releases").text
        self.form = {"form": re.findall(r'name="form" value="([^"]+)"', page)[0]}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.close()

    def begin(self, part: str) -> str:
        answer = self.browser.post("/teach/begin", data=self.form | {"part": part})
        return str(answer.headers["location"])

    def send(self, address: str, number: int, content: bytes) -> int:
        file = {"picture": (f"{number:04}.jpg", content)}
        return self.browser.post(f"{address}/picture", data=self.form, files=file).status_code

    def job(self, address: str, told: dict[str, str]) -> str:
        answer = self.browser.post(address, data=self.form | told)
        return str(answer.headers["location"])

    def done(self, address: str, place: Place) -> dict[str, Any]:
        while True:
            with reading(place) as engine, engine.connect() as connection:
                job = find_job(connection, UUID(address.rpartition("/")[2]))
            if job.over:
                assert job.state == "done" and job.result is not None, job.result
                assert self.browser.get(address).status_code == 200
                return job.result
            time.sleep(0.2)

    def let(self, digest: str, state: str) -> None:
        path = "/releases/request" if state == "requested" else "/releases/let"
        told = {"part": PART, "hash": digest, "state": state}
        assert self.browser.post(path, data=self.form | told).status_code == 303


def a_line(folder: Path, stations: int) -> tuple[Place, int, list[int]]:
    """A record with people and a released part, and LINE.toml; ports of the pages, of the PLCs."""
    part = folder / "part.kenpin"
    good = [draw_terminals(n, size=DRAWN_SIZE).pixels for n in range(40)]
    learn(good, Recipe(model="feature"), search=False).save(part)
    place = release_part(folder, part)
    add_people(place)
    ports = [free_port() for _ in range(stations)]
    (folder / "LINE.toml").write_text(toml_of(place, ports), encoding="utf-8")
    return place, free_port(), ports


@contextlib.contextmanager
def running(folder: Path, port: int) -> Iterator[Any]:
    """`kenpin station --line`, until the end."""
    line = str(folder / "LINE.toml")
    command = [sys.executable, "-m", "kenpin", "station", "--line", line, "--port", str(port),
               "--idle", "600"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        try:
            until_there(port)
            yield program
        finally:
            program.terminate()


def toml_of(place: Place, ports: list[int]) -> str:
    lines = [f'record = "{place.folder}"']
    for number, port in enumerate(ports):
        lines += [
            "[[station]]", f'name = "line {number}"', f'parts = {{ 1 = "{PART}" }}',
            "trigger = { limit_ms = 5000 }",
            'camera = { kind = "drawn", delay_ms = 0, ng = 0.1 }',
            f'controller = {{ kind = "modbus-server", port = {port} }}',
        ]  # fmt: skip
    return "\n".join(lines)


def until_there(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            httpx.get(f"http://127.0.0.1:{port}/sign-in")
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise SystemExit("the pages are not there")


def answers(ports: list[int], minutes: float) -> list[float]:
    """Seconds from trigger to answer, of all stations, by a process of its own."""
    command = [
        sys.executable,
        __file__,
        "plcs",
        "--minutes",
        str(minutes),
        "--ports",
        *map(str, ports),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds: list[float] = json.loads(done.stdout)
    return seconds


async def trigger(ports: list[int], minutes: float) -> list[float]:
    over = asyncio.Event()
    plcs = [VirtualPlc("127.0.0.1", port, 0, 100, random.Random(port), 0.0, _PAUSE)
            for port in ports]  # fmt: skip
    working = [asyncio.create_task(plc.run(over)) for plc in plcs]
    await asyncio.sleep(60 * minutes)
    over.set()
    await asyncio.gather(*working)
    return [one for plc in plcs for one in plc.counts.seconds[5:]]


async def look(port: int) -> dict[str, Any]:
    """Ten browsers at the live page, until told to end."""
    told: dict[str, Any] = {"messages": 0, "pictures": 0, "failed": 0}
    delays: list[float] = []
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(15, end.set)
    tasks = [asyncio.create_task(browse(port, told, delays)) for _ in range(_BROWSERS)]
    await end.wait()
    for task in tasks:
        task.cancel()
    median, p99 = np.percentile(delays, (50, 99))
    return told | {"on_screen_ms": round(float(median)), "on_screen_p99_ms": round(float(p99))}


async def browse(port: int, told: dict[str, Any], delays: list[float]) -> None:
    """As the page's script does: the newest picture of a station, twice a second at most."""
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, timeout=30, follow_redirects=True) as browser:
        await browser.post("/sign-in", data={"name": "engineer", "password": _PASSWORD})
        await browser.get("/live")
        newest: dict[str, dict[str, Any]] = {}
        async with asyncio.TaskGroup() as tasks, browser.stream("GET", "/live/events") as stream:
            async for line in stream.aiter_lines():
                if not line.startswith("data: "):
                    continue
                told["messages"] += 1
                heard = json.loads(line[6:])
                if "row" not in heard.get("answer", {}):
                    continue
                name = heard["station"].replace(" ", "_")
                if newest.get(name, {}).get("number") != heard["answer"]["number"]:
                    delays.append(time.time() * 1000 - heard["answer"]["at"])
                if name not in newest:
                    tasks.create_task(show(browser, name, newest, told))
                newest[name] = heard["answer"]


async def show(browser: Any, name: str, newest: dict[str, Any], told: dict[str, Any]) -> None:
    shown = None
    while True:
        if newest.get(name) is not None and newest[name]["number"] != shown:
            answer = newest[name]
            shown = answer["number"]
            for kind in ["picture"] if answer["outcome"] == "OK" else ["picture", "difference"]:
                got = await browser.get(f"/live/{name}/{shown}/{kind}")
                told["pictures" if got.status_code == 200 else "failed"] += 1
        await asyncio.sleep(0.5)


def told_of(seconds: list[float]) -> dict[str, Any]:
    median, p99 = 1000 * np.percentile(seconds, (50, 99))
    return {"parts": len(seconds), "median_ms": round(median, 1), "p99_ms": round(p99, 1)}


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["pages", "live", "teach"])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ports", type=int, nargs="*", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.what == ["plcs"]:
        print(json.dumps(asyncio.run(trigger(a.ports, a.minutes))))
    elif a.what == ["browsers"]:
        print(json.dumps(asyncio.run(look(a.port))))
    else:
        for what in a.what:
            with tempfile.TemporaryDirectory() as name:
                made = {"pages": lambda folder: pages(folder, a.rows), "teach": teach,
                        "live": lambda folder: live(folder, a.minutes)}[what]  # fmt: skip
                for line in made(Path(name)):
                    print(json.dumps({"benchmark": "station", **line}), flush=True)


if __name__ == "__main__":
    main()
