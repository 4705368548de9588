"""Measures and draws the house: rooms, layers, imports, lines; and the way of one picture.

    python scripts/house.py [--source src/kenpin] [--draw FILE.svg]
    python scripts/house.py --hops PART.kenpin PICTURE

The first prints one JSON line about the source, and draws its rooms by layer. The second judges the
picture, and prints how often its way to the verdict goes from one file of kenpin into another. Both
work on any version of kenpin.
"""

import argparse
import ast
import json
import sys
from collections import defaultdict
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
_WIDTH, _BOX, _HIGH, _GAP, _STEP = 1040, 150, 50, 22, 104


class House:
    """The files of a package by module, and which imports which."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.files = {self._module(path): path for path in sorted(source.rglob("*.py"))}
        self.arrows = {
            (module, other)
            for module, path in self.files.items()
            for other in self._imported(path)
            if other != module
        }
        self.lines: dict[str, int] = defaultdict(int)
        for module, path in self.files.items():
            self.lines[room_of(module)] += len(path.read_text("utf-8").splitlines())

    @property
    def rooms(self) -> dict[str, set[str]]:
        """Of each file or folder at the top which others it imports."""
        found: dict[str, set[str]] = {room_of(m): set() for m in self.files if room_of(m)}
        for one, other in self.arrows:
            a, b = room_of(one), room_of(other)
            if a and b and a != b:
                found[a].add(b)
        return found

    @property
    def floors(self) -> dict[str, int]:
        """How many rooms lie below each one, one upon the other."""
        rooms, known = self.rooms, dict[str, int]()

        def floor(room: str, above: tuple[str, ...] = ()) -> int:
            if room not in known:
                below = [r for r in rooms[room] if r not in above]
                known[room] = 1 + max((floor(r, (*above, room)) for r in below), default=-1)
            return known[room]

        for room in rooms:
            floor(room)
        return known

    def _module(self, path: Path) -> str:
        parts = path.relative_to(self.source.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _imported(self, path: Path) -> set[str]:
        found = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    found.add(full if full in self.files else node.module)
        return found & self.files.keys()


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def measured(house: House) -> dict[str, object]:
    arrows = len({(a, b) for a, b in house.arrows if room_of(a) and room_of(b)})
    return {
        "rooms": len(house.rooms),
        "floors": 1 + max(house.floors.values()),
        "files": len(house.files),
        "arrows between files": arrows,
        "arrows between rooms": sum(len(others) for others in house.rooms.values()),
        "lines": sum(house.lines.values()),
    }


def drawn(house: House) -> str:
    """The rooms as an SVG picture, the lowest at the bottom; arrows point at what is imported.

    An arrow that follows from two others is left out.
    """
    by_floor: dict[int, list[str]] = defaultdict(list)
    for room, floor in house.floors.items():
        if room != "__main__":
            by_floor[floor].append(room)
    top = max(by_floor)
    places: dict[str, tuple[float, float]] = {}
    for floor, rooms in by_floor.items():
        wide = len(rooms) * (_BOX + _GAP) - _GAP
        for number, room in enumerate(sorted(rooms)):
            aside = (floor % 3 - 1) * _BOX / 2  # or an arrow would hide behind a room
            x = (_WIDTH - wide) / 2 + aside + number * (_BOX + _GAP)
            places[room] = (x, 20 + (top - floor) * _STEP)
    parts = []
    reached = {room: below(house.rooms, room) for room in house.rooms}
    for room, others in sorted(house.rooms.items()):
        direct = {other for other in others if not any(other in reached[way] for way in others)}
        for other in sorted(direct):
            if room in places and other in places:
                (x, y), (to_x, to_y) = places[room], places[other]
                parts.append(
                    f'<path d="M{x + _BOX / 2:.0f} {y + _HIGH} C{x + _BOX / 2:.0f} '
                    f"{y + _HIGH + 40}, "
                    f'{to_x + _BOX / 2:.0f} {to_y - 40}, {to_x + _BOX / 2:.0f} {to_y}" class="a"/>'
                )
    for room, (x, y) in sorted(places.items()):
        parts.append(
            f'<rect x="{x:.0f}" y="{y}" width="{_BOX}" height="{_HIGH}" rx="8" class="r"/>'
            f'<text x="{x + _BOX / 2:.0f}" y="{y + 22}" class="n">{room}</text>'
            f'<text x="{x + _BOX / 2:.0f}" y="{y + 39}" class="l">'
            f"{rounded(house.lines[room])} lines</text>"
        )
    high = 40 + top * _STEP + _HIGH
    style = (
        ".r{fill:#fff;stroke:#1b6ca8;stroke-width:1.5}.a{fill:none;stroke:#8fa3b5;stroke-width:1;"
        "opacity:.55}.n{font:600 15px sans-serif;text-anchor:middle;fill:#1f2933}"
        ".l{font:12px sans-serif;text-anchor:middle;fill:#5c6874}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {high}" width="{_WIDTH}">'
        f'<style>{style}</style><rect width="100%" height="100%" fill="#f4f6f8"/>'
        + "\n".join(parts)
        + "</svg>\n"
    )


def rounded(lines: int) -> str:
    """To hundreds: the drawing is not to change with every line."""
    return f"about {max(1, round(lines / 100)) * 100:,}"


def below(rooms: dict[str, set[str]], room: str) -> set[str]:
    """Every room that this one needs, directly or not."""
    found, left = set[str](), list(rooms[room])
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += rooms[one]
    return found


def hops(part: Path, picture: Path) -> dict[str, object]:
    """How often the way of one picture to its verdict goes from one file into another."""
    import kenpin  # noqa: PLC0415 - whichever is on the path

    source = str(Path(kenpin.__file__).parent)
    inspector, way = kenpin.Inspector.open(part), list[str]()
    inspector.inspect(picture)  # what is loaded once does not count

    def follow(frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(source) and way[-1:] != [file]:
            way.append(file)

    sys.setprofile(follow)
    inspector.inspect(picture)
    sys.setprofile(None)
    return {"hops between files": len(way) - 1, "files on the way": len(set(way))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=ROOT / "src" / "kenpin")
    parser.add_argument("--draw", type=Path)
    parser.add_argument("--hops", type=Path, nargs=2)
    given = parser.parse_args()
    if given.hops:
        print(json.dumps(hops(*given.hops)))
        return
    house = House(given.source)
    print(json.dumps(measured(house)))
    if given.draw:
        given.draw.write_text(drawn(house), "utf-8")


if __name__ == "__main__":
    main()
