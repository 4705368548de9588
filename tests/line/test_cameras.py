"""What every camera does, each against its simulator; and which frame is whose."""

import asyncio
import contextlib
import os
import time
from threading import Event

import numpy as np
import pytest
from lenses import ALWAYS_THERE, EYES, SIZE, GenicamEye, aravis_is_there, gige_port
from plants import ModbusMaster, release, settings

from kenpin.line import LineSettings, run_line
from kenpin.line.cameras import CameraError
from kenpin.line.devices import make_camera
from kenpin.line.settings import GenicamCamera
from kenpin.line.stream import Stream, to_full_range
from kenpin.record import place_of
from kenpin.sources import read_picture


def station(camera, by="controller"):
    controller = {"kind": "modbus-server"} if by == "controller" else {"kind": "none"}
    told = {"name": "line 1", "parts": {1: "a"}, "camera": camera, "controller": controller,
            "trigger": {"by": by}}  # fmt: skip
    return LineSettings.model_validate({"station": [told]}).station[0]


def camera_of(eye, folder, by="controller", **more):
    return make_camera(station(eye.settings | more, by), place_of(folder / "record"))


@pytest.fixture
def gige():
    with gige_port():
        yield


@pytest.fixture(params=EYES)
def eye(request, tmp_path):
    if request.param in ("genicam", "aravis"):
        request.getfixturevalue("gige")
    if request.param == "aravis" and not aravis_is_there():
        why = "Aravis' fake camera is not installed: apt-get install aravis-tools"
        pytest.fail(why) if os.environ.get("KENPIN_TESTS_NEED_ARAVIS") else pytest.skip(why)
    made = EYES[request.param](tmp_path)
    made.start()
    yield made
    with contextlib.suppress(Exception):
        made.stop()


@contextlib.asynccontextmanager
async def opened(camera):
    """The camera, and what it said of itself."""
    said = []
    await camera.open(lambda: said.append("arrived"), said.append)
    try:
        yield said
    finally:
        await camera.close()


async def until(holds, seconds=15.0):
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


def test_each_grab_gives_another_picture(eye, tmp_path):
    camera = camera_of(eye, tmp_path)

    async def work():
        async with opened(camera):
            shots = [await asyncio.wait_for(camera.grab(), 10) for _ in range(3)]
            pictures = [read_picture(shot.source) for shot in shots]
            for shot in shots:
                shot.done(True)
        return [shot.name for shot in shots], pictures

    names, pictures = asyncio.run(work())
    assert len(set(names)) == 3 and camera.waiting >= 0
    for picture in pictures:
        assert picture.pixels.dtype == np.uint8 and picture.size == pictures[0].size
        assert picture.size == SIZE or eye.settings["kind"] == "drawn"
    assert not np.array_equal(pictures[0].pixels, pictures[1].pixels)


def test_a_camera_that_was_closed_opens_again(eye, tmp_path):
    camera = camera_of(eye, tmp_path)

    async def work():
        for _ in range(2):
            async with opened(camera) as said:
                (await asyncio.wait_for(camera.grab(), 10)).done(True)
            assert "camera_lost" not in said
        await camera.close()

    asyncio.run(work())


def test_a_camera_that_is_unplugged_says_so_and_is_found_again(eye, tmp_path):
    if eye.settings["kind"] in ALWAYS_THERE:
        return
    camera = camera_of(eye, tmp_path)

    async def work():
        async with opened(camera) as said:
            (await asyncio.wait_for(camera.grab(), 10)).done(True)
            await asyncio.to_thread(eye.stop)
            await until(lambda: "camera_lost" in said)
            with pytest.raises(CameraError, match="camera_lost"):
                await asyncio.wait_for(camera.grab(), 10)
        with pytest.raises(CameraError, match="camera_lost"):
            await camera.open(lambda: None, lambda _: None)
        await asyncio.to_thread(eye.start)
        async with opened(camera):
            (await asyncio.wait_for(camera.grab(), 10)).done(True)

    asyncio.run(work())


def test_a_camera_that_is_not_there_says_what_is(eye, tmp_path):
    if "device" not in eye.settings:
        return

    async def work():
        with pytest.raises(CameraError, match="camera_lost") as caught:
            async with opened(camera_of(eye, tmp_path, device="10.9.8.7")):
                pass
        assert "10.9.8.7" in caught.value.detail and "(" in caught.value.detail
        with pytest.raises(CameraError, match="camera_setting") as caught:
            async with opened(camera_of(eye, tmp_path, features={"Width": 10**8})):
                pass
        assert caught.value.detail

    asyncio.run(work())


def test_a_free_camera_needs_no_trigger(eye, tmp_path):
    if eye.settings["kind"] not in ("genicam", "basler"):
        return
    camera = camera_of(eye, tmp_path, trigger="free", latency_ms=20)

    async def work():
        async with opened(camera):
            return [(await asyncio.wait_for(camera.grab(), 10)).name for _ in range(3)]

    assert len(set(asyncio.run(work()))) == 3


