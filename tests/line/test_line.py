"""Whole lines: every controller against its simulator, and what happens when something fails."""

import asyncio
import json
import os
import shutil
import time
from collections import Counter

import aiomqtt
import numpy as np
import pytest
from plants import (
    PLCS,
    Broker,
    Melsec,
    ModbusMaster,
    ModbusSlave,
    OpcClient,
    Siemens,
    drawn,
    free_port,
    release,
    running,
    served,
    settings,
    there,
)

from kenpin.line import words
from kenpin.line.cameras import CameraError, Shot
from kenpin.record import (
    Filter,
    change_state,
    events_of,
    found,
    in_use,
    place_of,
    reading,
    verify,
    writing,
)
from kenpin.sources import write_png
from kenpin.types import Picture


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return release(tmp_path_factory.mktemp("released"))


@pytest.fixture
def place(made, tmp_path):
    """A record of its own for each test, with the part in use."""
    shutil.copytree(made.folder, tmp_path / "record")
    return place_of(tmp_path / "record")


def rows(place):
    with reading(place) as engine:
        return list(found(engine, Filter(station="line 1"), newest_first=False))


def kinds(place):
    with reading(place) as engine, engine.connect() as connection:
        return {kind: len(events_of(connection, kind)) for kind in ("missed", "lost", "back")}


@pytest.fixture(params=PLCS)
def plc(request):
    return PLCS[request.param]()


def test_every_trigger_gets_its_own_answer(place, plc):
    async def work():
        async with served(plc):
            async with running(settings(place, plc.settings)):
                seen = [await plc.part() for _ in range(8)]
            if isinstance(plc, ModbusSlave | Melsec | Siemens):
                assert not any(await plc.read())  # nothing valid is left behind
        return seen

    seen = asyncio.run(work())
    assert [back for _, back, _ in seen] == [given for *_, given in seen] == list(range(1, 9))
    kept = rows(place)
    assert [row["trigger"] for row in kept] == [str(n) for n in range(1, 9)]
    assert [row["outcome"] for row in kept] == [outcome for outcome, *_ in seen]
    assert {"OK", "NG"} <= {row["outcome"] for row in kept}
    with reading(place) as engine:
        assert list(verify(engine)) == []


@pytest.mark.parametrize("kind", ["modbus-server", "modbus-client", "slmp", "s7"])
def test_a_controller_that_was_away_is_served_again(place, kind):
    plc = PLCS[kind]()  # a client of OPC UA need not be there: its calls are single questions

    async def work():
        async with served(plc), running(settings(place, plc.settings)):
            await plc.part()
            await plc.stop()
            await asyncio.sleep(3.5)  # longer than its silence
            await plc.start()
            began = time.monotonic()
            await plc.until(lambda seen: seen[0] & 1)
            took = time.monotonic() - began
            seen = await plc.part()
        return took, seen

    took, (_, back, given) = asyncio.run(work())
    assert back == given and took < 30  # how soon: benchmarks/line.py
    assert kinds(place)["lost"] >= 2 <= kinds(place)["back"]


def test_a_trigger_at_a_wrong_moment_is_missed_and_an_answer_expires(place, plc):
    async def work():
        line = settings(place, plc.settings, trigger={"limit_ms": 5000, "hold_ms": 2000})
        async with served(plc), running(line):
            outcome, *_ = await plc.part(acknowledge=False)
            await plc.write(words.Asked(trigger=True, trigger_id=99))
            seen = await plc.until(lambda seen: seen[5] == 1)
            assert isinstance(plc, OpcClient) or seen[0] >> words.MISSED & 1
            await plc.write(words.Asked())
            await plc.until(lambda seen: not seen[0] >> words.VALID & 1)  # forced off
            again = await plc.part()
        return outcome, again

    _, (_, back, given) = asyncio.run(work())
    assert back == given == 2 and len(rows(place)) == 2 and kinds(place)["missed"] == 1


@pytest.mark.parametrize("kind", ["modbus-client", "slmp", "s7"])
def test_a_trigger_that_nobody_saw_rise_is_missed(place, kind):
    plc = PLCS[kind]()

    async def work():
        async with served(plc):
            await plc.write(words.Asked(trigger=True, trigger_id=9))
            async with running(settings(place, plc.settings)):
                await plc.until(lambda seen: seen[0] & 1 and seen[5] == 1)
                await plc.write(words.Asked())
                return await plc.part()

    _, back, given = asyncio.run(work())
    assert back == given == 1 and len(rows(place)) == 1


