"""A large picture is cut into tiles where the smallest defect would not be seen otherwise."""

import json
from itertools import pairwise

import numpy as np
import pytest

from helpers import connectors, run
from kenpin.errors import BundleError
from kenpin.inspection import Inspector
from kenpin.learning import add, learn
from kenpin.learning.sizes import seen_for
from kenpin.part import Bundle
from kenpin.prepare import MOST_TILES, tiles_over
from kenpin.recipe import Recipe
from kenpin.sources import write_png
from kenpin.types import Outcome

SIZE = 560, 840
FINE = Recipe(feature={"smallest_defect": 3})


def covered(tiles, outer):
    x0, y0, width, height = outer
    seen = np.zeros((y0 + height, x0 + width), int)
    for x, y, wide, high in tiles:
        assert x >= x0 and y >= y0 and x + wide <= x0 + width and y + high <= y0 + height
        seen[y : y + high, x : x + wide] += 1
    return seen[y0:, x0:]


@pytest.mark.parametrize("outer", [(0, 0, 6000, 4000), (0, 0, 4096, 200), (30, 20, 1001, 999),
                                   (0, 0, 400, 300), (5, 5, 385, 384)])  # fmt: skip
@pytest.mark.parametrize("side", [384, 960, 1152])
def test_tiles_cover_everything_and_overlap(outer, side):
    tiles = tiles_over(outer, side)
    assert covered(tiles, outer).min() >= 1
    one = min(side, outer[2]), min(side, outer[3])
    assert {(wide, high) for *_, wide, high in tiles} == {one}
    across = sorted({x for x, *_ in tiles})
    assert all(b - a <= side * 7 / 8 + 1 for a, b in pairwise(across))


@pytest.mark.parametrize(
    ("frame", "defect", "count", "size"),
    [
        ((4000, 6000), 10, 35, (384, 384)),
        ((200, 4096), 12, 4, (64, 384)),
        ((300, 400), 12, 0, None),  # seen as it is
        ((4000, 6000), None, 0, None),
    ],
)
def test_as_many_as_the_defect_needs(frame, defect, count, size):
    seen = seen_for(frame, Recipe(feature={"smallest_defect": defect}))
    assert len(seen.tiles) == count and (size is None or seen.size == size)


def test_never_too_many_for_the_memory():
    seen = seen_for((10000, 10000), Recipe(feature={"smallest_defect": 1}))
    assert 1 < len(seen.tiles) <= MOST_TILES


@pytest.fixture(scope="module")
def fine():
    return learn(connectors(14, size=SIZE), FINE)


def spotted(pixels, x, y, side=4):
    changed = pixels.copy()
    changed[y : y + side, x : x + side] = 255 if pixels[y, x] < 128 else 0
    return changed


def test_fine_spots_are_found_where_they_are_and_once(fine):
    inspector = Inspector(Bundle.from_bytes(fine.to_bytes()))
    assert len(fine.preparation.tiles) == 6 and fine.preparation.names == (None,) * 6
    good = [inspector.inspect(one) for one in connectors(6, first=300, size=SIZE)]
    assert sum(one.outcome is Outcome.OK for one in good) >= 5
    assert good[0].windows == () and good[0].score > 0
    plain = Inspector(learn(connectors(14, size=SIZE)))
    found = coarse = 0
    for number, pixels in enumerate(connectors(6, first=300, size=SIZE)):
        x, y = 420 + 2 * number, 280  # where tiles overlap
        verdict = inspector.inspect(spotted(pixels, x, y))
        coarse += plain.inspect(spotted(pixels, x, y)).outcome is Outcome.NG
        if verdict.outcome is not Outcome.NG:
            continue
        near = [one for one in verdict.regions if abs(one.x + one.width / 2 - x) < 30
                and abs(one.y + one.height / 2 - y) < 30]  # fmt: skip
        found += len(near) == 1
    assert found >= 5 and coarse <= 2


def test_more_is_learned_and_light_and_places_count(fine, tmp_path):
    grown = add(fine, connectors(4, first=80, size=SIZE))
    assert len(grown.provenance.pictures) == 18
    assert grown.calibration.count == 18
    recipe = Recipe(feature={"smallest_defect": 3}, light="level", ignore=[(400, 260, 60, 60)])
    part = learn(connectors(12, size=SIZE), recipe)
    inspector = Inspector(part)
    pixels = connectors(1, first=300, size=SIZE)[0]
    assert inspector.inspect((pixels * 0.9).astype(np.uint8)).outcome is Outcome.OK
    assert inspector.inspect(spotted(pixels, 425, 285)).outcome is Outcome.OK  # ignored
    with pytest.raises(BundleError):
        part.draw(1)


def test_the_command_says_what_it_sees(fine, tmp_path):
    for number, pixels in enumerate(connectors(12, size=SIZE)):
        (tmp_path / "good").mkdir(exist_ok=True)
        write_png(tmp_path / "good" / f"{number}.png", pixels)
    sees = {}
    for name, options in (("plain", ()), ("fine", ("--smallest-defect", "3px"))):
        path = tmp_path / f"{name}.kenpin"
        done = run("learn", tmp_path / "good", "-o", path, *options)
        told = " ".join(done.stdout.split())
        assert "is not seen" in told
        sight = Bundle.load(path).sight
        sees[name] = sight.diameter
        assert f"about {sight.diameter:.2g} pixels" in told
        assert f"about {sight.diameter:.2g} pixels" in " ".join(run("show", path).stdout.split())
    assert sees["fine"] < 0.6 * sees["plain"]
    assert "already sees every pixel" in told
    shown = json.loads(run("show", tmp_path / "fine.kenpin", "--json").stdout)
    assert len(shown["tiles"]) == 6 and shown["sight"]["diameter"] == sees["fine"]
