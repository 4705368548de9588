"""The tables about pictures: kinds of files, bit depths, fine defects in large pictures."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]


def file_kinds() -> str:
    """From the test that makes each of them."""
    sys.path.insert(0, str(ROOT / "tests" / "sources"))
    from kinds import table as kinds  # noqa: PLC0415 - of the tests

    return kinds()


def depth(results: Lines, table: Table) -> str:
    lines = list(results("depth.jsonl"))
    bits = sorted({line["bits"] for line in lines})
    rows = []
    for line in [one for one in lines if one["bits"] == bits[0]]:
        same = {key: line[key] for key in ("set", "model", "colour")}
        own = [one for one in lines if all(one[key] == same[key] for key in same)]
        cells = [f"{o['auroc']:.4f}, {o['missed']}" for o in sorted(own, key=lambda o: o["bits"])]
        kind = "colour" if line["colour"] else "grey"
        rows.append([line["set"], f"{line['model']}, {kind}", *cells])
    return table(["set", "model", *(f"{n} bits" for n in bits)], rows)


def fine(results: Lines, table: Table) -> str:
    rows = [
        [
            line["set"],
            f"`--smallest-defect {line['smallest_defect']}px`"
            if line["smallest_defect"]
            else "as it is",
            str(line["tiles"] or 1),
            f"{line['found']} of {line['tested']}",
            f"{line['rejected']} of {line['tested']}",
            "none" if line["sees_px"] is None else f"{line['sees_px']:g}",
            f"{line['seconds_each']:.2f}",
            f"{line['file_mb']:g}",
            f"{line['peak_mb']}",
        ]
        for line in results("fine.jsonl")
    ]
    heads = ["picture", "learned", "tiles", "found", "good ones rejected", "says it sees, px",
             "seconds each", "file, MB", "memory, MB"]  # fmt: skip
    return table(heads, rows)
