"""Simulated defects of a surface: what lies on it, is cut into it or has another colour.

Sizes and contrasts follow what the masks of open sets show (docs/decisions/stand-ins.md): most real
defects of surfaces differ by a few hundredths of white from what is around them.
"""

import cv2
import numpy as np

from kenpin.drawn.places import Rng, blob, contrast, length, lines, patch, place, walk
from kenpin.types import Floats


def spot_at(picture: Floats, change: float, radius: float, centre: tuple[float, float]) -> Floats:
    """A round spot with a soft rim, `change` brighter (or darker) than the picture there.

    radius and centre (x, y): in pixels.
    """
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    distance = np.hypot(columns - centre[0], rows - centre[1])
    inside = np.clip(radius + 0.5 - distance, 0, 1)[:, :, None]
    return np.asarray(picture + change * inside, np.float32)


def crack(picture: Floats, rng: Rng) -> Floats:
    """A dark, thin, crooked line with a branch or two."""
    long = length(picture, rng, 0.08, 0.5)
    trunk = walk(rng, place(picture, rng), long, 0.35)
    thick = max(0.5, length(picture, rng, 0.003, 0.01))
    drawn, widths = [trunk], [thick]
    for _ in range(int(rng.integers(0, 3))):
        start = trunk[rng.integers(4, len(trunk) - 2)]
        drawn.append(walk(rng, (float(start[0]), float(start[1])), long / 4, 0.4))
        widths.append(0.7 * thick)
    share = lines(picture, drawn, widths)[:, :, None]
    return picture + contrast(rng, 0.06, 0.25, darker=1) * share


def cut(picture: Floats, rng: Rng) -> Floats:
    """A short straight groove: dark, with a bright lip on one side."""
    long = length(picture, rng, 0.03, 0.2)
    line = walk(rng, place(picture, rng), long, 0.03)
    thick = max(0.6, length(picture, rng, 0.004, 0.012))
    along = line[-1] - line[0]
    aside = np.array([-along[1], along[0]], np.float32) / max(float(np.hypot(*along)), 1e-6)
    groove = lines(picture, [line], [thick])[:, :, None]
    lip = lines(picture, [line + aside * max(1.0, thick)], [thick])[:, :, None]
    change = contrast(rng, 0.04, 0.3, darker=1)
    share = groove - 0.6 * np.maximum(lip - groove, 0)
    return np.asarray(picture + change * share, np.float32)


def hole(picture: Floats, rng: Rng) -> Floats:
    """A dark pit whose rim is lit on one side."""
    radius = max(1.0, length(picture, rng, 0.012, 0.045))
    x, y = place(picture, rng)
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    distance = np.hypot(columns - x, rows - y)
    inside = np.clip(radius + 0.5 - distance, 0, 1)
    rim = np.exp(-(((distance - radius) / max(1.0, radius / 4)) ** 2))
    angle = rng.uniform(0, 2 * np.pi)
    lit = ((columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)) / np.maximum(distance, 1)
    change = contrast(rng, 0.05, 0.35, darker=1)
    share = inside - 0.5 * rim * np.maximum(lit, 0) * (1 - inside)
    return np.asarray(picture + change * share[:, :, None], np.float32)


def fibre(picture: Floats, rng: Rng) -> Floats:
    """A hair or thread that lies on the part in curls."""
    long = length(picture, rng, 0.1, 0.45)
    line = walk(rng, place(picture, rng), long, 0.25)
    thick = max(0.5, length(picture, rng, 0.002, 0.006))
    share = lines(picture, [line], [thick])[:, :, None]
    return picture + contrast(rng, 0.06, 0.35) * share


def contamination(picture: Floats, rng: Rng) -> Floats:
    """A lump of something that has its own colour and hides what is below."""
    covered = blob(picture, rng, 0.03, 0.2)[:, :, None]
    height, width, channels = picture.shape
    grain = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), rng.uniform(0.6, 3))
    grain *= rng.uniform(0.005, 0.05) / max(float(grain.std()), 1e-9)
    around = (picture * covered).sum((0, 1)) / max(float(covered.sum()), 1e-9)
    change = contrast(rng, 0.02, 0.25) + 0.3 * contrast(rng, 0.02, 0.1) * rng.normal(size=channels)
    lump = around + change + grain[:, :, None]
    opaque = covered * rng.uniform(0.5, 1)
    return np.asarray(picture * (1 - opaque) + lump * opaque, np.float32)


def stain(picture: Floats, rng: Rng) -> Floats:
    """Something thin that soaked in: a soft, uneven cloud."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    x, y = place(picture, rng)
    across, down = length(picture, rng, 0.03, 0.15), length(picture, rng, 0.03, 0.15)
    cloud = np.exp(-(((columns - x) / across) ** 2) - ((rows - y) / down) ** 2)
    noise = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), max(1, across / 3))
    cloud = cloud * (1 + 0.5 * noise / max(float(noise.std()), 1e-6))
    return np.asarray(picture + contrast(rng, 0.04, 0.3) * cloud[:, :, None], np.float32)


def discolouring(picture: Floats, rng: Rng) -> Floats:
    """A large part of the surface is a little brighter, darker or of another tint."""
    cloud = cv2.GaussianBlur(blob(picture, rng, 0.3, 0.9), (0, 0), length(picture, rng, 0.01, 0.05))
    tint = contrast(rng, 0.02, 0.13) * (1 + 0.5 * rng.normal(size=picture.shape[2]))
    return np.asarray(picture + tint * cloud[:, :, None], np.float32)


def dent(picture: Floats, rng: Rng) -> Floats:
    """A hollow or a bump without colour of its own: one side brighter, the other darker."""
    x, y = place(picture, rng)
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    reach = max(1.5, length(picture, rng, 0.015, 0.08))
    angle = rng.uniform(0, 2 * np.pi)
    right, down = (columns - x) / reach, (rows - y) / reach
    slope = (right * np.cos(angle) + down * np.sin(angle)) * np.exp(-(right**2 + down**2) / 2)
    change = contrast(rng, 0.03, 0.25) / 0.6  # of the largest slope
    return np.asarray(picture + change * slope[:, :, None], np.float32)


def spot(picture: Floats, rng: Rng) -> Floats:
    """A round spot, bright or dark."""
    radius = max(0.8, length(picture, rng, 0.012, 0.05))
    return spot_at(picture, contrast(rng, 0.08, 0.6), radius, place(picture, rng))


def scratch(picture: Floats, rng: Rng) -> Floats:
    """A thin line, bright or dark, nearly straight."""
    long = length(picture, rng, 0.1, 0.4)
    line = walk(rng, place(picture, rng), long, 0.06)
    thick = max(0.6, length(picture, rng, 0.003, 0.012))
    share = lines(picture, [line], [thick])[:, :, None]
    return picture + contrast(rng, 0.08, 0.6) * share


def brightness(picture: Floats, rng: Rng) -> Floats:
    """A patch is brighter or darker."""
    top, left, height, width = patch(picture, rng)
    changed = picture.copy()
    changed[top : top + height, left : left + width] += contrast(rng, 0.04, 0.3)
    return changed
