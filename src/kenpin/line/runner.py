"""One station at work: its machine in the middle, camera, judge and controller around it.

All of it runs in one event loop; only judging and writing are in threads. Whatever happens comes as
an event of the machine, one after the other, and what the machine says is done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from time import perf_counter
from typing import Any

from kenpin.errors import LineError
from kenpin.line import machine as m
from kenpin.line import words
from kenpin.line.by_hand import ByHand, Hand
from kenpin.line.cameras import Camera, CameraError
from kenpin.line.controller_settings import OpcUa, Words
from kenpin.line.controllers import Controller, Said, Shown
from kenpin.line.judge import Judge, NotJudgedError, Prepared, told_of
from kenpin.line.keeper import Keeper, Look
from kenpin.line.metrics import Metrics
from kenpin.line.notes import Note, Notes, Say
from kenpin.line.settings import StationSettings
from kenpin.line.supervise import for_ever
from kenpin.line.underway import Underway
from kenpin.types import Verdict

_HEARTBEAT = 0.5  # seconds
_LOOK_EVERY = 0.02  # seconds, whether a part is still under way
_OWED = "picture"  # the device that is lost while a late picture may still come
_GOING_BY = (m.State.PREOPERATIONAL, m.State.INITIALIZED, m.State.ERROR, m.State.HALTED)
_WATCH_EVERY = 1.0  # seconds between two looks at release and master checks
_MOST_EVENTS = 10_000


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
        self._metrics, self._locked = metrics, locked
        self._notes = Notes(settings.name, say, note, noting)
        self.station = m.Station()
        self._prepared: Prepared | None = None
        self._underway: dict[int, Underway] = {}
        self._events: asyncio.Queue[Any] = asyncio.Queue(_MOST_EVENTS)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._heart = self._last_missed = self._feeding = False
        self._own_trigger = self._owed = 0
        self._keeper = Keeper(
            settings.name, camera, lambda: self.station, self._feed, self._passed, self.post, say
        )
        self._hand = Hand(self.post, self._notes)
        self._asked: words.Asked | None = None
        self._told: tuple[dict[str, Any] | None, Verdict | None] = None, None
        self._score = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set and the part under way is answered."""
        first = m.ChangePart(self._settings.first_part)
        for event in (m.Hold(m.MASTER, self._settings.master), first, m.Run(True)):
            self.post(event)
        keep: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("camera", self._keeper.run), ("internal", self._beat), ("internal", self._keep_watch),
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
        self._notes.unexpected(error)
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
        if isinstance(event, Look):
            self._begin(self._keeper.look(event))
            return
        if isinstance(event, ByHand):
            self._hand.take(event)
            return
        if isinstance(event, Said):
            self._asked = event.asked
            return
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
            self._notes.tell("lost", "line_lost", device=event.device, code=event.code)
        elif isinstance(event, m.Back) and event.device in known:
            self._notes.tell("back", "line_back", device=event.device, code=known[event.device])

    def _feed(self) -> None:
        """Where each picture is a part: the next one, as soon as it can be taken."""
        if self._settings.trigger.by != "picture" or not self._camera.waiting:
            return
        if self._keeper.looking:  # what comes now is for who looks
            return
        if self.station.state is m.State.READY and not self._feeding:
            self._own_trigger += 1
            self._feeding = True
            self.post(m.Trigger(self._own_trigger))
        elif self.station.state in _GOING_BY and self._settings.camera.kind != "folder":
            self._went_by()

    def _went_by(self) -> None:
        """Parts whose pictures came while nothing could be judged, or of the part before a change:
        each is missed, and none is judged later as something else.
        """
        for _ in range(self._camera.pass_over()):
            self._own_trigger += 1
            self._step(m.Trigger(self._own_trigger))

    def _passed(self) -> None:
        """Somebody looks through the camera: what waits went by, but files of a folder wait on."""
        if self._camera.waiting and self._settings.camera.kind == "folder":
            raise LineError("line_look_waiting", count=self._camera.waiting)
        if self._settings.trigger.by == "picture":
            self._went_by()
        else:
            self._camera.pass_over()

    def _show(self) -> None:
        bits = tuple(words.shown(self.station, self._heart, self._last_missed, self._score))
        told, verdict = self._told if self.station.state is m.State.RESULT else (None, None)
        release = self._prepared.hash if self._prepared is not None else None
        now = self._hand.shown(Shown(self.station, bits, told, self._asked, release, verdict))
        for controller in self._controllers:
            controller.show(now)
        self._metrics.now(self._settings.name, self.station, self._camera.waiting)

    def _prepare(self, action: m.Prepare) -> None:
        if self._settings.master:  # until its own master check is known
            self.post(m.Hold(m.MASTER, True))
        if self._prepared is not None and self._settings.trigger.by == "picture":
            self._went_by()
        self._begin(self._preparing(action))

    async def _preparing(self, action: m.Prepare) -> None:
        number = self._settings.parts.get(action.part)
        if number is None:
            self._notes.tell("part_unknown", "line_part_unknown", part=action.part)
            self.post(m.NotPrepared(action.asked, "part_unknown"))
            return
        loop = asyncio.get_running_loop()
        try:
            made = await loop.run_in_executor(self._judging, self._judge.prepare, number)
        except NotJudgedError as error:
            self._notes.say(error.notice)
            self._notes.write("part_refused", part=number, code=error.code)
            self.post(m.NotPrepared(action.asked, error.code))
            return
        except Exception as error:
            self._notes.unexpected(error)
            self.post(m.NotPrepared(action.asked, "internal"))
            return
        if action.asked == self.station.asked:
            self._prepared = made
        self.post(m.Prepared(action.part, action.asked))

    def _acquire(self, action: m.Acquire) -> None:
        self._last_missed = False
        own = self._underway[action.job.number] = Underway(action.job, perf_counter())
        limit = self._settings.trigger.limit_ms / 1000
        loop = asyncio.get_running_loop()
        own.timers.append(loop.call_later(limit, self._is_late, own))
        own.acquiring = self._begin(self._acquiring(own))

    def _is_late(self, own: Underway) -> None:
        code = "camera_late" if own.shot is None else m.LATE
        self.post(m.Failed(own.job.number, code))

    async def _acquiring(self, own: Underway) -> None:
        number = own.job.number
        try:
            own.shot = await self._camera.grab()
        except CameraError as error:
            self.post(m.Failed(number, error.code))
            if error.code != "camera_late":
                self._keeper.lost(error.code)
            return
        self._took("acquire", own)
        if self.station.job != own.job:  # answered meanwhile
            own.shot.done(False)
        self.post(m.Acquired(number))

    def _picture_is_owed(self) -> None:
        """A picture that did not come, for whatever reason, may still come, and must not be the
        next part's: none is accepted for as long again, and what comes meanwhile is passed over.
        """
        if self._settings.camera.by_itself and self._settings.trigger.by == "controller":
            self._owed += 1
            self.post(m.Lost(_OWED, "camera_late"))
            pause = self._settings.trigger.limit_ms / 1000
            asyncio.get_running_loop().call_later(pause, self._no_longer_owed, self._owed)

    def _no_longer_owed(self, number: int) -> None:
        if number == self._owed:  # else another one is
            self.post(m.Back(_OWED))

    def _judge_it(self, action: m.Judge) -> None:
        own = self._underway[action.job.number]
        own.acquiring = None
        self._begin(self._judging_of(own))

    async def _judging_of(self, own: Underway) -> None:
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
            self._notes.say(error.notice)
            if error.code == "camera_black":
                self._keeper.lost(error.code)
            told = {"picture": own.shot.name, "part": prepared.part, "lot": job.lot}
            self._notes.write("unreadable", code=error.code, **told)
            self.post(m.Failed(number, error.code))
        except Exception as error:
            self._notes.unexpected(error)
            self.post(m.Failed(number, "internal"))
        else:
            self._metrics.took(self._settings.name, "judge", perf_counter() - began)
            self.post(m.Judged(number, own.judged.verdict.outcome))
        finally:
            own.shot.done(own.judged is not None)

    def _tell(self, action: m.Tell) -> None:
        answer = action.answer
        own = self._underway.pop(answer.job.number)
        own.end()
        if own.picture_may_come:
            self._picture_is_owed()
        self._took("answer", own)
        self._metrics.answered(self._settings.name, answer.outcome, answer.code)
        judged = own.judged if answer.code is None else None
        verdict = judged.verdict if judged else None
        self._told = told_of(answer.job, answer.outcome, answer.code, judged), verdict
        self._score = verdict.score / verdict.limit if verdict else 0.0
        if answer.code is not None:
            self._notes.write("error_answer", trigger=answer.job.trigger, code=answer.code)
        holds = isinstance(self._settings.controller, Words | OpcUa)  # until it is taken
        hold = self._settings.trigger.hold_ms / 1000 if holds else 0.0
        loop = asyncio.get_running_loop()
        loop.call_later(hold, self.post, m.Expired(answer.job.number))

    def _missed(self, action: m.Missed) -> None:
        self._last_missed = True
        self._metrics.missed(self._settings.name, action.code)
        self._notes.write("missed", trigger=action.trigger, code=action.code)
        for controller in self._controllers:
            controller.missed(action.trigger, action.code)

    def _refused(self, action: m.Refused) -> None:
        self._notes.tell("change_refused", "line_refused", part=action.part, code=action.code)

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
                        await self._take_the_new_release(self.station.part)
            await asyncio.sleep(_WATCH_EVERY if prepared is not None else _HEARTBEAT)

    async def _take_the_new_release(self, part: int) -> None:
        """No more by the one before, from now on; the new one as soon as nothing is under way."""
        self.post(m.Hold(m.RELEASE, True))
        try:
            while self.station.job is not None or self.station.answer is not None:
                await asyncio.sleep(_LOOK_EVERY)
            if self.station.part == part:  # no other was asked for meanwhile
                self.post(m.ChangePart(part))
        finally:
            self.post(m.Hold(m.RELEASE, False))

    def _took(self, stage: str, own: Underway) -> None:
        self._metrics.took(self._settings.name, stage, perf_counter() - own.began)

    def _begin(self, work: Any) -> "asyncio.Task[Any]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._notes.unexpected(task.exception())
            if self.station.job is not None:  # whose it was is not known
                self.post(m.Failed(self.station.job.number, "internal"))

    async def _end(self) -> None:
        """Outputs off, connections closed."""
        self._hand.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._camera.close()


_DO: dict[type, Callable[[Runner, Any], None]] = {
    m.Prepare: Runner._prepare, m.Acquire: Runner._acquire, m.Judge: Runner._judge_it,
    m.Tell: Runner._tell, m.Missed: Runner._missed, m.Refused: Runner._refused,
}  # fmt: skip
