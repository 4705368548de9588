"""The registers of a line as tables, from the code that reads and writes them."""

from collections.abc import Callable, Iterator

from kenpin.line import LineSettings, word_maps
from kenpin.line.map_of_words import numbers
from kenpin.record import ROLES
from kenpin.station.rights import RIGHTS
from kenpin.text import say_in, speak

Lines = Callable[[str], Iterator[dict]]
Table = Callable[[list[str], list[list[str]]], str]
_EXAMPLE = {
    "station": [{
        "name": "line 1", "parts": {1: "part"}, "camera": {"kind": "drawn"},
        "controller": {"kind": "modbus-server"},
    }]
}  # fmt: skip


def registers(table: Table, language: str = "en") -> str:
    """Every word and bit, where they are unless told otherwise."""
    before = speak(language)
    try:
        (one,) = word_maps(LineSettings.model_validate(_EXAMPLE))
    finally:
        speak(before)
    heads = [say_in(language, f"word_head_{head}")
             for head in ("address", "bit", "name", "way", "meaning")]  # fmt: skip
    return table(heads, [list(row) for row in one.rows]).replace("---:", "---")


def rights(table: Table) -> str:
    """Which role has which right."""
    rows = [[right, *("yes" if role in roles else "" for role in ROLES)]
            for right, roles in RIGHTS.items()]  # fmt: skip
    return table(["right", *ROLES], rows).replace("---:", "---")


def meanings(table: Table) -> str:
    """What the numbers in words mean."""
    rows = [[word, ", ".join(f"{place} {name or 'none'}" for place, name in enumerate(names))]
            for word, names in numbers().items()]  # fmt: skip
    return table(["word", "numbers"], rows).replace("---:", "---")


def line_figures(results: Lines, table: Table) -> str:
    """How soon a line answers, alone and beside others."""
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
        elif one["what"] == "stations":
            rows.append([f"the same again, beside {one['beside']}" if one["beside"] != "alone"
                         else "the same again, alone",
                         f"{one['answer_ms']} ms, {one['answer_p99_ms']} ms"])  # fmt: skip
        else:
            rows.append([f"`{one['kind']}` away and back {one['times']} times: accepts a trigger "
                         "after; median, longest",
                         f"{one['median_ms']} ms, {one['longest_ms']} ms"])  # fmt: skip
    return table(["what", "measured"], rows)


def soak_figures(results: Lines, table: Table) -> str:
    """What came of many parts while everything failed."""
    rows = []
    for one in results("line-soak.jsonl"):
        answers = ", ".join(f"{name} {count:,}" for name, count in sorted(one["answers"].items()))
        rows += [
            ["triggers, as the PLC counts",
             f"{one['triggers']:,} in {one['seconds'] / 60:.0f} min"],
            ["answers", answers],
            ["missed; under way when it was killed; neither",
             f"{one['missed']:,}; {one['ended']}; {one['unanswered']}"],
            ["**OK without a durable row; answers for another trigger**",
             f"**{one['ok_without_row']}; {one['wrong']}**"],
            ["killed; connections broken; record locked; disk busy; clock an hour back",
             f"{one['kills']}; {one['connections_lost']}; {one['locked']}; {one['disk_busy']}; "
             f"{one['clock_back']}"],
            ["trigger to answer meanwhile: median, 99 %",
             f"{one['median_ms']:.1f} ms, {one['p99_ms']:.1f} ms"],
            ["memory of the last process: after 2,000 parts; grew to its end by",
             f"{one['memory_mb']} MB; {one['memory_grew_mb']} MB"],
        ]  # fmt: skip
    return table(["what", "counted"], rows)


def memory_figures(results: Lines, table: Table) -> str:
    """One process that is never killed, with the same faults: what it has, and what it uses."""
    rows = []
    for one in results("line-memory.jsonl"):
        every, used, blocks = one["memory_every_2000_mb"], one["in_use_mb"], one["blocks"]
        late = used[len(used) // 3 :]
        places = [place for place in (0, 4, 9, 19, len(every) - 1) if place < len(every)]
        rows += [
            ["parts; minutes", f"{one['triggers']:,}; {one['seconds'] / 60:.0f}"],
            ["resident, after " + ", ".join(f"{2000 * (place + 1):,}" for place in places),
             ", ".join(f"{every[place]}" for place in places) + " MB"],
            ["in use by C code: first minute; last two thirds, least and most",
             f"{used[0]} MB; {min(late)} to {max(late)} MB"],
            ["objects of Python: least and most of all minutes",
             f"{min(blocks):,} to {max(blocks):,}"],
        ]  # fmt: skip
    return table(["what", "counted"], rows)
