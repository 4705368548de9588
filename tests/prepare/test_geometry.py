"""Where things are, there and back: crops, windows, turns and sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenpin.prepare.align import Alignment
from kenpin.prepare.brought_back import in_picture
from kenpin.prepare.geometry import beyond, from_rectangle, region_through, sample, scaling, turning
from kenpin.prepare.preparation import Preparation
from kenpin.types import Picture, Region

RNG = np.random.default_rng(0)
SMOOTH = np.clip(
    128 + 100 * np.sin(np.arange(90)[:, None] / 9) * np.cos(np.arange(120)[None] / 11), 0, 255
).astype(np.uint8)


@st.composite
def rectangles(draw, height, width):
    x, y = draw(st.integers(0, width - 4)), draw(st.integers(0, height - 4))
    return x, y, draw(st.integers(4, width - x)), draw(st.integers(4, height - y))


@given(
    st.data(),
    st.integers(20, 300),
    st.integers(20, 300),
    st.integers(4, 128),
    st.integers(4, 128),
    st.floats(-180, 180),
    st.floats(0.8, 1.25),
    st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
)
def test_a_region_of_any_window_of_a_turned_part_maps_back_within_a_pixel(
    data, height, width, h, w, degrees, scale, shift
):
    """Its four corners lie in the box, and the box is less than a pixel larger than they need."""
    rectangle = data.draw(rectangles(height, width))
    pose = turning(degrees, scale, shift, (height, width))
    place = pose @ from_rectangle(rectangle, (h, w))
    x, y = data.draw(st.integers(0, w - 1)), data.draw(st.integers(0, h - 1))
    region = Region(x, y, data.draw(st.integers(1, w - x)), data.draw(st.integers(1, h - y)), 1.0)
    large = (10_000, 10_000)  # no border is near
    moved = np.array([[1, 0, 4000], [0, 1, 4000], [0, 0, 1]]) @ place
    box = region_through(moved, region, large)
    corners = [
        moved @ [px - 0.5, py - 0.5, 1]
        for px in (region.x, region.x + region.width)
        for py in (region.y, region.y + region.height)
    ]
    for axis, (start, length) in enumerate(((box.x, box.width), (box.y, box.height))):
        values = [corner[axis] + 0.5 for corner in corners]
        assert -1e-3 <= min(values) - start < 1 + 1e-3
        assert -1e-3 <= start + length - max(values) < 1 + 1e-3


@given(st.data(), st.floats(-180, 180), st.tuples(st.floats(-8, 8), st.floats(-8, 8)))
def test_what_is_seen_of_a_place_is_what_is_there(data, degrees, shift):
    """A bright dot in the picture is where its window says, within a pixel."""
    dot = data.draw(st.integers(20, 69)), data.draw(st.integers(30, 89))
    pixels = np.zeros((90, 120), np.uint8)
    pixels[dot[0] - 1 : dot[0] + 2, dot[1] - 1 : dot[1] + 2] = 255
    pose = turning(degrees, 1.0, shift, (90, 120))
    at = np.linalg.inv(pose) @ [dot[1], dot[0], 1]
    rectangle = (int(at[0]) - 12, int(at[1]) - 10, 25, 21)
    place = pose @ from_rectangle(rectangle, (42, 50))
    seen = np.asarray(sample(pixels, place, (42, 50)), np.float64)
    rows, columns = np.mgrid[:42, :50]
    centre = [(columns * seen).sum() / seen.sum(), (rows * seen).sum() / seen.sum(), 1]
    np.testing.assert_allclose((place @ centre)[:2], dot[::-1], atol=1)


@given(st.data(), st.floats(-30, 30))
def test_a_map_brought_back_into_the_picture_lies_where_it_was(data, degrees):
    rectangle = data.draw(rectangles(90, 120))
    place = turning(degrees, 1.0, (2.0, -3.0), (90, 120)) @ from_rectangle(rectangle, (40, 40))
    values = np.asarray(sample(SMOOTH.astype(np.float32), place, (40, 40)), np.float32)
    brought, known = in_picture(values[None], [place], (90, 120), (90, 120))
    outside = beyond(place, (40, 40), (90, 120))
    if outside.any():
        return  # what lies beyond the border is made up
    # Bilinear there and back; coarse windows smooth.
    tolerance = 6 + 2 * max(rectangle[2], rectangle[3]) / 40
    assert np.abs(brought - SMOOTH)[known].mean() < tolerance
    assert (brought[~known] == 0).all()


def test_an_upright_window_is_cut_out_exactly():
    place = from_rectangle((30, 10, 40, 20), (20, 40))
    np.testing.assert_array_equal(sample(SMOOTH, place, (20, 40)), SMOOTH[10:30, 30:70])
    whole = sample(SMOOTH, scaling((90, 120), (90, 120)), (90, 120))
    np.testing.assert_array_equal(whole, SMOOTH)


def test_where_windows_overlap_the_larger_value_counts():
    maps = np.stack([np.full((4, 4), v, np.float32) for v in (1, 2)])
    places = [from_rectangle((0, 0, 8, 8), (4, 4)), from_rectangle((4, 4, 8, 8), (4, 4))]
    brought, known = in_picture(maps, places, (16, 16), (16, 16))
    assert brought[5, 5] == 2 and brought[1, 1] == 1 and brought[10, 10] == 2
    assert not known[14, 14] and known[11, 11] and brought[14, 14] == 0


@pytest.mark.parametrize("motion", ["translation", "rotation", "scale"])
def test_the_pose_of_a_part_is_found_to_a_fraction_of_a_pixel(motion):
    from conftest import good_pictures  # noqa: PLC0415

    reference = good_pictures(1, size=(96, 128))[0].astype(np.float32) / 255
    alignment = Alignment(reference, motion)
    errors = []
    for n in range(8):
        rng = np.random.default_rng(n)
        degrees = 0 if motion == "translation" else rng.uniform(-30, 30)
        scale = rng.uniform(0.9, 1.12) if motion == "scale" else 1.0
        pose = turning(degrees, scale, tuple(rng.uniform(-8, 8, 2)), (96, 128))
        moved = sample(reference, np.linalg.inv(pose), (96, 128)).astype(np.float32)
        found = alignment.find(moved)
        corners = np.array([[20, 20, 1], [108, 20, 1], [20, 76, 1], [108, 76, 1]]).T
        errors.append(np.linalg.norm((found @ corners - pose @ corners)[:2], axis=0).max())
    assert np.median(errors) < 0.5 and max(errors) < 1


@pytest.mark.parametrize("motion", ["rotation", "scale"])
@pytest.mark.parametrize("degrees", range(0, 360, 15))
def test_a_part_is_found_however_far_it_is_turned(motion, degrees):
    from conftest import good_pictures  # noqa: PLC0415

    reference = good_pictures(1, size=(128, 128))[0].astype(np.float32) / 255
    pose = turning(degrees + 3.7, 1.0, (2.3, -3.1), (128, 128))
    moved = sample(reference, np.linalg.inv(pose), (128, 128)).astype(np.float32)
    found = Alignment(reference, motion).find(moved)
    corners = np.array([[20, 20, 1], [108, 20, 1], [20, 108, 1], [108, 108, 1]]).T
    assert np.abs((found @ corners - pose @ corners)[:2]).max() < 0.1


def test_a_picture_without_contrast_stays_where_it_is():
    alignment = Alignment(SMOOTH.astype(np.float32) / 255, "rotation")
    found = alignment.find(np.full((90, 120), 0.5, np.float32))
    assert np.isfinite(found).all()


def test_an_unsettled_preparation_needs_no_frame():
    prepared = Preparation((20, 30), "grey").prepare(Picture(SMOOTH, "p"))
    assert prepared.windows.shape == (1, 20, 30, 1) and prepared.unseen is None
