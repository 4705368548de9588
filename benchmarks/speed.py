"""What kenpin costs in time and memory, each figure beside what it is measured against.

    python benchmarks/speed.py [start folder pieces latency keras anomalib hundred learning stream]
        [--rounds 5]
        [--data SET] [--keras PYTHON] [--anomalib PYTHON] [--peers DIR]

Start, folder, keras, anomalib, hundred and learning alternate in one run, and a line tells medians
over the rounds: on a busy machine only the ratios mean something. The others run once.
--keras, --anomalib: a Python with the peer installed, apart from the project (see experiments.py
and peers.py); without it that part is left out.

    start      importing kenpin, and `kenpin inspect` of one picture, beside importing NumPy, OpenCV
               and ONNX Runtime
    folder     512-pixel JPEGs, 4,000 files, to verdicts on all cores by threads and by processes,
               whose start counts, beside only decoding them
    pieces     what one core does with a picture, step by step, beside what two of them take at best
    latency    one picture at a time, warm, on each engine: median and p99
    keras      one 16x16 picture through a small network, beside Keras' model.predict
    anomalib   one picture from file to verdict, beside anomalib's models (--models)
    hundred    learning from 100 pictures, from the start of a process, beside the same import
    learning   networks with the folds that the limit comes from, beside one learning of 80 in 100
    stream     20,000 pictures beside 1,000: memory
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar
from unittest import mock

import cv2
import numpy as np

import kenpin
from kenpin.drawn.shapes import shapes16
from kenpin.drawn.terminals import draw_terminals
from kenpin.evaluation.bench import measure
from kenpin.inspection import inspect_in_processes
from kenpin.judge import compare, facts_of
from kenpin.models.encoder import own_encoder
from kenpin.prepare import Prepared
from kenpin.sources import find_good, read_picture
from kenpin.system import cores, in_order
from kenpin.system.onnx_graph import ENGINE
from kenpin.types import Picture

SHARED = Path(__file__).parents[2] / "shared"
T = TypeVar("T")
PARTS = ("both", "feature", "pca")
SIDE, QUALITY = 512, 95
JPEGS, FOLDER, IN_TURN = 200, 4000, 20
NETWORKS = ("ae", "vae", "dense-ae")
PREDICT = """
import os, sys, time; os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
from tensorflow.keras import Sequential, layers
conv = lambda n: layers.Conv2D(n, 3, padding="same", activation="relu")
net = Sequential([layers.Input((16, 16, 1)), conv(32), layers.MaxPooling2D(2), conv(16),
    layers.MaxPooling2D(2), conv(16), layers.UpSampling2D(2), conv(32), layers.UpSampling2D(2),
    layers.Conv2D(1, 3, padding="same")])
one = np.random.rand(1, 16, 16, 1).astype("float32")
times = []
for n in range(120):
    start = time.perf_counter()
    net.predict(one, verbose=0)
    times.append(time.perf_counter() - start)
