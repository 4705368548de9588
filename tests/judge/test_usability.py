"""Pictures that cannot be judged: their own verdict, with a reason, and never for a defect."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

import kenpin
from conftest import good_pictures
from helpers import run
from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.judge.usability import departures, facts_of, learn_usability
from kenpin.sources.contents import Labelled
from kenpin.sources.picture import write_png
from kenpin.types import ReasonCode

SIZE = (96, 128)


@pytest.fixture(scope="module")
def inspector():
    return kenpin.Inspector(kenpin.learn(good_pictures(60, size=SIZE)))


def good(number=900):
    return good_pictures(1, number, SIZE)[0]


def scaled(pixels, gain):
    return np.clip(pixels.astype(float) * gain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda p: np.full_like(p, 128), ReasonCode.BLANK),
        (lambda p: np.full_like(p, 0), ReasonCode.DARK),
        (lambda p: np.full_like(p, 255), ReasonCode.OVEREXPOSED),
        (lambda p: scaled(p, 2.2), ReasonCode.OVEREXPOSED),
        (lambda p: scaled(p, 0.4), ReasonCode.DARK),
        (lambda p: np.clip(p * 1.5 + 20, 0, 245).astype(np.uint8), ReasonCode.BRIGHT),
        (lambda p: cv2.GaussianBlur(p, (0, 0), 4), ReasonCode.BLURRED),
        (lambda p: p[:, :100], ReasonCode.PROPORTIONS),
    ],
)
def test_each_reason_has_its_word(inspector, spoil, reason):
    for number in range(900, 905):
        verdict = inspector.inspect(np.ascontiguousarray(spoil(good(number))))
        assert verdict.outcome is kenpin.Outcome.UNUSABLE
        assert verdict.reason.code is reason and verdict.regions == ()
        assert verdict.to_dict()["reason"]["code"] == reason.value


def test_another_thing_altogether_is_not_this_part(inspector):
    scene = np.random.default_rng(0).integers(60, 200, (6, 8)).astype(np.uint8)
    picture = cv2.resize(scene, SIZE[::-1], interpolation=cv2.INTER_NEAREST)
    noisy = np.clip(picture + np.random.default_rng(1).normal(0, 4, SIZE), 0, 255)
    verdict = inspector.inspect(noisy.astype(np.uint8))
    assert verdict.outcome is kenpin.Outcome.UNUSABLE and verdict.fit < 0.4


def test_a_part_that_is_not_there_is_not_found_where_it_is_looked_for():
    bundle = kenpin.learn(good_pictures(30, size=SIZE), kenpin.Recipe(align="rotation"))
    inspector = kenpin.Inspector(bundle)
    scene = np.random.default_rng(0).integers(60, 200, (24, 32)).astype(np.uint8)
    picture = cv2.resize(scene, SIZE[::-1], interpolation=cv2.INTER_NEAREST)
    noisy = np.clip(picture + np.random.default_rng(1).normal(0, 4, SIZE), 0, 255)
    assert inspector.inspect(noisy.astype(np.uint8)).reason.code is ReasonCode.NOT_FOUND
    assert inspector.inspect(good()).fit > 0.9


def test_good_pictures_are_usable_and_defects_make_the_part_ng_not_the_picture(inspector):
    rng = np.random.default_rng(3)
    judged = [inspector.inspect(p) for p in good_pictures(200, 2_000, SIZE)]
    assert not any(verdict.reason for verdict in judged)
    for number, kind in enumerate(np.repeat(SIMULATED, 10)):
        picture = good(1_000 + number)[..., None].astype(np.float32) / 255
        changed = simulate(picture, str(kind), rng)[0]
        verdict = inspector.inspect((changed[..., 0] * 255).astype(np.uint8))
        assert verdict.reason is None, (kind, verdict.reason)


def test_the_limits_are_those_of_the_good_pictures(tmp_path):
    """A part that is always photographed out of focus or dark is no reason to complain."""
    soft = [cv2.GaussianBlur(scaled(p, 0.4), (0, 0), 3) for p in good_pictures(30, size=SIZE)]
    bundle = kenpin.learn(soft)
    bundle.save(tmp_path / "a.kenpin")
    inspector = kenpin.Inspector.open(tmp_path / "a.kenpin")
    assert inspector.bundle.usability.bounds == bundle.usability.bounds
    assert inspector.inspect(cv2.GaussianBlur(scaled(good(), 0.4), (0, 0), 3)).reason is None
    assert inspector.inspect(good()).reason.code is ReasonCode.BRIGHT


def test_a_grey_picture_of_a_part_in_colour_is_said():
    colour = [np.stack([p, p, np.roll(p, 3, 0)], axis=2) for p in good_pictures(20, size=SIZE)]
    inspector = kenpin.Inspector(kenpin.learn(colour))
    assert any(
        "the good pictures have colour" in str(note) for note in inspector.inspect(good()).notes
    )
    assert inspector.inspect(colour[0]).notes == ()


def test_the_command_line_says_why_and_ends_with_1(inspector, tmp_path):
    inspector.bundle.save(tmp_path / "a.kenpin")
    write_png(tmp_path / "黒.png", np.zeros(SIZE, np.uint8))
    done = run("inspect", tmp_path / "a.kenpin", tmp_path / "黒.png")
    assert done.exit_code == 1 and "UNUSABLE" in done.stdout and "too dark" in done.stdout
    shown = run("inspect", tmp_path / "a.kenpin", tmp_path / "黒.png", "--pictures", tmp_path / "s")
    assert shown.exit_code == 1 and (tmp_path / "s/黒.png").is_file()


def test_evaluation_counts_unusable_pictures_as_rejected_and_apart(inspector):
    items = [Labelled(good(900 + n), "good") for n in range(4)]
    items += [Labelled(np.zeros(SIZE, np.uint8), "blank")]
    result = kenpin.evaluate(inspector, items)
    assert result.to_dict()["unusable"] == {"good": 0, "ng": 1}
    assert result.escape.errors == 0


def test_a_good_part_a_little_out_of_the_usual_is_ok_and_far_out_unusable(inspector):
    """Between the two bounds a picture is unusable only if its part would be rejected anyway."""
    usability = inspector.bundle.usability
    (_, high), (_, outer) = usability.bounds["brightness"], usability.outer["brightness"]
    assert outer >= high
    wide = replace(usability, outer={**usability.outer, "brightness": (None, high + 3)})
    narrow = replace(usability, outer=usability.bounds)
    brighter = np.clip(good() * 1.5 + 20.0, 0, 245).astype(np.uint8)  # as far as `high`, and more
    lenient = {"calibration": replace(inspector.calibration, scores=np.full(60, 1e9))}
    for usable, passes, outcome in (
        (wide, True, "OK"), (wide, False, "UNUSABLE"), (narrow, True, "UNUSABLE"),
    ):  # fmt: skip
        part = inspector.bundle.parts[0]
        part = replace(part, **lenient) if passes else part
        changed = replace(inspector.bundle, usability=usable, parts=(part,))
        verdict = kenpin.Inspector(changed).inspect(brighter)
        assert verdict.outcome == outcome
        assert (verdict.reason is None) == (outcome == "OK")


def test_departures_are_of_pictures_that_the_bounds_have_not_seen():
    facts = [facts_of(p, p, p.shape) for p in (q / np.float32(255) for q in good_pictures(12))]
    bright = [replace(one, brightness=one.brightness + 2) for one in facts[:1]]
    labels = np.zeros(11, np.intp)
    usual = departures(facts[:1], facts[1:], facts[1:], labels)
    far = departures(bright, facts[1:], facts[1:], labels)
    assert 0 <= usual[0] < 1 < far[0]
    bounds = learn_usability(facts[1:], facts[1:], labels, aligned=False)
    assert bounds.reason(facts[0]) is None and bounds.reason(bright[0]).code is ReasonCode.BRIGHT
    wider = learn_usability(facts[1:], facts[1:], labels, aligned=False, room=float(far[0]) * 1.01)
    assert wider.reason(bright[0]) is not None and not wider.beyond(bright[0])


def test_a_held_out_good_picture_that_is_unusual_widens_the_bounds_and_is_no_false_reject():
    """One in sixty is overexposed: at 1.6 % such pictures are not among those thrown away."""
    pictures = good_pictures(60, size=SIZE)
    pictures[7] = np.clip(pictures[7] * 1.7 + 40.0, 0, 255).astype(np.uint8)
    inspector = kenpin.Inspector(kenpin.learn(pictures, kenpin.Recipe(model="pca")))
    bounds, outer = inspector.bundle.usability.bounds, inspector.bundle.usability.outer
    assert outer["brightness"][1] >= bounds["brightness"][1]
    assert inspector.inspect(pictures[7]).outcome is not kenpin.Outcome.UNUSABLE
