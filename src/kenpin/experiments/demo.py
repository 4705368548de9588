"""The main job from end to end on drawn connectors: draw, learn, judge, report."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kenpin.drawn import TERMINAL_DEFECTS, Drawing, draw_terminals
from kenpin.errors import OutputError
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

BUNDLE = "terminals.kenpin"
_MARK = "drawn-by-kenpin.txt"
TO_LEARN, TO_TEST, OF_EACH_KIND = 100, 100, 15

_TEST_SEED, _KIND_SEED = 10_000, 20_000  # apart, so that no piece is drawn twice


@dataclass(frozen=True, eq=False)
class Demo:
    """What a demo leaves behind."""

    bundle: Bundle
    evaluation: Evaluation
    report: Path
    pictures: Path


def run_demo(
    folder: str | Path, recipe: Recipe | None = None, progress: Progress | None = None
) -> Demo:
    """Draw connectors into FOLDER (MVTec layout), learn 100 good ones, judge others, report.

    Raises OutputError when the folder holds something that is not a demo of kenpin's.
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise OutputError("demo_folder", path=folder)
    make_folder(folder)
    write_atomically(folder / _MARK, f"{say('demo_mark')}\n".encode())
    _draw_all(folder, progress)
    bundle = learn(folder, recipe, progress)
    bundle.save(folder / BUNDLE)
    inspector = Inspector.open(folder / BUNDLE)
    evaluation = evaluate(inspector, folder, progress)
    return Demo(
        bundle=inspector.bundle,
        evaluation=evaluation,
        report=write_report(folder / "report", inspector, evaluation),
        pictures=_show_one_of_each(folder, inspector),
    )


def _draw_all(folder: Path, progress: Progress | None) -> None:
    plan = [(folder / "train/good", n, n, "good") for n in range(TO_LEARN)]
    plan += [(folder / "test/good", n, _TEST_SEED + n, "good") for n in range(TO_TEST)]
    plan += [
        (folder / "test" / kind, n, _KIND_SEED + n, kind)
        for kind in TERMINAL_DEFECTS
        for n in range(OF_EACH_KIND)
    ]
    for done, (place, number, seed, kind) in enumerate(plan, start=1):
        drawing = draw_terminals(seed, kind)
        make_folder(place)
        write_png(place / f"{number:03}.png", drawing.pixels)
        if kind != "good":
            _write_mask(folder / "ground_truth" / kind, number, drawing)
        if progress:
            progress(say("stage_drawing"), done, len(plan))


def _write_mask(place: Path, number: int, drawing: Drawing) -> None:
    make_folder(place)
    write_png(place / f"{number:03}_mask.png", drawing.mask.astype(np.uint8) * 255)


def _show_one_of_each(folder: Path, inspector: Inspector) -> Path:
    pictures = folder / "pictures"
    make_folder(pictures)
    for kind in ("good", *TERMINAL_DEFECTS):
        picture = read_picture(folder / "test" / kind / "000.png")
        write_png(pictures / f"{kind}.png", triple(picture, inspector.inspect(picture)))
    return pictures