@pytest.mark.parametrize("kind", ["genicam", "basler"])
@pytest.mark.parametrize("pixel_format", ["Mono8", "Mono12", "BayerRG8"])
def test_pixels_have_the_full_range_of_their_type(pixel_format, kind, gige, tmp_path):
    eye = GenicamEye(tmp_path, pixel_format=pixel_format)
    if kind == "basler":
        eye = EYES[kind](tmp_path)
        eye.settings["features"]["PixelFormat"] = pixel_format

    async def work():
        camera = camera_of(eye, tmp_path)
        async with opened(camera):
            return (await camera.grab()).source.pixels

    eye.start()
    try:
        pixels = asyncio.run(work())
    finally:
        eye.stop()
    deep, colour = pixel_format == "Mono12", pixel_format == "BayerRG8"
    assert pixels.dtype == (np.uint16 if deep else np.uint8) and pixels.ndim == 2 + colour
    assert pixels.max() > 0.8 * np.iinfo(pixels.dtype).max


def test_the_range_follows_the_name_of_the_format():
    assert to_full_range(np.array([4095], np.uint16), "Mono12Packed")[0] == 65520
    assert to_full_range(np.array([1023], np.uint16), "Mono10p")[0] == 65472
    assert to_full_range(np.array([65535], np.uint16), "Mono16")[0] == 65535
    assert to_full_range(np.array([255], np.uint8), "Mono8")[0] == 255


def test_a_frame_that_lost_packets_is_no_picture(gige, tmp_path):
    eye = GenicamEye(tmp_path, packet_resend=False, drop_packets=[(2, 1)])

    async def work():
        camera = camera_of(eye, tmp_path)
        async with opened(camera) as said:
            await camera.grab()
            with pytest.raises((CameraError, TimeoutError)):
                await camera.grab()
            await until(lambda: said)
            return said

    eye.start()
    try:
        assert asyncio.run(work())[0] in ("camera_frame_lost", "camera_late")
    finally:
        eye.stop()


def test_a_camera_that_another_program_took_is_lost(gige, tmp_path):
    eye = GenicamEye(tmp_path)

    async def work():
        camera = camera_of(eye, tmp_path)
        async with opened(camera) as said:
            await camera.grab()
            eye.fake.revoke_control()
            await until(lambda: said)
        async with opened(camera):
            await camera.grab()
        return said

    eye.start()
    try:
        assert asyncio.run(work()) == ["camera_lost"]
    finally:
        eye.stop()


def test_basler_frames_that_fail_are_no_pictures(tmp_path):
    eye = EYES["basler"](tmp_path)
    eye.settings["features"] |= {"ForceFailedBufferCount": 1, "ForceFailedBuffer": True}

    async def work():
        camera = camera_of(eye, tmp_path)
        async with opened(camera):
            with pytest.raises(CameraError, match="camera_frame_lost"):
                await camera.grab()

    asyncio.run(work())


class Scripted:
    """A device whose frames come when the test says so; frame N is filled with N."""

    def __init__(self):
        self.ready, self.frames, self.triggers, self.closed = Event(), [], 0, False

    def give(self, number):
        self.frames.append(np.full((4, 4), number, np.uint8))
        self.ready.set()

    def read(self):
        if self.frames:
            time.sleep(0.002)
            return self.frames.pop(0)
        self.ready.clear()
        self.ready.wait(0.02)
        return None

    def trigger(self):
        self.triggers += 1

    def close(self):
        self.closed = True


def stream(trigger, devices):
    told = GenicamCamera(kind="genicam", trigger=trigger)
    return Stream(told, lambda: devices.append(Scripted()) or devices[-1])


def number_in(shot):
    return int(shot.source.pixels[0, 0])


def test_a_late_frame_of_a_trigger_is_never_that_of_the_next():
    devices = []

    async def work():
        camera = stream("software", devices)
        async with opened(camera) as said:
            first = asyncio.create_task(camera.grab())
            await until(lambda: devices[0].triggers == 1)
            first.cancel()  # its time is over
            await asyncio.gather(first, return_exceptions=True)
            assert said == ["camera_late"]
            devices[0].give(1)
            with pytest.raises(CameraError, match="camera_late"):
                await camera.grab()
        async with opened(camera):
            second = asyncio.create_task(camera.grab())
            await until(lambda: devices[1].triggers == 1)
            devices[0].give(1)
            devices[1].give(2)
            return number_in(await second)

    assert asyncio.run(work()) == 2 and devices[0].closed


def test_a_frame_that_nobody_asked_for_is_not_taken():
    devices = []

    async def work():
        camera = stream("software", devices)
        async with opened(camera) as said:
            devices[0].give(7)
            await asyncio.sleep(0.2)
            with pytest.raises(CameraError, match="camera_setting"):
                await camera.grab()
            return said

    assert asyncio.run(work()) == ["camera_setting"]


