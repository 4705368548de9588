"""Parts of which only a mark lies alike are laid upon it."""

import cv2
import numpy as np
import pytest

import kenpin
from kenpin.errors import RecipeError
from kenpin.prepare.align import learn_alignment
from kenpin.prepare.geometry import sample, turning
from kenpin.types import Outcome

SIZE = (192, 256)
MARK = (80, 70, 52, 54)
CORNERS = np.array([[80, 70, 1], [132, 70, 1], [80, 124, 1], [132, 124, 1]]).T


def pictured(seed, degrees=0.0, loose=True):
    """A plate with a cross and a hole beside it, and loose pieces that lie anywhere; and its pose.

    (192, 256) float32 in [0, 1].
    """
    rng = np.random.default_rng(seed)
    plate = np.full(SIZE, 0.5, np.float32)
    cv2.rectangle(plate, (84, 84), (124, 94), 0.9, -1)
    cv2.rectangle(plate, (98, 74), (108, 120), 0.9, -1)
    cv2.circle(plate, (116, 110), 5, 0.1, -1)
    for _ in range(4 if loose else 0):
        middle = int(rng.integers(175, 250)), int(rng.integers(20, 180))
        cv2.circle(plate, middle, int(rng.integers(10, 28)), float(rng.uniform()), -1)
    moved = (0.0, 0.0) if seed == 0 else tuple(rng.uniform(-12, 12, 2))
    pose = turning(degrees, 1.0, moved, SIZE)
    seen = sample(plate, np.linalg.inv(pose), SIZE) + rng.normal(0, 0.02, SIZE)
    return np.clip(seen, 0, 1).astype(np.float32), pose


def errors(mark, size, degrees):
    """Pixels at the corners of the mark, at worst, of 24 pictures."""
    turns = np.random.default_rng(1).uniform(-degrees, degrees, 44)
    good = [pictured(n, turns[n] if n else 0.0)[0] for n in range(20)]
    alignment = learn_alignment(good, "rotation" if degrees else "translation", size, mark)
    found = []
    for n in range(20, 44):
        seen, pose = pictured(n, turns[n])
        found.append(np.abs((alignment.find(seen) @ CORNERS - pose @ CORNERS)[:2]).max())
    return np.array(found)


@pytest.mark.parametrize("degrees", [0, 15, 180])
def test_a_mark_is_found_where_the_whole_is_not(degrees):
    assert (errors(MARK, SIZE, degrees) < 0.3).all()
    assert np.median(errors(None, (96, 128), degrees)) > 3


@pytest.mark.parametrize("motion", ["translation", "rotation", "scale"])
@pytest.mark.parametrize("ground", [0.0, 1.0])
def test_a_mark_is_found_on_what_has_no_contrast_at_all(motion, ground):
    degrees = 0 if motion == "translation" else 15
    turns = np.random.default_rng(4).uniform(-degrees, degrees, 30)

    def cut(n):
        seen, pose = pictured(n, turns[n] if n else 0.0, loose=False)
        back = np.linalg.inv(pose)
        y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
        inside = (back @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)]))[:2].reshape(2, *SIZE)
        plate = (inside[0] > 60) & (inside[0] < 150) & (inside[1] > 50) & (inside[1] < 140)
        return np.where(plate, seen, np.float32(ground)), pose

    alignment = learn_alignment([cut(n)[0] for n in range(20)], motion, SIZE, MARK)
    for n in range(20, 30):
        seen, pose = cut(n)
        assert np.abs((alignment.find(seen) @ CORNERS - pose @ CORNERS)[:2]).max() < 0.5
    nothing = alignment.find(np.full(SIZE, ground, np.float32))
    np.testing.assert_array_equal(nothing, np.eye(3))


def as_bytes(seen):
    return np.uint8(np.round(255 * seen))


@pytest.fixture(scope="module")
def inspector(tmp_path_factory):
    """Learned with a mark, the loose pieces ignored; saved and opened again."""
    recipe = kenpin.Recipe(
        model="pca", align="rotation", mark=MARK, ignore=[(145, 0, 111, 192)], false_reject=0.05
    )
    turns = np.random.default_rng(2).uniform(-10, 10, 40)
    good = [as_bytes(pictured(n, turns[n] if n else 0.0)[0]) for n in range(40)]
    path = tmp_path_factory.mktemp("mark") / "part.kenpin"
    kenpin.learn(good, recipe).save(path)
    return kenpin.Inspector.open(path)


def test_what_is_judged_lies_by_the_mark(inspector):
    assert inspector.bundle.recipe.mark == inspector.bundle.preparation.alignment.mark == MARK
    turns = np.random.default_rng(3).uniform(-10, 10, 120)
    verdicts = [inspector.inspect(as_bytes(pictured(n, turns[n])[0])) for n in range(100, 120)]
    assert sum(one.outcome is not Outcome.OK for one in verdicts) <= 4
    for n in range(100, 110):
        seen, pose = pictured(n, turns[n])
        x, y = (pose @ (60, 150, 1))[:2].round().astype(int)
        spoiled = cv2.circle(as_bytes(seen).copy(), (int(x), int(y)), 6, 0, -1)
        verdict = inspector.inspect(spoiled)
        assert verdict.outcome is Outcome.NG
        one = verdict.regions[0]
        assert one.x <= x < one.x + one.width and one.y <= y < one.y + one.height


@pytest.mark.parametrize(("settings", "said"), [
    ({"mark": MARK}, "'align' must be"),
    ({"mark": (1, 2, 3), "align": "scale"}, "[x, y, width, height]"),
    ({"mark": (0, 0, 300, 50), "align": "rotation"}, "reaches beyond"),
    ({"mark": (10, 10, 40, 15), "align": "rotation"}, "at least 16 pixels wide and 16 high"),
    ({"mark": (10, 130, 40, 40), "align": "rotation"}, "not seen again"),
    ({"mark": (10, 130, 40, 40), "align": "translation"}, "not seen again"),
    ({"mark": (180, 60, 40, 40), "align": "rotation"}, "not seen again"),
    ({"mark": (10, 10, 40, 40), "align": "rotation", "crop": (60, 0, 100, 100)}, "reaches beyond"),
])  # fmt: skip
def test_a_mark_that_cannot_be_is_said(settings, said):
    good = [as_bytes(pictured(n)[0]) for n in range(12)]
    with pytest.raises(RecipeError) as error:
        kenpin.learn(good, kenpin.Recipe(model="pca", **settings))
    assert said in str(error.value)