print(1000 * float(np.median(times[20:])))
"""
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=False, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternating(works: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of what each gives, called in turn."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return {name: float(np.median(values)) for name, values in found.items()}


def parts(folder: Path, data: Path) -> dict[str, Path]:
    """A part of each kind from 100 good pictures, and where its file is."""
    good = sorted(find_good(data), key=str)[:100]
    found = {}
    for model in PARTS:
        found[model] = folder / f"{model}.kenpin"
        kenpin.learn(good, kenpin.Recipe(model=model)).save(found[model])
    return found


def inspectors(
    files: dict[str, Path], engines: list[str]
) -> Iterator[tuple[str, kenpin.Inspector]]:
    """Of each part, and of the one with a graph on each engine; what is first run decides."""
    yield "pca", kenpin.Inspector.open(files["pca"])
    for model in ("feature", "both"):
        for engine in engines:
            own_encoder.cache_clear()  # or the engine of the graph that is there would stay
            with mock.patch.dict(os.environ, {ENGINE: engine}):
                inspector = kenpin.Inspector.open(files[model])
                picture = draw_terminals(0, size=(SIDE, SIDE)).pixels
                list(inspector.inspect_many([picture] * 30))
                for _ in range(30):
                    inspector.inspect(picture)
            yield f"{model}, {engine}", inspector


def jpegs(folder: Path, data: Path) -> list[Path]:
    """Good pictures as JPEGs of 512 pixels."""
    sources = sorted(map(str, find_good(data)))
    written = []
    for number in range(JPEGS):
        picture = cv2.imread(sources[number % len(sources)])
        reduced = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        written.append(folder / f"{number:03}.jpg")
        cv2.imwrite(str(written[-1]), reduced, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return written


def start(a: argparse.Namespace, folder: Path) -> Iterator[dict]:
    """From the start of a process, as a user's command would."""
    files = parts(folder, a.data)
    picture = jpegs(folder, a.data)[0]

    def process(*arguments: object) -> Callable[[], float]:
        command = [sys.executable, *map(str, arguments)]
        return lambda: seconds(lambda: subprocess.run(command, capture_output=True, check=False))

    base = process("-c", "import numpy, cv2, onnxruntime")
    works = {"base": base, "import kenpin": process("-c", "import kenpin")}
    for model, file in files.items():
        works[f"inspect, {model}"] = process("-m", "kenpin", "inspect", file, picture)
    base()  # once, for the disk
    found = alternating(works, a.rounds)
    for name, value in found.items():
        ratio = round(value / found["base"], 3)
        yield {"benchmark": "start", "what": name, "seconds": round(value, 3), "ratio": ratio}


def by_threads(inspector: kenpin.Inspector, files: list[Path]) -> Iterator[object]:
    return inspector.inspect_many(files, evidence=False)


