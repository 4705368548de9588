"""The main job from end to end on drawn parts: draw, learn, judge, report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenpin.drawn import HARNESS_DEFECTS, TERMINAL_DEFECTS, draw_harness, draw_terminals
from kenpin.errors import ArgumentError, OutputError
from kenpin.evaluation import Evaluation, evaluate
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.part import Bundle
from kenpin.recipe import Recipe
from kenpin.report import triple, write_report
from kenpin.sources import read_picture, write_png
from kenpin.system import make_folder, write_atomically
from kenpin.text import say
from kenpin.types import Progress

_MARK = "drawn-by-kenpin.txt"

_TEST_SEED, _KIND_SEED = 10_000, 20_000  # apart, so that no piece is drawn twice


class _Drawn(Protocol):
    @property
    def pixels(self) -> NDArray[np.uint8]: ...

    @property
    def mask(self) -> NDArray[np.bool_]: ...


@dataclass(frozen=True)
class DrawnSet:
    """What a demo draws: how, which kinds of defects, how many good ones to learn and to test, and
    how many of each kind; and how it is learned.
    """

    draw: Callable[[int, str], _Drawn]
    kinds: tuple[str, ...]
    to_learn: int
    to_test: int
    of_each_kind: int
    recipe: Recipe


DRAWN_SETS = {
    "terminals": DrawnSet(draw_terminals, TERMINAL_DEFECTS, 100, 100, 15, Recipe()),
    "harness": DrawnSet(
        lambda seed, kind: draw_harness(seed, kind, board="green", branches=4, design=2),
        HARNESS_DEFECTS, 50, 30, 2,
        Recipe(kind="harness", false_reject=0.02, scale={"pixels": 1280, "mm": 420}),
    ),
}  # fmt: skip
"""By the name that `kenpin demo` takes."""


@dataclass(frozen=True, eq=False)
class Demo:
    """What a demo leaves behind."""

    bundle: Bundle
    evaluation: Evaluation
    report: Path
    pictures: Path


def run_demo(
    folder: str | Path,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    what: str = "terminals",
) -> Demo:
    """Draw parts into FOLDER (MVTec layout), learn good ones, judge others, report.

    what: one of `DRAWN_SETS`. Raises ArgumentError for another, OutputError when the folder holds
    something that is not a demo of kenpin's.
    """
    if what not in DRAWN_SETS:
        raise ArgumentError("demo_what", what=what, known=", ".join(DRAWN_SETS))
    drawn, folder = DRAWN_SETS[what], Path(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise OutputError("demo_folder", path=folder)
    make_folder(folder)
    write_atomically(folder / _MARK, f"{say('demo_mark')}\n".encode())
    _draw_all(folder, drawn, progress)
    bundle, file = learn(folder, recipe or drawn.recipe, progress), folder / f"{what}.kenpin"
    bundle.save(file)
    inspector = Inspector.open(file)
    evaluation = evaluate(inspector, folder, progress)
    return Demo(
        bundle=inspector.bundle,
        evaluation=evaluation,
        report=write_report(folder / "report", inspector, evaluation),
        pictures=_show_one_of_each(folder, drawn, inspector),
    )


def _draw_all(folder: Path, drawn: DrawnSet, progress: Progress | None) -> None:
    plan = [(folder / "train/good", n, n, "good") for n in range(drawn.to_learn)]
    plan += [(folder / "test/good", n, _TEST_SEED + n, "good") for n in range(drawn.to_test)]
    plan += [
        (folder / "test" / kind, n, _KIND_SEED + n, kind)
        for kind in drawn.kinds
        for n in range(drawn.of_each_kind)
    ]
    for done, (place, number, seed, kind) in enumerate(plan, start=1):
        drawing = drawn.draw(seed, kind)
        make_folder(place)
        write_png(place / f"{number:03}.png", drawing.pixels)
        if kind != "good":
            _write_mask(folder / "ground_truth" / kind, number, drawing)
        if progress:
            progress(say("stage_drawing"), done, len(plan))


def _write_mask(place: Path, number: int, drawing: _Drawn) -> None:
    make_folder(place)
    write_png(place / f"{number:03}_mask.png", drawing.mask.astype(np.uint8) * 255)


def _show_one_of_each(folder: Path, drawn: DrawnSet, inspector: Inspector) -> Path:
    pictures = folder / "pictures"
    make_folder(pictures)
    for kind in ("good", *drawn.kinds):
        picture = read_picture(folder / "test" / kind / "000.png")
        write_png(pictures / f"{kind}.png", triple(picture, inspector.inspect(picture)))
    return pictures