def test_an_unknown_part_is_an_error_until_a_known_one_comes(place, plc):
    async def work():
        async with served(plc), running(settings(place, plc.settings)):
            await plc.part()
            await plc.write(words.Asked(change=True, part=7))
            seen = await plc.until(lambda seen: seen[0] >> words.IN_ERROR & 1)
            assert words.CODES[seen[4]] == "part_unknown" and seen[6] == 0
            await plc.write(words.Asked())
            await plc.until(lambda seen: seen[4])
            await plc.write(words.Asked(change=True, part=1))
            await plc.until(lambda seen: seen[0] & 1 and seen[6] == 1)
            await plc.write(words.Asked())
            return await plc.part()

    _, back, given = asyncio.run(work())
    assert back == given


def test_a_part_that_is_not_released_is_not_judged(place):
    plc, said = ModbusMaster(), []

    async def work():
        line = settings(place, plc.settings, parts={1: "another"})
        async with served(plc), running(line, said):
            seen = await plc.until(lambda seen: words.CODES[seen[4]] == "part_not_released")
        return words.CODES[seen[4]]

    assert asyncio.run(work()) == "part_not_released"
    assert any("another has no release in use" in str(one) for one in said)


class Broken:
    """A camera that fails with these codes, one after the other, then works."""

    def __init__(self, camera, codes):
        self.camera, self.codes = camera, codes

    @property
    def waiting(self):
        return self.camera.waiting

    async def open(self, arrived, lost):
        await self.camera.open(arrived, lost)

    def pass_over(self):
        return self.camera.pass_over()

    async def grab(self):
        if self.codes:
            raise CameraError(self.codes.pop(0))
        return await self.camera.grab()

    async def close(self):
        await self.camera.close()


def test_a_camera_that_fails_is_an_error_and_comes_back(place):
    plc, codes = ModbusMaster(), ["camera_lost", "camera_late", "camera_frozen"]

    async def work():
        line = settings(place, plc.settings)
        async with served(plc), running(line, wrap=lambda camera: Broken(camera, codes)):
            return [await plc.part() for _ in range(4)]

    seen = asyncio.run(work())
    assert [outcome for outcome, *_ in seen[:3]] == ["ERROR"] * 3 and seen[3][0] in ("OK", "NG")
    assert all(back == given for _, back, given in seen) and len(rows(place)) == 1


class Capped(Broken):
    """A camera that gives this many black pictures first, with the noise of its sensor."""

    async def grab(self):
        shot = await self.camera.grab()
        if not self.codes:
            return shot
        self.codes.pop()
        noise = np.random.default_rng(0).integers(0, 7, shot.source.pixels.shape, dtype=np.uint8)
        return Shot(Picture(noise, shot.name), shot.name)


def test_a_black_picture_is_a_broken_camera_and_not_a_dark_part(place):
    plc, left = ModbusMaster(), [1, 1]

    async def work():
        line = settings(place, plc.settings)
        async with served(plc), running(line, wrap=lambda camera: Capped(camera, left)):
            return [(await plc.part())[0] for _ in range(3)]

    seen = asyncio.run(work())
    assert seen[:2] == ["ERROR"] * 2 and seen[2] in ("OK", "NG") and len(rows(place)) == 1


def test_a_picture_of_another_size_is_an_error(place, tmp_path):
    plc, said = ModbusMaster(), []
    (tmp_path / "camera").mkdir()

    async def work():
        camera = {"kind": "folder", "path": str(tmp_path / "camera"), "still_ms": 30}
        async with served(plc), running(settings(place, plc.settings, camera), said):
            part = asyncio.create_task(plc.part())
            await plc.until(lambda seen: seen[0] >> words.ACQUIRING & 1)
            await asyncio.sleep(0.2)
            write_png(tmp_path / "camera" / "a.png", drawn(900, 1)[0][:96])
            return await part

    assert asyncio.run(work())[0] == "ERROR"
    assert any("256x96" in str(one) for one in said)


