"""A part from its trigger to its answer: what becomes of a picture that comes in between."""

import asyncio

import pytest
from plants import ModbusMaster, drawn, release, running, served, settings

from kenpin.line import words
from kenpin.line.folder import Folder
from kenpin.line.runner import Runner
from kenpin.record import place_of
from kenpin.sources import write_png


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return place_of(release(tmp_path_factory.mktemp("released")).folder)


def test_a_picture_that_comes_while_the_answer_is_on_its_way_is_taken(place, tmp_path, monkeypatch):
    """It is late, and nobody's; but it does not wait for an end that nobody tells it."""
    plc, folder = ModbusMaster(), tmp_path / "camera"
    folder.mkdir()
    cameras, late = [], asyncio.Event()
    grab, is_late = Folder.grab, Runner._is_late

    async def held(self):
        shot = await grab(self)
        cameras.append(self)
        await late.wait()
        return shot

    def told(self, own):
        assert own.shot is None
        is_late(self, own)
        late.set()

    monkeypatch.setattr(Folder, "grab", held)
    monkeypatch.setattr(Runner, "_is_late", told)

    async def work():
        camera = {"kind": "folder", "path": str(folder), "still_ms": 20}
        line = settings(place, plc.settings, camera, trigger={"limit_ms": 2000, "hold_ms": 3000})
        async with served(plc), running(line):
            await plc.until(lambda seen: seen[0] & 1)
            part = asyncio.create_task(plc.part())
            await plc.until(lambda seen: seen[0] >> words.ACQUIRING & 1)
            write_png(folder / "1.png", drawn(600, 1)[0])
            outcome, *_ = await part
            assert outcome == "ERROR" and late.is_set()
            own = cameras.pop()
            assert not own._given and [seen[0] for seen in own._taken] == ["1.png"]

    asyncio.run(asyncio.wait_for(work(), 60))
