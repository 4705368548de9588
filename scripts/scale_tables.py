"""How fast an archive is judged, and how time and memory grow with it, as tables."""

from collections.abc import Callable, Iterator

import numpy as np

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]
_FAR = 10_000_000


def measured(results: Lines, table: Table) -> str:
    """Pictures a second, then growth, then what is to be expected of ten millions."""
    lines = list(results("scale.jsonl"))
    fast = [[one["model"], one["on"], f"{one['cores']}", f"{one['per_second']:.0f}",
             f"{one['times_one_core']:.2f}", f"{one['start_and_end_s']:.1f} s"]
            for one in lines if one["what"] == "speedup"]  # fmt: skip
    growth = [one for one in lines if one["what"] == "growth"]
    grown = [[f"{one['pictures']:,}", f"{one['seconds']:.0f} s", f"{one['megabytes']:.0f} MB",
              f"{one['again_s']:.1f} s", f"{one['bytes_of_a_row']:.0f}"]
             for one in growth]  # fmt: skip
    heads = ["model", "on", "cores", "pictures/s", "times one core", "start and end"]
    columns = [
        "pictures",
        "judged in",
        "most memory, giving out",
        "to find that all is done",
        "bytes of a row",
    ]
    return "\n\n".join([table(heads, fast), table(columns, grown), _expected(growth)])


def _expected(growth: list[dict]) -> str:
    """By a straight line through seconds and megabytes against pictures."""
    counts = [one["pictures"] for one in growth]
    hours, megabytes = (
        np.polyval(np.polyfit(counts, [one[name] for one in growth], 1), _FAR) / unit
        for name, unit in (("seconds", 3600), ("megabytes", 1))
    )
    return (f"A straight line through these gives {hours:.1f} hours and {megabytes:.0f} MB for ten "
            f"million pictures.")  # fmt: skip
