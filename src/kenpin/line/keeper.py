"""The camera of a station: opened, and again whenever it is lost; a person may look through it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from kenpin.errors import KenpinError, LineError
from kenpin.line import machine as m
from kenpin.line.cameras import Camera, CameraError
from kenpin.line.controllers import Post
from kenpin.line.notes import Say
from kenpin.sources import read_picture
from kenpin.text import Notice
from kenpin.types import Picture

_AGAIN = 0.5  # seconds until the next try to open a camera
_REST = 0.02  # seconds between two looks whether a part is still under way
_PATIENCE = 30.0  # seconds for a person to show a piece to a camera that gives pictures by itself


@dataclass(frozen=True, eq=False)
class Look:
    """A person wants to see what the camera sees now; no part is judged meanwhile.

    reply: gets the picture, or a KenpinError.
    """

    reply: "Future[Picture]"


class Keeper:
    """station: what it is now. arrived: called when a picture came that nobody asked for. went_by:
    called for those that wait when a person looks; raises LineError where none may be lost.
    """

    def __init__(
        self,
        name: str,
        camera: Camera,
        station: Callable[[], m.Station],
        arrived: Callable[[], None],
        went_by: Callable[[], None],
        post: Post,
        say: Say,
    ) -> None:
        self._name, self._camera, self._station = name, camera, station
        self._arrived, self._went_by, self._post, self._say = arrived, went_by, post, say
        self._is_lost = asyncio.Event()
        self._turn = asyncio.Lock()
        self.looking = False

    async def run(self) -> None:
        """Open the camera, and again whenever it is lost; until cancelled."""
        why = ""
        while True:
            try:
                await self._camera.open(self._arrived, self.lost)
            except CameraError as error:
                self._post(m.Lost("camera", error.code))
                if error.detail not in ("", why):
                    why = error.detail
                    self._say(Notice("line_camera_why", station=self._name, detail=why))
                await asyncio.sleep(_AGAIN)
                continue
            why = ""
            self._post(m.Back("camera"))
            self._is_lost.clear()
            await self._is_lost.wait()
            await self._camera.close()

    def lost(self, code: str) -> None:
        """It is to be opened anew."""
        self._post(m.Lost("camera", code))
        self._is_lost.set()

    async def look(self, look: Look) -> None:
        """Give the picture of what the camera sees now. Nothing is accepted meanwhile, so that no
        part can be judged by it.
        """
        try:
            async with self._turn:
                picture = await self._seen()
        except KenpinError as error:
            look.reply.set_exception(error)
        except asyncio.CancelledError:
            look.reply.set_exception(_not_seen(m.HALTED_CODE))
            raise
        else:
            look.reply.set_result(picture)

    async def _seen(self) -> Picture:
        while m.SETTINGS in self._station().holds:  # of the look before; it would count as ours
            await asyncio.sleep(_REST)
        self.looking = True
        self._post(m.Hold(m.SETTINGS, True))
        try:
            while m.SETTINGS not in self._station().holds or self._station().state in m.UNDER_WAY:
                await asyncio.sleep(_REST)
            if "camera" in self._station().faults:
                raise _not_seen(self._station().faults["camera"])
            self._went_by()  # it is to be a picture of now
            shot = await asyncio.wait_for(self._camera.grab(), _PATIENCE)
            shot.done(False)
            shot.looked_at()
            return await asyncio.to_thread(read_picture, shot.source)
        except CameraError as error:
            if error.code != "camera_late":
                self.lost(error.code)
            raise _not_seen(error.code) from None
        except TimeoutError:
            raise _not_seen("camera_late") from None
        finally:
            self.looking = False
            self._post(m.Hold(m.SETTINGS, False))


def _not_seen(code: str) -> LineError:
    return LineError("line_no_look", code=code)
