"""How a record looks on a terminal."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from rich.console import Console

from kenpin.cli.tables import plain_table
from kenpin.text import say, visible

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
            moment = local(last.at, last.offset)[:_SECONDS]
            told += [last.who or "", moment, last.comment or ""]
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
        "when": local(row["at"], row["offset"])[:_SECONDS],
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


def local(at: int, offset: int) -> str:
    """A moment by the clock of the place where it was."""
    there = timezone(timedelta(minutes=offset))
    time = datetime.fromtimestamp(at / 1000, UTC).astimezone(there)
    return time.isoformat(sep=" ", timespec="seconds")
