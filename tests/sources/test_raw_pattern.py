"""A sensor's mosaic and interlaced pictures are refused; nothing that is finished is."""

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers import connectors, refused, run
from kenpin.errors import PictureError
from kenpin.sources import read_mask, read_picture

RNG = np.random.default_rng(3)


def mosaic(rgb, order="RGGB"):
    """What a sensor with these colours over its pixels gives of a picture."""
    seen = np.zeros(rgb.shape[:2], np.uint8)
    for place, colour in enumerate(order):
        down, right = divmod(place, 2)
        seen[down::2, right::2] = rgb[down::2, right::2, "RGB".index(colour)]
    return seen


def coloured(first):
    grey = connectors(1, first=first, size=(192, 256))[0].astype(np.float32)
    return np.stack([grey * 0.7, grey, grey * 0.6], axis=2).astype(np.uint8)


@pytest.mark.parametrize("order", ["RGGB", "BGGR", "GRBG", "GBRG"])
@pytest.mark.parametrize("depth", [1, 16])
def test_a_colour_mosaic_is_refused_and_converted_it_is_not(order, depth):
    raw = mosaic(coloured(5), order)
    given = raw if depth == 1 else raw.astype(np.uint16) * depth
    for one in (given, np.stack([given] * 3, axis=2)):
        with pytest.raises(PictureError, match="Bayer"):
            read_picture(one)
    if order in ("RGGB", "BGGR"):  # this conversion is for one of them
        assert read_picture(cv2.cvtColor(raw, cv2.COLOR_BayerRG2RGB)).pixels.ndim == 3


@pytest.mark.parametrize("grey", [True, False])
def test_interlaced_pictures_are_refused(grey):
    picture = coloured(6)
    later = picture.copy()
    later[1::2] = np.roll(picture, 8, axis=1)[1::2]
    with pytest.raises(PictureError, match="interlaced"):
        read_picture(later[..., 1] if grey else later)


def test_whatever_is_finished_is_read():
    for one in (*connectors(6, size=(192, 256)), coloured(3)):
        read_picture(one)
    for seed in range(20):
        noise = np.random.default_rng(seed).integers(0, 256, (64, 200), np.uint8)
        read_picture(noise)
    flat = np.full((100, 100), 7, np.uint8)
    read_picture(flat)
    slope = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    read_picture(slope)
    dots = np.asarray(Image.fromarray(slope).convert("1")).astype(np.uint8) * 255
    read_picture(dots)
    stripes = np.zeros((100, 200), np.uint8)  # of a part, two pixels wide
    stripes[:, ::4] = stripes[:, 1::4] = 200
    read_picture(stripes + RNG.integers(0, 9, stripes.shape).astype(np.uint8))


def test_a_mask_may_look_like_anything():
    checks = (np.indices((80, 80)).sum(axis=0) % 2 * 255).astype(np.uint8)
    checks[0, :3] = (1, 2, 3)
    assert read_mask(checks, (80, 80)).mean() == pytest.approx(0.5, abs=0.01)


def test_the_commands_say_how_to_convert(tmp_path):
    (tmp_path / "good").mkdir()
    for number in range(12):
        Image.fromarray(mosaic(coloured(number))).save(tmp_path / "good" / f"{number}.png")
    refused(run("learn", tmp_path / "good", "-o", tmp_path / "p.kenpin"), "Bayer", "cv2.cvtColor")
