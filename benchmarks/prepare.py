"""What preparing pictures is worth and costs; one JSON line each.

    python benchmarks/prepare.py align|methods|light|promise|unusable|tails|suspects|stream
                                 [--data DIR] [--seeds 3] [--pictures 10000]

align: AUROC with and without alignment, and its cost beside the model's in the same run.
methods: how exactly and how fast several ways of alignment find a known pose.
light: drawn connectors in changing light, with and without `light`.
promise: how often fresh good connectors are rejected with windows, and moved and aligned.
unusable: good, NG and spoiled pictures that are called unusable.
tails: the share of clean good pictures called odd, by two distributions.
suspects: NG pictures hidden among good ones, found among the first ten suspects.
stream: the memory that learning from very many pictures of a megapixel takes.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import norm, t

import kenpin
from kenpin.drawn.terminals import draw_terminals
from kenpin.learning.doctor import examine
from kenpin.prepare.align import Alignment
from kenpin.prepare.geometry import scaling
from kenpin.sources.contents import Labelled
from kenpin.sources.find import find_good, find_labelled
from kenpin.sources.picture import encode, read_picture
from kenpin.types import Outcome
from quality import SHARED, material

MOST_SHIFT, MOST_TURN = 0.1, 15.0  # of the sides, and degrees
PLACES = ("metal_nut", "terminals still", "terminals moved")


def moved(pixels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture shifted and turned by chance, and the map from where things were."""
    rng = np.random.default_rng([seed, 9])
    height, width = pixels.shape[:2]
    middle = (width - 1) / 2, (height - 1) / 2
    pose = cv2.getRotationMatrix2D(middle, rng.uniform(-MOST_TURN, MOST_TURN), 1)
    pose[:, 2] += rng.uniform(-MOST_SHIFT, MOST_SHIFT, 2) * (width, height)
    turned = cv2.warpAffine(pixels, pose, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return turned, np.vstack([pose, [0, 0, 1]])


def connectors(data: Path, seed: int, change) -> tuple[list, list[Labelled]]:
    """Drawn connectors to learn and to test, each changed by its own number."""
    good, labelled = material("terminals", data, seed)
    learned = [change(pixels, 1_000_000 * seed + n) for n, pixels in enumerate(good)]
    tested = [
        Labelled(change(item.source, 1_000_000 * seed + 500_000 + n), item.kind)
        for n, item in enumerate(labelled)
    ]
    return learned, tested


def align(arguments: argparse.Namespace) -> Iterator[dict]:
    for name in PLACES:
        for how in ("none", "rotation"):
            lines = []
            for seed in range(arguments.seeds):
                if name == "metal_nut":
                    good, labelled = material(name, arguments.data, seed)
                else:
                    far = name.endswith("moved")
                    good, labelled = connectors(
                        arguments.data, seed, lambda p, n, far=far: moved(p, n)[0] if far else p
                    )
                bundle = kenpin.learn(good, kenpin.Recipe(model="pca", align=how, seed=seed))
                result = kenpin.evaluate(kenpin.Inspector(bundle), labelled)
                lines.append(result)
            yield {
                "benchmark": "prepare align",
                "set": name,
                "align": how,
                "seeds": len(lines),
                "auroc": round(mean(line.auroc for line in lines), 4),
                "auroc_spread": round(float(np.ptp([line.auroc for line in lines])), 4),
                "false_reject": round(mean(line.false_reject.rate for line in lines), 4),
                "escape": round(mean(line.escape.rate for line in lines), 4),
                "unusable": sum(int(line.unusable.sum()) for line in lines),
            }
    yield cost(arguments.data)


def cost(data: Path) -> dict:
    """Milliseconds for a picture of 512 pixels, aligned and not, in turn; one core."""
    cv2.setNumThreads(1)
    good = [read_picture(source) for source in find_good(data / "metal_nut")]
    inspectors = {
        how: kenpin.Inspector(kenpin.learn(good[:60], kenpin.Recipe(model="pca", align=how)))
        for how in ("none", "rotation")
    }
    spent = {how: {"prepare": [], "model": []} for how in inspectors}
    for picture in good[60:160]:
        for how, inspector in inspectors.items():
            verdict = inspector.inspect(picture)
            for stage, values in spent[how].items():
                values.append(verdict.milliseconds[stage])
    typical = {how: {s: median(v) for s, v in own.items()} for how, own in spent.items()}
    return {
        "benchmark": "prepare cost",
        "prepare_ms": round(typical["none"]["prepare"], 2),
        "prepare_aligned_ms": round(typical["rotation"]["prepare"], 2),
        "alignment_ms": round(typical["rotation"]["prepare"] - typical["none"]["prepare"], 2),
        "model_ms": round(typical["rotation"]["model"], 2),
    }


# --- ways of alignment -------------------------------------------------------------------------


def methods(arguments: argparse.Namespace) -> Iterator[dict]:
    """Of connectors whose pose is known; errors in pixels of 512, at the corners."""
    cv2.setNumThreads(1)
    size = (384, 512)
    still = [draw_terminals(n, size=size, shift=0, turn=0).pixels for n in range(60)]
    small = [shrunk(pixels) for pixels in still]
    reference = np.mean(small[:20], axis=0).astype(np.float32)
    alignment = Alignment(reference, "rotation")
    alignment.find(small[0])  # what it prepares once is not the cost of a picture
    ways = {
        "nothing": lambda picture: np.eye(3),
        "ECC alone": lambda picture: ecc(reference, picture, np.eye(3), 50),
        "log-polar and phase correlation": lambda picture: log_polar(reference, picture),
        "the same, then ECC": lambda picture: ecc(
            reference, picture, log_polar(reference, picture)
        ),
        "ORB features": lambda picture: features(reference, picture),
        "search by Fourier transform, ECC": alignment.find,
    }
    corners = np.array([[0, 511, 0, 511], [0, 0, 383, 383], [1, 1, 1, 1]], float)
    grow = scaling((96, 128), size)
    found = {name: ([], []) for name in ways}
    for number, picture in enumerate(still[20:]):
        turned, pose = moved(picture, number)
        seen = shrunk(turned)
        for name, way in ways.items():
            start = time.perf_counter()
            answer = way(seen)
            seconds = time.perf_counter() - start
            full = grow @ answer @ np.linalg.inv(grow)
            error = np.linalg.norm(((full - pose) @ corners)[:2], axis=0).mean()
            found[name][0].append(float(error))
            found[name][1].append(1000 * seconds)
    for name, (errors, times) in found.items():
        yield {
            "benchmark": "prepare methods",
            "method": name,
            "error_px": round(median(errors), 2),
            "error_px_95": round(float(np.quantile(errors, 0.95)), 2),
            "lost": round(mean(error > 5 for error in errors), 3),
            "ms": round(median(times), 2),
        }


def shrunk(pixels):
    small = cv2.resize(pixels, (128, 96), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255


def ecc(reference, picture, start, steps=20):
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, steps, 1e-4)
    try:
        _, found = cv2.findTransformECC(
            reference, picture, start[:2].astype(np.float32), cv2.MOTION_EUCLIDEAN, stop, None, 3
        )
    except cv2.error:
        return start
    return np.vstack([found, [0, 0, 1]])


def log_polar(reference, picture):
    """The turn by the spectrum in polar coordinates, then the shift; both by phase correlation."""
    side = max(reference.shape)

    def spectrum(values):
        padded = np.zeros((side, side), np.float32)
        padded[: values.shape[0], : values.shape[1]] = values - values.mean()
        window = cv2.createHanningWindow((side, side), cv2.CV_32F)
        power = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2(padded * window))))
        polar = cv2.warpPolar(power.astype(np.float32), (side, 2 * side), (side / 2, side / 2),
                              side / 2, cv2.INTER_LINEAR | cv2.WARP_POLAR_LOG)  # fmt: skip
        return polar[:side]

    square = cv2.createHanningWindow((side, side), cv2.CV_32F)
    (_, turn), _ = cv2.phaseCorrelate(spectrum(reference), spectrum(picture), square)
    height, width = reference.shape
    middle = (width - 1) / 2, (height - 1) / 2
    pose = cv2.getRotationMatrix2D(middle, -turn * 180 / side, 1)
    posed = cv2.warpAffine(reference, pose, (width, height), borderMode=cv2.BORDER_REPLICATE)
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    # A copy: the function multiplies what it is given by the window, in place.
    shift, _ = cv2.phaseCorrelate(posed, picture.copy(), window)
    pose[:, 2] += shift
    return np.vstack([pose, [0, 0, 1]])


