"""How a record looks on a terminal."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from kenpin.cli.tables import plain_table
from kenpin.text import local_time, say, visible

_SECONDS = len("2026-11-27 08:00:00")  # without the offset, which JSON and CSV have


def print_status(out: Console, found: Any) -> None:
    """Where it is, what is in it, what was repaired and what should be known."""
    table = plain_table("", "")
    table.add_row(say("status_place"), visible(found.place))
    table.add_row(say("status_version"), found.version)
    for name, count in found.rows.items():
        table.add_row(say(f"status_{name}"), f"{count:,}")
    for name in ("rows", "pictures"):
        table.add_row(say(f"status_bytes_{name}"), _megabytes(getattr(found, f"bytes_of_{name}")))
    table.add_row(say("status_free"), _megabytes(found.free))
    out.print(table)
    for notice in (*found.repaired, *found.warnings):
        out.print(str(notice))


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def print_releases(out: Console, found: Iterable[tuple[Any, Sequence[Any]]]) -> None:
    """Each with its last step."""
    heads = ("part", "release", "state", "who", "when", "comment")
    table = plain_table(*(say(f"column_{head}") for head in heads))
    for one, steps in found:
        last = steps[-1] if steps else None
        told = [one.part, one.hash[:12], say(f"release_{one.state}")]
        if last:
            moment = local_time(last.at, last.offset)[:_SECONDS]
            told += [last.who or "", moment, last.comment or ""]
        table.add_row(*(visible(text) for text in told))
    out.print(table)


def print_users(out: Console, found: Iterable[Any]) -> None:
    """Name, role, language, and whether each may sign in."""
    table = plain_table(*(say(f"column_{head}") for head in ("who", "role", "language", "active")))
    for one in found:
        active = say("station_yes" if one.active else "station_no")
        table.add_row(visible(one.name), say(f"station_role_{one.role}"), one.language, active)
    out.print(table)


def print_comparison(out: Console, found: Any) -> None:
    """How many verdicts differ, which, and the rates where the truth is known."""
    out.print(say("compare_changed", count=len(found.changed), total=found.pictures))
    for code in ("false_reject", "escape"):
        both = getattr(found, code)
        if both is not None and both[0].n:
            was, now = both
            out.print(say(f"before_{code}", was=was.errors, n_was=was.n, now=now.errors,
                          n_now=now.n))  # fmt: skip
    if found.changed:
        table = plain_table(*(say(f"column_{head}") for head in ("was", "now", "truth", "picture")))
        for one in found.changed:
            table.add_row(one.was.value, one.now.value, visible(one.kind or ""),
                          visible(one.picture))  # fmt: skip
        out.print(table)


def print_sets(out: Console, found: Iterable[Any]) -> None:
    """Each version of each frozen set."""
    heads = ("part", "set", "version", "good", "ng", "who", "when")
    table = plain_table(*(say(f"column_{head}") for head in heads))
    for one in found:
        told = (one.part, one.name, str(one.version), str(one.good), str(one.ng), one.who or "",
                local_time(one.at, one.offset)[:_SECONDS])  # fmt: skip
        table.add_row(*(visible(text) for text in told))
    out.print(table)


def print_history(out: Console, rows: Iterable[dict[str, Any]]) -> int:
    """One line for each inspection, without columns that are empty; how many there were."""
    lines = [_line(row) for row in rows]
    if not lines:
        out.print(say("history_none"))
        return 0
    heads = [head for head in lines[0] if any(line[head] for line in lines)]
    table = plain_table(*(say(f"column_{head}") for head in heads))
    for line in lines:
        table.add_row(*(visible(line[head]) for head in heads))
    out.print(table)
    return len(lines)


def _line(row: dict[str, Any]) -> dict[str, str]:
    return {
        "when": local_time(row["at"], row["offset"])[:_SECONDS],
        "station": row["station"],
        "number": str(row["number"]),
        "part": row["part"],
        "verdict": row["outcome"],
        "score": _figure(row["score"]),
        "limit": _figure(row["limit"]),
        "lot": row["lot"] or "",
        "serial": row["serial"] or "",
        "picture": "/".join(Path(row["picture"]).parts[-2:]),
    }


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:#.4g}"
