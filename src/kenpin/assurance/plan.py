"""How many good pictures are enough: learned from fewer and more of those that are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import numpy as np

from kenpin.assurance import messages
from kenpin.assurance.curve import FEWEST, expected_at
from kenpin.assurance.sheet import Section, Sheet
from kenpin.assurance.trials import CAUGHT, CONTRAST, Draw, SeenSpots, Trial, readable, tried
from kenpin.dataset import find_good
from kenpin.errors import DatasetError, RecipeError, StudyError
from kenpin.judge import percent, pictures_needed
from kenpin.manifest import Layout
from kenpin.ranks import rank_of_limit
from kenpin.reading import LEAST_PICTURES, Given, paths_of
from kenpin.recipe import Recipe
from kenpin.types import Progress

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
    left_out: tuple[str, ...]
    beyond: tuple[int, ...]
    expected: dict[str, tuple[float, ...]]
    spots: SeenSpots
    changes: dict[str, Trial]

    @property
    def repeats(self) -> int:
        """How often each number of pictures was drawn."""
        return len(next(iter(self.trials.values())))

    @property
    def more(self) -> str:
        """What more pictures would bring, and where they bring nothing what may instead."""
        learned = max(self.trials)
        if learned < _LEAST_LEARNED:
            return messages.PLAN_TOO_SHORT.format(count=self.pictures)
        now, height = (
            float(np.mean([getattr(trial, name) for trial in self.trials[learned]]))
            for name in ("passed", "height")
        )
        then, lower = self.expected["passed"][0], self.expected["height"][0]
        told = {
            "more": self.beyond[0] - self.pictures,
            "total": self.beyond[0],
            "learned": learned,
            "escape": percent(then),
            "now": percent(now),
            "tighter": percent(1 - lower / height),
        }
        if now - then < _HARDLY and 1 - lower / height < _TIGHTER:
            return f"{messages.PLAN_ENOUGH.format(**told)} {self._where(now)}"
        best = self._best_change()
        also = best is not None and self.changes[best].passed < then - _HARDLY
        more = messages.PLAN_MORE.format(**told)
        return f"{more} {self._where(now)}" if also else more

    def _best_change(self) -> str | None:
        return min(self.changes, key=lambda name: self.changes[name].passed, default=None)

    def _where(self, passed: float) -> str:
        best = self._best_change()
        if passed < _FEW:
            return messages.PLAN_ENOUGH_FINE
        if best is None:
            return messages.PLAN_LOOK
        as_it_is = self.trials[max(self.trials)][0].passed
        then = self.changes[best].passed
        text = messages.PLAN_CHANGE if as_it_is - then >= _HARDLY else messages.PLAN_NO_CHANGE
        return text.format(setting=best, then=percent(then), now=percent(as_it_is))

    @property
    def promise(self) -> str:
        """One sentence on the rate asked for."""
        promised = self.promised(self.pictures)
        told = {"count": self.pictures, "asked": percent(self.asked)}
        if promised <= self.asked:
            return messages.PLAN_PROMISE_KEPT.format(**told)
        needed = ceil(pictures_needed(self.asked) / self.share)
        return messages.PLAN_PROMISE_NEEDS.format(
            **told, promised=_three_digits(promised), needed=needed
        )

    def promised(self, count: int) -> float:
        """The false-reject rate that so many good pictures can promise."""
        held_out = _held_out(count, self.share)
        return 1 - rank_of_limit(held_out, self.asked) / (held_out + 1)

    @property
    def spot(self) -> str:
        """One sentence on the smallest spot that is seen."""
        spots, contrast = self.spots, percent(CONTRAST)
        if spots.smallest is None:
            return messages.PLAN_NO_SPOT.format(pixels=spots.diameters[-1], contrast=contrast)
        return messages.PLAN_SPOT.format(
            pixels=spots.diameters[spots.smallest],
            contrast=contrast,
            caught=spots.caught[spots.smallest],
            tried=spots.tried,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "pictures": self.pictures,
            "asked": self.asked,
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
            "left_out": list(self.left_out),
            "sentences": [self.promise, self.more, self.spot],
        }  # fmt: skip


def plan(
    good: Given,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    repeats: int = 3,
    layout: Layout | None = None,
) -> Plan:
    """Learn a part from 10, 20, 50, … of the good pictures, and try each on others.

    good, recipe, progress, layout: as in `kenpin.learn`. Every repeat keeps up to 20 good pictures
    to try the parts on, as they are and with simulated defects. Raises DatasetError for pictures
    that are too few, RecipeError for a recipe without a limit, StudyError for impossible repeats.
    REVIEW plays no part.
    """
    recipe, progress = (recipe or Recipe()).but(review=None), progress or (lambda *_: None)
    if recipe.held_out == "none":
        raise RecipeError(messages.PLAN_HELD_OUT)
    if not 1 <= repeats <= 20:
        raise StudyError(messages.PLAN_REPEATS.format(value=repeats))
    given = paths_of(good, lambda given: find_good(given, layout))
    sources, left_out = readable(given, progress)
    tests = min(MOST_TESTS, max(LEAST_TESTS, len(sources) // 4))
    if len(sources) < LEAST_PICTURES + tests:
        raise _too_few(len(sources), left_out)
    counts = _counts(len(sources) - tests)
    share = recipe.split_share if recipe.held_out == "split" else 1.0
    common = max(recipe.false_reject, 1 / (1 + _held_out(min(counts[-FEWEST:]), share)))
    others, found = _changed(recipe), list[Draw]()
    for number in range(repeats):
        told = partial(progress, messages.STAGE_PLAN.format(repeat=number + 1, repeats=repeats))
        own = recipe.but(seed=(recipe.seed + number) % 2**32)
        also = () if number else tuple(others.values())
        found.append(tried(sources, own, counts, tests, common, told, also))
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


def _too_few(count: int, left_out: Sequence[str]) -> DatasetError:
    least = LEAST_PICTURES + LEAST_TESTS
    text = messages.PLAN_TOO_FEW.format(count=count, least=least, test=LEAST_TESTS)
    return DatasetError(" ".join([text, *_told(left_out)]))


def _expected(
    trials: dict[int, tuple[Trial, ...]], name: str, beyond: Sequence[int]
) -> tuple[float, ...]:
    means = [float(np.mean([getattr(trial, name) for trial in own])) for own in trials.values()]
    return tuple(expected_at(list(trials), means, beyond).tolist())


def _together(spots: Sequence[SeenSpots]) -> SeenSpots:
    caught = np.sum([one.caught for one in spots], axis=0).tolist()
    return SeenSpots(spots[0].diameters, tuple(caught), sum(one.tried for one in spots))


def _told(left_out: Sequence[str]) -> list[str]:
    if not left_out:
        return []
    first = left_out[0].rstrip(".")
    return [messages.PLAN_LEFT_OUT.format(count=len(left_out), first=first)]


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


def plan_sheet(found: Plan) -> Sheet:
    """The result as people read it."""
    heads = (
        "good pictures",
        "promised",
        "good rejected",
        "defects that pass",
        "AUROC",
        "limit / defects",
    )
    rows = [
        (
            str(count),
            _three_digits(trials[0].promised),
            *(
                _range([getattr(trial, name) for trial in trials])
                for name in ("rejected", "passed")
            ),
            f"{np.mean([trial.auroc for trial in trials]):.3f}",
            f"{np.mean([trial.height for trial in trials]):.3f}",
        )
        for count, trials in found.trials.items()
    ]
    rows += [
        (
            f"{count}, extrapolated", _three_digits(found.promised(count)), "",
            percent(found.expected["passed"][n]), "", f"{found.expected['height'][n]:.3f}",
        )
        for n, count in enumerate(found.beyond)
    ]  # fmt: skip
    told = {
        "least": percent(CAUGHT),
        "tests": found.tests,
        "rate": percent(found.common_rate),
        "repeats": found.repeats,
    }
    return Sheet(
        name="plan",
        title="How many good pictures?",
        sections=(
            Section("In short", (found.promise, found.more, found.spot, *_told(found.left_out))),
            Section("The figures", (), heads, tuple(rows)),
            *_other_settings(found),
            Section("Against the number of pictures", plot=partial(_chart, found)),
        ),
        how={name: text.format(**told) for name, text in messages.PLAN_HOW.items()},
    )


def _other_settings(found: Plan) -> list[Section]:
    if not found.changes:
        return []
    first = {"as it is": found.trials[max(found.trials)][0]}
    rows = [
        (name, _range([trial.rejected]), _range([trial.passed]), f"{trial.auroc:.3f}")
        for name, trial in (first | found.changes).items()
    ]
    heads = (
        f"first repeat, {max(found.trials)} pictures",
        "good rejected",
        "defects that pass",
        "AUROC",
    )
    return [Section("With another setting", (), heads, tuple(rows))]


def _three_digits(share: float) -> str:
    return f"{100 * share:.3g} %"


def _range(values: Sequence[float]) -> str:
    mean = percent(float(np.mean(values)))
    if min(values) == max(values):
        return mean
    return f"{mean} ({percent(min(values))} to {percent(max(values))})"


def _chart(found: Plan) -> bytes:
    from kenpin.assurance.plots import learning_chart  # noqa: PLC0415 - matplotlib, for pages only

    bands = {
        "simulated defects that pass": [[t.passed for t in own] for own in found.trials.values()],
        "promised false reject": [[t.promised for t in own] for own in found.trials.values()],
    }
    promised = [found.promised(count) for count in found.beyond]
    ahead = {
        "simulated defects that pass": ("extrapolated", found.expected["passed"]),
        "promised false reject": ("could be promised", promised),
    }
    return learning_chart(list(found.trials), bands, found.beyond, ahead)
