"""A folder as a camera: when a picture is whole, once and never again, and when it goes away."""

import asyncio
import contextlib
import json
import shutil
import threading
import time

import pytest

from kenpin.line import folder as folder_room
from kenpin.line.cameras import CameraError
from kenpin.line.folder import Folder
from kenpin.line.settings import FolderCamera


async def watched(folder, memory, wanted, by_picture=True, **settings):
    """The names of the next pictures of a folder's camera; `wanted` of them."""
    camera = Folder(FolderCamera(kind="folder", path=folder, still_ms=60, **settings), memory)
    if by_picture:
        camera.each_is_a_part()
    await camera.open(lambda: None, lambda _: None)
    names = []
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(6):
                while len(names) < wanted:
                    shot = await camera.grab()
                    names.append(shot.name)
                    shot.done(True)
    finally:
        await camera.close()
    return names


@pytest.mark.parametrize("polling", [False, True])
def test_a_picture_counts_when_it_is_whole(tmp_path, polling):
    folder = tmp_path / "in"
    folder.mkdir()

    def write():
        time.sleep(0.4)
        with (folder / "slow.png").open("wb") as file:
            for _ in range(10):
                file.write(b"part of it")
                file.flush()
                time.sleep(0.03)
        (folder / "other.txt").write_text("no picture")
        (folder / "renamed.tmp").write_bytes(b"whole")
        (folder / "renamed.tmp").rename(folder / "renamed.png")

    thread = threading.Thread(target=write)
    thread.start()
    names = asyncio.run(watched(folder, tmp_path / "m", 2, polling=polling))
    thread.join()
    assert sorted(names) == ["renamed.png", "slow.png"]
    assert asyncio.run(watched(folder, tmp_path / "m", 0)) == []


@pytest.mark.parametrize("by_picture", [False, True])
def test_a_picture_that_takes_long_to_judge_is_given_once(tmp_path, by_picture):
    """Longer than a new file must lie still, while others come."""
    folder = tmp_path / "in"
    folder.mkdir()
    arrived = []

    async def judged():
        camera = Folder(FolderCamera(kind="folder", path=folder, still_ms=20), tmp_path / "m")
        if by_picture:
            camera.each_is_a_part()
        await camera.open(lambda: arrived.append(1), lambda _: None)
        try:
            getting = asyncio.create_task(camera.grab())
            await asyncio.sleep(0.1)
            (folder / "a.png").write_bytes(b"whole")
            shot = await getting
            for number in range(5):  # each lets it look into the folder
                (folder / f"{number}.txt").write_bytes(b"no picture")
                await asyncio.sleep(0.3)
            assert camera.waiting == 0
            shot.done(True)
            (folder / "b.png").write_bytes(b"another")
            await asyncio.sleep(1)
            assert camera.waiting == 1
        finally:
            await camera.close()

    asyncio.run(judged())
    assert len(arrived) == 2


def test_a_marker_says_that_a_picture_is_whole_and_it_may_be_deleted(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"x")
    (folder / "b.png.done").touch()
    names = asyncio.run(watched(folder, tmp_path / "m", 1, whole="marker", after="delete"))
    assert names == ["b.png"] and not (folder / "b.png").exists() and (folder / "a.png").exists()


def memory_of(tmp_path, *names):
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def test_a_torn_line_of_its_memory_costs_that_line_only(tmp_path):
    folder, memory = memory_of(tmp_path, "a.png", "b.png", "c.png"), tmp_path / "m"
    assert len(asyncio.run(watched(folder, memory, 3))) == 3
    lines = memory.read_text().splitlines()
    memory.write_text("\n".join(lines[:2]) + "\n" + lines[2][:7])
    again = json.loads(lines[2])[0]
    assert asyncio.run(watched(folder, memory, 1)) == [again]
    assert asyncio.run(watched(folder, memory, 1)) == []  # what follows it is remembered


def test_a_share_that_was_not_there_yet_leaves_the_memory(tmp_path):
    folder, memory = memory_of(tmp_path, "a.png"), tmp_path / "m"
    assert asyncio.run(watched(folder, memory, 1)) == ["a.png"]
    folder.rename(tmp_path / "away")
    folder.mkdir()
    assert asyncio.run(watched(folder, memory, 0)) == []
    folder.rmdir()
    (tmp_path / "away").rename(folder)
    (folder / "b.png").write_bytes(b"x")
    assert asyncio.run(watched(folder, memory, 1)) == ["b.png"]


def test_a_share_that_shows_nothing_for_a_moment_gives_no_earlier_picture(tmp_path, monkeypatch):
    folder, memory = memory_of(tmp_path, "a.png"), tmp_path / "m"
    real = folder_room._pictures_in

    async def work():
        camera = Folder(FolderCamera(kind="folder", path=folder, still_ms=20), memory)
        await camera.open(lambda: None, lambda _: None)
        monkeypatch.setattr(folder_room, "_pictures_in", lambda *_: [])
        waiting = asyncio.create_task(camera.grab())
        await asyncio.sleep(0.3)
        monkeypatch.setattr(folder_room, "_pictures_in", real)
        (folder / "b.png").write_bytes(b"x")
        name = (await asyncio.wait_for(waiting, 10)).name
        await camera.close()
        return name

    asyncio.run(watched(folder, memory, 1))
    assert asyncio.run(work()) == "b.png"


def test_another_folder_in_its_place_is_a_lost_camera(tmp_path):
    folder = memory_of(tmp_path)

    async def work():
        camera, said = Folder(FolderCamera(kind="folder", path=folder), tmp_path / "m"), []
        await camera.open(lambda: None, said.append)
        folder.rename(tmp_path / "away")
        folder.mkdir()
        for _ in range(100):
            if said:
                break
            await asyncio.sleep(0.05)
        await camera.close()
        return said

    assert asyncio.run(work()) == ["camera_lost"]


def test_a_folder_that_goes_away_is_a_lost_camera(tmp_path):
    folder = tmp_path / "in"

    async def work():
        camera = Folder(FolderCamera(kind="folder", path=folder), tmp_path / "m")
        with pytest.raises(CameraError):
            await camera.open(lambda: None, lambda _: None)
        folder.mkdir()
        await camera.open(lambda: None, lambda _: None)
        waiting = asyncio.create_task(camera.grab())
        await asyncio.sleep(0.2)
        shutil.rmtree(folder)
        with pytest.raises(CameraError, match="camera_lost"):
            await asyncio.wait_for(waiting, 20)
        await camera.close()

    asyncio.run(work())
