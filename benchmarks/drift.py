"""Does the watch on drift cry when a lamp fades, and keep quiet when nothing changes?

    python benchmarks/drift.py [--runs 20] [--parts 5000] [--fading 3000] [--model NAME]

Every run learns 100 new drawn terminals and judges new good ones.
stable: nothing changes for 5,000 parts; how many runs gave an alarm at a stated false-alarm rate of
1 %. fading: the light loses 1 % per 200 parts from the first one on; when the alarm came,
and when the false-reject rate, over all runs in steps of 200 parts, had doubled for the first time.
One JSON line for each run, then one for each kind.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

import kenpin
from kenpin.assurance.drift_watch import drift
from kenpin.drawn.terminals import draw_terminals
from kenpin.types import Judged

TO_LEARN, STEP = 100, 200
SIZE = (96, 128)
LOSS = 0.01  # of the light, for every STEP parts


def run(what: tuple[str, int], parts: dict[str, int], model: str) -> dict:
    kind, number = what
    first = 50_000_000 + 1_000_000 * number  # both kinds see the same pieces
    good = [draw_terminals(first + n, size=SIZE).pixels for n in range(TO_LEARN)]
    rejected = []
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.kenpin"
        kenpin.learn(good, kenpin.Recipe(model=model, seed=number), search=False).save(part)
        inspector = kenpin.Inspector.open(part)
        judged = []
        for n in range(parts[kind]):
            pixels = draw_terminals(first + 10_000 + n, size=SIZE).pixels
            light = 1 - LOSS * n / STEP if kind == "fading" else 1.0
            verdict = inspector.inspect((pixels * light + 0.5).astype(np.uint8))
            judged.append(Judged.of(verdict, 1000 * n))
            rejected.append(verdict.outcome is not kenpin.Outcome.OK)
        found = drift(inspector, judged, 0.01)
    steps = np.array(rejected, float).reshape(-1, STEP).mean(axis=1)
    return {
        "benchmark": "drift",
        "kind": kind,
        "model": model,
        "run": number,
        "parts": parts[kind],
        "alarm": None if found.alarm is None else found.alarm + 1,
        "advice": found.advice.code,
        "rejected": steps.round(4).tolist(),
    }


def summary(lines: list[dict]) -> Iterator[dict]:
    stable, fading = ([x for x in lines if x["kind"] == kind] for kind in ("stable", "fading"))
    usual = float(np.mean([line["rejected"] for line in stable]))
    shares = np.mean([line["rejected"] for line in fading], axis=0)
    doubled = np.flatnonzero(shares >= 2 * usual) if usual else np.empty(0)
    alarms = sorted(line["alarm"] for line in fading if line["alarm"] is not None)
    yield {
        "benchmark": "drift stable",
        "model": stable[0]["model"],
        "runs": len(stable),
        "parts": stable[0]["parts"],
        "false_alarms": sum(line["alarm"] is not None for line in stable),
        "false_reject": round(usual, 5),
    }
    yield {
        "benchmark": "drift fading",
        "model": fading[0]["model"],
        "runs": len(fading),
        "alarms": len(alarms),
        "first_alarm": alarms[0] if alarms else None,
        "median_alarm": int(np.median(alarms)) if alarms else None,
        "last_alarm": alarms[-1] if alarms else None,
        "darker": sum(line["advice"] == "drift_brightness_fell" for line in fading),
        "doubled_after": int(doubled[0]) * STEP if len(doubled) else None,
        "parts": fading[0]["parts"],
        "false_reject_by_step": shares.round(4).tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--parts", type=int, default=5000)
    parser.add_argument("--fading", type=int, default=3000)
    parser.add_argument("--model", default="feature")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    a = parser.parse_args()
    work = partial(run, parts={"stable": a.parts, "fading": a.fading}, model=a.model)
    with ProcessPoolExecutor(a.processes) as workers:
        lines = []
        for line in workers.map(work, product(("fading", "stable"), range(a.runs))):
            lines.append(line)
            print(json.dumps(line), flush=True)
    for line in summary(lines):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
