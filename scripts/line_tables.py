"""The registers of a line as tables, from the code that reads and writes them."""

from collections.abc import Callable, Iterator

from kenpin.line import LineSettings, word_maps
from kenpin.line.map_of_words import numbers
from kenpin.text import say_in, speak

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]
_EXAMPLE = {
    "station": [{
        "name": "line 1", "parts": {1: "part"}, "camera": {"kind": "drawn"},
        "controller": {"kind": "modbus-server"},
    }]
}  # fmt: skip


def registers(table: Table) -> str:
    """Every word and bit, where they are unless told otherwise."""
    before = speak("en")
    try:
        (one,) = word_maps(LineSettings.model_validate(_EXAMPLE))
    finally:
        speak(before)
    heads = [say_in("en", f"word_head_{head}")
             for head in ("address", "bit", "name", "way", "meaning")]  # fmt: skip
    return table(heads, [list(row) for row in one.rows]).replace("---:", "---")


def meanings(table: Table) -> str:
    """What the numbers in words mean."""
    rows = [[word, ", ".join(f"{place} {name or 'none'}" for place, name in enumerate(names))]
            for word, names in numbers().items()]  # fmt: skip
    return table(["word", "numbers"], rows).replace("---:", "---")


def line_figures(results: Lines, table: Table) -> str:
    """How soon a line answers, and what came of a long run with faults."""
    rows = []
    for one in results("line.jsonl"):
        if one["what"] == "latency":
            rows += [
                [f"from trigger to answer over Modbus, {one['pixels']:,} pixels: median, 99 %",
                 f"{one['answer_ms']} ms, {one['answer_p99_ms']} ms"],
                ["`Inspector.inspect` alone, same pictures: median, 99 %",
                 f"{one['inspect_ms']} ms, {one['inspect_p99_ms']} ms"],
                ["the line adds, its record and the polling of the PLC among it: median",
                 f"{one['added_ms']} ms"],
            ]  # fmt: skip
            continue
        answers = ", ".join(f"{name} {count}" for name, count in sorted(one["answers"].items()))
        rows += [
            [f"{one['seconds']:.0f} s with faults: triggers; answers; missed; neither",
             f"{one['triggers']:,}; {answers}; {one['missed']}; {one['unanswered']}"],
            ["OK without a durable row; answers for another trigger",
             f"{one['ok_without_row']}; {one['wrong']}"],
            ["connections broken; memory grew by",
             f"{one['connections_lost']}; {one['memory_grew_mb']} MB"],
        ]  # fmt: skip
    return table(["what", "measured"], rows)
