import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kenpin
from conftest import good_pictures
from kenpin.prepare.compression import compress
from kenpin.prepare.geometry import as_option, fitting_size, in_pixels, region_through, scaling
from kenpin.prepare.preparation import Preparation
from kenpin.statistics.recognition_taguchi import local_numbers
from kenpin.types import Picture, Region

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (40, 60, 3), np.uint8)


@pytest.mark.parametrize("color", ["grey", "rgb"])
@pytest.mark.parametrize("pixels", [RGB, RGB[:, :, 0], RGB.astype(np.uint16) * 257])
def test_shape_dtype_and_range(pixels, color):
    preparation = Preparation((20, 30), color)
    prepared = preparation.prepare(Picture(pixels, "p")).windows[0]
    assert prepared.shape == preparation.shape
    assert prepared.dtype == np.float32
    assert 0 <= prepared.min() < prepared.max() <= 1


def test_grey_is_that_of_the_eye():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    grey = Preparation((16, 16), "grey").prepare(Picture(red, "p")).windows[0]
    np.testing.assert_allclose(grey, 0.299 * 200 / 255, atol=1 / 255)


def test_an_area_average_is_taken():
    prepared = Preparation((20, 30), "rgb").prepare(Picture(RGB, "p")).windows[0]
    blocks = RGB.reshape(20, 2, 30, 2, 3).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(prepared, blocks, atol=0.5 / 255 + 1e-6)


def test_a_grey_picture_is_the_same_grey_in_rgb_and_in_16_bits():
    grey = RGB[:, :, 0]
    one = Preparation((20, 30), "grey").prepare(Picture(grey, "p")).windows[0]
    three = Preparation((20, 30), "rgb").prepare(Picture(grey, "p")).windows[0]
    np.testing.assert_array_equal(three, np.repeat(one, 3, axis=2))
    stacked = Picture(np.repeat(grey[:, :, None], 3, axis=2), "p")
    np.testing.assert_array_equal(Preparation((20, 30), "grey").prepare(stacked).windows[0], one)
    deep = (
        Preparation((20, 30), "grey").prepare(Picture(grey.astype(np.uint16) * 257, "p")).windows[0]
    )
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
    back = region_through(scaling((h, w), (H, W)), Region(x, y, width, height, 1.0), (H, W))
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


# --- the two-step compression ------------------------------------------------------------------


def compressed(steps):
    pictures = good_pictures(12, size=(96, 64))
    recipe = kenpin.Recipe(model="pca", size=(96, 64), compression={"steps": steps})
    return kenpin.learn(pictures, recipe), pictures


def test_a_compressed_picture_is_the_numbers_of_its_windows():
    rng = np.random.default_rng(0)
    mean, picture = rng.uniform(0.2, 0.8, (2, 16, 24, 1)).astype(np.float32)
    small = compress(picture, mean, (4, 6))  # windows of 8 x 8 around every fourth pixel
    assert small.shape == (4, 6, 2) and small.min() >= 0 and small.max() <= 1
    numbers = local_numbers(picture, mean, (8, 8))
    np.testing.assert_allclose(small[1, 2, 0], numbers[6, 10, 0] / 2, rtol=1e-5)
    np.testing.assert_allclose(small[1, 2, 1], numbers[6, 10, 1] * 2, rtol=1e-5)
    same = compress(mean, mean, (4, 6))  # the mean part itself: sensitivity 1, nothing unexplained
    np.testing.assert_allclose(same[..., 0], 0.5, atol=1e-4)
    assert same[..., 1].max() < 0.01


@pytest.mark.parametrize(("steps", "shape"), [(1, (48, 32, 2)), (2, (36, 24, 2))])
def test_a_compressed_part_learns_judges_and_survives_saving(steps, shape, tmp_path):
    bundle, pictures = compressed(steps)
    assert bundle.preparation.shape == shape
    assert {"step1.png", *(["step2.png"] if steps == 2 else [])} <= set(bundle.previews)
    bundle.save(tmp_path / "a.kenpin")
    before, after = kenpin.Inspector(bundle), kenpin.Inspector.open(tmp_path / "a.kenpin")
    broken = pictures[0].copy()
    broken[40:56, 20:40] = 255 - broken[40:56, 20:40]
    verdict = before.inspect(broken)
    assert verdict == after.inspect(broken) and verdict.outcome is kenpin.Outcome.NG
    worst = verdict.regions[0]  # in the given picture's pixels, not in those after the steps
    assert worst.x < 40 and worst.x + worst.width > 20
    assert worst.y < 56 and worst.y + worst.height > 40
    kenpin.write_report(tmp_path, after)
    assert "after each step of the compression" in (tmp_path / "report.html").read_text("utf-8")
