"""One station at work: its machine in the middle, camera, judge and controller around it.

All of it runs in one event loop; only judging and writing are in threads. Whatever happens comes as
an event of the machine, one after the other, and what the machine says is done.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

from kenpin.errors import OutputError
from kenpin.line import machine as m
from kenpin.line import words
from kenpin.line.cameras import Camera, CameraError, Shot
from kenpin.line.controllers import Controller, Shown
from kenpin.line.judge import Judge, Judged, NotJudgedError, Prepared, told_of
from kenpin.line.metrics import Metrics
from kenpin.line.settings import OpcUa, StationSettings, Words
from kenpin.line.supervise import for_ever
from kenpin.text import Notice

_HEARTBEAT = 0.5  # seconds
_CAMERA_AGAIN = 0.5  # seconds until the next try to open a camera
_WATCH_EVERY = 5.0  # seconds between two looks at release and master checks
_MOST_NOTES = 1000  # events of the record that wait to be written
_MOST_EVENTS = 10_000

Say = Callable[[Notice], None]
Note = Callable[..., None]


@dataclass
class _Underway:
    """What is known of a job beside the machine."""

    job: m.Job
    began: float
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    shot: Shot | None = None
    judged: Judged | None = None
    acquiring: "asyncio.Task[None] | None" = None


class Runner:
    """Runs a station until it is stopped.

    judging, noting: threads to judge in and to write events in. note: writes an event of the record
    (kind and values). locked: whether the master check of this shift is missing. say: called with
    what a person should know.
    """

    def __init__(
        self,
        settings: StationSettings,
        judge: Judge,
        camera: Camera,
        controllers: Sequence[Controller],
        judging: Executor,
        noting: Executor,
        metrics: Metrics,
        note: Note,
        locked: Callable[[str], bool],
        say: Say,
    ) -> None:
        self._settings, self._judge, self._camera = settings, judge, camera
        self._controllers, self._judging, self._noting = controllers, judging, noting
        self._metrics, self._note, self._locked, self._say = metrics, note, locked, say
        self.station = m.Station()
        self._prepared: Prepared | None = None
        self._underway: dict[int, _Underway] = {}
        self._events: asyncio.Queue[Any] = asyncio.Queue(_MOST_EVENTS)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._heart = self._last_missed = self._feeding = False
        self._own_trigger = self._notes = 0
        self._camera_lost = asyncio.Event()
        self._told: dict[str, Any] | None = None
        self._score = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set and the part under way is answered."""
        first = m.ChangePart(self._settings.first_part)
        for event in (m.Hold(m.MASTER, self._settings.master), first, m.Run(True)):
            self.post(event)
        keep: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("camera", self._keep_camera), ("internal", self._beat), ("internal", self._keep_watch),
            ("controller", partial(self._controllers[0].run, self.post)),
            *(("", partial(one.run, self.post)) for one in self._controllers[1:]),
        ]  # fmt: skip
        for device, work in keep:
            self._begin(for_ever(work, partial(self._broke, device)))
        ending = asyncio.create_task(stop.wait())
        try:
            await self._work(ending)
        finally:
            ending.cancel()
            await self._end()

    def post(self, event: Any) -> None:
        """Take an event; from the loop's thread. With one too many the station halts."""
        if self._events.full():
            while not self._events.empty():
                self._events.get_nowait()
            event = m.Halt(True)
        self._events.put_nowait(event)

    def _broke(self, device: str, error: BaseException) -> None:
        """Something that should never end did; what depends on it is lost until it is there."""
        self._say(Notice("line_internal", reason=f"{type(error).__name__}: {error}"))
        if device:
            self.post(m.Lost(device, "internal"))

    async def _work(self, ending: "asyncio.Task[Any]") -> None:
        stopping = False  # the part under way is judged, and its answer taken or expired
        while not stopping or self.station.job is not None or self.station.answer is not None:
            getting = asyncio.create_task(self._events.get())
            waiting = {getting} if stopping else {getting, ending}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                self._step(getting.result())
            else:
                getting.cancel()
            if ending.done() and not stopping:
                stopping = True
                self._step(m.Run(False))

    def _step(self, event: Any) -> None:
        self._heard(event)
        self._feeding = self._feeding and not isinstance(event, m.Trigger)
        self.station, actions = m.step(self.station, event)
        for action in actions:
            _DO[type(action)](self, action)
        self._feed()
        self._show()

    def _heard(self, event: Any) -> None:
        """What a person should know of it."""
        known = self.station.faults
        if isinstance(event, m.Lost) and known.get(event.device) != event.code:
            self._tell_and_note("lost", "line_lost", device=event.device, code=event.code)
        elif isinstance(event, m.Back) and event.device in known:
            self._tell_and_note("back", "line_back", device=event.device, code=known[event.device])

    def _feed(self) -> None:
        """Where each picture is a part: the next one, as soon as it can be taken."""
        by_picture = self._settings.trigger.by == "picture" and not self._feeding
        if by_picture and self._camera.waiting and self.station.state is m.State.READY:
            self._own_trigger += 1
            self._feeding = True
            self.post(m.Trigger(self._own_trigger))

    def _show(self) -> None:
        shown = words.shown(self.station, self._heart, self._last_missed, self._score)
        told = self._told if self.station.state is m.State.RESULT else None
        for controller in self._controllers:
            controller.show(Shown(self.station, tuple(shown), told))
        self._metrics.now(self._settings.name, self.station, self._camera.waiting)

    # --- actions ---------------------------------------------------------------------------------

    def _prepare(self, action: m.Prepare) -> None:
        if self._settings.master:  # until its own master check is known
            self.post(m.Hold(m.MASTER, True))
        self._begin(self._preparing(action))

    async def _preparing(self, action: m.Prepare) -> None:
        number = self._settings.parts.get(action.part)
        if number is None:
            self._tell_and_note("part_unknown", "line_part_unknown", part=action.part)
            self.post(m.NotPrepared(action.asked, "part_unknown"))
            return
        loop = asyncio.get_running_loop()
        try:
            made = await loop.run_in_executor(self._judging, self._judge.prepare, number)
        except NotJudgedError as error:
            self._say(error.notice)
            self._noted("part_refused", part=number, code=error.code)
            self.post(m.NotPrepared(action.asked, error.code))
            return
        except Exception as error:
            self._say(Notice("line_internal", reason=f"{type(error).__name__}: {error}"))
            self.post(m.NotPrepared(action.asked, "internal"))
            return
        if action.asked == self.station.asked:
            self._prepared = made
        self.post(m.Prepared(action.part, action.asked))

    def _acquire(self, action: m.Acquire) -> None:
        self._last_missed = False
        own = self._underway[action.job.number] = _Underway(action.job, perf_counter())
        limit = self._settings.trigger.limit_ms / 1000
        loop = asyncio.get_running_loop()
        late = m.Failed(action.job.number, m.LATE)
        own.timers.append(loop.call_later(limit, self.post, late))
        own.acquiring = self._begin(self._acquiring(own))

    async def _acquiring(self, own: _Underway) -> None:
        number = own.job.number
        try:
            async with asyncio.timeout(self._settings.trigger.limit_ms / 1000):
                own.shot = await self._camera.grab()
        except CameraError as error:
            self.post(m.Failed(number, error.code))
            if error.code != "camera_late":
                self._camera_is_lost(error)
            return
        except TimeoutError:
            self.post(m.Failed(number, "camera_late"))
            self._picture_is_owed()
            return
        self._took("acquire", own)
        if self.station.job != own.job:  # answered meanwhile
            _done(own.shot, False)
        self.post(m.Acquired(number))

    def _picture_is_owed(self) -> None:
        """A picture that did not come may still come, and must not be the next part's: none is
        accepted for as long again, and what comes meanwhile is passed over.
        """
        if self._settings.camera.by_itself and self._settings.trigger.by == "controller":
            self.post(m.Lost("camera", "camera_late"))
            pause = self._settings.trigger.limit_ms / 1000
            asyncio.get_running_loop().call_later(pause, self.post, m.Back("camera"))

    def _judge_it(self, action: m.Judge) -> None:
        self._begin(self._judging_of(self._underway[action.job.number]))

    async def _judging_of(self, own: _Underway) -> None:
        number, prepared = own.job.number, self._prepared
        began = perf_counter()
        if prepared is None or own.shot is None:
            self.post(m.Failed(number, "internal"))
            return
        job = own.job

        def wanted() -> bool:
            return self.station.job == job

        work = partial(self._judge.judge, prepared, job, own.shot, wanted)
        try:
            own.judged = await asyncio.get_running_loop().run_in_executor(self._judging, work)
        except NotJudgedError as error:
            self._say(error.notice)
            if error.code == "camera_black":
                self._camera_is_lost(CameraError(error.code))
            self._noted("unreadable", picture=own.shot.name, code=error.code, part=prepared.part,
                        lot=job.lot)  # fmt: skip
            self.post(m.Failed(number, error.code))
        except Exception as error:
            self._say(Notice("line_internal", reason=f"{type(error).__name__}: {error}"))
            self.post(m.Failed(number, "internal"))
        else:
            self._metrics.took(self._settings.name, "judge", perf_counter() - began)
            self.post(m.Judged(number, own.judged.verdict.outcome))
        finally:
            _done(own.shot, own.judged is not None)

    def _tell(self, action: m.Tell) -> None:
        answer = action.answer
        own = self._underway.pop(answer.job.number)
        for timer in own.timers:
            timer.cancel()
        if own.acquiring is not None and own.shot is None:
            own.acquiring.cancel()  # or it would take the picture of the next part
        self._took("answer", own)
        self._metrics.answered(self._settings.name, answer.outcome, answer.code)
        judged = own.judged if answer.code is None else None
        self._told = told_of(answer.job, answer.outcome, answer.code, judged)
        self._score = judged.verdict.score / judged.verdict.limit if judged else 0.0
        if answer.code is not None:
            self._noted("error_answer", trigger=answer.job.trigger, code=answer.code)
        holds = isinstance(self._settings.controller, Words | OpcUa)  # until it is taken
        hold = self._settings.trigger.hold_ms / 1000 if holds else 0.0
        loop = asyncio.get_running_loop()
        loop.call_later(hold, self.post, m.Expired(answer.job.number))

    def _missed(self, action: m.Missed) -> None:
        self._last_missed = True
        self._metrics.missed(self._settings.name, action.code)
        self._noted("missed", trigger=action.trigger, code=action.code)
        for controller in self._controllers:
            controller.missed(action.trigger, action.code)

    def _refused(self, action: m.Refused) -> None:
        self._tell_and_note("change_refused", "line_refused", part=action.part, code=action.code)

    # --- what goes on beside ---------------------------------------------------------------------

    async def _keep_camera(self) -> None:
        """Open the camera, and again whenever it is lost."""
        why = ""
        while True:
            try:
                await self._camera.open(self._picture_arrived, self._camera_went)
            except CameraError as error:
                self.post(m.Lost("camera", error.code))
                if error.detail not in ("", why):
                    why = error.detail
                    self._say(Notice("line_camera_why", station=self._settings.name, detail=why))
                await asyncio.sleep(_CAMERA_AGAIN)
                continue
            why = ""
            self.post(m.Back("camera"))
            self._camera_lost.clear()
            await self._camera_lost.wait()
            await self._camera.close()

    def _camera_is_lost(self, error: CameraError) -> None:
        self.post(m.Lost("camera", error.code))
        self._camera_lost.set()

    def _camera_went(self, code: str) -> None:
        self._camera_is_lost(CameraError(code))

    def _picture_arrived(self) -> None:
        self._feed()

    async def _beat(self) -> None:
        """Turn the heartbeat over; the controller knows by it that this loop is alive."""
        while True:
            await asyncio.sleep(_HEARTBEAT)
            self._heart = not self._heart
            self._show()

    async def _keep_watch(self) -> None:
        """Judged is only by the release in use, and after a master check of this shift, if so set:
        looked at again and again, for both may change meanwhile.
        """
        self.post(m.Back("internal"))
        loop = asyncio.get_running_loop()
        while True:
            prepared = self._prepared if self.station.part is not None else None
            if prepared is not None:
                current = await loop.run_in_executor(self._noting, self._judge.is_current, prepared)
                locked = self._settings.master and await loop.run_in_executor(
                    self._noting, self._locked, prepared.hash
                )
                if prepared is self._prepared:  # no other part was asked for since
                    self.post(m.Hold(m.MASTER, locked))
                    if not current and self.station.part is not None:
                        self.post(m.ChangePart(self.station.part))
            await asyncio.sleep(_WATCH_EVERY if prepared is not None else _HEARTBEAT)

    def _took(self, stage: str, own: _Underway) -> None:
        self._metrics.took(self._settings.name, stage, perf_counter() - own.began)

    def _tell_and_note(self, kind: str, sentence: str, **values: Any) -> None:
        self._say(Notice(sentence, station=self._settings.name, **values))
        self._noted(kind, **values)

    def _noted(self, kind: str, **values: Any) -> None:
        """An event of the record, written in its own thread; never waited for, nor without end."""
        if self._notes >= _MOST_NOTES:
            return  # they are counted, by the machine and for Prometheus
        self._notes += 1
        work = partial(self._note, kind, **values)
        asyncio.get_running_loop().run_in_executor(self._noting, work).add_done_callback(
            self._noted_one
        )

    def _noted_one(self, _: object) -> None:
        self._notes -= 1

    def _begin(self, work: Any) -> "asyncio.Task[Any]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            self._say(Notice("line_internal", reason=f"{type(error).__name__}: {error}"))
            if self.station.job is not None:  # whose it was is not known
                self.post(m.Failed(self.station.job.number, "internal"))

    async def _end(self) -> None:
        """Outputs off, connections closed."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._camera.close()


def _done(shot: Shot, kept: bool) -> None:
    with contextlib.suppress(OSError, OutputError):
        shot.done(kept)


_DO: dict[type, Callable[[Runner, Any], None]] = {
    m.Prepare: Runner._prepare, m.Acquire: Runner._acquire, m.Judge: Runner._judge_it,
    m.Tell: Runner._tell, m.Missed: Runner._missed, m.Refused: Runner._refused,
}  # fmt: skip
