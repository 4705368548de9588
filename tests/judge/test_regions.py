"""Where people are told to look: maps and regions drawn in to where the pixels differ too."""

import numpy as np
import pytest

from kenpin.judge.regions import drawn_in, regions, regions_drawn_in, regions_to_show, seen_by

SIZE = (60, 80)
LEVEL = 1.0


def hill(y, x, width, height=1.0):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    apart = (rows - y) ** 2 + (columns - x) ** 2
    return (height * np.exp(-apart / (2 * width**2))).astype(np.float32)


@pytest.fixture
def wide():
    """Features see a defect at (30, 40) as something wide."""
    return hill(30, 40, 12, 2.0)


@pytest.fixture
def error():
    """Pixels differ where it is, and hardly elsewhere."""
    return hill(30, 40, 3, 0.3) + np.float32(0.01)


def test_the_map_becomes_narrow_and_its_largest_value_stays(wide, error):
    drawn = drawn_in(wide, error)
    assert drawn.dtype == np.float32 and drawn.shape == SIZE
    assert drawn.max() == wide.max()  # to the last digit: there is a region exactly when it is NG
    assert (drawn > LEVEL).sum() < 0.3 * (wide > LEVEL).sum()
    assert drawn[30, 40] > LEVEL


def test_what_is_far_from_any_error_of_pixels_is_seen_less_but_never_more_than_the_peak(wide):
    elsewhere = hill(10, 10, 3, 0.3)
    drawn = drawn_in(wide, elsewhere)
    assert drawn.max() == wide.max() and (drawn >= 0).all()


def test_pixels_that_say_nothing_change_nothing(wide):
    np.testing.assert_array_equal(drawn_in(wide, np.zeros(SIZE, np.float32)), wide)
    nothing = np.zeros(SIZE, np.float32)
    np.testing.assert_array_equal(drawn_in(nothing, wide), nothing)


def test_what_is_ignored_stays_0_and_its_errors_do_not_count(wide, error):
    wide[:, 60:] = 0  # a lamp there, which the recipe ignores
    lamp = error.copy()
    lamp[:, 60:] = 5.0
    np.testing.assert_array_equal(drawn_in(wide, lamp), drawn_in(wide, error))
    assert (drawn_in(wide, lamp)[:, 60:] == 0).all()


def test_not_a_number_is_not_hidden(error):
    broken = np.full(SIZE, np.nan, np.float32)
    assert np.isnan(drawn_in(broken, error)).all()
    assert regions_drawn_in(broken, broken, error, LEVEL)


def outlined(difference, error):
    return regions_drawn_in(difference, drawn_in(difference, error), error, LEVEL)


def test_the_outline_is_where_the_pixels_differ(wide, error):
    (whole,) = regions(wide, LEVEL)
    (own,) = outlined(wide, error)
    assert own.width * own.height < 0.5 * whole.width * whole.height
    assert own.x <= 40 < own.x + own.width and own.y <= 30 < own.y + own.height
    assert own.peak == wide.max()


def test_the_parts_of_one_place_are_outlined_as_one(wide):
    """A ring: its pixels differ at the edges only."""
    error = hill(30, 33, 2, 0.3) + hill(30, 47, 2, 0.3)
    places = drawn_in(wide, error)
    assert len(regions_to_show(places, LEVEL)) == 2
    (own,) = outlined(wide, error)
    assert own.x <= 33 and own.x + own.width > 47


def test_two_defects_are_two_regions_the_worse_first():
    difference = hill(15, 15, 4, 2.0) + hill(45, 65, 4, 3.0)
    error = hill(15, 15, 3, 0.3) + hill(45, 65, 3, 0.3)
    worse, other = outlined(difference, error)
    assert worse.x > 40 > other.x + other.width and worse.peak > other.peak


def test_a_part_that_is_ng_by_another_judge_has_a_place(wide, error):
    low = 0.1 * wide
    assert outlined(low, error)


def test_a_region_says_which_eye_saw_it(wide):
    (whole,) = regions(wide, LEVEL)
    assert seen_by(whole, {}, SIZE) is whole
    low = np.full((30, 40), 0.2, np.float32)  # half as large
    peak = low.copy()
    peak[15, 20] = 9.0
    outside = low.copy()
    outside[0, 0] = 99.0
    assert seen_by(whole, {"texture": peak, "shape": outside}, SIZE).seen_by == "texture"
    assert seen_by(whole, {"texture": low, "shape": peak}, SIZE).seen_by == "shape"
