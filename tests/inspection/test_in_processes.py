"""Many pictures by several processes, and without what is drawn: the same verdicts."""

import os
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import run
from kenpin.errors import DatasetError, PictureError
from kenpin.inspection import inspect_in_processes
from kenpin.sources import write_png


@pytest.fixture
def mixed(tmp_path):
    """Twenty pictures, three of them NG; one file is none; and a zip of two more."""
    folder = write_pictures(tmp_path / "mixed", good_pictures(20, first=300))
    for number in (4, 9, 13):
        pixels = good_pictures(1, first=800 + number)[0].copy()
        pixels[20:28, 30:38] = 0
        write_png(folder / f"ng {number}.png", pixels)
    (folder / "broken.png").write_bytes(b"no picture")
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        for number, file in enumerate(sorted(folder.glob("0*.png"))[:2]):
            archive.write(file, f"{number}.png")
    return folder


def plain(found):
    """What is judged, without how long it took."""
    return found.notice if isinstance(found, PictureError) else replace(found, milliseconds={})


def test_processes_give_the_same_verdicts_in_the_same_order(inspector, mixed):
    sources = kenpin.sources.find_pictures([mixed])
    alone = [plain(one) for one in inspector.inspect_many(sources, evidence=False)]
    for count in (1, 2):
        found = inspect_in_processes(inspector, sources, count=count)
        assert [plain(one) for one in found] == alone
    assert sum(isinstance(one, kenpin.Verdict) for one in alone) == len(sources) - 1


def test_a_label_that_is_unknown_is_said_before_any_process_begins(inspector, mixed):
    with pytest.raises(DatasetError, match="A"):
        next(inspect_in_processes(inspector, sorted(mixed.iterdir()), expect="A"))


def test_the_generator_may_be_left_in_the_middle(inspector, mixed):
    sources = sorted(mixed.glob("0*.png")) * 5
    found = inspect_in_processes(inspector, sources, count=2)
    assert isinstance(next(found), kenpin.Verdict)
    found.close()


class Deadly:
    """A source that ends the process that is given it."""

    def __reduce__(self):
        return os._exit, (3,)


def test_a_process_that_ends_by_itself_is_one_sentence(inspector, mixed):
    sources = [*sorted(mixed.glob("0*.png")), Deadly()]
    with pytest.raises(DatasetError, match="ended by itself") as told:
        list(inspect_in_processes(inspector, sources, count=2))
    assert ".." not in str(told.value)


def test_the_command_says_the_same_however_many_there_are(part, mixed, tmp_path, monkeypatch):
    def table(name):
        done = run("inspect", part, mixed, "--csv", tmp_path / name)
        told, _, rate = done.stdout.rpartition(" (")
        assert "pictures/s" in rate
        return done.exit_code, told, (tmp_path / name).read_bytes()

    by_threads = table("threads.csv")
    monkeypatch.setattr("kenpin.cli.inspect._WORTH_PROCESSES", 5)
    monkeypatch.setattr("kenpin.system.cores", lambda: 2)
    by_processes = table("processes.csv")
    assert by_processes == by_threads
    assert by_threads[0] == 2 and "broken.png" in by_threads[2].decode("utf-8-sig")


@pytest.mark.parametrize("model", ["both", "feature", "pca", "mt"])
def test_a_verdict_without_evidence_is_the_same_verdict(model):
    good = good_pictures(40)
    recipe = kenpin.Recipe(model=model, false_reject=0.05, windows={"left": (0, 0, 32, 48)})
    judge = kenpin.Inspector(kenpin.learn(good, recipe, search=False))
    marked = good_pictures(3, first=600)
    for pixels in marked:
        pixels[10:18, 10:18] = 0
    outcomes = set()
    for pixels in [*good_pictures(3, first=500), *marked, np.zeros_like(good[0])]:
        full, lean = judge.inspect(pixels), judge.inspect(pixels, evidence=False)
        assert full.evidence is not None and lean.evidence is None
        assert plain(replace(full, evidence=None)) == plain(lean)
        assert bool(lean.regions) == (lean.outcome.value in ("NG", "WRONG_PART"))
        outcomes.add(lean.outcome.value)
    assert {"OK", "NG"} <= outcomes