def test_pictures_that_come_are_judged_once_also_after_a_restart(place, tmp_path):
    folder = tmp_path / "camera"
    folder.mkdir()
    camera = {"kind": "folder", "path": str(folder), "still_ms": 50}
    line = settings(place, {"kind": "none"}, camera, trigger={"by": "picture"})

    async def until(count):
        for _ in range(400):
            if len(rows(place)) >= count:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(len(rows(place)))

    async def first():
        write_png(folder / "0.png", drawn(500, 1)[0])  # it lay there before
        async with running(line):
            await until(1)
            for number, pixels in enumerate(drawn(501, 4), start=1):
                write_png(folder / f"{number}.png", pixels)
            (folder / "half.png").write_bytes(b"")
            await until(5)

    async def again():
        async with running(line):
            write_png(folder / "5.png", drawn(505, 1)[0])
            await until(6)
            await asyncio.sleep(0.5)

    asyncio.run(first())
    asyncio.run(again())
    names = Counter(row["picture"].rpartition("/")[2] for row in rows(place))
    assert names == Counter(f"{n}.png" for n in range(6))


def test_what_was_judged_when_the_power_went_is_not_judged_again(place, tmp_path):
    folder = tmp_path / "camera"
    folder.mkdir()
    camera = {"kind": "folder", "path": str(folder), "still_ms": 30}
    line = settings(place, {"kind": "none"}, camera, trigger={"by": "picture"})
    for number, pixels in enumerate(drawn(500, 3)):
        write_png(folder / f"{number}.png", pixels)

    async def work(count):
        async with running(line):
            for _ in range(400):
                if len(rows(place)) >= count:
                    break
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)

    asyncio.run(work(3))
    memory = place.folder / "line" / "line_1.jsonl"
    kept = memory.read_text().splitlines(keepends=True)
    memory.write_text("".join(kept[:-1]))  # its row was durable, and nothing after it
    write_png(folder / "9.png", drawn(509, 1)[0])
    asyncio.run(work(4))
    names = [row["picture"].rpartition("/")[2] for row in rows(place)]
    assert sorted(names) == ["0.png", "1.png", "2.png", "9.png"]


def test_a_picture_of_the_part_before_is_never_taken(place, tmp_path):
    plc, folder = ModbusMaster(), tmp_path / "camera"
    folder.mkdir()

    async def work():
        camera = {"kind": "folder", "path": str(folder), "still_ms": 100}
        async with served(plc), running(settings(place, plc.settings, camera)):
            await plc.until(lambda seen: seen[0] & 1)
            write_png(folder / "stale.png", drawn(600, 1)[0])
            part = asyncio.create_task(plc.part())
            await plc.until(lambda seen: seen[0] >> words.ACQUIRING & 1)
            await asyncio.sleep(0.4)
            write_png(folder / "own.png", drawn(601, 1)[0])
            await part

    asyncio.run(work())
    assert [row["picture"].rpartition("/")[2] for row in rows(place)] == ["own.png"]


def test_nothing_is_judged_before_the_master_check_has_passed(place):
    plc = ModbusMaster()

    async def work():
        async with served(plc), running(settings(place, plc.settings, master=True)):
            await plc.until(lambda seen: seen[1] == words.STATES.index("INITIALIZED"))
            await plc.write(words.Asked(trigger=True, trigger_id=3))
            await plc.until(lambda seen: seen[5] == 1)

    asyncio.run(work())
    assert rows(place) == []


@pytest.fixture
def broker(tmp_path):
    if not there():
        why = "mosquitto is not installed: apt-get install mosquitto"
        pytest.fail(why) if os.environ.get("KENPIN_TESTS_NEED_MOSQUITTO") else pytest.skip(why)
    made_broker = Broker(tmp_path)
    yield made_broker
    made_broker.stop()


