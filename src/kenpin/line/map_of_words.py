"""The registers of a station as a table for the PLC's programmer."""

from collections.abc import Iterator
from dataclasses import dataclass

from kenpin.line import words
from kenpin.line.controller_settings import Words
from kenpin.line.controllers import Shown
from kenpin.line.settings import LineSettings
from kenpin.text import say

HEADS = ("address", "bit", "name", "direction", "meaning")


@dataclass(frozen=True)
class WordMap:
    """Of one station. rows: address, bit or "", name, direction, what it means."""

    station: str
    rows: tuple[tuple[str, str, str, str, str], ...]


def word_maps(settings: LineSettings) -> Iterator[WordMap]:
    """Of every station whose controller knows words, in the language spoken now."""
    for station in settings.station:
        own = station.controller
        if isinstance(own, Words):
            yield WordMap(station.name, tuple(_rows(own)))


@dataclass(frozen=True)
class Level:
    """A bit or a word of a controller as it is now. bit: its number, "" of a word; value: None
    where it said nothing yet.
    """

    address: str
    bit: str
    name: str
    meaning: str
    outgoing: bool
    value: int | None


def levels(own: Words, shown: Shown) -> list[Level]:
    """Every row of the map, with what is shown and was asked last; in the language spoken now."""
    said = words.as_words(shown.asked) if shown.asked is not None else [None] * len(words.IN_WORDS)
    found = []
    for address, bit, name, direction, meaning in _rows(own):
        outgoing = direction == say("word_to_plc")
        names, now = (words.OUT_WORDS, shown.words) if outgoing else (words.IN_WORDS, said)
        value = now[names.index("bits" if bit else name)]
        if bit and value is not None:
            value = value >> int(bit) & 1
        found.append(Level(address, bit, name, meaning, outgoing, value))
    return found


def _rows(own: Words) -> Iterator[tuple[str, str, str, str, str]]:
    blocks = (
        ("word_to_kenpin", own.asked_at, words.IN_WORDS, words.IN_BITS, "in"),
        ("word_to_plc", own.shown_at, words.OUT_WORDS, words.OUT_BITS, "out"),
    )
    for direction, first, names, bits, code in blocks:
        for place, name in enumerate(names):
            word = first + own.STEP * place
            if name == "bits":
                for number, bit in enumerate(bits):
                    meaning = say(f"word_{code}_bit_{bit}")
                    address = own.address(word, number)
                    yield address, str(number), bit, say(direction), meaning
            else:
                yield own.address(word), "", name, say(direction), say(f"word_{code}_{name}")


def numbers() -> dict[str, tuple[str, ...]]:
    """What the numbers in words mean: each value is its place in one of these."""
    states = tuple(state.value for state in words.STATES)
    return {"state": states, "outcome": words.OUTCOMES, "error_code": words.CODES}
