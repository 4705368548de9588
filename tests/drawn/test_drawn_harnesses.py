"""Drawn harnesses: the truth that comes with them is that of the picture."""

import numpy as np
import pytest

from kenpin.drawn import HARNESS_DEFECTS, draw_harness

SIZE = (480, 640)
EVERYWHERE = {"branch_missing", "branch_added", "branch_moved", "too_short", "too_long",
              "wires_swapped"}  # fmt: skip


def length(line):
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def test_the_same_seed_draws_the_same_picture_and_another_one_another():
    one, again, other = (draw_harness(seed, size=SIZE) for seed in (1, 1, 2))
    assert np.array_equal(one.pixels, again.pixels) and not np.array_equal(one.pixels, other.pixels)
    assert one.pixels.shape == (*SIZE, 3) and one.pixels.dtype == np.uint8
    assert not one.mask.any() and one.kind == "good"


@pytest.mark.parametrize("branches", range(1, 7))
def test_lines_are_as_long_as_told_and_lie_in_the_picture(branches):
    for seed in range(6):
        drawn = draw_harness(seed, size=SIZE, design=seed, branches=branches)
        assert set(drawn.lines) == {"trunk", *"ABCDEF"[:branches]}
        for name, line in drawn.lines.items():
            assert length(line) == pytest.approx(drawn.lengths[name] * drawn.scale, abs=2)
            assert (line > 0).all() and (line < (SIZE[1], SIZE[0])).all()
        trunk = drawn.lines["trunk"]
        for name in set(drawn.lines) - {"trunk"}:  # each begins on the trunk
            assert np.linalg.norm(trunk - drawn.lines[name][0], axis=1).min() < 2


def test_good_ones_are_of_one_design_and_never_lie_alike():
    drawn = [draw_harness(seed, size=SIZE) for seed in range(30)]
    for name in "ABCD":
        lengths = np.array([one.lengths[name] for one in drawn])
        assert 0 < lengths.std() / lengths.mean() < 0.01
        ways = np.array([one.lines[name][-1] - one.lines[name][0] for one in drawn])
        turns = np.degrees(np.unwrap(np.arctan2(ways[:, 1], ways[:, 0])))
        assert np.ptp(turns) > 25
    places = np.array([one.lines["trunk"][0] for one in drawn])
    assert np.ptp(places, axis=0).min() > 20


@pytest.mark.parametrize("kind", HARNESS_DEFECTS)
@pytest.mark.parametrize("branches", [1, 2, 4])
def test_a_defect_shows_where_its_mask_is_and_nowhere_else(kind, branches):
    for seed in range(3):
        good = draw_harness(seed, size=SIZE, branches=branches)
        bad = draw_harness(seed, kind, SIZE, branches=branches)
        changed = np.abs(bad.pixels.astype(int) - good.pixels).max(axis=2)
        assert bad.mask.any() and bad.kind == kind
        assert changed[bad.mask].max() > 8
        assert (changed[~bad.mask] <= 9).all()  # a shadow's rim
        if kind not in EVERYWHERE:
            assert bad.mask.mean() < 0.01


@pytest.mark.parametrize(("kind", "amount"), [("too_short", 0.05), ("too_long", 0.1)])
def test_a_length_is_wrong_by_what_was_asked_for(kind, amount):
    for seed in range(5):
        good, bad = (draw_harness(seed, one, SIZE, amount=amount) for one in ("good", kind))
        ratios = {name: bad.lengths[name] / good.lengths[name] for name in good.lengths}
        (name,) = [name for name, ratio in ratios.items() if ratio != 1]
        assert ratios[name] == pytest.approx(1 + amount * (1 if kind == "too_long" else -1))
        assert length(bad.lines[name]) / length(good.lines[name]) == pytest.approx(
            ratios[name], abs=0.01
        )


def test_a_forgotten_branch_has_no_line_and_another_one_has():
    assert len(draw_harness(0, "branch_missing", SIZE).lines) == 4
    assert "Z" in draw_harness(0, "branch_added", SIZE).lines


@pytest.mark.parametrize("board", ["plain", "green", "wood"])
def test_every_board_is_brighter_than_the_shadow_on_it(board):
    drawn = draw_harness(0, size=SIZE, board=board)
    corner = drawn.pixels[:40, :40].mean()
    assert 100 < corner < 230


@pytest.mark.parametrize("wrong", [
    {"kind": "crooked"}, {"board": "glass"}, {"branches": 0}, {"branches": 7}, {"size": (60, 900)},
])  # fmt: skip
def test_what_cannot_be_drawn_is_said(wrong):
    with pytest.raises(ValueError, match=r"must be|does not lie"):
        draw_harness(0, **({"size": SIZE} | wrong))