def test_mqtt_triggers_results_and_its_last_will(place, broker):
    told = {"kind": "mqtt", "port": broker.port, "silence_ms": 1000}
    heard = []

    async def listen(client, ready):
        async for message in client.messages:
            content = json.loads(message.payload)
            heard.append((str(message.topic).rpartition("/")[2], content))
            if content.get("state") == "READY":
                ready.set()

    async def work():
        ready = asyncio.Event()
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            for topic in ("result", "missed", "status"):
                await client.subscribe(f"kenpin/line_1/{topic}", 1)
            listening = asyncio.create_task(listen(client, ready))
            async with running(settings(place, told)):
                for number in (41, 42):
                    await asyncio.wait_for(ready.wait(), 10)
                    ready.clear()
                    asked = {"id": number, "lot": "L1", "serial": f"S{number}"}
                    await client.publish("kenpin/line_1/trigger", json.dumps(asked), 1)
                await asyncio.wait_for(ready.wait(), 10)
                await client.publish("kenpin/line_1/trigger", b"nonsense", 1)
                await asyncio.sleep(0.5)
            await asyncio.sleep(0.3)
            listening.cancel()

    asyncio.run(work())
    results = [content for topic, content in heard if topic == "result"]
    assert [one["id"] for one in results] == [41, 42]
    assert [one["outcome"] for one in results] == [row["outcome"] for row in rows(place)]
    assert [one["row"] for one in results] == [str(row["id"]) for row in rows(place)]
    assert [(row["lot"], row["serial"]) for row in rows(place)] == [("L1", "S41"), ("L1", "S42")]
    assert ("missed", {"id": 0, "code": "controller_nonsense"}) in heard
    assert heard[-1] == ("status", {"state": "offline"})


def test_two_stations_share_a_program_and_a_dead_plc_delays_nobody(place):
    plc = ModbusMaster()
    dead = {"kind": "modbus-client", "host": "127.0.0.1", "port": free_port(), "silence_ms": 300}

    async def work():
        one = settings(place, plc.settings)
        other = settings(place, dead, name="line 2")
        line = one.model_copy(update={"station": (*one.station, *other.station)})
        async with served(plc), running(line):
            return [await plc.part() for _ in range(5)]

    assert [back for _, back, _ in asyncio.run(work())] == [1, 2, 3, 4, 5]
    assert len(rows(place)) == 5


def test_a_clean_stop_still_tells_the_answer_of_the_part_under_way(place):
    plc = ModbusMaster()

    async def work():
        line = settings(place, plc.settings, {"kind": "drawn", "delay_ms": 400})
        async with served(plc), running(line) as stop:
            await plc.until(lambda seen: seen[0] & 1)
            await plc.write(words.Asked(trigger=True, trigger_id=5))
            await plc.until(lambda seen: seen[0] >> words.ACQUIRING & 1)
            stop.set()
            seen = await plc.until(lambda seen: seen[0] >> words.VALID & 1)
            await plc.write(words.Asked(acknowledge=True))
        return seen

    seen = asyncio.run(work())
    assert seen[2] == 5 and words.OUTCOMES[seen[3]] == rows(place)[0]["outcome"]


def test_a_broker_that_was_away_is_spoken_to_again(place, broker):
    heard = []

    async def ask(ready):
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await client.subscribe("kenpin/line_1/+", 1)
            async for message in client.messages:
                topic = str(message.topic).rpartition("/")[2]
                content = json.loads(message.payload)
                if topic == "status" and content["state"] == "READY":
                    await client.publish("kenpin/line_1/trigger", json.dumps({"id": ready}), 1)
                if topic == "result":
                    heard.append(content["id"])
                    return

    async def work():
        told = {"kind": "mqtt", "port": broker.port, "silence_ms": 1000}
        async with running(settings(place, told)):
            await asyncio.wait_for(ask(1), 20)
            broker.stop()
            await asyncio.sleep(1)
            broker.start()
            await asyncio.wait_for(ask(2), 20)
            async with aiomqtt.Client("127.0.0.1", broker.port) as client:
                await client.publish("kenpin/line_1/trigger", b"[" * 4000, 1)
            await asyncio.wait_for(ask(3), 20)

    asyncio.run(asyncio.wait_for(work(), 90))
    assert heard == [1, 2, 3]


def test_a_release_that_is_taken_back_judges_no_more(place, monkeypatch):
    monkeypatch.setattr("kenpin.line.runner._WATCH_EVERY", 0.2)
    plc = ModbusMaster()

    async def work():
        async with served(plc), running(settings(place, plc.settings)):
            await plc.part()
            with writing(place) as connection:
                own = in_use(connection, "terminals")
                change_state(connection, own, "retired", "suzuki", "x")
            seen = await plc.until(lambda seen: seen[0] >> words.IN_ERROR & 1)
        return words.CODES[seen[4]]

    assert asyncio.run(work()) == "part_not_released"


def test_a_halt_that_was_raised_unseen_holds(place):
    plc = PLCS["modbus-client"]()

    async def work():
        async with served(plc):
            await plc.write(words.Asked(halt=True))
            async with running(settings(place, plc.settings)):
                await plc.until(lambda seen: words.STATES[seen[1]] == "HALTED")

    asyncio.run(work())


