import hashlib

import numpy as np
import pytest

from kenpin.drawn.shapes import SHAPES27, shapes16, shapes27
from kenpin.drawn.terminals import TERMINAL_DEFECTS, draw_terminals


@pytest.mark.parametrize("kind", ["good", *TERMINAL_DEFECTS])
def test_the_same_seed_draws_the_same_piece(kind):
    first, second = draw_terminals(7, kind), draw_terminals(7, kind)
    np.testing.assert_array_equal(first.pixels, second.pixels)
    np.testing.assert_array_equal(first.mask, second.mask)
    assert (draw_terminals(8, kind).pixels != first.pixels).mean() > 0.5


@pytest.mark.parametrize("kind", TERMINAL_DEFECTS)
def test_a_defect_shows_inside_its_mask_and_only_there(kind):
    for seed in range(15):
        good, ng = draw_terminals(seed), draw_terminals(seed, kind)
        assert not good.mask.any()
        assert 20 < ng.mask.sum() < 0.1 * ng.mask.size
        change = np.abs(ng.pixels.astype(int) - good.pixels)
        assert change[ng.mask].mean() > 10
        assert change[~ng.mask].max() <= 0.02 * 255 + 1


@pytest.mark.parametrize("size", [(16, 16), (36, 26), (96, 128), (300, 200)])
@pytest.mark.parametrize("rows", [1, 2])
def test_any_size_and_one_or_two_rows(size, rows):
    for kind in ("good", *TERMINAL_DEFECTS):
        drawing = draw_terminals(3, kind, size=size, rows=rows, terminals=3)
        assert drawing.pixels.shape == drawing.mask.shape == size
        assert drawing.pixels.dtype == np.uint8
        assert drawing.pixels.std() > 20


def test_good_pieces_vary_but_little():
    pieces = np.stack([draw_terminals(seed).pixels for seed in range(30)]).astype(float)
    between = pieces.std(axis=0).mean()
    assert 3 < between < 0.5 * pieces.mean(axis=0).std()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [({"kind": "rust"}, "kind"), ({"size": (8, 64)}, "size"), ({"rows": 3}, "rows")],
)
def test_impossible_drawings_are_refused(arguments, expected):
    with pytest.raises(ValueError, match=expected):
        draw_terminals(0, **arguments)


def test_shapes16_are_as_published():
    good, ng = shapes16(200, "good", 0), shapes16(200, "ng", 0)
    for shapes in (good, ng):
        assert shapes.shape == (200, 16, 16) and set(np.unique(shapes)) == {0, 255}
    # int() of anything between -1 and 1 is 0, so both radii are 5: 69 pixels are strictly inside.
    # A rectangle of 8 by 8 has 64.
    assert (good > 0).sum(axis=(1, 2)).mean() == pytest.approx(69, rel=0.02)
    assert (ng > 0).sum(axis=(1, 2)).mean() == pytest.approx(64, rel=0.06)
    np.testing.assert_array_equal(good, shapes16(200, "good", 0))
    assert (good != shapes16(200, "good", 1)).any()


@pytest.mark.parametrize("kind", SHAPES27)
def test_shapes27_are_as_published(kind):
    shapes = shapes27(200, kind, 0) > 0
    assert shapes.shape == (200, 27, 27)
    middle = shapes[:, 10:17, 10:17].all(axis=(1, 2)).mean()
    if kind.startswith("hollow"):
        assert middle < 0.05
    areas = shapes.sum(axis=(1, 2))
    assert areas.min() > 8 and areas.max() <= 19 * 19 + 20
    with pytest.raises(ValueError, match="kind must be one of"):
        shapes27(1, "star", 0)


def test_the_drawings_have_not_changed():
    """A golden hash of binary shapes: measured figures belong to these drawings."""
    drawn = shapes16(50, "good", 0).tobytes() + shapes27(50, SHAPES27[1], 0).tobytes()
    assert hashlib.sha256(drawn).hexdigest()[:16] == "d8e675a409a96068"
