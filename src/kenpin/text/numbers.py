"""How numbers and names are written in sentences."""

import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from math import floor
from string import Formatter
from typing import Any

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would compute begins so."""


def percent(share: float) -> str:
    """0.05 -> '5 %', 0.0123 -> '1.2 %', 0.001 -> '0.1 %'."""
    return f"{float(f'{100 * share:.2g}'):g} %"


def one_in(share: float) -> str:
    """0.0099 -> '101': so many parts of which one is meant."""
    return str(floor(1 / share + 1e-9))


def local_time(at: int, offset: int) -> str:
    """Milliseconds since 1970 by the clock of a place: 2026-11-27 08:00:00+09:00.

    offset: of the place, in minutes.
    """
    there = timezone(timedelta(minutes=offset))
    time = datetime.fromtimestamp(at / 1000, UTC).astimezone(there)
    return time.isoformat(sep=" ", timespec="seconds")


def inert(cell: Any) -> Any:
    """A cell that Excel shows and does not compute, whatever a file or a label is called."""
    if not isinstance(cell, str):
        return cell
    return visible(f"'{cell}" if cell.startswith(FORMULAS) else cell)


def visible(text: str) -> str:
    """The text on one line: what would move the cursor, hide or turn letters is shown as its code.

    A file may be called so that its name forges a line of the terminal.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(one) if _acts(one) else one for one in text)


def _acts(letter: str) -> bool:
    # Control, format (such as right-to-left), half of a letter, separators of lines.
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


class Sentence(Formatter):
    """Fills gaps: {share:%} as `percent`, {share:one_in} as `one_in`, {names:list} with commas."""

    def __init__(self, comma: str) -> None:
        self._comma = comma

    def format_field(self, value: Any, format_spec: str) -> str:
        """The value as the gap asks for."""
        if format_spec == "%":
            return percent(value)
        if format_spec == "one_in":
            return one_in(value)
        if format_spec == "list":
            return self._comma.join(visible(str(one)) for one in value)
        return visible(str(super().format_field(value, format_spec)))
