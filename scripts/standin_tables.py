"""The tables about what stands in for defects, and of what is found and missed."""

from collections.abc import Callable, Iterator
from typing import Any

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]
_FIGURES = ("length", "longer_than_wide", "filled", "contrast", "variation", "pieces")


def masks(results: Lines, table: Table) -> str:
    """Of each kind of real defect the 10th, 50th and 90th percentiles."""
    rows = [
        [f"{line['set']}: {line['kind'].replace('_', ' ')}", str(line["defects"]),
         *(" / ".join(f"{value:.2g}" for value in line[key]) for key in _FIGURES)]
        for line in results("masks.jsonl")
    ]  # fmt: skip
    heads = ["set: kind", "defects", "length", "longer than wide", "filled", "contrast",
             "variation", "pieces"]  # fmt: skip
    return table(heads, rows)


def standins(results: Lines, table: Table) -> str:
    """The rank correlations before and after."""
    found = {
        (line["drawn"], line["set"]): line
        for line in results("standins.jsonl")
        if line["benchmark"] == "standins ranks"
    }
    sets = list(dict.fromkeys(name for _, name in found))
    rows = []
    for name in sets:
        row = [name]
        for key in ("spearman", "kendall"):
            row += [f"{found[drawn, name][key]:.3f}" for drawn in ("before", "now")]
        rows.append(row)
    return table(["set", "Spearman before", "now", "Kendall before", "now"], rows)


def trial_encoders(results: Lines, table: Table) -> str:
    """AUROC and escapes of each set with each encoder."""
    lines = list(results("trial-encoders.jsonl"))
    sets = list(dict.fromkeys(line["set"] for line in lines))
    rows = []
    for name in dict.fromkeys(line["encoder"] for line in lines):
        own = {line["set"]: line for line in lines if line["encoder"] == name}
        told = (f"{own[s]['auroc']:.3f}, {100 * own[s]['escape']:.0f} %" if s in own else "–"
                for s in sets)  # fmt: skip
        rows.append([name, *told])
    return table(["encoder", *sets], rows)


def record(results: Lines, table: Table) -> str:
    """What a record holds out, by database."""
    said = {
        "rows_per_s": "durable rows a second from 4 threads",
        "write_ms": "a write adds, median, ms",
        "write_ms_p99": "99th percentile, ms",
        "serial_ms": "one serial among all rows, ms",
        "history_ms": "a day's history, ms",
        "report_ms": "a day's numbers, ms",
        "page_ms": "a day's numbers and their page, ms",
        "bytes_per_row": "bytes of a row, with its indexes",
    }
    rows = []
    for line in results("record.jsonl"):
        if line["what"] == "kill":
            told = "writing pictures" if line["pictures"] else "writing rows"
            found = f"{line['lost']} of {line['told']:,}, {line['half_pictures']} half pictures"
            whole = "whole" if line["chain_whole"] else "**broken**"
            name = f"killed {line['kills']} times while {told}: told verdicts lost; chain"
            rows.append([line["database"], name, f"{found}; {whole}"])
        scale = f" ({line['rows']:,} rows)" if line["what"] == "large" else ""
        rows += [[line["database"], told + scale, f"{line[key]:,}"]
                 for key, told in said.items() if key in line]  # fmt: skip
    rows += [_stress(line) for line in results("record-stress.jsonl")]
    return table(["database", "what", "measured"], rows)


def _stress(line: dict[str, Any]) -> list[str]:
    whole = "whole" if line["chain_whole"] else "**broken**"
    said = ", ".join(f"{code} {count}" for code, count in line["said"].items()) if isinstance(
        line["said"], dict) else f"{len(line['said'])} complaints"  # fmt: skip
    if line["what"] == "crowd":
        name = (f"{line['writers']} processes writing and {line['readers']} reading for "
                f"{line['seconds']:.0f} s: told, rows; questions; failed; chain")  # fmt: skip
        found = (f"{line['told']:,}, {line['rows']:,}; {line['asked']:,}; {line['failed']}, "
                 f"{said}; {whole}")  # fmt: skip
    elif line["what"] == "restart":
        name = f"server restarted {line['restarts']} times under a writer: lost; said; chain"
        found = f"{line['lost']} of {line['told']:,}; {said}; {whole}"
    else:
        name = (f"a full file system of {line['megabytes']} MB: told verdicts lost; newest NG "
                "pictures kept; said; chain")  # fmt: skip
        found = (f"{line['lost']} of {line['told']:,}; {line['newest_ng_kept']} of "
                 f"{line['newest_ng']}; {said}; {whole}")  # fmt: skip
    return [line["database"], name, found]


def gallery(results: Lines, table: Table) -> str:
    """What is found that was missed, and what is missed still."""
    rows = [
        [line["set"], line["what"], line["kind"].replace("_", " "), f"{line['feature']:.2f}",
         f"{line['both']:.2f}", f"{line['missed_before']} of {line['of']}",
         f"{line['missed_now']} of {line['of']}"]
        for line in results("gallery.jsonl")
        if line["kind"]
    ]  # fmt: skip
    heads = ["set", "", "kind", "`feature`, in limits", "`both`, in limits", "missed by `feature`",
             "missed by `both`"]  # fmt: skip
    return table(heads, rows)
