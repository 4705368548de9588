"""Where simulated defects lie, and how strongly they show."""

import numpy as np
import pytest

from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.text import exists

SIDE = 96
MARKS = ("spot", "scratch", "crack", "cut", "hole", "fibre", "contamination", "dent", "brightness")


def half_a_part(seed=0):
    """A part with detail on the right, an empty ground on the left."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 1), 0.4, np.float32)
    picture[:, SIDE // 2 :] += rng.normal(0, 0.1, (SIDE, SIDE // 2, 1)).astype(np.float32)
    return np.clip(picture, 0, 1)


@pytest.mark.parametrize("kind", SIMULATED)
def test_defects_lie_on_the_part(kind):
    on_part = []
    for seed in range(20):
        _, mask = simulate(half_a_part(), kind, np.random.default_rng(seed))
        columns = np.flatnonzero(mask.any(axis=0))
        on_part.append(columns.mean() > SIDE / 2 if len(columns) else True)
    assert np.mean(on_part) >= 0.8


@pytest.mark.parametrize("kind", MARKS)
def test_marks_show_less_where_it_is_dark(kind):
    def change(level):
        picture = np.full((SIDE, SIDE, 1), level, np.float32)
        found = [
            np.abs(simulate(picture, kind, np.random.default_rng(seed))[0] - picture).max()
            for seed in range(30)
        ]
        return np.median(found)

    assert change(0.1) < 0.7 * change(0.5)


def test_most_marks_are_weak_as_real_ones_are():
    """Half of the real defects of surfaces differ by less than a tenth of white."""
    picture = np.full((SIDE, SIDE, 1), 0.5, np.float32)
    changes = [
        np.abs(simulate(picture, kind, np.random.default_rng(seed))[0] - picture).max()
        for kind in ("crack", "hole", "contamination", "dent", "stain")
        for seed in range(30)
    ]
    assert 0.05 < np.median(changes) < 0.2


def test_what_is_missing_goes_on_from_around_it():
    picture = np.full((SIDE, SIDE, 1), 0.5, np.float32)
    picture[40:56, 40:56] = 1.0  # the only detail
    filled = [
        simulate(picture, "missing", np.random.default_rng(seed))[0][48, 48, 0]
        for seed in range(40)
    ]
    assert min(filled) == pytest.approx(0.5, abs=0.05)


def test_every_kind_has_a_name_for_people():
    assert all(exists(f"defect_{kind}") for kind in SIMULATED)