def features(reference, picture):
    finder = cv2.ORB_create(500)
    both = [cv2.resize((p * 255).astype(np.uint8), None, fx=2, fy=2) for p in (reference, picture)]
    (points, own), (others, their) = (finder.detectAndCompute(p, None) for p in both)
    if own is None or their is None:
        return np.eye(3)
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, True).match(own, their)
    if len(pairs) < 4:
        return np.eye(3)
    found, _ = cv2.estimateAffinePartial2D(
        np.float32([points[p.queryIdx].pt for p in pairs]),
        np.float32([others[p.trainIdx].pt for p in pairs]),
    )
    if found is None:
        return np.eye(3)
    found[:, 2] /= 2
    return np.vstack([found, [0, 0, 1]])


# --- light, unusable pictures, suspects --------------------------------------------------------


def lit(pixels: np.ndarray, seed: int) -> np.ndarray:
    """In light of 0.6 to 1.2 times the strength that falls off by up to a third to one side."""
    rng = np.random.default_rng([seed, 8])
    height, width = pixels.shape
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = rng.uniform(0, 2 * np.pi)
    slope = 1 + rng.uniform(0, 0.33) * (x * np.cos(angle) + y * np.sin(angle))
    return np.clip(pixels * rng.uniform(0.6, 1.2) * slope, 0, 255).astype(np.uint8)


