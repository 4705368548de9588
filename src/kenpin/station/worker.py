"""A process of its own that does what takes minutes, and gives way to the line."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import Any, Self
from uuid import uuid4

from sqlalchemy.exc import DBAPIError

from kenpin.errors import KenpinError
from kenpin.record import (
    DONE,
    FAILED,
    STORE_VARIABLE,
    VARIABLE,
    Job,
    Place,
    end_job,
    job_waits,
    place_of,
    put_job_back,
    reading,
    renew_job,
    take_job,
    writing,
)
from kenpin.station.office import AWAY
from kenpin.station.work import LANES
from kenpin.text import Notice

_NICE = {"long": 19, "short": 10}  # the line and the pages go first
_PAUSE = 1.0  # seconds between two looks for something to do
_RENEW = 5.0  # seconds between two words that it is at it
_SURE = 2.0  # seconds of a step, from which on it can be told how long it will take
_PATIENCE = 10.0  # seconds to end in
_COMMAND = "import sys; from kenpin.station.worker import main; main(int(sys.argv[1]), sys.argv[2])"
_NO_LONGER = 3  # exit status: the job under way is not wanted any more


class Worker:
    """One job of its lane after the other."""

    def __init__(self, place: Place, lane: str) -> None:
        self._place, self._name, self._kinds = place, str(uuid4()), LANES[lane]
        self._job: Job | None = None
        self._progress: dict[str, Any] | None = None
        self._stage, self._label, self._since = 0, "", 0.0
        self.stop = threading.Event()

    def run(self) -> None:
        """Until told to stop; then what is under way is put back."""
        threading.Thread(target=self._keep, daemon=True).start()
        while not self.stop.is_set():
            try:
                self._work()
            except (KenpinError, DBAPIError) as error:  # the record is away: it is begun again
                print(error, file=sys.stderr, flush=True)
                self.stop.wait(_PAUSE)

    def _work(self) -> None:
        """Looked for by reading only, so that nobody who writes waits for that."""
        with reading(self._place) as engine:
            while not self.stop.is_set():
                with engine.connect() as connection:
                    there = job_waits(connection, self._kinds)
                job = self._take() if there else None
                if job is not None:
                    self._do(job)
                else:
                    self.stop.wait(_PAUSE)

    def _take(self) -> Job | None:
        with writing(self._place) as connection:
            return take_job(connection, self._name, self._kinds)

    def _do(self, job: Job) -> None:
        self._stage, self._label, self._progress = 0, "", None
        self._job = job
        try:
            result, finish = self._kinds[job.kind](self._place, job, self._tell)
            state = DONE
        except KenpinError as error:
            if error.code in AWAY:
                raise  # nothing is wrong with the job: it is taken up when its lease has run out
            result, finish, state = error.notice.to_dict(), None, FAILED
        except Exception as error:
            told = Notice("job_internal", reason=f"{type(error).__name__}: {error}")
            result, finish, state = told.to_dict(), None, FAILED
        finally:
            self._job = None
        with writing(self._place) as connection:
            if end_job(connection, job.id, self._name, state, result) and finish is not None:
                finish(connection)

    def _tell(self, stage: str, done: int, total: int) -> None:
        if stage != self._label:
            self._stage, self._label, self._since = self._stage + 1, stage, time.monotonic()
        progress = {"stage": self._stage, "done": done, "total": total}
        took = time.monotonic() - self._since
        if done and took > _SURE:
            progress["seconds_left"] = round(took * (total - done) / done)
        self._progress = progress

    def _keep(self) -> None:
        """Say now and then that it is at it; end at once if it is not wanted any more."""
        while True:
            time.sleep(_RENEW / 5 if self._job is None else _RENEW / 2)
            job = self._job
            if job is None:
                continue
            ending = self.stop.is_set()
            try:
                with writing(self._place) as connection:
                    if ending:
                        put_job_back(connection, job.id, self._name)
                    elif renew_job(connection, job.id, self._name, self._progress):
                        continue
            except (KenpinError, DBAPIError):
                continue
            if ending:
                os._exit(0)
            if self._job is job:
                os._exit(_NO_LONGER)  # a library cannot be told to stop in the middle


class Workers:
    """The processes of all lanes, for as long as the context lasts."""

    def __init__(self, place: Place) -> None:
        self.lanes = {name: _Lane(place, name) for name in LANES}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        for lane in self.lanes.values():
            self._open.enter_context(lane)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


class _Lane:
    """The process of one lane, started again whenever it ends, for as long as the context lasts."""

    def __init__(self, place: Place, name: str) -> None:
        self._name = name
        url = place.folder if place.is_sqlite else place.url.render_as_string(False)
        self._own = os.environ | {VARIABLE: str(url), STORE_VARIABLE: str(place.folder)}
        self._stop = threading.Event()
        self.process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self.process is not None:
            self.process.terminate()
        self._thread.join(_PATIENCE)
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _keep(self) -> None:
        while not self._stop.is_set():
            command = (sys.executable, "-c", _COMMAND, str(os.getpid()), self._name)
            self.process = subprocess.Popen(command, env=self._own)  # noqa: S603 - our own
            self.process.wait()
            self._stop.wait(_PAUSE)


def _give_way(lane: str) -> None:
    """The line goes first: a low priority, and one core that is left to it."""
    if hasattr(os, "nice"):
        os.nice(_NICE[lane])
    if sys.platform == "linux" and len(cores := os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, cores - {min(cores)})


def main(parent: int, lane: str) -> None:
    """What `Workers` starts. parent: its process, which this one must not outlive; the record is
    told by the environment.
    """
    _give_way(lane)
    worker = Worker(place_of(), lane)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop.set())

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PAUSE)
        worker.stop.set()

    threading.Thread(target=watch, daemon=True).start()
    worker.run()
