"""How many good pictures are enough: learned from fewer and more of those that are there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import Any, Self

import numpy as np

from kenpin.assurance.trials import CONTRAST, Draw, SeenSpots, Trial, readable, tried
from kenpin.errors import DatasetError, RecipeError, StudyError
from kenpin.judge import pictures_needed
from kenpin.learning import LEAST_PICTURES, Given, paths_of
from kenpin.recipe import Recipe
from kenpin.sources import Layout, PictureSource, find_good, take
from kenpin.statistics import FEWEST, expected_at, rank_of_limit
from kenpin.text import Notice, say
from kenpin.types import Progress, Workers

COUNTS = (10, 20, 50, 100, 200, 500, 1000)
LEAST_TESTS, MOST_TESTS = 5, 20  # good pictures that each repeat keeps to try the parts on
_NEAR_LAST = 1.2  # all pictures are a step of their own if there are so many times the last one's
_LEAST_LEARNED = 50  # pictures: from 10, 20 and 24 nobody can tell how a curve goes on
_HARDLY = 0.02  # of all simulated defects: a smaller gain is none
_TIGHTER = 0.05  # of the limit: nor is less than that
_FEW = 0.1  # of all simulated defects may pass
_MORE = (1.6, 2.5)  # times the pictures there are


@dataclass(frozen=True, eq=False)
class Plan:
    """What more pictures bring.

    trials: of each number of pictures those of every repeat. pictures: how many there are. share:
    of them, held out for the limit. left_out: what is wrong with the pictures not used. beyond:
    numbers that are not there, with what is expected of `passed` and `height` then. changes: what
    the first repeat's last part would do with another setting, by "setting = 'value'".
    """

    trials: dict[int, tuple[Trial, ...]]
    pictures: int
    tests: int
    asked: float
    share: float
    common_rate: float
    left_out: tuple[Notice, ...]
    beyond: tuple[int, ...]
    expected: dict[str, tuple[float, ...]]
    spots: SeenSpots
    changes: dict[str, Trial]

    @property
    def repeats(self) -> int:
        """How often each number of pictures was drawn."""
        return len(next(iter(self.trials.values())))

    @property
    def more(self) -> tuple[Notice, ...]:
        """What more pictures would bring, and where they bring nothing what may instead."""
        learned = max(self.trials)
        if learned < _LEAST_LEARNED:
            return (Notice("plan_too_short", count=self.pictures),)
        now, height = (
            float(np.mean([getattr(trial, name) for trial in self.trials[learned]]))
            for name in ("passed", "height")
        )
        then, lower = self.expected["passed"][0], self.expected["height"][0]
        told = {"more": self.beyond[0] - self.pictures, "total": self.beyond[0],
                "learned": learned, "escape": then, "now": now}  # fmt: skip
        if now - then < _HARDLY and 1 - lower / height < _TIGHTER:
            return Notice("plan_enough", **told), self._where(now)
        best = self._best_change()
        also = best is not None and self.changes[best].passed < then - _HARDLY
        more = Notice("plan_more", **told, tighter=1 - lower / height)
        return (more, self._where(now)) if also else (more,)

    def _best_change(self) -> str | None:
        return min(self.changes, key=lambda name: self.changes[name].passed, default=None)

    def _where(self, passed: float) -> Notice:
        best = self._best_change()
        if passed < _FEW:
            return Notice("plan_enough_fine")
        if best is None:
            return Notice("plan_look")
        as_it_is = self.trials[max(self.trials)][0].passed
        then = self.changes[best].passed
        code = "plan_change" if as_it_is - then >= _HARDLY else "plan_no_change"
        return Notice(code, setting=best, then=then, now=as_it_is)

    @property
    def promise(self) -> Notice:
        """What rate can be promised, beside the one asked for."""
        promised = self.promised(self.pictures)
        told = {"count": self.pictures, "asked": self.asked}
        if promised <= self.asked:
            return Notice("plan_promise_kept", **told)
        needed = ceil(pictures_needed(self.asked) / self.share)
        return Notice("plan_promise_needs", **told, promised=promised, needed=needed)

    def promised(self, count: int) -> float:
        """The false-reject rate that so many good pictures can promise."""
        held_out = _held_out(count, self.share)
        return 1 - rank_of_limit(held_out, self.asked) / (held_out + 1)

    @property
    def spot(self) -> Notice:
        """The smallest spot that is seen."""
        spots = self.spots
        if spots.smallest is None:
            return Notice("plan_no_spot", pixels=spots.diameters[-1], contrast=CONTRAST)
        return Notice(
            "plan_spot",
            pixels=spots.diameters[spots.smallest],
            contrast=CONTRAST,
            caught=spots.caught[spots.smallest],
            tried=spots.tried,
        )

    @property
    def left_out_in_short(self) -> tuple[Notice, ...]:
        """How many pictures were not used, and why the first."""
        return in_short(self.left_out)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "pictures": self.pictures,
            "tests": self.tests,
            "asked": self.asked,
            "share": self.share,
            "common_rate": self.common_rate,
            "trials": [vars(trial) for trials in self.trials.values() for trial in trials],
            "extrapolated": [
                {"count": count, **{key: values[n] for key, values in self.expected.items()}}
                for n, count in enumerate(self.beyond)
            ],
            "spots": {
                "diameters": list(self.spots.diameters),
                "caught": list(self.spots.caught),
                "tried": self.spots.tried,
                "smallest": None if self.spots.smallest is None
                else self.spots.diameters[self.spots.smallest],
            },
            "changes": {name: vars(trial) for name, trial in self.changes.items()},
            "left_out": [one.to_dict() for one in self.left_out],
            "findings": [one.to_dict() for one in self.findings],
        }  # fmt: skip

    @property
    def findings(self) -> tuple[Notice, ...]:
        """What it comes to, in sentences."""
        return self.promise, *self.more, self.spot

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        """What `to_dict` gave."""
        trials: dict[int, tuple[Trial, ...]] = {}
        for one in told["trials"]:
            trials[one["count"]] = (*trials.get(one["count"], ()), Trial(**one))
        spots, beyond = told["spots"], told["extrapolated"]
        return cls(
            trials, told["pictures"], told["tests"], told["asked"], told["share"],
            told["common_rate"], tuple(Notice.of(one) for one in told["left_out"]),
            tuple(one["count"] for one in beyond),
            {name: tuple(one[name] for one in beyond) for name in ("passed", "height")},
            SeenSpots(tuple(spots["diameters"]), tuple(spots["caught"]), spots["tried"]),
            {name: Trial(**one) for name, one in told["changes"].items()},
        )  # fmt: skip


def plan(
    good: Given,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    repeats: int = 3,
    layout: Layout | None = None,
    workers: Workers | None = None,
) -> Plan:
    """Learn a part from 10, 20, 50, … of the good pictures, and try each on others.

    good, recipe, progress, layout: as in `kenpin.learn`. Every repeat keeps up to 20 good pictures
    to try the parts on, as they are and with simulated defects. workers: who does the repeats, for
    which the pictures are sent to them; left out, they are done here, one after the other, each
    with all cores. Raises DatasetError for pictures that are too few, RecipeError for a recipe
    without a limit, StudyError for impossible repeats. REVIEW plays no part, and limits follow from
    ranks: a plan is of what can be promised.
    """
    recipe, progress = recipe or Recipe(), progress or (lambda *_: None)
    recipe = recipe.but(review=None, limit="rank")
    if recipe.held_out == "none":
        raise RecipeError("plan_held_out")
    if not 1 <= repeats <= 20:
        raise StudyError("plan_repeats", value=repeats)
    given = paths_of(good, lambda given: find_good(given, layout))
    sources, left_out = readable(given, progress)
    tests = min(MOST_TESTS, max(LEAST_TESTS, len(sources) // 4))
    if len(sources) < LEAST_PICTURES + tests:
        raise _too_few(len(sources), left_out)
    counts = _counts(len(sources) - tests)
    share = recipe.split_share if recipe.held_out == "split" else 1.0
    common = max(recipe.false_reject, 1 / (1 + _held_out(min(counts[-FEWEST:]), share)))
    others = _changed(recipe)
    order = _Order(tuple(sources), recipe, tuple(counts), tests, common, tuple(others.values()))
    if workers is None:
        found = [
            order.draw(
                number, partial(progress, say("stage_plan", repeat=number + 1, repeats=repeats))
            )
            for number in range(repeats)
        ]
    else:
        found = _by(workers, order, repeats, progress)
    trials = {count: tuple(one.trials[n] for one in found) for n, count in enumerate(counts)}
    beyond = tuple(round(more * len(sources)) for more in _MORE)
    return Plan(
        trials=trials,
        pictures=len(sources),
        tests=tests,
        asked=recipe.false_reject,
        share=share,
        common_rate=common,
        left_out=tuple(left_out),
        beyond=beyond,
        expected={name: _expected(trials, name, beyond) for name in ("passed", "height")},
        spots=_together([one.spots for one in found]),
        changes=dict(zip(others, found[0].others, strict=True)),
    )


@dataclass(frozen=True)
class _Order:
    """What is the same for every repeat; see `tried`. others: of the first one alone."""

    sources: tuple[PictureSource, ...]
    recipe: Recipe
    counts: tuple[int, ...]
    tests: int
    common: float
    others: tuple[Recipe, ...]

    def draw(self, number: int, told: Callable[[int, int], None]) -> Draw:
        """The repeat with this number, from 0."""
        own = self.recipe.but(seed=(self.recipe.seed + number) % 2**32)
        also = () if number else self.others
        return tried(self.sources, own, self.counts, self.tests, self.common, told, also)


def _by(workers: Workers, order: _Order, repeats: int, progress: Progress) -> list[Draw]:
    """Every repeat, in their order."""
    order = replace(order, sources=tuple(take(source) for source in order.sources))
    found: dict[int, Draw] = {}
    for number, draw in workers.map(_numbered, order, range(repeats)):
        found[number] = draw
        progress(say("stage_repeats"), len(found), repeats)
    return [found[number] for number in range(repeats)]


def _numbered(order: _Order, number: int) -> tuple[int, Draw]:
    return number, order.draw(number, lambda *_: None)


def _too_few(count: int, left_out: Sequence[Notice]) -> DatasetError:
    told = {"count": count, "least": LEAST_PICTURES + LEAST_TESTS, "test": LEAST_TESTS}
    also = in_short(left_out)
    if not also:
        return DatasetError("plan_too_few", **told)
    return DatasetError("plan_too_few_because", **told, why=also[0])


def in_short(left_out: Sequence[Notice]) -> tuple[Notice, ...]:
    """How many pictures were not used, and why the first; nothing where all were."""
    if not left_out:
        return ()
    return (Notice("plan_left_out", count=len(left_out), first=left_out[0]),)


def _expected(
    trials: dict[int, tuple[Trial, ...]], name: str, beyond: Sequence[int]
) -> tuple[float, ...]:
    means = [float(np.mean([getattr(trial, name) for trial in own])) for own in trials.values()]
    return tuple(expected_at(list(trials), means, beyond).tolist())


def _together(spots: Sequence[SeenSpots]) -> SeenSpots:
    caught = np.sum([one.caught for one in spots], axis=0).tolist()
    return SeenSpots(spots[0].diameters, tuple(caught), sum(one.tried for one in spots))


def _changed(recipe: Recipe) -> dict[str, Recipe]:
    """What may help where more pictures do not: the light evened out, the part looked for."""
    wishes = {"light": "level", "align": "translation"}
    return {
        f"{key} = '{value}'": recipe.but(**{key: value})
        for key, value in wishes.items()
        if getattr(recipe, key) == "none"
    }


def _counts(most: int) -> list[int]:
    counts = [count for count in COUNTS if count <= most]
    return counts if most < _NEAR_LAST * counts[-1] else [*counts, most]


def _held_out(count: int, share: float) -> int:
    """How many of so many good pictures give scores for the limit."""
    return max(1, round(share * count))