def test_two_frames_for_one_trigger_are_nobodys():
    devices = []

    async def work():
        camera = stream("software", devices)
        async with opened(camera) as said:
            waiting = asyncio.create_task(camera.grab())
            await until(lambda: devices[0].triggers == 1)
            frames = [np.full((4, 4), n, np.uint8) for n in (1, 2)]
            for n, frame in enumerate(frames):  # both before anybody looks
                camera._take(camera._stop, frame, bytes([n]), 0.0)
            with pytest.raises(CameraError, match="camera_setting"):
                await waiting
            return said

    assert asyncio.run(work()) == ["camera_setting"]


def test_of_a_wired_camera_the_next_frame_counts():
    devices = []

    async def work():
        camera = stream("Line1", devices)
        async with opened(camera):
            devices[0].give(1)
            await asyncio.sleep(0.2)
            waiting = asyncio.create_task(camera.grab())
            await asyncio.sleep(0.1)
            devices[0].give(2)
            return number_in(await waiting)

    assert asyncio.run(work()) == 2


def test_each_frame_is_a_part_and_one_too_many_is_told():
    devices = []

    async def work():
        camera = stream("Line1", devices)
        camera.each_is_a_part()
        async with opened(camera) as said:
            for number in range(3):
                devices[0].give(number)
            await until(lambda: camera.waiting == 3)
            seen = [number_in(await camera.grab()) for _ in range(3)]
            assert said == ["arrived"] * 3
            for number in range(17):
                devices[0].give(number)
            await until(lambda: "camera_frame_lost" in said)
        return seen

    assert asyncio.run(work()) == [0, 1, 2]


def test_a_device_that_falls_over_its_own_end_is_a_lost_camera():
    class Falls(Scripted):
        def read(self):
            raise BaseException("a panic")

        def close(self):
            raise ValueError("and again")

    async def work():
        camera = Stream(GenicamCamera(kind="genicam"), Falls)
        async with opened(camera) as said:
            await until(lambda: said)
            with pytest.raises(CameraError, match="camera_lost"):
                await camera.grab()
        return said

    assert asyncio.run(work()) == ["camera_lost"]


def test_frozen_stays_frozen_when_it_is_opened_anew():
    devices = []

    async def grabbed(camera, frame):
        waiting = asyncio.create_task(camera.grab())
        before = devices[-1].triggers
        await until(lambda: devices[-1].triggers > before)
        devices[-1].give(frame)
        return await waiting

    async def work():
        camera = stream("software", devices)
        async with opened(camera):
            with pytest.raises(CameraError, match="camera_frozen"):
                for _ in range(60):
                    await grabbed(camera, 1)
        async with opened(camera):
            with pytest.raises(CameraError, match="camera_frozen"):
                await grabbed(camera, 1)
            return number_in(await grabbed(camera, 2))

    assert asyncio.run(work()) == 2


def test_frames_that_were_held_up_are_passed_over():
    """A stream that stood for a second gives first what it held back, and then the present."""

    class HeldUp(Scripted):
        sent = 0

        def read(self):
            self.sent += 1
            if self.sent == 20:
                time.sleep(1.0)
            elif not 20 < self.sent <= 40:
                time.sleep(0.03)
            return np.full((4, 4), self.sent, np.uint8)

    async def work():
        camera = Stream(GenicamCamera(kind="genicam", trigger="free", latency_ms=40), HeldUp)
        seen = []
        async with opened(camera):
            while not seen or seen[-1] < 60:
                seen.append(number_in(await camera.grab()))
        return seen

    seen = asyncio.run(work())
    assert [one for one in seen if 20 <= one <= 40] == [] and len(seen) > 10


@pytest.mark.parametrize("trigger", ["free", "software"])
def test_a_picture_that_never_changes_is_a_frozen_camera(trigger):
    devices = []

    async def work():
        camera = stream(trigger, devices)
        async with opened(camera):
            if trigger == "free":
                devices[0].frames = [np.ones((4, 4), np.uint8)] * 10_000
                await asyncio.sleep(0.2)
                await camera.grab()
            for n in range(60):
                waiting = asyncio.create_task(camera.grab())
                await until(lambda n=n: devices[0].triggers > n)
                devices[0].give(1)
                await waiting

    with pytest.raises(CameraError, match="camera_frozen"):
        asyncio.run(work())


def test_a_line_with_an_industrial_camera(gige, tmp_path):
    eye = GenicamEye(tmp_path, width=256, height=192)
    plc = ModbusMaster()

    async def work():
        line = settings(release(tmp_path), plc.settings, eye.settings)
        stop, said = asyncio.Event(), []
        task = asyncio.create_task(run_line(line, stop, said.append))
        await plc.start()
        try:
            first = [await plc.part() for _ in range(2)]
            await asyncio.to_thread(eye.stop)
            lost = await plc.until(lambda seen: seen[4] == 5)  # camera_lost
            await asyncio.to_thread(eye.start)
            return first, lost, await plc.part()
        finally:
            stop.set()
            await task
            await plc.stop()

    eye.start()
    try:
        first, _, (outcome, back, given) = asyncio.run(work())
    finally:
        eye.stop()
    assert outcome in ("NG", "OK", "UNUSABLE", "WRONG_PART") and back == given == 3
    assert [back for _, back, _ in first] == [1, 2]
