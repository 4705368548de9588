"""What a drawn wire harness is made of: trunk, branches, tapes, clips, connectors.

Lengths are millimetres; places count along the trunk from its plug, or along a branch from where it
leaves the trunk.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

CONNECTORS = ("white", "black", "grey", "green", "ring", "round")
"""The kinds of connectors: four housings, a ring terminal, a round plug."""
WIRES = ("red", "black", "white", "yellow", "green", "blue", "brown", "orange", "violet", "grey")
WIRE = 2.2  # diameter of a wire
_APART = 30.0  # between two branches, at least
_LENGTH_VARIES, _PLACE_VARIES = 0.006, 1.2  # standard deviations: share of the length; millimetres


@dataclass(frozen=True)
class Tape:
    """at: where it begins. kind: "spiral", half covering itself, or "spot"; loose: its end stands
    off.
    """

    at: float
    width: float
    kind: str
    loose: bool = False


@dataclass(frozen=True)
class Branch:
    """at: where it leaves the trunk; None for the one that is the trunk's own end. side: 1 to the
    left of the trunk, -1 to the right. leaves: degrees from the trunk's direction. wires: colours
    in the order of the connector's cavities. turned: whether the connector is the wrong way up.
    connector: None for bare wires. there: False for one that was forgotten, whose wires are in the
    trunk; carried: False for one whose wires are not.
    """

    name: str
    at: float | None
    side: int
    leaves: float
    length: float
    wires: tuple[str, ...]
    connector: str | None
    tapes: tuple[Tape, ...]
    turned: bool = False
    there: bool = True
    carried: bool = True

    @property
    def width(self) -> float:
        """Of the bundle."""
        return WIRE * len(self.wires)


@dataclass(frozen=True)
class Design:
    """length: of the trunk, from its plug to where the last branch goes on. clips: where they are
    on the trunk.
    """

    length: float
    branches: tuple[Branch, ...]
    tapes: tuple[Tape, ...]
    clips: tuple[float, ...]
    plug: str

    @property
    def width(self) -> float:
        """Of the trunk: its wires lie side by side and one upon another."""
        count = sum(len(one.wires) for one in self.branches if one.carried)
        return WIRE * 1.3 * float(np.sqrt(count))


def designed(number: int, branches: int = 4) -> Design:
    """A harness of so many branches (1 to 6), always the same by its number; 1 is a cable that has
    two connectors.
    """
    rng = np.random.default_rng([number, 7])
    sides = [1 if n % 2 else -1 for n in range(branches - 1)]
    first = rng.uniform(55, 75)
    steps = rng.uniform(_APART, _APART + 25, max(branches - 2, 0))
    places = first + np.concatenate([[0], np.cumsum(steps)])[: branches - 1]
    length = (places[-1] if branches > 1 else 60) + rng.uniform(45, 65)
    kinds = list(rng.permutation(CONNECTORS))
    made = [
        _branch(rng, chr(ord("A") + n), float(place), side, kinds[n])
        for n, (place, side) in enumerate(zip(places, sides, strict=True))
    ]
    end = _branch(rng, chr(ord("A") + branches - 1), None, 1, kinds[branches - 1])
    taped = [(18.0, float(places[0]) - 8 if branches > 1 else 60.0)]
    taped += [(float(a) + 8, float(b) - 8) for a, b in pairwise(places)]
    tapes = tuple(Tape(begin, stop - begin, "spiral") for begin, stop in taped)
    clips = tuple(one.at + one.width * 0.5 for one in tapes[: max(1, len(tapes) - 1)])
    return Design(float(length), (*made, end), tapes, clips, "white")


def _branch(
    rng: np.random.Generator, name: str, at: float | None, side: int, connector: str
) -> Branch:
    wires = tuple(str(one) for one in rng.permutation(WIRES)[: int(rng.integers(2, 5))])
    if connector == "ring":
        wires = wires[:1]
    length = float(rng.uniform(75, 125))
    tapes = (Tape(float(rng.uniform(0.35, 0.6)) * length, 9.0, "spot"),)
    leaves = float(rng.uniform(50, 75)) if at is not None else 0.0
    return Branch(name, at, side, leaves, length, wires, connector, tapes)


def as_made(design: Design, rng: np.random.Generator) -> Design:
    """One piece: as far from the design as good ones are."""

    def nearby(tapes: tuple[Tape, ...]) -> tuple[Tape, ...]:
        return tuple(replace(one, at=one.at + rng.normal(0, _PLACE_VARIES / 2)) for one in tapes)

    branches = tuple(
        replace(
            one,
            at=None if one.at is None else one.at + rng.normal(0, _PLACE_VARIES / 2),
            length=one.length * (1 + rng.normal(0, _LENGTH_VARIES)),
            tapes=nearby(one.tapes),
        )
        for one in design.branches
    )
    clips = tuple(one + rng.normal(0, _PLACE_VARIES / 2) for one in design.clips)
    length = design.length * (1 + rng.normal(0, _LENGTH_VARIES / 2))
    return replace(design, branches=branches, tapes=nearby(design.tapes), clips=clips,
                   length=length)  # fmt: skip
