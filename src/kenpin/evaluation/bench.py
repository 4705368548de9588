"""What this machine does with a part: milliseconds by stage, pictures a second, share of its peak.

Every figure is measured now, on this machine, with whatever else it is doing.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from kenpin.drawn import drawn_like
from kenpin.errors import PictureError
from kenpin.inspection import Inspector
from kenpin.judge import compare
from kenpin.models import Network
from kenpin.part import Bundle
from kenpin.sources import PictureSource, read_picture, write_png
from kenpin.system import cores, on_one_core, operations_of, scratch_folder
from kenpin.text import Notice

MARGIN = 3.0
STAGES = ("decode", "prepare", "model", "judge")
_WARM = 12  # pictures judged before anything counts: by then everything is loaded
_LEAST, _MOST = 100, 1000  # pictures one at a time
_SECONDS = 4.0  # for them, and for each number of threads
_SIDE = 1024  # of the matrices whose product says what a core can do
_REPEATED = 15
_BUSY = 1.25  # times as long as the quickest the median product takes on a machine with more to do


@dataclass(frozen=True)
class Spent:
    """Milliseconds of a picture: the median, and what 99 of 100 stay under."""

    median: float
    p99: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> "Spent":
        """From measurements."""
        return cls(median(milliseconds), float(np.quantile(milliseconds, 0.99)))


@dataclass(frozen=True)
class Speed:
    """stages: of one picture at a time, from the file to the verdict; whole: from the call to the
    verdict, a little more than all of them.

    judged: how many were. size: (H, W) of the first; drawn: whether it was made up. rates: pictures
    a second with so many threads. peak: operations (a multiplication and an addition are two) a
    second of one core in the product of two large matrices; model: of the part's graph on one core,
    None where it has none. operations: of that graph for one picture, 0 where they could not be
    counted. busy: whether the machine had too much else to do for the two to be compared.
    passed_over: how many pictures could not be read. engine: what ran the graph, "" where there is
    none.
    """

    stages: dict[str, Spent]
    whole: Spent
    judged: int
    size: tuple[int, int]
    drawn: bool
    rates: dict[int, float]
    peak: float
    model: float | None
    operations: int
    passed_over: int
    engine: str
    busy: bool = False

    def parts_a_minute(self, margin: float) -> int:
        """How many parts may come, if each is given `margin` times what 99 of 100 stay under."""
        return int(60_000 / (margin * self.whole.p99))

    @property
    def share(self) -> float | None:
        """Of the peak that the model reaches, in [0, 1]; None where that cannot be told."""
        return None if self.model is None or self.busy else self.model / self.peak

    def to_dict(self, margin: float = MARGIN) -> dict[str, Any]:
        """JSON-able; margin: as in `parts_a_minute`."""
        return {
            "ms": {
                name: vars(spent) for name, spent in (*self.stages.items(), ("all", self.whole))
            },
            "margin": margin,
            "parts_a_minute": self.parts_a_minute(margin),
            "engine": self.engine,
            "judged": self.judged,
            "passed_over": self.passed_over,
            "size": list(self.size),
            "drawn": self.drawn,
            "pictures_per_second": {str(threads): rate for threads, rate in self.rates.items()},
            "peak_gflops": self.peak / 1e9,
            "model_gflops": None if self.model is None else self.model / 1e9,
            "share_of_peak": self.share,
            "busy": self.busy,
            "model_operations": self.operations,
        }


def measure(
    inspector: Inspector, sources: Sequence[PictureSource] = (), seconds: float | None = None
) -> Speed:
    """What one picture at a time and many at once take.

    sources: pictures of the part; left out, they are drawn from what the bundle knows of good
    parts, as PNG files where there is a place for such. Of very many the first thousand are taken.
    Those that cannot be read are passed over; raises PictureError when none can. seconds: for each
    figure, about; left out, four.
    """
    seconds = seconds or _SECONDS
    with _readable(inspector.bundle, sources) as (files, passed_over):
        size = read_picture(files[0]).size
        around = itertools.cycle(files)
        for source in itertools.islice(around, _WARM):
            inspector.inspect(source)
        laps: list[dict[str, float]] = []
        whole: list[float] = []
        start = perf_counter()
        while len(laps) < _LEAST or (perf_counter() - start < seconds and len(laps) < _MOST):
            began = perf_counter()
            laps.append(inspector.inspect(next(around)).milliseconds)
            whole.append(1000 * (perf_counter() - began))
        rates = {1: on_one_core(lambda: _rate(inspector, files, 1, seconds))}
        rates |= {n: _rate(inspector, files, n, seconds) for n in _threads()}
    operations = operations_for(inspector.bundle)
    peak, spent, busy = on_one_core(lambda: _in_turn(inspector.bundle))
    model = operations / spent if operations else None
    return Speed(
        stages={name: Spent.of([lap[name] for lap in laps]) for name in STAGES},
        whole=Spent.of(whole),
        judged=len(laps),
        size=size,
        drawn=not sources,
        rates=rates,
        peak=peak,
        model=model,
        operations=operations,
        passed_over=passed_over,
        engine=inspector.bundle.engine,
        busy=busy or (model is not None and model > peak),
    )


def operations_for(bundle: Bundle) -> int:
    """Multiplications and additions of the part's graph for one picture, 0 where it has none.

    The graph is the encoder or the network; of one picture all windows, of networks all labels.
    """
    windows = bundle.preparation.count
    if bundle.encoder is not None:
        shapes = bundle.encoder.input_shapes(bundle.preparation.size)
        return windows * sum(operations_of(bundle.encoder.graph, [shape]) for shape in shapes)
    if not isinstance(bundle.model, Network):
        return 0
    return windows * len(bundle.parts) * bundle.model.operations(bundle.input_shape)


@contextmanager
def _readable(
    bundle: Bundle, sources: Sequence[PictureSource]
) -> Iterator[tuple[list[PictureSource], int]]:
    """Those that can be read, and how many cannot."""
    if not sources:
        with scratch_folder() as folder:
            yield _drawn(bundle, folder), 0
        return
    found, reason = [], Notice("no_pictures", path="-")
    for source in sources[:_MOST]:
        try:
            read_picture(source)
            found.append(source)
        except PictureError as error:
            reason = error.notice
    if not found:
        raise PictureError.about(reason)
    yield found, len(sources[:_MOST]) - len(found)


def _drawn(bundle: Bundle, folder: Path | None) -> list[PictureSource]:
    colour = bundle.preparation.color == "rgb"
    drawn = drawn_like(bundle.previews, bundle.provenance.size, colour)
    pictures: list[PictureSource] = [pixels.squeeze() for pixels in drawn]
    if folder is None:  # then their decoding takes no time
        return pictures
    written: list[PictureSource] = []
    for number, pixels in enumerate(drawn):
        written.append(folder / f"{number}.png")
        write_png(folder / f"{number}.png", pixels.squeeze())
    return written


def _threads() -> list[int]:
    """2, 4, ... and all."""
    return sorted({min(2**n, cores()) for n in range(1, cores().bit_length() + 1)} - {1})


def _rate(
    inspector: Inspector, files: Sequence[PictureSource], threads: int, seconds: float
) -> float:
    done, start, last = 0, None, 0.0

    def enough() -> Iterator[PictureSource]:
        for source in itertools.cycle(files):
            if start is not None and perf_counter() - start > seconds:
                return
            yield source

    for _ in inspector.inspect_many(enough(), threads=threads, evidence=False):
        done += 1
        if done == _WARM:
            start = perf_counter()
        last = perf_counter()
    return (done - _WARM) / (last - (start or last))


def _in_turn(bundle: Bundle) -> tuple[float, float, bool]:
    """Operations a second of a large product, seconds of the graph, and whether to doubt them.

    One after the other, many times: what else the machine does falls on both alike. The quickest of
    each counts, for a median would count that too.
    """
    side = np.random.default_rng(0).random((_SIDE, _SIDE), np.float32)
    graph = _graph_of(bundle)
    for _ in range(_WARM):
        graph()
    products, graphs = [], []
    for _ in range(_REPEATED):
        products.append(_seconds(lambda: side @ side))
        graphs.append(_seconds(graph))
    busy = median(products) > _BUSY * min(products)
    return 2 * _SIDE**3 / min(products), min(graphs), busy


def _graph_of(bundle: Bundle) -> Callable[[], None]:
    preparation = bundle.preparation
    rng = np.random.default_rng(0)
    windows = rng.random((preparation.count, *preparation.shape), np.float32)
    numbers = [np.arange(len(windows)) + label * len(windows) for label in range(len(bundle.parts))]

    def run() -> None:
        inputs = bundle.model_input(windows)
        for told in numbers if bundle.encoder is None else ():
            compare(bundle.model, inputs, told)

    return run


def _seconds(work: Callable[[], Any]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