def light(arguments: argparse.Namespace) -> Iterator[dict]:
    for how in ("none", "level", "shading"):
        aurocs = []
        for seed in range(arguments.seeds):
            good, labelled = connectors(arguments.data, seed, lit)
            bundle = kenpin.learn(good, kenpin.Recipe(model="pca", light=how, seed=seed))
            aurocs.append(kenpin.evaluate(kenpin.Inspector(bundle), labelled).auroc)
        yield {
            "benchmark": "prepare light",
            "light": how,
            "auroc": round(mean(aurocs), 4),
            "auroc_spread": round(float(np.ptp(aurocs)), 4),
        }


PINS = {f"pin {n + 1}": (26 + 34 * n, 40, 34, 120) for n in range(6)}
WAYS = {
    "windows": (kenpin.Recipe(model="pca", windows=PINS), lambda p, n: p),
    "moved, aligned": (kenpin.Recipe(model="pca", align="rotation"), lambda p, n: moved(p, n)[0]),
}


def promise(arguments: argparse.Namespace) -> Iterator[dict]:
    """100 good ones to learn, 300 fresh ones to judge, in each draw; all rejections count."""
    for name, (recipe, change) in WAYS.items():
        rates = {0.05: [], 0.01: []}
        for seed in range(arguments.seeds):
            first = 1_000_000 * (seed + 1)
            drawn = [change(draw_terminals(first + n).pixels, first + n) for n in range(400)]
            bundle = kenpin.learn(drawn[:100], recipe.but(seed=seed))
            inspector = kenpin.Inspector(bundle)
            verdicts = [inspector.inspect(pixels) for pixels in drawn[100:]]
            for stated, own in rates.items():
                limit = replace(bundle.calibration, false_reject=stated).limit
                own.append(mean(v.reason is not None or v.score > limit for v in verdicts))
        for stated, own in rates.items():
            yield {
                "benchmark": "prepare promise",
                "way": name,
                "stated": stated,
                "measured": round(mean(own), 4),
                "standard_error": round(float(np.std(own, ddof=1) / np.sqrt(len(own))), 4),
                "draws": len(own),
            }


