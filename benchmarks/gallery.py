"""A page of pictures: of each set a defect that the default finds and `feature` lets pass, and one
that it still lets pass.

    python benchmarks/gallery.py --out DIR [SET ...] [--data DIR] [--seed 0]

Learns 100 good pictures of each set by `feature`, the default of before, and by `both`. Of the
defects that only `both` finds the clearest is shown, and of those that it lets pass the one in the
middle, both with the difference of `both` and what each judge made of them. DIR gets index.html
and the pictures; those of open sets are not ours to publish, so the page is not part of the
project. One JSON line for each picture shown.
"""

import argparse
import html
import json
from pathlib import Path

import kenpin
from kenpin.report import triple
from kenpin.sources.contents import Labelled
from kenpin.sources.find import read_mask
from kenpin.sources.picture import name_of, read_picture, write_png
from quality import DRAWN, REAL, SHARED, material

BEFORE, NOW = "feature", "both"
Pair = tuple[Labelled, kenpin.Verdict, kenpin.Verdict]


def judged(name: str, data: Path, seed: int) -> list[Pair]:
    """Every defect with what was said before and what is said now."""
    good, labelled = material(name, data, seed)
    bad = [one for one in labelled if not one.good]
    inspectors = [
        kenpin.Inspector(kenpin.learn(good, kenpin.Recipe(model=model, seed=seed)))
        for model in (BEFORE, NOW)
    ]
    return [(one, *(inspector.inspect(one.source) for inspector in inspectors)) for one in bad]


def above(verdict: kenpin.Verdict) -> float:
    """The score, in limits; what is not judged counts as far above."""
    return verdict.score / verdict.limit if verdict.outcome is not kenpin.Outcome.UNUSABLE else 99.0


def chosen(pairs: list[Pair]) -> dict[str, Pair | None]:
    newly = [pair for pair in pairs if above(pair[1]) <= 1 < above(pair[2])]
    missed = [pair for pair in pairs if above(pair[2]) <= 1]
    missed.sort(key=lambda pair: above(pair[2]))
    return {
        "found now": max(newly, key=lambda pair: above(pair[2]), default=None),
        "still missed": missed[len(missed) // 2] if missed else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=(*REAL, DRAWN))
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in arguments.sets:
        pairs = judged(name, arguments.data, arguments.seed)
        for what, pair in chosen(pairs).items():
            if pair is None:
                print(json.dumps({"benchmark": "gallery", "set": name, "what": what, "kind": None}))
                continue
            one, before, now = pair
            line = {
                "benchmark": "gallery", "set": name, "what": what, "kind": one.kind,
                "picture": name_of(one.source), BEFORE: round(above(before), 2),
                NOW: round(above(now), 2),
                "missed_before": sum(above(pair[1]) <= 1 for pair in pairs),
                "missed_now": sum(above(pair[2]) <= 1 for pair in pairs), "of": len(pairs),
            }  # fmt: skip
            file = f"{name}-{what.replace(' ', '-')}.png"
            mask = None if one.mask is None else read_mask(one.mask, now.size)
            drawn = triple(read_picture(one.source), now, mask=mask, name=one.kind)
            write_png(arguments.out / file, drawn)
            rows.append((line, file))
            print(json.dumps(line), flush=True)
    write(arguments.out / "index.html", rows)


def write(page: Path, rows: list[tuple[dict, str]]) -> None:
    parts = ["<!doctype html><meta charset=utf-8><title>Found and missed</title><body>"]
    for line, file in rows:
        told = (f"{line['set']}: {line['what']} ({line['kind']}); score in limits: {BEFORE} "
                f"{line[BEFORE]}, {NOW} {line[NOW]}; missed {line['missed_before']} before, "
                f"{line['missed_now']} now, of {line['of']}")  # fmt: skip
        parts.append(f"<h3>{html.escape(told)}</h3><img style='max-width:100%' src='{file}'>")
    page.write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()
