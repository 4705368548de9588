"""Three answers: between two limits a person looks."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kenpin
from conftest import SIZE, good_pictures, write_pictures
from helpers import refused, run
from kenpin.drawn.terminals import draw_terminals
from kenpin.errors import RecipeError
from kenpin.exports.folder import GRAPH
from kenpin.judge.limits import Calibration
from kenpin.part.in_words import promise
from kenpin.types import Outcome

RECIPE = kenpin.Recipe(model="pca", false_reject=0.05, review=0.3)


def calibration(count, false_reject=0.01, review=0.05, margins=()):
    scores = np.arange(1.0, count + 1)
    return Calibration(
        scores, scores, false_reject, "kfold", 10, 1.0, np.array(margins), review=review
    )


@pytest.fixture(scope="module")
def three():
    return kenpin.Inspector(kenpin.learn(good_pictures(40), RECIPE))


@pytest.fixture(scope="module")
def doubtful(three):
    """Good pieces that the part calls REVIEW."""
    fresh = good_pictures(60, first=3_000)
    return [pixels for pixels in fresh if three.inspect(pixels).outcome is Outcome.REVIEW]


def test_each_share_has_its_own_limit_and_its_own_promise():
    both = calibration(100)
    assert (both.limit, both.review_limit) == (100, 96)
    assert both.promised_false_reject == pytest.approx(1 / 101)
    assert both.promised_review == pytest.approx(5 / 101)
    answers = [both.judge(score) for score in (96.0, 97.0, 100.0, 100.5, float("nan"))]
    assert answers == [Outcome.OK, Outcome.REVIEW, Outcome.REVIEW, Outcome.NG, Outcome.NG]
    assert "At most 1 good part in 20 (5 %) is not OK at once" in promise(both)


def test_without_a_second_share_the_answers_are_two():
    two = calibration(100, review=None)
    assert two.review_limit is None and two.promised_review is None
    assert two.judge(99.0) is Outcome.OK


def test_too_few_pictures_leave_no_room_between_the_limits():
    few = calibration(10)
    assert few.review_limit == few.limit
    assert "there is no REVIEW" in promise(few)


@given(st.integers(2, 300), st.floats(0.001, 0.2), st.floats(0.21, 0.5), st.floats(0, 400))
def test_review_never_changes_what_is_ng(count, false_reject, review, score):
    three, two = (calibration(count, false_reject, share) for share in (review, None))
    assert (three.judge(score) is Outcome.NG) == (two.judge(score) is Outcome.NG)
    assert three.review_limit <= three.limit


def test_both_promises_hold_on_average():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(4000):
        scores = np.sort(rng.standard_normal(60))
        three = replace(calibration(60, 0.05, 0.2), scores=scores)
        found.append(three.judge(float(rng.standard_normal())))
    rejected = np.mean([one is Outcome.NG for one in found])
    not_ok = np.mean([one is not Outcome.OK for one in found])
    assert rejected == pytest.approx(calibration(60, 0.05).promised_false_reject, abs=0.013)
    assert not_ok == pytest.approx(calibration(60, 0.05, 0.2).promised_review, abs=0.025)


def test_a_picture_between_the_limits_is_review_and_shows_where(three, doubtful):
    assert doubtful
    for pixels in doubtful:
        verdict = three.inspect(pixels)
        assert verdict.review_limit < verdict.score <= verdict.limit
        assert verdict.regions
    assert three.inspect(draw_terminals(1, "missing", size=SIZE).pixels).outcome is Outcome.NG


def test_the_file_keeps_it_and_one_without_it_can_be_given_it(three, bundle, doubtful, tmp_path):
    three.bundle.save(tmp_path / "three.kenpin")
    again = kenpin.Inspector.open(tmp_path / "three.kenpin")
    assert [again.inspect(p).outcome for p in doubtful] == [Outcome.REVIEW] * len(doubtful)
    bundle.save(tmp_path / "two.kenpin")
    assert kenpin.Inspector.open(tmp_path / "two.kenpin").calibration.review is None
    told = kenpin.Inspector.open(tmp_path / "two.kenpin", review=0.4)
    assert told.calibration.review_limit < told.calibration.limit


def test_it_must_be_the_wider_share():
    with pytest.raises(RecipeError, match="must be above false_reject"):
        kenpin.Recipe(false_reject=0.05, review=0.05)
    with pytest.raises(RecipeError, match="review"):
        kenpin.Recipe(review=0.6)
    assert kenpin.Recipe.parse({"review": 0.05}).review == 0.05


def test_review_is_neither_an_escape_nor_a_false_reject(three, doubtful):
    items = [kenpin.Labelled(pixels, "good") for pixels in doubtful]
    items += [kenpin.Labelled(pixels, "odd") for pixels in doubtful]
    found = kenpin.evaluate(three, items)
    assert found.false_reject.errors == found.escape.errors == 0
    assert found.review_good.errors == found.review_ng.errors == len(doubtful)
    assert found.matrix == {"good": (0, len(doubtful), 0), "NG": (0, len(doubtful), 0)}
    assert found.to_dict()["promised_review"] == three.calibration.promised_review


def test_the_report_counts_review_as_neither(three, doubtful, tmp_path):
    items = [kenpin.Labelled(pixels, "good") for pixels in doubtful[:2]]
    items += [kenpin.Labelled(pixels, "odd") for pixels in doubtful[2:4]]
    found = kenpin.evaluate(three, items)
    page = kenpin.write_report(tmp_path, three, found).read_text("utf-8")
    assert "No NG piece was judged OK." in page and "No NG piece was judged NG." in page
    assert "2 of 2 good pieces, 2 of 2 NG pieces" in page
    # The judge by mean squares has both limits too.
    mse = np.array([verdict.l2 for verdict in found.verdicts])
    calibration = three.calibration
    assert calibration.mse_pass_limit < calibration.mse_limit
    assert found.escape_mse.errors == (mse[2:] <= calibration.mse_pass_limit).sum()
    assert found.false_reject_mse.errors == (mse[:2] > calibration.mse_limit).sum()


def test_with_labels_a_doubtful_margin_is_review_too():
    parts = {"four": 4, "six": 6}
    good = [
        draw_terminals(n, size=SIZE, terminals=count).pixels
        for count in parts.values()
        for n in range(40)
    ]
    labels = [label for label in parts for _ in range(40)]
    inspector = kenpin.Inspector(kenpin.learn(good, RECIPE, labels=labels))
    outcomes = set()
    for n in range(80):
        verdict = inspector.inspect(draw_terminals(7_000 + n, size=SIZE).pixels, "six")
        limits = inspector.calibration_of(verdict)
        above = verdict.score > limits.limit or verdict.margin > limits.margin_limit
        beyond = verdict.score > limits.review_limit or verdict.margin > limits.review_margin_limit
        assert (verdict.outcome is Outcome.OK) == (not beyond)
        assert (verdict.outcome is Outcome.REVIEW) == (beyond and not above)
        outcomes.add(verdict.outcome)
    assert {Outcome.OK, Outcome.REVIEW} <= outcomes


def test_of_windows_those_between_the_limits_are_review():
    recipe = RECIPE.but(windows={"left": (0, 0, 32, 48), "right": (32, 0, 32, 48)})
    inspector = kenpin.Inspector(kenpin.learn(good_pictures(40), recipe))
    verdicts = [inspector.inspect(pixels) for pixels in good_pictures(80, first=4_000)]
    found = [verdict for verdict in verdicts if verdict.outcome is Outcome.REVIEW]
    assert found
    for verdict in found:
        above = [window.score > verdict.review_limit for window in verdict.windows]
        assert [window.outcome is Outcome.REVIEW for window in verdict.windows] == above
        named = [name for name, guilty in zip(("left", "right"), above, strict=True) if guilty]
        assert {region.window for region in verdict.regions} == set(named)


def test_the_exported_graph_has_three_answers_too(three, doubtful, tmp_path):
    pytest.importorskip("onnx")
    pictures = [*doubtful[:2], draw_terminals(1, "missing", size=SIZE).pixels, *good_pictures(1)]
    exported = kenpin.export(three.bundle, tmp_path / "machine", pictures)
    assert exported.verdicts == {"REVIEW": 2, "NG": 1, "OK": 1}
    assert (tmp_path / "machine" / GRAPH).is_file()


def test_the_command_line_says_review_and_does_not_end_well(three, doubtful, tmp_path):
    three.bundle.save(tmp_path / "part.kenpin")
    write_pictures(tmp_path / "new", doubtful[:1])
    result = run("inspect", tmp_path / "part.kenpin", tmp_path / "new", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["verdict"] == "REVIEW"
    assert "REVIEW or NG" in run("show", tmp_path / "part.kenpin").stdout
    narrow = run("inspect", tmp_path / "part.kenpin", tmp_path / "new", "--review", "0.01")
    refused(narrow, "must be above false_reject")


def test_the_command_line_learns_it(tmp_path):
    write_pictures(tmp_path / "good", good_pictures(20))
    out = tmp_path / "part.kenpin"
    done = run("learn", tmp_path / "good", "--model", "pca", "--review", "0.2", "-o", out)
    assert done.exit_code == 0
    assert kenpin.Inspector.open(out).calibration.review == 0.2
