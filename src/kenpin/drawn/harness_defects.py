"""What can be wrong with a harness."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kenpin.drawn.harness_design import CONNECTORS, Branch, Design, Tape
from kenpin.drawn.harness_lying import TRUNK, Bends, Curve, beside, piece_of, point_at
from kenpin.drawn.harness_paint import COLOURS, Brush

_MOVED = 0.14  # of the trunk's length, that a branch leaves it elsewhere
_TAPE_MOVED = 14.0  # millimetres


@dataclass(frozen=True)
class Blemish:
    """On a line, so many millimetres along it. kind: "scar", "crushed" or "foreign"."""

    kind: str
    line: str
    at: float
    width: float
    way: float

    def draw(self, brush: Brush, curves: dict[str, Curve]) -> None:
        """On what is drawn already."""
        curve = curves[self.line]
        if self.kind == "scar":
            own = piece_of(curve, self.at - 4, self.at + 4)
            brush.stroke(beside(own, self.way * 0.25 * self.width), 1.1, COLOURS["copper"])
        elif self.kind == "crushed":
            own = piece_of(curve, self.at - 3, self.at + 3)
            brush.tube(own, self.width * 1.55, (0.3, 0.3, 0.31))
            brush.stroke(piece_of(curve, self.at - 0.7, self.at + 0.7), self.width * 1.2,
                         (0.12, 0.12, 0.12))  # fmt: skip
        else:
            (x, y), _ = point_at(beside(curve, self.way * (self.width / 2 + 7)), self.at)
            turn = np.radians(self.at * 31 % 180)
            way = np.array([np.cos(turn), np.sin(turn)]) * 5
            line = np.array([x, y]) + np.linspace(-1, 1, 9)[:, None] * way
            brush.tube(line, 1.8, COLOURS["metal"])


Changed = tuple[Design, Bends, tuple[Blemish, ...]]


def with_defect(
    piece: Design, bends: Bends, kind: str, rng: np.random.Generator, amount: float
) -> Changed:
    """The same piece with one defect of this kind."""
    return _MAKERS[kind](piece, bends, rng, amount)


def _one(piece: Design, rng: np.random.Generator) -> Branch:
    return piece.branches[int(rng.integers(len(piece.branches)))]


def _put(piece: Design, before: Branch, after: Branch) -> Design:
    return replace(piece, branches=tuple(after if one is before else one for one in piece.branches))


def _missing(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
    one = _one(piece, rng)
    return _put(piece, one, replace(one, there=False)), bends, ()


def _added(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
    places = [one.at for one in piece.branches if one.at is not None]
    at = 0.5 * (places[-1] + piece.length) if places else 0.6 * piece.length
    side = 1 if rng.uniform() < 0.5 else -1
    extra = Branch("Z", at, side, 58.0, 46.0, ("red", "black"), None, (), carried=False)
    return replace(piece, branches=(*piece.branches, extra)), bends, ()


def _moved(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
    leaving = [one for one in piece.branches if one.at is not None]
    if not leaving:
        return _longer(piece, bends, rng, 0.12)
    one = leaving[int(rng.integers(len(leaving)))]
    way = _MOVED * piece.length * (1 if one.at < piece.length / 2 else -1)  # type: ignore[operator]
    return _put(piece, one, replace(one, at=one.at + way)), bends, ()  # type: ignore[operator]


def _longer(piece: Design, bends: Bends, rng: np.random.Generator, amount: float) -> Changed:
    one = _one(piece, rng)
    return _put(piece, one, replace(one, length=one.length * (1 + amount))), bends, ()


def _shorter(piece: Design, bends: Bends, rng: np.random.Generator, amount: float) -> Changed:
    return _longer(piece, bends, rng, -amount)


def _tape(change: Callable[[Tape], Tape | None]) -> "_Maker":
    def made(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
        one = _one(piece, rng)
        changed = change(one.tapes[0])
        tapes = one.tapes[1:] if changed is None else (changed, *one.tapes[1:])
        return _put(piece, one, replace(one, tapes=tapes)), bends, ()

    return made


def _no_clip(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
    gone = int(rng.integers(len(piece.clips)))
    clips = tuple(one for number, one in enumerate(piece.clips) if number != gone)
    return replace(piece, clips=clips), bends, ()


def _no_connector(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
    one = _one(piece, rng)
    return _put(piece, one, replace(one, connector=None)), bends, ()


def _turned(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
    one = _one(piece, rng)
    return _put(piece, one, replace(one, turned=True)), bends, ()


def _wrong(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
    one = _one(piece, rng)
    others = [kind for kind in CONNECTORS if kind != one.connector]
    other = others[int(rng.integers(len(others)))]
    return _put(piece, one, replace(one, connector=other)), bends, ()


def _swapped(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
    several = [one for one in piece.branches if len(one.wires) > 1]
    one = several[int(rng.integers(len(several)))]
    wires, first = list(one.wires), int(rng.integers(len(one.wires) - 1))
    wires[first], wires[first + 1] = wires[first + 1], wires[first]
    return _put(piece, one, replace(one, wires=tuple(wires))), bends, ()


def _blemish(kind: str) -> "_Maker":
    def made(piece: Design, bends: Bends, rng: np.random.Generator, _: float) -> Changed:
        one = _one(piece, rng)
        on_trunk = kind != "scar" and rng.uniform() < 0.4
        line, length = (TRUNK, piece.length) if on_trunk else (one.name, one.length)
        width = piece.width if on_trunk else one.width
        way = 1.0 if rng.uniform() < 0.5 else -1.0
        at = float(rng.uniform(0.3, 0.8) * length)
        return piece, bends, (Blemish(kind, line, at, width, way),)

    return made


_Maker = Callable[[Design, Bends, np.random.Generator, float], Changed]
_MAKERS: dict[str, _Maker] = {
    "branch_missing": _missing, "branch_added": _added, "branch_moved": _moved,
    "too_short": _shorter, "too_long": _longer, "tape_missing": _tape(lambda _: None),
    "tape_moved": _tape(lambda tape: replace(tape, at=tape.at + _TAPE_MOVED)),
    "tape_loose": _tape(lambda tape: replace(tape, loose=True)), "clip_missing": _no_clip,
    "connector_missing": _no_connector, "connector_turned": _turned, "connector_wrong": _wrong,
    "wires_swapped": _swapped, "scar": _blemish("scar"), "crushed": _blemish("crushed"),
    "foreign": _blemish("foreign"),
}  # fmt: skip
HARNESS_DEFECTS = tuple(_MAKERS)
"""The kinds of defects of a drawn harness."""
