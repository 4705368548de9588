import importlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

import kenpin
from databases import judge_file, place, server  # noqa: F401 - fixtures
from kenpin.drawn.terminals import TERMINAL_DEFECTS, draw_terminals
from kenpin.sources.contents import Labelled
from kenpin.sources.picture import write_png

# The machine may be busy: how long an example takes says nothing.
settings.register_profile("kenpin", deadline=None)
settings.load_profile("kenpin")

# Which engine is faster may change from run to run, and with it the last digits of a score.
os.environ["KENPIN_ENGINE"] = "onnxruntime"
os.environ["KENPIN_LANG"] = "en"

SHARED = Path(__file__).parents[2] / "shared"
SIZE = (48, 64)


def good_pictures(count, first=0, size=SIZE):
    return [draw_terminals(first + n, size=size).pixels for n in range(count)]


def write_pictures(folder, pictures):
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(pictures):
        write_png(folder / f"{number:03}.png", pixels)
    return folder


@pytest.fixture(scope="session")
def shared():
    if not SHARED.is_dir():
        pytest.skip("the shared pictures are not beside this checkout")
    return SHARED / "data"


@pytest.fixture(scope="session")
def timm():
    """timm, also where torchvision was built for another torch than the one that is installed."""
    torch = pytest.importorskip("torch")
    try:
        importlib.import_module("torchvision")
    except ImportError:
        pytest.skip("torchvision is not installed")
    except RuntimeError:  # it lacks its operators, which nothing here calls: their names will do
        missing = torch.library.Library("torchvision", "DEF")
        missing.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        missing.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        missing.define(
            "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, "
            "int pooled_width, int sampling_ratio, bool aligned) -> Tensor"
        )
    return pytest.importorskip("timm")


@pytest.fixture(scope="session")
def bundle():
    """A part learned from 40 small drawn connectors, by its pixels."""
    return kenpin.learn(good_pictures(40), kenpin.Recipe(model="pca"))


@pytest.fixture(scope="session")
def inspector(bundle):
    return kenpin.Inspector(bundle)


@pytest.fixture(scope="session")
def labelled():
    good = [draw_terminals(5_000 + n, size=SIZE) for n in range(20)]
    ng = [draw_terminals(6_000 + n, kind, size=SIZE) for kind in TERMINAL_DEFECTS for n in range(3)]
    return [Labelled(d.pixels, d.kind, d.mask if d.mask.any() else None) for d in (*good, *ng)]


@pytest.fixture(scope="session")
def part(bundle, tmp_path_factory):
    """The bundle as a file."""
    path = tmp_path_factory.mktemp("part") / "part.kenpin"
    bundle.save(path)
    return path


def write_test_set(folder, kind, good, ng, first):
    """`good` good pictures and `ng` of this kind with their masks, in MVTec layout."""
    write_pictures(folder / "test/good", good_pictures(good, first=first))
    drawings = [draw_terminals(first + 100 + n, kind, size=SIZE) for n in range(ng)]
    write_pictures(folder / "test" / kind, [drawing.pixels for drawing in drawings])
    masks = folder / "ground_truth" / kind
    masks.mkdir(parents=True)
    for number, drawing in enumerate(drawings):
        write_png(masks / f"{number:03}_mask.png", drawing.mask.astype(np.uint8) * 255)


@pytest.fixture(scope="session")
def mvtec(tmp_path_factory):
    """A folder in MVTec layout: 30 to learn, 6 good and 4 bent to test, with masks."""
    folder = tmp_path_factory.mktemp("mvtec")
    write_pictures(folder / "train/good", good_pictures(30))
    write_test_set(folder, "bent", good=6, ng=4, first=500)
    return folder
