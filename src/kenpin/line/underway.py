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

    @property
    def picture_may_come(self) -> bool:
        """Whether it was triggered, and its picture did not come yet."""
        return self.acquiring is not None and self.shot is None

    def end(self) -> None:
        """It is answered: nothing is waited for any more."""
        for timer in self.timers:
            timer.cancel()
        if self.acquiring is not None and self.shot is not None:
            self.shot.done(False)  # it came while the answer was on its way, and is nobody's
        elif self.acquiring is not None:
            self.acquiring.cancel()  # or it would take the picture of the next part
