import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenpin.prepare import Preparation, as_option, fitting_size, in_pixels
from kenpin.types import Picture, Region

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (40, 60, 3), np.uint8)


@pytest.mark.parametrize("color", ["grey", "rgb"])
@pytest.mark.parametrize("pixels", [RGB, RGB[:, :, 0], RGB.astype(np.uint16) * 257])
def test_shape_dtype_and_range(pixels, color):
    preparation = Preparation((20, 30), color)
    prepared = preparation.prepare(Picture(pixels, "p"))
    assert prepared.shape == preparation.shape
    assert prepared.dtype == np.float32
    assert 0 <= prepared.min() < prepared.max() <= 1


def test_grey_is_that_of_the_eye():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    grey = Preparation((16, 16), "grey").prepare(Picture(red, "p"))
    np.testing.assert_allclose(grey, 0.299 * 200 / 255, atol=1 / 255)


def test_an_area_average_is_taken():
    prepared = Preparation((20, 30), "rgb").prepare(Picture(RGB, "p"))
    blocks = RGB.reshape(20, 2, 30, 2, 3).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(prepared, blocks, atol=0.5 / 255 + 1e-6)


def test_a_grey_picture_is_the_same_grey_in_rgb_and_in_16_bits():
    grey = RGB[:, :, 0]
    one = Preparation((20, 30), "grey").prepare(Picture(grey, "p"))
    three = Preparation((20, 30), "rgb").prepare(Picture(grey, "p"))
    np.testing.assert_array_equal(three, np.repeat(one, 3, axis=2))
    stacked = Picture(np.repeat(grey[:, :, None], 3, axis=2), "p")
    np.testing.assert_array_equal(Preparation((20, 30), "grey").prepare(stacked), one)
    deep = Preparation((20, 30), "grey").prepare(Picture(grey.astype(np.uint16) * 257, "p"))
    np.testing.assert_allclose(deep, one, atol=0.5 / 255 + 1e-6)


def test_the_size_follows_the_most_frequent_proportions():
    assert fitting_size([(100, 100)] + [(480, 640)] * 3 + [(100, 100)], 128) == (96, 128)
    assert fitting_size([(512, 256)], 128) == (128, 64)
    assert fitting_size([(50, 40)], 128) == (48, 40)  # not enlarged; a multiple of 4
    assert fitting_size([(1000, 20)], 128) == (128, 16)


@given(
    st.integers(16, 200),
    st.integers(16, 200),
    st.integers(4, 2000),
    st.integers(4, 2000),
    st.data(),
)
def test_a_region_maps_back_around_its_place_and_inside_the_picture(h, w, H, W, data):
    x = data.draw(st.integers(0, w - 1))
    y = data.draw(st.integers(0, h - 1))
    width = data.draw(st.integers(1, w - x))
    height = data.draw(st.integers(1, h - y))
    back = Preparation((h, w), "grey").region_in_picture(Region(x, y, width, height, 1.0), (H, W))
    assert back.x >= 0 and back.x + back.width <= W and back.width >= 1
    assert back.y >= 0 and back.y + back.height <= H and back.height >= 1
    # Every side is within one pixel of the exact place, outwards.
    assert -1 < back.x - x * W / w <= 1e-9
    assert -1e-9 <= back.x + back.width - (x + width) * W / w < 1 + 1e-9
    assert -1 < back.y - y * H / h <= 1e-9
    assert -1e-9 <= back.y + back.height - (y + height) * H / h < 1 + 1e-9


def test_sizes_of_pictures_are_written_width_first_and_the_option_height_first():
    assert in_pixels((480, 640)) == "640x480"
    assert as_option((480, 640)) == "480x640"
