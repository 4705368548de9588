"""How fast an archive is judged, how time and memory grow with it, and what a plant needs."""

from collections.abc import Callable, Iterator

import numpy as np

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]
_FAR = 10_000_000
_HOURS, _BUSY = 8, 0.7  # a night; of the cores' time
_PER_DAY = (100_000, 1_000_000, 10_000_000, 100_000_000)
_LINES, _PER_SECOND, _NOT_OK = 1000, 10, 0.02
# Dollars, at Amazon in us-east-1, June 2026: an m7g.large with two cores for an hour; a million
# reads from S3 Standard; a gigabyte there for a month (aws.amazon.com/ec2/pricing, /s3/pricing).
_CORE_HOUR, _READS, _MONTH = 0.0816 / 2, 0.40, 0.023


def measured(results: Lines, table: Table) -> str:
    """Pictures a second, then growth, then what is to be expected of ten millions."""
    lines = list(results("scale.jsonl"))
    fast = [[one["model"], one["on"], f"{one['cores']}", f"{one['per_second']:.0f}",
             f"{one['times_one_core']:.2f}", f"{one['start_and_end_s']:.1f} s"]
            for one in lines if one["what"] == "speedup"]  # fmt: skip
    growth = [one for one in lines if one["what"] == "growth"]
    grown = [[f"{one['pictures']:,}", f"{one['seconds']:.0f} s", f"{one['megabytes']:.0f} MB",
              f"{one['worker_megabytes']:.0f} MB", f"{one['again_s']:.1f} s",
              f"{one['bytes_of_a_row']:.0f}"]
             for one in growth]  # fmt: skip
    heads = ["model", "on", "cores", "pictures/s", "times one core", "start and end"]
    columns = ["pictures", "judged in", "most memory, giving out", "most memory, judging",
               "to find that all is done", "bytes of a row"]  # fmt: skip
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


def _known(results: Lines) -> tuple[float, float, float, float, float]:
    """Pictures a second of a core, bytes of a picture, of a row of Parquet and of the record, and
    rows a second of a database."""
    lines = list(results("scale.jsonl"))
    (sizes,) = (one for one in lines if one["what"] == "sizes")
    row = next(one["bytes_of_a_row"] for one in lines if one["what"] == "growth")
    own = [one for one in results("record.jsonl") if one["database"] == "postgres"]
    kept = next(one["bytes_per_row"] for one in own if one["what"] == "large")
    written = next(one["rows_per_s"] for one in own if one["what"] == "rate")
    return sizes["per_second"], sizes["bytes_of_a_picture"], row, kept, written


def sizing(results: Lines, table: Table) -> str:
    """What judging so many pictures in a night takes."""
    rate, picture, row, _, _ = _known(results)
    rows = []
    for count in _PER_DAY:
        cores = count / (rate * 3600 * _HOURS * _BUSY)
        network = count * picture / 3600 / _HOURS / 1e6
        rows.append([f"{count:,}", f"{int(np.ceil(cores)):,}", f"{count / rate / 3600:,.1f}",
                     _size(count * picture), f"{network:,.1f} MB/s",
                     _size(count * row)])  # fmt: skip
    heads = ["pictures", f"cores for {_HOURS} hours", "hours of a core", "to be read",
             "network", "rows"]  # fmt: skip
    return table(heads, rows)


def plan(results: Lines, table: Table) -> str:
    """A thousand lines, on paper."""
    rate, picture, row, kept, written = _known(results)
    every = _LINES * _PER_SECOND
    day = every * 86_400
    cores, databases = every / rate / _BUSY, every / written
    not_ok = day * _NOT_OK * picture
    hours = 1e6 / rate / 3600
    rows = [
        ["pictures", f"{every:,} a second, {day / 1e6:,.0f} million a day"],
        ["cores that judge", f"{cores:,.0f}: {_PER_SECOND / rate / _BUSY:.2f} of a core a line, "
                             f"beside the camera"],
        ["network, if each line judges", "none: nothing but rows leaves the line"],
        ["network, if judged elsewhere", f"{every * picture / 1e6 * 8 / 1e3:,.1f} Gbit/s"],
        ["rows of the records", f"{_size(day * kept)} a day"],
        ["databases", f"{databases:,.0f} as measured here, one for each plant or hall"],
        ["pictures kept, those not OK", f"{_size(not_ok)} a day, at {100 * _NOT_OK:.0f} % not OK"],
        ["pictures kept, all", f"{_size(day * picture)} a day"],
        ["judging a day again", f"{day / rate / 3600:,.0f} hours of a core, "
                                f"{_size(day * row)} of Parquet"],
        ["a million pictures", f"{hours:.1f} hours of a core, {_size(1e6 * picture)}"],
        ["the same, rented", f"{hours * _CORE_HOUR:.2f} $ for cores, {_READS:.2f} $ to read them "
                             f"from an object store"],
        ["kept there for a month", f"{1e6 * picture / 1e9 * _MONTH:.2f} $ a million"],
    ]  # fmt: skip
    return table(["what", "how much"], rows)


def _size(count: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count / 1e3:,.0f} kB"


TABLES = {"scale": measured, "scale-sizing": sizing, "scale-plan": plan}
"""By their names in the pages."""
