"""How fast the pages are, and what people who look cost the line, as tables."""

from collections.abc import Callable, Iterator

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]
_MEGABYTE = 1000


def pages(results: Lines, table: Table) -> str:
    """Each page with many inspections."""
    rows = [[f"`{one['page']}`", f"{one['ms']}", f"{one['bytes'] / _MEGABYTE:.0f} kB"]
            for one in results("station.jsonl") if one["what"] == "page"]  # fmt: skip
    return table(["page", "ms", "loaded"], rows)


def live(results: Lines, table: Table) -> str:
    """What the PLCs saw with and without browsers."""
    rows = []
    for one in results("station.jsonl"):
        if one["what"] != "live":
            continue
        before, after = one["alone"]
        named = (("no browser, before", before), (f"{one['browsers']} browsers", one["watched"]),
                 ("no browser, after", after))  # fmt: skip
        rows += [[name, f"{told['parts']:,}", f"{told['median_ms']} ms", f"{told['p99_ms']} ms"]
                 for name, told in named]  # fmt: skip
        rows += [
            ["an answer is heard of by a browser after", "", f"{one['on_screen_ms']} ms",
             f"{one['on_screen_p99_ms']} ms"],
            [f"memory grew in {one['minutes']:g} minutes by", "",
             f"{one['memory_mb'][-1] - one['memory_mb'][0]:.1f} MB", ""],
        ]  # fmt: skip
    return table(["", "parts", "trigger to answer: median", "99 %"], rows)


def teach(results: Lines, table: Table) -> str:
    """How long it takes from pictures to a part that judges."""
    rows = []
    for one in results("station.jsonl"):
        if one["what"] != "teach":
            continue
        alone, beside = one["alone"], one["beside"]
        rows += [
            [f"{one['uploaded']} pictures of {one['pixels']:,} pixels go up and are read",
             f"{one['upload_s']} s"],
            [f"100 pictures learned, and compared on {one['compared']} of the line",
             f"{one['learn_and_compare_s']} s"],
            ["trigger to answer of the line meanwhile: median, 99 %",
             f"{beside['median_ms']} ms, {beside['p99_ms']} ms"],
            ["the same without", f"{alone['median_ms']} ms, {alone['p99_ms']} ms"],
            ["from use to the first part judged by it", f"{one['first_part_ms']} ms"],
        ]  # fmt: skip
    return table(["what", "measured"], rows)


TABLES = {"station_pages": pages, "station_live": live, "station_teach": teach}
"""By their names in the pages."""
