"""How fast the pages are with many parts, and whether people who look slow the line down.

    python benchmarks/station.py [pages] [live] [--rows 2000000] [--minutes 5]

pages: a record of `rows` inspections, one in two seconds until now; of each page the milliseconds
of the server from request to answer (median of 7), and the bytes that a browser loads for it
without pictures. live: a line of four stations, each triggered five times a second over Modbus,
`feature`; milliseconds from trigger to answer as the PLCs see it, with no browser and then with ten
that listen at the live page and load each picture and difference, as the pages do, and again with
none; and the memory of the program a minute after they came and at the end. The PLCs are one
process, the browsers another, all on the same cores. One JSON line for each.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from starlette.testclient import TestClient

from kenpin.drawn import draw_terminals
from kenpin.learning import learn
from kenpin.line import LineSettings, VirtualPlc, free_port
from kenpin.line.cameras import DRAWN_SIZE
from kenpin.line.simulate import PART, release_part
from kenpin.recipe import Recipe
from kenpin.record import Filter, Place, User, add_user, found, place_of, reading, writing
from kenpin.station import Office, make_app
from kenpin.station.browser_files import contents
from record import fill

_TIMES = 7
_NAME, _PASSWORD = "administrator", "only for this benchmark"
_STATIONS, _BROWSERS, _PAUSE = 4, 10, 0.2


def add_people(place: Place) -> None:
    with writing(place) as connection:
        for role in (_NAME, "engineer"):
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
                     "/masters", "/studies", "/about", "/day/report"),
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
    part = folder / "part.kenpin"
    good = [draw_terminals(n, size=DRAWN_SIZE).pixels for n in range(40)]
    learn(good, Recipe(model="feature"), search=False).save(part)
    place = release_part(folder, part)
    add_people(place)
    ports, port = [free_port() for _ in range(_STATIONS)], free_port()
    file = folder / "LINE.toml"
    file.write_text(toml_of(place, ports), encoding="utf-8")
    command = (sys.executable, "-m", "kenpin", "station", "--line", file, "--port", str(port))
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL) as program:
        try:
            until_there(port)
            alone = [answers(ports, minutes)]
            browsers = [sys.executable, __file__, "browsers", "--port", str(port)]
            with subprocess.Popen(browsers, stdout=subprocess.PIPE, text=True) as looking:
                answers(ports, 1)  # until everybody looks, and everything was drawn once
                before = memory_mb(program.pid)
                watched = answers(ports, minutes)
                grew = memory_mb(program.pid) - before
                looking.terminate()
                seen = json.loads(looking.communicate()[0])
            alone.append(answers(ports, minutes))
        finally:
            program.terminate()
    yield {"what": "live", "stations": _STATIONS, "browsers": _BROWSERS, "minutes": minutes,
           "alone": [told_of(one) for one in alone], "watched": told_of(watched),
           "memory_mb": round(before, 1), "memory_grew_mb": round(grew, 1), **seen}  # fmt: skip


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
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(15, end.set)
    tasks = [asyncio.create_task(browse(port, told)) for _ in range(_BROWSERS)]
    await end.wait()
    for task in tasks:
        task.cancel()
    return told


async def browse(port: int, told: dict[str, Any]) -> None:
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
    parser.add_argument("what", nargs="*", default=["pages", "live"])
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
                lines = (
                    pages(Path(name), a.rows) if what == "pages" else live(Path(name), a.minutes)
                )
                for line in lines:
                    print(json.dumps({"benchmark": "station", **line}), flush=True)


if __name__ == "__main__":
    main()
