"""A harness as it was learned."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import ExtraError
from kenpin.harness.bands import Band
from kenpin.harness.pattern import LOOK, TRUNK, End, Pattern
from kenpin.harness.reading import Kind, Measure, Reading
from kenpin.harness.sheet import Layout, Row
from kenpin.text import Notice
from kenpin.types import Pixels


def line_named(line: str) -> Notice:
    """What a line is called in sentences: the trunk, or a branch by its name."""
    return Notice("harness_trunk") if line == TRUNK else Notice("harness_branch", name=line)


def end_named(line: str) -> Notice:
    """From where places on a line are counted: the trunk's beginning, a branch's tip."""
    return Notice("harness_from_beginning" if line == TRUNK else "harness_from_tip")


def check_installed() -> None:
    """Raise ExtraError where no lines can be followed for lack of a package."""
    if any(find_spec(name) is None for name in ("skimage", "networkx", "scipy")):
        raise ExtraError("extra_harness")


@dataclass(frozen=True)
class Leaving:
    """Where on the trunk a branch usually leaves it, `at` pixels of the picture from its beginning.

    Where it leaves cannot be seen as precisely as where it ends: what is taken for trunk is missing
    from the branch. share: of what a branch is seen to leave later than usual, how much it is seen
    to be shorter; that is added to its length.
    """

    at: float
    share: float

    def length(self, at: float, length: float) -> float:
        """What a branch is long that is seen to leave there and to be so long."""
        return length + self.share * (at - self.at)


@dataclass(frozen=True, eq=False)
class Harness:
    """pattern: what good ones have in common; layout: of their strips; worst: how badly the worst
    good one fits the pattern. leaves: of each branch. usual: (H, W, 3) uint8, the sheet of the
    usual one, by which what is missing is replaced; bands: what is wound around its lines. faint,
    board: while learning, the lines that have nearly the board's colour, and a board of which
    colour would tell all of them best.
    """

    pattern: Pattern
    layout: Layout
    worst: float
    leaves: Mapping[str, Leaving]
    bands: tuple[Band, ...] = ()
    usual: Pixels | None = None
    faint: tuple[str, ...] = ()
    board: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the sheet."""
        return self.layout.size

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What `Reading.values` are of."""
        names = [name for name in self.pattern.ends if name != self.pattern.last]
        kinds: tuple[Kind, ...] = ("at", "length", "thick", "missing")
        found = [Measure(name, kind) for name in names for kind in kinds]
        found += [Measure(self.pattern.last, "length"), Measure(TRUNK, "thick")]
        found += [Measure("", "extra"), Measure("", "foreign")]
        found += [Measure(line, "turned") for line in self.layout.rows]
        own: tuple[Kind, ...] = ("band_at", "band_width", "band_missing")
        numbered = Counter[str]()
        for band in self.bands:
            numbered[band.line] += 1
            found += [Measure(band.line, kind, numbered[band.line]) for kind in own]
        return tuple(found)

    def read(self, pixels: Pixels) -> Reading:
        """Of a picture, (H, W) or (H, W, 3) uint8. Needs kenpin[harness], see `check_installed`."""
        reading: Reading = import_module("kenpin.harness.read_picture").read(self, pixels)
        return reading

    # --- as it is kept in a file ---

    def config(self) -> dict[str, Any]:
        """JSON-able: all but the arrays."""
        ends = {name: _described(end) for name, end in self.pattern.ends.items()}
        rows = {name: asdict(row) for name, row in self.layout.rows.items()}
        layout = {"rows": rows, "size": list(self.layout.size), "scale": self.layout.scale}
        start = _described(self.pattern.start)
        leaves = {name: asdict(own) for name, own in self.leaves.items()}
        bands = [{"line": one.line, "begin": one.begin, "stop": one.stop,
                  "edges": one.edges.tolist()} for one in self.bands]  # fmt: skip
        return {"start": start, "ends": ends, "layout": layout, "worst": self.worst,
                "leaves": leaves, "bands": bands}  # fmt: skip

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """How ends look, the trunk's beginning first, and the usual sheet."""
        ends = (self.pattern.start, *self.pattern.ends.values())
        usual = self.layout.sheet({}, None)[0] if self.usual is None else self.usual
        return {"looks": np.stack([end.look for end in ends]), "usual": usual}

    @classmethod
    def of(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """From both; raises ValueError where they do not fit each other."""
        looks, usual = arrays["looks"], np.asarray(arrays["usual"], np.uint8)
        size = tuple(config["layout"]["size"])
        if looks.shape != (len(config["ends"]) + 1, LOOK, LOOK, 3) or usual.shape != (*size, 3):
            raise ValueError("the harness does not fit its arrays")
        start, *others = (
            End(**kept | {"far": tuple(kept["far"])}, look=np.asarray(look, np.float32))
            for kept, look in zip((config["start"], *config["ends"].values()), looks, strict=True)
        )
        rows = {name: Row(**row) for name, row in config["layout"]["rows"].items()}
        inside = all(row.x + row.width <= size[1] and row.y + row.height <= size[0]
                     and min(row.width, row.height) > 0 for row in rows.values())  # fmt: skip
        if set(rows) != {TRUNK, *config["ends"]} or not inside or not np.isfinite(looks).all():
            raise ValueError("the harness does not fit its sheet")
        layout = Layout(rows, (size[0], size[1]), config["layout"]["scale"])
        pattern = Pattern(start, dict(zip(config["ends"], others, strict=True)))
        leaves = {name: Leaving(**own) for name, own in config["leaves"].items()}
        if set(leaves) != set(config["ends"]) - {pattern.last}:
            raise ValueError("the harness does not say where each branch leaves")
        bands = tuple(_band(one, rows) for one in config["bands"])
        return cls(pattern, layout, config["worst"], leaves, bands, usual)


def _band(kept: dict[str, Any], rows: Mapping[str, Row]) -> Band:
    band = Band(**kept | {"edges": np.array(kept["edges"], np.float64)})
    row = rows.get(band.line)
    if row is None or not band.fits(row.width):
        raise ValueError("a band does not fit its line")
    return band


def _described(end: End) -> dict[str, Any]:
    return {"at": end.at, "length": end.length, "side": end.side, "far": list(end.far),
            "apart": end.apart}  # fmt: skip
