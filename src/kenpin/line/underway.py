"""A part from its trigger to its answer, beside what the station's machine knows of it."""

import asyncio
from dataclasses import dataclass, field

from kenpin.line import machine as m
from kenpin.line.cameras import Shot
from kenpin.line.judge import Judged


@dataclass
class Underway:
    """began: when, by `perf_counter`. timers: what says that it is late. acquiring: what gets its
    picture, until that is given to be judged.
    """

    job: m.Job
    began: float
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    shot: Shot | None = None
    judged: Judged | None = None
    acquiring: "asyncio.Task[None] | None" = None

    def end(self) -> bool:
        """It is answered: nothing is waited for any more. Whether its picture may still come."""
        for timer in self.timers:
            timer.cancel()
        if self.acquiring is None:
            return False
        if self.shot is not None:  # it came while the answer was on its way, and is nobody's
            self.shot.done(False)
            return False
        self.acquiring.cancel()  # or it would take the picture of the next part
        return True
