"""How numbers are written in sentences."""

from math import floor
from string import Formatter
from typing import Any


def percent(share: float) -> str:
    """0.05 -> '5 %', 0.0123 -> '1.2 %', 0.001 -> '0.1 %'."""
    return f"{float(f'{100 * share:.2g}'):g} %"


def one_in(share: float) -> str:
    """0.0099 -> '101': so many parts of which one is meant."""
    return str(floor(1 / share + 1e-9))


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
            return self._comma.join(str(one) for one in value)
        return str(super().format_field(value, format_spec))
