"""What kenpin decides about real pictures, as numbers that a change of the code must not change.

    python tests/golden/make.py DATA [--check]

DATA: the folder of the open sets. Learns small parts of four sets in eight ways each, judges about
ten pictures with each, and writes golden.json beside this file. With --check nothing is written:
the largest relative difference to it is printed, and the exit status is 1 where it is above 1e-6
(another processor adds numbers up in another order) or anything else differs.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import kenpin

HERE = Path(__file__).parent
GOLDEN = HERE / "golden.json"
FILES = HERE.parent / "files"
SETS = ("juice_bottle", "metal_nut", "solar_cell", "magnetic_tile")
TOLERANCE = 1e-6

os.environ["KENPIN_ENGINE"] = "onnxruntime"  # another one differs in the last digits

_GOOD, _OF_A_LABEL, _NG, _JUDGED = 24, 16, 8, 5
_FORMATS = (1, 2, 3, 4, 5, 6)
_WAYS = ("feature", "pca", "rt", "labels", "windows", "align", "ng", "review")


def some(folder: Path, count: int, last: bool = False) -> list[Path]:
    """So many pictures spread over a folder; last: others than without it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    places = np.linspace(0, len(found) - 2, count).round().astype(int)
    return [found[place + last] for place in places]


def ng_of(data: Path, name: str, count: int, last: bool = False) -> list[Path]:
    folders = [path for path in (data / name / "test").iterdir() if path.name != "good"]
    found = [path for folder in sorted(folders) for path in some(folder, count, last)]
    places = np.linspace(0, len(found) - 1, count).round().astype(int)
    return [found[place] for place in places]


def learned(data: Path, name: str, way: str) -> tuple[kenpin.Inspector, list[str | None]]:
    """The part, and what it is told to expect."""
    good = some(data / name / "train/good", _GOOD)
    if way == "labels":
        other = SETS[SETS.index(name) - 1]
        good = some(data / name / "train/good", _OF_A_LABEL)
        good += some(data / other / "train/good", _OF_A_LABEL)
        labels = [name] * _OF_A_LABEL + [other] * _OF_A_LABEL
        bundle = kenpin.learn(
            good, kenpin.Recipe(model="pca", color="grey"), labels=labels, search=False
        )
        return kenpin.Inspector(bundle), [None, name, other]
    if way == "windows":
        height, width = kenpin.read_picture(good[0]).size
        half = width // 2
        windows = {"left": (0, 0, half, height), "right": (half, 0, width - half, height)}
        recipe = kenpin.Recipe(model="pca", windows=windows, ignore=((4, 4, 20, 16),))
    elif way == "align":
        recipe = kenpin.Recipe(model="pca", align="rotation", light="level")
    elif way == "review":
        recipe = kenpin.Recipe(model="feature", false_reject=0.05, review=0.3)
    elif way == "ng":
        bundle = kenpin.learn(
            good, kenpin.Recipe(model="pca"), ng=ng_of(data, name, _NG), search=False
        )
        return kenpin.Inspector(bundle), [None]
    else:
        recipe = kenpin.Recipe(model=way)
    return kenpin.Inspector(kenpin.learn(good, recipe, search=False)), [None]


def as_told(verdict: Any) -> dict[str, Any]:
    return {
        "verdict": verdict.outcome.value,
        "unusable": verdict.reason.code.value if verdict.reason else None,
        "label": verdict.label,
        "score": verdict.score,
        "limit": verdict.limit,
        "review_limit": verdict.review_limit,
        "p_value": verdict.p_value,
        "level": verdict.level,
        "l1": verdict.l1,
        "l2": verdict.l2,
        "sure": verdict.sure,
        "margin": verdict.margin,
        "margin_limit": verdict.margin_limit,
        "fit": verdict.fit,
        "brightness": verdict.brightness,
        "sharpness": verdict.sharpness,
        "windows": [[w.name, w.outcome.value, w.score] for w in verdict.windows],
        "regions": [[r.x, r.y, r.width, r.height, r.peak, r.window] for r in verdict.regions],
    }


def figures(data: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in SETS:
        judged = some(data / name / "test/good", _JUDGED) + ng_of(data, name, _JUDGED, last=True)
        for way in _WAYS:
            inspector, told = learned(data, name, way)
            for path in judged:
                for expected in told:
                    mark = "/".join(path.relative_to(data).parts[-3:])
                    verdict = inspector.inspect(path, expected)
                    yield f"{name} {way} {mark} {expected or ''}".strip(), as_told(verdict)
            print(name, way, file=sys.stderr)
    pictures = list(np.random.default_rng(0).integers(0, 255, (3, 48, 64), np.uint8))
    pictures += [kenpin.read_picture(path).pixels for path in some(data / "screw/test/good", 3)]
    for number in _FORMATS:
        inspector = kenpin.Inspector.open(FILES / f"format-{number}.kenpin")
        for place, pixels in enumerate(pictures):
            yield f"format {number} picture {place}", as_told(inspector.inspect(pixels))


def rounded(value: Any) -> Any:
    """Numbers to nine digits."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def farthest(one: Any, other: Any) -> float:
    """The largest relative difference of two trees of numbers; infinite where they are not alike.

    >>> farthest({"a": [1.0, "x"]}, {"a": [1.0, "x"]})
    0.0
    """
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((farthest(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max((farthest(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) / max(abs(one), abs(other), 1e-6) if one != other else 0.0
    return 0.0 if one == other else np.inf


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    found = {key: rounded(told) for key, told in figures(given.data)}
    if not given.check:
        lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items())
        GOLDEN.write_text(f"{{\n{lines}\n}}\n", "utf-8")
        return 0
    golden = json.loads(GOLDEN.read_text("utf-8"))
    apart = {key: farthest(golden.get(key), found.get(key)) for key in golden.keys() | found.keys()}
    for key, distance in apart.items():
        if distance > TOLERANCE:
            print(f"{key}: {distance:.2g}")
    print(f"verdicts: {len(found)}, the largest relative difference: {max(apart.values()):.2g}")
    return int(max(apart.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
