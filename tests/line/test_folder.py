"""A folder as a camera: when a picture is whole, once and never again, and when it goes away."""

import asyncio
import contextlib
import shutil
import threading
import time

import pytest

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


def test_a_marker_says_that_a_picture_is_whole_and_it_may_be_deleted(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"x")
    (folder / "b.png.done").touch()
    names = asyncio.run(watched(folder, tmp_path / "m", 1, whole="marker", after="delete"))
    assert names == ["b.png"] and not (folder / "b.png").exists() and (folder / "a.png").exists()


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