SPOILED = {
    "blank": lambda p: np.full_like(p, int(p.mean())),
    "overexposed": lambda p: np.clip(p * 4.0, 0, 255).astype(np.uint8),
    "too dark": lambda p: (p * 0.25).astype(np.uint8),
    "out of focus": lambda p: np.stack(
        [gaussian_filter(c, max(p.shape[:2]) / 40) for c in np.atleast_3d(p).transpose(2, 0, 1)],
        axis=2,
    ),
    "a third cut off": lambda p: np.ascontiguousarray(p[:, : 2 * p.shape[1] // 3]),
}


def unusable(arguments: argparse.Namespace) -> Iterator[dict]:
    names = ("juice_bottle", "solar_cell", "metal_nut", "screw", "magnetic_tile", "terminals")
    for name in names:
        good, labelled = material(name, arguments.data, 0)
        inspector = kenpin.Inspector(kenpin.learn(good))
        fresh = [read_picture(item.source).pixels for item in labelled if item.good]
        other = names[(names.index(name) + 1) % len(names)]
        foreign = [item.source for item in material(other, arguments.data, 0)[1] if item.good]

        def share(pictures, inspector=inspector):
            verdicts = [inspector.inspect(picture) for picture in pictures]
            return round(mean(v.outcome is Outcome.UNUSABLE for v in verdicts), 4)

        yield {
            "benchmark": "prepare unusable",
            "set": name,
            "good": share(fresh),
            "ng": share([item.source for item in labelled if not item.good]),
            **{kind: share([spoil(p) for p in fresh]) for kind, spoil in SPOILED.items()},
            "another part": share(foreign),
        }


def tails(arguments: argparse.Namespace) -> Iterator[dict]:
    names = ("juice_bottle", "solar_cell", "metal_nut", "screw", "magnetic_tile", "terminals")
    logs = []
    for name in names:
        for seed in range(arguments.seeds):
            good, _ = material(name, arguments.data, seed)
            logs.append(
                np.log(kenpin.learn(good, kenpin.Recipe(model="pca", seed=seed)).calibration.scores)
            )
    for name, distribution in (("Student, 4", t(4)), ("normal", norm)):
        for stated in (0.01, 0.05):
            shares = []
            for values in logs:
                apart = values - np.median(values)
                width = np.median(np.abs(apart)) / distribution.ppf(0.75)
                shares.append((distribution.sf(apart / width) <= stated).mean())
            yield {
                "benchmark": "prepare tails",
                "distribution": name,
                "stated": stated,
                "called_odd": round(float(np.mean(shares)), 4),
                "sets": len(logs),
            }


HIDING = ("metal_nut", "juice_bottle", "screw")


def suspects(arguments: argparse.Namespace) -> Iterator[dict]:
    for name in HIDING:
        every = find_good(arguments.data / name)
        ng = [item.source for item in find_labelled(arguments.data / name) if not item.good]
        for count in (40, 60, 100):
            for hidden in (1, 3, 5):
                yield hide(name, every, ng, count, hidden, arguments.seeds)


def hide(name: str, every: list, ng: list, count: int, hidden: int, draws: int) -> dict:
    found = flagged = alarms = 0
    for seed in range(draws):
        rng = np.random.default_rng([seed, count, hidden])
        good = [every[n] for n in rng.choice(len(every), count, replace=False)]
        slipped = {ng[n] for n in rng.choice(len(ng), hidden, replace=False)}
        examined = examine([*good, *slipped], kenpin.Recipe(seed=seed))
        odd = {f.source for f in examined.findings if f.kind.value == "unlike"}
        found += len({suspect.source for suspect in examined.suspects} & slipped)
        flagged += len(odd & slipped)
        alarms += len(odd - slipped)
    return {
        "benchmark": "prepare suspects",
        "set": name,
        "good": count,
        "hidden": hidden,
        "draws": draws,
        "in_first_ten": round(found / (hidden * draws), 3),
        "called_odd": round(flagged / (hidden * draws), 3),
        "false_alarm": round(alarms / (count * draws), 4),
        "stated_false_alarm": 0.01,
    }


def stream(arguments: argparse.Namespace) -> Iterator[dict]:
    """Colour JPEGs of 1000 x 1000 pixels, each with noise of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "good"
        folder.mkdir()
        rng = np.random.default_rng(0)
        drawn = [draw_terminals(n, size=(1000, 1000)).pixels for n in range(40)]
        for number in range(arguments.pictures):
            base = drawn[number % len(drawn)].astype(np.int16)
            coarse = rng.normal(0, 6, (25, 25, 3)).astype(np.float32)
            noise = cv2.resize(coarse, (1000, 1000)).astype(np.int16)
            pixels = np.clip(base[..., None] + noise, 0, 255).astype(np.uint8)
            (folder / f"{number:05}.jpg").write_bytes(encode(pixels, "JPEG", quality=85))
        start = time.perf_counter()
        command = [sys.executable, "-m", "kenpin", "learn", str(folder), "-o",
                   str(Path(place) / "a.kenpin")]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        bundle = kenpin.Bundle.load(Path(place) / "a.kenpin")
        yield {
            "benchmark": "prepare stream",
            "pictures": len(bundle.provenance.pictures),
            "megabytes_of_files": round(sum(f.stat().st_size for f in folder.iterdir()) / 2**20),
            "peak_mb": round(peak / 1024),
            "held_out": bundle.calibration.count,
            "promised": round(bundle.calibration.promised_false_reject, 5),
            "seconds": round(seconds),
        }


def main() -> None:
    ways = {
        f.__name__: f for f in (align, methods, light, promise, unusable, tails, suspects, stream)
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=ways)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=10_000)
    arguments = parser.parse_args()
    for what in arguments.what:
        for line in ways[what](arguments):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
