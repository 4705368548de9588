"""The published experiments; the whole of them is in benchmarks/experiments.py."""

import gzip
import json
import struct

import numpy as np
import pytest

import kenpin.experiments
from helpers import refused, run
from kenpin.drawn.shapes import shapes16 as draw_shapes16
from kenpin.errors import DatasetError
from kenpin.experiments import NAMES, mnist19, reproduce, shapes16, summary
from kenpin.experiments.common import Row, Run, as_floats, best_f1
from kenpin.models import learn_model, settle_model
from kenpin.recipe.recipe import Recipe
from kenpin.recipe.settings import PRESETS


def silent(stage, done, total):
    pass


def test_every_experiment_has_its_published_settings():
    assert set(NAMES) == set(PRESETS)
    for name in NAMES:
        assert Recipe.preset(name).own.published


@pytest.mark.parametrize(
    ("name", "shape", "labels", "parameters"),
    [
        # convolutions 1-32-16-16-32-1 of 3x3 with their biases
        ("shapes16", (16, 16), 0, 320 + 4624 + 2320 + 4640 + 289),
        ("mnist19", (28, 28), 0, 2 * (784 * 392 + 392 * 64) + 392 + 64 + 392 + 784),
        ("shapes27", (27, 27), 4, None),
        ("terminals36", (36, 26), 0, None),
    ],
)
def test_the_published_networks_are_the_published_ones(name, shape, labels, parameters):
    torch = pytest.importorskip("torch")
    pictures = np.random.default_rng(0).uniform(0, 1, (16, *shape, 1)).astype(np.float32)
    recipe = Recipe.preset(name)
    told = np.arange(16) % labels if labels else None
    recipe = settle_model(pictures, recipe, 16, told)
    recipe = recipe.with_own(recipe.own.model_copy(update={"epochs": 1}))
    learned = learn_model(pictures, recipe, silent, told)
    assert learned.reconstruct(pictures, told).shape == pictures.shape
    weights = sum(p.numel() for p in learned.network.parameters())
    if parameters:
        assert weights == parameters
    else:  # mean and log variance of 128 numbers, from 128 maps of the size after three halvings
        inner = 128 * int(np.prod([-(-side // 8) for side in shape])) + labels
        assert learned.network.describe.weight.shape == (256, inner)
        assert isinstance(learned.network.decoder[-1], torch.nn.Sigmoid)


def test_the_best_f1_is_the_largest_over_all_limits():
    rng = np.random.default_rng(0)
    scores, good = np.round(rng.normal(size=200), 1), rng.random(200) < 0.5
    scores[~good] += 1

    def f1(limit):
        kept = scores <= limit
        return 2 * (kept & good).sum() / (kept.sum() + good.sum())

    best, limit = best_f1(scores, good)
    assert best == pytest.approx(max(f1(value) for value in scores)) == pytest.approx(f1(limit))


def test_drawn_ellipses_repeat_by_chance_and_count_again():
    ellipses = draw_shapes16(1000, "good", 0)
    assert 130 < len(np.unique(ellipses, axis=0)) < 170


def test_the_summary_is_mean_and_range():
    rows = [Row("x", "kenpin", seed, {"auroc": value}) for seed, value in enumerate((0.9, 1.0))]
    assert summary(rows) == [
        {
            "who": "kenpin",
            "seeds": 2,
            "figures": {"auroc": (pytest.approx(0.95), pytest.approx(0.1))},
        }
    ]


def write_idx(folder, name, array, compressed=True):
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    content = head + array.tobytes()
    path = folder / (f"{name}.gz" if compressed else name)
    path.write_bytes(gzip.compress(content) if compressed else content)


def test_idx_files_are_read_with_and_without_gz(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    for compressed in (True, False):
        write_idx(tmp_path, f"{compressed}", pictures, compressed)
        np.testing.assert_array_equal(mnist19.read_file(tmp_path, f"{compressed}"), pictures)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"\x00\x00\x08\x01\x00"))
    with pytest.raises(DatasetError, match="not an idx file"):
        mnist19.read_file(tmp_path, "cut")


def test_what_reproduce_cannot_do_is_one_sentence(tmp_path):
    refused(
        run("reproduce", "shapes99", "-o", tmp_path / "a"), "experiments are shapes16, shapes27"
    )
    refused(run("reproduce", "mnist19", "-o", tmp_path / "a"), "--mnist DIR")
    missing = run("reproduce", "mnist19", "--mnist", tmp_path, "-o", tmp_path / "a")
    refused(missing, "has no train-images-idx3-ubyte")
    refused(
        run("learn", tmp_path, "--preset", "magic", "-o", tmp_path / "a.kenpin"), "no experiment"
    )


def test_ours_separates_ellipses_from_rectangles_and_keeps_the_promise():
    pytest.importorskip("torch")
    found = shapes16.run_ours(7, silent).row.figures  # a seed that the benchmark does not use
    assert found["auroc"] >= 0.9995 and found["false_reject"] <= 0.03
    assert as_floats(draw_shapes16(2, "good", 0)).shape == (2, 16, 16, 1)


def test_seeds_are_told_in_their_order_whoever_does_them(monkeypatch):
    pytest.importorskip("torch")

    def quick(seed, progress, pictures):
        return Run((Row("shapes16", "kenpin", seed, {"drawn": float(pictures)}),))

    class LastFirst:
        def map(self, work, shared, items):
            return (work(shared, item) for item in reversed(list(items)))

    monkeypatch.setitem(kenpin.experiments._SHAPES, "shapes16", quick)
    for workers in (None, LastFirst()):
        runs = reproduce("shapes16", [3, 5, 4], silent, workers=workers)
        rows = [run.rows[0] for run in runs]
        assert [(row.seed, row.figures["drawn"]) for row in rows] == [(3, 1), (5, 0), (4, 0)]


@pytest.mark.slow
def test_reproduce_draws_everything_and_prints_both_rows(tmp_path):
    pytest.importorskip("torch")
    done = run("reproduce", "shapes16", "--json", "-o", tmp_path / "out", "--log", tmp_path / "log")
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["who"] for row in rows] == ["published", "kenpin"]
    assert rows[1]["auroc"] > rows[0]["auroc"]
    drawn = {path.name for path in (tmp_path / "out").iterdir()}
    assert drawn >= {
        "shapes16.html", "shapes16-losses.png", "shapes16-confusion.png", "shapes16-roc.png",
        "shapes16-pictures-published.png", "shapes16-pictures-kenpin.png", "shapes16-histogram.png",
    }  # fmt: skip
    kept = tmp_path / "log/shapes16/seed-0"
    assert (kept / "published.onnx").is_file() and (kept / "kenpin.kenpin").is_file()
    assert list((kept / "kenpin").glob("events*"))


@pytest.mark.slow
def test_a_digit_that_is_not_a_one_is_found_from_few_ones(shared, tmp_path):
    pytest.importorskip("torch")
    found = mnist19.run_ours(7, silent, shared / "mnist").row.figures
    assert found["auroc"] >= 0.999 and found["f1"] >= 0.985
