"""The exported graph decides as kenpin does, for every model and every kind of preparation."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import onnxruntime as ort
import pytest

import kenpin
from conftest import good_pictures, write_pictures
from helpers import NG_RECIPE, connectors, ng_pictures, recipe_for, refused, run, struck
from kenpin.errors import ExportError, ExtraError, OutputError, PictureError
from kenpin.evaluation.bench import measure
from kenpin.exports.filters import Filters
from kenpin.exports.folder import export
from kenpin.exports.graph import Graph
from kenpin.models import NAMES
from kenpin.prepare.geometry import resize
from kenpin.sources.picture import write_png
from kenpin.types import Outcome

SIZE = (96, 128)


def run_graph(folder, picture, expected=None):
    session = ort.InferenceSession(folder / "part.onnx", providers=["CPUExecutionProvider"])
    given = {"picture": picture}
    if expected is not None:
        given["expected"] = np.array(expected, np.int64)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, given), strict=True))


def tinted(pictures):
    return [np.stack([p, p // 2, 255 - p], axis=-1) for p in pictures]


def agree(bundle, folder, pictures):
    """The graph in the folder says what an Inspector says, of pictures of every outcome."""
    inspector = kenpin.Inspector(bundle)
    verdicts = list(json.loads((folder / "part.json").read_text("utf-8"))["verdicts"])
    seen = set()
    for picture in pictures:
        given = picture if picture.ndim == 3 else picture[..., None]
        answer, verdict = run_graph(folder, given), inspector.inspect(picture)
        assert verdicts[int(answer["verdict"])] == verdict.outcome
        close = pytest.approx(verdict.score, rel=1e-4, abs=1e-4 * abs(verdict.limit))
        assert float(answer["score"]) == close
        assert float(answer["limit"]) == verdict.limit
        assert float(answer["p_value"]) == pytest.approx(verdict.p_value)
        most = verdict.evidence.difference.max()
        np.testing.assert_allclose(
            answer["difference"], verdict.evidence.difference, atol=1e-3 * most
        )
        seen.add(verdict.outcome)
    return seen


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cvae"])
def test_every_model_decides_the_same_in_the_graph(name, tmp_path):
    good = connectors(20)
    bundle = kenpin.learn(good, recipe_for(name).but(size=(24, 32)))
    done = export(bundle, tmp_path)
    assert done.pictures > 10 and done.farthest <= 1e-4
    pictures = [*connectors(3, first=800), *map(struck, connectors(3, first=810)), 0 * good[0]]
    seen = agree(bundle, tmp_path, pictures)
    assert Outcome.UNUSABLE in seen and Outcome.OK in seen


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "pca", "light": "level"},
        {"model": "pca", "light": "shading", "ignore": [(10, 10, 20, 15)]},
        {"model": "pca", "crop": (7, 5, 90, 71)},
        {"model": "pca", "difference": "ssim"},
        {"model": "pca", "difference": "l1", "score": "mean"},
        {"model": "pca", "compression": {"steps": 2}},
        {"model": "pca", "size": (48, 64)},  # halved exactly: rounded in another way
        {"model": "pca", "size": (200, 230)},  # enlarged
        {"model": "rt", "light": "shading"},
        {"model": "pca", "compression": {"steps": 2}, "light": "level"},
        {"model": "rt", "windows": {"左": (0, 0, 64, 96), "右": (60, 0, 68, 96)}},
        {"windows": {"a": (0, 0, 64, 96), "b": (60, 0, 68, 96)}, "ignore": [(0, 0, 30, 30)]},
        {"feature": {"smallest_defect": 2}},
        {"feature": {"two_sizes": True}},
        {"feature": {"two_sizes": True}, "ignore": [(0, 0, 30, 30)], "size": (100, 120)},
        {"color": "rgb"},
        {"model": "feature"},
    ],
    ids=lambda settings: "-".join(map(str, settings)),
)
@pytest.mark.parametrize("colour", [False, True], ids=["grey", "rgb"])
def test_every_preparation_is_in_the_graph(settings, colour, tmp_path):
    good, new = connectors(16), [*connectors(2, first=800), *map(struck, connectors(2, first=9))]
    if colour:
        good, new = tinted(good), tinted(new)
    elif settings.get("color") == "rgb":
        pytest.skip("grey pictures seen in colour are given in colour")
    bundle = kenpin.learn(good, kenpin.Recipe(**settings))
    export(bundle, tmp_path)
    agree(bundle, tmp_path, new)


@pytest.mark.parametrize("name", ["cvae", "pca", "feature", "both"])
def test_labels_are_expected_or_named(name, tmp_path):
    good = [*connectors(16), *(255 - p for p in connectors(16, first=40))]
    bundle = kenpin.learn(good, recipe_for(name).but(size=(24, 32)), labels=["A"] * 16 + ["B"] * 16)
    export(bundle, tmp_path)
    inspector, about = kenpin.Inspector(bundle), json.loads((tmp_path / "part.json").read_text())
    assert about["labels"] == ["A", "B"]
    seen = set()
    for picture in (connectors(1, first=800)[0], 255 - connectors(1, first=801)[0]):
        for expected, label in ((-1, None), (0, "A"), (1, "B")):
            answer = run_graph(tmp_path, picture[..., None], expected)
            verdict = inspector.inspect(picture, label)
            assert about["verdicts"][int(answer["verdict"])] == verdict.outcome
            assert about["labels"][int(answer["label"])] == verdict.label
            assert float(answer["score"]) == pytest.approx(verdict.score, rel=1e-4)
            seen.add(verdict.outcome)
    if name != "cvae":  # which learns too little in a test
        assert Outcome.WRONG_PART in seen


def test_a_judge_from_ng_pictures_is_in_the_graph(tmp_path):
    ng = ng_pictures(40)
    bundle = kenpin.learn(good_pictures(100), NG_RECIPE, ng=ng)
    assert bundle.parts[0].svm is not None
    export(bundle, tmp_path)
    seen = agree(bundle, tmp_path, [*good_pictures(6, first=800), *ng[:6]])
    assert {Outcome.OK, Outcome.NG} <= seen


def test_the_folder_has_all_that_a_program_needs(tmp_path):
    part, folder = tmp_path / "部品.kenpin", tmp_path / "外へ"
    kenpin.learn(connectors(16)).save(part)
    new = write_pictures(tmp_path / "new", connectors(3, first=800))
    told = run("export", part, new, "-o", folder)
    assert told.exit_code == 0 and "3 pictures (OK 3)" in told.stdout
    assert {path.name for path in folder.iterdir()} == {
        "part.onnx", "part.json", "golden.npz", "example.py",
    }  # fmt: skip
    example = (folder / "example.py").read_text("utf-8")
    imports = set(re.findall(r"^(?:import|from) (\w+)", example, re.M))
    assert imports == {"json", "os", "sys", "pathlib", "numpy", "onnxruntime"}
    assert len(example.splitlines()) <= 50
    done = subprocess.run(
        [sys.executable, folder / "example.py"], capture_output=True, text=True, check=True
    )
    assert "judged 3 times as when exported" in done.stdout
    np.save(tmp_path / "one.npy", struck(connectors(1, first=3)[0])[..., None])
    done = subprocess.run(
        [sys.executable, folder / "example.py", tmp_path / "one.npy"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("NG ")
    about = json.loads((folder / "part.json").read_text("utf-8"))
    assert about["picture"] == {
        "height": 96, "width": 128, "channels": ["grey"], "dtype": "uint8", "white": 255,
    }  # fmt: skip


def test_a_grey_part_may_be_given_colour(tmp_path):
    bundle = kenpin.learn(connectors(16), kenpin.Recipe(model="pca"))
    export(bundle, tmp_path, colour=True)
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    answer = run_graph(tmp_path, picture)
    assert float(answer["score"]) == pytest.approx(
        kenpin.Inspector(bundle).inspect(picture).score, rel=1e-4
    )


def test_what_cannot_be_exported_is_said_in_one_sentence(tmp_path, monkeypatch):
    aligned = kenpin.learn(connectors(12), kenpin.Recipe(model="pca", align="translation"))
    with pytest.raises(ExportError, match="no graph can search"):
        export(aligned, tmp_path / "a")
    tinted_part = kenpin.learn(tinted(connectors(12)), kenpin.Recipe(model="pca"))
    with pytest.raises(ExportError, match="colour"):
        export(tinted_part, tmp_path / "a", colour=False)
    plain = kenpin.learn(connectors(12), kenpin.Recipe(model="pca", crop=(3, 3, 50, 50)))
    with pytest.raises(ExportError, match="whole pixels"):
        export(plain, tmp_path / "a", size=(95, 127))
    for size in ((30_000, 30_000), (3, 100), (0, 0)):
        with pytest.raises(ExportError, match="150 million"):
            export(plain, tmp_path / "a", size=size)
    with pytest.raises(PictureError, match="48 pixels wide"):
        export(plain, tmp_path / "a", [*connectors(1), *good_pictures(1, size=(64, 48))])
    with pytest.raises(PictureError, match="16 bits"):
        export(plain, tmp_path / "a", [connectors(1)[0].astype(np.uint16) * 257])
    monkeypatch.setitem(sys.modules, "onnx", None)
    for name in [name for name in sys.modules if name.startswith("kenpin.exports")]:
        if name.rsplit(".", 1)[1] in ("graph", "filters", "decision", "seen", "models"):
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ExtraError, match=r"kenpin\[export\]"):
        export(plain, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_nothing_is_written_where_graph_and_kenpin_disagree(tmp_path, monkeypatch):
    bundle = kenpin.learn(connectors(12), kenpin.Recipe(model="pca"))
    monkeypatch.setattr(
        "kenpin.exports.difference.SCALES", (1 / 100, 1 / 64, 1 / 32, 1 / 16, 1 / 8)
    )
    with pytest.raises(ExportError, match="nothing was exported"):
        export(bundle, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_the_picture_that_set_the_limit_is_no_disagreement(tmp_path):
    good = connectors(30)
    bundle = kenpin.learn(good, kenpin.Recipe(model="pca", held_out="split"))
    limit, inspector = bundle.calibration.limit, kenpin.Inspector(bundle)
    on_it = [p for p in good if inspector.inspect(p).score == pytest.approx(limit, rel=1e-6)]
    assert on_it
    assert export(bundle, tmp_path, on_it).pictures == len(on_it)


def test_the_files_of_others_are_not_overwritten(tmp_path):
    bundle = kenpin.learn(connectors(12), kenpin.Recipe(model="pca"))
    (tmp_path / "example.py").write_text("mine")
    with pytest.raises(OutputError, match=r"example\.py"):
        export(bundle, tmp_path)
    assert (tmp_path / "example.py").read_text() == "mine"
    export(bundle, tmp_path / "x")
    export(bundle, tmp_path / "x")  # one of its own may be made anew


@pytest.mark.parametrize("preview", [None, b"no picture", b"%!PS-Adobe-3.0 EPSF-3.0"])
def test_a_part_without_a_picture_of_it_is_exported_and_measured(preview, tmp_path):
    bundle = kenpin.learn(connectors(12), kenpin.Recipe(model="pca"))
    bundle = replace(bundle, previews={} if preview is None else {"mean.png": preview})
    assert export(bundle, tmp_path).pictures > 10
    assert measure(kenpin.Inspector(bundle), seconds=0.01).drawn


def test_bad_input_gets_one_sentence(tmp_path):
    part = tmp_path / "a.kenpin"
    kenpin.learn(connectors(12), kenpin.Recipe(model="pca")).save(part)
    refused(run("export", tmp_path / "no.kenpin", "-o", tmp_path / "x"), "no.kenpin")
    refused(run("export", part, tmp_path / "missing", "-o", tmp_path / "x"), "missing")
    refused(run("export", part, "-o", part), "a.kenpin")
    refused(run("export", part, "-o", tmp_path / "x", "--size", "big"), "big")
    refused(run("bench", tmp_path / "no.kenpin"), "no.kenpin")
    (tmp_path / "空").mkdir()
    write = tmp_path / "空" / "a.png"
    write.write_bytes(b"")
    refused(run("bench", part, tmp_path / "空"), "a.png")
    assert not (tmp_path / "x").exists()


# --- filters -----------------------------------------------------------------------------------


def filtered(build, value):
    graph = Graph()
    out = build(Filters(graph))
    shape = ["C", "H", "W"]
    content = graph.finished({"x": (np.float32, value.shape)}, {"y": (out, np.float32, shape)}, {})
    return ort.InferenceSession(content).run(None, {"x": value})[0]


@pytest.mark.parametrize("before", [(96, 128), (97, 130), (512, 512), (700, 300), (33, 41)])
@pytest.mark.parametrize("after", [(48, 64), (64, 64), (192, 192), (100, 126)])
def test_whole_numbers_are_resized_as_opencv_does(before, after):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (*before, 3), dtype=np.uint8)
    value = pixels.transpose(2, 0, 1).astype(np.float32)
    found = filtered(lambda f: f.resized("x", before, after), value)
    np.testing.assert_array_equal(found, resize(pixels, after).transpose(2, 0, 1))


@pytest.mark.parametrize("sigma", [0.7, 3.3, 40.0])
@pytest.mark.parametrize("border", [cv2.BORDER_REFLECT, cv2.BORDER_REPLICATE, cv2.BORDER_DEFAULT])
def test_blurs_are_those_of_opencv(sigma, border):
    value = np.random.default_rng(0).random((1, 37, 52), np.float32)
    found = filtered(lambda f: f.blurred("x", (37, 52), sigma, border), value)
    theirs = cv2.GaussianBlur(value[0], (0, 0), sigma, borderType=border)
    np.testing.assert_allclose(found[0], theirs, atol=2e-6)


def test_colour_becomes_grey_as_in_opencv():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    value = pixels.transpose(2, 0, 1).astype(np.float32)
    found = filtered(lambda f: f.grey("x"), value)
    np.testing.assert_array_equal(found[0], cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


def test_a_png_is_judged_the_same_by_python_the_command_and_the_graph(tmp_path):
    bundle = kenpin.learn(connectors(16))
    bundle.save(tmp_path / "a.kenpin")
    export(bundle, tmp_path / "x")
    picture = struck(connectors(1, first=5)[0])
    write_png(tmp_path / "p.png", picture)
    line = json.loads(run("inspect", tmp_path / "a.kenpin", tmp_path / "p.png", "--json").stdout)
    answer = run_graph(tmp_path / "x", picture[..., None])
    assert line["verdict"] == kenpin.Inspector(bundle).inspect(picture).outcome == "NG"
    assert float(answer["score"]) == pytest.approx(line["score"], rel=1e-6)
