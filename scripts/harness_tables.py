"""What is found on drawn wire harnesses, as tables."""

from collections.abc import Callable, Iterator

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]


def _of(results: Lines, what: str) -> list[dict]:
    return [one for one in results("harness.jsonl") if one["what"] == what]


def kinds(results: Lines, table: Table) -> str:
    """Each kind of defect over all designs."""
    lines = _of(results, "defects")
    rows = []
    for kind in lines[0]["kinds"]:
        own = [one["kinds"][kind] for one in lines]
        row = [kind.replace("_", " "), f"{sum(o['auroc'] for o in own) / len(own):.3f}",
               f"{min(o['auroc'] for o in own):.3f}",
               f"{sum(o['found'] for o in own)} of {sum(o['of'] for o in own)}"]  # fmt: skip
        rows.append(row)
    return table(["kind", "AUROC, mean", "lowest design", "found"], rows)


def designs(results: Lines, table: Table) -> str:
    """Each design: all defects together, beside what sees the plain picture; lengths, and good ones
    that are not OK.
    """
    rows = []
    plain = {one["branches"]: one["auroc"] for one in _of(results, "plain")}
    padim = {int(one["data"].split("-")[1]): one["auroc"] for one in results("harness-peers.jsonl")}
    for one in _of(results, "defects"):
        lengths = [f"{told['found']} of {told['of']}" for told in one["lengths"].values()]
        beside = [f"{by[one['branches']]:.3f}" if one["branches"] in by else "not run"
                  for by in (plain, padim)]  # fmt: skip
        rows.append([f"{one['branches']}", f"{one['auroc']:.3f}", *beside, *lengths,
                     f"{one['rejected']} of {one['good']}", f"{one['unusable']}"])  # fmt: skip
    head = ["branches", "AUROC of all", "`feature` on the picture", "anomalib's PaDiM on it",
            "length off by 3 %", "5 %", "10 %", "good not OK", "of them UNUSABLE"]  # fmt: skip
    return table(head, rows)


def figures(results: Lines, table: Table) -> str:
    """The promise over all designs, and the time."""
    rows, every = [], _of(results, "coverage")
    if every:
        draws = [count for one in every for count in one["of_each_draw"]]
        first = every[0]
        most = f"{100 * first['promised']:.1f} %"
        rows.append([f"good pieces not OK, {len(draws)} draws of {first['learned']} to learn and "
                     f"{first['tested']} to test (promised at most {most})",
                     f"{100 * sum(draws) / len(draws) / first['tested']:.1f} %"])  # fmt: skip
    for one in _of(results, "speed"):
        rows += [[f"a picture of {one['pixels'] / 1e6:.1f} megapixels, median",
                  f"{one['median_ms']:.0f} ms"],
                 ["50 of them learned", f"{one['learn_s']:.0f} s"]]  # fmt: skip
    return table(["", ""], rows)


def lengths(results: Lines, table: Table) -> str:
    """The smallest and largest error of each kind of measure; the trunk's own end apart."""
    rows = []
    for one in _of(results, "lengths"):
        own = one["spread_px"]
        whole = [value for name, value in own.items() if f"{name[0]}.at" not in own]
        cells = []
        for kind in ("at", "length"):
            those = [value for name, value in own.items()
                     if name.endswith(f".{kind}") and f"{name[0]}.at" in own]  # fmt: skip
            cells.append(f"{min(those):.1f} to {max(those):.1f}")
        rows.append([f"{one['branches']}", f"{whole[0]:.1f}", *cells])
    head = ["branches", "trunk to its own end", "where a branch leaves", "its length"]
    return table(head, rows)


TABLES = {
    "harness-kinds": kinds,
    "harness-designs": designs,
    "harness-lengths": lengths,
    "harness-figures": figures,
}
"""By their names in the pages."""
