"""The tables about the eyes: how features and pixels are put together, and where people look."""

from collections.abc import Callable, Iterator

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]
_TOLD = ("benchmark", "way", "shift", "smoothing", "seeds", "mean", "missed")


def ways(results: Lines, table: Table) -> str:
    rows = [
        [line["way"], f"**{line['mean']:.4f}**", *(f"{v:.3f}" for v in list(line.values())[3:])]
        for line in results("feature.jsonl")
    ]
    first = next(results("feature.jsonl"))
    return table(["way", "mean", *list(first)[3:]], rows)


def eyes(results: Lines, table: Table) -> str:
    return _simulated([(line["way"], line) for line in results("eyes.jsonl")], table)


def shifts(results: Lines, table: Table) -> str:
    lines = [(_shift(line), line) for line in results("shifts.jsonl")]
    return _simulated(lines, table)


def sizes(results: Lines, table: Table) -> str:
    return _simulated([(line["way"], line) for line in results("sizes.jsonl")], table)


def tail_limit(results: Lines, table: Table) -> str:
    """Of each set and stated rate what either rule gave."""
    pairs: dict[tuple, dict[str, dict]] = {}
    for line in results("coverage-tail.jsonl"):
        key = line["set"], line["learned_from"], line["stated"], line["draws"]
        pairs.setdefault(key, {})[line["limit"]] = line
    rows = [
        [name, str(count), str(draws), f"{100 * stated:g} %",
         f"{100 * both['rank']['promised']:.2f} %", _rate(both["rank"]), _rate(both["tail"])]
        for (name, count, stated, draws), both in pairs.items()
    ]  # fmt: skip
    heads = ["pieces", "learned from", "draws", "stated", "promised by ranks", "measured, rank",
             "measured, tail"]  # fmt: skip
    return table(heads, rows)


def _rate(line: dict) -> str:
    mean, low, high = (100 * line[key] for key in ("measured", "low", "high"))
    return f"{mean:.2f} % ({low:.2f} to {high:.2f})"


def _shift(line: dict) -> str:
    shifted = f"shifted by up to {100 * line['shift']:g} %" if line["shift"] else "not shifted"
    return f"{shifted}, averaged" if line["smoothing"] else shifted


def _simulated(lines: list[tuple[str, dict]], table: Table) -> str:
    sets = list(dict.fromkeys(key for _, line in lines for key in line if key not in _TOLD))
    rows = [
        [way, f"**{line['mean']:.4f}**", f"{100 * line['missed']:.1f} %",
         *(f"{line[name]:.3f}" if name in line else "" for name in sets)]
        for way, line in lines
    ]  # fmt: skip
    return table(["way", "mean AUROC", "missed", *sets], rows)


def regions(results: Lines, table: Table) -> str:
    rows = [
        [line["set"], str(line["defects"]), f"{line['as_found']:.2f}", f"{line['drawn_in']:.2f}",
         f"{100 * line['drawn_in_touch']:.0f} %"]
        for line in results("regions.jsonl")
    ]  # fmt: skip
    return table(["set", "defects found", "as found", "drawn in", "touched"], rows)


def maps(results: Lines, table: Table) -> str:
    rows = [
        [line["set"], f"{line['judged']:.3f}", f"**{line['drawn_in']:.3f}**", str(line["found"]),
         f"{100 * line['touched']:.0f} %", f"{100 * line['first']:.0f} %", f"{line['overlap']:.2f}"]
        for line in results("maps.jsonl")
    ]  # fmt: skip
    heads = ["set", "AUPRO, as judged", "AUPRO, drawn in", "NG found", "an outline touches it",
             "the worst does", "overlap of the worst"]  # fmt: skip
    return table(heads, rows)