def folder(a: argparse.Namespace, where: Path) -> Iterator[dict]:
    files = jpegs(where, a.data)

    def decoded() -> float:
        with ThreadPoolExecutor(cores()) as pool:
            return len(files) / seconds(
                lambda: list(pool.map(lambda f: cv2.imread(str(f)).shape, files))
            )

    works: dict[str, Callable[[], float]] = {"decoding alone": decoded}
    many = files * (FOLDER // JPEGS)

    def judged(way: Callable, inspector: kenpin.Inspector) -> float:
        return len(many) / seconds(lambda: [None for _ in way(inspector, many)])

    for model, file in parts(where, a.data).items():
        inspector = kenpin.Inspector.open(file)
        for how, way in (("threads", by_threads), ("processes", inspect_in_processes)):
            works[f"{model}, {how}"] = partial(judged, way, inspector)
    found = alternating(works, a.rounds)
    for name, rate in found.items():
        share = round(rate / found["decoding alone"], 3)
        yield {"benchmark": "folder", "what": name, "side": SIDE, "cores": cores(),
               "pictures_per_second": round(rate, 1), "share_of_decoding": share}  # fmt: skip


def pieces(a: argparse.Namespace, where: Path) -> Iterator[dict]:
    files = jpegs(where, a.data)
    opened = {name: kenpin.Inspector.open(one) for name, one in parts(where, a.data).items()}
    spent: dict[str, dict[str, list[float]]] = {name: {} for name in opened}
    for first in range(0, len(files), IN_TURN):
        some = files[first : first + IN_TURN]
        for name, inspector in opened.items():
            work = partial(_pieces, inspector, spent[name])
            list(in_order(work, [some], 1, one_thread=True))
    for name, inspector in opened.items():
        found = measure(inspector, files)
        times = {step: float(np.median(values)) for step, values in spent[name].items()}
        least = {"read": times.pop("read by OpenCV")}
        if found.operations and not found.busy:
            least["encoder"] = 1000 * found.operations / found.peak
        arrays = inspector.bundle.model.state().arrays
        shapes = {key: one.shape for key, one in arrays.items() if key.endswith("components")}
        yield {"benchmark": "pieces", "model": name, "side": SIDE, "components": shapes,
               "operations": found.operations,
               "milliseconds": {step: round(value, 2) for step, value in times.items()},
               "at_best": {step: round(value, 2) for step, value in least.items()}}  # fmt: skip


def _pieces(inspector: kenpin.Inspector, spent: dict[str, list[float]], files: list[Path]) -> None:
    """Milliseconds; each step of a picture after the one before it, as when judging.

    The whole and OpenCV are given other pictures meanwhile.
    """
    bundle = inspector.bundle
    preparation, usability, (part,) = bundle.preparation, bundle.usability, bundle.parts

    def timed(step: str, work: Callable[..., T], *given: object) -> T:
        start = time.perf_counter()
        done = work(*given)
        spent.setdefault(step, []).append(1000 * (time.perf_counter() - start))
        return done

    def usable(cut: Prepared, picture: Picture) -> object:
        facts = facts_of(cut.overview, cut.upright, picture.size)
        return usability.told(facts), usability.reason(facts), usability.beyond(facts)

    for number, file in enumerate(files):
        timed("all", inspector.inspect, files[number - IN_TURN // 3], None, False)
        timed("read by OpenCV", cv2.imread, str(files[number - IN_TURN // 2]))
        picture = timed("read", read_picture, file)
        cut = timed("reduce", preparation.cut, picture)
        timed("usable", usable, cut, picture)
        given = timed("encoder", bundle.model_input, cut.windows)
        residuals, _ = timed("autoencoders", compare, bundle.model, given)
        timed("difference", part.measures[0].map, given[0], residuals[0])


def latency(a: argparse.Namespace, where: Path) -> Iterator[dict]:
    files = jpegs(where, a.data)
    for name, inspector in inspectors(parts(where, a.data), a.engines):
        yield {"benchmark": "latency", "model": name, "side": SIDE} | measure(
            inspector, files
        ).to_dict()


def keras(a: argparse.Namespace, where: Path) -> Iterator[dict]:
    if a.keras is None:
        return
    good = list(shapes16(200, "good", 0))
    recipe = kenpin.Recipe.preset("shapes16").but(ae={"published": True, "epochs": 5})
    inspector = kenpin.Inspector(kenpin.learn(good, recipe))

    def ours() -> float:
        times = [seconds(lambda: inspector.inspect(good[0])) for _ in range(220)]
        return 1000 * float(np.median(times[20:]))

    def theirs() -> float:
        done = subprocess.run([a.keras, "-c", PREDICT], capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])

    found = alternating({"kenpin": ours, "keras": theirs}, a.rounds)
    ratio = round(found["keras"] / found["kenpin"], 1)
    yield {"benchmark": "keras predict", "kenpin_ms": round(found["kenpin"], 3),
           "keras_ms": round(found["keras"], 2), "ratio": ratio}  # fmt: skip


def anomalib(a: argparse.Namespace, where: Path) -> Iterator[dict]:
    if a.anomalib is None:
        return
    files = sorted((a.data / "test").rglob("*.jpg")) + sorted((a.data / "test").rglob("*.png"))
    good = sorted(find_good(a.data), key=str)[: a.good]
    inspector = kenpin.Inspector(kenpin.learn(good))

    def ours() -> float:
        inspector.inspect(files[0])
        return 1000 * seconds(lambda: [inspector.inspect(one) for one in files]) / len(files)

    def theirs(model: str) -> Callable[[], float]:
        script = a.peers / "anomalib_run.py"
        command = [a.anomalib, script, a.data, model, "--train-limit", a.good, "--seed", 0]

        def run() -> float:
            done = subprocess.run(
                list(map(str, command)), capture_output=True, text=True, check=True
            )
            return float(json.loads(done.stdout.splitlines()[-1])["ms_per_image"])

        return run

    found = alternating({"kenpin": ours, **{m: theirs(m) for m in a.models}}, a.rounds)
    for name, value in found.items():
        yield {"benchmark": "anomalib", "set": a.data.name, "good": a.good, "who": name,
               "ms": round(value, 2), "ratio": round(value / found["kenpin"], 1)}  # fmt: skip


def learning(a: argparse.Namespace, where: Path) -> Iterator[dict]:
    good = [draw_terminals(n, size=(96, 128)).pixels for n in range(100)]

    def learned(model: str, held_out: str) -> Callable[[], float]:
        recipe = kenpin.Recipe(model=model, held_out=held_out, difference="l2", score="top")
        return lambda: seconds(lambda: kenpin.learn(good, recipe))

    for model in a.networks:
        works = {how: learned(model, how) for how in ("split", "kfold")}
        works["split"]()  # once, for torch
        found = alternating(works, a.rounds)
        ratio = round(found["kfold"] / found["split"], 2)
        yield {"benchmark": "learning", "model": model, "single_s": round(found["split"], 2),
               "with_folds_s": round(found["kfold"], 2), "ratio": ratio}  # fmt: skip


def hundred(a: argparse.Namespace, where: Path) -> Iterator[dict]:
    chosen = where / "good"
    chosen.mkdir()
    for number, source in enumerate(sorted(map(str, find_good(a.data)))[:100]):
        os.link(source, chosen / f"{number:03}{Path(source).suffix}")

    def process(*arguments: object) -> Callable[[], float]:
        command = [sys.executable, *map(str, arguments)]
        return lambda: seconds(lambda: subprocess.run(command, capture_output=True, check=True))

    works = {"base": process("-c", "import numpy, cv2, onnxruntime")}
    for model in PARTS:
        learn = ("-m", "kenpin", "learn", chosen, "--model", model)
        works[model] = process(*learn, "-o", where / f"{model}.kenpin", "--force")
    found = alternating(works, a.rounds)
    for model in PARTS:
        yield {"benchmark": "hundred", "model": model, "seconds": round(found[model], 2),
               "ratio": round(found[model] / found["base"], 1)}  # fmt: skip


def stream(a: argparse.Namespace, where: Path) -> Iterator[dict]:
    file = parts(where, a.data)["pca"]
    few = jpegs(where, a.data)
    for count in (1_000, 20_000):
        many = where / str(count)
        many.mkdir()
        for number in range(count):
            os.link(few[number % len(few)], many / f"{number:05}.jpg")
        command = [sys.executable, "-m", "kenpin", "inspect", file, many, "--json",
                   "--csv", where / "a.csv", "--force"]  # fmt: skip
        spent = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", PEAK, *map(str, command)],
                              capture_output=True, text=True, check=True)  # fmt: skip
        spent = time.perf_counter() - spent
        rows = len((where / "a.csv").read_text("utf-8-sig").splitlines()) - 1
        yield {"benchmark": "stream", "pictures": count, "rows": rows,
               "peak_mb": round(int(done.stdout) / 1e3), "seconds": round(spent, 1)}  # fmt: skip


WHAT = {
    work.__name__: work
    for work in (start, folder, pieces, latency, keras, anomalib, hundred, learning, stream)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=[[], *WHAT], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=SHARED / "data/metal_nut")
    parser.add_argument("--keras", type=Path)
    parser.add_argument("--anomalib", type=Path)
    parser.add_argument("--peers", type=Path, default=SHARED / "peers")
    parser.add_argument("--good", type=int, default=100)
    parser.add_argument("--models", nargs="*", default=["padim"])
    parser.add_argument("--networks", nargs="*", default=NETWORKS)
    parser.add_argument("--engines", nargs="*", default=["onnxruntime", "openvino"])
    a = parser.parse_args()
    for name in a.what or WHAT:
        with tempfile.TemporaryDirectory() as where:
            for line in WHAT[name](a, Path(where)):
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