@pytest.mark.parametrize("end", ["halt", "late"])
def test_no_picture_of_a_part_is_ever_the_next_ones(place, tmp_path, end):
    """However the part ended: its picture comes after its answer, and belongs to nobody."""
    plc, folder = ModbusMaster(), tmp_path / "camera"
    folder.mkdir()

    async def one_part(number, camera_late):
        await plc.until(lambda seen: seen[0] & 1)
        await plc.write(words.Asked(trigger=True, trigger_id=number))
        await plc.until(lambda seen: seen[0] >> words.ACQUIRING & 1)
        if camera_late:
            if end == "halt":
                await plc.write(words.Asked(trigger=True, trigger_id=number, halt=True))
            await plc.until(lambda seen: seen[0] >> words.VALID & 1)
        else:
            await asyncio.sleep(0.1)
        write_png(folder / f"{number}.png", drawn(600 + number, 1)[0])
        seen = await plc.until(lambda seen: seen[0] >> words.VALID & 1)
        await plc.write(words.Asked(acknowledge=True))
        await plc.until(lambda seen: not seen[0] >> words.VALID & 1)
        await plc.write(words.Asked(reset=True))
        await plc.write(words.Asked())
        return words.OUTCOMES[seen[3]]

    async def work():
        camera = {"kind": "folder", "path": str(folder), "still_ms": 20}
        line = settings(place, plc.settings, camera, trigger={"limit_ms": 700, "hold_ms": 3000})
        async with served(plc), running(line):
            return [await one_part(n, camera_late=n % 2 == 1) for n in range(1, 9)]

    seen = asyncio.run(work())
    assert seen[::2] == ["ERROR"] * 4 and "ERROR" not in seen[1::2]
    kept = [(row["trigger"], row["picture"].rpartition("/")[2]) for row in rows(place)]
    assert kept == [(f"{n}", f"{n}.png") for n in (2, 4, 6, 8)]


def test_a_release_that_is_taken_back_ends_also_on_a_line_without_a_gap(place, monkeypatch):
    monkeypatch.setattr("kenpin.line.runner._WATCH_EVERY", 0.2)
    plc = ModbusMaster()

    async def work():
        line = settings(place, plc.settings, {"kind": "drawn", "delay_ms": 60, "ng": 0})
        async with served(plc), running(line):
            await plc.part(acknowledge=False)
            with writing(place) as connection:
                own = in_use(connection, "terminals")
                change_state(connection, own, "retired", "suzuki", "x")
            for number in range(100, 300):  # it triggers whatever is shown
                await plc.write(words.Asked(trigger=True, trigger_id=number, acknowledge=True))
                await plc.write(words.Asked())
                seen = await plc.read()
                if words.CODES[seen[4]] == "part_not_released":
                    return True
                await asyncio.sleep(0.02)
            return False

    assert asyncio.run(work())


def test_parts_that_went_by_while_it_was_stopped_are_missed(place, tmp_path):
    plc_by_picture = {"kind": "none"}
    line = settings(place, plc_by_picture, {"kind": "drawn", "every_ms": 30}, master=True,
                    trigger={"by": "picture"})  # fmt: skip

    async def work():
        async with running(line):
            await asyncio.sleep(1.5)  # locked: no master check was made

    asyncio.run(work())
    assert rows(place) == [] and kinds(place)["missed"] > 10


def test_a_picture_that_comes_too_late_is_not_the_next_parts(place, tmp_path):
    plc, folder = ModbusMaster(), tmp_path / "camera"
    folder.mkdir()

    async def work():
        camera = {"kind": "folder", "path": str(folder), "still_ms": 50}
        times = {"limit_ms": 600, "hold_ms": 3000}
        line = settings(place, plc.settings, camera, trigger=times)
        async with served(plc), running(line):
            outcome, *_ = await plc.part()
            assert outcome == "ERROR"
            write_png(folder / "late.png", drawn(600, 1)[0])
            await plc.until(lambda seen: seen[0] & 1)
            part = asyncio.create_task(plc.part())
            await plc.until(lambda seen: seen[0] >> words.ACQUIRING & 1)
            await asyncio.sleep(0.2)
            write_png(folder / "own.png", drawn(601, 1)[0])
            await part

    asyncio.run(work())
    assert [row["picture"].rpartition("/")[2] for row in rows(place)] == ["own.png"]
