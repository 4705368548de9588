"""What runs a graph, and what a machine is measured to do."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime as ort
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import connectors, recipe_for, run, struck
from kenpin.errors import ExtraError, PictureError
from kenpin.evaluation.bench import STAGES, measure, operations_for
from kenpin.models.encoder import own_encoder
from kenpin.sources.picture import write_png
from kenpin.system.environment import cores
from kenpin.system.onnx_graph import ENGINE, Graph, engine, operations_of
from kenpin.system.threads import on_one_core
from kenpin.types import Outcome


@pytest.fixture(scope="module")
def features():
    return connectors(20), kenpin.learn(connectors(30))


def picture(seed=0):
    return np.random.default_rng(seed).random((1, 3, 64, 96), np.float32)


def theirs(given):
    session = ort.InferenceSession(own_encoder().graph, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: given})[0]


# --- engines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_every_engine_gives_the_same_numbers(name, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv(ENGINE, name)
    graph = Graph(own_encoder().graph)
    largest = np.abs(theirs(picture())).max()
    for seed in range(12):
        given = picture(seed)
        np.testing.assert_allclose(graph.run(given), theirs(given), atol=1e-5 * largest)
        on_one = on_one_core(lambda given=given: graph.run(given))
        np.testing.assert_allclose(on_one, theirs(given), atol=1e-5 * largest)


def test_openvino_is_really_used_when_it_is_asked_for(monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv(ENGINE, "openvino")
    graph = Graph(own_encoder().graph)
    monkeypatch.setattr(ort.InferenceSession, "run", None)  # nothing may call it
    graph.run(picture())


@pytest.mark.parametrize("model", ["both", "feature", "ae", "vae", "dense-ae"])
def test_the_same_pictures_get_the_same_verdicts_on_both_engines(model, tmp_path, monkeypatch):
    pytest.importorskip("openvino")
    kenpin.learn(connectors(24), recipe_for(model)).save(tmp_path / "a.kenpin")
    new = [*connectors(8, first=800), *map(struck, connectors(8, first=900))]
    found = {}
    for name in ("onnxruntime", "openvino"):
        monkeypatch.setenv(ENGINE, name)
        monkeypatch.setattr("kenpin.models.encoder.own_encoder", own_encoder.__wrapped__)
        inspector = kenpin.Inspector.open(tmp_path / "a.kenpin")
        found[name] = [*map(inspector.inspect, new), *inspector.inspect_many(new, threads=2)]
    for one, other in zip(*found.values(), strict=True):
        assert one.outcome is other.outcome and one.p_value == other.p_value
        assert one.score == pytest.approx(other.score, rel=1e-4)
    assert {v.outcome for v in found["openvino"]} >= {Outcome.OK, Outcome.NG}


def test_threads_share_one_graph(monkeypatch):
    pytest.importorskip("openvino")
    for name in ("onnxruntime", "openvino"):
        monkeypatch.setenv(ENGINE, name)
        graph = Graph(own_encoder().graph)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(graph.run, map(picture, range(40))))
        for n in (0, 17, 39):
            np.testing.assert_allclose(answers[n], theirs(picture(n)), atol=1e-4)


def test_openvino_is_never_used_unless_it_is_asked_for(monkeypatch):
    monkeypatch.delenv(ENGINE)
    monkeypatch.setattr("kenpin.system.onnx_graph._openvino", None)
    graph = Graph(own_encoder().graph)
    assert graph.engine == "onnxruntime"
    for seed in range(12):
        np.testing.assert_array_equal(graph.run(picture(seed)), theirs(picture(seed)))


def test_openvino_that_is_not_installed_is_refused_at_once(monkeypatch):
    monkeypatch.setattr("kenpin.system.onnx_graph.find_spec", lambda _: None)
    monkeypatch.setenv(ENGINE, "openvino")
    with pytest.raises(ExtraError, match=r"kenpin\[openvino\]"):
        engine()


def test_an_engine_that_is_not_there_is_said(tmp_path):
    kenpin.learn(connectors(12)).save(tmp_path / "a.kenpin")
    write_png(tmp_path / "p.png", connectors(1)[0])
    program = "import sys; sys.modules['openvino'] = None; from kenpin.cli import main; main()"
    for name, sentence in (("cuda", "must be onnxruntime"), ("openvino", "kenpin[openvino]")):
        done = subprocess.run(
            [sys.executable, "-c", program, "inspect", tmp_path / "a.kenpin", tmp_path / "p.png"],
            capture_output=True, text=True, check=False, env={**os.environ, ENGINE: name},
        )  # fmt: skip
        assert done.returncode == 2 and done.stderr.startswith("kenpin: KENPIN_ENGINE")
        assert sentence in done.stderr and done.stderr.count("\n") == 1


# --- operations --------------------------------------------------------------------------------


def test_operations_are_counted():
    torch = pytest.importorskip("torch")
    from kenpin.models.to_onnx import exported  # noqa: PLC0415

    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1),
        torch.nn.ConvTranspose2d(8, 2, 2, 2),
        torch.nn.Flatten(),
        torch.nn.Linear(2 * 8 * 12, 5),
    ).eval()
    graph = exported(network, [torch.zeros(1, 3, 4, 6)], ["x"], "y", [{}])
    by_hand = 2 * (8 * 4 * 6 * 3 * 9 + 8 * 4 * 6 * 2 * 4 + 2 * 8 * 12 * 5)
    assert operations_of(graph, [(1, 3, 4, 6)]) == by_hand


def test_operations_of_a_part(features):
    good, bundle = features
    size = bundle.preparation.size
    encoder = operations_of(own_encoder().graph, [(1, 3, *size)])
    assert operations_for(bundle) == encoder  # the graph alone is counted
    halves = {"a": (0, 0, 64, 96), "b": (64, 0, 64, 96)}
    pca = kenpin.learn(good, kenpin.Recipe(model="pca", windows=halves))
    assert operations_for(pca) == 0  # it has none


# --- kenpin bench ------------------------------------------------------------------------------


def test_no_share_above_the_peak_is_ever_told(monkeypatch):
    """On a busy machine a product of matrices may take longer than it does a moment later."""
    took = iter([9.0, 1.0] * 100)
    monkeypatch.setattr("kenpin.evaluation.bench._seconds", lambda work: next(took))
    monkeypatch.setattr("kenpin.evaluation.bench.operations_for", lambda bundle: 10**12)
    inspector = kenpin.Inspector(kenpin.learn(connectors(12), kenpin.Recipe(model="pca")))
    speed = measure(inspector, connectors(2), seconds=0.05)
    assert speed.model > speed.peak and speed.busy and speed.share is None
    assert speed.to_dict()["share_of_peak"] is None and speed.to_dict()["busy"]


@pytest.mark.parametrize("name", ["both", "feature", "rt", "mt"])
def test_a_machine_is_measured(name):
    inspector = kenpin.Inspector(kenpin.learn(connectors(12), recipe_for(name)))
    speed = measure(inspector, connectors(3, first=700), seconds=0.1)
    assert set(speed.stages) == set(STAGES) and speed.judged >= 50 and not speed.drawn
    assert all(0 < spent.median <= spent.p99 for spent in (*speed.stages.values(), speed.whole))
    assert min(speed.rates) == 1 and max(speed.rates) == cores()
    assert all(rate > 0 for rate in speed.rates.values()) and speed.peak > 0
    if name in ("rt", "mt"):  # no graph: nothing to count operations of
        assert speed.share is None and speed.operations == 0
    else:
        assert speed.busy or 0 < speed.share <= 1
    assert speed.parts_a_minute(3) == int(60_000 / (3 * speed.whole.p99))


def test_bench_says_it_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr("kenpin.evaluation.bench._SECONDS", 0.1)
    part = tmp_path / "a.kenpin"
    kenpin.learn(good_pictures(12), kenpin.Recipe(model="pca")).save(part)
    told = run("bench", part, "--margin", "2").stdout
    assert "parts a minute with margin 2" in told and "drawn by kenpin" in told
    folder = write_pictures(tmp_path / "新", good_pictures(3))
    (folder / "空.png").write_bytes(b"")  # passed over
    told = json.loads(run("bench", part, folder, "--json").stdout)
    assert set(told["ms"]) == {*STAGES, "all"} and not told["drawn"]
    assert told["passed_over"] == 1 and told["margin"] == 3 and told["parts_a_minute"] > 0


def test_bench_without_a_readable_picture(tmp_path):
    inspector = kenpin.Inspector(kenpin.learn(good_pictures(12), kenpin.Recipe(model="pca")))
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"a\.png"):
        measure(inspector, [tmp_path / "a.png"])


def test_openvino_is_loaded_without_what_reports_to_its_maker():
    pytest.importorskip("openvino")
    code = (
        "import sys, kenpin.system.quiet; kenpin.system.quiet.openvino_core(); "
        "assert sys.modules['openvino_telemetry'] is None"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
